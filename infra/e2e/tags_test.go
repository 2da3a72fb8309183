//go:build emulator

package e2e

import (
	"context"
	"strings"
	"testing"

	"personalize-role/infra/stacks"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// requireCostCenter makes the policy of an organisation that denies creating a role or a policy without a cost centre, and returns its
// ARN.
func (a *account) requireCostCenter(t *testing.T) string {
	t.Helper()
	out, err := a.iam.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("CostCenter"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},` +
			`{"Effect":"Deny","Action":["iam:CreateRole","iam:CreatePolicy"],"Resource":"*",` +
			`"Condition":{"Null":{"aws:RequestTag/CostCenter":"true"}}}]}`)})
	check(t, err)
	return aws.ToString(out.Policy.Arn)
}

// costCenter returns the tag of a role.
func (a *account) costCenter(ctx context.Context, t *testing.T, role string) string {
	t.Helper()
	out, err := a.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(role)})
	check(t, err)
	for _, tag := range out.Role.Tags {
		if aws.ToString(tag.Key) == "CostCenter" {
			return aws.ToString(tag.Value)
		}
	}
	return ""
}

// Where an organisation demands a tag of every role, the tags of the stack are enough, and they follow the stack.
func TestStackTags(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000060")
	ctx := t.Context()
	bucket := a.bucket(t, "one", theirPolicy)
	p := stacks.Parameters{"PropagationDelaySeconds": "0", "BucketNames": bucket, "FunctionPermissionsBoundary": a.requireCostCenter(t)}
	if err := a.deployer.Create(ctx, "untagged", a.template, p); err == nil || !strings.Contains(err.Error(), "iam:Create") {
		t.Errorf("got %v, want a failure that names iam:CreateRole or iam:CreatePolicy", err)
	}
	check(t, a.deployer.Delete(ctx, "untagged"))
	a.deployer.Tags = map[string]string{"CostCenter": "42"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	role := outputs["RoleName"]
	if got := a.costCenter(ctx, t, role); got != "42" {
		t.Errorf("created with CostCenter %q", got)
	}
	// CloudFormation sends no event for a change of tags alone.
	a.deployer.Tags["CostCenter"], p["Revision"] = "43", "2"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	if got := a.costCenter(ctx, t, role); got != "43" {
		t.Errorf("updated to CostCenter %q", got)
	}
	p["StackTags"] = "false"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	if got := a.costCenter(ctx, t, role); got != "43" {
		t.Errorf("left alone with CostCenter %q", got)
	}
	check(t, a.deployer.Delete(ctx, "app"))
}
