// Package deployer defines the permissions that are needed to deploy template.yaml: for a person in the console, for a pipeline, or for the
// service role that CloudFormation is given for the stack.
package deployer
