package servicerole

import (
	"slices"

	"personalize-role/lambda/properties"
)

// Footprint is where a resource with certain properties may have left something.
type Footprint struct {
	Role RoleRef
	// Policies are the customer managed policies that the properties name. Others belong to the resource only if their tags say so.
	Policies []PolicyRef
	// Sid is that of the resource's statements in the policies of Buckets and Keys.
	Sid string
	// Buckets are names and Keys are ARNs. Managed are the names and ARNs of those whose policies the properties ask to extend.
	Buckets, Keys, Managed []string
	// TagKeys are the keys of the property Tags.
	TagKeys []string
}

// Footprint returns where a role with these properties may have left something. The properties may be outdated.
func (i Identity) Footprint(role RoleRef, p properties.Properties) Footprint {
	f := Footprint{
		Role: role, Policies: []PolicyRef{i.Policy(role, p)}, Sid: i.Sid(role),
		Buckets: bucketNames(p), Keys: i.ownKeys(p), Managed: i.managed(p),
	}
	for _, tag := range p.Tags {
		f.TagKeys = append(f.TagKeys, tag.Key)
	}
	return f
}

// Scope returns what to observe.
func (f Footprint) Scope() Scope {
	return Scope{Role: f.Role, Policies: f.Policies, Buckets: f.Buckets, Keys: f.Keys}.once()
}

// Removal is the goal of a Delete, and of undoing a Create: nothing of the resource is left.
type Removal struct {
	Identity Identity
	Footprint
	// ForceDetachPolicies allows to detach policies that other principals attached to the role, and to delete inline policies in it.
	ForceDetachPolicies bool
	// MayBeAdopted says that the properties allow adoption.
	MayBeAdopted bool
	// RequiredBoundary is the boundary that a role keeps when it is given back; empty: it gets the one of before.
	RequiredBoundary string
	// ExpectsPolicy says that the properties ask for a customer managed policy.
	ExpectsPolicy bool
}

// Removal returns the removal of a role with these properties, which may be outdated.
func (i Identity) Removal(role RoleRef, p properties.Properties) Removal {
	access := i.access(p)
	return Removal{
		Identity: i, Footprint: i.Footprint(role, p), ForceDetachPolicies: p.ForceDetachPolicies, MayBeAdopted: p.AdoptExistingRole,
		ExpectsPolicy: len(p.Buckets)+len(p.KmsKeyArns) > 0 || access.Metrics || access.Personalize,
	}
}

// With returns the removal with what another one of the same role names beside it.
func (r Removal) With(other Removal) Removal {
	r.Policies, r.TagKeys = distinct(slices.Concat(r.Policies, other.Policies)), distinct(slices.Concat(r.TagKeys, other.TagKeys))
	r.Buckets, r.Keys = distinct(slices.Concat(r.Buckets, other.Buckets)), distinct(slices.Concat(r.Keys, other.Keys))
	r.Managed = distinct(slices.Concat(r.Managed, other.Managed))
	r.ForceDetachPolicies = r.ForceDetachPolicies || other.ForceDetachPolicies
	r.MayBeAdopted, r.ExpectsPolicy = r.MayBeAdopted || other.MayBeAdopted, r.ExpectsPolicy || other.ExpectsPolicy
	return r
}

// Without returns the removal without the policies of another scope, which are the live role's.
func (r Removal) Without(live Scope) Removal {
	r.Policies = slices.DeleteFunc(slices.Clone(r.Policies), func(p PolicyRef) bool { return slices.Contains(live.Policies, p) })
	return r
}
