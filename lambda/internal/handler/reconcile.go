package handler

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

const (
	// rounds is how often an event may observe and plan, because another process changed something or IAM doesn't show yet what was created.
	// With the pauses here and in provision, that is about two minutes, as long as other IAM provisioners wait.
	rounds = 9
	// briefRounds is the same for the removal of another role, for which the event itself waits.
	briefRounds = 3
	// pauseBetweenRounds grows by itself each round: IAM may not show yet what was in the way.
	pauseBetweenRounds = time.Second
	// looksForMissing is how often a removal looks for what isn't there, in all: with the pauses, for about six seconds.
	looksForMissing = 4
	// timesAsked is how often to ask whether a role is gone if others may be created beside this one.
	timesAsked = 3
)

// outcome is what became of a goal.
type outcome struct {
	*provision.Session
	observed servicerole.Observed
	// report is what CloudFormation last said.
	report cfn.Report
	// verdict is that of after the last write. asked says that there is one.
	verdict cfn.Verdict
	asked   bool
	// swept says that other roles of the resource, or what was left of them, were removed.
	swept bool
	// findings are about the state that was reached. changes are those about what others changed before.
	findings, changes []findings.Finding
	// inspected is what only findings need, as far as it was read.
	inspected servicerole.Inspected
}

// staleError says that CloudFormation no longer wants the event.
type staleError struct{ verdict cfn.Verdict }

func (e *staleError) Error() string { return "the event is " + e.verdict.String() }

// reconcile observes, plans, applies and verifies until the goal is reached. It repeats that while another process interferes. If asking is
// true, it asks CloudFormation whether the event is wanted, and returns a *staleError if it isn't.
func (t *task) reconcile(ctx context.Context, g goal, asking bool) (*outcome, error) {
	out := &outcome{Session: t.handler.Provisioner.Session(t.identity)}
	denied, most := "", rounds
	if r, ok := g.(removal); ok {
		r.RequiredBoundary = t.handler.RequiredBoundary
		if r.brief {
			most = briefRounds
		}
		g = r
	}
	for round := 1; ; round++ {
		if err := t.observe(ctx, g, asking, out); err != nil {
			return out, err
		}
		if t.mustWait(out.observed.Role) {
			if err := t.handler.Provisioner.Sleep(ctx, pauseForRepair); err != nil {
				return out, err
			}
			round--
			continue
		}
		if asking {
			next, changed, err := t.sweepFirst(ctx, g, out)
			if err != nil {
				return out, err
			}
			if changed {
				// What was observed is outdated: both roles may have a statement in one policy.
				g = next
				continue
			}
		}
		if former := t.former; former != nil && round == 1 {
			out.changes = findings.OfChanges(*former, out.observed, "The function restored what the properties specify.")
		}
		todo, err := t.permitted(ctx, t.guarded(ctx, g, g.plan(out.observed), out), out)
		if err != nil {
			return out, err
		}
		t.warn(todo.Warnings...)
		if out.observed.Role != nil && out.RoleID == "" {
			out.RoleID = out.observed.Role.ID
		}
		if d, ok := g.(desired); ok && !todo.Empty() {
			t.mayExist(d.target())
		}
		err = t.carryOut(ctx, g, todo, out)
		if err == nil && todo.Unfinished && round < most {
			continue
		}
		if err == nil && (!g.lags(out.observed) || round >= looksForMissing) {
			return out, nil
		}
		again := err == nil || g.retries(err, todo.String(), denied)
		if provision.IsDenied(err) {
			denied = todo.String()
		}
		if !again || round == most || t.pause(ctx, round) != nil {
			return out, err
		}
	}
}

// carryOut applies a plan and confirms it.
func (t *task) carryOut(ctx context.Context, g goal, todo plan.Plan, out *outcome) error {
	d, converging := g.(desired)
	if todo.Empty() {
		if converging && t.event.RequestType == cfn.Create && out.SettledSince.IsZero() && out.observed.Role != nil {
			// Another delivery created it, and may be waiting still.
			out.Settling(out.observed.Role.Created)
		}
		if !out.Wrote {
			if converging {
				out.findings = t.check(ctx, d.Desired, todo, out, 1)
			}
			return nil
		}
	} else {
		out.asked = false
		if err := out.Apply(ctx, todo, out.observed); err != nil {
			return err
		}
	}
	if converging {
		return t.confirm(ctx, d, todo, out)
	}
	_, err := out.Verify(ctx, func() bool { return true })
	return err
}

// confirm runs the reads after the last write in parallel: it reads the policies of buckets and keys again, asks whether the event is still
// wanted, and looks for what would make Personalize fail.
func (t *task) confirm(ctx context.Context, d desired, todo plan.Plan, out *outcome) error {
	var (
		rewrote  bool
		failed   error
		unwanted atomic.Bool
	)
	// None of them ends the others.
	_ = parallel.Together(
		func() error {
			rewrote, failed = out.Verify(ctx, func() bool { return !unwanted.Load() })
			return nil
		},
		func() error {
			out.verdict, out.report = t.judge(ctx, d)
			unwanted.Store(out.verdict != cfn.Wanted)
			return nil
		},
		func() error {
			out.findings = t.check(ctx, d.Desired, todo, out, timesAsked)
			return nil
		},
	)
	// A verdict from before a write, and one that there was no time for, doesn't count.
	out.asked = !rewrote && ctx.Err() == nil
	return failed
}

// permitted returns the plan if it has no refusals. A rollback leaves out what is refused, and does the rest.
func (t *task) permitted(ctx context.Context, p plan.Plan, out *outcome) (plan.Plan, error) {
	refusal := p.Refused(false)
	if refusal == nil {
		return p, nil
	}
	if t.event.RequestType == cfn.Update && p.Refused(true) == nil && t.isRollingBack(ctx) {
		t.warn("the rollback continued despite: " + refusal.Message(out.Wrote || out.swept))
		return p, nil
	}
	if t.event.RequestType == cfn.CheckDrift && p.Refused(true) == nil {
		// The check reports it.
		return p, nil
	}
	if refusal.Cause != nil {
		return p, refusal.Cause
	}
	if refusal.Foreign && !out.report.Confirms() {
		t.handler.Log.WarnContext(ctx, "refused an event that CloudFormation did not confirm", "cause", refusal.Reason)
		refusal = concealed
	}
	return p, errors.New(refusal.Message(out.Wrote || out.swept))
}

// concealed replaces a refusal about a role or policy that isn't the resource's own, if CloudFormation didn't confirm the event: the sender
// of the event must learn nothing about it.
var concealed = &plan.Refusal{
	Reason: "the role or its managed policy can't be provisioned under this name, and CloudFormation could not be asked about the event, so " +
		"that only the function's log has the reason",
	Advice: "Read the log, and allow the function cloudformation:DescribeStackResource and cloudformation:DescribeStacks.",
}

// isRollingBack reports whether CloudFormation rolls the update back. It asks until that is so.
func (t *task) isRollingBack(ctx context.Context) bool {
	t.rollingBack = t.rollingBack || t.handler.Provisioner.IsRollingBack(ctx, t.identity)
	return t.rollingBack
}

// observe reads what the goal is about, and asks CloudFormation beside it whether the event is still wanted.
func (t *task) observe(ctx context.Context, g goal, asking bool, out *outcome) error {
	var failed error
	verdict := cfn.Wanted
	scope := g.Scope()
	if d, ok := g.(desired); ok {
		scope.New = t.event.RequestType == cfn.Create && !d.AdoptExistingRole
	}
	// The question is asked also if reading fails: a failure of something that is no longer wanted is none.
	_ = parallel.Together(
		func() error {
			out.observed, failed = t.handler.Provisioner.Observe(ctx, t.identity, scope)
			return nil
		},
		func() error {
			if asking {
				verdict, out.report = t.judge(ctx, g)
			}
			return nil
		},
		func() error {
			t.inspectEarly(ctx, g, out)
			return nil
		},
	)
	if verdict != cfn.Wanted {
		return &staleError{verdict}
	}
	return failed
}

// judge asks about the role that the goal acts on, whatever the event calls it.
func (t *task) judge(ctx context.Context, g goal) (cfn.Verdict, cfn.Report) {
	return t.handler.Provisioner.Judge(ctx, t.identity, t.event.RequestType, g.target())
}

// pause waits before the round after this one.
func (t *task) pause(ctx context.Context, round int) error {
	return t.handler.Provisioner.Sleep(ctx, time.Duration(round)*pauseBetweenRounds)
}
