package handler

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// secondLook is the pause before a difference is believed: IAM may show for some seconds what was before a deployment, and who changes a
// policy may be in the middle of it.
const secondLook = 10 * time.Second

// redeploy is what has the next deployment look at everything.
const redeploy = "Change Revision, then deploy."

// drift is what a check found.
type drift struct {
	// skipped says why nothing was checked; empty if something was.
	skipped     string
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

// id stands for the difference in the tag that says since when there is one.
func (d difference) id() string {
	sum := sha256.Sum256([]byte(d.kind + "\n" + d.name + "\n" + d.attribute))
	return fmt.Sprintf("%x", sum[:4])
}

// checkDrift compares the account with the properties of the last deployment, and repairs it if the properties say so. See
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
	if verdict, report := t.judge(ctx, d); verdict != cfn.Wanted {
		found.skipped, err = t.unchecked(d, report)
		return err
	}
	role, err := t.known(ctx, d)
	if err != nil {
		return err
	}
	if role == nil {
		found.differences = []difference{{kind: plan.KindRole, name: d.Role.ARN, action: plan.Create, since: t.now()}}
		return t.stillAtRest(ctx, d)
	}
	out := &outcome{}
	if found.differences, err = t.look(ctx, d, out); err == nil && len(found.differences) > 0 {
		found.differences, err = t.lookAgain(ctx, d, out, found.differences)
	}
	if err != nil {
		return err
	}
	known := since(role.Tags)
	for n := range found.differences {
		found.differences[n].since = known.of(found.differences[n], t.now())
	}
	if len(found.differences) == 0 || !p.RepairDrift {
		found.findings = t.check(ctx, d.Desired, plan.Plan{}, out, 1)
		return t.note(ctx, d, role, found.differences)
	}
	d.roleID = role.ID
	if found.findings, err = t.repair(ctx, d); err != nil {
		return err
	}
	for n := range found.differences {
		found.differences[n].repaired = true
	}
	return t.note(ctx, d, role, found.differences)
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

// known returns the role if it was provisioned with the properties of the check, nil if there is none. The error says that it wasn't:
// whoever may invoke the function must not have properties of their own applied.
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
	case d.Digest == "" || servicerole.RecordedProperties(role.Tags) != d.Digest:
		return nil, fmt.Errorf("the properties of the check are not those with which role %s was last provisioned. Give the schedule the "+
			"properties of the resource. If they are the same, have the next deployment record them: %s", role.ARN, redeploy)
	default:
		return role, nil
	}
}

// look observes everything and returns what differs.
func (t *task) look(ctx context.Context, d desired, out *outcome) ([]difference, error) {
	scope := d.Scope()
	scope.Documents = true
	var err error
	if out.observed, err = t.handler.Provisioner.Observe(ctx, t.identity, scope); err != nil {
		return nil, err
	}
	todo := d.plan(out.observed)
	if refusal := todo.Refused(false); refusal != nil {
		return nil, errors.New(refusal.Message(false))
	}
	return differences(plan.Changes(out.observed, todo.After(out.observed))), nil
}

// lookAgain returns what still differs after a moment.
func (t *task) lookAgain(ctx context.Context, d desired, out *outcome, before []difference) ([]difference, error) {
	if err := t.handler.Provisioner.Sleep(ctx, secondLook); err != nil {
		return nil, err
	}
	now, err := t.look(ctx, d, out)
	return slices.DeleteFunc(now, func(is difference) bool {
		return !slices.ContainsFunc(before, func(was difference) bool { return was.id() == is.id() })
	}), err
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

// firstSeen are the times of the checks that found differences first, by the difference's ID.
type firstSeen map[string]time.Time

// since reads the tag of a role. What can't be read is left out.
func since(tags map[string]string) firstSeen {
	seen := firstSeen{}
	for entry := range strings.FieldsSeq(tags[servicerole.TagDrift]) {
		id, at, _ := strings.Cut(entry, "=")
		if seconds, err := strconv.ParseInt(at, 36, 64); err == nil {
			seen[id] = time.Unix(seconds, 0).UTC()
		}
	}
	return seen
}

func (f firstSeen) of(d difference, now time.Time) time.Time {
	if at, ok := f[d.id()]; ok {
		return at
	}
	return now
}

// note keeps on the role since when there are differences, as far as it has room, and asks a last time whether the stack is still at rest.
func (t *task) note(ctx context.Context, d desired, role *servicerole.ObservedRole, left []difference) error {
	value := ""
	for _, difference := range left {
		entry := fmt.Sprintf("%s=%s ", difference.id(), strconv.FormatInt(difference.since.Unix(), 36))
		if !difference.repaired && len(value)+len(entry) <= servicerole.MaxTagValue {
			value += entry
		}
	}
	value = strings.TrimSpace(value)
	set, unset := map[string]string{}, []string(nil)
	before, noted := role.Tags[servicerole.TagDrift]
	with := map[string]string{servicerole.TagDrift: value}
	switch {
	case value == "" && noted:
		unset = append(unset, servicerole.TagDrift)
	case value != before && servicerole.CountTags(role.Tags, with) <= servicerole.MaxTags:
		set = with
	}
	if _, leased := role.Tags[servicerole.TagRepair]; leased && !leaseOf(role.Tags).holds(t.handler.Provisioner.Now()) {
		// The repair ended without an end.
		unset = append(unset, servicerole.TagRepair)
	}
	t.retag(ctx, plan.Retag(d.Role.RoleRef, set, unset))
	err := t.stillAtRest(ctx, d)
	if err != nil && len(set) > 0 {
		t.retag(ctx, plan.Retag(d.Role.RoleRef, nil, []string{servicerole.TagDrift}))
	}
	return err
}

// retag changes tags that are a help only.
func (t *task) retag(ctx context.Context, todo plan.Plan) {
	if err := t.handler.Provisioner.Session(t.identity).Apply(ctx, todo, servicerole.Observed{}); err != nil {
		t.handler.Log.WarnContext(ctx, "a tag about drift was not written", "cause", err.Error())
	}
}
