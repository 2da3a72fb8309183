package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
)

func (r *serviceRole) GrantOperate(grantee awsiam.IGrantable) awsiam.Grant {
	var all awsiam.Grant
	for _, s := range permissions.OperatorStatements(*r.RoleArn()) {
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

// NewOperatorPolicy adds a managed policy with what GrantOperate allows, for principals that are not in the app.
func NewOperatorPolicy(scope constructs.Construct, id string, role PersonalizeServiceRole) awsiam.ManagedPolicy {
	return awsiam.NewManagedPolicy(scope, &id, &awsiam.ManagedPolicyProps{
		Description: jsii.String("Lets people operate Amazon Personalize, and pass it its service role and no other"),
		Document:    awsiam.PolicyDocument_FromJson(permissions.Decoded(permissions.OperatorStatements(*role.RoleArn()))),
	})
}
