package servicerole

import "personalize-role/lambda/properties"

// Target is what a Delete is about.
type Target struct {
	Identity Identity
	Role     RoleName
	// Policies are the customer managed policies that the properties name; others are ours only if their tags say so.
	Policies []PolicyName
	// Sid is that of our statements in the policies of Buckets and Keys.
	Sid           string
	Buckets, Keys []string
	// Managed are the names and ARNs of those whose policies the properties ask to extend.
	Managed []string
	// TagKeys are the user's tags, which an adopted role gives up.
	TagKeys []string
	// ForceDetach allows to detach what others attached to the role, and to delete inline policies in it.
	ForceDetach bool
}

// Target gives what the deletion of a role is about, with properties that may be outdated.
func (i Identity) Target(role RoleName, p properties.Properties) Target {
	t := Target{
		Identity: i, Role: role, Policies: []PolicyName{i.Policy(role, p)}, ForceDetach: p.ForceDetach,
		Sid: i.Sid(role), Buckets: bucketNames(p), Keys: i.ownKeys(p), Managed: i.managed(p),
	}
	for _, tag := range p.Tags {
		t.TagKeys = append(t.TagKeys, tag.Key)
	}
	return t
}

// Scope gives what to observe.
func (t Target) Scope() Scope {
	return Scope{Role: t.Role, Policies: t.Policies, Buckets: t.Buckets, Keys: t.Keys}.once()
}

// Doomed gives the role that a Delete of this physical id is about: the id's own where it is the ARN of a role here, and
// otherwise the one that the properties stand for.
func (i Identity) Doomed(physicalID string, p properties.Properties) RoleName {
	if role, ok := i.ParseRole(physicalID); ok {
		return role
	}
	return i.Role(p)
}
