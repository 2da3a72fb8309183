//go:build emulator

package e2e

import (
	"testing"

	"personalize-role/infra/stacks"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Who may do what, by the policy for people: those who operate may do all in Personalize and pass it the role, and others may look.
func TestOperators(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000020")
	ctx := t.Context()
	p := stacks.Parameters{"PropagationDelaySeconds": "0", "CreateOperatorPolicy": "Operate",
		"FunctionRolePath": "/cfn/", "RoleArnParameterName": "/ml/personalize/role-arn"}
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
	policy := aws.String(outputs["OperatorPolicyArn"])
	_, err = a.iam.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("operator"), PolicyArn: policy})
	check(t, err)
	const yes, no = "allowed", "implicitDeny"
	// The policy stays, with another document.
	for n, access := range []string{"Operate", "ReadOnly", "Monitor"} {
		if p["CreateOperatorPolicy"] = access; n > 0 {
			check(t, a.deployer.Update(ctx, "app", a.template, p))
		}
		for _, c := range []struct {
			action, resource, service string
			// want is for Operate, ReadOnly and Monitor.
			want [3]string
		}{
			{"personalize:CreateDatasetImportJob", "*", "", [3]string{yes, no, no}},
			{"personalize:DeleteCampaign", "arn:aws:personalize:eu-west-1:" + a.id + ":campaign/c", "", [3]string{yes, no, no}},
			{"personalize:GetRecommendations", "arn:aws:personalize:eu-west-1:" + a.id + ":campaign/c", "", [3]string{yes, no, no}},
			{"personalize:DescribeCampaign", "arn:aws:personalize:eu-west-1:" + a.id + ":campaign/c", "", [3]string{yes, yes, yes}},
			{"personalize:ListCampaigns", "*", "", [3]string{yes, yes, yes}},
			{"personalize:GetSolutionMetrics", "*", "", [3]string{yes, yes, yes}},
			{"cloudwatch:GetMetricData", "*", "", [3]string{no, no, yes}},
			{"cloudwatch:DescribeAlarms", "*", "", [3]string{no, no, yes}},
			{"cloudwatch:PutMetricAlarm", "*", "", [3]string{no, no, no}},
			{"iam:PassRole", outputs["RoleArn"], "personalize.amazonaws.com", [3]string{yes, no, no}},
			{"iam:PassRole", outputs["RoleArn"], "lambda.amazonaws.com", [3]string{no, no, no}},
			{"iam:PassRole", "arn:aws:iam::" + a.id + ":role/Admin", "personalize.amazonaws.com", [3]string{no, no, no}},
			{"iam:DeleteRole", outputs["RoleArn"], "", [3]string{no, no, no}},
			{"s3:GetObject", "arn:aws:s3:::data/x", "", [3]string{no, no, no}},
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
			if got := string(out.EvaluationResults[0].EvalDecision); got != c.want[n] {
				t.Errorf("%s: %s on %s for %q: %s, want %s", access, c.action, c.resource, c.service, got, c.want[n])
			}
		}
	}
	_, err = a.iam.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("operator"), PolicyArn: policy})
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
