package personalizerole

import (
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// checkDrift adds the rule that has the function compare the role with its properties, which the rule sends along: no store is needed, and
// the rule is updated, and rolled back, with the stack. See docs/adr/0020-the-schedule-is-the-store.md.
func (r *serviceRole) checkDrift(check DriftCheck) {
	if check.Schedule == nil {
		refuse(r, "DriftCheck has no Schedule, such as awsevents.Schedule_Rate(awscdk.Duration_Days(jsii.Number(1)))")
	}
	rule := awsevents.NewCfnRule(r, jsii.String("DriftCheck"), &awsevents.CfnRuleProps{
		Description:        jsii.String("Has the Amazon Personalize service role compared with what was deployed"),
		ScheduleExpression: check.Schedule.ExpressionString(),
		Targets: []any{&awsevents.CfnRule_TargetProperty{Id: jsii.String("Function"), Arn: r.provider.ServiceToken(),
			Input: lazyText(r.driftCheckInput)}},
	})
	// A check that comes before the role is updated would be for nothing, and the rule must go before the role does.
	rule.AddResourceDependency(r.resource, nil)
	awslambda.NewCfnPermission(r, jsii.String("DriftCheckPermission"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), FunctionName: r.provider.ServiceToken(), Principal: jsii.String("events.amazonaws.com"),
		SourceArn: rule.AttrArn(),
	})
	if check.AlarmTopic == nil {
		return
	}
	stack := awscdk.Stack_Of(r)
	awscloudwatch.NewCfnAlarm(r, jsii.String("DriftAlarm"), &awscloudwatch.CfnAlarmProps{
		AlarmDescription: jsii.String("The Amazon Personalize service role drifted, would make Personalize fail, or could not be checked; " +
			"the function's log says what"),
		Namespace: jsii.String(properties.MetricNamespace), MetricName: jsii.String(properties.MetricProblems),
		Dimensions: []any{
			&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(properties.DimensionStack), Value: stack.StackName()},
			&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(properties.DimensionLogicalID), Value: r.logicalID()},
		},
		Statistic: jsii.String("Maximum"), Period: jsii.Number(300), EvaluationPeriods: jsii.Number(1), Threshold: jsii.Number(1),
		// The metric has no data between checks: the alarm keeps its state until the next one.
		ComparisonOperator: jsii.String("GreaterThanOrEqualToThreshold"), TreatMissingData: jsii.String("ignore"),
		AlarmActions: &[]any{check.AlarmTopic.TopicArn()},
	})
}

func (r *serviceRole) logicalID() *string { return awscdk.Stack_Of(r).GetLogicalId(r.resource) }

// driftCheckInput is the event that the rule sends, as JSON.
func (r *serviceRole) driftCheckInput() *string {
	all := r.properties()
	if tags := r.resource.tagList(); len(tags) > 0 {
		all[properties.NameTags] = tags
	}
	maps.Copy(all, r.resource.overrides)
	sent := map[string]any{}
	for _, name := range properties.Provisioned() {
		if value, ok := all[name]; ok {
			sent[name] = withoutLists(value)
		}
	}
	stack := awscdk.Stack_Of(r)
	return stack.ToJsonString(map[string]any{"RequestType": properties.RequestCheckDrift, "StackId": *stack.StackId(),
		"LogicalResourceId": *r.logicalID(), "ResourceProperties": sent}, nil)
}

// withoutLists returns a value in which a list that only the deployment knows is a list of one text, which becomes the JSON of its
// elements: CDK would have a function of its own encode the list.
func withoutLists(value any) any {
	switch v := value.(type) {
	case []*string:
		if isListToken(&v) {
			return []any{*awscdk.Fn_Join(jsii.String(`","`), &v)}
		}
	case []any:
		var list []any
		for _, element := range v {
			list = append(list, withoutLists(element))
		}
		return list
	case map[string]any:
		all := map[string]any{}
		for name, member := range v {
			all[name] = withoutLists(member)
		}
		return all
	}
	return value
}
