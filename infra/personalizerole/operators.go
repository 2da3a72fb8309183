package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
)

// OperatorAccess is what people may do with Personalize.
type OperatorAccess string

// What people may do.
const (
	// OperatorAccessOperate allows everything in Personalize, and passing the role to it.
	OperatorAccessOperate OperatorAccess = OperatorAccess(permissions.OperatorOperate)
	// OperatorAccessReadOnly allows viewing the resources of Personalize.
	OperatorAccessReadOnly OperatorAccess = OperatorAccess(permissions.OperatorReadOnly)
	// OperatorAccessMonitor also allows viewing CloudWatch metrics and alarms.
	OperatorAccessMonitor OperatorAccess = OperatorAccess(permissions.OperatorMonitor)
)

func (r *serviceRole) GrantOperate(grantee awsiam.IGrantable) awsiam.Grant {
	return r.grantTo(grantee, OperatorAccessOperate)
}

func (r *serviceRole) GrantReadOnly(grantee awsiam.IGrantable) awsiam.Grant {
	return r.grantTo(grantee, OperatorAccessReadOnly)
}

func (r *serviceRole) GrantMonitor(grantee awsiam.IGrantable) awsiam.Grant {
	return r.grantTo(grantee, OperatorAccessMonitor)
}

func (r *serviceRole) grantTo(grantee awsiam.IGrantable, access OperatorAccess) awsiam.Grant {
	var all awsiam.Grant
	for _, s := range operatorStatements(r, access) {
		options := &awsiam.GrantOnPrincipalOptions{Grantee: grantee, Actions: jsii.Strings(s.Actions...),
			ResourceArns: jsii.Strings(s.Resources...)}
		if s.Conditions != nil {
			conditions := map[string]*map[string]any{}
			for operator, keys := range s.Conditions {
				values := map[string]any{}
				for key, value := range keys {
					values[key] = value
				}
				conditions[operator] = &values
			}
			options.Conditions = &conditions
		}
		grant := awsiam.Grant_AddToPrincipal(options)
		if all == nil {
			all = grant
		} else {
			all = all.Combine(grant)
		}
	}
	return all
}

// NewOperatorPolicy adds a managed policy for people whose principals are not in the app. It panics if access has no known value.
func NewOperatorPolicy(scope constructs.Construct, id *string, role PersonalizeServiceRole, access OperatorAccess) awsiam.ManagedPolicy {
	if role == nil {
		panic(*scope.Node().Path() + "/" + *id + ": role is missing")
	}
	policy := awsiam.NewManagedPolicy(scope, id, &awsiam.ManagedPolicyProps{
		Description: jsii.String("For the people who work with Amazon Personalize"),
		Document:    awsiam.PolicyDocument_FromJson(permissions.Decoded(operatorStatements(role, access))),
	})
	suppress(policy.Node().DefaultChild().(awscdk.CfnResource), "People work with all of Personalize, as its guide says, and pass it this "+
		"role only; metrics have no resource", anyResource, anyOperation, ofActions)
	return policy
}

func operatorStatements(role PersonalizeServiceRole, access OperatorAccess) []permissions.Statement {
	statements, err := permissions.OperatorStatements(permissions.Operator(access), *role.RoleArn())
	if err != nil {
		panic("OperatorAccess " + err.Error())
	}
	return statements
}
