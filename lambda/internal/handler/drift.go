package handler

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// secondLook is the pause before an unexpected result is believed: IAM may return the state before a deployment for some seconds, and
// another process may be in the middle of changing a policy.
const secondLook = 10 * time.Second

// redeploy is what has the next deployment look at everything.
const redeploy = "Change " + properties.NameRevision + ", then deploy."

// drift is what a check found.
type drift struct {
	// skipped says why nothing was checked; empty if something was.
	skipped string
	// compared says that the differences are known.
	compared    bool
	differences []difference
	findings    []findings.Finding
}

// difference is one thing that isn't as it was provisioned.
type difference struct {
	// kind and name are those of a plan.Change, and attribute what of it differs; empty: all of it.
	kind, name, attribute string
	action                plan.Action
	// found is what there is, and wanted what was provisioned.
	found, wanted string
	// since is the time of the first check that found it.
	since    time.Time
	repaired bool
}

// id is the difference's name in the tag that says since when there is one.
func (d difference) id() string {
	sum := sha256.Sum256([]byte(d.kind + "\n" + d.name + "\n" + d.attribute))
	return fmt.Sprintf("%x", sum[:4])
}

func isAmong(all []difference, d difference) bool {
	return slices.ContainsFunc(all, func(other difference) bool { return other.id() == d.id() })
}

// checkDrift compares the account with what the last deployment provisioned, and repairs it if the properties say so. See
// docs/adr/0020-the-schedule-is-the-store.md.
func (t *task) checkDrift(ctx context.Context) result {
	found := &drift{}
	err := t.compare(ctx, found)
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		// What seemed to differ may be that operation's.
		found.skipped, found.findings = "an operation of the stack began during the check", nil
		found.differences = slices.DeleteFunc(found.differences, func(d difference) bool { return !d.repaired })
		return result{drift: found}
	}
	return result{drift: found, err: err}
}

func (t *task) compare(ctx context.Context, found *drift) error {
	d, p, err := t.desired()
	if err != nil {
		return err
	}
	d.isChecked = true
	if verdict, report := t.judge(ctx, d); verdict != cfn.Wanted {
		found.skipped, err = t.unchecked(d, report)
		return err
	}
	role, err := t.surelyKnown(ctx, d)
	if err != nil {
		return err
	}
	if role == nil {
		found.compared = true
		found.differences = []difference{{kind: plan.KindRole, name: d.Role.ARN, action: plan.Create, since: t.now()}}
		return t.stillAtRest(ctx, d)
	}
	out := &outcome{}
	// A refusal of one part is no reason not to report, and to repair, the rest.
	blocked, err := t.look(ctx, d, out, found)
	if err == nil && len(found.differences) > 0 {
		blocked, err = t.lookAgain(ctx, d, out, found)
	}
	if err != nil {
		return err
	}
	known := since(role.Tags)
	for n := range found.differences {
		found.differences[n].since = known.of(found.differences[n], t.now())
	}
	if len(found.differences) > 0 && p.RepairDrift {
		d.roleID = role.ID
		err = t.repair(ctx, d, out, found)
	} else {
		found.findings = t.check(ctx, d.Desired, plan.Plan{}, out, 1)
	}
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		return err
	}
	if err == nil {
		err = blocked
	}
	return errors.Join(t.note(ctx, d, out.observed, role, found.differences), err)
}

// unchecked says why CloudFormation's answer has a check do nothing: an operation is under way, or what the error says.
func (t *task) unchecked(d desired, r cfn.Report) (skipped string, err error) {
	switch {
	case r.NoStack, r.Confirms() && r.ResourceStatus == "":
		return "", fmt.Errorf("CloudFormation knows no resource %s of stack %s. Delete the schedule", t.identity.LogicalID, t.identity.StackID)
	case !r.Confirms(), r.StackStatus == "":
		return "", errors.New("CloudFormation could not be asked whether the stack is at rest. Allow the function " +
			"cloudformation:DescribeStackResource and cloudformation:DescribeStacks")
	case !r.AtRest():
		return "the stack is " + r.StackStatus, nil
	case r.PhysicalID != d.Role.ARN:
		return "", fmt.Errorf("the check is for role %s, and the stack has %s. Give the schedule the properties of the resource",
			d.Role.ARN, r.PhysicalID)
	}
	return "", fmt.Errorf("the resource is %s. Deploy the stack until it is complete", r.ResourceStatus)
}

// surelyKnown is known, asked again after a moment if the role is missing or isn't known.
func (t *task) surelyKnown(ctx context.Context, d desired) (*servicerole.ObservedRole, error) {
	role, err := t.known(ctx, d)
	if role == nil && t.handler.Provisioner.Sleep(ctx, secondLook) == nil {
		role, err = t.known(ctx, d)
	}
	return role, err
}

// known returns the role if it was provisioned as the check expects, or nil if it doesn't exist. It returns an error if the role was
// provisioned differently: a caller who may invoke the function must not be able to apply other properties.
func (t *task) known(ctx context.Context, d desired) (*servicerole.ObservedRole, error) {
	o, err := t.handler.Provisioner.Observe(ctx, t.identity, servicerole.Scope{Role: d.Role.RoleRef})
	switch role := o.Role; {
	case err != nil:
		return nil, err
	case role == nil || role.ARN != d.Role.ARN:
		return nil, nil
	case !t.isOwn(role):
		return nil, fmt.Errorf("the tags of role %s no longer say that it belongs to this resource. Set %s to %s and %s to %s", role.ARN,
			servicerole.TagStackID, t.identity.StackID, servicerole.TagLogicalID, t.identity.LogicalID)
	case d.Digest == "" || servicerole.RecordedDesired(role.Tags) != d.Digest:
		return nil, fmt.Errorf("role %s was last provisioned otherwise than the check would have it: the schedule has other properties than "+
			"the resource, or the function has another RequiredBoundary or version since. Give the schedule the properties of the resource. "+
			"If they are the same, have a deployment provision the role again: %s", role.ARN, redeploy)
	}
	if _, err := t.identity.PastOf(*o.Role, d.AdoptExistingRole, d.RequiredBoundary); err != nil {
		return nil, fmt.Errorf("%w. Its deletion will fail. Restore the description that the function wrote when it adopted the role", err)
	}
	return o.Role, nil
}

// look observes everything, and finds what differs. blocked is the first refusal of the plan.
func (t *task) look(ctx context.Context, d desired, out *outcome, found *drift) (blocked, err error) {
	scope := d.Scope()
	scope.Documents = true
	if out.observed, err = t.handler.Provisioner.Observe(ctx, t.identity, scope); err != nil {
		return nil, err
	}
	todo := d.plan(out.observed)
	seen := d.AsChecked(out.observed)
	found.compared, found.differences = true, differences(plan.Changes(seen, todo.After(seen)))
	if refusal := todo.Refused(false); refusal != nil {
		blocked = errors.New(refusal.Message(false))
	}
	return blocked, nil
}

// lookAgain keeps what still differs after a moment.
func (t *task) lookAgain(ctx context.Context, d desired, out *outcome, found *drift) (blocked, err error) {
	before := found.differences
	if err := t.handler.Provisioner.Sleep(ctx, secondLook); err != nil {
		return nil, err
	}
	blocked, err = t.look(ctx, d, out, found)
	found.differences = slices.DeleteFunc(found.differences, func(is difference) bool { return !isAmong(before, is) })
	return blocked, err
}

// differences names what is there or missing as a whole once, and otherwise each attribute that differs.
func differences(changes []plan.Change) []difference {
	var all []difference
	for _, c := range changes {
		d := difference{kind: c.Kind, name: c.Name, action: c.Action}
		if c.Action != plan.Update {
			all = append(all, d)
			continue
		}
		for _, a := range c.Attributes {
			d.attribute, d.found, d.wanted = a.Name, a.Before, a.After
			all = append(all, d)
		}
	}
	return all
}

// now is the time of the check, as the tag has it.
func (t *task) now() time.Time { return t.handler.Provisioner.Now().UTC().Truncate(time.Second) }

// stillAtRest returns a *staleError if an operation of the stack began.
func (t *task) stillAtRest(ctx context.Context, d desired) error {
	if verdict, _ := t.judge(ctx, d); verdict != cfn.Wanted {
		return &staleError{verdict}
	}
	return nil
}
