package personalizerole

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// checkDrift adds the rule that makes the function compare the role with its properties. The rule sends the properties, so no store is
// needed, and it is updated and rolled back with the stack. See docs/adr/0020-the-schedule-is-the-store.md.
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
			sent[name] = escaped(value)
		}
		// The other texts have no characters that JSON escapes.
		if text := r.props.Description; name == properties.NameDescription && text != nil && *awscdk.Token_IsUnresolved(*text) {
			sent[name] = *escapedText(*text)
		}
	}
	return encoded(map[string]any{"RequestType": properties.RequestCheckDrift, "StackId": *awscdk.Stack_Of(r).StackId(),
		"LogicalResourceId": *r.logicalID(), "ResourceProperties": sent})
}

// encoded returns a value as JSON in which tokens stay tokens. CDK would add a function of its own for lists that only the
// deployment knows.
func encoded(value any) *string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	// The escaped form of <, > and & would hide tokens.
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // texts, numbers, lists and maps
	}
	return jsii.String(strings.TrimSpace(b.String()))
}

// escaped returns a value whose numbers and lists become parts of JSON once the deployment knows them.
func escaped(value any) any {
	switch v := value.(type) {
	case float64:
		if *awscdk.Token_IsUnresolved(v) {
			return *awscdk.Token_AsString(v, nil)
		}
	case *float64:
		return escaped(*v)
	case *string:
		return escaped(*v)
	case []*string:
		if isListToken(&v) {
			// The separator makes elements of the one text.
			return []any{*awscdk.Fn_Join(jsii.String(`","`), &v)}
		}
		var list []any
		for _, element := range v {
			list = append(list, escaped(*element))
		}
		return list
	case []any:
		var list []any
		for _, element := range v {
			list = append(list, escaped(element))
		}
		return list
	case map[string]any:
		all := map[string]any{}
		for name, member := range v {
			all[name] = escaped(member)
		}
		return all
	}
	return value
}

// escapedText has the deployment escape what JSON escapes, line breaks and other control characters aside.
func escapedText(text string) *string {
	replace := func(text *string, old, new string) *string {
		return awscdk.Fn_Join(&new, awscdk.Fn_Split(&old, text, nil))
	}
	return replace(replace(&text, `\`, `\\`), `"`, `\"`)
}
