package handler

import (
	"context"
	"fmt"
	"slices"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// sweepFirst removes the other roles that are recorded on the resource's present one, before anything else: the event may need their names,
// or deletes the record. One that the event asks for is taken up instead. What can't be removed now stands in the way of a deletion only.
// It reports whether it changed the goal or the account.
func (t *task) sweepFirst(ctx context.Context, g goal, out *outcome) (goal, bool, error) {
	d, converging := g.(desired)
	present := g.target()
	if former, ok := t.identity.ParseRole(t.event.PhysicalResourceID); ok && converging && t.event.RequestType == cfn.Update {
		present = former
	}
	if slices.Contains(t.swept, present.ARN) {
		return g, false, nil
	}
	found := out.observed.Role
	if present != g.target() {
		observed, err := t.handler.Provisioner.Observe(ctx, t.identity, servicerole.Scope{Role: present})
		if err != nil {
			return g, false, err
		}
		found = observed.Role
	}
	if !t.isOwn(found) || found.ARN != present.ARN {
		return g, false, nil
	}
	t.swept = append(t.swept, present.ARN)
	changed := false
	for _, leftover := range t.identity.Leftovers(*found) {
		switch {
		case leftover.Role == present, leftover.Role.ARN == out.report.PhysicalID:
			// A record that is outdated.
			continue
		case converging && leftover.Role == d.Role.RoleRef && t.isOwn(out.observed.Role):
			d = desired{d.TakingUp(leftover)}
			changed = true
			continue
		}
		wrote, err := t.removeOrphan(ctx, leftover, g)
		if err != nil && !converging {
			return g, false, err
		}
		changed = changed || wrote
	}
	if !converging {
		return g, changed, nil
	}
	recorded, err := t.record(ctx, present, found.Tags)
	return d, changed || recorded, err
}

// isOwn reports whether a role is there and this resource's.
func (t *task) isOwn(role *servicerole.ObservedRole) bool {
	return role != nil && t.identity.OwnerOf(role.Tags) == servicerole.ThisResource
}

// sweepLast removes a role that an update made whose answer never reached CloudFormation: the update that rolls it back names it in its old
// properties only. It records on the live role what could not be removed.
func (t *task) sweepLast(ctx context.Context, d desired, out *outcome) {
	if t.event.RequestType == cfn.Update {
		old := properties.Salvage(t.event.OldResourceProperties)
		orphan := t.identity.Removal(t.identity.Role(old), old)
		live := []string{d.Role.ARN, t.event.PhysicalResourceID, out.report.PhysicalID}
		if !slices.Contains(live, orphan.Role.ARN) && !orphan.Role.IsNamedLike(d.Role.RoleRef) {
			_, _ = t.removeOrphan(ctx, orphan, d)
		}
	}
	tags := d.Role.Tags
	if t.isOwn(out.observed.Role) {
		tags = out.observed.Role.Tags
	}
	if _, err := t.record(ctx, d.Role.RoleRef, tags); err != nil {
		t.warn(err.Error())
	}
}

// removeOrphan removes another role of this resource, without the policies that the goal names too. It reports whether it wrote. A failure
// is also a warning, and remembered.
func (t *task) removeOrphan(ctx context.Context, orphan servicerole.Removal, g goal) (wrote bool, err error) {
	out, err := t.reconcile(ctx, removal{orphan.Without(g.Scope())}, false)
	if err != nil {
		t.warn(fmt.Sprintf("role %s, which an update left behind when it was rolled back, could not be removed: %v The next update or "+
			"the deletion tries again.", orphan.Role.ARN, asSentence(err)))
		t.left = append(t.left, orphan)
	}
	return out.Wrote, err
}

// record writes down on a role which others are left, and reports whether that was a call: only if something changed.
func (t *task) record(ctx context.Context, role servicerole.RoleRef, tags map[string]string) (recorded bool, err error) {
	set, unset, fits := servicerole.RecordLeftovers(t.left, tags)
	if !fits {
		t.warn(fmt.Sprintf("role %s has no tag left to record that. Remove the role by hand, or remove tags and deploy again.", role.Name))
	}
	if !servicerole.NeedsRecord(set, unset, tags) {
		return false, nil
	}
	if err := t.handler.Provisioner.Session(t.identity).Apply(ctx, plan.Retag(role, set, unset), servicerole.Observed{}); err != nil {
		return false, fmt.Errorf("record on role %s what could not be removed: %w", role.Name, err)
	}
	return true, nil
}
