package stacks

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"
)

// A stack in each state of CloudFormation is updated, or the error says what to do before.
func TestStates(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		err := &FailedError{Verb: "update", Stack: "app", Status: string(status), Reasons: []string{"Role: no"}}
		text := err.Error()
		if !strings.HasPrefix(text, "update stack app: "+string(status)+"\n  Role: no") {
			t.Errorf("%s: %s", status, text)
		}
		advised := strings.Contains(text, "deploy again")
		ready, failed := isReady(status), status == types.StackStatusUpdateRollbackComplete
		if !ready && !advised && !isOver(status) || ready && advised && !failed {
			t.Errorf("%s: ready %v, advised %v: %s", status, ready, advised, text)
		}
	}
}

// isOver reports whether a stack is gone, or failed in a way that only its owner can judge.
func isOver(status types.StackStatus) bool {
	switch status {
	case types.StackStatusDeleteComplete, types.StackStatusImportRollbackFailed:
		return true
	}
	return false
}

// Parameters that are not named keep their values, if the template still has them.
func TestKept(t *testing.T) {
	var stack types.Stack
	for _, name := range []string{"Named", "Kept", "Gone"} {
		stack.Parameters = append(stack.Parameters, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String("x")})
	}
	var got []string
	for _, p := range kept(stack, Parameters{"Named": "y"}, []string{"Named", "Kept", "New"}) {
		if !aws.ToBool(p.UsePreviousValue) || p.ParameterValue != nil {
			t.Errorf("%+v", p)
		}
		got = append(got, aws.ToString(p.ParameterKey))
	}
	if diff := cmp.Diff([]string{"Kept"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
