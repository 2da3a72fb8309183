package local

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
)

// Viewer prints what IAM holds.
type Viewer struct {
	IAM *iam.Client
	Out io.Writer
}

// NewViewer gives a viewer.
func NewViewer(cfg aws.Config, out io.Writer) *Viewer {
	return &Viewer{IAM: iam.NewFromConfig(cfg), Out: out}
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
	version, err := v.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: policy.Policy.DefaultVersionId})
	if err != nil {
		return fmt.Errorf("show policy %s: %w", arn, err)
	}
	fmt.Fprintf(v.Out, "document %-4s %s\n", aws.ToString(policy.Policy.DefaultVersionId), indented(aws.ToString(version.PolicyVersion.Document)))
	return nil
}

// indented prints a document of IAM, which comes percent-encoded.
func indented(encoded string) string {
	plain, err := url.PathUnescape(encoded)
	if err != nil {
		return encoded
	}
	var b bytes.Buffer
	if json.Indent(&b, []byte(plain), "              ", "  ") != nil {
		return plain
	}
	return b.String()
}

// Left lists the ARNs of all roles and all managed policies of the account.
func (v *Viewer) Left(ctx context.Context) ([]string, error) {
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

// Nothing prints that no role and no managed policy is left; it is an error if one is.
func (v *Viewer) Nothing(ctx context.Context) error {
	left, err := v.Left(ctx)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return errors.New("left behind: " + strings.Join(left, ", "))
	}
	fmt.Fprintln(v.Out, "no role, no managed policy")
	return nil
}
