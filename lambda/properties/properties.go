package properties

import "slices"

// ResourceType is the type of the custom resource in a template.
const ResourceType = "Custom::PersonalizeServiceRole"

// RequiredBoundaryVariable is the environment variable of the function with the ARN of the managed policy that must bound every role.
const RequiredBoundaryVariable = "PERSONALIZE_ROLE_REQUIRED_BOUNDARY"

// DigestType is the type of a custom resource that creates nothing. Its Ref is a digest of its property Content, which may be any value:
// another resource that uses the Ref is replaced when the content changes, however long the content is.
const (
	DigestType  = "Custom::PersonalizeDigest"
	NameContent = "Content"
	// DigestLength is the length of the Ref, in hexadecimal digits.
	DigestLength = 32
)

// Attributes that Fn::GetAtt reads from the resource. Ref returns the role's ARN.
const (
	AttrRoleArn                        = "RoleArn"
	AttrRoleName                       = "RoleName"
	AttrRoleID                         = "RoleId"
	AttrPolicyArn                      = "PolicyArn"
	AttrRequiredBucketPolicyStatements = "RequiredBucketPolicyStatements"
	AttrRequiredKeyPolicyStatements    = "RequiredKeyPolicyStatements"
	AttrWarnings                       = "Warnings"
	AttrFindingCount                   = "FindingCount"
)

// Values of Findings: warn of what would make Personalize fail, fail the deployment before anything is changed, or don't look for it.
const (
	FindingsWarn = "Warn"
	FindingsFail = "Fail"
	FindingsOff  = "Off"
)

// Values of PersonalizeAccess; PersonalizeFullAccess is the name of an AWS managed policy, and PersonalizeOnly what AWS recommends
// instead. See https://docs.aws.amazon.com/personalize/latest/dg/set-up-required-permissions.html
const (
	PersonalizeNone       = "None"
	PersonalizeOnly       = "PersonalizeOnly"
	PersonalizeFullAccess = "AmazonPersonalizeFullAccess"
)

// Values of CloudWatchAccess; each but CloudWatchNone is the name of an AWS managed policy.
const (
	CloudWatchNone         = "None"
	CloudWatchFullAccess   = "CloudWatchFullAccess"
	CloudWatchFullAccessV2 = "CloudWatchFullAccessV2"
)

// Uses of a bucket, the values of Uses. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
const (
	// UseDatasetImport lets dataset import jobs read the bucket.
	UseDatasetImport = "DatasetImport"
	// UseBatchInference lets batch inference and batch segment jobs read and write the bucket.
	UseBatchInference = "BatchInference"
	// UseDatasetExport lets dataset export jobs write to the bucket.
	UseDatasetExport = "DatasetExport"
	// UseMetricAttribution lets metric attributions write their reports to the bucket.
	UseMetricAttribution = "MetricAttribution"
	// UseDataDeletion lets data deletion jobs read the bucket.
	UseDataDeletion = "DataDeletion"
)

// Uses lists the uses in the order of the documentation.
func Uses() []string {
	return []string{UseDatasetImport, UseBatchInference, UseDatasetExport, UseMetricAttribution, UseDataDeletion}
}

// S3Actions returns the actions that uses need, on the role and on the bucket. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html and
// https://docs.aws.amazon.com/personalize/latest/dg/metric-attribution-requirements.html
func S3Actions(uses []string) []string {
	var actions []string
	for _, action := range []string{ActionGet, ActionList, ActionPut} {
		if slices.ContainsFunc(uses, func(use string) bool { return slices.Contains(UsesOf(action), use) }) {
			actions = append(actions, action)
		}
	}
	return actions
}

// UsesOf returns the uses that need one of S3Actions.
func UsesOf(action string) []string {
	switch action {
	case ActionGet:
		return []string{UseDatasetImport, UseDataDeletion, UseBatchInference}
	case ActionList:
		return []string{UseDatasetImport, UseDataDeletion, UseBatchInference, UseDatasetExport}
	case ActionPut:
		return []string{UseBatchInference, UseDatasetExport, UseMetricAttribution}
	}
	return nil
}

// Actions of S3; only ActionList is about the bucket itself.
const (
	ActionGet  = "s3:GetObject"
	ActionList = "s3:ListBucket"
	ActionPut  = "s3:PutObject"
)

// Defaults of properties that a template leaves out.
const (
	DefaultDescription             = "Service role that Amazon Personalize assumes"
	DefaultMaxSessionDuration      = 3600
	DefaultPath                    = "/"
	DefaultPropagationDelaySeconds = 15
)

// OwnTagPrefix starts the keys of the tags by which the function recognises what it owns.
const OwnTagPrefix = "personalize-role:"

// Properties are the properties of one service role, with the defaults filled in. Marshalled as JSON they are what a
// template's Properties section holds, ServiceToken and ServiceTimeout aside.
type Properties struct {
	// RoleName is the role's name: 1 to 64 characters of letters, digits and _+=,.@-. Empty: a name that starts with
	// PersonalizeRole- is derived from the stack, so that stacks and Regions don't collide. A change replaces the role.
	RoleName string `json:"RoleName,omitempty"`
	// Path is the IAM path of the role and of its customer managed policy. It starts and ends with / and holds only
	// characters that Personalize accepts in a role ARN, which is narrower than what IAM does. A change replaces the role.
	Path string `json:"Path,omitempty"`
	// Description is the role's description: at most 1,000 characters.
	Description string `json:"Description,omitempty"`
	// MaxSessionDuration is in seconds, 3600 to 43200.
	MaxSessionDuration int `json:"MaxSessionDuration,omitempty"`
	// PermissionsBoundary is the ARN of the managed policy that bounds the role.
	PermissionsBoundary string `json:"PermissionsBoundary,omitempty"`
	// Tags are put on the role and on its customer managed policy.
	Tags []Tag `json:"Tags,omitempty"`
	// StackTags adds the tags of the stack to the role and its managed policy, except for keys that Tags has; the default is true. They are
	// added and changed, but never removed. A role that existed before gets none.
	StackTags bool `json:"StackTags"`
	// PersonalizeAccess is AmazonPersonalizeFullAccess, to attach the policy that the set-up page names; PersonalizeOnly, to allow
	// personalize:* in the role's own policy, as AWS recommends instead; or None.
	PersonalizeAccess string `json:"PersonalizeAccess,omitempty"`
	// CloudWatchAccess is None, CloudWatchFullAccess or CloudWatchFullAccessV2.
	CloudWatchAccess string `json:"CloudWatchAccess,omitempty"`
	// PolicyName is the name of the customer managed policy for buckets, keys and metrics: 1 to 128 characters of letters,
	// digits and _+=,.@-. Empty: a name that starts with PersonalizeS3BucketAccessPolicy- is derived from the role.
	PolicyName string `json:"PolicyName,omitempty"`
	// Buckets are the data buckets. An entry is a name, an ARN, or an object of the fields of Bucket. Entries may name one bucket with
	// different prefixes and uses: what they allow adds up.
	Buckets []Bucket `json:"Buckets,omitempty"`
	// Uses are the uses of buckets that name none themselves; DatasetImport unless said otherwise. MetricAttribution needs no bucket.
	Uses []string `json:"Uses,omitempty"`
	// KmsKeyArns are the ARNs of KMS keys that dataset groups are encrypted with, in the stack's Region. See
	// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
	KmsKeyArns []string `json:"KmsKeyArns,omitempty"`
	// ManageKeyPolicies merges a statement into the policy of each key of this account; true unless said otherwise.
	ManageKeyPolicies bool `json:"ManageKeyPolicies"`
	// SourceConditions adds aws:SourceAccount and aws:SourceArn to the trust policy. It also adds them to the statements for buckets and keys,
	// in a form that is checked only if the request sends them. The role's own statements for buckets of this account get aws:ResourceAccount.
	// The default is true. See
	// https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
	SourceConditions bool `json:"SourceConditions"`
	// SourceRegions are the Regions whose Personalize may assume the role, or * for all; empty: the stack's own.
	SourceRegions []string `json:"SourceRegions,omitempty"`
	// ForceDetachPolicies makes a Delete detach policies, and delete inline policies, that were added to the role outside of the stack.
	ForceDetachPolicies bool `json:"ForceDetachPolicies"`
	// AdoptExistingRole adopts the existing role named RoleName, and restores it on Delete.
	AdoptExistingRole bool `json:"AdoptExistingRole"`
	// PropagationDelaySeconds is how long to wait, 0 to 240, after the trust or the permissions changed, until the role is reported
	// as usable: IAM propagates such changes to Personalize within seconds.
	PropagationDelaySeconds int `json:"PropagationDelaySeconds"`
	// Findings is Warn, to report what would make Personalize fail later; Fail, to fail before anything is changed if a finding is certain; or
	// Off. The codes are in docs/findings.md.
	Findings string `json:"Findings,omitempty"`
	// OrganizationID is the ID of the account's organisation, such as o-a1b2c3d4e5. It is used only for findings about policies that allow
	// only an organisation, which are uncertain without it.
	OrganizationID string `json:"OrganizationId,omitempty"`
	// DriftCheckSchedule is how often an EventBridge rule makes the function compare the account with these properties, such as rate(1 day).
	// The rule is another resource of the stack. Empty: the function accepts no drift check for the role. See
	// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
	DriftCheckSchedule string `json:"DriftCheckSchedule,omitempty"`
	// RepairDrift makes a drift check restore what was changed outside of the stack. Without it, a check only reports.
	RepairDrift bool `json:"RepairDrift"`
	// Revision is any text, of at most 256 characters. A change of it makes the function check everything again, because CloudFormation sends
	// an event only if a property changes.
	Revision string `json:"Revision,omitempty"`
}

// Tag is a tag of the role: key of 1 to 128 characters, value of 0 to 256. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
type Tag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// Bucket is a data bucket.
type Bucket struct {
	// Name is the bucket's name, without the ARN's prefix.
	Name string `json:"Name"`
	// Uses are DatasetImport, BatchInference, DatasetExport, MetricAttribution and DataDeletion; empty in a template: those of the resource.
	Uses []string `json:"Uses,omitempty"`
	// Prefixes narrow the access to objects whose keys start so; a folder ends in /. Empty: the whole bucket.
	Prefixes []string `json:"Prefixes,omitempty"`
	// ManageBucketPolicy merges a statement into the bucket policy; true unless said otherwise.
	ManageBucketPolicy bool `json:"ManageBucketPolicy"`
	// RequireSourceConditions has that statement require aws:SourceAccount and aws:SourceArn, also of requests without them. AWS documents
	// no bucket policy with conditions for Personalize.
	RequireSourceConditions bool `json:"RequireSourceConditions,omitempty"`
	// KmsKeyArn is the ARN of the KMS key that the bucket's objects are encrypted with.
	KmsKeyArn string `json:"KmsKeyArn,omitempty"`
}

// Names of the fields of Bucket.
const (
	FieldName                    = "Name"
	FieldUses                    = "Uses"
	FieldPrefixes                = "Prefixes"
	FieldManageBucketPolicy      = "ManageBucketPolicy"
	FieldRequireSourceConditions = "RequireSourceConditions"
	FieldKmsKeyArn               = "KmsKeyArn"
)

// BucketFields lists the fields of Bucket in the order of the documentation.
func BucketFields() []string {
	return []string{FieldName, FieldUses, FieldPrefixes, FieldManageBucketPolicy, FieldRequireSourceConditions, FieldKmsKeyArn}
}

// Names of the properties, as templates spell them.
const (
	NameRoleName                = "RoleName"
	NamePath                    = "Path"
	NameDescription             = "Description"
	NameMaxSessionDuration      = "MaxSessionDuration"
	NamePermissionsBoundary     = "PermissionsBoundary"
	NameTags                    = "Tags"
	NameStackTags               = "StackTags"
	NamePersonalizeAccess       = "PersonalizeAccess"
	NameCloudWatchAccess        = "CloudWatchAccess"
	NamePolicyName              = "PolicyName"
	NameBuckets                 = "Buckets"
	NameUses                    = "Uses"
	NameKmsKeyArns              = "KmsKeyArns"
	NameManageKeyPolicies       = "ManageKeyPolicies"
	NameSourceConditions        = "SourceConditions"
	NameSourceRegions           = "SourceRegions"
	NameForceDetachPolicies     = "ForceDetachPolicies"
	NameAdoptExistingRole       = "AdoptExistingRole"
	NamePropagationDelaySeconds = "PropagationDelaySeconds"
	NameFindings                = "Findings"
	NameOrganizationID          = "OrganizationId"
	NameDriftCheckSchedule      = "DriftCheckSchedule"
	NameRepairDrift             = "RepairDrift"
	NameRevision                = "Revision"

	nameServiceToken   = "ServiceToken"
	nameServiceTimeout = "ServiceTimeout"
)

// Names lists every property of the resource in the order of the documentation, those aside that CloudFormation itself
// reads (ServiceToken, ServiceTimeout).
func Names() []string {
	return []string{
		NameRoleName, NamePath, NameDescription, NameMaxSessionDuration, NamePermissionsBoundary, NameTags, NameStackTags,
		NamePersonalizeAccess, NameCloudWatchAccess, NamePolicyName, NameBuckets, NameUses, NameKmsKeyArns, NameManageKeyPolicies,
		NameSourceConditions, NameSourceRegions, NameForceDetachPolicies, NameAdoptExistingRole, NamePropagationDelaySeconds,
		NameFindings, NameOrganizationID, NameDriftCheckSchedule, NameRepairDrift, NameRevision,
	}
}
