package personalizerole

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// Wrong literal props fail at synthesis, with the construct's path.
func TestWrongPropsFailAtSynthesis(t *testing.T) {
	for _, c := range []struct {
		name, want string
		build      func(f *fixture, p *PersonalizeServiceRoleProps)
	}{
		{"name", `RoleName "a b" must be 1 to 64 characters`, func(_ *fixture,
			p *PersonalizeServiceRoleProps) {
			p.RoleName = jsii.String("a b")
		}},
		{"path", `Path "ml" must start and end with /`, func(_ *fixture, p *PersonalizeServiceRoleProps) { p.Path = jsii.String("ml") }},
		{"use", `Uses[0] "Read" must be one of DatasetImport`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Buckets = []Bucket{{Bucket: f.imported("data"), Uses: []Use{"Read"}}}
		}},
		{"bucket twice", `Buckets[1] "data" occurs twice`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Buckets = []Bucket{{Bucket: f.imported("data")}, {Bucket: awss3.Bucket_FromBucketName(f.stack, jsii.String("Again"),
				jsii.String("data"))}}
		}},
		{"prefix", `must be the start of an object key`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Buckets = []Bucket{{Bucket: f.imported("data"), Prefixes: jsii.Strings("s3://data/in/")}}
		}},
		{"session", `MaxSessionDuration "60" must be a whole number from 3600 to 43200`, func(_ *fixture, p *PersonalizeServiceRoleProps) {
			p.MaxSessionDuration = awscdk.Duration_Minutes(jsii.Number(1))
		}},
		{"propagation delay", `PropagationDelaySeconds "600" must be a whole number from 0 to 240`,
			func(_ *fixture, p *PersonalizeServiceRoleProps) {
				p.PropagationDelay = awscdk.Duration_Minutes(jsii.Number(10))
			}},
		{"adopt whom", `AdoptExistingRole needs RoleName`, func(_ *fixture,
			p *PersonalizeServiceRoleProps) {
			p.AdoptExistingRole = jsii.Bool(true)
		}},
		{"session in parts of a second", `MaxSessionDuration "3600.5" must be a whole number`, func(_ *fixture, p *PersonalizeServiceRoleProps) {
			p.MaxSessionDuration = awscdk.Duration_Millis(jsii.Number(3600500))
		}},
		{"one token among wrong Regions", `SourceRegions[0] "Europe" must be the name of a Region`,
			func(f *fixture, p *PersonalizeServiceRoleProps) {
				p.SourceRegions = &[]*string{f.stack.Region(), jsii.String("Europe")}
			}},
		{"one token among wrong prefixes", `Buckets[0]: Prefixes[0] "/in" must be the start`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Buckets = []Bucket{{Bucket: f.imported("data"), Prefixes: &[]*string{f.stack.Region(), jsii.String("/in")}}}
		}},
		{"many prefixes", `Buckets make a managed policy of`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			var prefixes []*string
			for n := range 90 {
				prefixes = append(prefixes, jsii.String(fmt.Sprintf("%s-%d/", strings.Repeat("p", 60), n)))
			}
			p.Buckets = []Bucket{{Bucket: f.imported("data"), Prefixes: &prefixes}}
		}},
		{"long path and name", `Path and RoleName together`, func(_ *fixture, p *PersonalizeServiceRoleProps) {
			p.Path, p.RoleName = jsii.String("/"+strings.Repeat("p", 200)+"/"), jsii.String(strings.Repeat("r", 64))
		}},
		{"an alias", `Keys must be keys, not aliases`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Keys = []awskms.IKey{awskms.Alias_FromAliasName(f.stack, jsii.String("Alias"), jsii.String("alias/data"))}
		}},
		{"a name and an ARN", `has the name one and the ARN arn:aws:s3:::two`, func(f *fixture, p *PersonalizeServiceRoleProps) {
			p.Buckets = []Bucket{{Bucket: awss3.Bucket_FromBucketAttributes(f.stack, jsii.String("Two"), &awss3.BucketAttributes{
				BucketName: jsii.String("one"), BucketArn: jsii.String("arn:aws:s3:::two")})}}
		}},
		{"tag", `must not start with personalize-role:`, func(f *fixture, _ *PersonalizeServiceRoleProps) {
			awscdk.Tags_Of(f.stack).Add(jsii.String("personalize-role:x"), jsii.String("y"), nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := synthesised(t, c.build)
			err := attempt(func() { f.app.Synth(nil) })
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "[Stack/ServiceRole]") {
				t.Errorf("got %v, want %q at [Stack/ServiceRole]", err, c.want)
			}
		})
	}
}

// What would fail without a hint, or not fail at all, is refused where the construct is made.
func TestMissingProps(t *testing.T) {
	made := func(f *fixture) awss3.IBucket { return awss3.NewBucket(f.stack, jsii.String("Made"), nil) }
	tokens := func() *[]*string { return awscdk.Token_AsList(map[string]any{"Ref": "List"}, nil) }
	for _, c := range []struct {
		want  string
		props func(f *fixture) *PersonalizeServiceRoleProps
	}{
		{"Buckets[0]: Bucket is missing", func(*fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{}}}
		}},
		{"Buckets[0].Prefixes[1] is missing", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{Bucket: made(f), Prefixes: &[]*string{jsii.String("in/"), nil}}}}
		}},
		{"Buckets[0].Prefixes must be known at synthesis", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{Bucket: made(f), Prefixes: tokens()}}}
		}},
		{"SourceRegions (for Buckets[0]) must be known at synthesis", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{Bucket: made(f)}}, SourceRegions: tokens()}
		}},
		{"Keys[0] is missing", func(*fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Keys: []awskms.IKey{nil}}
		}},
		{"SourceRegions[0] is missing", func(*fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{SourceRegions: &[]*string{nil}}
		}},
		{`RemovalPolicy is "SNAPSHOT", and must be DESTROY, RETAIN or`, func(*fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{RemovalPolicy: awscdk.RemovalPolicy_SNAPSHOT}
		}},
		{"", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{
				Buckets:       []Bucket{{Bucket: made(f), ManageBucketPolicy: jsii.Bool(false)}, {Bucket: f.imported("data"), Prefixes: tokens()}},
				SourceRegions: tokens(),
			}
		}},
		{"", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{Bucket: made(f)}}, SourceRegions: &[]*string{}}
		}},
		// Without conditions, the statements name no Regions.
		{"", func(f *fixture) *PersonalizeServiceRoleProps {
			return &PersonalizeServiceRoleProps{Buckets: []Bucket{{Bucket: made(f)}}, SourceRegions: tokens(), SourceConditions: jsii.Bool(false)}
		}},
	} {
		f := newFixture(t)
		props := c.props(f)
		props.Provider = f.provider()
		err := attempt(func() {
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), props)
			f.app.Synth(nil)
		})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "Stack/ServiceRole: "+c.want)) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

// A bucket or a boundary that is known to be elsewhere is refused where both are known, and never where one isn't.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		env, other *awscdk.Environment
		want       string
	}{
		{&awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")},
			&awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")},
			"Buckets[0] Other/Data is in us-east-1, and Personalize can read only buckets in its own Region, eu-west-1"},
		{nil, &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("us-east-1")}, ""},
	} {
		f := newFixture(t)
		stack := awscdk.NewStack(f.app, jsii.String("Here"), &awscdk.StackProps{Env: c.env, CrossRegionReferences: jsii.Bool(true)})
		other := awscdk.NewStack(f.app, jsii.String("Other"), &awscdk.StackProps{Env: c.other, CrossRegionReferences: jsii.Bool(true)})
		bucket := awss3.NewBucket(other, jsii.String("Data"), &awss3.BucketProps{BucketName: jsii.String("data-elsewhere")})
		err := attempt(func() {
			NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{
				Provider: Provider_FromServiceToken(jsii.String("arn:aws:lambda:eu-west-1:123456789012:function:f")),
				Buckets:  []Bucket{{Bucket: bucket, ManageBucketPolicy: jsii.Bool(false)}},
			})
			f.app.Synth(nil)
		})
		told := err != nil && strings.Contains(err.Error(), "Personalize can read only buckets in its own Region")
		if told != (c.want != "") || told && !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	f := newFixture(t)
	stack := awscdk.NewStack(f.app, jsii.String("Here"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"),
		Region: jsii.String("eu-west-1")}})
	NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{
		Provider: Provider_FromServiceToken(jsii.String("arn:aws:lambda:eu-west-1:123456789012:function:f")),
		PermissionsBoundary: awsiam.ManagedPolicy_FromManagedPolicyArn(stack, jsii.String("B"),
			jsii.String("arn:aws:iam::999999999999:policy/B")),
		Keys: []awskms.IKey{awskms.Key_FromKeyArn(stack, jsii.String("K"),
			jsii.String("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"))},
	})
	err := attempt(func() { f.app.Synth(nil) })
	for _, want := range []string{"must be a managed policy of this account", "must be in the Region of the stack, eu-west-1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A policy of a bucket that names the role would wait for the role, which waits for the policy.
func TestCircles(t *testing.T) {
	f := newFixture(t)
	bucket := awss3.NewBucket(f.stack, jsii.String("Data"), nil)
	r := NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider(),
		Buckets: []Bucket{{Bucket: bucket}}})
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{Effect: awsiam.Effect_DENY,
		Principals: &[]awsiam.IPrincipal{awsiam.NewArnPrincipal(r.RoleArn())}, Actions: jsii.Strings("s3:DeleteObject"),
		Resources: &[]*string{bucket.ArnForObjects(jsii.String("*"))}}))
	want := "the policy Stack/Data/Policy/Resource names the role, which waits for that policy"
	if err := attempt(func() { f.app.Synth(nil) }); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// Arguments that are missing are named.
func TestMissingArguments(t *testing.T) {
	f := newFixture(t)
	for want, do := range map[string]func(){
		"Provider_FromServiceToken: serviceToken is missing": func() { Provider_FromServiceToken(nil) },
		"Stack/Policy: role is missing": func() {
			NewOperatorPolicy(f.stack, jsii.String("Policy"), nil, OperatorAccessMonitor)
		},
		"Stack/P: AdditionalGrants.KeyArns[0] is missing": func() {
			NewProvider(f.stack, jsii.String("P"), &ProviderProps{Zip: f.zip, AdditionalGrants: &AdditionalGrants{KeyArns: &[]*string{nil}}})
		},
		"Stack/ServiceRole: Buckets[0]: Bucket is missing": func() {
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: f.provider()}).AddBucket(nil, nil)
		},
	} {
		if err := attempt(do); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A boundary that the role's stack makes can't bound the function of another stack, which that stack needs.
func TestABoundaryInACircle(t *testing.T) {
	for _, own := range []bool{false, true} {
		f := newFixture(t)
		props := &ProviderProps{Zip: f.zip}
		if own {
			props.PermissionsBoundary = awsiam.ManagedPolicy_FromManagedPolicyArn(f.stack, jsii.String("F"),
				jsii.String("arn:aws:iam::123456789012:policy/F"))
		}
		provider := NewProvider(f.stack, jsii.String("Provider"), props)
		stack := awscdk.NewStack(f.app, jsii.String("Here"), nil)
		boundary := awsiam.NewManagedPolicy(stack, jsii.String("Boundary"), &awsiam.ManagedPolicyProps{
			Statements: &[]awsiam.PolicyStatement{awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Actions: jsii.Strings("personalize:*"), Resources: jsii.Strings("*")})}})
		err := attempt(func() {
			NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: provider,
				PermissionsBoundary: boundary})
			f.app.Synth(nil)
		})
		want := "Here/ServiceRole: PermissionsBoundary would also bound the role of the function (Stack/Provider)"
		if own && err != nil || !own && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("own boundary %v: got %v, want %q", own, err, want)
		}
	}
}

// The function needs no permission for a key of another account, whose owner adds the statement.
func TestKeysOfOtherAccounts(t *testing.T) {
	f := newFixture(t)
	stack := awscdk.NewStack(f.app, jsii.String("Here"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"),
		Region: jsii.String("eu-west-1")}})
	var keys []awskms.IKey
	for n, account := range []string{"123456789012", "999999999999"} {
		keys = append(keys, awskms.Key_FromKeyArn(stack, jsii.String(fmt.Sprint("Key", n)),
			jsii.String("arn:aws:kms:eu-west-1:"+account+":key/1234abcd-12ab-34cd-56ef-1234567890ab")))
	}
	NewPersonalizeServiceRole(stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Keys: keys,
		Provider: NewProvider(stack, jsii.String("Provider"), &ProviderProps{Zip: f.zip})})
	for _, p := range ofType(resourcesOf(t, stack), "AWS::IAM::ManagedPolicy") {
		text := toJSON(t, p)
		if !strings.Contains(text, "key/1234abcd") || strings.Contains(text, "999999999999") {
			t.Errorf("permissions %s", text)
		}
	}
}
