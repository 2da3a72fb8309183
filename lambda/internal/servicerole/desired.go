package servicerole

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// Desired is what an event asks for.
type Desired struct {
	Identity Identity
	Role     Role
	// Policy is the customer managed policy for the data buckets; nil without buckets, since IAM has no empty policy.
	Policy *Policy
	// AWSManaged are the ARNs of the AWS managed policies to attach.
	AWSManaged []string
	// Adopt allows to take over a role that is nobody's.
	Adopt bool
	// Formerly is what the properties before this event asked for.
	Formerly Former
}

// Role is the role as it should be.
type Role struct {
	RoleName
	Description        string
	MaxSessionDuration int
	Boundary           string
	Trust              string
	Tags               map[string]string
}

// Policy is the customer managed policy as it should be.
type Policy struct {
	PolicyName
	Document string
	Tags     map[string]string
}

// Former is what an earlier state of the resource had, and this one may have dropped.
type Former struct {
	// TagKeys are the user's tags.
	TagKeys []string
	// Policies are names of customer managed policies.
	Policies []PolicyName
}

// PolicyNames are the customer managed policies to observe: the one desired, and those that were.
func (d Desired) PolicyNames() []PolicyName {
	names := slices.Clone(d.Formerly.Policies)
	if d.Policy != nil && !slices.Contains(names, d.Policy.PolicyName) {
		names = append(names, d.Policy.PolicyName)
	}
	return names
}

// Former gives what the properties before an update asked for.
func (i Identity) Former(role RoleName, old properties.Properties) Former {
	former := Former{Policies: []PolicyName{i.Policy(role, old)}}
	for _, t := range old.Tags {
		former.TagKeys = append(former.TagKeys, t.Key)
	}
	return former
}

// personalizeRoleARN is the pattern of roleArn in the Personalize API, such as
// https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html
var personalizeRoleARN = regexp.MustCompile(`^arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)

const maxRoleARN = 256

// New gives what the properties ask for. The error is a *properties.Error: limits that only the whole shows.
func New(i Identity, p properties.Properties) (Desired, error) {
	name := i.Role(p)
	d := Desired{
		Identity: i,
		Role: Role{
			RoleName:           name,
			Description:        p.Description,
			MaxSessionDuration: p.MaxSessionDuration,
			Boundary:           p.PermissionsBoundary,
			Trust:              i.trust(p).String(),
			Tags:               i.ownTags(p.Tags),
		},
		AWSManaged: i.attachments(p),
		Adopt:      p.Adopt,
	}
	if len(p.Buckets) > 0 {
		d.Policy = &Policy{PolicyName: i.Policy(name, p), Document: i.bucketAccess(p).String(), Tags: maps.Clone(d.Role.Tags)}
	}
	if faults := d.faults(p); len(faults) > 0 {
		return Desired{}, &properties.Error{Faults: faults}
	}
	return d, nil
}

func (i Identity) trust(p properties.Properties) policy.Document {
	if !p.SourceConditions {
		return policy.Trust(nil)
	}
	regions := p.SourceRegions
	if len(regions) == 0 {
		regions = []string{i.Region}
	}
	return policy.Trust(&policy.Source{Partition: i.Partition, AccountID: i.AccountID, Regions: regions})
}

func (i Identity) bucketAccess(p properties.Properties) policy.Document {
	var names []string
	for _, b := range p.Buckets {
		names = append(names, b.Name)
	}
	slices.Sort(names)
	return policy.BucketAccess(i.Partition, names)
}

func (i Identity) attachments(p properties.Properties) []string {
	var arns []string
	if p.FullAccess {
		arns = append(arns, i.awsManaged("service-role/AmazonPersonalizeFullAccess"))
	}
	if p.CloudWatchAccess != properties.CloudWatchNone && p.CloudWatchAccess != "" {
		arns = append(arns, i.awsManaged(p.CloudWatchAccess))
	}
	return arns
}

func (d Desired) faults(p properties.Properties) []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if arn := d.Role.ARN; len(arn) > maxRoleARN || !personalizeRoleARN.MatchString(arn) {
		fault("%s and %s together make the ARN %s of %d characters; Personalize takes at most %d, of letters, digits and "+
			"_+=,.@-/", properties.NamePath, properties.NameRoleName, arn, len(arn), maxRoleARN)
	}
	if size := policy.Size(d.Role.Trust); size > policy.MaxTrustSize {
		fault("%s make a trust policy of %d characters, above IAM's %d; name fewer, or use *", properties.NameSourceRegions, size,
			policy.MaxTrustSize)
	}
	if d.Policy != nil {
		if size := policy.Size(d.Policy.Document); size > policy.MaxManagedSize {
			fault("%s make a managed policy of %d characters, above IAM's %d; spread the buckets over several roles",
				properties.NameBuckets, size, policy.MaxManagedSize)
		}
	}
	return append(faults, d.boundaryFaults(p.PermissionsBoundary)...)
}

// boundaryFaults refuses a boundary that IAM could only refuse later: one of another partition or account.
func (d Desired) boundaryFaults(arn string) []string {
	aws := fmt.Sprintf("arn:%s:iam::aws:policy/", d.Identity.Partition)
	if arn == "" || d.Identity.IsOwnAccountPolicy(arn) || len(arn) > len(aws) && arn[:len(aws)] == aws {
		return nil
	}
	return []string{fmt.Sprintf("%s %s must be a managed policy of this account (arn:%s:iam::%s:policy/...) or of AWS (%s...)",
		properties.NamePermissionsBoundary, arn, d.Identity.Partition, d.Identity.AccountID, aws)}
}
