package servicerole

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

const stack = "arn:aws-cn:cloudformation:cn-north-1:123456789012:stack/app/guid"

func identify(t *testing.T, stackID, logicalID string) Identity {
	t.Helper()
	i, err := NewIdentity(stackID, logicalID)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestIdentity(t *testing.T) {
	want := Identity{Partition: "aws-cn", Region: "cn-north-1", AccountID: "123456789012", StackID: stack, LogicalID: "Role"}
	if diff := cmp.Diff(want, identify(t, stack, "Role")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	rest := ":cloudformation:cn-north-1:123456789012:stack/" + strings.Repeat("a", 128) + "/" + strings.Repeat("g", 64)
	longest := "arn:" + strings.Repeat("p", MaxTagValue-len("arn:"+rest)) + rest
	identify(t, longest, "Role")
	for _, id := range []string{"", "app", "arn:aws:cloudformation:eu-west-1:12:stack/app/guid", stack + "/more",
		strings.Replace(longest, "arn:", "arn:p", 1)} {
		if _, err := NewIdentity(id, "Role"); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
}

// Whatever tells two resources apart gives them different names; what doesn't, doesn't.
func TestDerivedNames(t *testing.T) {
	seen := map[string]string{}
	for _, stackID := range []string{stack, stack + "2", strings.Replace(stack, "cn-north-1", "cn-northwest-1", 1)} {
		for _, logical := range []string{"Role", "Role2"} {
			for _, path := range []string{"/", "/p/"} {
				i := identify(t, stackID, logical)
				role := i.Role(properties.Properties{Path: path})
				policy := i.Policy(role, properties.Properties{})
				for _, name := range []string{role.Name, policy.Name} {
					if other, ok := seen[name]; ok {
						t.Errorf("%s is of %s and of %s", name, other, fmt.Sprint(stackID, logical, path))
					}
					seen[name] = fmt.Sprint(stackID, logical, path)
				}
				if again := i.Role(properties.Properties{Path: path, Description: "x", AdoptExistingRole: true}); again != role {
					t.Errorf("other properties give another name: %v, %v", again, role)
				}
				if len(role.Name) > 64 || !strings.HasPrefix(role.Name, "PersonalizeRole-") ||
					!strings.HasPrefix(policy.Name, "PersonalizeS3BucketAccessPolicy-") {
					t.Errorf("names %s, %s", role.Name, policy.Name)
				}
			}
		}
	}
}

func TestRoleOf(t *testing.T) {
	i := identify(t, stack, "Role")
	derived := i.Role(properties.Properties{Path: "/"})
	for _, c := range []struct {
		id   string
		want RoleRef
	}{
		{"arn:aws-cn:iam::123456789012:role/R", RoleRef{"arn:aws-cn:iam::123456789012:role/R", "/", "R"}},
		{"arn:aws-cn:iam::123456789012:role/a/b/R", RoleRef{"arn:aws-cn:iam::123456789012:role/a/b/R", "/a/b/", "R"}},
		{"app-Role-1A2B", derived},
		{"arn:aws-cn:iam::999999999999:role/R", derived},
		{"arn:aws:iam::123456789012:role/R", derived},
		{"", derived},
	} {
		if diff := cmp.Diff(c.want, i.RoleOf(c.id, properties.Properties{Path: "/"})); diff != "" {
			t.Errorf("%q: -want +got:\n%s", c.id, diff)
		}
	}
}

func TestOwnerOf(t *testing.T) {
	i := identify(t, stack, "Role")
	for _, c := range []struct {
		tags map[string]string
		want Owner
	}{
		{nil, NoResource},
		{map[string]string{"team": "ml"}, NoResource},
		{i.ownTags(nil), ThisResource},
		{identify(t, stack, "Role2").ownTags(nil), AnotherResource},
		{identify(t, stack+"2", "Role").ownTags(nil), AnotherResource},
		{map[string]string{TagStackID: stack}, AnotherResource},
	} {
		if got := i.OwnerOf(c.tags); got != c.want {
			t.Errorf("%v: got %v, want %v", c.tags, got, c.want)
		}
	}
}

func TestIsOwnTag(t *testing.T) {
	for key, want := range map[string]bool{"personalize-role:": true, "Personalize-Role:x": true, "personalize-role": false, "x": false} {
		if IsOwnTag(key) != want {
			t.Errorf("%q: want %v", key, want)
		}
	}
}

// A removal waits for a policy that IAM doesn't show yet only if the properties ask for one.
func TestRemovalExpectsAPolicy(t *testing.T) {
	i := identify(t, stack, "Role")
	buckets, keys := []properties.Bucket{{Name: "data"}}, []string{"arn:aws-cn:kms:cn-north-1:123456789012:key/0b3c"}
	for _, p := range []properties.Properties{{}, {Buckets: buckets}, {KmsKeyArns: keys}, {Buckets: buckets, KmsKeyArns: keys}} {
		if got, want := i.Removal(i.Role(p), p).ExpectsPolicy, p.Buckets != nil || p.KmsKeyArns != nil; got != want {
			t.Errorf("%+v: got %v, want %v", p, got, want)
		}
	}
}

func TestAttachments(t *testing.T) {
	const aws = "arn:aws-cn:iam::aws:policy/"
	for _, c := range []struct {
		personalize, cloudWatch string
		want                    []string
	}{
		{"None", "None", nil},
		{"None", "", nil},
		{"AmazonPersonalizeFullAccess", "", []string{aws + "service-role/AmazonPersonalizeFullAccess"}},
		{"None", "CloudWatchFullAccess", []string{aws + "CloudWatchFullAccess"}},
	} {
		d, err := New(identify(t, stack, "Role"), properties.Properties{Path: "/", PersonalizeAccess: c.personalize,
			CloudWatchAccess: c.cloudWatch})
		if diff := cmp.Diff(c.want, d.AWSManaged); diff != "" || err != nil {
			t.Errorf("%s, %s: %v, -want +got:\n%s", c.personalize, c.cloudWatch, err, diff)
		}
	}
}

func TestBoundaries(t *testing.T) {
	for arn, ok := range map[string]bool{
		"": true, "arn:aws-cn:iam::aws:policy/PowerUserAccess": true, "arn:aws-cn:iam::123456789012:policy/B": true,
		"arn:aws:iam::aws:policy/PowerUserAccess": false, "arn:aws-cn:iam::999999999999:policy/B": false,
	} {
		if _, err := New(identify(t, stack, "Role"), properties.Properties{Path: "/", PermissionsBoundary: arn}); (err == nil) != ok {
			t.Errorf("%q: got %v, want accepted %v", arn, err, ok)
		}
	}
}

func TestLimitsOfTheWhole(t *testing.T) {
	var buckets []properties.Bucket
	for n := range 45 {
		buckets = append(buckets, properties.Bucket{Name: fmt.Sprintf("bucket-%s-%02d", strings.Repeat("x", 50), n),
			Uses: []string{"DatasetImport"}})
	}
	for _, c := range []struct {
		name  string
		p     properties.Properties
		fault string
	}{
		{"Regions", properties.Properties{Path: "/", SourceConditions: true,
			SourceRegions: strings.Split(strings.Repeat("eu-west-1,", 60)+"eu-west-1", ",")}, "SourceRegions make a trust policy of"},
		{"buckets", properties.Properties{Path: "/", Buckets: buckets}, "Buckets make a managed policy of"},
		{"boundary of another partition", properties.Properties{Path: "/", PermissionsBoundary: "arn:aws:iam::aws:policy/X"},
			"PermissionsBoundary arn:aws:iam::aws:policy/X must be"},
		{"key of another Region", properties.Properties{Path: "/", KmsKeyArns: []string{"arn:aws-cn:kms:cn-northwest-1:123456789012:key/1"}},
			"KMS key arn:aws-cn:kms:cn-northwest-1:123456789012:key/1 must be in the Region of the stack, cn-north-1"},
		{"ARN", properties.Properties{Path: "/" + strings.Repeat("p", 250) + "/", RoleName: "R"}, "Path and RoleName together make the ARN"},
	} {
		_, err := New(identify(t, stack, "Role"), c.p)
		if err == nil || !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.fault)
		}
	}
}

// A Sid is one resource's alone, is text that every service takes, and leads back to a derived role.
func TestSids(t *testing.T) {
	i, other := identify(t, stack, "Role"), identify(t, stack, "Role2")
	derived, named := i.Role(properties.Properties{Path: "/p/"}), RoleRef{ARN: "arn:aws-cn:iam::123456789012:role/R", Path: "/", Name: "R"}
	seen := map[string]bool{}
	for _, c := range []struct {
		sid, role string
		ok        bool
	}{
		{i.Sid(derived), derived.Name, true},
		{i.Sid(named), "", true},
		{other.Sid(named), "", true},
		{other.Sid(derived), "", true},
		{i.ForeignSid(derived), "", false},
		{"PersonalizeS3BucketAccessPolicy", "", false},
		{"PersonalizeRole", "", false},
		{"", "", false},
	} {
		role, ok := RoleOfSid(c.sid)
		if role != c.role || ok != c.ok || seen[c.sid] {
			t.Errorf("%s: role %q, %v, seen %v; want %q, %v", c.sid, role, ok, seen[c.sid], c.role, c.ok)
		}
		seen[c.sid] = true
		if strings.Trim(c.sid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
			t.Errorf("%s has more than letters and digits", c.sid)
		}
	}
}

// What the properties say of keys: which the role's policy names, which get a statement.
func TestKeys(t *testing.T) {
	const own, theirs = "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "arn:aws-cn:kms:cn-north-1:999999999999:key/1"
	for _, c := range []struct{ name, json, want string }{
		{"of a bucket that is read", `{"Buckets":[{"Name":"data","KmsKeyArn":"` + own + `"}]}`, "managed"},
		{"of a bucket that is written", `{"Buckets":[{"Name":"data","Uses":["DatasetExport"],"KmsKeyArn":"` + own + `"}]}`, "managed in role"},
		{"of a dataset group", `{"KmsKeyArns":["` + own + `"]}`, "managed in role"},
		{"of a dataset group that is exported", `{"KmsKeyArns":["` + own + `"],"Buckets":[{"Name":"data","Uses":["DatasetExport"]}]}`,
			"managed in role exports"},
		{"left to others", `{"ManageKeyPolicies":false,"Buckets":[{"Name":"data","KmsKeyArn":"` + own + `"}]}`, "in role"},
		{"of another account", `{"Buckets":[{"Name":"data","KmsKeyArn":"` + theirs + `"}]}`, "in role"},
		{"of both", `{"KmsKeyArns":["` + own + `"],"Buckets":[{"Name":"data","KmsKeyArn":"` + own + `"}]}`, "managed in role"},
	} {
		p, err := properties.Parse(json.RawMessage(c.json))
		if err != nil {
			t.Fatal(err)
		}
		keys := identify(t, stack, "Role").access(p).Keys
		if len(keys) != 1 {
			t.Fatalf("%s: %d keys", c.name, len(keys))
		}
		var got []string
		for _, f := range []struct {
			is   bool
			name string
		}{{keys[0].Managed, "managed"}, {keys[0].InRole, "in role"}, {keys[0].Exports, "exports"}} {
			if f.is {
				got = append(got, f.name)
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// The same buckets in another order are the same document: order must not make a new version.
func TestOrderOfBucketsDoesNotMatter(t *testing.T) {
	documents := map[string]bool{}
	for _, text := range []string{`["a-1","b-1"]`, `["b-1","a-1"]`} {
		p, err := properties.Parse(json.RawMessage(`{"Buckets":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(identify(t, stack, "Role"), p)
		if err != nil {
			t.Fatal(err)
		}
		documents[d.Policy.Document] = true
	}
	if len(documents) != 1 {
		t.Errorf("%d documents", len(documents))
	}
}
