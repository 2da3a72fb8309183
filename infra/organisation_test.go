package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

// organisation returns the properties of the StackSet.
func organisation(t *testing.T, context map[string]any) (map[string]any, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cdk.out")
	all := maps.Clone(context)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &all})
	if err := buildOrganisation(settingsOf(t, app)); err != nil {
		return nil, err
	}
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(dir, "personalize-role-organisation.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	for _, r := range template.Resources {
		if r.Type == "AWS::CloudFormation::StackSet" {
			return r.Properties, nil
		}
	}
	t.Fatal("no StackSet")
	return nil, nil
}

const release = "https://my-releases-eu-west-1.s3.eu-west-1.amazonaws.com/personalize-role/1.0.0/template.yaml"

// Every account of the units, and every one that joins them, gets a role in each Region.
func TestOrganisation(t *testing.T) {
	want := map[string]any{
		"StackSetName": "personalize-role", "Description": "Amazon Personalize service role; each account and Region has its own",
		"PermissionModel": "SERVICE_MANAGED", "CallAs": "SELF", "TemplateURL": release, "Capabilities": []any{"CAPABILITY_NAMED_IAM"},
		"AutoDeployment":   map[string]any{"Enabled": true, "RetainStacksOnAccountRemoval": false},
		"ManagedExecution": map[string]any{"Active": true},
		"OperationPreferences": map[string]any{"MaxConcurrentPercentage": 10.0, "FailureTolerancePercentage": 5.0,
			"RegionConcurrencyType": "PARALLEL"},
		"StackInstancesGroup": []any{map[string]any{
			"DeploymentTargets": map[string]any{"OrganizationalUnitIds": []any{"ou-ab12-cd34ef56", "ou-ab12-12345678"}},
			"Regions":           []any{"eu-west-1", "us-east-1"},
		}},
	}
	context := map[string]any{"organisationalUnits": "ou-ab12-cd34ef56, ou-ab12-12345678", "regions": "eu-west-1,us-east-1",
		"releaseTemplate": release}
	check := func() {
		t.Helper()
		got, err := organisation(t, context)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	check()
	context["callAs"], context["maxConcurrentPercentage"], context["failureTolerancePercentage"] = "DELEGATED_ADMIN", "100", "0"
	context["memberParameters"] = "PersonalizeAccess=None CreateOperatorPolicy=Operate DriftCheckSchedule='rate(1 day)'"
	want["CallAs"] = "DELEGATED_ADMIN"
	want["OperationPreferences"] = map[string]any{"MaxConcurrentPercentage": 100.0, "FailureTolerancePercentage": 0.0,
		"RegionConcurrencyType": "PARALLEL"}
	want["Parameters"] = []any{
		map[string]any{"ParameterKey": "CreateOperatorPolicy", "ParameterValue": "Operate"},
		map[string]any{"ParameterKey": "DriftCheckSchedule", "ParameterValue": "rate(1 day)"},
		map[string]any{"ParameterKey": "PersonalizeAccess", "ParameterValue": "None"},
	}
	check()
}

func TestWrongSettingsOfTheOrganisation(t *testing.T) {
	_, err := organisation(t, map[string]any{
		"organisationalUnits": "sandbox", "releaseTemplate": "template.yaml", "callAs": "ME", "maxConcurrentPercentage": "0",
		"failureTolerancePercentage": "all",
		"memberParameters":           "PersonalizeAccess",
	})
	want := `setting organisationalUnits (or PERSONALIZE_ROLE_ORGANISATIONAL_UNITS) is "sandbox", and must be ids of organisational ` +
		`units, such as ou-ab12-cd34ef56, separated by commas; or that of the root; ` +
		`setting regions (or PERSONALIZE_ROLE_REGIONS) is "", and must be Regions, such as eu-west-1,us-east-1; ` +
		`setting releaseTemplate (or PERSONALIZE_ROLE_RELEASE_TEMPLATE) is "template.yaml", and must be the https URL of a release's ` +
		`template.yaml, as make publish prints it; ` +
		`setting callAs (or PERSONALIZE_ROLE_CALL_AS) is "ME", and must be SELF or DELEGATED_ADMIN; ` +
		`setting maxConcurrentPercentage (or PERSONALIZE_ROLE_MAX_CONCURRENT_PERCENTAGE) is "0", and must be a whole number from 1 to 100; ` +
		`setting failureTolerancePercentage (or PERSONALIZE_ROLE_FAILURE_TOLERANCE_PERCENTAGE) is "all", and must be a whole number from ` +
		`0 to 100; ` +
		`setting memberParameters (or PERSONALIZE_ROLE_MEMBER_PARAMETERS): "PersonalizeAccess" is no parameter. Write NAME=VALUE, ` +
		`and quote values that have blanks`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
