package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

// alarms adds alarms that notify a topic about failures which no stack shows at once. Failed events have no destination, because its record
// would repeat the pre-signed URL for the answer to CloudFormation. See
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (f *function) alarms(fn awslambda.CfnFunction, topic awssns.ITopic) {
	for _, alarm := range []struct{ id, metric, description string }{
		{"ErrorAlarm", "Errors", "The function that provisions the Amazon Personalize service role failed; its log says why"},
		{"DroppedEventAlarm", "AsyncEventsDropped",
			"Lambda dropped an event for the Amazon Personalize service role; its stack waits until it times out"},
	} {
		awscloudwatch.NewCfnAlarm(f.construct, &alarm.id, &awscloudwatch.CfnAlarmProps{
			AlarmDescription: &alarm.description, Namespace: jsii.String("AWS/Lambda"), MetricName: &alarm.metric,
			Dimensions: []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String("FunctionName"), Value: fn.Ref()}},
			Statistic:  jsii.String("Sum"), Period: jsii.Number(300), EvaluationPeriods: jsii.Number(1), Threshold: jsii.Number(1),
			ComparisonOperator: jsii.String("GreaterThanOrEqualToThreshold"), TreatMissingData: jsii.String("notBreaching"),
			AlarmActions: &[]any{topic.TopicArn()},
		})
	}
}
