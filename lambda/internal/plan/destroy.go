package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Destroy gives the operations that leave nothing of ours, in the reverse order of their making; none where nothing of
// ours is left. What isn't ours stays. The error is a *Refusal: what others attached would have to go too; or it is that of a
// bucket or key whose policy couldn't be read.
//
//	found             | role                                | customer managed policy         | bucket, key
//	nothing           | -                                   | -                               | -
//	ours, created     | detach, delete last                 | detach, delete versions, delete | take the statement out
//	ours, adopted     | what it was before, our tags last   | detach, delete versions, delete | take the statement out
//	not ours          | -                                   | -                               | -
func Destroy(t servicerole.Target, o servicerole.Observed) (Plan, error) {
	d := destroyer{target: t, observed: o, detached: map[string][]int{}}
	for _, p := range o.Policies {
		if t.Identity.OwnerOf(p.Tags) == servicerole.Ours {
			d.policies = append(d.policies, p)
		}
	}
	if err := d.refuse(); err != nil {
		return Plan{}, err
	}
	original, adopted, err := d.role()
	if err != nil {
		return Plan{}, err
	}
	takenOut, err := d.takeOut()
	if err != nil {
		return Plan{}, err
	}
	switch {
	case adopted:
		d.giveBack(original)
	case d.found() != nil:
		d.remove(takenOut)
	default:
		d.removePolicies()
	}
	return d.plan, nil
}

type destroyer struct {
	builder
	target   servicerole.Target
	observed servicerole.Observed
	// policies are ours.
	policies []servicerole.ObservedPolicy
	// detached has the steps that detach, by the policy's ARN.
	detached map[string][]int
}

// found is the role if it is ours.
func (d *destroyer) found() *servicerole.ObservedRole {
	role := d.observed.Role
	if role == nil || role.ARN != d.target.Role.ARN || d.target.Identity.OwnerOf(role.Tags) != servicerole.Ours {
		return nil
	}
	return role
}

func (d *destroyer) role() (servicerole.Original, bool, error) {
	if d.found() == nil {
		return servicerole.Original{}, false, nil
	}
	original, adopted, err := d.found().Original()
	if err != nil {
		return original, adopted, refuse("Set the role right by hand, remove its tags that start with personalize-role:, and "+
			"delete again.", "%v", err)
	}
	return original, adopted, nil
}

func (d *destroyer) refuse() error {
	for _, p := range d.policies {
		if len(p.Users) > 0 {
			return refuse("Detach it there, then delete again.", "managed policy %s is attached to others: %s", p.ARN,
				strings.Join(p.Users, ", "))
		}
	}
	role := d.found()
	if role == nil || d.target.ForceDetach {
		return nil
	}
	if _, adopted, _ := role.Original(); adopted {
		return nil
	}
	var foreign []string
	for _, arn := range role.Attached {
		if !d.isOurs(arn) {
			foreign = append(foreign, arn)
		}
	}
	for _, name := range role.Inline {
		foreign = append(foreign, "inline policy "+name)
	}
	if len(foreign) == 0 {
		return nil
	}
	return refuse(fmt.Sprintf("Detach them (aws iam detach-role-policy --role-name %s --policy-arn ARN; inline ones: "+
		"delete-role-policy --role-name %s --policy-name NAME), then delete again. An update that sets ForceDetach to true before the "+
		"deletion spares you that.", role.Name, role.Name),
		"role %s carries policies that others attached: %s", role.Name, strings.Join(foreign, ", "))
}

func (d *destroyer) isOurs(arn string) bool {
	return slices.Contains(d.target.Identity.Governed(), arn) ||
		slices.ContainsFunc(d.policies, func(p servicerole.ObservedPolicy) bool { return p.ARN == arn })
}

// remove deletes a role that we created, last: as long as it stands, something of ours may be elsewhere.
func (d *destroyer) remove(before []int) {
	role := d.found()
	for _, arn := range role.Attached {
		d.detached[arn] = d.add(DetachPolicy{Role: role.RoleName, Policy: arn})
		before = append(before, d.detached[arn]...)
	}
	for _, name := range role.Inline {
		before = append(before, d.add(DeleteInlinePolicy{Role: role.RoleName, Name: name})...)
	}
	// A policy that no property names is found through the role only: the role must outlive it.
	before = append(before, d.removePolicies()...)
	d.add(DeleteRole{Role: role.RoleName}, before...)
}

// removePolicies deletes our policies, and gives the deletions of those that the properties don't name.
func (d *destroyer) removePolicies() []int {
	var unnamed []int
	for _, p := range d.policies {
		deleted := d.deletePolicy(p, d.detached[p.ARN])
		if !slices.Contains(d.target.Policies, p.PolicyName) {
			unnamed = append(unnamed, deleted...)
		}
	}
	return unnamed
}

// giveBack makes an adopted role what it was. Our tags go last, since they hold what it was.
func (d *destroyer) giveBack(original servicerole.Original) {
	role := d.found()
	if !policy.Equivalent(original.Trust, role.Trust) {
		d.add(UpdateTrust{Role: role.RoleName, Document: original.Trust})
	}
	if original.Description != role.Description || original.MaxSessionDuration != role.MaxSessionDuration {
		d.add(UpdateRole{Role: role.RoleName, Description: original.Description, MaxSessionDuration: original.MaxSessionDuration})
	}
	switch original.Boundary {
	case role.Boundary:
	case "":
		d.add(DeleteBoundary{Role: role.RoleName})
	default:
		d.add(PutBoundary{Role: role.RoleName, Boundary: original.Boundary})
	}
	for _, arn := range original.Attached {
		if !slices.Contains(role.Attached, arn) {
			d.add(AttachPolicy{Role: role.RoleName, Policy: arn})
		}
	}
	for _, arn := range role.Attached {
		if d.isOurs(arn) && !slices.Contains(original.Attached, arn) {
			d.detached[arn] = d.add(DetachPolicy{Role: role.RoleName, Policy: arn})
		}
	}
	d.removePolicies()
	dropped := role.OwnTagKeys()
	restored := map[string]string{}
	for _, key := range d.target.TagKeys {
		was, had := original.Tags[key]
		is, has := role.Tags[key]
		switch {
		case had && was != is:
			restored[key] = was
		case !had && has:
			dropped = append(dropped, key)
		}
	}
	if len(restored) > 0 {
		d.add(TagRole{Role: role.RoleName, Tags: restored})
	}
	slices.Sort(dropped)
	d.add(UntagRole{Role: role.RoleName, Keys: dropped}, d.all()...)
}
