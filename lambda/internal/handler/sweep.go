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

// sweep removes other roles of this resource: one that an update made whose answer never reached CloudFormation, which the update that rolls
// it back names in its old properties only, and those that could not be removed earlier. What can't be removed now is recorded on the live
// role, for the next event.
func (t *task) sweep(ctx context.Context, d desired, out *outcome) {
	tags := d.Role.Tags
	var orphans []servicerole.Removal
	if out.observed.Role != nil && t.identity.OwnerOf(out.observed.Role.Tags) == servicerole.ThisResource {
		tags = out.observed.Role.Tags
		orphans = t.identity.Leftovers(*out.observed.Role)
	}
	if t.event.RequestType == cfn.Update {
		old := properties.Salvage(t.event.OldResourceProperties)
		orphans = append(orphans, t.identity.Removal(t.identity.Role(old), old))
	}
	var left []servicerole.Removal
	seen := []string{d.Role.ARN, t.event.PhysicalResourceID, out.report.PhysicalID}
	for _, orphan := range orphans {
		if slices.Contains(seen, orphan.Role.ARN) || orphan.Role.IsNamedLike(d.Role.RoleRef) {
			continue
		}
		seen = append(seen, orphan.Role.ARN)
		// A policy that both name is the live role's.
		if _, err := t.reconcile(ctx, removal{orphan.Without(d.Scope())}, false); err != nil {
			t.warn(fmt.Sprintf("role %s, which an update left behind when it was rolled back, could not be removed: %v The next update or the deletion "+
				"tries again.", orphan.Role.ARN, asSentence(err)))
			left = append(left, orphan)
		}
	}
	t.record(ctx, d, tags, left)
}

// record writes down which roles are left. It is only a call if something changed.
func (t *task) record(ctx context.Context, d desired, tags map[string]string, left []servicerole.Removal) {
	set, unset, fits := servicerole.RecordLeftovers(left, tags)
	if !fits {
		t.warn(fmt.Sprintf("role %s has no tag left to record that. Remove the role by hand, or remove tags and deploy again.", d.Role.Name))
	}
	if !servicerole.NeedsRecord(set, unset, tags) {
		return
	}
	if err := t.handler.Provisioner.Session(t.identity).Apply(ctx, plan.Retag(d.Role.RoleRef, set, unset), servicerole.Observed{}); err != nil {
		t.warn(fmt.Sprintf("what was left behind could not be recorded: %v Remove it by hand.", asSentence(err)))
	}
}
