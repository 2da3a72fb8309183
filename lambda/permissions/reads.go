package permissions

// The actions of the calls that observe, by what they read.
var (
	roleReads   = []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}
	policyReads = []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions"}
	bucketReads = []string{"s3:GetBucketPolicy", "s3:GetEncryptionConfiguration"}
	keyReads    = []string{"kms:GetKeyPolicy"}
	// anyKeyReads are about all keys: which one a bucket encrypts by default with shows only then.
	anyKeyReads = []string{"kms:DescribeKey"}
	stackReads  = []string{"cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"}
	// accountReads show which buckets belong to this account.
	accountReads = []string{"s3:ListAllMyBuckets"}
)
