package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawsiam"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// What CDK asks of a role. The methods have the names and the meaning of awsiam.IRole's.

func (r *serviceRole) RoleArn() *string  { return r.attribute(properties.AttrRoleArn) }
func (r *serviceRole) RoleName() *string { return r.attribute(properties.AttrRoleName) }

func (r *serviceRole) RoleRef() *interfacesawsiam.RoleReference {
	return &interfacesawsiam.RoleReference{RoleArn: r.RoleArn(), RoleName: r.RoleName()}
}

func (r *serviceRole) AssumeRoleAction() *string         { return jsii.String("sts:AssumeRole") }
func (r *serviceRole) GrantPrincipal() awsiam.IPrincipal { return r }
func (r *serviceRole) PrincipalAccount() *string         { return r.Stack().Account() }

func (r *serviceRole) PolicyFragment() awsiam.PrincipalPolicyFragment {
	return awsiam.NewArnPrincipal(r.RoleArn()).PolicyFragment()
}

func (r *serviceRole) Grant(grantee awsiam.IPrincipal, actions ...*string) awsiam.Grant {
	return awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee: grantee, Actions: &actions, ResourceArns: &[]*string{r.RoleArn()},
	})
}

func (r *serviceRole) GrantPassRole(grantee awsiam.IPrincipal) awsiam.Grant {
	return r.Grant(grantee, jsii.String("iam:PassRole"))
}

func (r *serviceRole) GrantAssumeRole(grantee awsiam.IPrincipal) awsiam.Grant {
	return r.Grant(grantee, jsii.String("sts:AssumeRole"))
}

// AddToPrincipalPolicy adds to an inline policy that CloudFormation adds to the role, and removes before the role is
// deleted.
func (r *serviceRole) AddToPrincipalPolicy(statement awsiam.PolicyStatement) *awsiam.AddToPrincipalPolicyResult {
	if r.policy == nil {
		r.policy = awsiam.NewPolicy(r, jsii.String("Policy"), nil)
		r.AttachInlinePolicy(r.policy)
	}
	r.policy.AddStatements(statement)
	return &awsiam.AddToPrincipalPolicyResult{StatementAdded: jsii.Bool(true), PolicyDependable: r.policy}
}

func (r *serviceRole) AttachInlinePolicy(policy awsiam.Policy) { policy.AttachToRole(r) }

// AddManagedPolicy attaches nothing: CloudFormation has no resource that attaches an existing policy to an existing role.
func (r *serviceRole) AddManagedPolicy(policy awsiam.IManagedPolicy) {
	awscdk.Annotations_Of(r).AddError(jsii.String("AddManagedPolicy can't attach " + *policy.ManagedPolicyArn() +
		": give the policy the role instead (awsiam.ManagedPolicyProps.Roles), or set PersonalizeAccess and CloudWatchAccess"))
}

func (r *serviceRole) RoleId() *string       { return r.attribute(properties.AttrRoleID) }
func (r *serviceRole) PolicyArn() *string    { return r.attribute(properties.AttrPolicyArn) }
func (r *serviceRole) Warnings() *string     { return r.attribute(properties.AttrWarnings) }
func (r *serviceRole) FindingCount() *string { return r.attribute(properties.AttrFindingCount) }
func (r *serviceRole) Provider() Provider    { return r.provider }

func (r *serviceRole) RequiredBucketPolicyStatements() *string {
	return r.attribute(properties.AttrRequiredBucketPolicyStatements)
}

func (r *serviceRole) RequiredKeyPolicyStatements() *string {
	return r.attribute(properties.AttrRequiredKeyPolicyStatements)
}

func (r *serviceRole) attribute(name string) *string {
	return awscdk.Token_AsString(r.resource.GetAtt(&name, awscdk.ResolutionTypeHint_STRING), nil)
}
