package servicerole

import (
	"errors"
	"maps"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
	"slices"
	"strings"
	"testing"
)

// IAM has no empty policy. Some managed policies have the permission for metrics already.
func TestPolicyOfTheRole(t *testing.T) {
	metrics := []string{properties.UseMetricAttribution}
	buckets := []properties.Bucket{{Name: "data", Uses: metrics}}
	for _, c := range []struct {
		personalize, cloudWatch string
		buckets                 []properties.Bucket
		uses                    []string
		want                    string
	}{
		{"None", "", nil, nil, ""},
		{"None", "None", buckets, nil, "Put Metrics"},
		{"None", "None", nil, metrics, "Metrics"},
		{"None", "CloudWatchFullAccessV2", buckets, metrics, "Put"},
		{"PersonalizeOnly", "None", nil, nil, "Personalize"},
		{"PersonalizeOnly", "None", nil, metrics, "Metrics Personalize"},
		{"PersonalizeOnly", "CloudWatchFullAccess", buckets, nil, "Put Personalize"},
		{"AmazonPersonalizeFullAccess", "None", buckets, metrics, "Put"},
		{"AmazonPersonalizeFullAccess", "None", nil, metrics, ""},
	} {
		d, err := New(identify(t, stack, "Role"), properties.Properties{Path: "/", PersonalizeAccess: c.personalize,
			CloudWatchAccess: c.cloudWatch, Buckets: c.buckets, Uses: c.uses})
		if err != nil {
			t.Fatal(err)
		}
		var sids []string
		if d.Policy != nil {
			for _, s := range policy.ParseDocument(d.Policy.Document).Statement {
				sids = append(sids, strings.TrimPrefix(s.Sid, "PersonalizeS3BucketAccessPolicy"))
			}
		}
		if got := strings.Join(sids, " "); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// The role's own policy expects those buckets to belong to the account that are known to.
func TestOwnersOfBuckets(t *testing.T) {
	i := identify(t, stack, "Role")
	p := properties.Properties{Path: "/", SourceConditions: true}
	found := Observed{Buckets: map[string]ObservedShared{}}
	for name, presence := range map[string]Presence{"own": Present, "theirs": InAnotherAccount, "closed": Denied, "moved": InAnotherRegion,
		"gone": Missing} {
		p.Buckets = append(p.Buckets, properties.Bucket{Name: name, Uses: []string{properties.UseDatasetImport}})
		found.Buckets[name] = ObservedShared{Presence: presence}
	}
	document := func(p properties.Properties, o Observed) policy.Document {
		d, err := New(i, p)
		if err != nil {
			t.Fatal(err)
		}
		return policy.ParseDocument(d.Given(o).Policy.Document)
	}
	expected := func(d policy.Document) (names string) {
		for _, name := range slices.Sorted(maps.Keys(found.Buckets)) {
			if d.ExpectsOwner(i.Bucket(name).ARN, i.AccountID) {
				names += name + " "
			}
		}
		return names
	}
	before := document(p, found)
	if got := expected(before); got != "own " {
		t.Errorf("at first: %s", got)
	}
	// What was known before stays.
	known := Observed{Buckets: map[string]ObservedShared{}}
	for name := range found.Buckets {
		known.Buckets[name] = ObservedShared{Presence: Present}
	}
	found.Policies = []ObservedPolicy{{PolicyRef: i.Policy(i.Role(p), p), Tags: i.ownTags(nil),
		Document: document(p, known).String()}}
	if got := expected(document(p, found)); got != "closed gone moved own " {
		t.Errorf("known before: %s", got)
	}
	p.SourceConditions = false
	if got := expected(document(p, known)); got != "" {
		t.Errorf("without conditions: %s", got)
	}
}

// Names that S3 gives no more are those of one Region.
func TestLegacyBucketNames(t *testing.T) {
	for _, c := range []struct{ region, name, want string }{
		{"us-east-1", "My_Data..old", ""},
		{"us-east-1", "data", ""},
		{"eu-west-1", "data", ""},
		{"eu-west-1", strings.Repeat("b", 63), ""},
		{"eu-west-1", strings.Repeat("b", 64), "Buckets " + strings.Repeat("b", 64) + " has a name that only buckets of us-east-1 from before " +
			"March 2018 have, and the stack is in eu-west-1"},
		{"eu-west-1", "My_Data", "Buckets My_Data has a name that only buckets of us-east-1 from before March 2018 have, and the stack is in " +
			"eu-west-1"},
	} {
		i := identify(t, "arn:aws:cloudformation:"+c.region+":123456789012:stack/app/guid", "Role")
		_, err := New(i, properties.Properties{Path: "/", Buckets: []properties.Bucket{{Name: c.name}}})
		got := ""
		if wrong := (*properties.Error)(nil); errors.As(err, &wrong) {
			got = strings.Join(wrong.Faults, "; ")
		}
		if got != c.want {
			t.Errorf("%s in %s: %s", c.name, c.region, got)
		}
	}
}
