//go:build emulator

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
)

// instance is what a StackSet makes of template.yaml in one account and Region.
type instance struct {
	*account
	stack  string
	bucket string
	p      stacks.Parameters
}

// StackSets names the stacks of its instances StackSet-, the set's name, and a UUID.
func newInstance(t *testing.T, n int, id, region string) *instance {
	t.Helper()
	i := &instance{account: openIn(t, id, region), stack: fmt.Sprintf("StackSet-personalize-role-%08d-0000-4000-8000-000000000000", n)}
	i.bucket = i.account.bucket(t, "member-"+region, theirPolicy)
	// StackSets put their tags on the stacks of their instances.
	i.deployer.Tags = map[string]string{"CostCenter": "42"}
	// A StackSet gives all instances the same parameters: the boundaries are those of each account.
	i.requireOnce(t)
	i.p = stacks.Parameters{"BucketNames": i.bucket, "PropagationDelaySeconds": "0", "Description": "first",
		"FunctionPermissionsBoundary": "policy/CostCenter", "RequiredBoundary": "policy/PersonalizeRoleBoundary"}
	check(t, i.deployer.Create(t.Context(), i.stack, i.template, i.p))
	return i
}

// requireOnce makes the boundaries of an account that may have them already, from another Region.
func (i *instance) requireOnce(t *testing.T) {
	t.Helper()
	arn := "arn:aws:iam::" + i.id + ":policy/CostCenter"
	if _, err := i.iam.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: aws.String(arn)}); err != nil {
		i.requireCostCenter(t)
		i.ceiling(t, "*")
	}
}

// boundary is the ARN of the policy that bounds a role.
func (i *instance) boundary(t *testing.T, role string) string {
	t.Helper()
	out, err := i.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String(role)})
	check(t, err)
	if out.Role.PermissionsBoundary == nil {
		return ""
	}
	return aws.ToString(out.Role.PermissionsBoundary.PermissionsBoundaryArn)
}

// state is the instance's role and the statements in its bucket's policy.
func (i *instance) state(t *testing.T) string {
	t.Helper()
	outputs, err := i.deployer.Outputs(t.Context(), i.stack)
	check(t, err)
	policy, err := i.viewer.BucketPolicy(t.Context(), i.bucket)
	check(t, err)
	return i.role(t, outputs["RoleName"]) + sids(t, policy)
}

// roles lists the service roles of the whole account: IAM knows no Regions.
func (i *instance) roles(t *testing.T) []string {
	t.Helper()
	out, err := i.iam.ListRoles(t.Context(), &iam.ListRolesInput{})
	check(t, err)
	var names []string
	for _, r := range out.Roles {
		if name := aws.ToString(r.RoleName); strings.HasPrefix(name, "PersonalizeRole-") {
			names = append(names, name)
		}
	}
	return names
}

// The member template as the instances of a StackSet: one stack an account and Region, which know nothing of each other. One that is
// removed takes nothing with it of the other in the same account.
func TestStackSetInstances(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var all []*instance
	for _, id := range []string{"100000000040", "100000000041"} {
		for _, region := range []string{emulator.Region, "us-east-1"} {
			all = append(all, newInstance(t, len(all), id, region))
		}
	}
	names := map[string]bool{}
	for _, i := range all {
		outputs, err := i.deployer.Outputs(ctx, i.stack)
		check(t, err)
		names[outputs["RoleArn"]] = true
		if got := i.costCenter(ctx, t, outputs["RoleName"]); got != "42" {
			t.Errorf("%s: CostCenter %q", i.stack, got)
		}
		if got, want := i.boundary(t, outputs["RoleName"]), "arn:aws:iam::"+i.id+":policy/PersonalizeRoleBoundary"; got != want {
			t.Errorf("%s: boundary %q, want %s", i.stack, got, want)
		}
		if got := i.roles(t); !slices.Contains(got, outputs["RoleName"]) || len(got) != 2 {
			t.Errorf("account %s has %v, want two of which one is %s", i.id, got, outputs["RoleName"])
		}
	}
	if len(names) != len(all) {
		t.Errorf("%d instances have the roles %v", len(all), names)
	}
	var before []string
	for _, i := range all {
		i.p["Description"] = "second"
		check(t, i.deployer.Update(ctx, i.stack, i.template, i.p))
		if got := i.state(t); !strings.Contains(got, `"second"`) || !strings.HasSuffix(got, "TLSOnly,OURS") {
			t.Errorf("%s updated to %s", i.stack, got)
		}
		before = append(before, i.state(t))
	}

	removed := all[len(all)-1]
	check(t, removed.deployer.Delete(ctx, removed.stack))
	rest := all[:len(all)-1]
	var after []string
	for _, i := range rest {
		after = append(after, i.state(t))
	}
	if diff := cmp.Diff(before[:len(rest)], after); diff != "" {
		t.Errorf("removing %s changed others: -before +after:\n%s", removed.stack, diff)
	}
	for _, i := range rest {
		check(t, i.deployer.Delete(ctx, i.stack))
	}
	for _, i := range all {
		policy, err := i.viewer.BucketPolicy(ctx, i.bucket)
		check(t, err)
		if policy != theirPolicy {
			t.Errorf("bucket %s is left with %s", i.bucket, policy)
		}
		if left := i.roles(t); len(left) > 0 {
			t.Errorf("account %s is left with %v", i.id, left)
		}
	}
}
