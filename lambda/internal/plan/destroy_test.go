package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

func TestDestroy(t *testing.T) {
	p, err := properties.Parse(json.RawMessage(typical))
	if err != nil {
		t.Fatal(err)
	}
	d := desire(t, typical)
	found := func(change func(*servicerole.Observed)) servicerole.Observed {
		o := made(d)
		change(&o)
		return o
	}
	arn, name := d.Policy.ARN, d.Policy.Name
	for _, c := range []struct {
		name   string
		force  bool
		found  servicerole.Observed
		want   string
		refuse string
	}{
		{"nothing", false, servicerole.Observed{}, "\n", ""},
		{"ours", false, found(func(o *servicerole.Observed) { o.Policies[0].OtherVersions = []string{"v1", "v2"} }), `
 1  remove statement SID from the policy of bucket data
 2  detach ARN from role R
 3  detach ` + full + ` from role R
 4  delete version v1 of policy POLICY  after 2
 5  delete version v2 of policy POLICY  after 2
 6  delete policy POLICY  after 2,4,5
 7  delete role R  after 1,2,3
`, ""},
		{"policy without role", false, found(func(o *servicerole.Observed) { o.Role, o.Buckets = nil, nil }), "\n 1  delete policy POLICY\n", ""},
		{"not ours", false, found(func(o *servicerole.Observed) { o.Role.Tags, o.Policies[0].Tags, o.Buckets = nil, nil, nil }), "\n", ""},
		{"a statement without role and policy", false, found(func(o *servicerole.Observed) { o.Role, o.Policies = nil, nil }),
			"\n 1  remove statement SID from the policy of bucket data\n", ""},
		{"others attached", false, found(func(o *servicerole.Observed) {
			o.Role.Attached, o.Role.Inline = append(o.Role.Attached, "arn:aws:iam::aws:policy/X"), []string{"I"}
		}), "\n",
			"role R has policies that this stack did not attach: arn:aws:iam::aws:policy/X, inline policy I. Nothing was changed. Detach " +
				"them (aws iam detach-role-policy --role-name R --policy-arn ARN; for inline policies: delete-role-policy --role-name R " +
				"--policy-name NAME), then delete again. Or set ForceDetachPolicies to true in an update before the deletion."},
		{"others attached, forced", true, found(func(o *servicerole.Observed) {
			o.Role.Attached, o.Role.Inline, o.Buckets = []string{"arn:aws:iam::aws:policy/X"}, []string{"I"}, nil
		}), `
 1  detach arn:aws:iam::aws:policy/X from role R
 2  delete inline policy I of role R
 3  delete policy POLICY
 4  delete role R  after 1,2
`, ""},
		{"others use our policy", true, found(func(o *servicerole.Observed) { o.Policies[0].Users = []string{"group ops"} }), "\n",
			"managed policy ARN is still attached to group ops. Nothing was changed. Detach it there, then delete again."},
		{"an unnamed policy of ours", false, found(func(o *servicerole.Observed) {
			o.Policies[0].PolicyRef = servicerole.PolicyRef{ARN: "arn:aws:iam::123456789012:policy/Old", Path: "/", Name: "Old"}
			o.Role.Attached, o.Buckets = []string{"arn:aws:iam::123456789012:policy/Old"}, nil
		}), `
 1  detach arn:aws:iam::123456789012:policy/Old from role R
 2  delete policy Old  after 1
 3  delete role R  after 1,2
`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := identity.Removal(d.Role.RoleRef, p)
			target.ForceDetachPolicies = c.force
			got, err := destroy(target, c.found)
			message := ""
			if err != nil {
				message = strings.ReplaceAll(err.Error(), arn, "ARN")
			}
			if diff := cmp.Diff(c.refuse, message); diff != "" {
				t.Errorf("error: -want +got:\n%s", diff)
			}
			text := strings.NewReplacer(arn, "ARN", name, "POLICY", d.Sid, "SID").Replace("\n" + got.String())
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
