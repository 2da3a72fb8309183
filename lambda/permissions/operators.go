package permissions

import (
	"fmt"
	"slices"
)

// Operator is what people may do with Personalize.
type Operator string

// What people may do.
const (
	// OperatorOperate allows everything in Personalize, and passing one role, and no other, to it. See
	// https://docs.aws.amazon.com/personalize/latest/dg/grant-user-permissions.html
	OperatorOperate Operator = "Operate"
	// OperatorReadOnly allows viewing the resources of Personalize, but not getting recommendations. See
	// https://docs.aws.amazon.com/personalize/latest/dg/security_iam_id-based-policy-examples.html
	OperatorReadOnly Operator = "ReadOnly"
	// OperatorMonitor also allows viewing CloudWatch metrics and alarms, which IAM can't restrict to those of Personalize. See
	// https://docs.aws.amazon.com/personalize/latest/dg/personalize-monitoring.html
	OperatorMonitor Operator = "Monitor"
)

// Operators lists them.
func Operators() []Operator { return []Operator{OperatorOperate, OperatorReadOnly, OperatorMonitor} }

// OperatorStatements returns the statements that let people do something with Personalize.
func OperatorStatements(what Operator, roleARN string) ([]Statement, error) {
	read := Statement{
		Sid: "ReadPersonalize", Resources: []string{"*"},
		Actions: []string{"personalize:Describe*", "personalize:GetSolutionMetrics", "personalize:List*"},
	}
	switch what {
	case OperatorOperate:
		return []Statement{
			{Sid: "OperatePersonalize", Actions: []string{"personalize:*"}, Resources: []string{"*"}},
			{
				Sid: "PassServiceRole", Actions: []string{"iam:PassRole"}, Resources: []string{roleARN},
				Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {"personalize.amazonaws.com"}}},
			},
		}, nil
	case OperatorReadOnly:
		return []Statement{read}, nil
	case OperatorMonitor:
		return []Statement{read, {
			Sid: "ViewMetricsAndAlarms", Resources: []string{"*"},
			Actions: []string{"cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmsForMetric",
				"cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"},
		}}, nil
	}
	return nil, fmt.Errorf("%q must be one of %v", what, Operators())
}

// PlanStatements are for those who compare a template with an account by roleplan: reads only.
func PlanStatements() []Statement {
	return []Statement{
		{Sid: "ReadRolesAndPolicies", Actions: sorted(slices.Concat(roleReads, policyReads)), Resources: []string{"*"}},
		{Sid: "ReadBuckets", Actions: sorted(slices.Concat(accountReads, bucketReads, findingReads)), Resources: []string{"*"}},
		{Sid: "ReadKeys", Actions: sorted(slices.Concat(anyKeyReads, keyReads)), Resources: []string{"*"}},
		{Sid: "ReadStacks", Resources: []string{"*"}, Actions: []string{"cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks",
			"cloudformation:GetTemplate", "cloudformation:ListStackResources"}},
	}
}
