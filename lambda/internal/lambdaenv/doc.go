// Package lambdaenv configures the AWS SDK by the environment of a Lambda function alone. The SDK's own loader also looks for
// files, profiles, single sign-on and instance metadata, which a function has not, and which a fifth of its start would go to.
package lambdaenv
