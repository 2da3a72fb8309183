//go:build emulator

// Package e2e deploys the real template and the real binary to the emulator, whose IAM is enforced.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/local"
)

// account is what a test deploys into; each has one of its own.
type account struct {
	id       string
	deployer *local.Deployer
	viewer   *local.Viewer
	iam      *iam.Client
	template string
}

func open(t *testing.T, id string) *account {
	t.Helper()
	endpoint := os.Getenv(local.EndpointVariable)
	if endpoint == "" {
		t.Fatalf("%s isn't set; run the emulator tests by make test", local.EndpointVariable)
	}
	cfg := aws.Config{
		Region: local.Region, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(id, "test", ""),
	}
	a := &account{id: id, deployer: local.NewDeployer(cfg, io.Discard), viewer: local.NewViewer(cfg, io.Discard), iam: iam.NewFromConfig(cfg)}
	a.deployer.Artifacts = "artifacts-" + id
	template, err := a.deployer.Package(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a.template = template
	return a
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// role describes a role: its path and name, boundary and attached policies.
func (a *account) role(t *testing.T, name string) string {
	t.Helper()
	out, err := a.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String(name)})
	check(t, err)
	attached, err := a.iam.ListAttachedRolePolicies(t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(name)})
	check(t, err)
	var names []string
	for _, p := range attached.AttachedPolicies {
		names = append(names, strings.Split(aws.ToString(p.PolicyName), "-")[0])
	}
	slices.Sort(names)
	boundary := ""
	if b := out.Role.PermissionsBoundary; b != nil {
		boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	return fmt.Sprintf("%s %q %ds [%s] %s", strings.SplitN(aws.ToString(out.Role.Arn), ":", 6)[5], aws.ToString(out.Role.Description),
		aws.ToInt32(out.Role.MaxSessionDuration), strings.Join(names, " "), boundary)
}

func (a *account) left(t *testing.T) string {
	t.Helper()
	left, err := a.viewer.Left(t.Context())
	check(t, err)
	return strings.Join(left, " ")
}

// The stack of template.yaml, from its creation over updates and a replacement to its deletion.
func TestStack(t *testing.T) {
	a := open(t, "100000000001")
	ctx := t.Context()
	p := local.Parameters{"BucketNames": "data-one,arn:aws:s3:::data-two", "SettleSeconds": "0", "Description": "first"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	name := outputs["RoleName"]
	want := "role/" + name + ` "first" 3600s [AmazonPersonalizeFullAccess PersonalizeS3BucketAccessPolicy] `
	if got := a.role(t, name); got != want || outputs["RoleArn"] != "arn:aws:iam::"+a.id+":role/"+name {
		t.Errorf("created %s, output %s; want %s", got, outputs["RoleArn"], want)
	}

	const consumer = `{"Resources":{"P":{"Type":"AWS::SSM::Parameter","Properties":{"Type":"String","Value":{"Fn::ImportValue":"app-RoleArn"}}}},
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

	p["Description"], p["FullAccess"], p["CloudWatchAccess"], p["MaxSessionDuration"] = "second", "false", "CloudWatchFullAccessV2", "7200"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	want = "role/" + name + ` "second" 7200s [CloudWatchFullAccessV2 PersonalizeS3BucketAccessPolicy] `
	if got := a.role(t, name); got != want {
		t.Errorf("updated %s, want %s", got, want)
	}

	p["Path"] = "/ml/"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
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
}

// A stack that can't be created says why, and is taken back whole.
func TestFailingCreateLeavesNothing(t *testing.T) {
	a := open(t, "100000000002")
	for _, c := range []struct {
		name   string
		p      local.Parameters
		reason string
	}{
		{"wrong bucket", local.Parameters{"BucketNames": "Data"}, `Buckets[0] "Data" must be a bucket name`},
		{"name that the function may not use", local.Parameters{"RoleName": "Other"}, "Allow the function's role iam:"},
		{"boundary that doesn't exist", local.Parameters{"PermissionsBoundary": "arn:aws:iam::" + a.id + ":policy/None"}, "Check that what the template names exists in this account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p["SettleSeconds"] = "0"
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
	a := open(t, "100000000003")
	ctx := t.Context()
	p := local.Parameters{"BucketNames": "data-one", "SettleSeconds": "0", "Description": "first"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	before := a.role(t, outputs["RoleName"])
	failing := strings.Replace(a.template, "\nOutputs:", "\n  Broken:\n    Type: AWS::SSM::Parameter\n    DependsOn: ServiceRole\n"+
		"    Properties: {Type: Nonsense, Value: !GetAtt ServiceRole.NoSuchAttribute}\n\nOutputs:", 1)
	p["Description"], p["Path"] = "second", "/ml/"
	if err := a.deployer.Update(ctx, "app", failing, p); err == nil {
		t.Fatal("the update didn't fail")
	}
	if diff := cmp.Diff(before, a.role(t, outputs["RoleName"])); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if got := a.left(t); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// resource gives a template of another stack that has one role, through the function of the first.
func resource(serviceToken string, properties map[string]any) string {
	all := map[string]any{"ServiceToken": serviceToken, "SettleSeconds": 0}
	for k, v := range properties {
		all[k] = v
	}
	text, err := json.Marshal(map[string]any{"Resources": map[string]any{"Role": map[string]any{
		"Type": "Custom::PersonalizeServiceRole", "Properties": all,
	}}})
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
