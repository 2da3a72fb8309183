//go:build emulator

package e2e

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"personalize-role/infra/stacks"
)

// The rule of the stack has the function restore what others changed, with the function's own permissions and the input that
// CloudFormation made of the parameters: an owner's stack that overwrites a bucket policy has the statement back after the next check.
func TestDriftCheck(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000071")
	ctx := t.Context()
	one, two, key := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", ""), a.key(t)
	p := stacks.Parameters{"BucketNames": one + "," + two, "KmsKeyArns": key, "Uses": "DatasetImport,BatchInference",
		"PropagationDelaySeconds": "0", "Description": `of "quotes", \ and é`, "DriftCheckSchedule": "rate(7 days)", "RepairDrift": "true",
		"AlarmTopicArn": "arn:aws:sns:eu-west-1:" + a.id + ":alarms"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	name := outputs["RoleName"]
	deployed, statements := a.role(t, name), a.statements(t, key, one, two)
	input := a.ruleInput(t, "app-DriftCheck")

	if log := a.invoke(t, outputs["ServiceToken"], input); !strings.Contains(log, "CheckFailed=0") || !strings.Contains(log, "Drift=0") ||
		strings.Contains(log, "message=drift ") {
		t.Errorf("without drift: %s", log)
	}
	spoil := func() {
		t.Helper()
		a.putPolicy(t, one, theirPolicy)
		_, err := a.iam.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &name, Description: aws.String("theirs")})
		check(t, err)
	}
	spoil()
	if log := a.invoke(t, outputs["ServiceToken"], input); !strings.Contains(log, "repaired=true") || !strings.Contains(log, "Drift=0") {
		t.Errorf("a repair: %s", log)
	}
	if got := a.role(t, name); got != deployed {
		t.Errorf("repaired %s, want %s", got, deployed)
	}
	if got := a.statements(t, key, one, two); got != statements {
		t.Errorf("repaired to statements %s, want %s", got, statements)
	}

	// What was deployed before, or never, is not applied.
	p["Description"], p["BucketNames"] = "second", one
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	spoil()
	for _, other := range []string{input, strings.ReplaceAll(input, "rate(7 days)", "rate(8 days)")} {
		if log := a.invoke(t, outputs["ServiceToken"], other); !strings.Contains(log, "CheckFailed=1") {
			t.Errorf("another input: %s", log)
		}
	}
	if got := a.statements(t, key, one, two); !strings.HasPrefix(got, "TLSOnly |  | ") {
		t.Errorf("another input led to statements %s", got)
	}
	a.invoke(t, outputs["ServiceToken"], a.ruleInput(t, "app-DriftCheck"))
	if got := a.statements(t, key, one, two); !strings.HasPrefix(got, "TLSOnly,OURS |  | ") {
		t.Errorf("repaired to statements %s", got)
	}

	p["DriftCheckSchedule"], p["RepairDrift"] = "", "false"
	check(t, a.deployer.Update(ctx, "app", a.template, p))
	if log := a.invoke(t, outputs["ServiceToken"], input); !strings.Contains(log, "CheckFailed=1") {
		t.Errorf("a check without a schedule: %s", log)
	}
	check(t, a.deployer.Delete(ctx, "app"))
}

// ruleInput is what a rule sends to the function.
func (a *account) ruleInput(t *testing.T, prefix string) string {
	t.Helper()
	client := eventbridge.NewFromConfig(a.config)
	rules, err := client.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: &prefix})
	check(t, err)
	if len(rules.Rules) != 1 {
		t.Fatalf("%d rules start with %s", len(rules.Rules), prefix)
	}
	targets, err := client.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: rules.Rules[0].Name})
	check(t, err)
	return aws.ToString(targets.Targets[0].Input)
}

// invoke runs the function and returns its log.
func (a *account) invoke(t *testing.T, function, input string) string {
	t.Helper()
	out, err := lambda.NewFromConfig(a.config).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: []byte(input),
		LogType: lambdatypes.LogTypeTail})
	check(t, err)
	if out.FunctionError != nil {
		t.Fatalf("%s: %s", *out.FunctionError, out.Payload)
	}
	log, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	check(t, err)
	return string(log)
}
