package personalizerole_test

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/personalizerole"
)

// buckets prints the property Buckets of the only role of a stack.
func buckets(stack awscdk.Stack) {
	for _, r := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("Custom::PersonalizeServiceRole"), nil) {
		fmt.Println((*r)["Properties"].(map[string]any)["Buckets"])
	}
}

// The commonest use: a role for a bucket that exists already, whose policy gets a statement merged.
func ExampleNewPersonalizeServiceRole() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Stack"), nil)
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("PersonalizeRole"), &personalizerole.PersonalizeServiceRoleProps{
		Buckets: []personalizerole.Bucket{{
			Bucket: awss3.Bucket_FromBucketName(stack, jsii.String("Data"), jsii.String("my-training-data")),
		}},
	})
	awscdk.NewCfnOutput(stack, jsii.String("RoleArn"), &awscdk.CfnOutputProps{Value: role.RoleArn(), ExportName: jsii.String("my-RoleArn")})
	buckets(stack)
	// Output: [map[Name:my-training-data]]
}

// Several uses and prefixes of a bucket, added after construction.
func ExamplePersonalizeServiceRole_addBucket() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Stack"), nil)
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("PersonalizeRole"), nil)
	role.AddBucket(awss3.Bucket_FromBucketName(stack, jsii.String("Data"), jsii.String("my-training-data")), &personalizerole.BucketOptions{
		Uses:     []personalizerole.Use{personalizerole.UseDatasetImport, personalizerole.UseDatasetExport},
		Prefixes: jsii.Strings("in/", "out/"),
	})
	buckets(stack)
	// Output: [map[Name:my-training-data Prefixes:[in/ out/] Uses:[DatasetImport DatasetExport]]]
}

// The role goes wherever CDK takes one: here the people who operate Personalize may pass it.
func ExamplePersonalizeServiceRole_grantPassRole() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Stack"), nil)
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("PersonalizeRole"), nil)
	operators := awsiam.NewGroup(stack, jsii.String("Operators"), nil)
	role.GrantPassRole(operators)
	policies := assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::IAM::Policy"), nil)
	for _, p := range *policies {
		statements := (*p)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any)
		fmt.Println(statements[0].(map[string]any)["Action"])
	}
	// Output: iam:PassRole
}
