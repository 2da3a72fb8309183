package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/bundle/bundletest"
)

// Each setting reaches the role, from the context and from the environment.
func TestSettings(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/0b3c"
	settings := map[string]any{
		"bucketNames": "data-one, data-two", "uses": "DatasetImport,BatchInference", "kmsKeyArns": key, "manageKeyPolicies": "false",
		"roleName": "R", "path": "/ml/",
		"policyName": "P", "description": "d", "permissionsBoundary": "arn:aws:iam::123456789012:policy/B", "personalizeAccess": "None",
		"cloudWatchAccess": "CloudWatchFullAccessV2", "sourceConditions": "true", "sourceRegions": "eu-west-1,us-east-1",
		"maxSessionDuration": "7200", "propagationDelaySeconds": "5", "adoptExistingRole": "true", "forceDetachPolicies": "true",
		"stackTags": "false", "revision": "2", "findings": "Fail", "organizationId": "o-a1b2c3d4e5",
		"driftCheckSchedule": "rate(1 day)", "repairDrift": "true",
	}
	want := map[string]any{
		"Buckets":    []any{map[string]any{"Name": "data-one"}, map[string]any{"Name": "data-two"}},
		"Uses":       []any{"DatasetImport", "BatchInference"},
		"KmsKeyArns": []any{key}, "ManageKeyPolicies": false, "RoleName": "R", "Path": "/ml/", "PolicyName": "P", "Description": "d",
		"PermissionsBoundary": "arn:aws:iam::123456789012:policy/B", "PersonalizeAccess": "None", "CloudWatchAccess": "CloudWatchFullAccessV2",
		"SourceConditions": true, "SourceRegions": []any{"eu-west-1", "us-east-1"}, "MaxSessionDuration": 7200.0, "PropagationDelaySeconds": 5.0,
		"AdoptExistingRole": true, "ForceDetachPolicies": true, "StackTags": false, "Revision": "2", "Findings": "Fail",
		"OrganizationId": "o-a1b2c3d4e5", "DriftCheckSchedule": "rate(1 day)", "RepairDrift": true, "ServiceTimeout": 720.0,
	}
	check := func(from string, a *app, err error) {
		if err != nil {
			t.Fatal(err)
		}
		role := a.role(t)
		delete(role, "ServiceToken")
		if diff := cmp.Diff(want, role); diff != "" {
			t.Errorf("%s: -want +got:\n%s", from, diff)
		}
	}
	a, err := synthesised(t, settings)
	check("context", a, err)
	for name, value := range settings {
		t.Setenv(variable(name), value.(string))
	}
	a, err = synthesised(t, nil)
	check("environment", a, err)
	tested := append(slices.Collect(maps.Keys(settings)), "app", "stackName", "distributionBucket", "readers", "organisationalUnits",
		"regions", "releaseTemplate", "callAs",
		"maxConcurrentPercentage", "failureTolerancePercentage", "memberParameters", "createOperatorPolicy", "roleArnParameterName",
		"architecture", "functionZip", "logKmsKeyArn", "alarmTopicArn", "requiredBoundary", "functionPermissionsBoundary",
		"functionRolePath", "additionalRoleNames",
		"additionalPolicyNames", "additionalBucketNames", "additionalKmsKeyArns")
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(tested))); diff != "" {
		t.Errorf("-settings +tested:\n%s", diff)
	}
}

// Who uses the role: operators by a managed policy, and other stacks by an SSM parameter. Neither is there unasked.
func TestSettingsOfUsers(t *testing.T) {
	for _, c := range []struct {
		context map[string]any
		want    int
	}{
		{nil, 0}, {map[string]any{"createOperatorPolicy": "None", "roleArnParameterName": ""}, 0},
		{map[string]any{"createOperatorPolicy": "Operate", "roleArnParameterName": "/ml/role-arn"}, 1},
	} {
		a, err := synthesised(t, c.context)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a.template.Resources)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"Name":"/ml/role-arn"`, `"personalize:*"`, `"iam:PassedToService":"personalize.amazonaws.com"`} {
			if got := strings.Count(string(text), part); got != c.want {
				t.Errorf("%v: %s occurs %d times, want %d", c.context, part, got, c.want)
			}
		}
	}
}

// The function's own settings: what roles of other stacks may be called and use, also as a list of cdk.json.
func TestSettingsOfTheFunction(t *testing.T) {
	a, err := synthesised(t, map[string]any{
		"architecture": "x86_64", "functionZip": bundletest.Zip(t, "amd64"),
		"functionPermissionsBoundary": "arn:aws:iam::123456789012:policy/F", "additionalRoleNames": "Theirs-*",
		"additionalPolicyNames": "Theirs-*", "requiredBoundary": "arn:aws:iam::123456789012:policy/Ceiling",
		"logKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/logs", "alarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
		"additionalBucketNames": []any{"their-data", "more-data"}, "additionalKmsKeyArns": "arn:aws:kms:eu-west-1:123456789012:key/*",
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a.template.Resources)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"x86_64"`, `:policy/F"`,
		`"PERSONALIZE_ROLE_REQUIRED_BOUNDARY":"arn:aws:iam::123456789012:policy/Ceiling"`, `:role/Theirs-*"`, `:role/*/Theirs-*"`,
		`:policy/Theirs-*"`, `:s3:::their-data"`,
		`:s3:::more-data"`, `"KmsKeyId":"arn:aws:kms:eu-west-1:123456789012:key/logs"`,
		`"AlarmActions":["arn:aws:sns:eu-west-1:123456789012:alarms"]`, `:key/*"`, `:role/*/PersonalizeRole-*"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	_, err := synthesised(t, map[string]any{"sourceConditions": "maybe", "propagationDelaySeconds": "soon"})
	want := `setting sourceConditions (or PERSONALIZE_ROLE_SOURCE_CONDITIONS) is "maybe", and must be one of true, false; ` +
		`setting propagationDelaySeconds (or PERSONALIZE_ROLE_PROPAGATION_DELAY_SECONDS) is "soon", and must be a whole number from 0 to 240`
	if err == nil || err.Error() != want || statusOf(err) != 2 || statusOf(errors.New("x")) != 1 {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Names that no setting has are refused, and values that the template would refuse.
func TestSettingsAreThoseOfTheTemplate(t *testing.T) {
	for _, c := range []struct {
		context map[string]any
		// variable is one of the environment; empty: none.
		variable string
		want     string
	}{
		{map[string]any{"fullAcess": "true"}, "", "fullAcess is no setting; did you mean "},
		{map[string]any{"bucketName": "x"}, "", "bucketName is no setting; did you mean bucketNames?"},
		{nil, "PERSONALIZE_ROLE_BUCKET_NAME", "PERSONALIZE_ROLE_BUCKET_NAME is no setting; did you mean PERSONALIZE_ROLE_BUCKET_NAMES?"},
		{map[string]any{"bucketNames": "my-data,arn:aws:s3:::x"}, "", `is "my-data,arn:aws:s3:::x", and must be names of general`},
		{map[string]any{"personalizeAccess": "none"}, "", `is "none", and must be one of AmazonPersonalizeFullAccess, PersonalizeOnly, None`},
		{map[string]any{"createOperatorPolicy": "true"}, "", `is "true", and must be one of None, Operate, ReadOnly, Monitor`},
		{map[string]any{"stackName": "rec_s"}, "", `is "rec_s", and must be a letter and at most 127 letters, digits and hyphens`},
		// Those of the CDK and of other tools.
		{map[string]any{"@aws-cdk/core:x": true, "aws:cdk:y": 1, "hosted-zone:account=1": 1, "acknowledged-issue-numbers": 1}, "", ""},
	} {
		if c.variable != "" {
			t.Setenv(c.variable, "x")
		}
		s := settingsOf(t, awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: &c.context}))
		s.checkNames()
		for _, name := range names {
			s.text(name)
		}
		s.stackName("standard")
		err := s.err()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.context, err, c.want)
		}
		if c.variable != "" {
			if err := os.Unsetenv(c.variable); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A boundary of the stack's own account may be named without it.
func TestBoundariesOfTheOwnAccount(t *testing.T) {
	a, err := synthesised(t, map[string]any{"requiredBoundary": "policy/Ceiling", "functionPermissionsBoundary": "policy/F"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(a.template.Resources)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"Ref":"AWS::AccountId"},":policy/Ceiling"`, `{"Ref":"AWS::AccountId"},":policy/F"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}
