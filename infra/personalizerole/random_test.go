package personalizerole

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/permissions/permissionstest"
	"personalize-role/lambda/properties"
)

// Where the deployment of a random app takes place.
const (
	someAccount = "123456789012"
	someRegion  = "eu-west-1"
)

// randomApp draws the props of a role.
type randomApp struct {
	*rapid.T

	stack awscdk.Stack
	n     int
	// right leaves out what is refused.
	right bool
}

func pick[T any](a *randomApp, label string, choices ...T) T {
	return rapid.SampledFrom(choices).Draw(a.T, label)
}

// wrong returns choices that are refused, for some of the apps: most that have one of each kind would be refused.
func wrong[T any](a *randomApp, choices ...T) []T {
	if a.right {
		return nil
	}
	return choices
}

// id returns an identifier that nothing else in the stack has.
func (a *randomApp) id(prefix string) *string {
	a.n++
	return jsii.String(fmt.Sprint(prefix, a.n))
}

// token is a parameter of the stack.
func (a *randomApp) token(prefix string) *string {
	return awscdk.NewCfnParameter(a.stack, a.id(prefix), nil).ValueAsString()
}

func (a *randomApp) listToken(prefix string) *[]*string {
	return awscdk.NewCfnParameter(a.stack, a.id(prefix), &awscdk.CfnParameterProps{Type: jsii.String("CommaDelimitedList")}).ValueAsList()
}

// text draws nothing, a token or a literal.
func (a *randomApp) text(label string, literals ...string) *string {
	switch drawn := pick(a, label, append([]string{"none", "token"}, literals...)...); drawn {
	case "none":
		return nil
	case "token":
		return a.token(label)
	default:
		return &drawn
	}
}

func (a *randomApp) flag(label string) *bool {
	return pick(a, label, nil, jsii.Bool(true), jsii.Bool(false))
}

func (a *randomApp) bucket() awss3.IBucket {
	switch pick(a, "bucket", "made", "named", "encrypted", "imported", "token") {
	case "made":
		return awss3.NewBucket(a.stack, a.id("Made"), nil)
	case "named":
		id := a.id("Named")
		return awss3.NewBucket(a.stack, id, &awss3.BucketProps{BucketName: jsii.String(strings.ToLower(*id) + "-data")})
	case "encrypted":
		return awss3.NewBucket(a.stack, a.id("Encrypted"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS})
	case "imported":
		id := a.id("Imported")
		return awss3.Bucket_FromBucketName(a.stack, id, jsii.String(strings.ToLower(*id)+"-data"))
	}
	return awss3.Bucket_FromBucketName(a.stack, a.id("OfToken"), a.token("Bucket"))
}

func (a *randomApp) prefixes() *[]*string {
	switch pick(a, "prefixes", append(wrong(a, "wrong", "all tokens"), "none", "one", "with a token")...) {
	case "one":
		return jsii.Strings("in/")
	case "wrong":
		return jsii.Strings("in/", "/out")
	case "with a token":
		return &[]*string{jsii.String("in/"), a.token("Prefix")}
	case "all tokens":
		return a.listToken("Prefixes")
	}
	return nil
}

func (a *randomApp) key() awskms.IKey {
	refused := wrong(a, "alias")
	// A stack that is for any Region can't know that a key is in another: the function refuses it at deployment.
	if !*awscdk.Token_IsUnresolved(a.stack.Region()) {
		refused = append(refused, wrong(a, "elsewhere")...)
	}
	switch pick(a, "key", append(refused, "made", "imported", "of others")...) {
	case "made":
		return awskms.NewKey(a.stack, a.id("Key"), nil)
	case "imported":
		return awskms.Key_FromKeyArn(a.stack, a.id("Key"), jsii.String(keyIn(someRegion, someAccount, a.n)))
	case "elsewhere":
		return awskms.Key_FromKeyArn(a.stack, a.id("Key"), jsii.String(keyIn("us-east-1", someAccount, a.n)))
	case "of others":
		return awskms.Key_FromKeyArn(a.stack, a.id("Key"), jsii.String(keyIn(someRegion, "999999999999", a.n)))
	}
	return awskms.Alias_FromAliasName(a.stack, a.id("Alias"), jsii.String("alias/data"))
}

func keyIn(region, account string, n int) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/1234abcd-12ab-34cd-56ef-%012d", region, account, n)
}

func (a *randomApp) props() *PersonalizeServiceRoleProps {
	p := &PersonalizeServiceRoleProps{
		RoleName: a.text("RoleName", append(wrong(a, "a b"), "recommender")...), Path: a.text("Path", append(wrong(a, "ml"), "/", "/ml/")...),
		PolicyName:        a.text("PolicyName", append(wrong(a, strings.Repeat("p", 129)), "recommender")...),
		Description:       a.text("Description", append(wrong(a, "€"), "d")...),
		ManageKeyPolicies: a.flag("ManageKeyPolicies"), SourceConditions: a.flag("SourceConditions"),
		AdoptExistingRole: pick(a, "AdoptExistingRole", append(wrong(a, jsii.Bool(true)), nil)...),
		PersonalizeAccess: pick(a, "PersonalizeAccess", append(wrong[PersonalizeAccess](a, "Full"), "", PersonalizeAccessPersonalizeOnly)...),
	}
	switch pick(a, "SourceRegions", append(wrong(a, "wrong", "all tokens"), "none", "empty", "one", "with a token", "all")...) {
	case "empty":
		p.SourceRegions = &[]*string{}
	case "one":
		p.SourceRegions = jsii.Strings(someRegion)
	case "wrong":
		p.SourceRegions = jsii.Strings("Europe")
	case "with a token":
		p.SourceRegions = &[]*string{a.stack.Region(), jsii.String("us-east-1")}
	case "all tokens":
		// Without conditions, the function refuses the list unless it turns out to be empty.
		if isOn(p.SourceConditions) {
			p.SourceRegions = a.listToken("Regions")
		}
	case "all":
		p.SourceRegions = jsii.Strings("*")
	}
	if pick(a, "session", false, true) {
		milliseconds := pick(a, "milliseconds", append(wrong(a, 3600500.0, 1000), 3600000, 7200000)...)
		p.MaxSessionDuration = awscdk.Duration_Millis(jsii.Number(milliseconds))
	}
	if pick(a, "drift check", false, true) {
		p.DriftCheck = &DriftCheck{Schedule: awsevents.Schedule_Rate(awscdk.Duration_Days(jsii.Number(1))), Repair: a.flag("Repair")}
	}
	var last awss3.IBucket
	for range rapid.IntRange(0, 3).Draw(a.T, "buckets") {
		bucket := last
		if bucket == nil || pick(a, "another", true, true, false) {
			bucket = a.bucket()
		}
		last = bucket
		p.Buckets = append(p.Buckets, Bucket{Bucket: bucket, Prefixes: a.prefixes(), ManageBucketPolicy: a.flag("ManageBucketPolicy"),
			Uses:                    pick(a, "Uses", append(wrong(a, []Use{"Read"}), nil, []Use{UseBatchInference})...),
			RequireSourceConditions: a.flag("RequireSourceConditions")})
	}
	for range rapid.IntRange(0, 2).Draw(a.T, "keys") {
		p.Keys = append(p.Keys, a.key())
	}
	return p
}

// faultOf has the names by which an error says what is wrong.
var faultOf = regexp.MustCompile(`Stack/ServiceRole|Stack/Provider`)

// A random app either fails with the path of the construct, or makes a role that the function accepts and has the permissions for, whatever
// the deployment puts in the place of tokens.
func TestRandomApps(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		a := &randomApp{T: rt, stack: f.stack, right: rapid.IntRange(0, 3).Draw(rt, "right") > 0}
		if rapid.Bool().Draw(rt, "environment") {
			f.stack = awscdk.NewStack(f.app, jsii.String("Of"), &awscdk.StackProps{StackName: jsii.String("Stack"),
				Env: &awscdk.Environment{Account: jsii.String(someAccount), Region: jsii.String(someRegion)}})
			a.stack = f.stack
		}
		// Drawn here: what rapid panics with is not CDK's.
		props := a.props()
		props.Provider = f.provider()
		err := attempt(func() {
			NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), props)
			f.app.Synth(nil)
		})
		if err != nil {
			if !faultOf.MatchString(strings.ReplaceAll(err.Error(), "Of/", "Stack/")) {
				rt.Fatalf("without the construct's path: %v", err)
			}
			return
		}
		accepted++
		resources := f.resources(t)
		raw, err := json.Marshal(deployedValue(ofType(resources, properties.ResourceType)[0]))
		if err != nil {
			rt.Fatal(err)
		}
		p, err := properties.Parse(raw)
		if err != nil {
			rt.Fatalf("the function refuses it: %v\n%s", err, raw)
		}
		if props.DriftCheck != nil {
			_, sent := checkOf(t, resources)
			if diff := cmp.Diff(provisioned(t, raw), sent); diff != "" {
				rt.Fatalf("the rule sends other properties: -resource +rule\n%s", diff)
			}
		}
		id := ""
		for name, r := range resources {
			if r["Type"] == properties.ResourceType {
				id = name
			}
		}
		needs, err := permissionstest.Needed(permissions.Scope{Partition: "aws", Region: someRegion, AccountID: someAccount}, "Stack", id, p)
		if err != nil {
			rt.Fatalf("the function refuses it: %v\n%s", err, raw)
		}
		var granted []any
		for _, policy := range ofType(resources, "AWS::IAM::ManagedPolicy") {
			granted = append(granted, deployedValue(policy["PolicyDocument"]).(map[string]any)["Statement"].([]any)...)
		}
		for _, need := range needs {
			if !slices.ContainsFunc(granted, func(s any) bool { return grants(s.(map[string]any), need) }) {
				rt.Fatalf("no permission for %s on %s\n%s", need.Action, need.Resource, toJSON(t, granted))
			}
		}
	})
	t.Logf("%d apps were accepted", accepted)
	if accepted == 0 {
		t.Error("no app was accepted")
	}
}
