//go:build emulator

package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"personalize-role/infra/emulator"
)

// Those who operate Personalize may do all there, and pass it the role; nothing else.
func TestOperators(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000020")
	ctx := t.Context()
	p := emulator.Parameters{"PropagationDelaySeconds": "0", "CreateOperatorPolicy": "Operate",
		"RoleArnParameterName": "/ml/personalize/role-arn"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	parameter, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/ml/personalize/role-arn")})
	check(t, err)
	if got := aws.ToString(parameter.Parameter.Value); got != outputs["RoleArn"] || got == "" {
		t.Errorf("parameter %s, output %s", got, outputs["RoleArn"])
	}
	user, err := a.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("operator")})
	check(t, err)
	_, err = a.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("operator"),
		PolicyArn: aws.String(outputs["OperatorPolicyArn"])})
	check(t, err)
	for _, c := range []struct{ action, resource, service, want string }{
		{"personalize:CreateDatasetImportJob", "*", "", "allowed"},
		{"personalize:DeleteCampaign", "arn:aws:personalize:eu-west-1:" + a.id + ":campaign/c", "", "allowed"},
		{"iam:PassRole", outputs["RoleArn"], "personalize.amazonaws.com", "allowed"},
		{"iam:PassRole", outputs["RoleArn"], "lambda.amazonaws.com", "implicitDeny"},
		{"iam:PassRole", "arn:aws:iam::" + a.id + ":role/Admin", "personalize.amazonaws.com", "implicitDeny"},
		{"iam:DeleteRole", outputs["RoleArn"], "", "implicitDeny"},
		{"s3:GetObject", "arn:aws:s3:::data/x", "", "implicitDeny"},
	} {
		in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: user.User.Arn, ActionNames: []string{c.action},
			ResourceArns: []string{c.resource}}
		if c.service != "" {
			in.ContextEntries = []types.ContextEntry{{
				ContextKeyName: aws.String("iam:PassedToService"), ContextKeyType: types.ContextKeyTypeEnumString,
				ContextKeyValues: []string{c.service},
			}}
		}
		out, err := a.iam.SimulatePrincipalPolicy(ctx, in)
		check(t, err)
		if got := string(out.EvaluationResults[0].EvalDecision); got != c.want {
			t.Errorf("%s on %s for %q: %s, want %s", c.action, c.resource, c.service, got, c.want)
		}
	}
	_, err = a.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("operator"),
		PolicyArn: aws.String(outputs["OperatorPolicyArn"])})
	check(t, err)
	p["CreateOperatorPolicy"], p["RoleArnParameterName"] = "None", ""
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	outputs, err = a.deployer.Outputs(ctx, "app")
	check(t, err)
	if arn, ok := outputs["OperatorPolicyArn"]; ok {
		t.Errorf("switched off, and still there: %s", arn)
	}
	if _, err := a.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/ml/personalize/role-arn")}); err == nil {
		t.Error("the parameter is still there")
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if left := a.left(t); left != "" {
		t.Errorf("left: %s", left)
	}
}
