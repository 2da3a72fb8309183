package servicerole

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// Desired is what an event asks for.
type Desired struct {
	Identity Identity
	Role     Role
	// Policy is the customer managed policy for buckets, keys and metrics; nil where there is nothing to allow, since IAM has no
	// empty policy.
	Policy *Policy
	// Sid is that of our statements in the policies of buckets and keys.
	Sid     string
	Buckets []BucketGrant
	Keys    []KeyGrant
	// AWSManaged are the ARNs of the AWS managed policies to attach.
	AWSManaged []string
	// AdoptExistingRole allows to take over a role that no resource of this kind manages.
	AdoptExistingRole bool
	// Formerly is what the same role had by the properties before this event. If they asked for another role, it names only the buckets
	// and keys, which may have been deleted since.
	Formerly Footprint
	// FormerSids are those of other roles of the same resource.
	FormerSids []string
	// Retained are keys that the role's own policy names only until their policies have lost the statement.
	Retained []string
	// HasDefaultKeys says that the role's own policy names keys that no property does: its document has to be read by the next event.
	HasDefaultKeys bool
	// RequiredBoundary is the boundary that every role must have; empty: none has to.
	RequiredBoundary string
	// LeftOut are the keys of those tags of the stack that the role or its policy can't have.
	LeftOut []string
	// Digest is that of what is desired, which the role keeps; empty if it keeps none.
	Digest string

	properties properties.Properties
	policyTags map[string]string
}

// Properties returns those that ask for it.
func (d Desired) Properties() properties.Properties { return d.properties }

// Role is the role as it should be.
type Role struct {
	RoleRef
	Description        string
	MaxSessionDuration int
	Boundary           string
	Trust              string
	Tags               map[string]string
}

// Policy is the customer managed policy as it should be.
type Policy struct {
	PolicyRef
	Document string
	Tags     map[string]string
}

// Scope returns what to observe: what is desired, and what was.
func (d Desired) Scope() Scope {
	s := Scope{Role: d.Role.RoleRef, Policies: slices.Clone(d.Formerly.Policies), Buckets: slices.Clone(d.Formerly.Buckets),
		Keys: slices.Clone(d.Formerly.Keys), StackTags: d.properties.StackTags}
	if d.Policy != nil {
		s.Policies = append(s.Policies, d.Policy.PolicyRef)
	}
	for _, b := range d.Buckets {
		s.Buckets = append(s.Buckets, b.Name)
		if !b.HasKey {
			s.Defaults = append(s.Defaults, b.Name)
		}
	}
	for _, key := range d.Keys {
		if !key.OfOthers {
			s.Keys = append(s.Keys, key.ARN)
		}
	}
	return s.once()
}

// After returns what is desired by an event that follows another state of the resource: its properties and its physical ID.
func (d Desired) After(old properties.Properties, physicalID string) Desired {
	i := d.Identity
	former := i.Footprint(d.Role.RoleRef, old)
	others := []RoleRef{i.Role(old)}
	if role, ok := i.ParseRole(physicalID); ok {
		others = append(others, role)
	}
	for _, role := range others {
		if role != d.Role.RoleRef && !slices.Contains(d.FormerSids, i.Sid(role)) {
			d.FormerSids = append(d.FormerSids, i.Sid(role))
		}
	}
	if i.Role(old) != d.Role.RoleRef {
		// Policies, tags and statements are the other role's.
		former = Footprint{Buckets: former.Buckets, Keys: former.Keys}
	} else {
		// What drift checks noted is outdated.
		former.TagKeys = append(slices.Clone(former.TagKeys), TagRepair, TagDrift)
	}
	d.Formerly = former
	return d
}

// TakingUp adds what a leftover of the same role may have, so that what is no longer desired of it is removed.
func (d Desired) TakingUp(left Removal) Desired {
	f := &d.Formerly
	f.Policies, f.TagKeys = slices.Concat(f.Policies, left.Policies), slices.Concat(f.TagKeys, left.TagKeys)
	f.Buckets, f.Keys, f.Managed = slices.Concat(f.Buckets, left.Buckets), slices.Concat(f.Keys, left.Keys),
		slices.Concat(f.Managed, left.Managed)
	return d
}

// personalizeRoleARN is the pattern of roleArn in the Personalize API, such as
// https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html
var personalizeRoleARN = lazyregexp.Regexp(`^arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)

const maxRoleARN = 256

// New returns what the properties ask for. The error is a *properties.Error about limits that depend on several properties.
func New(i Identity, p properties.Properties) (Desired, error) {
	name, access := i.Role(p), i.access(p)
	for n := range access.Buckets {
		// With a condition the document is longest.
		access.Buckets[n].Account = i.expectedOwner(p)
	}
	d := Desired{
		Identity: i,
		Role: Role{
			RoleRef:            name,
			Description:        p.Description,
			MaxSessionDuration: p.MaxSessionDuration,
			Boundary:           p.PermissionsBoundary,
			Trust:              policy.Trust(i.source(p)).String(),
		},
		AWSManaged:        i.attachments(p),
		AdoptExistingRole: p.AdoptExistingRole,
		Sid:               i.Sid(name),
		properties:        p,
		Buckets:           i.bucketGrants(p, name, access.Buckets),
		Keys:              i.keyGrants(p, name, access.Keys),
	}
	d.tag(Observed{})
	d.allow(access)
	if faults := append(d.faults(p), i.keyFaults(access.Keys)...); len(faults) > 0 {
		return Desired{}, &properties.Error{Faults: faults}
	}
	return d, nil
}

// Below returns what the properties ask for with a boundary that every role must have; empty: none has to. The error is a
// *properties.Error.
func (d Desired) Below(required string) (Desired, error) {
	d.RequiredBoundary = required
	if required == "" {
		return d, nil
	}
	if faults := d.boundaryFaults("the function's RequiredBoundary", required); len(faults) > 0 {
		return Desired{}, &properties.Error{Faults: faults}
	}
	if d.Role.Boundary != "" && d.Role.Boundary != required {
		return Desired{}, &properties.Error{Faults: []string{fmt.Sprintf("%s %s must be %s or be left out, because the function "+
			"provisions roles "+
			"with that boundary only", properties.NamePermissionsBoundary, d.Role.Boundary, required)}}
	}
	d.Role.Boundary = required
	return d, nil
}

// allow has the role's own policy allow something.
func (d *Desired) allow(access policy.Role) {
	d.Policy = nil
	if document := access.Document(); len(document.Statement) > 0 {
		d.Policy = &Policy{PolicyRef: d.Identity.Policy(d.Role.RoleRef, d.properties), Document: document.String(),
			Tags: maps.Clone(d.policyTags)}
	}
}

// expectedOwner is the account that the role's own statements expect buckets to belong to; empty for any. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount
func (i Identity) expectedOwner(p properties.Properties) string {
	if !p.SourceConditions {
		return ""
	}
	return i.AccountID
}

func (i Identity) attachments(p properties.Properties) []string {
	var arns []string
	if p.PersonalizeAccess == properties.PersonalizeFullAccess {
		arns = append(arns, i.awsManaged("service-role/"+properties.PersonalizeFullAccess))
	}
	if attachesCloudWatch(p) {
		arns = append(arns, i.awsManaged(p.CloudWatchAccess))
	}
	return arns
}

// Attachments returns the ARNs of all policies to attach.
func (d Desired) Attachments() []string {
	arns := slices.Clone(d.AWSManaged)
	if d.Policy != nil {
		arns = append(arns, d.Policy.ARN)
	}
	return arns
}

func attachesCloudWatch(p properties.Properties) bool {
	return p.CloudWatchAccess != properties.CloudWatchNone && p.CloudWatchAccess != ""
}

func (d Desired) faults(p properties.Properties) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if arn := d.Role.ARN; len(arn) > maxRoleARN || !personalizeRoleARN().MatchString(arn) {
		fault("%s and %s together make the ARN %s of %d characters; Personalize takes at most %d, of letters, digits and "+
			"_+=,.@-/", properties.NamePath, properties.NameRoleName, arn, len(arn), maxRoleARN)
	}
	if size := policy.Size(d.Role.Trust); size > policy.MaxTrustSize {
		fault("%s make a trust policy of %d characters, above IAM's %d; name fewer, or use *", properties.NameSourceRegions, size,
			policy.MaxTrustSize)
	}
	if size := d.PolicySize(); size > policy.MaxManagedSize {
		fault("%s make a managed policy of %d characters, above IAM's %d; name fewer prefixes or keys, or spread the buckets over several roles",
			properties.NameBuckets, size, policy.MaxManagedSize)
	}
	for _, name := range distinct(bucketNames(p)) {
		if properties.IsLegacyBucketName(name) && d.Identity.Region != properties.LegacyRegion {
			fault("%s %s has a name that only buckets of %s from before March 2018 have, and the stack is in %s", properties.NameBuckets, name,
				properties.LegacyRegion, d.Identity.Region)
		}
	}
	return append(faults, d.boundaryFaults(properties.NamePermissionsBoundary, p.PermissionsBoundary)...)
}

// boundaryFaults refuses a boundary that IAM could only refuse later: one of another partition or account. The name is that of the setting.
func (d Desired) boundaryFaults(name, arn string) []string {
	aws := fmt.Sprintf("arn:%s:iam::aws:policy/", d.Identity.Partition)
	if arn == "" || d.Identity.IsOwnAccountPolicy(arn) || strings.HasPrefix(arn, aws) {
		return nil
	}
	return []string{fmt.Sprintf("%s %s must be a managed policy of this account (arn:%s:iam::%s:policy/...) or of AWS (%s...)",
		name, arn, d.Identity.Partition, d.Identity.AccountID, aws)}
}
