package fakeaws

import (
	"maps"
	"slices"
	"strings"
)

// Snapshot is the state of an account in a form that can be stored. Later releases are tested against the state that a release left.
type Snapshot struct {
	Roles    []RoleSnapshot
	Policies []PolicySnapshot
	// Buckets and Keys have the policies, by name and by ARN.
	Buckets, Keys map[string]string
}

// RoleSnapshot is a role.
type RoleSnapshot struct {
	Name, Path, ID, Description, Boundary, Trust string
	Session                                      int32
	Tags                                         map[string]string
	Attached                                     []string
	Inline                                       map[string]string `json:",omitempty"`
}

// PolicySnapshot is a customer managed policy; Documents are by the number of their version.
type PolicySnapshot struct {
	Name, Path, ARN, ID string
	Tags                map[string]string
	Documents           map[int]string
	InForce, Newest     int
}

// Snapshot returns the state of the account's own things in eu-west-1.
func (a *Account) Snapshot() Snapshot {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	s := Snapshot{Buckets: map[string]string{}, Keys: map[string]string{}}
	for _, name := range sortedKeys(a.IAM.roles) {
		r := a.IAM.roles[name]
		s.Roles = append(s.Roles, RoleSnapshot{
			Name: r.name, Path: r.path, ID: r.id, Description: r.description, Boundary: r.boundary, Trust: r.trust, Session: r.session,
			Tags: maps.Clone(r.tags), Attached: slices.Clone(r.attached), Inline: maps.Clone(r.inline),
		})
	}
	for _, arn := range sortedKeys(a.IAM.policies) {
		p := a.IAM.policies[arn]
		s.Policies = append(s.Policies, PolicySnapshot{
			Name: p.name, Path: p.path, ARN: p.arn, ID: p.id, Tags: maps.Clone(p.tags), Documents: maps.Clone(p.documents), InForce: p.inForce,
			Newest: p.newest,
		})
	}
	for name, b := range a.S3.buckets {
		s.Buckets[name] = b.policy
	}
	for arn, k := range a.KMS.keys {
		s.Keys[arn] = k.policy
	}
	return s
}

// Restore returns an account with that state.
func Restore(accountID string, s Snapshot) *Account {
	a := New(accountID)
	for _, r := range s.Roles {
		inline := r.Inline
		if inline == nil {
			inline = map[string]string{}
		}
		a.IAM.roles[strings.ToLower(r.Name)] = &role{
			name: r.Name, path: r.Path, id: r.ID, description: r.Description, boundary: r.Boundary, trust: r.Trust, session: r.Session,
			tags: maps.Clone(r.Tags), attached: slices.Clone(r.Attached), inline: inline,
		}
	}
	for _, p := range s.Policies {
		a.IAM.policies[p.ARN] = &managedPolicy{
			name: p.Name, path: p.Path, arn: p.ARN, id: p.ID, tags: maps.Clone(p.Tags), documents: maps.Clone(p.Documents), inForce: p.InForce,
			newest: p.Newest,
		}
	}
	for name, policy := range s.Buckets {
		a.S3.buckets[name] = &bucket{owner: accountID, region: region, policy: policy}
	}
	for arn, policy := range s.Keys {
		a.KMS.keys[arn] = &key{policy: policy}
	}
	return a
}
