package handler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

const boundary = "arn:aws:iam::aws:policy/PowerUserAccess"

func tag(k, v string) any { return map[string]any{"Key": k, "Value": v} }

func base(more props) props {
	p := props{"Buckets": []any{"training-data"}, "Tags": []any{tag("team", "ml"), tag("stage", "dev")}, "PropagationDelaySeconds": "0"}
	for k, v := range more {
		p[k] = v
	}
	return p
}

// changes are updates of each kind, from one set of properties to another.
var changes = []struct {
	name     string
	from, to props
	// adopt puts a foreign role of that name there first.
	adopt string
}{
	{name: "trust", from: base(nil), to: base(props{"SourceConditions": "false"})},
	{name: "description and session", from: base(nil), to: base(props{"Description": "new", "MaxSessionDuration": "7200"})},
	{name: "boundary added", from: base(nil), to: base(props{"PermissionsBoundary": boundary})},
	{name: "boundary removed", from: base(props{"PermissionsBoundary": boundary}), to: base(nil)},
	{name: "tags", from: base(nil), to: base(props{"Tags": []any{tag("stage", "prod"), tag("owner", "me")}})},
	{name: "buckets changed", from: base(nil), to: base(props{"Buckets": []any{"training-data", "more-data"}})},
	{
		name: "uses and keys", from: base(props{"KmsKeyArns": []any{"{key}"}}),
		to: base(props{"Uses": []any{"BatchInference", "DatasetExport"},
			"Buckets": []any{map[string]any{"Name": "more-data", "Prefixes": []any{"in/"}}}}),
	},
	{
		name: "policies left to others", from: base(props{"Buckets": []any{map[string]any{"Name": "training-data", "KmsKeyArn": "{key}"}}}),
		to: base(props{"ManageKeyPolicies": false, "Buckets": []any{map[string]any{"Name": "training-data", "KmsKeyArn": "{key}",
			"ManageBucketPolicy": false}}}),
	},
	{name: "buckets gone", from: base(nil), to: props{"PropagationDelaySeconds": "0"}},
	{name: "attachments", from: base(props{"CloudWatchAccess": "CloudWatchFullAccess"}),
		to: base(props{"PersonalizeAccess": "None", "CloudWatchAccess": "CloudWatchFullAccessV2"})},
	{name: "policy renamed", from: base(nil), to: base(props{"PolicyName": "Renamed"})},
	{name: "role renamed", from: base(props{"KmsKeyArns": []any{"{key}"}}),
		to: base(props{"RoleName": "Renamed", "KmsKeyArns": []any{"{key}"}})},
	{
		name: "role and policy renamed", from: base(nil), to: base(props{"RoleName": "Renamed", "PolicyName": "P"}),
	},
	{name: "path", from: base(nil), to: base(props{"Path": "/ml/"})},
	{
		name: "adopted", adopt: "Existing", from: base(props{"RoleName": "Existing", "AdoptExistingRole": "true"}),
		to: base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "Description": "new", "PersonalizeAccess": "None",
			"PermissionsBoundary": boundary}),
	},
}

// shortStride is the stride of go test -short.
const shortStride = 6

// stride is how many cases pass for one that is tried. The account in the process is for trying everything; the emulator shows that it
// doesn't drift, and go test -short -race that nothing races.
func stride(kind awstest.Kind) int {
	switch {
	case testing.Short():
		return shortStride
	case kind.Slow:
		return 2
	}
	return 1
}

// forEachFault runs a case in a new world for each call k and each way to fail, until k is beyond the last call.
func forEachFault(t *testing.T, adopt string, run func(t *testing.T, r *rig, k int, f fault) (hit bool)) {
	kind := awstest.KindOf(t)
	stride := stride(kind)
	for n, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				if k > 200 {
					t.Fatal("no end of calls")
				}
				if (k+n)%stride != 0 {
					continue
				}
				r := newRig(t, kind.New(t))
				r.foreign()
				if adopt != "" {
					r.createRole(adopt, map[string]string{"stage": "old"})
					attach(t, r, adopt, "arn:aws:iam::aws:policy/CloudWatchFullAccessV2")
				}
				before := r.world.State()
				hit := run(t, r, k, f)
				if diff := cmp.Diff(before, r.world.State()); diff != "" {
					t.Fatalf("%s at call %d: the account isn't what it was (-before +after):\n%s", f.name, k, diff)
				}
				if !hit {
					return
				}
			}
		})
	}
}

func attach(t *testing.T, r *rig, role, policy string) {
	t.Helper()
	if _, err := r.world.IAM.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String(role),
		PolicyArn: aws.String(policy)}); err != nil {
		t.Fatal(err)
	}
}

// A Create that fails anywhere is undone by the Delete that follows, whether CloudFormation got an id or makes one up.
func TestCreateFailsAnywhereInEveryWorld(t *testing.T) {
	t.Parallel()
	for _, adopt := range []string{"", "Existing"} {
		now := base(props{"PermissionsBoundary": boundary, "KmsKeyArns": []any{"{key}"}})
		if adopt != "" {
			now["RoleName"], now["AdoptExistingRole"] = adopt, true
		}
		t.Run("adopt="+adopt, func(t *testing.T) {
			t.Parallel()
			forEachFault(t, adopt, func(t *testing.T, r *rig, k int, f fault) bool {
				hit := r.failAt(k, f)
				answer := r.deliver(cfn.Create, "", now, nil)
				r.heal()
				id := "app-Role-MADEUP"
				if answer != nil {
					id = answer.PhysicalResourceID
				}
				r.must(cfn.Delete, id, now, nil)
				return *hit
			})
		})
	}
}

// A Create that is delivered again converges to what an undisturbed one makes.
func TestCreateConvergesWhenDeliveredAgainInEveryWorld(t *testing.T) {
	t.Parallel()
	forEachFault(t, "", func(t *testing.T, r *rig, k int, f fault) bool {
		id := r.must(cfn.Create, "", base(nil), nil)
		want := r.world.State()
		r.must(cfn.Delete, id, base(nil), nil)
		hit := r.failAt(k, f)
		r.deliver(cfn.Create, "", base(nil), nil)
		r.heal()
		id = r.must(cfn.Create, "", base(nil), nil)
		if diff := cmp.Diff(want, r.world.State()); diff != "" {
			t.Fatalf("%s at call %d: not what an undisturbed Create makes (-want +got):\n%s", f.name, k, diff)
		}
		r.must(cfn.Delete, id, base(nil), nil)
		return *hit
	})
}

// An Update that fails anywhere is rolled back by the Update that CloudFormation sends then, with the id of the answer.
func TestUpdateFailsAnywhereInEveryWorld(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			forEachFault(t, c.adopt, func(t *testing.T, r *rig, k int, f fault) bool {
				id := r.must(cfn.Create, "", c.from, nil)
				want := r.world.State()
				hit := r.failAt(k, f)
				answer := r.deliver(cfn.Update, id, c.to, c.from)
				r.heal()
				stored := id
				if answer != nil {
					stored = answer.PhysicalResourceID
				}
				if back := r.must(cfn.Update, stored, c.from, c.to); back != stored {
					r.must(cfn.Delete, stored, c.to, nil)
				}
				if diff := cmp.Diff(want, r.world.State()); diff != "" {
					t.Fatalf("%s at call %d: not what stood before the update (-want +got):\n%s", f.name, k, diff)
				}
				r.must(cfn.Delete, id, c.from, nil)
				return *hit
			})
		})
	}
}

// An Update that is delivered again converges, and what was replaced goes.
func TestUpdateConvergesWhenDeliveredAgainInEveryWorld(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			forEachFault(t, c.adopt, func(t *testing.T, r *rig, k int, f fault) bool {
				id := r.must(cfn.Create, "", c.from, nil)
				hit := r.failAt(k, f)
				r.deliver(cfn.Update, id, c.to, c.from)
				r.heal()
				after := r.must(cfn.Update, id, c.to, c.from)
				if after != id {
					r.must(cfn.Delete, id, c.from, nil)
				}
				calls := len(r.world.Calls())
				r.must(cfn.Update, after, c.to, c.to)
				for _, action := range r.world.Calls()[calls:] {
					if isWrite(action) {
						t.Fatalf("%s at call %d: an Update that changes nothing called %s", f.name, k, action)
					}
				}
				r.must(cfn.Delete, after, c.to, nil)
				return *hit
			})
		})
	}
}

// A Delete that fails anywhere is finished by the next.
func TestDeleteFailsAnywhereInEveryWorld(t *testing.T) {
	t.Parallel()
	for _, adopt := range []string{"", "Existing"} {
		now := base(props{"PermissionsBoundary": boundary, "KmsKeyArns": []any{"{key}"}})
		if adopt != "" {
			now["RoleName"], now["AdoptExistingRole"] = adopt, true
		}
		t.Run("adopt="+adopt, func(t *testing.T) {
			t.Parallel()
			forEachFault(t, adopt, func(t *testing.T, r *rig, k int, f fault) bool {
				id := r.must(cfn.Create, "", now, nil)
				hit := r.failAt(k, f)
				answer := r.deliver(cfn.Delete, id, now, nil)
				r.heal()
				if *hit && !f.gone && answer == nil {
					t.Fatalf("%s at call %d: no answer", f.name, k)
				}
				r.must(cfn.Delete, id, now, nil)
				return *hit
			})
		})
	}
}

func isWrite(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Describe")
}

// What is answered must be what an engineer needs: the call, the thing, the cause, and the permission that is missing.
func TestReasonNamesTheMissingPermission(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.world.SetHook(func(action string) (error, error) {
		if action == "iam:CreatePolicy" {
			return faults[1].before, nil
		}
		return nil, nil
	})
	answer := r.deliver(cfn.Create, "", base(nil), nil)
	want := fmt.Sprintf("create policy %s: AccessDenied: not authorized. Allow the function's role iam:CreatePolicy on "+
		"arn:aws:iam::123456789012:policy/%s "+
		"(of roles in other stacks: by the parameters AdditionalRoleNames and AdditionalPolicyNames, which must cover a "+
		"former name until its role is deleted), and check permissions boundaries and service control policies.",
		policyName(answer), policyName(answer))
	if answer.Status != cfn.Failed || answer.Reason != want {
		t.Errorf("got %s %q, want FAILED %q", answer.Status, answer.Reason, want)
	}
}

// policyName is the derived name, as the reason has it.
func policyName(r *cfn.Response) string {
	const prefix = "create policy "
	name := r.Reason[len(prefix):]
	for n := range name {
		if name[n] == ':' {
			return name[:n]
		}
	}
	return name
}
