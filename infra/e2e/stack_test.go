//go:build emulator

// Package e2e deploys the real template and the real binary to the emulator, whose IAM is enforced.
package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"personalize-role/infra/stacks"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
)

// The stack of template.yaml, from its creation over updates and a replacement to its deletion.
func TestStack(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000001")
	ctx := t.Context()
	one, two, key := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", ""), a.key(t)
	keyPolicy, err := a.viewer.KeyPolicy(ctx, key)
	check(t, err)
	p := stacks.Parameters{"BucketNames": one + "," + two, "KmsKeyArns": key, "Uses": "DatasetImport,BatchInference",
		"PropagationDelaySeconds": "0", "Description": "first"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	name := outputs["RoleName"]
	if got, want := a.statements(t, key, one, two), "TLSOnly,OURS | OURS | "+sids(t, keyPolicy)+",OURS"; got != want {
		t.Errorf("created with statements %s, want %s", got, want)
	}
	want := "role/" + name + ` "first" 3600s [AmazonPersonalizeFullAccess PersonalizeS3BucketAccessPolicy] `
	if got := a.role(t, name); got != want || outputs["RoleArn"] != "arn:aws:iam::"+a.id+":role/"+name {
		t.Errorf("created %s, output %s; want %s", got, outputs["RoleArn"], want)
	}

	const consumer = `{
"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":{"Fn::ImportValue":"app-RoleArn"}}}},
		"Outputs":{"Imported":{"Value":{"Fn::ImportValue":"app-RoleArn"}}}}`
	check(t, a.deployer.Create(ctx, "consumer", consumer, nil))
	imported, err := a.deployer.Outputs(ctx, "consumer")
	check(t, err)
	if imported["Imported"] != outputs["RoleArn"] {
		t.Errorf("imported %s, want %s", imported["Imported"], outputs["RoleArn"])
	}
	if err := a.deployer.Delete(ctx, "app"); err == nil {
		t.Error("a stack whose export is in use was deleted")
	}
	check(t, a.deployer.Delete(ctx, "consumer"))

	p["Description"], p["PersonalizeAccess"], p["CloudWatchAccess"], p["MaxSessionDuration"] = "second", "None", "CloudWatchFullAccessV2",
		"7200"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	want = "role/" + name + ` "second" 7200s [CloudWatchFullAccessV2 PersonalizeS3BucketAccessPolicy] `
	if got := a.role(t, name); got != want {
		t.Errorf("updated %s, want %s", got, want)
	}

	// What is dropped loses the statement, although the function may no longer touch it afterwards.
	// A hundred names are more than IAM's description of a policy has room for.
	p["BucketNames"], p["KmsKeyArns"], p["AdditionalBucketNames"] = one, "", strings.Repeat("other-team-bucket-*,", 100)+"x*"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	if got, want := a.statements(t, key, one, two), "TLSOnly,OURS |  | "+sids(t, keyPolicy); got != want {
		t.Errorf("updated to statements %s, want %s", got, want)
	}

	p["Path"] = "/ml/"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	if got, want := a.statements(t, key, one, two), "TLSOnly,OURS |  | "+sids(t, keyPolicy); got != want {
		t.Errorf("replaced with statements %s, want %s", got, want)
	}
	outputs, err = a.deployer.Outputs(ctx, "app")
	check(t, err)
	if _, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)}); err == nil || outputs["RoleName"] == name {
		t.Errorf("the replaced role %s is still there", name)
	}
	want = "role/ml/" + outputs["RoleName"] + ` "second" 7200s [CloudWatchFullAccessV2 PersonalizeS3BucketAccessPolicy] `
	if got := a.role(t, outputs["RoleName"]); got != want {
		t.Errorf("replaced %s, want %s", got, want)
	}

	check(t, a.deployer.Delete(ctx, "app"))
	if got := a.left(t); got != "" {
		t.Errorf("left behind: %s", got)
	}
	policy, err := a.viewer.BucketPolicy(ctx, one)
	check(t, err)
	if diff := cmp.Diff(theirPolicy, policy); diff != "" {
		t.Errorf("policy of %s: -before +after:\n%s", one, diff)
	}
}

// A stack that can't be created says why, and is rolled back completely.
func TestFailingCreateLeavesNothing(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000002")
	one := a.bucket(t, "one", theirPolicy)
	for _, c := range []struct {
		name   string
		p      stacks.Parameters
		reason string
	}{
		{"a use twice", stacks.Parameters{"Uses": "DatasetImport,DatasetImport"}, `Uses[1] "DatasetImport" `},
		{"missing bucket", stacks.Parameters{"BucketNames": "none-" + a.id}, "bucket none-" + a.id + " does not exist. Nothing was changed"},
		{"missing key", stacks.Parameters{"KmsKeyArns": "arn:aws:kms:eu-west-1:" + a.id + ":key/none", "BucketNames": one},
			"does not exist or is pending deletion. Nothing was changed"},
		{"boundary that doesn't exist", stacks.Parameters{"PermissionsBoundary": "arn:aws:iam::" + a.id + ":policy/None"},
			"Check that what the template names exists in this account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p["PropagationDelaySeconds"] = "0"
			err := a.deployer.Create(t.Context(), "failing", a.template, c.p)
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want %q", err, c.reason)
			}
			check(t, a.deployer.Delete(t.Context(), "failing"))
			if got := a.left(t); got != "" {
				t.Errorf("left behind: %s", got)
			}
		})
	}
}

// An update that fails is taken back to what stood before.
func TestFailingUpdateIsTakenBack(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000003")
	ctx := t.Context()
	one, two, key := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", ""), a.key(t)
	p := stacks.Parameters{"BucketNames": one, "PropagationDelaySeconds": "0", "Description": "first"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	before := a.role(t, outputs["RoleName"]) + a.statements(t, key, one, two)
	failing := strings.Replace(a.template, "\nOutputs:", "\n  Broken:\n    Type: AWS::SSM::Parameter\n    DependsOn: ServiceRole\n"+
		"    Properties: {Type: Nonsense, Value: !GetAtt ServiceRole.NoSuchAttribute}\n\nOutputs:", 1)
	p["Description"], p["Path"], p["BucketNames"], p["KmsKeyArns"] = "second", "/ml/", two, key
	if err := a.deployer.Update(ctx, "app", failing, p); err == nil {
		t.Fatal("the update didn't fail")
	}
	if diff := cmp.Diff(before, a.role(t, outputs["RoleName"])+a.statements(t, key, one, two)); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if got := a.left(t); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// resource returns a template of another stack that has one role, through the function of the first.
func resource(serviceToken string, properties map[string]any) string {
	all := map[string]any{"ServiceToken": serviceToken, "PropagationDelaySeconds": 0}
	for k, v := range properties {
		all[k] = v
	}
	text, err := json.Marshal(map[string]any{"Resources": map[string]any{"Role": map[string]any{
		"Type": "Custom::PersonalizeServiceRole", "Properties": all,
	}}, "Outputs": map[string]any{"Warnings": map[string]any{"Value": map[string]any{"Fn::GetAtt": []string{"Role", "Warnings"}}}}})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (a *account) serviceToken(ctx context.Context, t *testing.T, stack string) string {
	t.Helper()
	outputs, err := a.deployer.Outputs(ctx, stack)
	check(t, err)
	return outputs["ServiceToken"]
}
