package plan

import (
	"errors"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// TestConverge is the truth table: what was found, what is desired, what is to be done.
func TestConverge(t *testing.T) {
	nothing := empty()
	found := func(change func(*servicerole.Observed)) servicerole.Observed {
		o := made(desire(t, typical))
		change(&o)
		return o
	}
	policyARN := made(desire(t, typical)).Policies[0].ARN
	policyName := made(desire(t, typical)).Policies[0].Name
	for _, c := range []struct {
		name    string
		desired string
		former  servicerole.Footprint
		found   servicerole.Observed
		want    string
	}{
		{"nothing found", typical, servicerole.Footprint{}, nothing, `
 1  create role R
 2  create policy POLICY
 3  attach ` + full + ` to role R  after 1
 4  attach ARN to role R  after 1,2
 5  merge statement SID into the policy of bucket data  after 1
`},
		{"nothing found, no bucket", `{"RoleName":"R","PersonalizeAccess":"None"}`, servicerole.Footprint{}, nothing, `
 1  create role R
`},
		{"as desired", typical, servicerole.Footprint{}, found(func(*servicerole.Observed) {}), "\n"},
		{"made by an older version", typical, servicerole.Footprint{},
			found(func(o *servicerole.Observed) {
				o.Role.Tags[servicerole.TagVersion], o.Policies[0].Tags[servicerole.TagVersion] = "0.0.1", "0.0.1"
			}), `
 1  tag role R with personalize-role:provider-version
 2  tag policy POLICY with personalize-role:provider-version
`},
		{"made by an older version, with a record", typical, servicerole.Footprint{},
			found(func(o *servicerole.Observed) { o.Role.Tags[servicerole.TagVersion] = properties.Version + " record" }), "\n"},
		{"tags of others", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Role.Tags["cost"] = "7" }), "\n"},
		{"policies of others", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Attached = append(o.Role.Attached,
				"arn:aws:iam::aws:policy/X")
		}), "\n"},
		{"documents in another form", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Trust = strings.Replace(o.Role.Trust, `"sts:AssumeRole"`, `["sts:AssumeRole"]`, 1)
			o.Policies[0].Recorded = ""
			o.Policies[0].Document = strings.Replace(o.Policies[0].Document, `"s3:GetObject","s3:ListBucket"`, `"s3:ListBucket","s3:GetObject"`, 1)
		}), `
 1  record the default version of policy POLICY
`},
		{"another document on record", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Policies[0].Recorded = "x" }), `
 1  update the document of policy POLICY
 2  record the default version of policy POLICY  after 1
`},
		{"everything drifted", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Trust, o.Role.Description, o.Role.Boundary, o.Role.Tags["team"] = "{}", "x", "arn:aws:iam::aws:policy/B", "x"
			o.Policies[0].Recorded = ""
			o.Role.Attached, o.Policies[0].Document, o.Policies[0].Tags = []string{cloud}, "{}", maps.Clone(o.Policies[0].Tags)
			delete(o.Policies[0].Tags, "team")
		}), `
 1  tag role R with team
 2  update description and session duration of role R
 3  replace the trust policy of role R
 4  tag policy POLICY with team
 5  update the document of policy POLICY
 6  attach ` + full + ` to role R
 7  attach ARN to role R
 8  remove the permissions boundary of role R  after 1,2,3,4,5,6,7
 9  detach ` + cloud + ` from role R  after 1,2,3,4,5,6,7
10  record the default version of policy POLICY  after 5
`},
		{"five versions", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Policies[0].Recorded = ""
			o.Policies[0].Document, o.Policies[0].OtherVersions = "{}", []string{"v2", "v3", "v5", "v10"}
		}), `
 1  delete version v2 of policy POLICY
 2  update the document of policy POLICY  after 1
 3  record the default version of policy POLICY  after 2
`},
		{"a boundary changes", `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"team","Value":"ml"}],` +
			`"PermissionsBoundary":"arn:aws:iam::aws:policy/B2"}`,
			servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Role.Boundary = "arn:aws:iam::aws:policy/B" }), `
 1  set the permissions boundary of role R to arn:aws:iam::aws:policy/B2
`},
		{"a tag was dropped", `{"RoleName":"R","Buckets":["data"]}`, servicerole.Footprint{TagKeys: []string{"team"}},
			found(func(*servicerole.Observed) {}), `
 1  remove tags team from role R
 2  remove tags team from policy POLICY
`},
		{"a tag's key changes its case", `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"Team","Value":"ml"}]}`,
			servicerole.Footprint{TagKeys: []string{"team"}},
			found(func(o *servicerole.Observed) {}), `
 1  tag role R with Team
 2  tag policy POLICY with Team
 3  remove tags team from policy POLICY  after 1,2
`},
		{"no bucket any more", `{"RoleName":"R","Tags":[{"Key":"team","Value":"ml"}]}`, servicerole.Footprint{Buckets: []string{"data"}},
			found(func(o *servicerole.Observed) { o.Policies[0].OtherVersions = []string{"v1"} }), `
 1  remove statement SID from the policy of bucket data
 2  detach ARN from role R
 3  delete version v1 of policy POLICY  after 2
 4  delete policy POLICY  after 2,3
`},
		{"adopt", `{"RoleName":"R","AdoptExistingRole":true}`, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			*o = servicerole.Observed{Role: &servicerole.ObservedRole{
				RoleRef: servicerole.RoleRef{ARN: "arn:aws:iam::123456789012:role/R", Path: "/", Name: "R"}, Trust: "{}",
				MaxSessionDuration: 3600, Tags: map[string]string{}, Attached: []string{cloud},
			}}
		}), `
 1  tag role R with personalize-role:logical-id, personalize-role:original-00, personalize-role:provider-version, personalize-role:stack-id
 2  update description and session duration of role R  after 1
 3  replace the trust policy of role R  after 2
 4  attach ` + full + ` to role R  after 2
 5  detach ` + cloud + ` from role R  after 1,2,3,4
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desire(t, c.desired)
			d.Formerly = c.former
			got, err := converge(d, c.found)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer(policyARN, "ARN", policyName, "POLICY", d.Sid, "SID").Replace("\n" + got.String())
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, err := converge(d, got.After(c.found))
			if err != nil || !again.Empty() {
				t.Errorf("planning against one's own result gives %v\n%s", err, again)
			}
		})
	}
}

func TestConvergeRefuses(t *testing.T) {
	role := func(arn string, tags map[string]string) servicerole.Observed {
		name := servicerole.RoleRef{ARN: arn, Path: "/", Name: "R"}
		return servicerole.Observed{Role: &servicerole.ObservedRole{RoleRef: name, Tags: tags}}
	}
	another := map[string]string{servicerole.TagStackID: "arn:other", servicerole.TagLogicalID: "X"}
	const arn = "arn:aws:iam::123456789012:role/R"
	theirPolicy := made(desire(t, typical))
	theirPolicy.Policies[0].Tags = nil
	used := made(desire(t, typical))
	used.Policies[0].Users = []string{"user joe"}
	big := map[string]string{}
	for n := range 48 {
		big[string(rune('a'+n%26))+strings.Repeat("x", n)] = ""
	}
	for _, c := range []struct {
		name, desired string
		found         servicerole.Observed
		want          string
	}{
		{"a role without an owner", typical, role(arn, nil), "role " + arn + " already exists and is not managed by this stack. Nothing was " +
			"changed. Choose another RoleName, leave RoleName out, or set AdoptExistingRole to true to adopt the role."},
		{"another stack's role", typical, role(arn, another), "role " + arn + " already exists and is managed by resource X of stack " +
			"arn:other. Nothing was changed. Choose another RoleName. If that stack no longer exists, remove the role's tags that start " +
			"with personalize-role: and set AdoptExistingRole to true."},
		{"another stack's role, adopted", `{"RoleName":"R","AdoptExistingRole":true}`, role(arn, another),
			"role " + arn + " already exists and is managed by resource X of stack arn:other. Nothing was changed. Choose another RoleName. " +
				"If that stack no longer exists, remove the role's tags that start with personalize-role: and set AdoptExistingRole to true."},
		{"adopt below another path", `{"RoleName":"R","AdoptExistingRole":true}`, role("arn:aws:iam::123456789012:role/p/R", nil),
			"role arn:aws:iam::123456789012:role/p/R can't be adopted as " + arn +
				", because the path or the case of the name differs. Nothing was changed. Set Path and RoleName to those of the existing role."},
		{"adopt with too many tags", `{"RoleName":"R","AdoptExistingRole":true}`, role(arn, big), "role " + arn + " can't be adopted: it " +
			"would have 52 tags, including 1 that record its original state, and IAM allows 50. Nothing was changed. Remove tags from the " +
			"role, or create a new role."},
		{"their policy", typical, theirPolicy, "managed policy " + theirPolicy.Policies[0].ARN + " already exists and is not managed by " +
			"this stack. Nothing was changed. Choose another PolicyName, or delete that policy if it is no longer needed."},
		{"a dropped policy that others use", `{"RoleName":"R"}`, used, "managed policy " + used.Policies[0].ARN + " is no longer needed " +
			"but still attached to user joe. Nothing was changed. Detach it there, then deploy again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			todo, err := converge(desire(t, c.desired), c.found)
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v and plan\n%s, want a refusal", err, todo)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryKindIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	action := regexp.MustCompile(`^(iam|s3|kms):[A-Z][A-Za-z]+$`)
	for _, op := range Kinds() {
		if _, ok := op.(RecordDocument); ok {
			// It tags, as TagPolicy does.
			continue
		}
		for _, a := range op.Actions() {
			if !action.MatchString(a) || strings.HasPrefix(a, "iam:") && seen[a] {
				t.Errorf("%T: action %q is no action of IAM, S3 or KMS, or occurs twice", op, a)
			}
			seen[a] = true
		}
	}
}

func TestDepth(t *testing.T) {
	todo, err := converge(desire(t, typical), empty())
	if err != nil || todo.Depth() != 2 {
		t.Errorf("got depth %d, %v; want 2", todo.Depth(), err)
	}
}
