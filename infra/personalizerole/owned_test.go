package personalizerole

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/cloudformationinclude"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

// A bucket that the app makes gets the statement from CDK, whose policy CloudFormation owns; the function leaves it alone.
func TestOwnedBucketsCarryTheStatement(t *testing.T) {
	f := newFixture(t)
	bucket := awss3.NewBucket(f.stack, jsii.String("Data"), &awss3.BucketProps{EnforceSSL: jsii.Bool(true)})
	NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{
		Provider: f.provider(), Buckets: []Bucket{{Bucket: bucket, Uses: []Use{UseDatasetExport}}},
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

// whole is a policy document with a statement of the app.
func whole() map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Deny", "Principal": map[string]any{"AWS": map[string]any{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/x"}},
		"Action": "s3:*", "Resource": "*"}}}
}

const included = `{"Resources": {
	"Data": {"Type": "AWS::S3::Bucket"},
	"Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": {"Ref": "Data"}, "PolicyDocument": {"Version": "2012-10-17",
		"Statement": {"Effect": "Deny", "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/x"}},
			"Action": "s3:*", "Resource": "*"}}}}}}`

// Whoever makes the bucket or its policy in the app, and in whatever way, CloudFormation owns the policy: the statement is in it beside
// those of others, and the role waits for it.
func TestBucketsOfTheAppInOtherForms(t *testing.T) {
	for name, c := range map[string]struct {
		make func(f *fixture) awss3.IBucket
		// others is how many further statements there are.
		others int
	}{
		"CfnBucket": {func(f *fixture) awss3.IBucket {
			return awss3.Bucket_FromCfnBucket(awss3.NewCfnBucket(f.stack, jsii.String("Data"), nil))
		}, 0},
		"another stack": {func(f *fixture) awss3.IBucket {
			return awss3.NewBucket(awscdk.NewStack(f.app, jsii.String("Elsewhere"), nil), jsii.String("Data"), nil)
		}, 0},
		"with a BucketPolicy": {func(f *fixture) awss3.IBucket {
			bucket := awss3.NewBucket(f.stack, jsii.String("Data"), nil)
			policy := awss3.NewBucketPolicy(f.stack, jsii.String("Policy"), &awss3.BucketPolicyProps{Bucket: bucket})
			policy.Document().AddStatements(awsiam.PolicyStatement_FromJson(map[string]any{
				"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}))
			return bucket
		}, 1},
		"with a CfnBucketPolicy": {func(f *fixture) awss3.IBucket {
			bucket := awss3.NewBucket(f.stack, jsii.String("Data"), nil)
			awss3.NewCfnBucketPolicy(f.stack, jsii.String("Policy"), &awss3.CfnBucketPolicyProps{Bucket: bucket.BucketName(),
				PolicyDocument: whole()})
			return bucket
		}, 1},
		"imported, with a policy in the app": {func(f *fixture) awss3.IBucket {
			bucket := f.imported("imported-data")
			awss3.NewBucketPolicy(f.stack, jsii.String("Policy"), &awss3.BucketPolicyProps{Bucket: bucket})
			return bucket
		}, 0},
		"CfnInclude": {func(f *fixture) awss3.IBucket {
			file := filepath.Join(t.TempDir(), "included.json")
			if err := os.WriteFile(file, []byte(included), 0o600); err != nil {
				t.Fatal(err)
			}
			all := cloudformationinclude.NewCfnInclude(f.stack, jsii.String("Included"), &cloudformationinclude.CfnIncludeProps{TemplateFile: &file})
			return awss3.Bucket_FromCfnBucket(all.GetResource(jsii.String("Data")).(awss3.CfnBucket))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			bucket := c.make(f)
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider(),
				Buckets: []Bucket{{Bucket: bucket}}})
			policies := ofType(resourcesOf(t, bucket.Stack()), "AWS::S3::BucketPolicy")
			if len(policies) != 1 {
				t.Fatalf("%d policies", len(policies))
			}
			statements := policies[0]["PolicyDocument"].(map[string]any)["Statement"].([]any)
			if ours := fmt.Sprint(statements[len(statements)-1]); len(statements) != c.others+1 || !strings.Contains(ours,
				"personalize.amazonaws.com") {
				t.Errorf("statements: %v", statements)
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

// A policy that the app makes too late would be a second one, or take the function's statement out.
func TestAPolicyAfterTheRoleIsRefused(t *testing.T) {
	for name, bucket := range map[string]func(f *fixture) awss3.IBucket{
		"new":      func(f *fixture) awss3.IBucket { return awss3.NewBucket(f.stack, jsii.String("Data"), nil) },
		"imported": func(f *fixture) awss3.IBucket { return f.imported("imported-data") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			b := bucket(f)
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider(),
				Buckets: []Bucket{{Bucket: b}}})
			awss3.NewBucketPolicy(f.stack, jsii.String("Late"), &awss3.BucketPolicyProps{Bucket: b})
			if err := attempt(func() { f.app.Synth(nil) }); err == nil || !strings.Contains(err.Error(), "before the app made a policy for it") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A bucket of another account's stack: its policy names the service, and the role's account narrowed to the role.
func TestABucketOfAnotherAccountsStack(t *testing.T) {
	build := func(t *testing.T, name *string) (awscdk.App, awscdk.Stack) {
		f := newFixture(t)
		env := func(account string) *awscdk.StackProps {
			return &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: jsii.String("eu-west-1")}}
		}
		data := awscdk.NewStack(f.app, jsii.String("Data"), env("222222222222"))
		roles := awscdk.NewStack(f.app, jsii.String("Roles"), env("111111111111"))
		bucket := awss3.NewBucket(data, jsii.String("Bucket"), &awss3.BucketProps{BucketName: jsii.String("their-data")})
		NewPersonalizeServiceRole(roles, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{
			Provider: NewProvider(roles, jsii.String("Provider"), &ProviderProps{Zip: f.zip}), RoleName: name, Path: jsii.String("/ml/"),
			Buckets: []Bucket{{Bucket: bucket}},
		})
		return f.app, data
	}
	_, data := build(t, jsii.String("Personalize"))
	statements := ofType(resourcesOf(t, data), "AWS::S3::BucketPolicy")[0]["PolicyDocument"].(map[string]any)["Statement"].([]any)
	partition := map[string]any{"Ref": "AWS::Partition"}
	join := func(parts ...any) map[string]any { return map[string]any{"Fn::Join": []any{"", parts}} }
	want := map[string]any{"AWS": join("arn:", partition, ":iam::111111111111:root")}
	if len(statements) != 2 || !strings.Contains(fmt.Sprint(statements[0]), "personalize.amazonaws.com") {
		t.Fatalf("statements: %v", statements)
	}
	if diff := cmp.Diff(want, statements[1].(map[string]any)["Principal"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want = map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": join("arn:", partition, ":iam::111111111111:role/ml/Personalize")}}
	if diff := cmp.Diff(want, statements[1].(map[string]any)["Condition"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	app, _ := build(t, nil)
	if err := attempt(func() { app.Synth(nil) }); err == nil || !strings.Contains(err.Error(), "RoleName must be a literal name") {
		t.Errorf("got %v", err)
	}
}
