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
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/emulator"
)

// account is what a test deploys into; each has one of its own.
type account struct {
	id       string
	config   aws.Config
	deployer *emulator.Deployer
	viewer   *emulator.Viewer
	iam      *iam.Client
	kms      *kms.Client
	ssm      *ssm.Client
	template string
}

// theirPolicy is what others put on a bucket.
const theirPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:GetObject",` +
	`"Resource":"arn:aws:s3:::*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`

// bucket makes a bucket, whose name no other account has, with a policy of others or none.
func (a *account) bucket(t *testing.T, name, policy string) string {
	t.Helper()
	name += "-" + a.id
	check(t, a.deployer.CreateBucket(t.Context(), name))
	if policy != "" {
		_, err := a.deployer.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(name), Policy: aws.String(policy)})
		check(t, err)
	}
	return name
}

// key makes a KMS key and gives its ARN.
func (a *account) key(t *testing.T) string {
	t.Helper()
	out, err := a.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})
	check(t, err)
	return aws.ToString(out.KeyMetadata.Arn)
}

// sids gives the Sids of a policy, the function's as OURS.
func sids(t *testing.T, policy string) string {
	t.Helper()
	if policy == "" {
		return ""
	}
	var document struct{ Statement []struct{ Sid string } }
	check(t, json.Unmarshal([]byte(policy), &document))
	var list []string
	for _, s := range document.Statement {
		if strings.HasPrefix(s.Sid, "PersonalizeRole") {
			s.Sid = "OURS"
		}
		list = append(list, s.Sid)
	}
	return strings.Join(list, ",")
}

// statements gives the Sids in the policies of buckets and of a key.
func (a *account) statements(t *testing.T, key string, buckets ...string) string {
	t.Helper()
	var all []string
	for _, name := range buckets {
		policy, err := a.viewer.BucketPolicy(t.Context(), name)
		check(t, err)
		all = append(all, sids(t, policy))
	}
	policy, err := a.viewer.KeyPolicy(t.Context(), key)
	check(t, err)
	return strings.Join(append(all, sids(t, policy)), " | ")
}

func open(t *testing.T, id string) *account {
	t.Helper()
	return openIn(t, id, emulator.Region)
}

// openIn is an account's part in a Region.
func openIn(t *testing.T, id, region string) *account {
	t.Helper()
	endpoint := os.Getenv(emulator.EndpointVariable)
	if endpoint == "" {
		t.Fatalf("%s isn't set; run the emulator tests by make test", emulator.EndpointVariable)
	}
	cfg := aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(id, "test", ""),
	}
	a := &account{
		id: id, config: cfg, deployer: emulator.NewDeployer(cfg, io.Discard), viewer: emulator.NewViewer(cfg, io.Discard),
		iam: iam.NewFromConfig(cfg), kms: kms.NewFromConfig(cfg),
		ssm: ssm.NewFromConfig(cfg),
	}
	a.deployer.Artifacts = "artifacts-" + id + "-" + region
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
	one, two, key := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", ""), a.key(t)
	keyPolicy, err := a.viewer.KeyPolicy(ctx, key)
	check(t, err)
	p := emulator.Parameters{"BucketNames": one + "," + two, "KmsKeyArns": key, "Uses": "DatasetImport,BatchInference",
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
	p["BucketNames"], p["KmsKeyArns"] = one, ""
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

// A stack that can't be created says why, and is taken back whole.
func TestFailingCreateLeavesNothing(t *testing.T) {
	a := open(t, "100000000002")
	one := a.bucket(t, "one", theirPolicy)
	for _, c := range []struct {
		name   string
		p      emulator.Parameters
		reason string
	}{
		{"wrong use", emulator.Parameters{"Uses": "Read"}, `Uses[0] "Read" must be one of DatasetImport, BatchInference, DatasetExport, ` +
			`MetricAttribution, DataDeletion`},
		{"missing bucket", emulator.Parameters{"BucketNames": "none-" + a.id}, "bucket none-" + a.id + " does not exist. Nothing was changed"},
		{"missing key", emulator.Parameters{"KmsKeyArns": "arn:aws:kms:eu-west-1:" + a.id + ":key/none", "BucketNames": one},
			"does not exist or is pending deletion. Nothing was changed"},
		{"name that the function may not use", emulator.Parameters{"RoleName": "Other"}, "Allow the function's role iam:"},
		{"boundary that doesn't exist", emulator.Parameters{"PermissionsBoundary": "arn:aws:iam::" + a.id + ":policy/None"},
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
	a := open(t, "100000000003")
	ctx := t.Context()
	one, two, key := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", ""), a.key(t)
	p := emulator.Parameters{"BucketNames": one, "PropagationDelaySeconds": "0", "Description": "first"}
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

// resource gives a template of another stack that has one role, through the function of the first.
func resource(serviceToken string, properties map[string]any) string {
	all := map[string]any{"ServiceToken": serviceToken, "PropagationDelaySeconds": 0}
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
