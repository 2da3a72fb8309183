package handler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// task is one event under way.
type task struct {
	handler  *Handler
	event    cfn.Event
	identity servicerole.Identity
	warnings []string
	// rollingBack says that CloudFormation rolls an update of the stack back.
	rollingBack bool
	// swept says that records of other roles were followed. tried are the ARNs of those, and left are those that could not be removed.
	swept bool
	tried []string
	left  []servicerole.Removal
	// unnoted says that a repair removed the note about drift.
	unnoted bool
	// waits is how often the task waited for the repair by a drift check.
	waits int
	// former is what the same role was provisioned as; nil if it wasn't, or that isn't known.
	former *servicerole.Desired

	mutex sync.Mutex
	// undoing is set while something is left that no other event will come for.
	undoing bool
	// physicalID is the ID to answer with if the task fails now.
	physicalID string
}

func (t *task) failed(err error) result {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return result{physicalID: t.physicalID, err: err, redeliver: t.undoing}
}

// warn adds a warning, once.
func (t *task) warn(warnings ...string) {
	for _, w := range warnings {
		if !slices.Contains(t.warnings, w) {
			t.warnings = append(t.warnings, w)
		}
	}
}

// mayExist sets the role that a failure reports. From now on parts of it may exist, and the Delete that follows the failure must find them.
func (t *task) mayExist(role servicerole.RoleRef) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.physicalID = role.ARN
}

func (t *task) setUndoing(undoing bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.undoing = undoing
}

func (t *task) run(ctx, undoCtx context.Context) result {
	identity, err := servicerole.NewIdentity(t.event.StackID, t.event.LogicalResourceID)
	if err != nil {
		return t.failed(err)
	}
	t.identity = identity
	if account := t.handler.AccountID(ctx); account != "" && account != identity.AccountID {
		if t.event.RequestType == cfn.Delete {
			// The Create was refused for the same reason, so that there is nothing.
			return result{physicalID: t.event.PhysicalResourceID}
		}
		return t.failed(fmt.Errorf("the function belongs to account %s, and the stack to account %s. Nothing was changed. A role must be "+
			"in the account that uses it. Deploy the function there too, and set ServiceToken to that one", account, identity.AccountID))
	}
	switch t.event.RequestType {
	case cfn.Delete:
		return t.remove(ctx)
	case cfn.CheckDrift:
		return t.checkDrift(ctx)
	}
	return t.provide(ctx, undoCtx)
}

// provide answers a Create or an Update.
func (t *task) provide(ctx, undoCtx context.Context) result {
	d, p, err := t.desired()
	if err != nil {
		return t.failed(err)
	}
	out, err := t.reconcile(ctx, d, true)
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		return t.abandon(undoCtx, stale.verdict, d)
	}
	if out.Wrote {
		// If nothing was written, the first verdict still counts.
		if !out.asked {
			out.verdict, out.report = t.judge(undoCtx, d)
		}
		if out.verdict != cfn.Wanted {
			return t.abandon(undoCtx, out.verdict, d)
		}
	}
	if err == nil && !out.SettledSince.IsZero() {
		err = t.settle(ctx, out.SettledSince, time.Duration(p.PropagationDelaySeconds)*time.Second)
	}
	if err != nil {
		return t.failed(err)
	}
	t.warn(out.Warnings...)
	t.warnings = slices.Concat(t.report(ctx, out.findings), t.warnings)
	t.sweepLast(ctx, d, out)
	return result{physicalID: d.Role.ARN, data: t.data(d.Desired, out)}
}

// desired returns what the event asks for.
func (t *task) desired() (desired, properties.Properties, error) {
	p, err := properties.Parse(t.event.ResourceProperties)
	if err != nil {
		return desired{}, p, err
	}
	if t.event.RequestType == cfn.CheckDrift && p.Findings == properties.FindingsFail {
		// What a check finds is reported, and is no reason to leave the role as others changed it.
		p.Findings = properties.FindingsWarn
	}
	d, err := servicerole.New(t.identity, p)
	if err == nil {
		d, err = d.Below(t.handler.RequiredBoundary)
	}
	if err == nil && p.DriftCheckSchedule != "" {
		d = d.Recorded()
	}
	if err != nil || t.event.RequestType != cfn.Update {
		return desired{Desired: d}, p, err
	}
	old := properties.Salvage(t.event.OldResourceProperties)
	d = d.After(old, t.event.PhysicalResourceID)
	t.former = t.formerly(d)
	if t.event.PhysicalResourceID != d.Role.ARN {
		err = t.refuseSharing(d, p, old)
	}
	return desired{Desired: d}, p, err
}

// formerly returns what the role of an Update was provisioned as.
func (t *task) formerly(d servicerole.Desired) *servicerole.Desired {
	p, err := properties.Parse(t.event.OldResourceProperties)
	if err != nil || p.Findings == properties.FindingsOff {
		return nil
	}
	former, err := servicerole.New(t.identity, p)
	if err != nil {
		return nil
	}
	former.RequiredBoundary = d.RequiredBoundary
	return &former
}

// refuseSharing refuses a replacement whose new role would need a name that the old one still has: CloudFormation deletes the old one only
// later, and rolls the change back if a later resource fails.
func (t *task) refuseSharing(d servicerole.Desired, p, old properties.Properties) error {
	former, ok := t.identity.ParseRole(t.event.PhysicalResourceID)
	if !ok {
		return nil
	}
	if strings.EqualFold(former.Name, d.Role.Name) {
		return &plan.Refusal{
			Reason: fmt.Sprintf("role %s would have to be replaced by %s, and IAM does not allow two roles of one name in an account, "+
				"whatever their paths and the case of their letters", former.ARN, d.Role.ARN),
			Advice: "Change RoleName too, or leave it out.",
		}
	}
	if p.PolicyName != "" && strings.EqualFold(p.PolicyName, old.PolicyName) {
		return &plan.Refusal{
			Reason: fmt.Sprintf("role %s would have to be replaced by %s, and both would share the managed policy %s", former.ARN, d.Role.ARN,
				p.PolicyName),
			Advice: "Change PolicyName too, or leave it out.",
		}
	}
	return nil
}

// settle waits until the role can be used, counted from its last permission. If the function's time is shorter, the role is reported as it
// is, with a warning.
func (t *task) settle(ctx context.Context, since time.Time, wanted time.Duration) error {
	left := wanted - time.Since(since)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < left {
		left = time.Until(deadline) - time.Second
		t.warn(fmt.Sprintf("the function's Timeout is too short for %s of %d. The role may not be usable for some seconds yet.",
			properties.NamePropagationDelaySeconds, int(wanted.Seconds())))
	}
	if left <= 0 {
		return nil
	}
	return t.handler.Provisioner.Sleep(ctx, left)
}

// abandon ends a Create or Update that CloudFormation no longer wants. A Create whose resource is gone is undone, because no Delete will
// come for it.
func (t *task) abandon(ctx context.Context, verdict cfn.Verdict, d desired) result {
	if verdict != cfn.Gone {
		return t.failed(fmt.Errorf("%s ignored: a later stack operation superseded it. Nothing more was changed", t.event.RequestType))
	}
	t.setUndoing(true)
	undone := t.identity.Removal(d.Role.RoleRef, properties.Salvage(t.event.ResourceProperties))
	if _, err := t.reconcile(ctx, removal{Removal: undone}, false); err != nil {
		return result{physicalID: d.Role.ARN, err: fmt.Errorf("undo %s: %w", t.event.RequestType, err), redeliver: true}
	}
	t.setUndoing(false)
	return t.failed(fmt.Errorf("%s ignored: CloudFormation deletes the resource, has deleted it, or does not know its stack. Nothing "+
		"of it is left", t.event.RequestType))
}

// remove answers a Delete.
func (t *task) remove(ctx context.Context) result {
	p := properties.Salvage(t.event.ResourceProperties)
	role := t.identity.RoleOf(t.event.PhysicalResourceID, p)
	_, err := t.reconcile(ctx, removal{Removal: t.identity.Removal(role, p)}, true)
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		return t.failed(fmt.Errorf("%s ignored: CloudFormation still needs role %s. Nothing more was changed", t.event.RequestType, role.Name))
	}
	if err != nil {
		return t.failed(err)
	}
	done := result{physicalID: t.event.PhysicalResourceID}
	if len(t.warnings) > 0 {
		// CloudFormation shows no attributes of what is deleted: they are for the log.
		done.data = map[string]string{properties.AttrWarnings: strings.Join(t.warnings, "\n")}
	}
	return done
}
