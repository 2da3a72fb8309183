// Command infra has the CDK apps. The setting app chooses one:
//
//   - none: a stack of the function, the Personalize service role, and its exports
//   - distribution: the bucket that releases are published to, in one Region
//   - organisation: the StackSet that deploys a release to all accounts of organisational units
//
// The settings come from CDK's context (cdk deploy -c bucketNames=my-data) or from the environment (PERSONALIZE_ROLE_BUCKET_NAMES=my-data).
package main
