package handler

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/servicerole"
)

// A Create was never answered and rolled back with an ID that CloudFormation made up; a later update created the resource. The old Delete
// comes again, or a person sends one: the live role stays, whatever operation of the stack is under way.
func TestADeleteWithAMadeUpIDSparesTheLiveRole(t *testing.T) {
	for _, resource := range []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "CREATE_IN_PROGRESS"} {
		for _, stack := range []string{"UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "CREATE_IN_PROGRESS",
			"UPDATE_FAILED"} {
			r := newRig(t, awstest.NewFake(t))
			id := r.must(cfn.Create, "", base(nil), nil)
			before := r.world.State()
			r.cfn.Say(resource, id, stack)
			if answer := r.deliverRaw(r.event(cfn.Delete, madeUp, base(nil), nil)); answer == nil || answer.Status != cfn.Failed {
				t.Errorf("%s in %s: %+v", resource, stack, answer)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("%s in %s: -before +after:\n%s", resource, stack, diff)
			}
		}
	}
}

// A -> B -> A, and the clean-up's Delete(A) comes once more while the stack is under way.
func TestAnOldCleanUpSparesTheLiveRole(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	a, b := base(props{"RoleName": "A"}), base(props{"RoleName": "B"})
	idA := r.must(cfn.Create, "", a, nil)
	idB := r.must(cfn.Update, idA, b, a)
	r.must(cfn.Delete, idA, a, nil)
	r.must(cfn.Update, idB, a, b)
	r.must(cfn.Delete, idB, b, nil)
	before := r.world.State()
	r.cfn.Say("UPDATE_COMPLETE", idA, "UPDATE_IN_PROGRESS")
	if answer := r.deliverRaw(r.event(cfn.Delete, idA, a, nil)); answer.Status != cfn.Failed ||
		!strings.Contains(answer.Reason, "still needs role A") {
		t.Errorf("got %+v", answer)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// Nothing is made for a stack that CloudFormation doesn't know; an answer that can't be had is no such proof.
func TestAStackThatDoesNotExist(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	r.cfn.Forget()
	answer := r.deliverRaw(r.event(cfn.Create, "", base(nil), nil))
	if answer.Status != cfn.Failed || !strings.Contains(answer.Reason, "does not know its stack") {
		t.Errorf("Create: %+v", answer)
	}
	if answer := r.deliverRaw(r.event(cfn.Update, answer.PhysicalResourceID, base(nil), base(nil))); answer.Status != cfn.Failed {
		t.Errorf("Update: %+v", answer)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// What roles and policies of others are called, and whose they are, is told to CloudFormation only: whoever may invoke the function, with
// CloudFormation out of reach, gets one answer for all of them.
func TestAnUnconfirmedEventLearnsNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		now  props
		// secret is what a confirmed event is told.
		secret string
	}{
		{"nobody's role", props{"RoleName": "TheirRole"}, "arn:aws:iam::123456789012:role/TheirRole"},
		{"another stack's role", props{"RoleName": "Marked"}, "TheirLogicalID"},
		{"another stack's role, to adopt", props{"RoleName": "marked", "AdoptExistingRole": "true"}, "arn:aws:cloudformation:eu-west-1:"},
		{"a role at another path", props{"RoleName": "TheirRole", "Path": "/a/", "AdoptExistingRole": "true"}, "role/TheirRole can't be adopted"},
		{"a policy", props{"PolicyName": "Theirs"}, "arn:aws:iam::123456789012:policy/Theirs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			r.foreign()
			r.createRole("Marked", theirTags)
			event := r.event(cfn.Create, "", base(c.now), nil)
			r.cfn.Say("CREATE_IN_PROGRESS", "", "")
			if told := r.deliverRaw(event).Reason; !strings.Contains(told, c.secret) {
				t.Errorf("CloudFormation is not told %q: %s", c.secret, told)
			}
			before := r.world.State()
			r.cfn.Deny()
			want := concealed.Error()
			if diff := cmp.Diff(want, r.deliverRaw(event).Reason); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

// theirTags mark a role as that of another stack's resource.
var theirTags = map[string]string{
	servicerole.TagStackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/theirs/1", servicerole.TagLogicalID: "TheirLogicalID",
}

// A Delete right after a Create, while IAM doesn't show the role or the policy yet.
func TestDeleteWhereIAMLags(t *testing.T) {
	for _, operation := range []string{"iam:GetRole", "iam:GetPolicy"} {
		r := newRig(t, awstest.NewFake(t))
		before := r.world.State()
		id := r.must(cfn.Create, "", base(nil), nil)
		var mutex sync.Mutex
		left := 2
		r.world.SetHook(func(o string) (error, error) {
			mutex.Lock()
			defer mutex.Unlock()
			if o == operation && left > 0 {
				left--
				return apiNotFound, nil
			}
			return nil, nil
		})
		r.must(cfn.Delete, id, base(nil), nil)
		if diff := cmp.Diff(before, r.world.State()); diff != "" {
			t.Errorf("%s: -before +after:\n%s", operation, diff)
		}
	}
}
