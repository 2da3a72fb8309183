// Package stacks creates, updates and deletes CloudFormation stacks, prints their events, and says what to do after a failure.
package stacks
