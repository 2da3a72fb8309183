package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// Findings of cdk-nag's rule AwsSolutions-IAM5, as it names them.
const (
	anyResource  = "Resource::*"
	anyOperation = "Action::personalize:*"
	ofIAM        = `/^Resource::arn:.*:iam::.*:(role|policy)\/.*$/`
	ofStacks     = `/^Resource::arn:.*:cloudformation:.*:stack\/\*$/`
	ofKeys       = `/^Resource::arn:.*:kms:.*:key\/\*$/`
	ofActions    = `/^Action::personalize:(Describe|List)\*$/`
)

// suppress tells cdk-nag, where an app uses it, why a resource may have wildcards, so that an app without findings stays without. It is the
// metadata that cdk-nag itself writes: https://github.com/cdklabs/cdk-nag#suppressing-a-rule
func suppress(resource awscdk.CfnResource, reason string, findings ...string) {
	var appliesTo []any
	for _, finding := range findings {
		if finding[0] == '/' {
			appliesTo = append(appliesTo, map[string]any{"regex": finding})
		} else {
			appliesTo = append(appliesTo, finding)
		}
	}
	resource.AddMetadata(jsii.String("cdk_nag"), map[string]any{"rules_to_suppress": []any{
		map[string]any{"id": "AwsSolutions-IAM5", "reason": reason, "applies_to": appliesTo},
	}})
}
