package handler

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"personalize-role/lambda/internal/cfn"
)

// life is one resource in a stack, as CloudFormation sees it.
type life struct {
	*rapid.T
	r *rig
	// id is the physical ID, empty if there is no resource; now are its properties.
	id  string
	now props
	// clean reports whether the last event had no fault. littered says that one before it may have left things behind, and recorded them.
	clean, littered bool
	// plain says that the bucket more-data has no key by default.
	plain bool
	// sent are all events so far, to be delivered once more.
	sent []json.RawMessage
	// story is what was done, for a failure.
	story []string
}

// send delivers an event with the faults that are drawn: a call that fails, a process that ends, a second delivery between two calls.
func (l *life) send(request cfn.RequestType, id, stack string, now, old props, faulty bool) *cfn.Response {
	status := map[cfn.RequestType]string{cfn.Create: "CREATE_IN_PROGRESS", cfn.Update: "UPDATE_IN_PROGRESS",
		cfn.Delete: "DELETE_IN_PROGRESS"}[request]
	event := l.r.event(request, id, now, old)
	l.sent = append(l.sent, event)
	reported := id
	if request == cfn.Delete && l.id != "" && id != l.id {
		// The clean-up of a replaced resource: the live one is complete.
		status, reported = "UPDATE_COMPLETE", l.id
	}
	l.r.cfn.Say(status, reported, stack)
	trouble := "none"
	l.clean = true
	if faulty {
		trouble = l.trouble(event)
	} else {
		l.lag(request)
	}
	answer := l.r.deliverRaw(event)
	l.r.heal()
	l.story = append(l.story, fmt.Sprintf("%s of %q in %s, fault: %s, answer: %+v\n\tnow %v\n\told %v", request, id, stack, trouble, answer,
		now, old))
	if l.clean && !succeeded(answer) && !l.isRefusedForCase(answer, now, old) {
		l.fail("failed without a fault")
	}
	return answer
}

// trouble arranges what is drawn for an event, and says what that is.
func (l *life) trouble(event json.RawMessage) string {
	k := rapid.IntRange(1, 40).Draw(l.T, "call")
	n := rapid.IntRange(0, len(faults)+1).Draw(l.T, "fault")
	l.clean = n > len(faults)
	switch {
	case l.clean:
		return "none"
	case n == len(faults):
		l.interleave(k, event)
		return fmt.Sprint("delivered again before call ", k)
	}
	l.r.failAt(k, faults[n])
	return fmt.Sprintf("%s at call %d", faults[n].name, k)
}

// fail ends a history and tells it.
func (l *life) fail(format string, args ...any) {
	l.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(l.story, "\n"))
}

// isRefusedForCase reports whether an update is refused as it should be: IAM takes the names of two policies for the same. The other one
// may be that of a role that was left behind.
func (l *life) isRefusedForCase(answer *cfn.Response, now, old props) bool {
	is, was := fmt.Sprint(now["PolicyName"]), fmt.Sprint(old["PolicyName"])
	return answer != nil && strings.Contains(answer.Reason, "names differ in case only") &&
		(l.littered || is != was && strings.EqualFold(is, was))
}

// interleave delivers an event a second time before the k-th call of the first delivery.
func (l *life) interleave(k int, event json.RawMessage) {
	var mutex sync.Mutex
	n := 0
	l.r.world.SetHook(func(string) (error, error) {
		mutex.Lock()
		n++
		mine := n == k
		mutex.Unlock()
		if mine {
			_ = l.r.handler.Handle(l.r.t.Context(), event)
			// As it would take in an account: what the first delivery read before is too old to be written back.
			l.r.later(time.Minute)
		}
		return nil, nil
	})
}

// lag has IAM not know what exists, for the first reads of a Delete.
func (l *life) lag(request cfn.RequestType) {
	left := rapid.IntRange(0, 2).Draw(l.T, "lag")
	if request != cfn.Delete || left == 0 {
		return
	}
	var mutex sync.Mutex
	l.r.world.SetHook(func(operation string) (error, error) {
		mutex.Lock()
		defer mutex.Unlock()
		if operation == "iam:GetRole" && left > 0 {
			left--
			return apiNotFound, nil
		}
		return nil, nil
	})
}

// late delivers an earlier event once more, while nothing is under way or while another resource of the stack is updated.
func (l *life) late() {
	if len(l.sent) == 0 {
		return
	}
	event := l.sent[rapid.IntRange(0, len(l.sent)-1).Draw(l.T, "late event")]
	before := l.r.world.State()
	stack := "UPDATE_COMPLETE"
	// Whether an Update is late can't be told while the stack is under way: docs/design.md.
	if !strings.Contains(string(event), `"RequestType":"Update"`) {
		stack = rapid.SampledFrom([]string{stack, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
			"UPDATE_ROLLBACK_IN_PROGRESS"}).Draw(l.T, "stack")
	}
	if l.id == "" {
		l.r.cfn.Say("DELETE_COMPLETE", "", stack)
	} else {
		l.r.cfn.Say("UPDATE_COMPLETE", l.id, stack)
	}
	l.r.deliverRaw(event)
	after := l.r.world.State()
	if l.littered && strings.Contains(string(event), `"RequestType":"Delete"`) && !strings.Contains(string(event), l.id) {
		// The deletion of another role may end what is recorded as left behind, and must not touch the live one.
		before, after = map[string]string{l.id: before[l.id]}, map[string]string{l.id: after[l.id]}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		l.fail("a late event changed something: %s\n-before +after:\n%s", event, diff)
	}
}

func succeeded(answer *cfn.Response) bool { return answer != nil && answer.Status == cfn.Success }

// must sends an event that has to succeed.
func (l *life) must(request cfn.RequestType, id, stack string, now, old props) string {
	return l.send(request, id, stack, now, old, false).PhysicalResourceID
}

// delete sends a Delete, and again as long as it isn't answered with success. One that is leaves nothing.
func (l *life) delete(id, stack string, now props) {
	if !succeeded(l.send(cfn.Delete, id, stack, now, nil, true)) {
		l.must(cfn.Delete, id, stack, now, nil)
	}
}

func (l *life) create(now props) {
	answer := l.send(cfn.Create, "", "CREATE_IN_PROGRESS", now, nil, true)
	if succeeded(answer) {
		l.id, l.now = answer.PhysicalResourceID, now
		return
	}
	id := madeUp
	if answer != nil {
		id = answer.PhysicalResourceID
	}
	l.delete(id, "ROLLBACK_IN_PROGRESS", now)
}

// byHand does what a person may do to a resource between two events, and what an event mends. The role that was adopted is left alone:
// nothing restores what existed before.
func (l *life) byHand() {
	switch rapid.SampledFrom([]string{"", "", "role", "policy", "encryption"}).Draw(l.T, "by hand") {
	case "role":
		// The role has the record of what was left behind.
		if l.id != "" && l.now["AdoptExistingRole"] == nil && !l.littered {
			l.story = append(l.story, "the role is deleted by hand")
			l.r.deleteRole(l.id)
		}
	case "encryption":
		l.story = append(l.story, "the default encryption of more-data is changed")
		l.plain = !l.plain
		key := l.r.defaultKey
		if l.plain {
			key = ""
		}
		l.r.world.Encrypt("more-data", key)
	case "policy":
		l.story = append(l.story, "the bucket's policy is restored by hand")
		l.r.putBucketPolicy(theirBucketPolicy)
	}
}

// check has drift checked after something was changed by hand, with a fault that is drawn, and again once its time is over. Where checks
// are off, none changes anything.
func (l *life) check() {
	now := with(l.now, "Revision", "any")
	before := state(l.r)
	change := "nothing"
	if l.now["DriftCheckSchedule"] != nil && !l.littered {
		c := rapid.SampledFrom(behindTheBack).Draw(l.T, "behind the back")
		if c.name != "description" || l.now["AdoptExistingRole"] == nil {
			change = c.name
			c.change(l.r, nameOf(l.id), ownPolicy(l.r, *nameOf(l.id)))
		}
	}
	l.r.cfn.Say("UPDATE_COMPLETE", l.id, "UPDATE_COMPLETE")
	event := l.r.checkEvent(now)
	trouble := l.trouble(event)
	_ = l.r.handler.Handle(l.r.t.Context(), event)
	l.r.heal()
	l.r.later(leaseDelay + repairTime + time.Second)
	_ = l.r.handler.Handle(l.r.t.Context(), event)
	l.story = append(l.story, fmt.Sprintf("%s was changed by hand, and drift checked twice, fault in the first: %s", change, trouble))
	if diff := cmp.Diff(before, state(l.r)); diff != "" {
		l.fail("the check left something: -before +after:\n%s", diff)
	}
}

func (l *life) update(now props, laterFails bool) {
	l.byHand()
	old, id := l.now, l.id
	answer := l.send(cfn.Update, id, "UPDATE_IN_PROGRESS", now, old, true)
	stored := id
	if answer != nil {
		stored = answer.PhysicalResourceID
	}
	if succeeded(answer) {
		l.littered = l.littered && !l.clean
	}
	if succeeded(answer) && !laterFails {
		l.id, l.now = stored, now
		if stored != id {
			l.delete(id, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", old)
		}
		return
	}
	back := l.rollBack(stored, old, now)
	if back != id {
		l.fail("rolled back to %s, want %s", back, id)
	}
	if stored != id {
		l.delete(stored, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", now)
	}
}

// rollBack sends the Update that takes another back. If it fails, the user has the rollback continued.
func (l *life) rollBack(stored string, old, now props) string {
	answer := l.send(cfn.Update, stored, "UPDATE_ROLLBACK_IN_PROGRESS", old, now, true)
	if !succeeded(answer) {
		l.littered = false
		return l.must(cfn.Update, stored, "UPDATE_ROLLBACK_IN_PROGRESS", old, now)
	}
	l.littered = !l.clean
	return answer.PhysicalResourceID
}

func (l *life) remove() {
	l.byHand()
	l.delete(l.id, "DELETE_IN_PROGRESS", l.now)
	l.id, l.now, l.littered = "", nil, false
}
