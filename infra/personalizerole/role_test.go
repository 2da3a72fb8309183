package personalizerole

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/golden"
	"personalize-role/lambda/properties"
)

// One template a setting; and the function's own parser takes each.
func TestGoldenTemplates(t *testing.T) {
	for _, s := range settings {
		t.Run(s.name, func(t *testing.T) {
			f := synthesised(t, s.build)
			golden.Check(t, filepath.Join("testdata", s.name+".json"), string(templateOf(t, f.stack)))
			if _, err := properties.Parse(resourceProperties(t, f.resources(t))); err != nil {
				t.Error(err)
			}
		})
	}
}

// has looks for a resource with these properties, without ending the run where there is none.
func has(t *testing.T, stack awscdk.Stack, kind string, properties map[string]any) {
	t.Helper()
	if err := attempt(func() {
		assertions.Template_FromStack(stack, nil).HasResourceProperties(&kind, properties)
	}); err != nil {
		t.Error(err)
	}
}

// Those who operate Personalize may pass it this role only, whether their principal is in the app or gets the policy by hand.
func TestOperatorPolicy(t *testing.T) {
	f := newFixture(t)
	r := NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider()})
	NewOperatorPolicy(f.stack, jsii.String("OperatorPolicy"), r, OperatorAccessOperate)
	if granted := r.GrantOperate(awsiam.NewGroup(f.stack, jsii.String("Operators"), nil)); !*granted.Success() {
		t.Error("nothing was granted")
	}
	has(t, f.stack, "AWS::IAM::ManagedPolicy", map[string]any{"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Sid": "OperatePersonalize", "Effect": "Allow", "Action": "personalize:*", "Resource": "*"},
		map[string]any{
			"Sid": "PassServiceRole", "Effect": "Allow", "Action": "iam:PassRole",
			"Resource":  map[string]any{"Fn::GetAtt": []any{"ServiceRole4288B192", "RoleArn"}},
			"Condition": map[string]any{"StringEquals": map[string]any{"iam:PassedToService": "personalize.amazonaws.com"}},
		},
	}}})
	has(t, f.stack, "AWS::IAM::Policy", map[string]any{"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "personalize:*", "Resource": "*"},
		map[string]any{
			"Effect": "Allow", "Action": "iam:PassRole", "Resource": map[string]any{"Fn::GetAtt": []any{"ServiceRole4288B192", "RoleArn"}},
			"Condition": map[string]any{"StringEquals": map[string]any{"iam:PassedToService": []any{"personalize.amazonaws.com"}}},
		},
	}}})
}

// Those who only look get no role to pass, and nothing to change.
func TestReadersAndMonitors(t *testing.T) {
	f := newFixture(t)
	r := NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider()})
	read := []any{"personalize:Describe*", "personalize:GetSolutionMetrics", "personalize:List*"}
	view := []any{"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric",
		"cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"}
	allow := func(sid string, actions []any) map[string]any {
		s := map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}
		if sid != "" {
			s["Sid"] = sid
		}
		return s
	}
	NewOperatorPolicy(f.stack, jsii.String("ReadOnlyPolicy"), r, OperatorAccessReadOnly)
	NewOperatorPolicy(f.stack, jsii.String("MonitorPolicy"), r, OperatorAccessMonitor)
	if !*r.GrantReadOnly(awsiam.NewGroup(f.stack, jsii.String("Readers"), nil)).Success() ||
		!*r.GrantMonitor(awsiam.NewGroup(f.stack, jsii.String("Monitors"), nil)).Success() {
		t.Error("nothing was granted")
	}
	for kind, documents := range map[string][][]any{
		"AWS::IAM::ManagedPolicy": {{allow("ReadPersonalize", read)}, {allow("ReadPersonalize", read), allow("ViewMetricsAndAlarms", view)}},
		"AWS::IAM::Policy":        {{allow("", read)}, {allow("", read), allow("", view)}},
	} {
		for _, statements := range documents {
			has(t, f.stack, kind, map[string]any{"PolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": statements}})
		}
	}
}

// CDK's own ways to bound every role bound the service role as they do the function's.
func TestInheritedBoundary(t *testing.T) {
	arn := jsii.String("arn:aws:iam::123456789012:policy/Ceiling")
	for name, bound := range map[string]func(app awscdk.App) constructs.Construct{
		"PermissionsBoundary.of": func(app awscdk.App) constructs.Construct {
			awsiam.PermissionsBoundary_Of(app).Apply(awsiam.ManagedPolicy_FromManagedPolicyArn(app, jsii.String("Ceiling"), arn))
			return app
		},
		"stage": func(app awscdk.App) constructs.Construct {
			return awscdk.NewStage(app, jsii.String("Stage"), &awscdk.StageProps{PermissionsBoundary: awscdk.PermissionsBoundary_FromArn(arn)})
		},
		"context": func(app awscdk.App) constructs.Construct {
			app.Node().SetContext(jsii.String("@aws-cdk/core:permissionsBoundary"), map[string]any{"arn": *arn})
			return app
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixtureIn(t, bound)
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider()})
			resources := f.resources(t)
			bounded := 0
			for _, kind := range []string{properties.ResourceType, "AWS::IAM::Role"} {
				for _, r := range ofType(resources, kind) {
					if text := fmt.Sprint(r["PermissionsBoundary"]); !strings.Contains(text, *arn) {
						t.Errorf("%s has the boundary %s", kind, text)
					}
					bounded++
				}
			}
			if bounded != 2 {
				t.Errorf("%d roles", bounded)
			}
		})
	}
}

// The construct goes wherever CDK takes a role.
func TestIsARole(t *testing.T) {
	f := newFixture(t)
	r := NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider(),
		Path: jsii.String("/ml/")})
	var role awsiam.IRole = r
	arn := map[string]any{"Fn::GetAtt": []any{"ServiceRole4288B192", "RoleArn"}}
	name := map[string]any{"Fn::GetAtt": []any{"ServiceRole4288B192", "RoleName"}}
	if diff := cmp.Diff([]any{arn, name}, f.stack.Resolve([]any{role.RoleArn(), role.RoleName()})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	statement := func(match map[string]any) map[string]any {
		return map[string]any{"PolicyDocument": assertions.Match_ObjectLike(&map[string]any{
			"Statement": assertions.Match_ArrayWith(&[]any{assertions.Match_ObjectLike(&match)}),
		})}
	}
	user := awsiam.NewUser(f.stack, jsii.String("User"), nil)
	role.GrantPassRole(user)
	role.GrantAssumeRole(user)
	role.Grant(user, jsii.String("iam:GetRole"))
	// As a grantee: the policy names the role, below its path too.
	bucket := awss3.NewBucket(f.stack, jsii.String("Bucket"), nil)
	bucket.GrantRead(role, nil)
	awskms.NewKey(f.stack, jsii.String("Key"), nil).GrantDecrypt(role)
	// As a principal, and where a list of roles is wanted.
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{role}, Actions: jsii.Strings("s3:GetObjectTagging"),
		Resources: &[]*string{bucket.ArnForObjects(jsii.String("*"))},
	}))
	awsiam.NewManagedPolicy(f.stack, jsii.String("Managed"), &awsiam.ManagedPolicyProps{
		Roles: &[]awsiam.IRole{role}, Statements: &[]awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings("s3:ListAllMyBuckets"), Resources: jsii.Strings("*"),
		})},
	})
	awsssm.NewStringParameter(f.stack, jsii.String("Parameter"), &awsssm.StringParameterProps{StringValue: r.Warnings()})
	role.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	role.AddManagedPolicy(awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("ReadOnlyAccess")))

	for _, action := range []string{"iam:PassRole", "sts:AssumeRole", "iam:GetRole"} {
		has(t, f.stack, "AWS::IAM::Policy", statement(map[string]any{"Action": action, "Resource": arn}))
	}
	has(t, f.stack, "AWS::IAM::Policy", map[string]any{"Roles": []any{name}})
	has(t, f.stack, "AWS::S3::BucketPolicy", statement(map[string]any{"Principal": map[string]any{"AWS": arn},
		"Action": "s3:GetObjectTagging"}))
	has(t, f.stack, "AWS::IAM::ManagedPolicy", map[string]any{"Roles": []any{name}})
	has(t, f.stack, "AWS::SSM::Parameter", map[string]any{"Value": map[string]any{"Fn::GetAtt": []any{"ServiceRole4288B192", "Warnings"}}})
	if got := f.resources(t)["ServiceRole4288B192"]["DeletionPolicy"]; got != "Retain" {
		t.Errorf("deletion policy %v", got)
	}
	found := assertions.Annotations_FromStack(f.stack).FindError(jsii.String("*"),
		assertions.Match_StringLikeRegexp(jsii.String("AddManagedPolicy can't attach")))
	if len(*found) != 1 {
		t.Error("a managed policy that can't be attached was passed over in silence")
	}
}

func TestAliasesAreRefused(t *testing.T) {
	f := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.Keys = []awskms.IKey{awskms.Alias_FromAliasName(f.stack, jsii.String("Alias"), jsii.String("alias/data"))}
	})
	if err := attempt(func() { f.app.Synth(nil) }); err == nil || !strings.Contains(err.Error(), "must be keys, not aliases") {
		t.Errorf("got %v", err)
	}
}

// AddBucket after construction counts like a prop, and widens the function's permissions.
func TestAddBucket(t *testing.T) {
	f := newFixture(t)
	r := NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider()})
	r.AddBucket(f.imported("later-data"), nil)
	r.AddBucket(f.imported("more-data"), &BucketOptions{Uses: []Use{UseDatasetExport}})
	want := []any{map[string]any{"Name": "later-data"}, map[string]any{"Name": "more-data", "Uses": []any{"DatasetExport"}}}
	resources := f.resources(t)
	if diff := cmp.Diff(want, ofType(resources, properties.ResourceType)[0][properties.NameBuckets]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	text := string(templateOf(t, f.stack))
	for _, name := range []string{":s3:::later-data", ":s3:::more-data"} {
		if !strings.Contains(text, name) {
			t.Errorf("the function has no permission on %s", name)
		}
	}
}
