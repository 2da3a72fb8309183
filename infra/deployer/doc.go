// Package deployer says what whoever deploys template.yaml must be allowed to do: the person who clicks, a pipeline, or the service role
// that CloudFormation is given for the stack.
package deployer
