package handler

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

const madeUp = "app-Role-1A2B3C"

// A Delete that starts before the k-th call of a Create that is still under way, for each k; and one that runs to its end
// there, or side by side with the rest. Nothing is left either way.
func TestDeleteRacesCreateInEveryWorld(t *testing.T) {
	kind := awstest.KindOf(t)
	for _, sideBySide := range []bool{false, true} {
		t.Run(fmt.Sprint("side by side ", sideBySide), func(t *testing.T) {
			t.Parallel()
			for k := 1; ; k++ {
				if k > 100 {
					t.Fatal("no end of calls")
				}
				r := newRig(t, kind.New(t))
				r.foreign()
				before := r.world.State()
				if !raceAt(t, r, k, sideBySide) {
					return
				}
				if diff := cmp.Diff(before, r.world.State()); diff != "" {
					t.Fatalf("Delete at call %d of Create: -before +after:\n%s", k, diff)
				}
			}
		})
	}
}

// raceAt reports whether the Create made as many calls.
func raceAt(t *testing.T, r *rig, k int, sideBySide bool) (hit bool) {
	create, remove := r.event(cfn.Create, "", base(nil), nil), r.event(cfn.Delete, madeUp, base(nil), nil)
	var (
		mutex   sync.Mutex
		wait    sync.WaitGroup
		n       int
		started bool
	)
	r.cfn.Say("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
	startDelete := func() {
		r.cfn.Say("DELETE_IN_PROGRESS", madeUp, "ROLLBACK_IN_PROGRESS")
		wait.Go(func() { _ = r.handler.Handle(t.Context(), remove) })
	}
	r.world.SetHook(func(string) (error, error) {
		mutex.Lock()
		n++
		mine := n == k && !started
		started = started || mine
		mutex.Unlock()
		if mine {
			hit = true
			startDelete()
			if !sideBySide {
				wait.Wait()
			}
		}
		return nil, nil
	})
	_ = r.handler.Handle(t.Context(), create)
	wait.Wait()
	r.world.SetHook(nil)
	if !hit {
		// The Delete comes after the Create's answer, as it does mostly.
		startDelete()
		wait.Wait()
	}
	return hit
}

// A Create that Lambda delivers once more, at any call of the Delete or after it.
func TestCreateComesAgainAfterItsDeleteInEveryWorld(t *testing.T) {
	t.Parallel()
	kind := awstest.KindOf(t)
	for k := 1; ; k++ {
		if k > 100 {
			t.Fatal("no end of calls")
		}
		r := newRig(t, kind.New(t))
		r.foreign()
		before := r.world.State()
		id := r.must(cfn.Create, "", base(nil), nil)
		again := r.event(cfn.Create, "", base(nil), nil)
		hit := false
		n := 0
		var mutex sync.Mutex
		r.world.SetHook(func(string) (error, error) {
			mutex.Lock()
			n++
			mine := n == k
			mutex.Unlock()
			if mine {
				hit = true
				_ = r.handler.Handle(t.Context(), again)
			}
			return nil, nil
		})
		r.deliver(cfn.Delete, id, base(nil), nil)
		r.world.SetHook(nil)
		if !hit {
			r.cfn.Say("DELETE_COMPLETE", id, "ROLLBACK_COMPLETE")
			_ = r.handler.Handle(t.Context(), again)
		}
		if diff := cmp.Diff(before, r.world.State()); diff != "" {
			t.Fatalf("at call %d of the Delete: -before +after:\n%s", k, diff)
		}
		if !hit {
			break
		}
	}
}

func TestStaleEventsChangeNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		request cfn.RequestType
		status  string
	}{
		{"Create after an Update", cfn.Create, "UPDATE_IN_PROGRESS"},
		{"Create once it is complete", cfn.Create, "CREATE_COMPLETE"},
		{"Update once it is complete", cfn.Update, "UPDATE_COMPLETE"},
		{"Update after the Delete", cfn.Update, "DELETE_COMPLETE"},
		{"Delete while it is created again", cfn.Delete, "CREATE_IN_PROGRESS"},
		{"Delete after it was created again", cfn.Delete, "CREATE_COMPLETE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			id := r.must(cfn.Create, "", base(nil), nil)
			before := r.world.State()
			event := r.event(c.request, map[bool]string{false: id}[c.request == cfn.Create], base(props{"Description": "stale"}), base(nil))
			r.cfn.Say(c.status, id, "UPDATE_COMPLETE")
			answer := r.deliverRaw(event)
			if answer == nil || answer.Status != cfn.Failed || answer.PhysicalResourceID != id {
				t.Errorf("got %+v, want FAILED with id %s", answer, id)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

// Where the function may not ask CloudFormation, it continues.
func TestDeniedQuestionIsNoObstacle(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	r.cfn.Deny()
	created := r.deliverRaw(r.event(cfn.Create, "", base(nil), nil))
	if created == nil || created.Status != cfn.Success {
		t.Fatalf("Create: %+v", created)
	}
	if removed := r.deliverRaw(r.event(cfn.Delete, created.PhysicalResourceID, base(nil), nil)); removed.Status != cfn.Success {
		t.Fatalf("Delete: %+v", removed)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// What a stale Create can't undo, the next delivery does: it isn't answered, so that Lambda delivers it again.
func TestUndoThatFailsIsDeliveredAgain(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	r.must(cfn.Create, "", base(nil), nil)
	answered := len(r.answers)
	r.cfn.Say("DELETE_COMPLETE", madeUp, "ROLLBACK_COMPLETE")
	create := r.event(cfn.Create, "", base(nil), nil)
	reads := 0
	r.world.SetHook(func(operation string) (error, error) {
		if operation == "iam:GetRole" {
			reads++
		}
		// The first one reads for the Create, the second for the undoing.
		if operation == "iam:GetRole" && reads == 2 {
			return faults[1].before, nil
		}
		return nil, nil
	})
	if err := r.handler.Handle(t.Context(), create); err == nil || reads != 2 || len(r.answers) != answered {
		t.Errorf("got error %v and %d answers, want an error and none", err, len(r.answers)-answered)
	}
	r.heal()
	if err := r.handler.Handle(t.Context(), create); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// An undo that the function's time doesn't suffice for isn't answered either.
func TestUndoThatRunsOutOfTimeIsDeliveredAgain(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.must(cfn.Create, "", base(nil), nil)
	answered := len(r.answers)
	r.cfn.Say("DELETE_COMPLETE", madeUp, "ROLLBACK_COMPLETE")
	block := make(chan struct{})
	r.world.SetHook(func(action string) (error, error) {
		if isWrite(action) {
			<-block
		}
		return nil, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), answerTime-undoTime+100*time.Millisecond)
	defer cancel()
	if err := r.handler.Handle(ctx, r.event(cfn.Create, "", base(nil), nil)); err == nil || len(r.answers) != answered {
		t.Errorf("got error %v and %d answers, want an error and none", err, len(r.answers)-answered)
	}
	close(block)
}
