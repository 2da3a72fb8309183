package permissions

// The actions of the calls that observe, by what they read.
var (
	roleReads   = []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}
	policyReads = []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions"}
	bucketReads = []string{"s3:GetBucketPolicy", "s3:GetEncryptionConfiguration"}
	// findingReads are for findings only, which leave out what is denied.
	findingReads = []string{"s3:GetBucketOwnershipControls", "s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment"}
	// boundaryReads are about AWS's managed policies, which may be permissions boundaries.
	boundaryReads = []string{"iam:GetPolicy", "iam:GetPolicyVersion"}
	keyReads      = []string{"kms:GetKeyPolicy"}
	// anyKeyReads are about all keys: which one a bucket encrypts by default with shows only then.
	anyKeyReads = []string{"kms:DescribeKey"}
	stackReads  = []string{"cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"}
	// accountReads show which buckets belong to this account.
	accountReads = []string{"s3:ListAllMyBuckets"}
)
