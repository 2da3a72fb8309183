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
	// UseDatasetImport is reading by dataset import jobs.
	UseDatasetImport Use = properties.UseDatasetImport
	// UseBatchInference is reading and writing by batch inference and batch segment jobs.
	UseBatchInference Use = properties.UseBatchInference
	// UseDatasetExport is writing by dataset export jobs.
	UseDatasetExport Use = properties.UseDatasetExport
	// UseMetricAttribution is writing the reports of metric attributions.
	UseMetricAttribution Use = properties.UseMetricAttribution
	// UseDataDeletion is reading by data deletion jobs.
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

// Findings says what becomes of what would make Personalize fail later.
type Findings string

// What becomes of findings: they are said, fail the deployment if they are certain, or aren't looked for.
const (
	FindingsWarn Findings = properties.FindingsWarn
	FindingsFail Findings = properties.FindingsFail
	FindingsOff  Findings = properties.FindingsOff
)

// BucketOptions say what Personalize may do with a bucket.
type BucketOptions struct {
	// Uses of the bucket. Default: UseDatasetImport.
	Uses []Use
	// Prefixes are starts of object keys that Personalize may use; a folder ends in /. Default: the whole bucket.
	Prefixes *[]*string
	// ManageBucketPolicy has the function merge a statement into the policy of an imported bucket; to a bucket that this app makes, CDK
	// adds it. Default: true.
	ManageBucketPolicy *bool
	// RequireSourceConditions has the statements of the bucket policy require aws:SourceAccount and aws:SourceArn, also of requests without
	// them. AWS documents no bucket policy with conditions for Personalize. Default: false.
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
	// Uses are those of buckets that name none, and of a role without buckets: UseMetricAttribution needs none. Default: UseDatasetImport.
	Uses []Use
	// Buckets are the data buckets; AddBucket adds more. One bucket may occur again with other prefixes and uses: what they allow adds up.
	// Default: none.
	Buckets []Bucket
	// PolicyName is the name of the managed policy for buckets and keys, 1 to 128 characters. Default: a derived one that starts
	// with PersonalizeS3BucketAccessPolicy-.
	PolicyName *string
	// Keys are the KMS keys of dataset groups. See
	// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
	// CloudFormation replaces the whole policy of a key that it makes whenever that policy changes in the app, the function's
	// statement included: change the role's description in the same deployment, so that the function merges it again.
	// Default: none.
	Keys []awskms.IKey
	// ManageKeyPolicies has the function merge a statement into the policies of the keys. Default: true.
	ManageKeyPolicies *bool
	// SourceConditions lets only Personalize acting for this account assume the role, and use buckets and keys as far as it says for whom it
	// acts; the role may only use buckets that belong to their account. See
	// https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
	// Default: true.
	SourceConditions *bool
	// SourceRegions are the Regions whose Personalize may assume the role, or *. Default: the stack's own.
	SourceRegions *[]*string
	// AdoptExistingRole manages the existing role RoleName, and restores it on deletion. Default: false.
	AdoptExistingRole *bool
	// ForceDetachPolicies detaches, on deletion, policies that others attached to the role. Default: false.
	ForceDetachPolicies *bool
	// StackTags puts the tags of the stack on the role and its managed policy, where CDK's tags have no such key. Default: true.
	StackTags *bool
	// Findings says what becomes of what would make Personalize fail later: it is said, fails the deployment before anything is changed if it
	// is certain, or is not looked for. docs/findings.md explains each. Default: FindingsWarn.
	Findings Findings
	// OrganizationId is the ID of the account's organisation, to judge policies that let in an organisation only. Default: it isn't known.
	OrganizationId *string
	// DriftCheck has the role, its policies and the statements compared with what was deployed, on a schedule. Default: never.
	DriftCheck *DriftCheck
	// Revision is any text; a change of it has the function look at everything again, since CloudFormation sends an event only if a property
	// changes. Default: none.
	Revision *string
	// PropagationDelay is how long to wait, at most 4 minutes, until IAM has propagated a new role or changed permissions. Default: 15
	// seconds.
	PropagationDelay awscdk.Duration
	// RemovalPolicy says what becomes of the role when it is removed from the stack. Default: RemovalPolicy_DESTROY.
	RemovalPolicy awscdk.RemovalPolicy
	// Provider is the function that provisions the role. Default: one that all roles of the stack share.
	Provider Provider
}
