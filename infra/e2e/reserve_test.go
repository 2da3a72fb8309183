//go:build emulator

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"personalize-role/lambda/permissions"
)

// The tags of ownership are the function's role's to set, in whatever case they are written. The emulator has no service control policies:
// the statements stand in the policies of two roles that may do everything else.
func TestTagsAreReserved(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000053")
	ctx := t.Context()
	function := "personalize-role-FunctionRole-1"
	statements := append(permissions.ReserveTags([]string{"arn:aws:iam::*:role/personalize-role-FunctionRole-*"}),
		permissions.Statement{Sid: "Everything", Actions: []string{"iam:*"}, Resources: []string{"*"}})
	trust := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)
	for _, name := range []string{function, "someone"} {
		_, err := a.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trust})
		check(t, err)
		check(t, a.grant(ctx, name, statements))
	}
	_, err := a.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("target"), AssumeRolePolicyDocument: trust})
	check(t, err)
	for key, reserved := range map[string]bool{
		"personalize-role:stack-id": true, "Personalize-Role:Stack-Id": true, "personalize-role:original-00": true, "team": false,
		"personalize": false,
	} {
		tags := []types.Tag{{Key: &key, Value: aws.String("x")}}
		for _, who := range []string{"someone", function} {
			client := iam.NewFromConfig(a.actAs(t, who))
			for name, attempt := range map[string]func() error{
				"TagRole": func() error {
					_, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("target"), Tags: tags})
					return err
				},
				"CreateRole": func() error {
					_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("new"), AssumeRolePolicyDocument: trust, Tags: tags})
					if err == nil {
						_, err = a.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("new")})
					}
					return err
				},
				"UntagRole": func() error {
					_, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: aws.String("target"), TagKeys: []string{key}})
					return err
				},
			} {
				err := attempt()
				denied := err != nil && strings.Contains(err.Error(), "AccessDenied")
				if want := reserved && who != function; denied != want || err != nil && !denied {
					t.Errorf("%s with %s as %s: got %v, want denied %v", name, key, who, err, want)
				}
			}
		}
	}
}

// Whatever a trust policy says, only AWS services may assume a service role. The emulator has no resource control policies: the
// statement stands in the trust policy.
func TestOnlyServicesAssumeServiceRoles(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000054")
	ctx := t.Context()
	open := `{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}`
	create := func(name, statements string) {
		trust := `{"Version":"2012-10-17","Statement":[` + statements + `]}`
		_, err := a.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: aws.String("/personalize-roles/"),
			AssumeRolePolicyDocument: &trust})
		check(t, err)
	}
	deny := permissions.Decoded(permissions.OnlyServices(nil))["Statement"].([]any)[0].(map[string]any)
	// A trust policy is about the role that has it.
	delete(deny, "Resource")
	text, err := json.Marshal(deny)
	check(t, err)
	create("someone", open)
	check(t, a.grant(ctx, "someone", []permissions.Statement{{Sid: "Assume", Actions: []string{"sts:*"}, Resources: []string{"*"}}}))
	create("unprotected", open)
	create("protected", open+","+string(text))
	client := sts.NewFromConfig(a.actAs(t, "personalize-roles/someone"))
	for name, want := range map[string]bool{"unprotected": false, "protected": true} {
		_, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + a.id + ":role/personalize-roles/" + name), RoleSessionName: aws.String("attempt")})
		if denied := err != nil && strings.Contains(err.Error(), "AccessDenied"); denied != want || err != nil && !denied {
			t.Errorf("%s: got %v, want denied %v", name, err, want)
		}
	}
}
