package findings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// verdict is what a policy means for Amazon Personalize, as judged by hand: whether each identity is denied something that imports, batch
// inference and the key of a dataset group need.
type verdict struct{ role, service string }

// judged are those of the policies that deny something. Nothing is denied by the others.
var handJudged = map[string]verdict{
	// Of the forms in which policies occur.
	"not-principal.json": {"denied", "denied"},
	"not-action.json":    {"denied", "denied"},
	"vpc-only.json":      {"denied", "denied"},
	// Services are excepted, and a service role is none.
	"vpc-only-except-services.json": {"denied", ""},
	// AWS's addresses may be in the list.
	"source-ip.json": {"perhaps", "perhaps"},
	// The service is in no organisation.
	"organisation-path.json": {"perhaps", "denied"},
	// Whether Personalize names a key is not documented.
	"encryption-required.json": {"perhaps", "perhaps"},

	// Of reference material.
	"data-perimeter-bucket.json":      {"perhaps", ""},
	"data-perimeter-key.json":         {"perhaps", ""},
	"data-perimeter-without-tag.json": {"perhaps", ""},
	"confused-deputy.json":            {"", "perhaps"},
	"multi-factor.json":               {"perhaps", "perhaps"},
	"referer.json":                    {"denied", "denied"},
	"vpc.json":                        {"denied", "denied"},
	"vpc-or-role.json":                {"denied", "denied"},
	"user-ids.json":                   {"perhaps", "denied"},
	"access-points-only.json":         {"denied", "denied"},
	"encryption-header.json":          {"perhaps", "perhaps"},
	"encryption-key.json":             {"perhaps", "perhaps"},
	"only-the-organisation.json":      {"perhaps", "denied"},
	// The pattern lets the role in, and names no service.
	"administrators.json":      {"", "denied"},
	"prefix-of-a-listing.json": {"perhaps", "perhaps"},
	"tagged-objects.json":      {"perhaps", "perhaps"},
	"key-only-for-s3.json":     {"perhaps", "perhaps"},
	"key-without-grants.json":  {"perhaps", "perhaps"},
}

// inTheOrganisation are those that change once the organisation is told.
var inTheOrganisation = map[string]verdict{
	"data-perimeter-bucket.json": {"", ""}, "data-perimeter-key.json": {"", ""}, "confused-deputy.json": {"", ""},
	"only-the-organisation.json": {"", "denied"},
	// It names a unit of the organisation.
	"organisation-path.json": {"perhaps", "denied"},
}

func TestReference(t *testing.T) {
	seen := 0
	for _, file := range []string{"../policy/testdata/policies.txtar", "testdata/reference.txtar"} {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			want, judged := handJudged[f.Name]
			if judged {
				seen++
			}
			if diff := cmp.Diff(want, judge(t, f.Name, string(f.Data), ""), cmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("%s: -judged +found:\n%s", f.Name, diff)
			}
			if told, ok := inTheOrganisation[f.Name]; ok {
				want = told
			}
			if diff := cmp.Diff(want, judge(t, f.Name, string(f.Data), "o-a1b2c3d4e5"), cmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("%s, in the organisation: -judged +found:\n%s", f.Name, diff)
			}
		}
	}
	if seen != len(handJudged) {
		t.Errorf("%d policies were judged, and %d of them are there", len(handJudged), seen)
	}
}

// judge returns what is found about a policy of a bucket, or of a key if its name says so.
func judge(t *testing.T, name, text, organisation string) verdict {
	t.Helper()
	i, err := servicerole.NewIdentity("arn:aws:cloudformation:eu-west-1:111122223333:stack/app/0f3c", "Role")
	if err != nil {
		t.Fatal(err)
	}
	const key = "arn:aws:kms:eu-west-1:111122223333:key/1"
	p, err := properties.Parse([]byte(fmt.Sprintf(`{"Buckets":["data"],"Uses":["BatchInference"],"KmsKeyArns":[%q],"OrganizationId":%q}`, key,
		organisation)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := servicerole.New(i, p)
	if err != nil {
		t.Fatal(err)
	}
	present := func(text string) servicerole.ObservedShared {
		return servicerole.ObservedShared{Presence: servicerole.Present, State: enabled, Policy: text}
	}
	o := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{"data": present("")},
		Keys: map[string]servicerole.ObservedShared{key: present("")}}
	if strings.Contains(name, "key") && strings.Contains(text, "kms:") && !strings.Contains(text, "s3:::") {
		o.Keys[key] = present(text)
	} else {
		o.Buckets["data"] = present(text)
	}
	var v verdict
	for _, f := range Of(State{Desired: d.Given(o), Observed: o}) {
		switch f.Code {
		case BucketPolicyDenies, KeyPolicyDenies:
			for who, to := range map[string]*string{Role: &v.role, Service: &v.service} {
				if word := map[Severity]string{Error: "denied", Warning: "perhaps"}[f.Severity]; slices.Contains(f.Identities, who) && *to != "denied" {
					*to = word
				}
			}
		case NotChecked:
			t.Errorf("%s: %s", name, f)
		}
	}
	return v
}
