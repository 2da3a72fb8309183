package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
)

// buildBoundary adds the stack with a permissions boundary for service roles, which administrators deploy. Its managed policy is the
// requiredBoundary of a function. The error names wrong settings.
func buildBoundary(s *settings) error {
	stack := awscdk.NewStack(s.app, jsii.String(s.stackName("personalize-role-boundary")), &awscdk.StackProps{
		Description: jsii.String("Permissions boundary of Amazon Personalize service roles"), Env: environment(),
	})
	scope := permissions.Scope{AccountID: *stack.Account(), Keys: s.list("kmsKeyArns")}
	for _, name := range s.list("bucketNames") {
		scope.Buckets = append(scope.Buckets, fmt.Sprintf("arn:%s:s3:::%s", *stack.Partition(), name))
	}
	policy := awsiam.NewCfnManagedPolicy(stack, jsii.String("Boundary"), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: jsii.String(s.textOr("policyName", "PersonalizeRoleBoundary")),
		Description:       jsii.String("Permissions boundary of Amazon Personalize service roles"),
		PolicyDocument:    permissions.Decoded(permissions.BoundaryStatements(scope)),
	})
	awscdk.NewCfnOutput(stack, jsii.String("PolicyArn"), &awscdk.CfnOutputProps{
		Description: jsii.String("ARN of the managed policy, the requiredBoundary of the function"), Value: policy.Ref(),
	})
	return s.err()
}
