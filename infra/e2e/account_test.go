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
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

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
		a.putPolicy(t, name, policy)
	}
	return name
}

func (a *account) putPolicy(t *testing.T, bucket, policy string) {
	t.Helper()
	_, err := a.deployer.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(policy)})
	check(t, err)
}

// key makes a KMS key and returns its ARN.
func (a *account) key(t *testing.T) string {
	t.Helper()
	out, err := a.kms.CreateKey(t.Context(), &kms.CreateKeyInput{})
	check(t, err)
	return aws.ToString(out.KeyMetadata.Arn)
}

// encrypt has a bucket encrypt new objects with a key, by an alias.
func (a *account) encrypt(ctx context.Context, bucket, alias, key string) error {
	if _, err := a.kms.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String(alias), TargetKeyId: aws.String(key)}); err != nil {
		return err
	}
	_, err := a.deployer.S3.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: aws.String(bucket),
		ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAwsKms,
				KMSMasterKeyID: aws.String(alias)},
		}}}})
	return err
}

// sids returns the Sids of a policy, the function's as OURS.
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

// statements returns the Sids in the policies of buckets and of a key.
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
	cfg := emulator.ConfigAt(endpoint, region, aws.Credentials{AccessKeyID: id, SecretAccessKey: "test"})
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
