package servicerole

import (
	"slices"
	"time"
)

// Scope says what to observe for one custom resource.
type Scope struct {
	Role     RoleRef
	Policies []PolicyRef
	// Buckets are names of S3 buckets; Keys are ARNs of KMS keys of this account.
	Buckets []string
	Keys    []string
}

// once leaves out what stands there twice.
func (s Scope) once() Scope {
	s.Policies, s.Buckets, s.Keys = distinct(s.Policies), distinct(s.Buckets), distinct(s.Keys)
	return s
}

func distinct[T comparable](list []T) []T {
	var once []T
	for _, v := range list {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}

// Observed is what IAM holds at one moment, as far as it concerns one custom resource.
type Observed struct {
	// Role is nil where there is none of that name.
	Role *ObservedRole
	// Policies are the customer managed policies that exist, of those asked about and of those of ours that are attached
	// to the role.
	Policies []ObservedPolicy
	// Buckets and Keys are all that were asked about, by name and by ARN.
	Buckets map[string]ObservedShared
	Keys    map[string]ObservedShared
}

// Presence says how a bucket or key stands to the function.
type Presence int

const (
	// Missing says that there is none of that name.
	Missing Presence = iota
	// Present says that its policy was read.
	Present
	// InAnotherRegion says that it is a bucket in another Region.
	InAnotherRegion
	// InAnotherAccount says that its policy is another account's.
	InAnotherAccount
	// Denied says that the function may not read its policy.
	Denied
)

// isOwnerUnknown reports whether a bucket may be this account's or another's.
func (p Presence) isOwnerUnknown() bool { return p != Present && p != InAnotherAccount }

// IsOwnerUnknown reports whether a bucket may be this account's or another's, of those observed.
func (o Observed) IsOwnerUnknown() bool {
	for _, b := range o.Buckets {
		if b.Presence.isOwnerUnknown() {
			return true
		}
	}
	return false
}

// ObservedShared is a bucket or key whose policy others own.
type ObservedShared struct {
	Presence Presence
	// Region is that of a bucket in another Region.
	Region string
	// State is that of a key, such as Enabled.
	State string
	// Policy is the document; empty where a bucket has none. At is when its reading began.
	Policy string
	At     time.Time
	// Denial is the error of a read that was denied.
	Denial error
}

// ObservedRole is a role as IAM describes it.
type ObservedRole struct {
	RoleRef
	ID                 string
	Created            time.Time
	Description        string
	MaxSessionDuration int
	Boundary           string
	Trust              string
	Tags               map[string]string
	// Attached are the ARNs of the managed policies on the role.
	Attached []string
	// Inline are the names of the inline policies in the role.
	Inline []string
}

// ObservedPolicy is a customer managed policy as IAM describes it.
type ObservedPolicy struct {
	PolicyRef
	Tags map[string]string
	// Recorded is the digest of the document in force, if a tag of ours holds it; otherwise Document is that document, if the
	// policy is ours.
	Recorded, Document string
	// DefaultVersion is the id of the version in force, such as v3.
	DefaultVersion string
	// OtherVersions are the ids of the versions not in force, oldest first.
	OtherVersions []string
	// Users are the entities that others attached it to: "user NAME", "group NAME", "role NAME".
	Users []string
}

// Policy finds an observed policy by its ARN.
func (o Observed) Policy(arn string) *ObservedPolicy {
	for n := range o.Policies {
		if o.Policies[n].ARN == arn {
			return &o.Policies[n]
		}
	}
	return nil
}

// RegionName returns the Region of a bucket in another one, as far as S3 told.
func (s ObservedShared) RegionName() string {
	if s.Region == "" {
		return "another Region"
	}
	return s.Region
}

// IsDoomed reports whether a key waits for its deletion: nothing can be decrypted with it, but its policy can still be changed.
func (s ObservedShared) IsDoomed() bool {
	return s.State == "PendingDeletion" || s.State == "PendingReplicaDeletion"
}
