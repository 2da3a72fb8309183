package personalizerole

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/bundle/bundletest"
	"personalize-role/lambda/properties"
)

// A provider of another stack serves a role whose bucket is new: what the role needs is in the role's own stack.
func TestProviderOfAnotherStack(t *testing.T) {
	f := newFixture(t)
	provider := f.provider()
	consumer := awscdk.NewStack(f.app, jsii.String("Consumer"), nil)
	imported := awss3.Bucket_FromBucketName(consumer, jsii.String("Imported"), jsii.String("data-one"))
	for n := range 2 {
		NewPersonalizeServiceRole(consumer, jsii.String(fmt.Sprint("Role", n)), &PersonalizeServiceRoleProps{
			Provider: provider, Keys: []awskms.IKey{awskms.NewKey(consumer, jsii.String(fmt.Sprint("Key", n)), nil)},
			RoleName: jsii.String(fmt.Sprint("Role", n)),
			Buckets:  []Bucket{{Bucket: imported}},
		})
	}
	if err := attempt(func() { f.app.Synth(nil) }); err != nil {
		t.Fatal(err)
	}
	if got := ofType(resourcesOf(t, f.stack), "AWS::IAM::ManagedPolicy"); len(got) != 0 {
		t.Errorf("the provider's stack has permissions for the other's roles: %v", got)
	}
	policies := ofType(resourcesOf(t, consumer), "AWS::IAM::ManagedPolicy")
	if len(policies) != 1 || !strings.Contains(toJSON(t, policies), "data-one") {
		t.Errorf("permissions in the role's stack: %v", policies)
	}
}

// Roles with names and paths of their own get permissions for these, and not for combinations that no role has; a function for more stacks
// than its role can have policies is refused.
func TestManyRolesAndStacks(t *testing.T) {
	f := newFixture(t)
	provider := f.provider()
	for n := range 6 {
		NewPersonalizeServiceRole(f.stack, jsii.String(fmt.Sprint("Role", n)), &PersonalizeServiceRoleProps{
			Provider: provider, RoleName: jsii.String(fmt.Sprintf("recommender-%d", n)), PolicyName: jsii.String(fmt.Sprintf("recommender-%d", n)),
			Path: jsii.String(fmt.Sprintf("/team-%d/", n)),
		})
	}
	text := toJSON(t, f.resources(t))
	if !strings.Contains(text, ":role/team-0/recommender-0") || strings.Contains(text, ":role/team-0/recommender-1") {
		t.Errorf("permissions for combinations that no role has")
	}
	for stacks, want := range map[int]string{
		10: "", 11: "[Stack/Provider] IAM allows 10 managed policies on a role, and that of the function would have 11",
	} {
		f := newFixture(t)
		provider := f.provider()
		for n := range stacks {
			NewPersonalizeServiceRole(awscdk.NewStack(f.app, jsii.String(fmt.Sprint("Of", n)), nil), jsii.String("Role"),
				&PersonalizeServiceRoleProps{Provider: provider})
		}
		err := attempt(func() { f.app.Synth(nil) })
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d stacks: got %v, want %q", stacks, err, want)
		}
	}
}

// Values that only the deployment knows replace the permissions as well.
func TestPermissionsNameTheirTokens(t *testing.T) {
	digests := func(setting string) []map[string]any {
		for _, s := range settings {
			if s.name == setting {
				return ofType(synthesised(t, s.build).resources(t), properties.DigestType)
			}
		}
		t.Fatalf("no setting %s", setting)
		return nil
	}
	content := toJSON(t, digests("tokens")[0][properties.NameContent])
	for _, parameter := range []string{"RoleName", "PolicyName", "BucketName", "KeyId"} {
		if !strings.Contains(content, `"Ref":"`+parameter+`"`) {
			t.Errorf("the digest isn't one of %s: %s", parameter, content)
		}
	}
	if got := digests("default"); len(got) != 0 {
		t.Errorf("without tokens: %s", got)
	}
}

// All roles of a stack share one provider, each stack having its own; and a provider can be shared across stacks.
func TestProviders(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir())})
	count := func(stack awscdk.Stack) (functions, roles int) {
		resources := resourcesOf(t, stack)
		return len(ofType(resources, "AWS::Lambda::Function")), len(ofType(resources, properties.ResourceType))
	}
	one, two, three := awscdk.NewStack(app, jsii.String("One"), nil), awscdk.NewStack(app, jsii.String("Two"), nil),
		awscdk.NewStack(app, jsii.String("Three"), nil)
	first := NewPersonalizeServiceRole(one, jsii.String("First"), nil)
	second := NewPersonalizeServiceRole(constructs.NewConstruct(one, jsii.String("Inner")), jsii.String("Second"), nil)
	NewPersonalizeServiceRole(two, jsii.String("Third"), nil)
	NewPersonalizeServiceRole(three, jsii.String("Fourth"), &PersonalizeServiceRoleProps{Provider: first.Provider()})
	deployed := awscdk.NewStack(app, jsii.String("Deployed"), nil)
	NewPersonalizeServiceRole(deployed, jsii.String("Role"),
		&PersonalizeServiceRoleProps{Provider: Provider_FromServiceToken(awscdk.Fn_ImportValue(jsii.String("personalize-role-ServiceToken")))})
	if first.Provider() != second.Provider() {
		t.Error("two roles of a stack have two providers")
	}
	for _, c := range []struct {
		stack            awscdk.Stack
		functions, roles int
	}{{one, 1, 2}, {two, 1, 1}, {three, 0, 1}} {
		if functions, roles := count(c.stack); functions != c.functions || roles != c.roles {
			t.Errorf("%s: %d functions and %d roles, want %d and %d", *c.stack.StackName(), functions, roles, c.functions, c.roles)
		}
	}
	if functions, roles := count(deployed); functions != 0 || roles != 1 {
		t.Errorf("a deployed provider: %d functions and %d roles", functions, roles)
	}
	has(t, deployed, properties.ResourceType,
		map[string]any{"ServiceToken": map[string]any{"Fn::ImportValue": "personalize-role-ServiceToken"}})
}

// The function's role has the path that is asked for; names of function and log group stay as they are.
func TestPathOfTheFunctionsRole(t *testing.T) {
	f := newFixture(t)
	provider := NewProvider(f.stack, jsii.String("Provider"), &ProviderProps{Zip: f.zip, RolePath: jsii.String("/cfn/")})
	NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: provider})
	resources := f.resources(t)
	if got := ofType(resources, "AWS::IAM::Role")[0]["Path"]; got != "/cfn/" {
		t.Errorf("path %v", got)
	}
	if got := ofType(resources, "AWS::Lambda::Function")[0]["FunctionName"]; got != nil {
		t.Errorf("the function is named %v", got)
	}
}

// A zip for another processor, and an architecture that Lambda does not have, are refused.
func TestTheZipIsForTheArchitecture(t *testing.T) {
	for _, c := range []struct {
		arch         string
		architecture Architecture
		want         string
	}{
		{"arm64", "", ""},
		{"amd64", ArchitectureX8664, ""},
		{"amd64", "", "was built for x86_64 (EM_X86_64), and the architecture is arm64"},
		{"amd64", "amd64", `Stack/Provider: Architecture is "amd64", and must be arm64 or x86_64`},
	} {
		f := newFixture(t)
		got := attempt(func() {
			NewProvider(f.stack, jsii.String("Provider"), &ProviderProps{Zip: jsii.String(bundletest.Zip(t, c.arch)), Architecture: c.architecture})
		})
		if (got == nil) != (c.want == "") || got != nil && !strings.Contains(fmt.Sprint(got), c.want) {
			t.Errorf("%s for %q: got %v, want %q", c.arch, c.architecture, got, c.want)
		}
	}
}
