package personalizerole

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// A required boundary bounds the service roles, by the function's knowledge and its permissions, and never the function.
func TestRequiredBoundary(t *testing.T) {
	const ceiling = "arn:aws:iam::123456789012:policy/Ceiling"
	f := newFixture(t)
	boundary := awsiam.ManagedPolicy_FromManagedPolicyArn(f.stack, jsii.String("Ceiling"), jsii.String(ceiling))
	provider := NewProvider(f.stack, jsii.String("Provider"), &ProviderProps{Zip: f.zip, RequiredBoundary: boundary})
	NewPersonalizeServiceRole(f.stack, jsii.String("ServiceRole"), &PersonalizeServiceRoleProps{Provider: provider})
	NewPersonalizeServiceRole(f.stack, jsii.String("Named"), &PersonalizeServiceRoleProps{Provider: provider, PermissionsBoundary: boundary})
	all := f.resources(t)
	for _, role := range ofType(all, properties.ResourceType) {
		if got := role[properties.NamePermissionsBoundary]; got != ceiling {
			t.Errorf("a service role below %v", got)
		}
	}
	if got := ofType(all, "AWS::IAM::Role")[0]["PermissionsBoundary"]; got != nil {
		t.Errorf("the function's role below %v", got)
	}
	environment := ofType(all, "AWS::Lambda::Function")[0]["Environment"]
	want := map[string]any{"Variables": map[string]any{properties.RequiredBoundaryVariable: ceiling}}
	if diff := cmp.Diff(want, environment); diff != "" {
		t.Errorf("environment: -want +got:\n%s", diff)
	}
	bounded := map[string]bool{}
	for _, s := range permissions.OwnStatements(permissions.Scope{RequiredBoundary: ceiling}) {
		bounded[s.Sid] = s.Conditions["StringEquals"] != nil
	}
	for _, s := range ofType(all, "AWS::IAM::ManagedPolicy")[0]["PolicyDocument"].(map[string]any)["Statement"].([]any) {
		statement := s.(map[string]any)
		sid, _ := statement["Sid"].(string)
		conditions, _ := statement["Condition"].(map[string]any)
		if _, got := conditions["StringEquals"]; got != bounded[sid] {
			t.Errorf("%s: bounded %v, want %v", sid, got, bounded[sid])
		}
	}
}
