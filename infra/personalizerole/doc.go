// Package personalizerole puts the service role of Amazon Personalize into CDK stacks: a construct that is an awsiam.IRole, over
// Custom::PersonalizeServiceRole and the function that provisions it.
package personalizerole
