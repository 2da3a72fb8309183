package personalizerole

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

// inputOf returns what the rule of a template sends, before deployment.
func inputOf(resources map[string]map[string]any) any {
	return ofType(resources, "AWS::Events::Rule")[0]["Targets"].([]any)[0].(map[string]any)["Input"]
}

// provisioned returns the properties that a check and a deployment have in common.
func provisioned(t *testing.T, raw json.RawMessage) properties.Properties {
	t.Helper()
	p, err := properties.Parse(raw)
	if err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	p.ForceDetachPolicies, p.PropagationDelaySeconds, p.Revision = false, 0, ""
	return p
}

// checkOf returns what the rule of a template sends once it is deployed, and its properties.
func checkOf(t *testing.T, resources map[string]map[string]any) (event map[string]json.RawMessage, p properties.Properties) {
	t.Helper()
	text := deployedValue(inputOf(resources)).(string)
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return event, provisioned(t, event["ResourceProperties"])
}

func daily() awsevents.Schedule {
	return awsevents.Schedule_Rate(awscdk.Duration_Days(jsii.Number(1)))
}

// The rule sends the properties that the resource has, also those that CDK itself adds: tags, and the boundaries of aspects.
func TestDriftCheckSendsTheProperties(t *testing.T) {
	for name, prepare := range map[string]func(*fixture, *PersonalizeServiceRoleProps){
		"defaults": func(*fixture, *PersonalizeServiceRoleProps) {},
		"text that JSON escapes": func(_ *fixture, p *PersonalizeServiceRoleProps) {
			p.Description = jsii.String("of \"quotes\", \\ and\n\ttabs é")
		},
		"lists and texts that only the deployment knows": func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Description = awscdk.NewCfnParameter(f.stack, jsii.String("Quoted"), nil).ValueAsString()
			p.SourceConditions = jsii.Bool(true)
			p.SourceRegions = awscdk.NewCfnParameter(f.stack, jsii.String("Regions"),
				&awscdk.CfnParameterProps{Type: jsii.String("CommaDelimitedList")}).ValueAsList()
			p.MaxSessionDuration = awscdk.Duration_Seconds(awscdk.NewCfnParameter(f.stack, jsii.String("Seconds"),
				&awscdk.CfnParameterProps{Type: jsii.String("Number")}).ValueAsNumber())
		},
		"tags": func(f *fixture, _ *PersonalizeServiceRoleProps) {
			awscdk.Tags_Of(f.stack).Add(jsii.String("team"), jsii.String("ml @ work"), nil)
		},
		"a boundary of all roles": func(f *fixture, _ *PersonalizeServiceRoleProps) {
			awsiam.PermissionsBoundary_Of(f.stack).Apply(awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("PowerUserAccess")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			resources := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
				p.DriftCheck = &DriftCheck{Schedule: daily()}
				prepare(f, p)
			}).resources(t)
			event, got := checkOf(t, resources)
			want := provisioned(t, json.RawMessage(toJSON(t, deployedValue(ofType(resources, properties.ResourceType)[0]))))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-resource +rule:\n%s", diff)
			}
			if got := string(event["RequestType"]); got != `"CheckDrift"` {
				t.Errorf("RequestType %s", got)
			}
		})
	}
}

// EventBridge alone may have the rule's function run, and the alarm has the dimensions that the function publishes.
func TestDriftCheckResources(t *testing.T) {
	const topic = "arn:aws:sns:eu-west-1:123456789012:alarms"
	f := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.DriftCheck = &DriftCheck{Schedule: daily(), Repair: jsii.Bool(true),
			AlarmTopic: awssns.Topic_FromTopicArn(f.stack, jsii.String("Topic"), jsii.String(topic))}
	})
	resources := f.resources(t)
	custom := ofType(resources, properties.ResourceType)[0]
	if custom[properties.NameDriftCheckSchedule] != "rate(1 day)" || custom[properties.NameRepairDrift] != true {
		t.Errorf("the resource has %v", custom)
	}
	permission := ofType(resources, "AWS::Lambda::Permission")[0]
	if permission["Principal"] != "events.amazonaws.com" || !strings.Contains(toJSON(t, permission["SourceArn"]), "DriftCheck") {
		t.Errorf("permission %v", permission)
	}
	id := ""
	for name, r := range resources {
		if r["Type"] == properties.ResourceType {
			id = name
		}
	}
	alarm := ofType(resources, "AWS::CloudWatch::Alarm")[0]
	want := `[{"Name":"StackName","Value":"Stack"},{"Name":"LogicalResourceId","Value":"` + id + `"}]`
	if diff := cmp.Diff(want, toJSON(t, alarm["Dimensions"])); diff != "" || alarm["MetricName"] != "Problems" {
		t.Errorf("alarm: -want +got:\n%s", diff)
	}
}

func TestDriftCheckNeedsASchedule(t *testing.T) {
	f := newFixture(t)
	err := attempt(func() {
		NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider(),
			DriftCheck: &DriftCheck{}})
	})
	if err == nil || !strings.Contains(err.Error(), "Stack/ServiceRole") || !strings.Contains(err.Error(), "Schedule") {
		t.Errorf("got %v", err)
	}
}
