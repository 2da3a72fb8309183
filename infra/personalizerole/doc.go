// Package personalizerole is a CDK construct for the service role of Amazon Personalize. The construct implements awsiam.IRole, on top of
// Custom::PersonalizeServiceRole and the function that provisions it.
package personalizerole
