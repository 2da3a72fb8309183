package deployer

// Calls are the calls that CloudFormation makes with the permissions of the deployer, for one resource type.
type Calls struct {
	Create, Read, Update, Delete []string
	// Unasked are calls that the registry lists too, but that are made only for properties that template.yaml doesn't use.
	Unasked []string
}

// Handlers are the calls for the resource types of template.yaml, as the handlers in their registry schemas list them. A test compares the
// table with the schemas in cfn-lint. See
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html#schema-properties-handlers
var Handlers = map[string]Calls{
	"AWS::Logs::LogGroup": {
		Create: []string{
			"logs:CreateLogGroup", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
			"logs:GetDataProtectionPolicy", "logs:PutRetentionPolicy", "logs:TagResource",
		},
		Read: []string{
			"logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetDataProtectionPolicy",
			"logs:ListTagsForResource",
		},
		Update: []string{
			"logs:AssociateKmsKey", "logs:DeleteRetentionPolicy", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
			"logs:DisassociateKmsKey", "logs:GetDataProtectionPolicy",
			"logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
		},
		Delete: []string{"logs:DeleteLogGroup", "logs:DescribeLogGroups"},
		Unasked: []string{
			"firehose:TagDeliveryStream", "logs:CreateLogDelivery", "logs:DeleteDataProtectionPolicy",
			"logs:DeleteIndexPolicy", "logs:DeleteResourcePolicy", "logs:PutBearerTokenAuthentication",
			"logs:PutDataProtectionPolicy", "logs:PutIndexPolicy", "logs:PutLogGroupDeletionProtection", "logs:PutResourcePolicy",
			"s3:REST.PUT.OBJECT",
		},
	},
	"AWS::CloudWatch::Alarm": {
		Create: []string{
			"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
		},
		Read: []string{"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"},
		Update: []string{
			"cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource",
			"cloudwatch:UntagResource",
		},
		Delete: []string{"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"},
	},
	"AWS::Events::Rule": {
		Create: []string{"events:DescribeRule", "events:PutRule", "events:PutTargets", "events:TagResource"},
		Read:   []string{"events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"},
		Update: []string{
			"events:DescribeRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource",
		},
		Delete: []string{"events:DeleteRule", "events:DescribeRule", "events:ListTargetsByRule", "events:RemoveTargets"},
		// The rule invokes the function without a role.
		Unasked: []string{"iam:PassRole"},
	},
	"AWS::Lambda::Permission": {
		Create: []string{"lambda:AddPermission"},
		Read:   []string{"lambda:GetPolicy"},
		Delete: []string{"lambda:RemovePermission"},
	},
	"AWS::IAM::Role": {
		Create: []string{"iam:CreateRole", "iam:GetRole", "iam:GetRolePolicy", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole"},
		Read: []string{
			"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoleTags",
		},
		Update: []string{
			"iam:DeleteRolePermissionsBoundary", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary",
			"iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
		},
		Delete: []string{
			"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole", "iam:ListAttachedRolePolicies",
			"iam:ListRolePolicies", "iam:TagRole", "iam:UntagRole",
		},
		// The function's role gets no managed policies of its own; NamePermissions and DataPermissions are attached by their own type.
		Unasked: []string{"iam:AttachRolePolicy"},
	},
	"AWS::IAM::ManagedPolicy": {
		Create: []string{"iam:AttachRolePolicy", "iam:CreatePolicy"},
		Read:   []string{"iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"},
		Update: []string{
			"iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion", "iam:DetachRolePolicy", "iam:GetPolicy",
			"iam:ListPolicyVersions",
		},
		Delete: []string{
			"iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DetachRolePolicy", "iam:GetPolicy", "iam:ListEntitiesForPolicy",
			"iam:ListPolicyVersions",
		},
		Unasked: []string{"iam:AttachGroupPolicy", "iam:AttachUserPolicy", "iam:DetachGroupPolicy", "iam:DetachUserPolicy"},
	},
	"AWS::Lambda::Function": {
		Create: []string{
			"iam:PassRole", "lambda:CreateFunction", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
			"lambda:GetFunctionRecursionConfig", "lambda:GetRuntimeManagementConfig", "lambda:TagResource", "s3:GetObject",
		},
		Read: []string{
			"lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionRecursionConfig",
			"lambda:GetFunctionScalingConfig", "lambda:GetRuntimeManagementConfig", "lambda:ListTags",
		},
		Update: []string{
			"iam:PassRole", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionRecursionConfig",
			"lambda:GetRuntimeManagementConfig", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode",
			"lambda:UpdateFunctionConfiguration", "s3:GetObject",
		},
		Delete: []string{"lambda:DeleteFunction", "lambda:GetFunction"},
		Unasked: []string{
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
			"elasticfilesystem:DescribeMountTargets", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
			"lambda:AssociateRuntimeAlias", "lambda:DeleteFunctionCodeSigningConfig", "lambda:DeleteFunctionConcurrency",
			"lambda:GetCodeSigningConfig", "lambda:GetLayerVersion", "lambda:PassCapacityProvider", "lambda:PublishVersion",
			"lambda:PutFunctionCodeSigningConfig", "lambda:PutFunctionConcurrency", "lambda:PutFunctionRecursionConfig",
			"lambda:PutFunctionScalingConfig", "lambda:PutRuntimeManagementConfig", "s3:GetObjectVersion", "s3files:ListMountTargets",
		},
	},
	"AWS::SSM::Parameter": {
		Create: []string{"ssm:AddTagsToResource", "ssm:GetParameters", "ssm:PutParameter"},
		Read:   []string{"ssm:GetParameters", "ssm:ListTagsForResource"},
		Update: []string{"ssm:AddTagsToResource", "ssm:GetParameters", "ssm:PutParameter", "ssm:RemoveTagsFromResource"},
		Delete: []string{"ssm:DeleteParameter"},
	},
	// The registry doesn't have these: CloudFormation invokes the function with the permissions of who deploys.
	"Custom::PersonalizeDigest":      invocation,
	"Custom::PersonalizeServiceRole": invocation,
}

var invocation = Calls{
	Create: []string{"lambda:InvokeFunction"},
	Update: []string{"lambda:InvokeFunction"},
	Delete: []string{"lambda:InvokeFunction"},
}
