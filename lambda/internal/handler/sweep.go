package handler

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// sweepFirst removes the other recorded roles of this resource before anything else, because the event may need their names or delete the
// record. If the event asks for such a role, it takes the role over instead. What can't be removed now is recorded again by sweepLast, and
// fails no event but the deletion of the whole resource. sweepFirst reports whether the observation is outdated.
func (t *task) sweepFirst(ctx context.Context, g goal, out *outcome) (goal, bool, error) {
	d, converging := g.(desired)
	if t.swept {
		return g, false, nil
	}
	holders, err := t.holders(ctx, g, out)
	if err != nil {
		return g, false, err
	}
	changed := false
	for _, holder := range holders {
		if !t.isOwn(holder) {
			continue
		}
		t.swept = true
		for _, leftover := range t.identity.Leftovers(*holder) {
			if converging && leftover.Role == d.Role.RoleRef {
				if !t.isOwn(out.observed.Role) {
					// Tags of a role that is adopted now are those of before.
					leftover.TagKeys = nil
				}
				d = desired{Desired: d.TakingUp(leftover)}
				changed = true
				continue
			}
			if orphan, ok := t.orphan(); ok && orphan.Role == leftover.Role {
				// Another update made the role again, with other properties.
				leftover = leftover.With(orphan)
			}
			if converging && slices.Contains(t.live(d, out), leftover.Role.ARN) || !converging && leftover.Role == g.target() {
				continue
			}
			tried, err := t.removeOrphan(ctx, removal{Removal: leftover.Without(g.Scope()), brief: converging}, out)
			if err != nil && !converging {
				return g, false, err
			}
			changed = changed || tried
		}
	}
	if !converging {
		return g, changed, nil
	}
	if found := out.observed.Role; t.swept && t.isOwn(found) && found.ARN == d.Role.ARN {
		// The record must not take a tag that the event asks for.
		recorded := t.record(ctx, d, found.Tags)
		out.swept = out.swept || recorded
		changed = changed || recorded
	}
	return d, changed, nil
}

// holders returns the roles whose records concern a goal: for an Update the former role and the one that it asks for. The deletion of the
// whole resource follows the record of the live role; the clean-up of a replaced one follows none, because the new role has what is left.
func (t *task) holders(ctx context.Context, g goal, out *outcome) ([]*servicerole.ObservedRole, error) {
	found := out.observed.Role
	if found != nil && found.ARN != g.target().ARN {
		found = nil
	}
	if _, converging := g.(desired); !converging {
		if out.report.PhysicalID != g.target().ARN {
			return nil, nil
		}
		return []*servicerole.ObservedRole{found}, nil
	}
	former, ok := t.identity.ParseRole(t.event.PhysicalResourceID)
	if t.event.RequestType != cfn.Update || !ok || former == g.target() {
		return []*servicerole.ObservedRole{found}, nil
	}
	observed, err := t.handler.Provisioner.Observe(ctx, t.identity, servicerole.Scope{Role: former})
	if observed.Role != nil && observed.Role.ARN != former.ARN {
		observed.Role = nil
	}
	return []*servicerole.ObservedRole{observed.Role, found}, err
}

// live returns the ARNs of roles that CloudFormation knows or will know, which are no orphans.
func (t *task) live(d desired, out *outcome) []string {
	return []string{d.Role.ARN, t.event.PhysicalResourceID, out.report.PhysicalID}
}

// isOwn reports whether a role is there and this resource's.
func (t *task) isOwn(role *servicerole.ObservedRole) bool {
	return role != nil && t.identity.OwnerOf(role.Tags) == servicerole.ThisResource
}

// sweepLast removes a role that an update created if CloudFormation never got the answer. The update that rolls it back names that role
// only in its old properties. What could not be removed is recorded on the live role.
func (t *task) sweepLast(ctx context.Context, d desired, out *outcome) {
	if orphan, ok := t.orphan(); ok && !slices.Contains(t.live(d, out), orphan.Role.ARN) && !orphan.Role.IsNamedLike(d.Role.RoleRef) {
		_, _ = t.removeOrphan(ctx, removal{Removal: orphan.Without(d.Scope())}, out)
	}
	d = desired{Desired: d.Given(out.observed)}
	tags := d.Role.Tags
	if t.isOwn(out.observed.Role) {
		tags = out.observed.Role.Tags
	}
	t.record(ctx, d, tags)
}

// orphan returns the removal of the role that the old properties of an update ask for.
func (t *task) orphan() (servicerole.Removal, bool) {
	if t.event.RequestType != cfn.Update {
		return servicerole.Removal{}, false
	}
	old := properties.Salvage(t.event.OldResourceProperties)
	return t.identity.Removal(t.identity.Role(old), old), true
}

// removeOrphan removes another role of this resource, once in an event, and reports whether it tried. A failure is also a warning, and
// remembered.
func (t *task) removeOrphan(ctx context.Context, orphan removal, out *outcome) (tried bool, err error) {
	if slices.Contains(t.tried, orphan.Role.ARN) {
		return false, nil
	}
	t.tried = append(t.tried, orphan.Role.ARN)
	removed, err := t.reconcile(ctx, orphan, false)
	out.swept = out.swept || removed.Wrote
	if err != nil {
		t.warn(fmt.Sprintf("role %s, which an update left behind when it was rolled back, could not be removed: %v The next update or "+
			"the deletion "+
			"tries again.", orphan.Role.ARN, asSentence(err)))
		t.left = append(t.left, orphan.Removal)
	}
	return true, err
}

// record writes on the live role which other roles are left, if there is room beside its current and its desired tags. It reports whether
// it made a call, because the record changed.
func (t *task) record(ctx context.Context, d desired, tags map[string]string) (recorded bool) {
	all := maps.Clone(d.Role.Tags)
	maps.Copy(all, tags)
	set, unset, fits := servicerole.RecordLeftovers(t.left, all)
	if !fits {
		t.warn(fmt.Sprintf("role %[1]s has no room for a tag that records the role left behind. Remove the role left behind by hand, or remove "+
			"tags from role %[1]s and deploy again.", d.Role.Name))
	}
	if !servicerole.NeedsRecord(set, unset, tags) {
		return false
	}
	if err := t.handler.Provisioner.Session(t.identity).Apply(ctx, plan.Retag(d.Role.RoleRef, set, unset),
		servicerole.Observed{}); err != nil {
		t.warn(fmt.Sprintf("the record of the role left behind could not be written: %v Remove that role by hand.", asSentence(err)))
	}
	return true
}
