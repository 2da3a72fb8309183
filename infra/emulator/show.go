package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// Viewer prints what an account holds.
type Viewer struct {
	IAM *iam.Client
	S3  *s3.Client
	KMS *kms.Client
	Out io.Writer
}

// NewViewer returns a viewer.
func NewViewer(cfg aws.Config, out io.Writer) *Viewer {
	return &Viewer{IAM: iam.NewFromConfig(cfg), S3: newS3(cfg), KMS: kms.NewFromConfig(cfg), Out: out}
}

// Role prints a role with its trust policy, its tags and its managed policies, those of the account with their documents.
func (v *Viewer) Role(ctx context.Context, name string) error {
	out, err := v.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)})
	if err != nil {
		return fmt.Errorf("show role %s: %w", name, err)
	}
	role := out.Role
	fmt.Fprintf(v.Out, "role          %s\ndescription   %s\ntrust policy  %s\n", aws.ToString(role.Arn), aws.ToString(role.Description),
		indented(aws.ToString(role.AssumeRolePolicyDocument)))
	for _, tag := range role.Tags {
		fmt.Fprintf(v.Out, "tag           %s = %s\n", aws.ToString(tag.Key), aws.ToString(tag.Value))
	}
	attached, err := v.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(name)})
	if err != nil {
		return fmt.Errorf("show the policies of role %s: %w", name, err)
	}
	for _, p := range attached.AttachedPolicies {
		arn := aws.ToString(p.PolicyArn)
		fmt.Fprintf(v.Out, "attached      %s\n", arn)
		if !strings.Contains(arn, ":iam::aws:") {
			if err := v.document(ctx, arn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *Viewer) document(ctx context.Context, arn string) error {
	policy, err := v.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return fmt.Errorf("show policy %s: %w", arn, err)
	}
	version, err := v.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn),
		VersionId: policy.Policy.DefaultVersionId})
	if err != nil {
		return fmt.Errorf("show policy %s: %w", arn, err)
	}
	fmt.Fprintf(v.Out, "document %-4s %s\n", aws.ToString(policy.Policy.DefaultVersionId),
		indented(aws.ToString(version.PolicyVersion.Document)))
	return nil
}

// Bucket prints the policy of a bucket.
func (v *Viewer) Bucket(ctx context.Context, name string) error {
	policy, err := v.BucketPolicy(ctx, name)
	if err != nil {
		return err
	}
	fmt.Fprintf(v.Out, "bucket        %s\npolicy        %s\n", name, indentedPlain(policy))
	return nil
}

// BucketPolicy returns the policy of a bucket; the empty text if it has none.
func (v *Viewer) BucketPolicy(ctx context.Context, name string) (string, error) {
	out, err := v.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(name)})
	if api := (smithy.APIError)(nil); errors.As(err, &api) && api.ErrorCode() == "NoSuchBucketPolicy" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("show the policy of bucket %s: %w", name, err)
	}
	return aws.ToString(out.Policy), nil
}

// KeyPolicy returns the policy of a KMS key.
func (v *Viewer) KeyPolicy(ctx context.Context, arn string) (string, error) {
	out, err := v.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
	if err != nil {
		return "", fmt.Errorf("show the policy of key %s: %w", arn, err)
	}
	return aws.ToString(out.Policy), nil
}

// indented prints a document of IAM, which comes percent-encoded.
func indented(encoded string) string {
	plain, err := url.PathUnescape(encoded)
	if err != nil {
		return encoded
	}
	return indentedPlain(plain)
}

func indentedPlain(plain string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(plain), "              ", "  ") != nil {
		return plain
	}
	return b.String()
}

// ownSid starts the Sid of the function's statements in policies that others own.
const ownSid = `"PersonalizeRole`

// Left lists the ARNs of all roles and all managed policies of the account, and of the buckets and keys whose policy has a
// statement of the function.
func (v *Viewer) Left(ctx context.Context) ([]string, error) {
	arns, err := v.leftInIAM(ctx)
	if err != nil {
		return nil, err
	}
	buckets, err := v.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, fmt.Errorf("list buckets: %w", err)
	}
	for _, b := range buckets.Buckets {
		name := aws.ToString(b.Name)
		policy, err := v.BucketPolicy(ctx, name)
		if err != nil {
			return nil, err
		}
		if strings.Contains(policy, ownSid) {
			arns = append(arns, "arn:aws:s3:::"+name)
		}
	}
	keys, err := v.KMS.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	for _, key := range keys.Keys {
		arn := aws.ToString(key.KeyArn)
		policy, err := v.KeyPolicy(ctx, arn)
		if err != nil {
			return nil, err
		}
		if strings.Contains(policy, ownSid) {
			arns = append(arns, arn)
		}
	}
	return arns, nil
}

func (v *Viewer) leftInIAM(ctx context.Context) ([]string, error) {
	roles, err := v.IAM.ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	policies, err := v.IAM.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return nil, fmt.Errorf("list managed policies: %w", err)
	}
	var arns []string
	for _, r := range roles.Roles {
		arns = append(arns, aws.ToString(r.Arn))
	}
	for _, p := range policies.Policies {
		arns = append(arns, aws.ToString(p.Arn))
	}
	return arns, nil
}

// Nothing prints that nothing is left; it is an error if something is.
func (v *Viewer) Nothing(ctx context.Context) error {
	left, err := v.Left(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return errors.New("left behind: " + strings.Join(left, ", "))
	}
	fmt.Fprintln(v.Out, "no role, no managed policy, no statement in the policy of a bucket or key")
	return nil
}
