package handler

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

// Two deliveries of an adopting Create: the second reads the role before the first has tagged it, and its attachments after the first has
// changed them.
func TestATornSnapshotIsNotTaken(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.createRole("Existing", nil)
	attach(t, r, "Existing", "arn:aws:iam::aws:policy/CloudWatchFullAccessV2")
	before := r.world.State()
	now := base(props{"RoleName": "Existing", "AdoptExistingRole": "true"})
	r.cfn.Say("CREATE_IN_PROGRESS", "", "")
	create := r.event(cfn.Create, "", now, nil)
	var begun atomic.Bool
	r.world.SetHook(func(operation string) (error, error) {
		if operation == "iam:ListAttachedRolePolicies" && begun.CompareAndSwap(false, true) {
			// The reads of one delivery are under way side by side.
			for !slices.Contains(r.world.Calls(), "iam:GetRole") {
				time.Sleep(time.Millisecond)
			}
			_ = r.handler.Handle(t.Context(), create)
		}
		return nil, nil
	})
	_ = r.handler.Handle(t.Context(), create)
	r.heal()
	r.must(cfn.Delete, "arn:aws:iam::123456789012:role/Existing", now, nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// The keys of a role's tags ignore case: what the role had before comes back in its own spelling.
func TestAnAdoptedTagInAnotherCaseComesBack(t *testing.T) {
	for _, dropped := range []bool{false, true} {
		r := newRig(t, awstest.NewFake(t))
		r.createRole("Existing", map[string]string{"Team": "theirs"})
		before := r.world.State()
		now := props{"RoleName": "Existing", "AdoptExistingRole": "true", "PropagationDelaySeconds": "0", "Tags": []any{tag("team", "ours")}}
		id := r.must(cfn.Create, "", now, nil)
		if dropped {
			without := props{"RoleName": "Existing", "AdoptExistingRole": "true", "PropagationDelaySeconds": "0"}
			r.must(cfn.Update, id, without, now)
			now = without
		}
		r.must(cfn.Delete, id, now, nil)
		if diff := cmp.Diff(before, r.world.State()); diff != "" {
			t.Errorf("dropped %v: -before +after:\n%s", dropped, diff)
		}
	}
}

// Tags that make up a past don't keep a role that the function created, nor give it a trust policy.
func TestForgedPast(t *testing.T) {
	forged := adoptedElsewhere(t)
	for _, now := range []props{base(nil), base(props{"RoleName": "Own"}), base(props{"RoleName": "Own", "AdoptExistingRole": "true"})} {
		r := newRig(t, awstest.NewFake(t))
		before := r.world.State()
		id := r.must(cfn.Create, "", now, nil)
		name := "Own"
		if now["RoleName"] == nil {
			name = id[len("arn:aws:iam::123456789012:role/"):]
		}
		if _, err := r.world.IAM.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String(name), Tags: forged}); err != nil {
			t.Fatal(err)
		}
		r.must(cfn.Update, id, now, now)
		r.must(cfn.Delete, id, now, nil)
		if diff := cmp.Diff(before, r.world.State()); diff != "" {
			t.Errorf("%v: -before +after:\n%s", now, diff)
		}
	}
}

// adoptedElsewhere returns the tags that hold the past of a role whose trust policy is an attacker's.
func adoptedElsewhere(t *testing.T) []types.Tag {
	r := newRig(t, awstest.NewFake(t))
	r.createRole("Existing", nil)
	r.must(cfn.Create, "", props{"RoleName": "Existing", "AdoptExistingRole": "true", "PropagationDelaySeconds": "0"}, nil)
	out, err := r.world.IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Existing")})
	if err != nil {
		t.Fatal(err)
	}
	var past []types.Tag
	for _, tag := range out.Role.Tags {
		if *tag.Key == "personalize-role:original-00" {
			past = append(past, tag)
		}
	}
	if len(past) == 0 {
		t.Fatalf("no past among %v", out.Role.Tags)
	}
	return past
}
