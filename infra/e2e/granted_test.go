//go:build emulator

package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/lambda/permissions"
)

func bySid(statements []permissions.Statement) map[string]permissions.Statement {
	all := map[string]permissions.Statement{}
	for _, s := range statements {
		all[s.Sid] = s
	}
	return all
}

// list is a string or a list of them.
type list []string

func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	var many []string
	err := json.Unmarshal(raw, &many)
	*l = many
	return err
}

// granted returns the statements of a role's inline and managed policies, logging aside, those about additional buckets and keys
// under the names of the others.
func (a *account) granted(t *testing.T, role string) map[string]permissions.Statement {
	t.Helper()
	ctx := t.Context()
	inline, err := a.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String("Provision")})
	check(t, err)
	documents := []*string{inline.PolicyDocument}
	attached, err := a.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
	check(t, err)
	for _, p := range attached.AttachedPolicies {
		v, err := a.iam.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: p.PolicyArn, VersionId: aws.String("v1")})
		check(t, err)
		documents = append(documents, v.PolicyVersion.Document)
	}
	all := map[string]permissions.Statement{}
	for _, encoded := range documents {
		text, err := url.PathUnescape(aws.ToString(encoded))
		check(t, err)
		var document struct {
			Statement []struct {
				Sid, Effect      string
				Action, Resource list
				Condition        map[string]map[string]list
			}
		}
		check(t, json.Unmarshal([]byte(text), &document))
		for _, s := range document.Statement {
			granted := permissions.Statement{Sid: strings.Replace(s.Sid, "Additional", "", 1), Deny: s.Effect == "Deny", Actions: s.Action,
				Resources: s.Resource}
			for operator, keys := range s.Condition {
				if granted.Conditions == nil {
					granted.Conditions = map[string]map[string][]string{}
				}
				granted.Conditions[operator] = map[string][]string{}
				for key, values := range keys {
					granted.Conditions[operator][key] = values
				}
			}
			if s.Sid != "WriteLogs" {
				all[granted.Sid] = granted
			}
		}
	}
	return all
}

// own detaches the managed policies of a role, so that its inline policy alone decides.
func (a *account) own(ctx context.Context, role string) error {
	attached, err := a.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
	if err != nil {
		return err
	}
	for _, p := range attached.AttachedPolicies {
		if _, err := a.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(role), PolicyArn: p.PolicyArn}); err != nil {
			return err
		}
		if _, err := a.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: p.PolicyArn}); err != nil {
			return err
		}
	}
	return nil
}

// grant replaces the policy of the function's role.
func (a *account) grant(ctx context.Context, role string, statements []permissions.Statement) error {
	_, err := a.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String("Provision"),
		PolicyDocument: aws.String(permissions.Document(statements))})
	return err
}
