package main

import (
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

var (
	organisationalUnit = regexp.MustCompile(`^(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})$`)
	releaseTemplate    = regexp.MustCompile(`^https://[^/]+\.s3\.[^/]+/personalize-role/[^/]+/template\.yaml$`)
)

// buildOrganisation adds the stack with a StackSet that creates a role for every account of organisational units, in every Region of a
// list. Accounts that join later get a role too. Deploy it in the management account, or in a delegated administrator's. The error names
// wrong settings. See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs.html
func buildOrganisation(s *settings) error {
	units := s.matching("organisationalUnits", organisationalUnit.MatchString,
		"ids of organisational units, such as ou-ab12-cd34ef56, separated by commas; or that of the root")
	regions := s.matching("regions", properties.IsRegion, "Regions, such as eu-west-1,us-east-1")
	template := s.textOr("releaseTemplate", "")
	if !releaseTemplate.MatchString(template) {
		s.fault("releaseTemplate", template, "the https URL of a release's template.yaml, as make publish prints it")
	}
	callAs := s.textOr("callAs", "SELF")
	if callAs != "SELF" && callAs != "DELEGATED_ADMIN" {
		s.fault("callAs", callAs, "SELF or DELEGATED_ADMIN")
	}
	concurrent, tolerated := s.percentage("maxConcurrentPercentage", 10, 1), s.percentage("failureTolerancePercentage", 5, 0)
	parameters := s.parameters("memberParameters")
	name := s.stackName("personalize-role-organisation")
	if err := s.err(); err != nil {
		return err
	}
	stack := awscdk.NewStack(s.app, &name, &awscdk.StackProps{
		Description: jsii.String("StackSet that gives the accounts of an organisation their Amazon Personalize service roles"),
		Env:         environment(),
	})
	awscdk.NewCfnStackSet(stack, jsii.String("Members"), &awscdk.CfnStackSetProps{
		StackSetName: jsii.String("personalize-role"), Description: jsii.String("Amazon Personalize service role; each account and " +
			"Region has its own"),
		PermissionModel: jsii.String("SERVICE_MANAGED"), CallAs: &callAs, TemplateUrl: &template, Parameters: parameters,
		Capabilities:   jsii.Strings("CAPABILITY_NAMED_IAM"),
		AutoDeployment: &awscdk.CfnStackSet_AutoDeploymentProperty{Enabled: jsii.Bool(true), RetainStacksOnAccountRemoval: jsii.Bool(false)},
		// Operations that come while one runs wait for it, instead of failing.
		ManagedExecution: map[string]any{"Active": true},
		OperationPreferences: &awscdk.CfnStackSet_OperationPreferencesProperty{
			MaxConcurrentPercentage: concurrent, FailureTolerancePercentage: tolerated, RegionConcurrencyType: jsii.String("PARALLEL"),
		},
		StackInstancesGroup: []any{&awscdk.CfnStackSet_StackInstancesProperty{
			DeploymentTargets: &awscdk.CfnStackSet_DeploymentTargetsProperty{OrganizationalUnitIds: jsii.Strings(units...)},
			Regions:           jsii.Strings(regions...),
		}},
	})
	return nil
}
