//go:build emulator

package emulator

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	anyTrust = `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	anyPolicy  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
	iamActions = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"
	policyARN  = "arn:aws:iam::" + AccountID + ":policy/"
)

var iamCorrections = []correction{
	{"a role is authorised by its whole ARN, path included", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-path", `"Action":"iam:*","Resource":"arn:aws:iam::*:role/team/*"`)
		if err != nil {
			return err
		}
		return errors.Join(createRole(ctx, user, "in-team", "/team/", ""), denied(createRole(ctx, user, "elsewhere", "/", "")),
			second(user.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("in-team")})))
	}},
	{"a managed policy is authorised by its whole ARN, path included", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-policy-path", `"Action":"iam:*","Resource":"arn:aws:iam::*:policy/team/*"`)
		if err != nil {
			return err
		}
		return errors.Join(createPolicy(ctx, user, "in-team", "/team/"), denied(createPolicy(ctx, user, "elsewhere", "/")))
	}},
	{"iam:PolicyARN is known", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-policy", `"Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"`+
			policyARN+`good"}}`)
		if err != nil {
			return err
		}
		root := iam.NewFromConfig(e.Config())
		if err := errors.Join(createRole(ctx, root, "attached", "/", ""), createPolicy(ctx, root, "good", "/"),
			createPolicy(ctx, root, "bad", "/")); err != nil {
			return err
		}
		return errors.Join(attach(ctx, user, "attached", policyARN+"good"), denied(attach(ctx, user, "attached", policyARN+"bad")))
	}},
	{"iam:PermissionsBoundary is known", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-boundary", `"Action":"iam:CreateRole","Resource":"*","Condition":{"StringEquals":{`+
			`"iam:PermissionsBoundary":"`+policyARN+`ceiling"}}`)
		if err != nil {
			return err
		}
		if err := createPolicy(ctx, iam.NewFromConfig(e.Config()), "ceiling", "/"); err != nil {
			return err
		}
		return errors.Join(createRole(ctx, user, "bounded", "/", policyARN+"ceiling"), denied(createRole(ctx, user, "free", "/", "")))
	}},
	{"iam:PermissionsBoundary of an attachment is the role's", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-boundary-of-the-role", `"Action":"iam:AttachRolePolicy","Resource":"*","Condition":{"StringEquals":{`+
			`"iam:PermissionsBoundary":"`+policyARN+`limit"}}`)
		if err != nil {
			return err
		}
		root := iam.NewFromConfig(e.Config())
		if err := errors.Join(createPolicy(ctx, root, "limit", "/"), createRole(ctx, root, "below-it", "/", policyARN+"limit"),
			createRole(ctx, root, "without-it", "/", "")); err != nil {
			return err
		}
		return errors.Join(attach(ctx, user, "below-it", policyARN+"limit"), denied(attach(ctx, user, "without-it", policyARN+"limit")))
	}},
	{"aws:PrincipalArn of a role's session is the role's ARN",
		"https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn",
		func(ctx context.Context, e *Emulator) error {
			root, name := iam.NewFromConfig(e.Config()), aws.String("session-of")
			if _, err := root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, Path: aws.String("/team/"), AssumeRolePolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)}); err != nil {
				return err
			}
			arn := "arn:aws:iam::" + AccountID + ":role/team/session-of"
			if _, err := root.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetRole","Resource":"*","Condition":{"ArnEquals":{` +
					`"aws:PrincipalArn":"` + arn + `"}}}}`)}); err != nil {
				return err
			}
			session, err := sts.NewFromConfig(e.Config()).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: name})
			if err != nil {
				return err
			}
			c := session.Credentials
			as := e.ConfigFor(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
			return second(iam.NewFromConfig(as).GetRole(ctx, &iam.GetRoleInput{RoleName: name}))
		}},
	{"tags of a managed policy are its aws:ResourceTag", iamActions, func(ctx context.Context, e *Emulator) error {
		user, err := e.user(ctx, "by-tag", `"Action":"iam:GetPolicy","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`)
		if err != nil {
			return err
		}
		root := iam.NewFromConfig(e.Config())
		if err := errors.Join(createPolicy(ctx, root, "tagged", "/", types.Tag{Key: aws.String("team"), Value: aws.String("a")}),
			createPolicy(ctx, root, "untagged", "/")); err != nil {
			return err
		}
		get := func(name string) error {
			return second(user.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(policyARN + name)}))
		}
		return errors.Join(get("tagged"), denied(get("untagged")))
	}},
	{"a managed policy with several versions can't be deleted",
		"https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html", func(ctx context.Context, e *Emulator) error {
			root, arn := iam.NewFromConfig(e.Config()), aws.String(policyARN+"versions")
			if err := createPolicy(ctx, root, "versions", "/"); err != nil {
				return err
			}
			if _, err := root.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, SetAsDefault: true,
				PolicyDocument: aws.String(anyPolicy)}); err != nil {
				return err
			}
			return failed("DeleteConflict", second(root.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})))
		}},
	{"a managed policy that doesn't exist can't be attached",
		"https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html", func(ctx context.Context, e *Emulator) error {
			root := iam.NewFromConfig(e.Config())
			if err := createRole(ctx, root, "alone", "/", ""); err != nil {
				return err
			}
			return failed("NoSuchEntity", attach(ctx, root, "alone", policyARN+"missing"))
		}},
	{"a simulation heeds its context",
		"https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html", func(ctx context.Context, e *Emulator) error {
			if _, err := e.user(ctx, "simulated", `"Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{`+
				`"iam:PassedToService":"personalize.amazonaws.com"}}`); err != nil {
				return err
			}
			out, err := iam.NewFromConfig(e.Config()).SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: aws.String("arn:aws:iam::" + AccountID + ":user/simulated"), ActionNames: []string{"iam:PassRole"},
				ContextEntries: []types.ContextEntry{{ContextKeyName: aws.String("iam:PassedToService"),
					ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{"personalize.amazonaws.com"}}},
			})
			if err != nil {
				return err
			}
			if decision := out.EvaluationResults[0].EvalDecision; decision != types.PolicyEvaluationDecisionTypeAllowed {
				return fmt.Errorf("decided %s", decision)
			}
			return nil
		}},
}

// user makes a user with one Allow, and returns a client with its credentials.
func (e *Emulator) user(ctx context.Context, name, allow string) (*iam.Client, error) {
	id, secret, err := e.credentials(ctx, name, allow)
	return iam.NewFromConfig(e.ConfigFor(id, secret, "")), err
}

func (e *Emulator) credentials(ctx context.Context, name, allow string) (id, secret string, err error) {
	root := iam.NewFromConfig(e.Config())
	if _, err := root.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)}); err != nil {
		return "", "", err
	}
	if _, err := root.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String(name), PolicyName: aws.String("Allow"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` + allow + `}}`)}); err != nil {
		return "", "", err
	}
	key, err := root.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	if err != nil {
		return "", "", err
	}
	return aws.ToString(key.AccessKey.AccessKeyId), aws.ToString(key.AccessKey.SecretAccessKey), nil
}

func createRole(ctx context.Context, client *iam.Client, name, path, boundary string) error {
	in := &iam.CreateRoleInput{RoleName: aws.String(name), Path: aws.String(path), AssumeRolePolicyDocument: aws.String(anyTrust)}
	if boundary != "" {
		in.PermissionsBoundary = aws.String(boundary)
	}
	return second(client.CreateRole(ctx, in))
}

func createPolicy(ctx context.Context, client *iam.Client, name, path string, tags ...types.Tag) error {
	return second(client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name), Path: aws.String(path), Tags: tags,
		PolicyDocument: aws.String(anyPolicy)}))
}

func attach(ctx context.Context, client *iam.Client, role, policy string) error {
	return second(client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(role), PolicyArn: aws.String(policy)}))
}

func second[T any](_ T, err error) error { return err }

// denied says if a call that should have been denied was not.
func denied(err error) error { return failed("AccessDenied", err) }

// failed says if a call has not failed with a code.
func failed(code string, err error) error {
	var answer smithy.APIError
	if !errors.As(err, &answer) || answer.ErrorCode() != code {
		return errors.Join(err, fmt.Errorf("it should have been answered %s", code))
	}
	return nil
}
