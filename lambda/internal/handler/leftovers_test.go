package handler

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

// lose has an update end without an answer, and its rollback fail to remove what that made.
func (r *rig) lose(id string, from, lost props, denied string) {
	r.t.Helper()
	r.setUnreachable(true)
	r.deliver(cfn.Update, id, lost, from)
	r.heal()
	r.deny(denied)
	r.must(cfn.Update, id, from, lost)
	r.heal()
}

// deny has IAM deny an operation on any resource.
func (r *rig) deny(operation string) {
	r.world.SetHook(func(called string) (error, error) {
		if called == operation {
			return faults[1].before, nil
		}
		return nil, nil
	})
}

// cleanUp sends the Delete of a replaced role, while another one is live.
func (r *rig) cleanUp(id string, of props, live string) *cfn.Response {
	r.cfn.Say("UPDATE_COMPLETE", live, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
	return r.deliverRaw(r.event(cfn.Delete, id, of, nil))
}

// A record that is outdated never removes the role that it names once that is live, whoever has the record.
func TestAnOutdatedRecordNeverRemovesTheLiveRole(t *testing.T) {
	a, b, l := base(props{"RoleName": "A"}), base(props{"RoleName": "B"}), base(props{"RoleName": "L"})
	r := newRig(t, awstest.NewFake(t))
	empty := r.world.State()
	roleA := r.must(cfn.Create, "", a, nil)
	r.lose(roleA, a, l, "iam:DeleteRole")
	r.deny("iam:DeleteRole")
	roleB := r.must(cfn.Update, roleA, b, a)
	r.cleanUp(roleA, a, roleB)
	r.heal()
	roleL := r.must(cfn.Update, roleB, l, b)
	if answer := r.cleanUp(roleB, b, roleL); !succeeded(answer) {
		t.Fatalf("clean-up: %+v", answer)
	}
	ideal := newRig(t, awstest.NewFake(t))
	ideal.must(cfn.Create, "", l, nil)
	r.setUnreachable(true)
	r.deliver(cfn.Update, roleL, a, l)
	r.heal()
	r.must(cfn.Update, roleL, l, a)
	if diff := cmp.Diff(state(ideal), state(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r.must(cfn.Delete, roleL, l, nil)
	if diff := cmp.Diff(empty, r.world.State()); diff != "" {
		t.Errorf("-empty +left:\n%s", diff)
	}
}

// A role that one update left behind, and another one made again for other buckets, goes with what both made.
func TestALeftoverThatAnotherUpdateMakesAgain(t *testing.T) {
	from := base(nil)
	first := props{"RoleName": "Lost", "PropagationDelaySeconds": "0", "Tags": []any{tag("of", "first")}}
	second := props{"RoleName": "Lost", "PropagationDelaySeconds": "0", "Buckets": []any{"more-data"}}
	r := newRig(t, awstest.NewFake(t))
	id := r.must(cfn.Create, "", from, nil)
	before := r.world.State()
	r.lose(id, from, first, "iam:DeleteRole")
	r.setUnreachable(true)
	r.deliver(cfn.Update, id, second, from)
	r.heal()
	r.must(cfn.Update, id, from, second)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// The clean-up of a replaced role doesn't fail because of another role, which the new one has on record.
func TestACleanUpIgnoresOtherRoles(t *testing.T) {
	from, lost, to := base(nil), base(props{"RoleName": "Lost", "Buckets": []any{"more-data"}}), base(props{"RoleName": "Next"})
	r := newRig(t, awstest.NewFake(t))
	empty := r.world.State()
	id := r.must(cfn.Create, "", from, nil)
	r.lose(id, from, lost, "iam:DetachRolePolicy")
	r.deny("iam:GetPolicyVersion")
	next := r.must(cfn.Update, id, to, from)
	r.heal()
	if answer := r.cleanUp(id, from, next); !succeeded(answer) {
		t.Errorf("clean-up: %+v", answer)
	}
	r.must(cfn.Delete, next, to, nil)
	if diff := cmp.Diff(empty, r.world.State()); diff != "" {
		t.Errorf("-empty +left:\n%s", diff)
	}
}

// An update that fails after a role was left behind, and its rollback, keep the record or remove what it names.
func TestAFailedUpdateKeepsTheRecord(t *testing.T) {
	lost := base(props{"RoleName": "Lost", "Buckets": []any{"more-data"}})
	for name, failing := range map[string]props{
		"another role":                    base(props{"RoleName": "Next"}),
		"the same role, and it's refused": base(props{"RoleName": "Lost", "Buckets": []any{"missing-bucket"}}),
	} {
		t.Run(name, func(t *testing.T) {
			from := base(nil)
			r := newRig(t, awstest.NewFake(t))
			empty := r.world.State()
			id := r.must(cfn.Create, "", from, nil)
			before := r.world.State()
			r.lose(id, from, lost, "iam:DeleteRole")
			r.deny("iam:AttachRolePolicy")
			answer := r.deliver(cfn.Update, id, failing, from)
			r.heal()
			if succeeded(answer) {
				t.Fatalf("the update succeeded: %+v", answer)
			}
			if strings.Contains(answer.Reason, "Nothing was changed") && cmp.Diff(before, r.world.State()) == "" {
				t.Errorf("something was removed, and the reason is %s", answer.Reason)
			}
			back := r.must(cfn.Update, answer.PhysicalResourceID, from, failing)
			if answer.PhysicalResourceID != back {
				r.cleanUp(answer.PhysicalResourceID, failing, back)
			}
			r.must(cfn.Delete, back, from, nil)
			if diff := cmp.Diff(empty, r.world.State()); diff != "" {
				t.Errorf("-empty +left:\n%s", diff)
			}
		})
	}
}

// What can't be removed is tried once in an event, and recorded once, however often the event is delivered.
func TestALeftoverIsTriedOnceAnEvent(t *testing.T) {
	from, lost := base(nil), base(props{"RoleName": "Lost"})
	r := newRig(t, awstest.NewFake(t))
	id := r.must(cfn.Create, "", from, nil)
	r.lose(id, from, lost, "iam:DeleteRole")
	// A denied call is made six times within the time that IAM needs to propagate.
	const most = briefRounds * 6
	var records []string
	for range 3 {
		n := 0
		r.world.SetHook(func(called string) (error, error) {
			if called != "iam:DeleteRole" {
				return nil, nil
			}
			n++
			return faults[1].before, nil
		})
		r.must(cfn.Update, id, from, lost)
		if n == 0 || n > most {
			t.Errorf("a delivery called DeleteRole %d times, want at most %d", n, most)
		}
		records = append(records, r.world.State()[id])
	}
	if records[0] == "" || records[1] != records[0] || records[2] != records[0] {
		t.Errorf("the record changes with each delivery: %q", records)
	}
}

// The record gives its tag up for one that the properties ask for, whether the role that it names can be removed by then or not.
func TestTheRecordLeavesRoomForTags(t *testing.T) {
	for _, denied := range []string{"", "iam:DeleteRole"} {
		from, to, lost := base(props{"Tags": tags(46)}), base(props{"Tags": tags(47)}), base(props{"RoleName": "Lost"})
		r := newRig(t, awstest.NewFake(t))
		empty := r.world.State()
		id := r.must(cfn.Create, "", from, nil)
		r.lose(id, from, lost, "iam:DeleteRole")
		r.deny(denied)
		r.must(cfn.Update, id, to, from)
		r.heal()
		r.must(cfn.Delete, id, to, nil)
		if diff := cmp.Diff(empty, r.world.State()); diff != "" {
			t.Errorf("%q denied: -empty +left:\n%s", denied, diff)
		}
	}
}

// An update that would have adopted a role is on record although it never got to it. The one that adopts it leaves the role's own tags.
func TestARecordDoesNotCostAnAdoptedRoleItsTags(t *testing.T) {
	from := base(nil)
	lost := base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "KmsKeyArns": []any{"{key}"}, "Tags": []any{tag("stage", "ours")}})
	to := base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "Tags": []any{tag("team", "ours")}})
	r := world(t)
	before := r.world.State()
	ideal := world(t)
	ideal.must(cfn.Create, "", to, nil)
	id := r.must(cfn.Create, "", from, nil)
	var reads atomic.Int32
	r.world.SetHook(func(called string) (error, error) {
		// The first one is about the live role.
		if called == "iam:GetRole" && reads.Add(1) > 1 {
			return faults[1].before, nil
		}
		return nil, nil
	})
	if warnings := r.deliver(cfn.Update, id, from, lost).Data["Warnings"]; !strings.Contains(warnings, "role/Existing") {
		t.Fatalf("nothing was recorded: %s", warnings)
	}
	r.heal()
	adopted := r.must(cfn.Update, id, to, from)
	r.cleanUp(id, from, adopted)
	if diff := cmp.Diff(state(ideal), state(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r.must(cfn.Delete, adopted, to, nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
