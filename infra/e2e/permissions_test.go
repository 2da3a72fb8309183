//go:build emulator

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/infra/emulator"
	"personalize-role/lambda/permissions"
)

// unneeded are the permissions whose lack the emulator doesn't notice, and why they stand all the same.
var unneeded = map[string]string{
	"MarkOwnPolicies iam:TagPolicy":                      "AWS asks for it when CreatePolicy sets tags",
	"DescribeStack cloudformation:DescribeStackResource": "denied, the function continues and logs it",
	"DescribeStack cloudformation:DescribeStacks":        "denied, the function continues and logs it",
}

// Each permission of the function is needed: without it the life of a role fails, and the reason names it.
func TestFunctionHasExactlyTheNeededPermissions(t *testing.T) {
	t.Parallel()
	// Most of the time goes into waiting for denials to pass.
	const sideBySide = 3
	exercises := make(chan *exercise, sideBySide)
	for n := range sideBySide {
		exercises <- newExercise(t, fmt.Sprintf("10000000001%d", n))
	}
	for _, s := range permissions.Statements(scope("", nil, nil)) {
		for _, action := range s.Actions {
			t.Run(s.Sid+" "+action, func(t *testing.T) {
				t.Parallel()
				x := <-exercises
				defer func() { exercises <- x }()
				x.without(t, s.Sid, action)
			})
		}
	}
}

// scope is that of a provider in an account; without one its statements have the same Sids and actions.
func scope(account string, buckets, keys []string) permissions.Scope {
	s := permissions.Scope{
		Partition: "aws", Region: emulator.Region, AccountID: account,
		RoleNames: []string{permissions.DefaultRoleNames}, PolicyNames: []string{permissions.DefaultPolicyNames},
		Buckets: []string{"arn:*:s3:::none"}, Keys: []string{"none"},
	}
	if account != "" {
		s.Buckets, s.Keys = nil, keys
		for _, name := range buckets {
			s.Buckets = append(s.Buckets, "arn:*:s3:::"+name)
		}
	}
	return s
}

// without runs the exercise without a permission.
func (x *exercise) without(t *testing.T, sid, action string) {
	ctx := t.Context()
	check(t, x.account.grant(ctx, x.role, without(x.statements, sid, action)))
	err := x.run(ctx)
	check(t, x.account.grant(ctx, x.role, x.statements))
	_, spare := unneeded[sid+" "+action]
	switch {
	case spare && err != nil:
		t.Errorf("failed: %v", err)
	case !spare && (err == nil || !strings.Contains(err.Error(), action)):
		t.Errorf("got %v, want a failure that names %s", err, action)
	}
	check(t, x.clear(ctx))
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
