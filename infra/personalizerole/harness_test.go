package personalizerole

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/bundle/bundletest"
	"personalize-role/lambda/properties"
)

// attempt runs something that may panic, as CDK and its assertions do where they refuse.
func attempt(do func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	do()
	return nil
}

// fixture is a stack whose provider has a zip that never changes.
type fixture struct {
	app   awscdk.App
	stack awscdk.Stack
	zip   *string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureIn(t, func(app awscdk.App) constructs.Construct { return app })
}

// newFixtureIn returns a stack in a scope of its app.
func newFixtureIn(t *testing.T, in func(awscdk.App) constructs.Construct) *fixture {
	t.Helper()
	zip := bundletest.Zip(t, "arm64")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir())})
	return &fixture{app: app, stack: awscdk.NewStack(in(app), jsii.String("Stack"), nil), zip: &zip}
}

func (f *fixture) provider() Provider {
	return NewProvider(f.stack, jsii.String("Provider"), &ProviderProps{Zip: f.zip})
}

func (f *fixture) imported(name string) awss3.IBucket {
	return awss3.Bucket_FromBucketName(f.stack, &name, &name)
}

// resources returns the resources of a stack's template by logical id.
func (f *fixture) resources(t *testing.T) map[string]map[string]any {
	t.Helper()
	return resourcesOf(t, f.stack)
}

func resourcesOf(t *testing.T, stack awscdk.Stack) map[string]map[string]any {
	t.Helper()
	var template struct {
		Resources map[string]map[string]any `json:"Resources"`
	}
	if err := json.Unmarshal(templateOf(t, stack), &template); err != nil {
		t.Fatal(err)
	}
	return template.Resources
}

func templateOf(t *testing.T, stack awscdk.Stack) []byte {
	t.Helper()
	var text []byte
	err := attempt(func() {
		var err error
		if text, err = json.MarshalIndent(assertions.Template_FromStack(stack, nil).ToJSON(), "", "  "); err != nil {
			panic(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// ofType returns the properties of the resources of a type, in the order of their logical ids.
func ofType(resources map[string]map[string]any, kind string) []map[string]any {
	var found []map[string]any
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		if resources[id]["Type"] == kind {
			p, _ := resources[id]["Properties"].(map[string]any)
			found = append(found, p)
		}
	}
	return found
}

// settings are those of the construct, one at a time.
var settings = []struct {
	name  string
	build func(f *fixture, p *PersonalizeServiceRoleProps)
}{
	{"default", func(*fixture, *PersonalizeServiceRoleProps) {}},
	{"buckets", func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.Buckets = []Bucket{
			{Bucket: awss3.NewBucket(f.stack, jsii.String("New"), nil),
				Prefixes: jsii.Strings("in/"), RequireSourceConditions: jsii.Bool(true)},
			{Bucket: f.imported("imported-data"), Uses: []Use{UseBatchInference, UseDatasetExport}, Prefixes: jsii.Strings("in/", "out/"),
				RequireSourceConditions: jsii.Bool(true)},
			{Bucket: f.imported("left-alone"), Uses: []Use{UseMetricAttribution, UseDataDeletion},
				ManageBucketPolicy: jsii.Bool(false)},
		}
	}},
	{"keys", func(f *fixture, p *PersonalizeServiceRoleProps) {
		encrypted := awss3.NewBucket(f.stack, jsii.String("Encrypted"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS})
		key := awskms.Key_FromKeyArn(f.stack, jsii.String("Key"), jsii.String("arn:aws:kms:eu-west-1:123456789012:key/imported"))
		p.Buckets = []Bucket{{Bucket: encrypted}, {Bucket: f.imported("imported-data"), EncryptionKey: key}}
		p.Keys = []awskms.IKey{awskms.NewKey(f.stack, jsii.String("Own"), nil)}
		p.ManageKeyPolicies = jsii.Bool(true)
	}},
	{"names", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.RoleName, p.Path, p.PolicyName, p.Description = jsii.String("Role"), jsii.String("/ml/"), jsii.String("Policy"), jsii.String("a role")
	}},
	{"uses", func(_ *fixture, p *PersonalizeServiceRoleProps) { p.Uses = []Use{UseMetricAttribution} }},
	{"revision", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.StackTags, p.Revision = jsii.Bool(false), jsii.String("2")
		p.Findings, p.OrganizationId = FindingsFail, jsii.String("o-a1b2c3d4e5")
	}},
	{"drift", func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.DriftCheck = &DriftCheck{Schedule: daily(), Repair: jsii.Bool(true),
			AlarmTopic: awssns.Topic_FromTopicArn(f.stack, jsii.String("Topic"), jsii.String("arn:aws:sns:eu-west-1:123456789012:alarms"))}
	}},
	{"session", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.MaxSessionDuration, p.PropagationDelay = awscdk.Duration_Hours(jsii.Number(2)), awscdk.Duration_Minutes(jsii.Number(1))
	}},
	{"boundary", func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.PermissionsBoundary = awsiam.ManagedPolicy_FromManagedPolicyName(f.stack, jsii.String("Boundary"), jsii.String("Boundary"))
	}},
	{"access", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.PersonalizeAccess, p.CloudWatchAccess = PersonalizeAccessPersonalizeOnly, CloudWatchAccessFullAccessV2
	}},
	{"sources", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.SourceConditions, p.SourceRegions = jsii.Bool(true), jsii.Strings("eu-west-1", "us-east-1")
	}},
	{"adopt", func(_ *fixture, p *PersonalizeServiceRoleProps) {
		p.RoleName, p.AdoptExistingRole, p.ForceDetachPolicies = jsii.String("Existing"), jsii.Bool(true), jsii.Bool(true)
	}},
	{"retain", func(_ *fixture, p *PersonalizeServiceRoleProps) { p.RemovalPolicy = awscdk.RemovalPolicy_RETAIN }},
	{"tags", func(f *fixture, _ *PersonalizeServiceRoleProps) {
		awscdk.Tags_Of(f.stack).Add(jsii.String("team"), jsii.String("ml"), nil)
	}},
	{"tokens", func(f *fixture, p *PersonalizeServiceRoleProps) {
		parameter := func(name string) *string {
			return awscdk.NewCfnParameter(f.stack, &name, nil).ValueAsString()
		}
		number := awscdk.NewCfnParameter(f.stack, jsii.String("Seconds"), &awscdk.CfnParameterProps{Type: jsii.String("Number")})
		p.RoleName, p.Path, p.Description, p.PolicyName = parameter("RoleName"), parameter("Path"), parameter("Description"),
			parameter("PolicyName")
		p.MaxSessionDuration = awscdk.Duration_Seconds(number.ValueAsNumber())
		p.PermissionsBoundary = awsiam.ManagedPolicy_FromManagedPolicyArn(f.stack, jsii.String("B"), parameter("Boundary"))
		p.SourceRegions = awscdk.NewCfnParameter(f.stack, jsii.String("Regions"),
			&awscdk.CfnParameterProps{Type: jsii.String("CommaDelimitedList")}).ValueAsList()
		p.Buckets = []Bucket{{Bucket: awss3.Bucket_FromBucketName(f.stack, jsii.String("Parameter"), parameter("BucketName")),
			Prefixes: &[]*string{parameter("Prefix")}}}
		p.Keys = []awskms.IKey{awskms.Key_FromKeyArn(f.stack, jsii.String("Key"),
			jsii.String("arn:aws:kms:eu-west-1:123456789012:key/"+*parameter("KeyId")))}
		awscdk.Tags_Of(f.stack).Add(jsii.String("stage"), parameter("Stage"), nil)
	}},
}

// synthesised returns the stack of a setting.
func synthesised(t *testing.T, build func(*fixture, *PersonalizeServiceRoleProps)) *fixture {
	t.Helper()
	f := newFixture(t)
	props := &PersonalizeServiceRoleProps{Provider: f.provider()}
	build(f, props)
	NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), props)
	return f
}

// resourceProperties returns the properties of the only custom resource, with tokens replaced by text that the parser takes.
func resourceProperties(t *testing.T, resources map[string]map[string]any) json.RawMessage {
	t.Helper()
	found := ofType(resources, properties.ResourceType)
	if len(found) != 1 {
		t.Fatalf("%d custom resources", len(found))
	}
	raw, err := json.Marshal(literals(plain(found[0]).(map[string]any)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// plain puts a text with a token's mark in the place of functions of CloudFormation.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			if len(v) == 1 && (key == "Ref" || strings.HasPrefix(key, "Fn::")) {
				return "${Token[" + key + "]}"
			}
		}
		all := map[string]any{}
		for key, value := range v {
			all[key] = plain(value)
		}
		return all
	case []any:
		var list []any
		for _, e := range v {
			list = append(list, plain(e))
		}
		return list
	case float64:
		return int(v)
	}
	return v
}
