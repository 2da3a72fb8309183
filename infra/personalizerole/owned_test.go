package personalizerole

import (
	"fmt"
	"personalize-role/lambda/properties"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// A bucket that the app makes gets the statement from CDK, whose policy CloudFormation owns; the function leaves it alone.
func TestOwnedBucketsCarryTheStatement(t *testing.T) {
	f := newFixture(t)
	bucket := awss3.NewBucket(f.stack, jsii.String("Data"), &awss3.BucketProps{EnforceSSL: jsii.Bool(true)})
	NewPersonalizeServiceRole(f.stack, "ServiceRole", &PersonalizeServiceRoleProps{
		Provider: f.provider(), Buckets: []Bucket{{Bucket: bucket, BucketOptions: BucketOptions{Uses: []Use{UseDatasetExport}}}},
	})
	resources := f.resources(t)
	policies := ofType(resources, "AWS::S3::BucketPolicy")
	if len(policies) != 1 {
		t.Fatalf("%d bucket policies", len(policies))
	}
	statements := policies[0]["PolicyDocument"].(map[string]any)["Statement"].([]any)
	id := *f.stack.GetLogicalId(bucket.Node().DefaultChild().(awscdk.CfnElement))
	arn := []any{"arn:", map[string]any{"Ref": "AWS::Partition"}, ":s3:::", map[string]any{"Ref": id}}
	join := func(parts []any) map[string]any { return map[string]any{"Fn::Join": []any{"", parts}} }
	want := map[string]any{
		"Effect": "Allow", "Principal": map[string]any{"Service": "personalize.amazonaws.com"}, "Action": []any{"s3:ListBucket", "s3:PutObject"},
		"Resource": []any{join(arn), join(append(slices.Clone(arn), "/*"))},
		"Condition": map[string]any{
			"StringEqualsIfExists": map[string]any{"aws:SourceAccount": map[string]any{"Ref": "AWS::AccountId"}},
			"ArnLikeIfExists": map[string]any{"aws:SourceArn": join([]any{"arn:", map[string]any{"Ref": "AWS::Partition"}, ":personalize:",
				map[string]any{"Ref": "AWS::Region"}, ":", map[string]any{"Ref": "AWS::AccountId"}, ":*"})},
		},
	}
	if diff := cmp.Diff(want, statements[len(statements)-1]); diff != "" || len(statements) != 2 {
		t.Errorf("%d statements, -want +got:\n%s", len(statements), diff)
	}
	custom := ofType(resources, properties.ResourceType)[0]
	if got := custom["Buckets"].([]any)[0].(map[string]any)["ManageBucketPolicy"]; got != false {
		t.Errorf("the function is to manage the policy: %v", got)
	}
	text := string(templateOf(t, f.stack))
	if strings.Contains(text, "s3:PutBucketPolicy") {
		t.Error("the function may change the policy all the same")
	}
}

// Whoever makes the bucket in the app, and in whatever way, CDK owns its policy: the statement is in it, and the role waits for it.
func TestBucketsOfTheAppInOtherForms(t *testing.T) {
	for name, make := range map[string]func(f *fixture) awss3.IBucket{
		"CfnBucket": func(f *fixture) awss3.IBucket {
			return awss3.Bucket_FromCfnBucket(awss3.NewCfnBucket(f.stack, jsii.String("Data"), nil))
		},
		"another stack": func(f *fixture) awss3.IBucket {
			return awss3.NewBucket(awscdk.NewStack(f.app, jsii.String("Elsewhere"), nil), jsii.String("Data"), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			bucket := make(f)
			NewPersonalizeServiceRole(f.stack, "ServiceRole", &PersonalizeServiceRoleProps{Provider: f.provider(),
				Buckets: []Bucket{{Bucket: bucket}}})
			if got := ofType(resourcesOf(t, bucket.Stack()), "AWS::S3::BucketPolicy"); len(got) != 1 ||
				!strings.Contains(fmt.Sprint(got[0]["PolicyDocument"]), "personalize.amazonaws.com") {
				t.Errorf("policies: %v", got)
			}
			role := ofType(f.resources(t), properties.ResourceType)[0]
			if got := role["Buckets"].([]any)[0].(map[string]any)["ManageBucketPolicy"]; got != false {
				t.Errorf("the function is to manage the policy: %v", got)
			}
			waits := strings.Contains(fmt.Sprint(f.resources(t)["ServiceRole4288B192"]["DependsOn"]), "Policy")
			if bucket.Stack() == f.stack && !waits {
				t.Error("the role doesn't wait for the policy")
			}
		})
	}
}
