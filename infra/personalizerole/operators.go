package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
)

func (r *serviceRole) OperatorPolicy() awsiam.ManagedPolicy {
	if r.operators == nil {
		r.operators = awsiam.NewManagedPolicy(r, jsii.String("OperatorPolicy"), &awsiam.ManagedPolicyProps{
			Description: jsii.String("Lets people operate Amazon Personalize, and pass it its service role and no other"),
			Document:    awsiam.PolicyDocument_FromJson(document(rendered(permissions.OperatorStatements(*r.RoleArn())))),
		})
	}
	return r.operators
}
