// Command deploy builds the function, uploads it, and creates or updates the stack of template.yaml in the account of the AWS credentials:
//
//	go run ./infra/cmd/deploy -bucket my-artifacts BucketNames=my-data PersonalizeAccess=None
//
// It prints the events of the stack, and at the end the role's ARN and the warnings, or what failed and what to do. Its exit status is 1
// for a deployment that failed, and 2 for a wrong command line.
package main
