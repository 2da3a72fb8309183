package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"personalize-role/lambda/internal/plan"
)

// Failure is a call that failed: what was being done, to what, why, and what to do next.
type Failure struct {
	Doing  string
	Action string
	Target string
	Err    error
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s: %s. %s", f.Doing, cause(f.Err), f.advice())
}

func (f *Failure) Unwrap() error { return f.Err }

// cause is the service's own code and message, without the layers of the SDK around them.
func cause(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return strings.TrimRight(err.Error(), ".")
	}
	text := fmt.Sprintf("%s: %s", api.ErrorCode(), strings.TrimRight(api.ErrorMessage(), "."))
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.RequestID != "" {
		text += " (request " + response.RequestID + ")"
	}
	return text
}

func (f *Failure) advice() string {
	switch code(f.Err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return fmt.Sprintf("Allow the function's role %s on %s (in template.yaml by RoleNamePattern and PolicyNamePattern), and check permissions "+
			"boundaries and service control policies",
			f.Action, f.Target)
	case "LimitExceeded":
		return "Ask for a higher IAM quota in Service Quotas, or delete what is no longer used, then deploy again"
	case "EntityAlreadyExists":
		return "Something else makes a thing of this name; choose another name, then deploy again"
	case "DeleteConflict":
		return "Detach what others still attach to it (instance profiles too), then try again"
	case "MalformedPolicyDocument", "InvalidInput", "ValidationError":
		return "IAM refuses the value; correct the property that it comes from, then deploy again"
	case "NoSuchEntity":
		return "Check that what the template names exists in this account, then deploy again"
	case "PolicyNotAttachable", "UnmodifiableEntity":
		return "Choose another role or policy; AWS keeps this one for itself"
	}
	if errors.Is(f.Err, context.DeadlineExceeded) || errors.Is(f.Err, context.Canceled) {
		return "The time of the function ran out; deploy again, and look into the function's log for slow calls if that repeats"
	}
	return "Deploy again; the next attempt goes on from what is there. If it repeats, look into the function's log"
}

// code is the error code of the service; empty where the service didn't answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// IsDenied tells whether IAM denied a call. It denies, too, a change of what is gone: without a thing there is no ownership
// tag, which the function's permissions ask for.
func IsDenied(err error) bool { return code(err) == "AccessDenied" }

func isNotFound(err error) bool { return code(err) == "NoSuchEntity" }

// ignoreNotFound makes the removal of what is gone a success.
func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

// Drifted tells whether a plan failed because the account isn't, or is no longer, what was observed: somebody else, or an
// earlier attempt whose answer was lost, got there first. Observing and planning again is the remedy.
func Drifted(err error) bool {
	var f *Failure
	if !errors.As(err, &f) {
		return false
	}
	switch code(f.Err) {
	case "EntityAlreadyExists", "DeleteConflict":
		return true
	case "NoSuchEntity":
		// With these two it is the permissions boundary that doesn't exist.
		return f.Action != plan.CreateRole{}.Action() && f.Action != plan.PutBoundary{}.Action()
	case "LimitExceeded":
		return f.Action == plan.CreatePolicyVersion{}.Action()
	}
	return false
}
