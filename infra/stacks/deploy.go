package stacks

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// FailedError is the error of an operation that didn't end in the expected status.
type FailedError struct {
	Verb, Stack string
	// Status is that of the stack after the operation.
	Status string
	// Reasons are those of the resources that failed, with their logical IDs.
	Reasons []string
}

// Error returns the reasons and what to do next.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("%s stack %s: %s", e.Verb, e.Stack, e.Status)
	for _, reason := range e.Reasons {
		text += "\n  " + reason
	}
	if advice := adviceFor(e.Stack, e.Status); advice != "" {
		text += "\n" + advice
	}
	return text
}

// adviceFor says what to do about a stack in a state in which it can't be updated, or to which a failure led it. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html
func adviceFor(stack, status string) string {
	call := func(operation string) string { return "aws cloudformation " + operation + " --stack-name " + stack }
	switch status {
	case "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED":
		return "The stack can only be deleted. Correct the cause, run " + call("delete-stack") + " and " + call("wait stack-delete-complete") +
			", then deploy again."
	case "UPDATE_FAILED":
		return "Run " + call("rollback-stack") + ", correct the cause, then deploy again."
	case "UPDATE_ROLLBACK_COMPLETE":
		return "The stack is as it was before. Correct the cause, then deploy again."
	case "UPDATE_ROLLBACK_FAILED":
		return "Correct the cause, run " + call("continue-update-rollback") + ", then deploy again."
	case "REVIEW_IN_PROGRESS":
		return "The stack has a change set that was never executed. Execute it, or run " + call("delete-stack") + ", then deploy again."
	}
	if strings.HasSuffix(status, "_IN_PROGRESS") {
		return "Another operation is under way. Wait until it has ended, then deploy again."
	}
	return ""
}

// isReady reports whether a stack can be updated.
func isReady(status types.StackStatus) bool {
	switch status {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete, types.StackStatusUpdateRollbackComplete,
		types.StackStatusImportComplete, types.StackStatusImportRollbackComplete:
		return true
	}
	return false
}

// Deploy creates a stack, or updates it, and waits. known are the names of the template's parameters: in an update, those without a value
// here keep theirs. changed is false if the stack needed no update.
func (o *Operator) Deploy(ctx context.Context, stack, template string, p Parameters, known []string) (changed bool, err error) {
	described, err := o.describe(ctx, stack)
	if says(err, "does not exist") {
		return true, o.Create(ctx, stack, template, p)
	}
	if err != nil {
		return false, err
	}
	if !isReady(described.StackStatus) {
		return false, &FailedError{Verb: "update", Stack: stack, Status: string(described.StackStatus)}
	}
	err = o.update(ctx, stack, template, append(p.list(), kept(described, p, known)...))
	if says(err, "No updates are to be performed") {
		return false, nil
	}
	return true, err
}

// kept are the parameters of a stack that keep their values.
func kept(stack types.Stack, p Parameters, known []string) []types.Parameter {
	has := map[string]bool{}
	for _, name := range known {
		has[name] = true
	}
	var list []types.Parameter
	for _, before := range stack.Parameters {
		name := aws.ToString(before.ParameterKey)
		if _, given := p[name]; has[name] && !given {
			list = append(list, types.Parameter{ParameterKey: &name, UsePreviousValue: aws.Bool(true)})
		}
	}
	return list
}
