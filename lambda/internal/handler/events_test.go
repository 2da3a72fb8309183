package handler

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

// A Create was never answered and rolled back with an ID that CloudFormation made up; a later update created the resource. The old Delete
// comes again, or somebody sends one: the live role stays, whatever operation of the stack is under way.
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
