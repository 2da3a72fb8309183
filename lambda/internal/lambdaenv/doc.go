// Package lambdaenv configures the AWS SDK from the environment of a Lambda function alone. The SDK's own loader also looks for files,
// profiles, single sign-on and instance metadata, which a function doesn't have. That would take a fifth of the function's start-up time.
package lambdaenv
