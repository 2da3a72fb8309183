package permissions

// The actions of the calls that observe, by what they read.
var (
	roleReads   = []string{"iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"}
	policyReads = []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy", "iam:ListPolicyVersions"}
	bucketReads = []string{"s3:GetBucketPolicy"}
	keyReads    = []string{"kms:DescribeKey", "kms:GetKeyPolicy"}
	stackReads  = []string{"cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"}
	// accountReads show which buckets belong to this account.
	accountReads = []string{"s3:ListAllMyBuckets"}
)
