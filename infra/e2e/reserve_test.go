//go:build emulator

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

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
