package personalizerole

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// The construct's alarms are template.yaml's, and are there only for a topic.
func TestAlarms(t *testing.T) {
	const topic, key = "arn:aws:sns:eu-west-1:123456789012:alarms", "arn:aws:kms:eu-west-1:123456789012:key/0b3c"
	f := newFixture(t)
	NewProvider(f.stack, jsii.String("Provider"), &ProviderProps{Zip: f.zip,
		AlarmTopic:       awssns.Topic_FromTopicArn(f.stack, jsii.String("Topic"), jsii.String(topic)),
		LogEncryptionKey: awskms.Key_FromKeyArn(f.stack, jsii.String("Key"), jsii.String(key)),
	})
	all := f.resources(t)
	got := map[any]map[string]any{}
	for _, alarm := range ofType(all, "AWS::CloudWatch::Alarm") {
		got[alarm["MetricName"]] = alarm
	}
	if len(got) != 2 {
		t.Fatalf("%d alarms", len(got))
	}
	for _, id := range []string{"ErrorAlarm", "DroppedEventAlarm"} {
		want := templateYAML(t)[id].Properties
		alarm := got[want["MetricName"]]
		for _, name := range []string{"Dimensions", "AlarmActions"} {
			delete(want, name)
			delete(alarm, name)
		}
		if diff := cmp.Diff(toJSON(t, want), toJSON(t, alarm)); diff != "" {
			t.Errorf("%s: -template.yaml +construct:\n%s", id, diff)
		}
	}
	if got := ofType(all, "AWS::Logs::LogGroup")[0]["KmsKeyId"]; got != key {
		t.Errorf("the logs are encrypted with %v", got)
	}
	f = newFixture(t)
	f.provider()
	if alarms := ofType(f.resources(t), "AWS::CloudWatch::Alarm"); len(alarms) > 0 {
		t.Errorf("alarms without a topic: %v", alarms)
	}
}
