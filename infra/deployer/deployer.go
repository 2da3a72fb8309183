package deployer

import (
	"fmt"

	"personalize-role/lambda/permissions"
)

// Scope says what may be deployed where. Names may have wildcards.
type Scope struct {
	Partition, Region, AccountID string
	// Stack is the stack's name, which the names of its resources start with.
	Stack string
	// Release is the ARN of the objects that the template and the function's zip are read from.
	Release string
	// Parameter is RoleArnParameterName without a slash at its start.
	Parameter string
	// Boundary is the ARN of the managed policy that must bound the function's role (FunctionPermissionsBoundary); empty: none is required.
	// With a boundary, the stack creates no policy for operators, because the boundary would not limit that policy.
	Boundary string
}

// Statements returns the statements for a scope.
func Statements(s Scope) []permissions.Statement {
	role, function := s.iam("role", "FunctionRole"), s.arn("lambda", "function:"+s.Stack+"-Function-*")
	policies := []string{s.iam("policy", "DataPermissions"), s.iam("policy", "NamePermissions")}
	if s.Boundary == "" {
		policies = append(policies, s.iam("policy", "OperatorPolicy"))
	}
	return []permissions.Statement{
		{Sid: "Stack", Resources: []string{s.arn("cloudformation", "stack/"+s.Stack+"/*")}, Actions: []string{
			"cloudformation:CancelUpdateStack", "cloudformation:ContinueUpdateRollback", "cloudformation:CreateChangeSet",
			"cloudformation:CreateStack", "cloudformation:DeleteChangeSet", "cloudformation:DeleteStack",
			"cloudformation:DescribeChangeSet", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResources",
			"cloudformation:DescribeStacks", "cloudformation:ExecuteChangeSet", "cloudformation:GetTemplate", "cloudformation:TagResource",
			"cloudformation:UntagResource", "cloudformation:UpdateStack",
		}},
		{Sid: "StackConsole", Resources: []string{"*"}, Actions: []string{"cloudformation:GetTemplateSummary", "cloudformation:ListStacks"}},
		{Sid: "ReadRelease", Resources: []string{s.Release}, Actions: []string{"s3:GetObject"}},
		{Sid: "Logs", Resources: []string{s.arn("logs", "log-group:"+s.Stack+"-FunctionLogGroup-*")}, Actions: []string{
			"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey",
			"logs:GetDataProtectionPolicy",
			"logs:ListTagsForResource", "logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
		}},
		{Sid: "LookForLogs", Resources: []string{"*"}, Actions: []string{"logs:DescribeIndexPolicies", "logs:DescribeLogGroups",
			"logs:DescribeResourcePolicies"}},
		{Sid: "RoleOfFunction", Resources: []string{role}, Actions: []string{
			"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:GetRole", "iam:GetRolePolicy",
			"iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoleTags", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy",
			"iam:UpdateRole", "iam:UpdateRoleDescription",
		}},
		s.powers(role),
		{
			Sid: "PassRoleToFunction", Resources: []string{role}, Actions: []string{"iam:PassRole"},
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"lambda.amazonaws.com"}}},
		},
		{Sid: "Policies", Resources: policies, Actions: []string{
			"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicy", "iam:GetPolicyVersion",
			"iam:ListEntitiesForPolicy", "iam:ListPolicyVersions",
		}},
		{Sid: "Function", Resources: []string{function}, Actions: []string{
			"lambda:CreateFunction", "lambda:DeleteFunction", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
			"lambda:GetFunctionRecursionConfig", "lambda:GetFunctionScalingConfig", "lambda:GetRuntimeManagementConfig", "lambda:InvokeFunction",
			"lambda:ListTags", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
		}},
		{Sid: "Alarms", Resources: []string{s.arn("cloudwatch", "alarm:"+s.Stack+"-*")}, Actions: []string{
			"cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm",
			"cloudwatch:TagResource", "cloudwatch:UntagResource",
		}},
		{Sid: "DriftChecks", Resources: []string{s.arn("events", "rule/"+s.Stack+"-DriftCheck-*"), function}, Actions: []string{
			"events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule", "events:PutRule",
			"events:PutTargets", "events:RemoveTargets", "events:TagResource", "events:UntagResource", "lambda:AddPermission", "lambda:GetPolicy",
			"lambda:RemovePermission",
		}},
		{Sid: "RoleArnParameter", Resources: []string{s.arn("ssm", "parameter/"+s.Parameter)}, Actions: []string{
			"ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:GetParameters", "ssm:ListTagsForResource", "ssm:PutParameter",
			"ssm:RemoveTagsFromResource",
		}},
	}
}

// powers returns the statement that allows giving the function's role permissions, only below a boundary if there is one.
func (s Scope) powers(role string) permissions.Statement {
	powers := permissions.Statement{Sid: "PowersOfFunction", Resources: []string{role}, Actions: []string{
		"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	}}
	if s.Boundary == "" {
		powers.Actions = append(powers.Actions, "iam:DeleteRolePermissionsBoundary")
		return powers
	}
	powers.Conditions = map[string]map[string][]string{"StringEquals": {"iam:PermissionsBoundary": {s.Boundary}}}
	return powers
}

func (s Scope) arn(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", s.Partition, service, s.Region, s.AccountID, resource)
}

func (s Scope) iam(kind, logicalID string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s/%s-%s-*", s.Partition, s.AccountID, kind, s.Stack, logicalID)
}
