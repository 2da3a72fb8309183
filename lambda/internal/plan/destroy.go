package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Destroy returns the operations that remove everything of the resource, in the reverse order of its creation, or none if nothing is left.
// What isn't the resource's own stays.
//
//	found                     | role                                 | customer managed policy         | bucket, key
//	nothing                   | -                                    | -                               | -
//	this resource's, created  | detach, delete last                  | detach, delete versions, delete | remove the statement
//	this resource's, adopted  | what it was before, own tags last    | detach, delete versions, delete | remove the statement
//	not this resource's       | -                                    | -                               | -
func Destroy(r servicerole.Removal, o servicerole.Observed) Plan {
	d := destroyer{goal: r.Given(o), observed: o, detached: map[string][]int{}}
	for _, p := range o.Policies {
		if r.Identity.OwnerOf(p.Tags) == servicerole.ThisResource {
			d.policies = append(d.policies, p)
		}
	}
	d.readPast()
	d.refuseForeign()
	removed := d.removeStatements()
	if len(d.plan.Refusals) > 0 {
		return Plan{Refusals: d.plan.Refusals}
	}
	switch {
	case d.past.Adopted:
		d.giveBack(d.past.Original)
	case d.found() != nil:
		d.remove(removed)
	default:
		d.removePolicies()
	}
	return d.plan
}

type destroyer struct {
	builder
	goal     servicerole.Removal
	observed servicerole.Observed
	past     servicerole.Past
	// policies are the resource's own.
	policies []servicerole.ObservedPolicy
	// detached has the steps that detach, by the policy's ARN; keys are those that remove statements from the policies of keys.
	detached map[string][]int
	keys     []int
}

// found is the role if it is the resource's own.
func (d *destroyer) found() *servicerole.ObservedRole {
	role := d.observed.Role
	if role == nil || role.ARN != d.goal.Role.ARN || d.goal.Identity.OwnerOf(role.Tags) != servicerole.ThisResource {
		return nil
	}
	return role
}

func (d *destroyer) readPast() {
	if d.found() == nil {
		return
	}
	past, err := d.goal.Identity.PastOf(*d.found(), d.goal.MayBeAdopted, d.goal.RequiredBoundary)
	if err != nil {
		d.refuse("If the role existed before, restore it by hand and remove its tags that start with personalize-role:. If it did not, "+
			"remove its tags that start with personalize-role:original-. Then delete again.", "role %s can't be restored: %v", d.goal.Role.Name, err)
	}
	d.past = past
}

func (d *destroyer) refuseForeign() {
	for _, p := range d.policies {
		if len(p.Users) > 0 {
			d.refuse("Detach it there, then delete again.", "managed policy %s is still attached to %s", p.ARN, strings.Join(p.Users, ", "))
		}
	}
	role := d.found()
	if role == nil || d.goal.ForceDetachPolicies || d.past.Adopted {
		return
	}
	var foreign []string
	for _, arn := range role.Attached {
		if !d.isOwn(arn) {
			foreign = append(foreign, arn)
		}
	}
	for _, name := range role.Inline {
		foreign = append(foreign, "inline policy "+name)
	}
	if len(foreign) > 0 {
		d.refuse(fmt.Sprintf("Detach them (aws iam detach-role-policy --role-name %s --policy-arn ARN; for inline policies: "+
			"delete-role-policy --role-name %s "+
			"--policy-name NAME), then delete again. Or set ForceDetachPolicies to true in an update before the deletion.", role.Name, role.Name),
			"role %s has policies that this stack did not attach: %s", role.Name, strings.Join(foreign, ", "))
	}
}

func (d *destroyer) isOwn(arn string) bool {
	return slices.Contains(d.goal.Identity.Governed(), arn) ||
		slices.ContainsFunc(d.policies, func(p servicerole.ObservedPolicy) bool { return p.ARN == arn })
}

// remove deletes a role that the function created, last: while it exists, something of the resource may be elsewhere.
func (d *destroyer) remove(before []int) {
	role := d.found()
	for _, arn := range role.Attached {
		d.detached[arn] = d.add(DetachPolicy{Role: role.RoleRef, Policy: arn})
		before = append(before, d.detached[arn]...)
	}
	for _, name := range role.Inline {
		before = append(before, d.add(DeleteInlinePolicy{Role: role.RoleRef, Name: name})...)
	}
	// A policy that no property names is found through the role only: the role must outlive it.
	before = append(before, d.removePolicies()...)
	d.add(DeleteRole{Role: role.RoleRef}, before...)
}

// removePolicies deletes the resource's policies, and returns the deletions of those that the properties don't name.
func (d *destroyer) removePolicies() []int {
	var unnamed []int
	for _, p := range d.policies {
		// The policy may be where a key is found again.
		deleted := d.deletePolicy(p, slices.Concat(d.detached[p.ARN], d.keys))
		if !slices.Contains(d.goal.Policies, p.PolicyRef) {
			unnamed = append(unnamed, deleted...)
		}
	}
	return unnamed
}

// giveBack restores an adopted role. The description is restored next to last, because its mark binds the past. The tags that hold the past
// are removed last.
func (d *destroyer) giveBack(original servicerole.Original) {
	role := d.found()
	if !policy.Equivalent(original.Trust, role.Trust) {
		d.add(UpdateTrust{Role: role.RoleRef, Document: original.Trust})
	}
	bounded := d.restoreBoundary(original)
	for _, arn := range original.Attached {
		if !slices.Contains(role.Attached, arn) {
			d.add(AttachPolicy{Role: role.RoleRef, Policy: arn}, bounded...)
		}
	}
	for _, arn := range role.Attached {
		if d.isOwn(arn) && !slices.Contains(original.Attached, arn) {
			d.detached[arn] = d.add(DetachPolicy{Role: role.RoleRef, Policy: arn})
		}
	}
	d.removePolicies()
	dropped := d.restoreTags(original)
	if original.Description != role.Description || original.MaxSessionDuration != role.MaxSessionDuration {
		d.add(UpdateRole{Role: role.RoleRef, Description: original.Description, MaxSessionDuration: original.MaxSessionDuration}, d.all()...)
	}
	d.add(UntagRole{Role: role.RoleRef, Keys: dropped}, d.all()...)
}

// restoreBoundary restores the role's old boundary, unless a required one must stay.
func (d *destroyer) restoreBoundary(original servicerole.Original) []int {
	role, want := d.found(), original.Boundary
	if required := d.goal.RequiredBoundary; required != "" && want != required {
		want = required
		d.plan.Warnings = append(d.plan.Warnings, fmt.Sprintf("role %s keeps the permissions boundary %s, which the function "+
			"requires on every role. "+
			"It had another one, or none, when it was adopted. Have an administrator change the boundary if the role needs more.", role.ARN,
			required))
	}
	switch want {
	case role.Boundary:
		return nil
	case "":
		return d.add(DeleteBoundary{Role: role.RoleRef})
	}
	return d.add(PutBoundary{Role: role.RoleRef, Boundary: want})
}

// restoreTags restores the old keys and values of tags, and returns the keys of those that the role didn't have.
func (d *destroyer) restoreTags(original servicerole.Original) (dropped []string) {
	role := d.found()
	dropped = role.OwnTagKeys()
	restored := map[string]string{}
	for _, key := range d.goal.TagKeys {
		was, wasValue, had := servicerole.FindTag(original.Tags, key)
		is, isValue, has := servicerole.FindTag(role.Tags, key)
		switch {
		case had && (was != is || wasValue != isValue):
			restored[was] = wasValue
		case !had && has:
			dropped = append(dropped, is)
		}
	}
	if len(restored) > 0 {
		d.add(TagRole{Role: role.RoleRef, Tags: restored})
	}
	slices.Sort(dropped)
	return dropped
}
