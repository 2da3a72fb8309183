package findings

import (
	"maps"
	"slices"
	"time"

	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/internal/servicerole"
)

// State is what findings are about.
type State struct {
	// Desired is what is asked for, in view of what was found. Observed is what a plan leads to.
	Desired   servicerole.Desired
	Observed  servicerole.Observed
	Inspected servicerole.Inspected
	// Merges are the names of the buckets and the ARNs of the keys whose policies the plan extends.
	Merges []string
	Now    time.Time
}

// Of returns what would make Personalize fail, the worst first.
func Of(s State) []Finding {
	return sorted(slices.Concat(s.ofProperties(), s.ofBuckets(), s.ofKeys(), s.ofDefaultKeys(), s.ofBoundary(), s.ofDeadPrincipals(),
		s.ofTags(), s.ofDenials()))
}

// personalize is what is known of the identities by which Personalize comes.
func (s State) personalize() access.Personalize {
	d := s.Desired
	p := access.Personalize{
		Partition: d.Identity.Partition, Region: d.Identity.Region, Account: d.Identity.AccountID, Role: d.Role.ARN, RoleTags: d.Role.Tags,
		Bounded: d.Role.Boundary != "", Organization: d.Properties().OrganizationID, Now: s.Now,
	}
	if p.Sources = d.Properties().SourceRegions; len(p.Sources) == 0 {
		p.Sources = []string{d.Identity.Region}
	}
	if role := s.Observed.Role; role != nil {
		p.RoleID = role.ID
		// What others put on the role stays.
		p.RoleTags = map[string]string{}
		maps.Copy(p.RoleTags, role.Tags)
		maps.Copy(p.RoleTags, d.Role.Tags)
	}
	return p
}

// asker is one of the two identities.
type asker struct {
	name string
	ask  func(access.Call) access.Request
}

func (s State) askers() []asker {
	p := s.personalize()
	return []asker{{Role, p.AsRole}, {Service, p.AsService}}
}

// ownPolicies are the role's own policies, as far as their documents are known: what AWS's managed ones allow on buckets and keys is
// little.
func (s State) ownPolicies() []access.Policy {
	if s.Desired.Policy == nil {
		return nil
	}
	// The function wrote it.
	p, _ := access.Parse(s.Desired.Policy.Document)
	return []access.Policy{p}
}

// policies are those that decide about a call of an identity.
func (s State) policies(of asker, resource access.Policy, delegated bool) access.Policies {
	p := access.Policies{Resource: resource, Delegated: delegated}
	if of.name == Role {
		// Its boundary has findings of its own.
		p.Identity = s.ownPolicies()
	}
	return p
}
