package servicerole

import (
	"slices"
	"time"

	"personalize-role/lambda/internal/policy"
)

// Scope says what to observe for one custom resource.
type Scope struct {
	Role     RoleRef
	Policies []PolicyRef
	// Buckets are names of S3 buckets; Keys are ARNs of KMS keys of this account.
	Buckets []string
	Keys    []string
	// Defaults are the names of those buckets whose default encryption counts.
	Defaults []string
	// StackTags says that the tags of the stack count.
	StackTags bool
	// New says that the role and the policies are not expected to exist: what IAM says of them beyond that is asked only if they do.
	New bool
	// Documents says that the documents of the policies count, also where a tag says what is in force.
	Documents bool
}

// once returns a list without duplicates.
func (s Scope) once() Scope {
	s.Policies, s.Buckets, s.Keys, s.Defaults = distinct(s.Policies), distinct(s.Buckets), distinct(s.Keys), distinct(s.Defaults)
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
	// Policies are the customer managed policies that exist, of those asked about and of those of this stack that are attached
	// to the role.
	Policies []ObservedPolicy
	// Buckets and Keys are all that were asked about, by name and by ARN.
	Buckets map[string]ObservedShared
	Keys    map[string]ObservedShared
	// StackTags are the tags of the stack, if they were asked for and could be read.
	StackTags map[string]string
}

// Presence says whether the function can reach a bucket or key.
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
	// State is that of a key, such as Enabled. AWSManaged says that it is a key of an AWS service's own.
	State      string
	AWSManaged bool
	// DefaultKey is the key of a bucket's default encryption; nil where there is none, and where it wasn't asked for.
	DefaultKey *DefaultKey
	// Policy is the document; empty where a bucket has none. At is when its reading began.
	Policy string
	At     time.Time
	// Denial is the error of a read that was denied.
	Denial error
}

// Questions are what only findings need: names of buckets, by what to read of them, and the ARN of a permissions boundary.
type Questions struct {
	Payment, Ownership, PublicAccess []string
	Boundary                         string
}

// Without returns the questions that are not among others.
func (q Questions) Without(others Questions) Questions {
	q.Payment = without(q.Payment, others.Payment)
	q.Ownership = without(q.Ownership, others.Ownership)
	q.PublicAccess = without(q.PublicAccess, others.PublicAccess)
	if q.Boundary == others.Boundary {
		q.Boundary = ""
	}
	return q
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(some, name) })
}

// Inspected is what only findings need, as far as it could be read.
type Inspected struct {
	// Answered are the questions that were answered.
	Answered Questions
	// Buckets are the settings of buckets, by name.
	Buckets map[string]BucketSettings
	// Boundary is the document of the desired permissions boundary; empty if it isn't known.
	Boundary string
	// Denials are the errors of reads that were denied.
	Denials []error
}

// BucketSettings are what else decides about access to a bucket. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html and
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
type BucketSettings struct {
	// RequesterPays says that whoever reads pays, and has to say so in each request.
	RequesterPays bool
	// ObjectWriter says that objects belong to the account that wrote them.
	ObjectWriter bool
	// BlocksPublicPolicy says that a public policy is refused.
	BlocksPublicPolicy bool
}

// DefaultKey is the KMS key that a bucket encrypts new objects with. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
type DefaultKey struct {
	// ID is what the bucket's configuration says: the ARN, the ID or an alias of a key. It may be empty for an AWS managed key.
	ID string
	// ARN is that of the key; empty if there is no such key, or it couldn't be told.
	ARN string
	// AWSManaged says that it is aws/s3, whose policy can't be changed.
	AWSManaged bool
	// Denial is the error of a read that was denied, of the configuration or of the key.
	Denial error
}

// HasStatement reports whether a policy that was read has a statement of a family of Sids.
func (s ObservedShared) HasStatement(sid string) bool {
	shared, err := policy.ParseShared(s.Policy)
	return s.Presence == Present && err == nil && shared.Has(sid)
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
