package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"

	"personalize-role/lambda/properties"
)

// Use is what Personalize does with a bucket; see
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
type Use string

// Uses of a bucket.
const (
	// UseDatasetImport lets dataset import jobs read the bucket.
	UseDatasetImport Use = properties.UseDatasetImport
	// UseBatchInference lets batch inference and batch segment jobs read and write the bucket.
	UseBatchInference Use = properties.UseBatchInference
	// UseDatasetExport lets dataset export jobs write to the bucket.
	UseDatasetExport Use = properties.UseDatasetExport
	// UseMetricAttribution lets metric attributions write their reports to the bucket.
	UseMetricAttribution Use = properties.UseMetricAttribution
	// UseDataDeletion lets data deletion jobs read the bucket.
	UseDataDeletion Use = properties.UseDataDeletion
)

// PersonalizeAccess is what the role may do with Personalize itself.
type PersonalizeAccess string

// What the role may do with Personalize itself. See https://docs.aws.amazon.com/personalize/latest/dg/set-up-required-permissions.html
const (
	PersonalizeAccessNone PersonalizeAccess = properties.PersonalizeNone
	// PersonalizeAccessPersonalizeOnly allows personalize:* in the role's own policy, as AWS recommends.
	PersonalizeAccessPersonalizeOnly PersonalizeAccess = properties.PersonalizeOnly
	// PersonalizeAccessFullAccess is AmazonPersonalizeFullAccess.
	PersonalizeAccessFullAccess PersonalizeAccess = properties.PersonalizeFullAccess
)

// CloudWatchAccess is the AWS managed policy for CloudWatch that the role gets.
type CloudWatchAccess string

// AWS managed policies for CloudWatch.
const (
	CloudWatchAccessNone         CloudWatchAccess = properties.CloudWatchNone
	CloudWatchAccessFullAccess   CloudWatchAccess = properties.CloudWatchFullAccess
	CloudWatchAccessFullAccessV2 CloudWatchAccess = properties.CloudWatchFullAccessV2
)

// Findings is what the deployment does about configurations that would make Personalize fail later.
type Findings string

// Values of Findings: report them as warnings, fail the deployment if a finding is certain, or don't look for them.
const (
	FindingsWarn Findings = properties.FindingsWarn
	FindingsFail Findings = properties.FindingsFail
	FindingsOff  Findings = properties.FindingsOff
)

// BucketOptions say what Personalize may do with a bucket.
type BucketOptions struct {
	// Uses of the bucket. Default: UseDatasetImport.
	Uses []Use
	// Prefixes are the prefixes of the object keys that Personalize may use; a folder ends in /. Default: the whole bucket.
	Prefixes *[]*string
	// ManageBucketPolicy makes the function merge a statement into the policy of an imported bucket. If this app creates the bucket, CDK adds
	// the statement. Default: true.
	ManageBucketPolicy *bool
	// RequireSourceConditions makes the statements of the bucket policy require aws:SourceAccount and aws:SourceArn: a request without them is
	// not allowed. AWS documents no bucket policy with conditions for Personalize. Default: false.
	RequireSourceConditions *bool
	// EncryptionKey is the key that the bucket's objects are encrypted with. Default: the bucket's own, as far as CDK knows it.
	EncryptionKey awskms.IKey
}

// Bucket is a data bucket of a role. The fields beside Bucket are those of BucketOptions.
type Bucket struct {
	// Bucket may be new or imported. It must be in the Region of the stack.
	Bucket                  awss3.IBucket
	Uses                    []Use
	Prefixes                *[]*string
	ManageBucketPolicy      *bool
	RequireSourceConditions *bool
	EncryptionKey           awskms.IKey
}

// with returns the bucket with other options.
func (b Bucket) with(o BucketOptions) Bucket {
	return Bucket{
		Bucket: b.Bucket, Uses: o.Uses, Prefixes: o.Prefixes, ManageBucketPolicy: o.ManageBucketPolicy,
		RequireSourceConditions: o.RequireSourceConditions, EncryptionKey: o.EncryptionKey,
	}
}

// DriftCheck compares a role, its policies and the statements with what was deployed. docs/drift.md says what it reports, and where.
type DriftCheck struct {
	// Schedule of the check.
	Schedule awsevents.Schedule
	// Repair restores what others changed. Default: false, which only reports it.
	Repair *bool
	// AlarmTopic is notified of drift, of what would certainly make Personalize fail, and of checks that failed. Default: no alarm.
	AlarmTopic awssns.ITopic
}

// PersonalizeServiceRoleProps are the properties of a PersonalizeServiceRole. All are optional.
type PersonalizeServiceRoleProps struct {
	// RoleName is the name of the role: 1 to 64 characters of letters, digits and _+=,.@-. A change replaces the role. Default:
	// a name that is derived from the stack and starts with PersonalizeRole-.
	RoleName *string
	// Path is the IAM path of the role and of its managed policy; it starts and ends with /. A change replaces the role.
	// Default: /
	Path *string
	// Description of the role, at most 1,000 characters. Default: a sentence.
	Description *string
	// MaxSessionDuration is from 1 to 12 hours. Default: 1 hour.
	MaxSessionDuration awscdk.Duration
	// PermissionsBoundary bounds the role and, unless ProviderProps.PermissionsBoundary says otherwise, the role of the function. See
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
	// Default: none. CDK's own PermissionsBoundary.of, a Stage's PermissionsBoundary and the context key @aws-cdk/core:permissionsBoundary
	// bound both roles as they do every role, whatever the props say.
	PermissionsBoundary awsiam.IManagedPolicy
	// PersonalizeAccess allows the role to call Personalize. Default: PersonalizeAccessFullAccess, which the set-up page of Personalize names:
	// https://docs.aws.amazon.com/personalize/latest/dg/aws-personalize-set-up-permissions.html
	PersonalizeAccess PersonalizeAccess
	// CloudWatchAccess attaches a policy for CloudWatch. Default: CloudWatchAccessNone.
	CloudWatchAccess CloudWatchAccess
	// Uses apply to buckets that name none, and to a role without buckets: UseMetricAttribution needs none. Default: UseDatasetImport.
	Uses []Use
	// Buckets are the data buckets; AddBucket adds more. A bucket may occur several times with different prefixes and uses, which are
	// combined. Default: none.
	Buckets []Bucket
	// PolicyName is the name of the managed policy for buckets and keys, 1 to 128 characters. Default: a derived one that starts
	// with PersonalizeS3BucketAccessPolicy-.
	PolicyName *string
	// Keys are the KMS keys of dataset groups. See
	// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
	// If the app that creates a key changes the key's policy, CloudFormation replaces the whole policy, including the function's statement.
	// Change Revision in the same deployment: then the function merges its statement again.
	// Default: none.
	Keys []awskms.IKey
	// ManageKeyPolicies has the function merge a statement into the policies of the keys. Default: true.
	ManageKeyPolicies *bool
	// SourceConditions lets Personalize assume the role only on behalf of this account. The statements for buckets and keys check the source
	// if the request names one. The role may use a bucket of this account only while this account owns it. See
	// https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
	// Default: true.
	SourceConditions *bool
	// SourceRegions are the Regions whose Personalize may assume the role, or *. Default: the stack's own.
	SourceRegions *[]*string
	// AdoptExistingRole manages the existing role RoleName, and restores it on deletion. Default: false.
	AdoptExistingRole *bool
	// ForceDetachPolicies makes the deletion detach policies that were attached to the role outside of the stack. Default: false.
	ForceDetachPolicies *bool
	// StackTags adds the tags of the stack to the role and its managed policy, except for keys that CDK's tags have. Default: true.
	StackTags *bool
	// Findings is what the deployment does about configurations that would make Personalize fail later: report them as warnings, fail before
	// anything is changed if a finding is certain, or not look for them. docs/findings.md explains each. Default: FindingsWarn.
	Findings Findings
	// OrganizationId is the ID of the account's organisation. It is used to judge policies that allow only an organisation. Default: unknown.
	OrganizationId *string
	// DriftCheck compares the role, its policies and the statements with what was deployed, on a schedule. Default: no check.
	DriftCheck *DriftCheck
	// Revision is any text. A change of it makes the function check everything again, because CloudFormation sends an event only if a property
	// changes. Default: none.
	Revision *string
	// PropagationDelay is how long to wait, at most 4 minutes, until IAM has propagated a new role or changed permissions. Default: 15
	// seconds.
	PropagationDelay awscdk.Duration
	// RemovalPolicy is what happens to the role when it is removed from the stack. Default: RemovalPolicy_DESTROY.
	RemovalPolicy awscdk.RemovalPolicy
	// Provider is the function that provisions the role. Default: one that all roles of the stack share.
	Provider Provider
}
