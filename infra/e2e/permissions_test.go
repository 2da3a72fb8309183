//go:build emulator

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/infra/local"
	"personalize-role/lambda/permissions"
)

// unneeded are the permissions whose lack the emulator doesn't notice, and why they stand all the same.
var unneeded = map[string]string{
	"CreateOwnPolicies iam:TagPolicy":                                     "AWS asks for it when CreatePolicy sets tags",
	"AskWhetherEventsAreStillWanted cloudformation:DescribeStackResource": "denied, the function goes on and logs it",
	"AskWhetherEventsAreStillWanted cloudformation:DescribeStacks":        "denied, the function goes on and logs it",
}

// Each permission of the function is needed: without it the life of a role fails, and the reason names it.
func TestFunctionHasExactlyTheNeededPermissions(t *testing.T) {
	a := open(t, "100000000004")
	ctx := t.Context()
	check(t, a.deployer.Create(ctx, "provider", a.template, local.Parameters{"SettleSeconds": "0"}))
	token := a.serviceToken(ctx, t, "provider")
	x := &exercise{account: a, token: token}
	if err := x.run(ctx); err != nil {
		t.Fatalf("with all permissions: %v", err)
	}
	role := a.functionRole(ctx, t)
	statements := permissions.Statements(permissions.Scope{
		Partition: "aws", Region: local.Region, AccountID: a.id,
		RoleNames: []string{permissions.DefaultRoleNames}, PolicyNames: []string{permissions.DefaultPolicyNames},
	})
	for _, s := range statements {
		for _, action := range s.Actions {
			t.Run(s.Sid+" "+action, func(t *testing.T) {
				check(t, a.grant(ctx, role, without(statements, s.Sid, action)))
				err := x.run(ctx)
				check(t, a.grant(ctx, role, statements))
				_, spare := unneeded[s.Sid+" "+action]
				switch {
				case spare && err != nil:
					t.Errorf("failed: %v", err)
				case !spare && (err == nil || !strings.Contains(err.Error(), action)):
					t.Errorf("got %v, want a failure that names %s", err, action)
				}
				check(t, x.clear(ctx))
			})
		}
	}
}

func without(statements []permissions.Statement, sid, action string) []permissions.Statement {
	var rest []permissions.Statement
	for _, s := range statements {
		if s.Sid == sid {
			s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(a string) bool { return a == action })
		}
		if len(s.Actions) > 0 {
			rest = append(rest, s)
		}
	}
	return rest
}

// functionRole finds the role of the function of stack provider.
func (a *account) functionRole(ctx context.Context, t *testing.T) string {
	t.Helper()
	roles, err := a.iam.ListRoles(ctx, &iam.ListRolesInput{})
	check(t, err)
	for _, r := range roles.Roles {
		if strings.Contains(aws.ToString(r.RoleName), "FunctionRole") {
			return aws.ToString(r.RoleName)
		}
	}
	t.Fatal("no role of the function")
	return ""
}

// grant replaces the policy of the function's role.
func (a *account) grant(ctx context.Context, role string, statements []permissions.Statement) error {
	var list []map[string]any
	for _, s := range statements {
		one := map[string]any{"Sid": s.Sid, "Effect": "Allow", "Action": s.Actions, "Resource": s.Resources}
		if s.Conditions != nil {
			one["Condition"] = s.Conditions
		}
		list = append(list, one)
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		return err
	}
	_, err = a.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String("Provision"), PolicyDocument: aws.String(string(document))})
	return err
}

// exercise is a life of two roles that takes every permission.
type exercise struct {
	account *account
	token   string
	n       int
}

const (
	created = "PersonalizeRole-Created"
	adopted = "PersonalizeRole-Adopted"
	powers  = "arn:aws:iam::aws:policy/PowerUserAccess"
)

func (x *exercise) run(ctx context.Context) error {
	x.n++
	if err := x.adopt(ctx); err != nil {
		return err
	}
	stack := fmt.Sprintf("life-%d", x.n)
	p := map[string]any{
		"RoleName": created, "PermissionsBoundary": powers, "Buckets": []string{"data-0"}, "ForceDetach": true,
		"Tags": []map[string]string{{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}},
	}
	d := x.account.deployer
	if err := d.Create(ctx, stack, resource(x.token, p), nil); err != nil {
		return err
	}
	p["SourceConditions"], p["Description"], p["FullAccess"] = false, "new", false
	p["Tags"] = []map[string]string{{"Key": "a", "Value": "2"}}
	delete(p, "PermissionsBoundary")
	for version := 1; version <= 5; version++ {
		p["Buckets"] = []string{fmt.Sprintf("data-%d", version)}
		if err := d.Update(ctx, stack, resource(x.token, p), nil); err != nil {
			return err
		}
	}
	if err := x.lend(ctx); err != nil {
		return err
	}
	p["PermissionsBoundary"] = powers
	if err := d.Update(ctx, stack, resource(x.token, p), nil); err != nil {
		return err
	}
	if err := x.takeBack(ctx); err != nil {
		return err
	}
	if err := d.Delete(ctx, stack); err != nil {
		return err
	}
	if left := x.left(ctx); left != "" {
		return fmt.Errorf("left behind: %s", left)
	}
	return nil
}

// adopt takes over a role, and gives it back.
func (x *exercise) adopt(ctx context.Context) error {
	i := x.account.iam
	if _, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(adopted), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`)}); err != nil {
		return err
	}
	stack := fmt.Sprintf("adopting-%d", x.n)
	if err := x.account.deployer.Create(ctx, stack, resource(x.token, map[string]any{"RoleName": adopted, "Adopt": true}), nil); err != nil {
		return err
	}
	if err := x.account.deployer.Delete(ctx, stack); err != nil {
		return err
	}
	_, err := i.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(adopted)})
	return err
}

// lend has others use the role's policy, and put one of theirs into the role.
func (x *exercise) lend(ctx context.Context) error {
	i := x.account.iam
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
	if _, err := i.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(created), PolicyName: aws.String("theirs"), PolicyDocument: aws.String(document)}); err != nil {
		return err
	}
	return x.user(ctx, func(user, policy string) error {
		if _, err := i.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(user)}); err != nil {
			return err
		}
		_, err := i.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(user), PolicyArn: aws.String(policy)})
		return err
	})
}

func (x *exercise) takeBack(ctx context.Context) error {
	i := x.account.iam
	return x.user(ctx, func(user, policy string) error {
		if _, err := i.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String(user), PolicyArn: aws.String(policy)}); err != nil {
			return err
		}
		_, err := i.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(user)})
		return err
	})
}

func (x *exercise) user(ctx context.Context, do func(user, policy string) error) error {
	policies, err := x.account.iam.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return err
	}
	for _, p := range policies.Policies {
		if err := do("borrower", aws.ToString(p.Arn)); err != nil {
			return err
		}
	}
	return nil
}

func (x *exercise) left(ctx context.Context) string {
	arns, err := x.account.viewer.Left(ctx)
	if err != nil {
		return err.Error()
	}
	var left []string
	for _, arn := range arns {
		if strings.HasSuffix(arn, "/"+created) || strings.HasSuffix(arn, "/"+adopted) || strings.Contains(arn, ":policy/") {
			left = append(left, arn)
		}
	}
	return strings.Join(left, " ")
}

// clear deletes what a failed run left: the emulator, unlike AWS, sends no Delete after a Create that failed.
func (x *exercise) clear(ctx context.Context) error {
	_ = x.takeBack(ctx)
	for _, stack := range []string{"adopting", "life"} {
		// Those that are gone already can't be deleted.
		_ = x.account.deployer.Delete(ctx, fmt.Sprintf("%s-%d", stack, x.n))
	}
	i := x.account.iam
	for _, role := range []string{created, adopted} {
		attached, err := i.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
		if err != nil {
			continue
		}
		for _, p := range attached.AttachedPolicies {
			if _, err := i.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(role), PolicyArn: p.PolicyArn}); err != nil {
				return err
			}
		}
		if _, err := i.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(role)}); err != nil {
			return err
		}
	}
	policies, err := i.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return err
	}
	for _, p := range policies.Policies {
		versions, err := i.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: p.Arn})
		if err != nil {
			return err
		}
		for _, v := range versions.Versions {
			if !v.IsDefaultVersion {
				if _, err := i.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: p.Arn, VersionId: v.VersionId}); err != nil {
					return err
				}
			}
		}
		if _, err := i.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: p.Arn}); err != nil {
			return err
		}
	}
	if left := x.left(ctx); left != "" {
		return fmt.Errorf("left behind although every permission is back: %s", left)
	}
	return nil
}
