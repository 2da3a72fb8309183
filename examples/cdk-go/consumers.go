package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/personalizerole"
)

const parameterName = "/personalize/role-arn"

// newRoleStack has the role, an export of its ARN by name, and an SSM parameter with it.
func newRoleStack(app awscdk.App, zip *string) personalizerole.PersonalizeServiceRole {
	stack := awscdk.NewStack(app, jsii.String("Role"), nil)
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &personalizerole.PersonalizeServiceRoleProps{
		Provider: newProvider(stack, zip),
	})
	awscdk.NewCfnOutput(stack, jsii.String("RoleArn"), &awscdk.CfnOutputProps{
		Description: jsii.String("ARN of the Amazon Personalize service role"), Value: role.RoleArn(), ExportName: jsii.String("my-RoleArn"),
	})
	awsssm.NewStringParameter(stack, jsii.String("Parameter"), &awsssm.StringParameterProps{
		ParameterName: jsii.String(parameterName), StringValue: role.RoleArn(),
	})
	return role
}

// newProvider runs the function on the processor that context architecture names. Without such wishes, leave Provider out.
func newProvider(stack awscdk.Stack, zip *string) personalizerole.Provider {
	props := &personalizerole.ProviderProps{Zip: zip}
	if wanted, ok := stack.Node().TryGetContext(jsii.String("architecture")).(string); ok {
		props.Architecture = personalizerole.Architecture(wanted)
	}
	return personalizerole.NewProvider(stack, jsii.String("Provider"), props)
}

// newByReference takes the ARN as a Go value: CDK makes the export and the import.
func newByReference(app awscdk.App, role personalizerole.PersonalizeServiceRole) {
	stack := awscdk.NewStack(app, jsii.String("ByReference"), nil)
	useRole(stack, role.RoleArn())
}

// newByName imports the ARN by the export's name: the stacks needn't be in one app.
func newByName(app awscdk.App) {
	stack := awscdk.NewStack(app, jsii.String("ByName"), nil)
	useRole(stack, awscdk.Fn_ImportValue(jsii.String("my-RoleArn")))
}

// newByParameter reads the ARN from the SSM parameter: nothing keeps the role's stack from being deleted.
func newByParameter(app awscdk.App) {
	stack := awscdk.NewStack(app, jsii.String("ByParameter"), nil)
	useRole(stack, awsssm.StringParameter_ValueForStringParameter(stack, jsii.String(parameterName), nil))
}

// useRole stands for whatever needs the ARN.
func useRole(stack awscdk.Stack, roleARN *string) {
	awsssm.NewStringParameter(stack, jsii.String("Setting"), &awsssm.StringParameterProps{StringValue: roleARN})
}
