package personalizerole

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"personalize-role/infra/bundle"
	"personalize-role/infra/bundle/bundletest"
	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// resource is a resource of template.yaml.
type resource struct {
	Properties map[string]any `yaml:"Properties"`
}

func templateYAML(t *testing.T) map[string]resource {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]resource `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	return template.Resources
}

// The construct's function is template.yaml's.
func TestFunctionIsTheTemplates(t *testing.T) {
	want := templateYAML(t)["Function"].Properties
	got := ofType(synthesised(t, func(*fixture, *PersonalizeServiceRoleProps) {}).resources(t), "AWS::Lambda::Function")[0]
	for _, name := range []string{"Description", "Handler", "Runtime", "MemorySize", "Timeout"} {
		if diff := cmp.Diff(toJSON(t, want[name]), toJSON(t, got[name])); diff != "" {
			t.Errorf("%s: -template.yaml +construct:\n%s", name, diff)
		}
	}
	if format := got["LoggingConfig"].(map[string]any)["LogFormat"]; format != want["LoggingConfig"].(map[string]any)["LogFormat"] {
		t.Errorf("log format %v", format)
	}
	// Only a required boundary needs variables.
	delete(want, "Environment")
	if want, got := len(want), len(got); want != got {
		t.Errorf("template.yaml sets %d properties of the function, the construct %d", want, got)
	}
	trust := func(p map[string]any) string {
		return toJSON(t, p["AssumeRolePolicyDocument"])
	}
	role := ofType(synthesised(t, func(*fixture, *PersonalizeServiceRoleProps) {}).resources(t), "AWS::IAM::Role")[0]
	if diff := cmp.Diff(trust(templateYAML(t)["FunctionRole"].Properties), trust(role)); diff != "" {
		t.Errorf("trust: -template.yaml +construct:\n%s", diff)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The custom resource waits as long as template.yaml's, and means the same where nothing is set.
func TestDefaultsAreTheTemplates(t *testing.T) {
	resources := synthesised(t, func(*fixture, *PersonalizeServiceRoleProps) {}).resources(t)
	custom := ofType(resources, properties.ResourceType)[0]
	if want := templateYAML(t)["ServiceRole"].Properties["ServiceTimeout"]; toJSON(t, custom["ServiceTimeout"]) != toJSON(t, want) {
		t.Errorf("ServiceTimeout %v, want %v", custom["ServiceTimeout"], want)
	}
	got, err := properties.Parse(resourceProperties(t, resources))
	if err != nil {
		t.Fatal(err)
	}
	none, err := properties.Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(none, got); diff != "" {
		t.Errorf("-function +construct:\n%s", diff)
	}
}

// Every property of the resource can be set by a prop: together the settings use them all.
func TestEveryPropertyHasAProp(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings {
		for name := range ofType(synthesised(t, s.build).resources(t), properties.ResourceType)[0] {
			seen[name] = true
		}
	}
	for _, name := range properties.Names() {
		if !seen[name] {
			t.Errorf("no setting uses %s", name)
		}
	}
}

// The function gets what its calls need on the names, paths, buckets and keys of the stack's roles, and nothing else.
func TestPermissionsAreNarrowed(t *testing.T) {
	f := newFixture(t)
	provider := f.provider()
	NewPersonalizeServiceRole(f.stack, jsii.String("One"), &PersonalizeServiceRoleProps{Provider: provider,
		Buckets: []Bucket{{Bucket: f.imported("data-one")}}})
	key := awskms.Key_FromKeyArn(f.stack, jsii.String("Key"), jsii.String("arn:aws:kms:eu-west-1:123456789012:key/1"))
	NewPersonalizeServiceRole(f.stack, jsii.String("Two"), &PersonalizeServiceRoleProps{
		Provider: provider, RoleName: jsii.String("Two"), Path: jsii.String("/ml/"), PolicyName: jsii.String("TwoPolicy"),
		Keys:    []awskms.IKey{key},
		Buckets: []Bucket{{Bucket: f.imported("data-two")}},
	})
	resources := f.resources(t)
	var got []any
	for _, p := range ofType(resources, "AWS::IAM::Role")[0]["Policies"].([]any) {
		got = append(got, p.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any)...)
	}
	got = append(got, ofType(resources, "AWS::IAM::ManagedPolicy")[0]["PolicyDocument"].(map[string]any)["Statement"].([]any)...)
	got = slices.DeleteFunc(got, func(s any) bool {
		return slices.Contains([]any{"KeepKeysReachable", "WriteLogs"}, s.(map[string]any)["Sid"])
	})
	const iam = "arn:${AWS::Partition}:iam::${AWS::AccountId}:"
	scope := permissions.Scope{
		Partition: "${AWS::Partition}", Region: "${AWS::Region}", AccountID: "${AWS::AccountId}",
		Roles:    []string{iam + "role/" + permissions.DefaultRoleNames, iam + "role/ml/Two"},
		Policies: []string{iam + "policy/" + permissions.DefaultPolicyNames, iam + "policy/ml/TwoPolicy"},
		Buckets:  []string{"arn:${AWS::Partition}:s3:::data-one", "arn:${AWS::Partition}:s3:::data-two"},
		Keys:     []string{"arn:aws:kms:eu-west-1:123456789012:key/1"},
	}
	if diff := cmp.Diff(toJSON(t, permissions.Decoded(permissions.Statements(scope))["Statement"]), toJSON(t, joined(got))); diff != "" {
		t.Errorf("-needed +granted:\n%s", diff)
	}
}

// joined writes Fn::Join of references as text.
func joined(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if list, ok := v["Fn::Join"].([]any); ok {
			var text strings.Builder
			for _, part := range list[1].([]any) {
				if ref, ok := part.(map[string]any); ok {
					part = "${" + ref["Ref"].(string) + "}"
				}
				text.WriteString(part.(string))
			}
			return text.String()
		}
		all := map[string]any{}
		for key, value := range v {
			all[key] = joined(value)
		}
		return all
	case []any:
		list := make([]any, len(v))
		for n, e := range v {
			list[n] = joined(e)
		}
		return list
	}
	return v
}

// The asset's hash is that of the zip, and the same sources produce the same zip, of which no copy is left but the asset.
func TestAssetHashIsTheZips(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out string
	key := func(zip *string, architecture Architecture) any {
		out = t.TempDir()
		app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out})
		stack := awscdk.NewStack(app, jsii.String("Stack"), nil)
		NewProvider(stack, jsii.String("Provider"), &ProviderProps{Zip: zip, Architecture: architecture})
		return ofType(resourcesOf(t, stack), "AWS::Lambda::Function")[0]["Code"].(map[string]any)["S3Key"]
	}
	zip := func(arch string) *string { return jsii.String(bundletest.Zip(t, arch)) }
	if a, b := key(zip("amd64"), ArchitectureX8664), key(zip("amd64"), ArchitectureX8664); a != b {
		t.Errorf("the same content: %v, %v", a, b)
	}
	if a, b := key(zip("amd64"), ArchitectureX8664), key(zip("arm64"), ArchitectureARM64); a == b {
		t.Errorf("another content: %v", a)
	}
	root, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	again, err := bundle.Make(t.Context(), root, "amd64")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), bundle.ZipName)
	if err := os.WriteFile(file, again, 0o600); err != nil {
		t.Fatal(err)
	}
	if a, b := key(nil, ArchitectureX8664), key(&file, ArchitectureX8664); a != b {
		t.Errorf("built twice: %v, %v", a, b)
	}
	for _, dir := range []string{os.TempDir(), out} {
		left, err := filepath.Glob(filepath.Join(dir, "personalize-role*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
