package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/personalizerole"
	"personalize-role/lambda/properties"
)

// build adds the stack to the app. The error names wrong settings.
func build(s *settings) error {
	name := s.stackName("personalize-role")
	stack := awscdk.NewStack(s.app, &name, &awscdk.StackProps{
		Description: jsii.String("Amazon Personalize service role, provisioned by a Lambda function behind " +
			"Custom::PersonalizeServiceRole; returns RoleArn"),
		Env: environment(),
	})
	provider := personalizerole.NewProvider(stack, jsii.String("Provider"), providerProps(stack, s))
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), roleProps(stack, s, provider))
	output := func(id, description string, value *string) {
		awscdk.NewCfnOutput(stack, &id, &awscdk.CfnOutputProps{Description: &description, Value: value, ExportName: jsii.String(name + "-" + id)})
	}
	output("RoleArn", "ARN of the Amazon Personalize service role", role.RoleArn())
	output("RoleName", "Name of the Amazon Personalize service role", role.RoleName())
	output("ServiceToken", "ARN of the function, the ServiceToken of Custom::PersonalizeServiceRole in other stacks", provider.ServiceToken())
	switch access := personalizerole.OperatorAccess(s.textOr("createOperatorPolicy", "None")); access {
	case personalizerole.OperatorAccessOperate, personalizerole.OperatorAccessReadOnly, personalizerole.OperatorAccessMonitor:
		policy := personalizerole.NewOperatorPolicy(stack, jsii.String("OperatorPolicy"), role, access)
		output("OperatorPolicyArn", "ARN of the managed policy for the people who work with Amazon Personalize", policy.ManagedPolicyArn())
	}
	if parameter := s.text("roleArnParameterName"); parameter != nil {
		awsssm.NewStringParameter(stack, jsii.String("RoleArnParameter"), &awsssm.StringParameterProps{
			Description: jsii.String("ARN of the Amazon Personalize service role"), ParameterName: parameter, StringValue: role.RoleArn(),
		})
	}
	describe := func(id, description string, value *string) {
		awscdk.NewCfnOutput(stack, &id, &awscdk.CfnOutputProps{Description: &description, Value: value})
	}
	describe("RoleId", "Unique ID of the Amazon Personalize service role in IAM", role.RoleId())
	describe("PolicyArn", "ARN of the customer managed policy; empty if there is nothing to allow", role.PolicyArn())
	describe("FunctionLogGroup", "Log group of the function", provider.LogGroupName())
	describe("Version", "Version of personalize-role", jsii.String(properties.Version))
	describe("RequiredBucketPolicyStatements", "Statements that must be added to bucket policies which the function doesn't change, "+
		"by bucket", role.RequiredBucketPolicyStatements())
	describe("RequiredKeyPolicyStatements", "Statements that must be added to the policies of KMS keys which aren't managed here, by key",
		role.RequiredKeyPolicyStatements())
	describe("Warnings", "What would make Amazon Personalize fail later, a line each", role.Warnings())
	describe("FindingCount", "Number of findings, which are the first of the warnings", role.FindingCount())
	checkBestPractices(s.app)
	return s.err()
}

// environment is the account and Region of the CLI's credentials; none where the CLI doesn't run.
func environment() *awscdk.Environment {
	account, region := os.Getenv("CDK_DEFAULT_ACCOUNT"), os.Getenv("CDK_DEFAULT_REGION")
	if account == "" || region == "" {
		return nil
	}
	return &awscdk.Environment{Account: &account, Region: &region}
}

// providerProps are those of a function that other stacks use by its exported token.
func providerProps(stack awscdk.Stack, s *settings) *personalizerole.ProviderProps {
	var buckets []string
	for _, name := range s.list("additionalBucketNames") {
		buckets = append(buckets, "arn:"+*stack.Partition()+":s3:::"+name)
	}
	props := &personalizerole.ProviderProps{
		Zip:          s.text("functionZip"),
		RolePath:     s.text("functionRolePath"),
		Architecture: personalizerole.Architecture(s.textOr("architecture", string(personalizerole.ArchitectureARM64))),
		AdditionalGrants: &personalizerole.AdditionalGrants{
			RoleNames: jsii.Strings(s.list("additionalRoleNames")...), PolicyNames: jsii.Strings(s.list("additionalPolicyNames")...),
			BucketArns: jsii.Strings(buckets...), KeyArns: jsii.Strings(s.list("additionalKmsKeyArns")...),
		},
	}
	if arn := s.text("logKmsKeyArn"); arn != nil {
		props.LogEncryptionKey = awskms.Key_FromKeyArn(stack, jsii.String("LogKey"), arn)
	}
	props.AlarmTopic = alarmTopic(stack, s, "AlarmTopic")
	if arn := s.policyARN(stack, "requiredBoundary"); arn != nil {
		props.RequiredBoundary = awsiam.ManagedPolicy_FromManagedPolicyArn(stack, jsii.String("RequiredBoundary"), arn)
	}
	if arn := s.policyARN(stack, "functionPermissionsBoundary"); arn != nil {
		props.PermissionsBoundary = awsiam.ManagedPolicy_FromManagedPolicyArn(stack, jsii.String("FunctionBoundary"), arn)
	}
	return props
}

// alarmTopic is the topic for alarms; nil if none is set.
func alarmTopic(stack awscdk.Stack, s *settings, id string) awssns.ITopic {
	if arn := s.text("alarmTopicArn"); arn != nil {
		return awssns.Topic_FromTopicArn(stack, &id, arn)
	}
	return nil
}

func roleProps(stack awscdk.Stack, s *settings, provider personalizerole.Provider) *personalizerole.PersonalizeServiceRoleProps {
	props := &personalizerole.PersonalizeServiceRoleProps{
		Provider: provider, RoleName: s.text("roleName"), Path: s.text("path"), PolicyName: s.text("policyName"),
		Description:       s.text("description"),
		PersonalizeAccess: personalizerole.PersonalizeAccess(s.textOr("personalizeAccess", "")),
		CloudWatchAccess:  personalizerole.CloudWatchAccess(s.textOr("cloudWatchAccess", "")),
		SourceConditions:  s.flag("sourceConditions"), MaxSessionDuration: s.duration("maxSessionDuration"),
		PropagationDelay:  s.duration("propagationDelaySeconds"),
		AdoptExistingRole: s.flag("adoptExistingRole"), ForceDetachPolicies: s.flag("forceDetachPolicies"),
		ManageKeyPolicies: s.flag("manageKeyPolicies"), StackTags: s.flag("stackTags"), Revision: s.text("revision"),
		Findings: personalizerole.Findings(s.textOr("findings", "")), OrganizationId: s.text("organizationId"),
	}
	if schedule := s.text("driftCheckSchedule"); schedule != nil {
		props.DriftCheck = &personalizerole.DriftCheck{Schedule: awsevents.Schedule_Expression(schedule), Repair: s.flag("repairDrift"),
			AlarmTopic: alarmTopic(stack, s, "DriftAlarmTopic")}
	} else if repair := s.flag("repairDrift"); repair != nil && *repair {
		s.fault("repairDrift", "true", "false without driftCheckSchedule")
	}
	if regions := s.list("sourceRegions"); regions != nil {
		props.SourceRegions = jsii.Strings(regions...)
	}
	if arn := s.policyARN(stack, "permissionsBoundary"); arn != nil {
		props.PermissionsBoundary = awsiam.ManagedPolicy_FromManagedPolicyArn(stack, jsii.String("Boundary"), arn)
	}
	var uses []personalizerole.Use
	for _, use := range s.list("uses") {
		uses = append(uses, personalizerole.Use(use))
	}
	props.Uses = uses
	for n, name := range s.list("bucketNames") {
		bucket := awss3.Bucket_FromBucketName(stack, jsii.String(fmt.Sprint("Bucket", n)), &name)
		props.Buckets = append(props.Buckets, personalizerole.Bucket{Bucket: bucket})
	}
	for n, arn := range s.list("kmsKeyArns") {
		props.Keys = append(props.Keys, awskms.Key_FromKeyArn(stack, jsii.String(fmt.Sprint("Key", n)), &arn))
	}
	return props
}
