package plan

import (
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Converge gives the operations that make what was found what is desired; none where it is so already. What adds comes
// before what takes away. The error is a *Refusal, or that of a bucket or key whose policy couldn't be read.
//
//	found                          | role                           | customer managed policy
//	nothing                        | create                         | create, attach
//	ours                           | change what differs            | new version if the document differs; attach if not
//	ours, and no longer desired    | -                              | detach, delete
//	nobody's                       | refuse; tag, change if Adopt   | refuse
//	another stack's                | refuse                         | refuse
//
//	bucket or key                  | desired                        | no longer desired
//	without our statement          | merge                          | -
//	with it                        | merge if it differs            | take out
//	missing, in another Region     | refuse unless it was there     | -
//	of another account             | -                              | -
func Converge(d servicerole.Desired, o servicerole.Observed) (Plan, error) {
	if err := refuseForeign(d, o); err != nil {
		return Plan{}, err
	}
	c := converger{desired: d, observed: o}
	if err := c.role(); err != nil {
		return Plan{}, err
	}
	c.policy()
	c.attachments()
	c.mergeStatements()
	c.remove()
	c.record()
	return c.plan, nil
}

func refuseForeign(d servicerole.Desired, o servicerole.Observed) error {
	if err := refuseRole(d, o.Role); err != nil {
		return err
	}
	if err := refuseShared(d, o); err != nil {
		return err
	}
	for _, p := range o.Policies {
		dropped := d.Policy == nil || p.ARN != d.Policy.ARN
		if dropped && len(p.Users) > 0 && d.Identity.OwnerOf(p.Tags) == servicerole.Ours {
			return refuse("Detach it there, then deploy again.", "managed policy %s is no longer wanted, but attached to others: %s", p.ARN,
				strings.Join(p.Users, ", "))
		}
	}
	if d.Policy == nil {
		return nil
	}
	found := o.Policy(d.Policy.ARN)
	if found == nil || d.Identity.OwnerOf(found.Tags) == servicerole.Ours {
		return nil
	}
	return refuse("Choose another S3PolicyName, or delete that policy if nobody needs it.",
		"managed policy %s exists already and %s", found.ARN, whose(found.Tags))
}

func refuseRole(d servicerole.Desired, found *servicerole.ObservedRole) error {
	if found == nil {
		return nil
	}
	switch d.Identity.OwnerOf(found.Tags) {
	case servicerole.Ours:
		if found.ARN != d.Role.ARN {
			return refuse("Change RoleName too, so that the new role can exist beside the old one.",
				"role %s is ours, but IAM knows it as %s, and two roles of one name can't exist in an account, whatever their "+
					"paths and the case of their letters", d.Role.ARN, found.ARN)
		}
		return nil
	case servicerole.AnotherStack:
		return refuse("Choose another RoleName. If that stack is gone, remove the role's tags that start with personalize-role: "+
			"and set Adopt to true.", "role %s exists already and %s", found.ARN, whose(found.Tags))
	}
	switch {
	case !d.Adopt:
		return refuse("Choose another RoleName, leave RoleName out, or set Adopt to true to take the role over.",
			"role %s exists already and %s", found.ARN, whose(found.Tags))
	case found.ARN != d.Role.ARN:
		return refuse("Set Path and RoleName to those of the existing role.",
			"role %s can't be adopted as %s", found.ARN, d.Role.ARN)
	}
	return nil
}

func whose(tags map[string]string) string {
	if stack, ok := tags[servicerole.TagStackID]; ok {
		return "belongs to resource " + tags[servicerole.TagLogicalID] + " of stack " + stack
	}
	return "carries no tag that makes it ours"
}

// converger makes one plan. The fields that end in Ready are the steps after which the thing can be used.
type converger struct {
	builder
	desired     servicerole.Desired
	observed    servicerole.Observed
	roleReady   []int
	policyReady []int
	// newVersion is the step that puts a new version of the policy in force.
	newVersion []int
}

func (c *converger) role() error {
	want, found := c.desired.Role, c.observed.Role
	if found == nil {
		c.roleReady = c.add(CreateRole{Role: want})
		return nil
	}
	tags := changedTags(want.Tags, found.Tags)
	if c.desired.Identity.OwnerOf(found.Tags) == servicerole.Nobody {
		snapshot, err := servicerole.Snapshot(*found, c.desired)
		if err != nil {
			return refuse("Remove tags from the role, or create a new role instead.", "role %s can't be adopted: %v", found.ARN, err)
		}
		maps.Copy(tags, snapshot)
		// Until it carries our tags and its own past, the role is somebody else's: everything waits for them.
		c.roleReady = c.add(TagRole{Role: want.RoleName, Tags: tags})
		tags = nil
	}
	if len(tags) > 0 {
		c.add(TagRole{Role: want.RoleName, Tags: tags})
	}
	if !policy.Equivalent(want.Trust, found.Trust) {
		c.add(UpdateTrust{Role: want.RoleName, Document: want.Trust}, c.roleReady...)
	}
	if want.Description != found.Description || want.MaxSessionDuration != found.MaxSessionDuration {
		c.add(UpdateRole{Role: want.RoleName, Description: want.Description, MaxSessionDuration: want.MaxSessionDuration},
			c.roleReady...)
	}
	if want.Boundary != "" && want.Boundary != found.Boundary {
		c.add(PutBoundary{Role: want.RoleName, Boundary: want.Boundary}, c.roleReady...)
	}
	return nil
}

func (c *converger) attachments() {
	var attached []string
	if c.observed.Role != nil {
		attached = c.observed.Role.Attached
	}
	for _, arn := range c.desired.AWSManaged {
		if !slices.Contains(attached, arn) {
			c.add(AttachPolicy{Role: c.desired.Role.RoleName, Policy: arn}, c.roleReady...)
		}
	}
	if want := c.desired.Policy; want != nil && !slices.Contains(attached, want.ARN) {
		c.add(AttachPolicy{Role: c.desired.Role.RoleName, Policy: want.ARN}, slices.Concat(c.roleReady, c.policyReady)...)
	}
}

// remove takes away what was ours and is no longer desired, after everything else is done.
func (c *converger) remove() {
	added := c.all()
	c.dropStatements(added)
	detached := c.removeFromRole(added)
	for _, found := range c.observed.Policies {
		ours := c.desired.Identity.OwnerOf(found.Tags) == servicerole.Ours
		switch {
		case c.desired.Policy != nil && found.ARN == c.desired.Policy.ARN:
			if keys := droppedTags(c.desired, found.Tags); len(keys) > 0 {
				c.add(UntagPolicy{Policy: found.PolicyName, Keys: keys}, added...)
			}
		case ours:
			c.deletePolicy(found, slices.Concat(added, detached[found.ARN]))
		}
	}
}

// removeFromRole gives the steps that detach, by the policy's ARN.
func (c *converger) removeFromRole(added []int) map[string][]int {
	found := c.observed.Role
	if found == nil {
		return nil
	}
	want := c.desired.Role
	c.dropRoleTags(*found, added)
	if want.Boundary == "" && found.Boundary != "" {
		c.add(DeleteBoundary{Role: want.RoleName}, added...)
	}
	detached := map[string][]int{}
	for _, arn := range found.Attached {
		governed := slices.Contains(c.desired.Identity.Governed(), arn) && !slices.Contains(c.desired.AWSManaged, arn)
		if governed || c.isDropped(arn) {
			detached[arn] = c.add(DetachPolicy{Role: want.RoleName, Policy: arn}, added...)
		}
	}
	return detached
}

// dropRoleTags removes tags that were ours; those that an adopted role had before get their old value back.
func (c *converger) dropRoleTags(found servicerole.ObservedRole, added []int) {
	// A past that can't be read is reported by Destroy, which needs it.
	original, _, _ := found.Original()
	var dropped []string
	restored := map[string]string{}
	for _, key := range droppedTags(c.desired, found.Tags) {
		switch was, had := original.Tags[key]; {
		case had && was != found.Tags[key]:
			restored[key] = was
		case had, isWantedInAnotherCase(c.desired, key):
			// IAM takes keys of a role's tags that differ in case only for the same: the new one has replaced it.
		default:
			dropped = append(dropped, key)
		}
	}
	if len(restored) > 0 {
		c.add(TagRole{Role: c.desired.Role.RoleName, Tags: restored}, added...)
	}
	if len(dropped) > 0 {
		c.add(UntagRole{Role: c.desired.Role.RoleName, Keys: dropped}, added...)
	}
}

func isWantedInAnotherCase(d servicerole.Desired, key string) bool {
	for want := range d.Role.Tags {
		if strings.EqualFold(want, key) {
			return true
		}
	}
	return false
}

// isDropped tells whether a policy is ours, and no longer desired.
func (c *converger) isDropped(arn string) bool {
	found := c.observed.Policy(arn)
	return found != nil && c.desired.Identity.OwnerOf(found.Tags) == servicerole.Ours &&
		(c.desired.Policy == nil || arn != c.desired.Policy.ARN)
}

// changedTags gives the tags to write. The version of the function that created a thing stays as it is.
func changedTags(want, found map[string]string) map[string]string {
	tags := map[string]string{}
	for k, v := range want {
		if has, ok := found[k]; !ok || has != v && k != servicerole.TagVersion {
			tags[k] = v
		}
	}
	return tags
}

// droppedTags gives the keys that earlier properties asked for, and these don't. Tags that others added stay.
func droppedTags(d servicerole.Desired, found map[string]string) []string {
	var keys []string
	for _, k := range d.Formerly.TagKeys {
		if _, want := d.Role.Tags[k]; want {
			continue
		}
		if _, has := found[k]; has {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
