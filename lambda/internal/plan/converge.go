package plan

import (
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Converge returns the operations that change what was found into what is desired, or none if there is no difference. Additions come before
// removals.
//
//	found                            | role                                   | customer managed policy
//	nothing                          | create                                 | create, attach
//	this resource's                  | change what differs                    | new version if the document differs; attach if missing
//	this resource's, not desired now | -                                      | detach, delete
//	no resource's                    | refuse; adopt if AdoptExistingRole     | refuse
//	another resource's               | refuse                                 | refuse
//
//	bucket or key                    | desired                                | not desired now
//	without the statement            | merge                                  | -
//	with it                          | merge if it differs                    | remove
//	missing, in another Region       | refuse unless it was there before      | -
//	of another account               | -                                      | -
func Converge(d servicerole.Desired, o servicerole.Observed) Plan {
	c := converger{desired: d.Given(o), observed: o}
	c.refuseTaken()
	if len(c.plan.Refusals) > 0 {
		return c.plan
	}
	c.refuseDropped()
	c.refuseOverflow()
	c.refuseShared()
	c.role()
	c.policy()
	c.attachments()
	c.mergeStatements()
	c.remove()
	c.record()
	return c.plan
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
	// past is that of the role, if it was found and is the resource's own.
	past servicerole.Past
	// untagged are the steps that removed tags early, by ARN.
	untagged map[string][]int
}

func (c *converger) owns(tags map[string]string) bool {
	return c.desired.Identity.OwnerOf(tags) == servicerole.ThisResource
}

func (c *converger) role() {
	want, found := c.desired.Role, c.observed.Role
	switch {
	case found == nil:
		if c.desired.AdoptExistingRole {
			// A role that the function created must not be taken for an adopted one later.
			want.Description += c.desired.CreatedMark()
		}
		c.roleReady = c.add(CreateRole{Role: want})
		return
	case !c.owns(found.Tags):
		c.adopt()
	default:
		// A past that can't be told is reported by Destroy, which needs it.
		c.past, _ = c.desired.Identity.PastOf(*found, c.desired.AdoptExistingRole, c.desired.RequiredBoundary)
		c.tagRole(*found)
	}
	c.describe(*found)
	if !policy.Equivalent(want.Trust, found.Trust) {
		c.add(UpdateTrust{Role: want.RoleRef, Document: want.Trust}, c.roleReady...)
	}
	if want.Boundary != "" && want.Boundary != found.Boundary {
		// What is attached takes effect below it, and may be allowed only below it.
		c.roleReady = c.add(PutBoundary{Role: want.RoleRef, Boundary: want.Boundary}, c.roleReady...)
	}
}

// adopt writes the ownership tags and the past of the role in one call. Until then the role isn't the resource's: everything waits.
func (c *converger) adopt() {
	want, found := c.desired.Role, *c.observed.Role
	if required := c.desired.RequiredBoundary; required != "" && found.Boundary != required {
		c.refuseForeign("Set that boundary on the role, or create a new role.",
			"role %s can't be adopted: its permissions boundary is not %s, "+
				"which the function requires on every role", found.ARN, required)
		return
	}
	snapshot, err := c.desired.Snapshot(found)
	if err != nil {
		c.refuseForeign("Remove tags from the role, or create a new role.", "role %s can't be adopted: %v", found.ARN, err)
		return
	}
	tags := changedTags(want.Tags, found.Tags)
	maps.Copy(tags, snapshot.Tags)
	c.roleReady = c.add(TagRole{Role: want.RoleRef, Tags: tags})
	c.past = servicerole.Past{Adopted: true, Mark: snapshot.Mark, Missing: true}
}

// describe sets the description, which binds an adopted role's past, and the session duration. Nothing else is changed on an adopted role
// before its past is bound.
func (c *converger) describe(found servicerole.ObservedRole) {
	want := c.desired.Role
	want.Description += c.past.Mark
	if want.Description == found.Description && want.MaxSessionDuration == found.MaxSessionDuration {
		return
	}
	step := c.add(UpdateRole{Role: want.RoleRef, Description: want.Description, MaxSessionDuration: want.MaxSessionDuration}, c.roleReady...)
	if c.past.Adopted && c.past.Missing {
		c.roleReady = step
	}
}

func (c *converger) attachments() {
	var attached []string
	if c.observed.Role != nil {
		attached = c.observed.Role.Attached
	}
	for _, arn := range c.desired.AWSManaged {
		if !slices.Contains(attached, arn) {
			c.add(AttachPolicy{Role: c.desired.Role.RoleRef, Policy: arn}, c.roleReady...)
		}
	}
	if want := c.desired.Policy; want != nil && !slices.Contains(attached, want.ARN) {
		c.add(AttachPolicy{Role: c.desired.Role.RoleRef, Policy: want.ARN}, slices.Concat(c.roleReady, c.policyReady)...)
	}
}

// remove takes away what is the resource's own and no longer desired, after everything else is done.
func (c *converger) remove() {
	added := c.all()
	dropped := c.dropStatements(added)
	detached := c.removeFromRole(added)
	for _, found := range c.observed.Policies {
		switch {
		case c.isDesired(found.ARN):
			if keys := c.droppedPolicyTags(found); len(keys) > 0 && c.untagged[found.ARN] == nil {
				c.add(UntagPolicy{Policy: found.PolicyRef, Keys: keys}, added...)
			}
		case c.owns(found.Tags) && len(found.Users) == 0:
			// The policy may be where a key is found again.
			c.deletePolicy(found, slices.Concat(added, detached[found.ARN], dropped))
		}
	}
}

func (c *converger) isDesired(policyARN string) bool {
	return c.desired.Policy != nil && policyARN == c.desired.Policy.ARN
}

// removeFromRole returns the steps that detach, by the policy's ARN.
func (c *converger) removeFromRole(added []int) map[string][]int {
	found := c.observed.Role
	if found == nil {
		return nil
	}
	want := c.desired.Role
	c.untagRole(*found, added)
	if want.Boundary == "" && found.Boundary != "" {
		c.add(DeleteBoundary{Role: want.RoleRef}, added...)
	}
	detached := map[string][]int{}
	for _, arn := range found.Attached {
		governed := slices.Contains(c.desired.Identity.Governed(), arn) && !slices.Contains(c.desired.AWSManaged, arn)
		if governed || c.isDropped(arn) {
			detached[arn] = c.add(DetachPolicy{Role: want.RoleRef, Policy: arn}, added...)
		}
	}
	return detached
}

// isDropped reports whether a policy is the resource's own and no longer desired.
func (c *converger) isDropped(arn string) bool {
	found := c.observed.Policy(arn)
	return found != nil && c.owns(found.Tags) && !c.isDesired(arn)
}

// refuseTaken refuses to touch what isn't the resource's own.
func (c *converger) refuseTaken() {
	c.refuseRole()
	want := c.desired.Policy
	if want == nil {
		return
	}
	if found := c.observed.Policy(want.ARN); found != nil {
		if !c.owns(found.Tags) {
			c.refuseForeign("Choose another PolicyName, or delete that policy if it is no longer needed.", "managed policy %s already exists and %s",
				found.ARN, managedBy(found.Tags))
		}
		return
	}
	for _, found := range c.observed.Policies {
		if strings.EqualFold(found.Name, want.Name) && c.owns(found.Tags) {
			c.refuse("Choose a PolicyName that differs in more than case, or leave it out.",
				"managed policy %s would have to be replaced by %s, and IAM does not allow two policies whose names differ in case only", found.ARN,
				want.ARN)
		}
	}
}

// refuseOverflow refuses a document that has no room for the keys that were found.
func (c *converger) refuseOverflow() {
	if size := c.desired.PolicySize(); size > policy.MaxManagedSize {
		c.refuse("Name fewer prefixes or keys, or spread the buckets over several roles.",
			"with what was found (owners of buckets, keys of their default encryption), the role's own policy would have %d characters, above "+
				"IAM's %d", size,
			policy.MaxManagedSize)
	}
}

// refuseDropped refuses to leave a policy behind that other principals use.
func (c *converger) refuseDropped() {
	for _, p := range c.observed.Policies {
		if !c.isDesired(p.ARN) && c.owns(p.Tags) && len(p.Users) > 0 {
			c.waive("Detach it there, then deploy again.", "managed policy %s is no longer needed but still attached to %s", p.ARN,
				strings.Join(p.Users, ", "))
		}
	}
}

func (c *converger) refuseRole() {
	want, found := c.desired.Role, c.observed.Role
	if found == nil {
		return
	}
	owner := c.desired.Identity.OwnerOf(found.Tags)
	switch {
	case owner == servicerole.ThisResource && found.ARN != want.ARN:
		c.refuse("Change RoleName too, so that the new role can exist beside the old one.",
			"role %s would have to be created, and this resource already has %s. IAM does not allow two roles of one name in an account, "+
				"whatever their paths and the case of their letters", want.ARN, found.ARN)
	case owner == servicerole.AnotherResource:
		c.refuseForeign("Choose another RoleName. If that stack no longer exists, remove the role's tags that start with personalize-role: and "+
			"set AdoptExistingRole to true.",
			"role %s already exists and %s", found.ARN, managedBy(found.Tags))
	case owner == servicerole.NoResource && !c.desired.AdoptExistingRole:
		c.refuseForeign("Choose another RoleName, leave RoleName out, or set AdoptExistingRole to true to adopt the role.",
			"role %s already exists and %s", found.ARN, managedBy(found.Tags))
	case owner == servicerole.NoResource && found.ARN != want.ARN:
		c.refuseForeign("Set Path and RoleName to those of the existing role.", "role %s can't be adopted as %s, because the path or "+
			"the case of the name differs", found.ARN, want.ARN)
	}
}

func managedBy(tags map[string]string) string {
	if stack, ok := tags[servicerole.TagStackID]; ok {
		return "is managed by resource " + tags[servicerole.TagLogicalID] + " of stack " + stack
	}
	return "is not managed by this stack"
}
