package handler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"personalize-role/lambda/internal/lifecycle"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// change is what converging did.
type change struct {
	wrote bool
	// settled is when the role got its last permission, from which on it settles; zero if it has nothing to settle.
	settled time.Time
	// verdict is that of after the last write; asked says that there is one.
	verdict lifecycle.Verdict
	asked   bool
	// roleID is the unique id of the role.
	roleID string
	// warnings are those of the last round.
	warnings []string
}

// settles has the settling begin at a time, unless it begins later already.
func (c *change) settles(at time.Time) {
	if at.After(c.settled) {
		c.settled = at
	}
}

// staleError says that nobody wants the event any more.
type staleError struct{ verdict lifecycle.Verdict }

func (e *staleError) Error() string { return "the event is " + e.verdict.String() }

// converge observes, plans and applies, again if somebody else got in between. It gives what was observed last.
func (t *task) converge(ctx context.Context, d servicerole.Desired) (observed servicerole.Observed, done change, err error) {
	applied := &provision.Applied{}
	for round := 1; ; round++ {
		observed, err = t.observe(ctx, d.Scope())
		if err != nil {
			return observed, done, err
		}
		todo, err := t.plan(ctx, &d, observed)
		if refusal := (*plan.Refusal)(nil); errors.As(err, &refusal) {
			refusal.Changed = done.wrote
		}
		if err != nil {
			return observed, done, err
		}
		if observed.Role != nil {
			done.roleID = observed.Role.ID
		}
		if todo.Empty() {
			if t.event.RequestType == lifecycle.Create && done.settled.IsZero() {
				// Another delivery made it, and may be waiting still.
				done.settled = observed.Role.Created
			}
			if done.wrote {
				err = t.confirm(ctx, d, observed, applied, &done)
			} else {
				done.warnings = t.check(ctx, d, observed, 1)
			}
			return observed, done, err
		}
		t.mayExist(d.Role.RoleName)
		now, err := t.handler.Provisioner.Apply(ctx, t.identity, todo, observed)
		now.Take(applied)
		applied = now
		done.wrote, done.asked = true, false
		done.roleID = cmp.Or(applied.RoleID, done.roleID)
		done.settles(applied.Settled)
		if err == nil {
			err = t.confirm(ctx, d, observed, applied, &done)
		}
		if err == nil || !provision.Drifted(err) || round == rounds {
			return observed, done, err
		}
		if t.pause(ctx, round) != nil {
			return observed, done, err
		}
	}
}

// confirm does what is to be done after the last write, side by side: look at the policies of others again, ask whether the event
// is still wanted, and look for what makes Personalize fail.
func (t *task) confirm(ctx context.Context, d servicerole.Desired, observed servicerole.Observed, applied *provision.Applied, done *change) error {
	var (
		verified provision.Verified
		failed   error
		unwanted atomic.Bool
	)
	// None of them ends the others.
	_ = provision.Together(
		func() error {
			verified, failed = t.handler.Provisioner.Verify(ctx, applied, func() bool { return !unwanted.Load() })
			return nil
		},
		func() error {
			done.verdict = t.judge(ctx)
			unwanted.Store(done.verdict != lifecycle.Wanted)
			return nil
		},
		func() error {
			done.warnings = t.check(ctx, d, observed, timesAsked)
			return nil
		},
	)
	// A verdict from before a write, and one that there was no time for, is none.
	done.asked = !verified.Rewrote && ctx.Err() == nil
	done.settles(verified.Settled)
	t.warnings = append(t.warnings, verified.Warnings...)
	return failed
}

// timesAsked is how often to ask whether a role is gone, where others may be created beside this one.
const timesAsked = 3

// plan makes the plan. Where it is refused, and the event takes an update back, it goes without what stands in the way of
// buckets and keys: a rollback that fails leaves the whole stack stuck.
func (t *task) plan(ctx context.Context, d *servicerole.Desired, observed servicerole.Observed) (plan.Plan, error) {
	todo, err := plan.Converge(*d, observed)
	if err == nil || d.Rollback || t.event.RequestType != lifecycle.Update || !t.handler.Provisioner.IsRollingBack(ctx, t.identity) {
		return todo, err
	}
	d.Rollback = true
	t.warnings = append(t.warnings, "taken back although: "+err.Error())
	return plan.Converge(*d, observed)
}

// pause waits before the round after this one.
func (t *task) pause(ctx context.Context, round int) error {
	return t.handler.Provisioner.Sleep(ctx, time.Duration(round)*pauseBetweenRounds)
}

// observe reads IAM, and asks CloudFormation beside it whether the event is still wanted.
func (t *task) observe(ctx context.Context, scope servicerole.Scope) (servicerole.Observed, error) {
	var (
		observed servicerole.Observed
		failed   error
		verdict  lifecycle.Verdict
	)
	// The question is asked also where reading fails: a failure of something that nobody wants any more is none.
	_ = provision.Together(
		func() error {
			observed, failed = t.handler.Provisioner.Observe(ctx, t.identity, scope)
			return nil
		},
		func() error {
			verdict = t.judge(ctx)
			return nil
		},
	)
	if verdict != lifecycle.Wanted {
		return observed, &staleError{verdict}
	}
	return observed, failed
}

// lookUnasked reads IAM where it is known that the event's own verdict doesn't matter.
func (t *task) lookUnasked(ctx context.Context, scope servicerole.Scope) (servicerole.Observed, error) {
	return t.handler.Provisioner.Observe(ctx, t.identity, scope)
}

func (t *task) judge(ctx context.Context) lifecycle.Verdict {
	return t.handler.Provisioner.Judge(ctx, t.identity, t.event.RequestType, t.event.physicalID())
}

// settle waits until the role can be used, counted from its last permission. Where the function's time doesn't last that long,
// the role is reported as it is, with a warning.
func (t *task) settle(ctx context.Context, since time.Time, wanted time.Duration) error {
	left := wanted - time.Since(since)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < left {
		left = time.Until(deadline) - time.Second
		t.warnings = append(t.warnings, fmt.Sprintf("the function's Timeout leaves no time for %s of %d: the role may not be usable "+
			"for some seconds yet", properties.NameSettleSeconds, int(wanted.Seconds())))
	}
	if left <= 0 {
		return nil
	}
	return t.handler.Provisioner.Sleep(ctx, left)
}

// abandon ends an event that nobody wants. A Create whose resource is gone is undone, since no Delete will come for it.
func (t *task) abandon(ctx context.Context, verdict lifecycle.Verdict, d servicerole.Desired) result {
	if verdict != lifecycle.Gone {
		return t.failed(fmt.Errorf("%s: out of date: a later operation of the stack stands, and nothing more was changed", t.event.RequestType))
	}
	t.setUndoing(true)
	target := t.identity.Target(d.Role.RoleName, properties.Salvage(t.event.ResourceProperties))
	if err := t.destroy(ctx, target, t.lookUnasked); err != nil {
		return result{physicalID: d.Role.ARN, err: fmt.Errorf("undo %s: %w", t.event.RequestType, err), redeliver: true}
	}
	t.setUndoing(false)
	return t.failed(fmt.Errorf("%s: out of date: CloudFormation deletes the resource or has done so, and nothing is left of it", t.event.RequestType))
}

// sweep removes what an update made whose answer never reached CloudFormation: the update that takes it back names it in
// its old properties only. What it can't remove, it reports.
func (t *task) sweep(ctx context.Context, d servicerole.Desired) {
	if t.event.RequestType != lifecycle.Update {
		return
	}
	old := properties.Salvage(t.event.OldResourceProperties)
	orphan := t.identity.Role(old)
	if orphan.ARN == d.Role.ARN || orphan.ARN == t.event.PhysicalResourceID || strings.EqualFold(orphan.Name, d.Role.Name) {
		return
	}
	target := t.identity.Target(orphan, old)
	// A name that both share is the live role's.
	target.Policies = slices.DeleteFunc(target.Policies, func(p servicerole.PolicyName) bool { return slices.Contains(d.Scope().Policies, p) })
	if err := t.destroy(ctx, target, t.lookUnasked); err != nil {
		t.warnings = append(t.warnings, fmt.Sprintf("an update that was taken back left role %s behind: %v", orphan.ARN, err))
	}
}

// remove answers a Delete.
func (t *task) remove(ctx context.Context) result {
	p := properties.Salvage(t.event.ResourceProperties)
	role := t.identity.Doomed(t.event.PhysicalResourceID, p)
	err := t.destroy(ctx, t.identity.Target(role, p), t.observe)
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		return t.failed(errors.New("out of date: the resource was made anew since, and nothing more was changed"))
	}
	if err != nil {
		return t.failed(err)
	}
	return result{physicalID: t.event.PhysicalResourceID}
}

// destroy observes, plans and applies until nothing of ours is left.
func (t *task) destroy(ctx context.Context, target servicerole.Target, observe func(context.Context, servicerole.Scope) (servicerole.Observed, error)) error {
	denied := ""
	applied := &provision.Applied{}
	for round := 1; ; round++ {
		observed, err := observe(ctx, target.Scope())
		if err != nil {
			return err
		}
		todo, err := plan.Destroy(target, observed)
		if err != nil {
			return err
		}
		now, err := t.handler.Provisioner.Apply(ctx, t.identity, todo, observed)
		now.Take(applied)
		applied = now
		if err == nil {
			var verified provision.Verified
			verified, err = t.handler.Provisioner.Verify(ctx, applied, func() bool { return true })
			t.warnings = append(t.warnings, verified.Warnings...)
		}
		if err == nil {
			return nil
		}
		// A denial may mean that somebody else deleted the thing first; one that repeats is meant.
		again := provision.Drifted(err) || provision.IsDenied(err) && denied != todo.String()
		if provision.IsDenied(err) {
			denied = todo.String()
		}
		if !again || round == rounds || t.pause(ctx, round) != nil {
			return err
		}
	}
}
