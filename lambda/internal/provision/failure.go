package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/sharedpolicy"
)

// Failure is a call that failed: what was being done, to what, why, and what to do next.
type Failure struct {
	Doing  string
	Action string
	Target string
	Err    error
	// Advice says what to do next, if the call's error alone doesn't say it.
	Advice string
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
	if f.Advice != "" {
		return f.Advice
	}
	if advice := f.adviceOnShared(); advice != "" {
		return advice
	}
	switch code(f.Err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return fmt.Sprintf("Allow the function's role %s on %s (of roles in other stacks: by the parameters AdditionalRoleNames and "+
			"AdditionalPolicyNames, which must cover a former name until its role is deleted), and check permissions boundaries and service "+
			"control policies", f.Action, f.Target)
	case "LimitExceeded":
		return "Ask for a higher IAM quota in Service Quotas, or delete what is no longer used, then deploy again"
	case "EntityAlreadyExists":
		return "A resource with this name already exists. Choose another name, then deploy again"
	case "DeleteConflict":
		return "Detach what is still attached to it, including instance profiles, then try again"
	case "MalformedPolicyDocument", "InvalidInput", "ValidationError":
		return "Correct the property that IAM refused, then deploy again"
	case "NoSuchEntity":
		return "Check that what the template names exists in this account, then deploy again"
	case "PolicyNotAttachable", "UnmodifiableEntity":
		return "Choose another role or policy. This one is reserved by AWS"
	}
	if errors.Is(f.Err, context.DeadlineExceeded) || errors.Is(f.Err, context.Canceled) {
		return "The function timed out. Deploy again to continue. If that repeats, look into its log for slow calls"
	}
	return "Deploy again to continue. If that repeats, look into the function's log"
}

// adviceOnShared is what to do about calls to S3 and KMS, whose errors mean other things than IAM's. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func (f *Failure) adviceOnShared() string {
	bucket := strings.HasPrefix(f.Action, "s3:")
	if !bucket && !strings.HasPrefix(f.Action, "kms:") {
		return ""
	}
	switch c := code(f.Err); {
	case IsDenied(f.Err) && containsFold(f.Err.Error(), "BlockPublicPolicy"):
		return "The policy has a public statement, and Block Public Access refuses every new version of such a policy. Remove that " +
			"statement, then try again"
	case IsDenied(f.Err) && f.Action == "s3:ListAllMyBuckets":
		return "Allow the function's role s3:ListAllMyBuckets on *, which shows the buckets of this account, and check permissions " +
			"boundaries and service control policies"
	case IsDenied(f.Err) && bucket:
		return fmt.Sprintf("Allow the function's role %s on %s (in template.yaml by BucketNames, or AdditionalBucketNames for roles of "+
			"other stacks), and check the bucket policy for a Deny, permissions boundaries and service control policies", f.Action, f.Target)
	case IsDenied(f.Err) && f.Action == "kms:DescribeKey":
		return fmt.Sprintf("Allow the function's role kms:DescribeKey on %s; the key's policy must allow it too, or leave it to IAM by a "+
			"statement for the account's root", f.Target)
	case IsDenied(f.Err):
		return fmt.Sprintf("Allow the function's role %s on %s (in template.yaml by KmsKeyArns, or AdditionalKmsKeyArns for roles of "+
			"other stacks); the key's "+
			"policy must allow it too, or leave it to IAM by a statement for the account's root. Or set ManageKeyPolicies to false", f.Action,
			f.Target)
	case c == "NoSuchBucket":
		return "Create the bucket first, or correct the name, then deploy again"
	case c == "NotFoundException", c == "InvalidArnException":
		return "Create the key first, or correct the ARN, then deploy again"
	case c == "KMSInvalidStateException":
		return "The key is pending deletion or unavailable: cancel the deletion (aws kms cancel-key-deletion), or name another key"
	case c == "OperationAborted":
		return "Another process keeps changing the bucket policy. Deploy again when it has ended"
	case errors.Is(f.Err, sharedpolicy.ErrCutOff):
		return "The service is slow to answer. Deploy again later, and check its health dashboard if that repeats"
	case c == "MethodNotAllowed":
		return "The bucket belongs to another account. Its owner must change its policy"
	case isInvalidPrincipal(f.Err):
		return "A principal in the policy does not exist. Correct or remove its statement, then deploy again. A new role can take a " +
			"minute to become visible"
	case c == "PolicyTooLarge", c == "LimitExceededException":
		return "Name fewer Prefixes, or remove statements that are no longer needed, then deploy again"
	case c == "MalformedPolicy", c == "MalformedPolicyDocumentException", c == "InvalidPolicyDocument":
		return "The service refuses the policy as a whole: check its other statements, for example by saving the policy unchanged in the console"
	case c == "UnsupportedOperationException":
		return "The policy of this key can't be changed, for example because AWS manages the key. Name a customer managed key"
	case c == "AllAccessDisabled", c == "AccountProblem":
		return "AWS has locked the bucket or its account; ask AWS Support"
	}
	return ""
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func isCode(err error, codes ...string) bool { return slices.Contains(codes, code(err)) && err != nil }

// code is the error code of the service; empty where the service didn't answer.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// IsDenied reports whether IAM denied a call. It denies, too, a change of what is gone: without a thing there is no ownership
// tag, which the function's permissions ask for.
func IsDenied(err error) bool { return isCode(err, "AccessDenied", "AccessDeniedException") }

func isNotFound(err error) bool { return code(err) == "NoSuchEntity" }

// ignoreNotFound makes the removal of what is gone a success.
func ignoreNotFound(err error) error {
	if isNotFound(err) {
		return nil
	}
	return err
}

// Drifted reports whether a plan failed because the account isn't, or is no longer, what was observed: another process, or an
// earlier attempt whose answer was lost, got there first. Observing and planning again is the remedy.
func Drifted(err error) bool {
	var f *Failure
	if !errors.As(err, &f) {
		return false
	}
	switch code(f.Err) {
	case "EntityAlreadyExists", "DeleteConflict", "NoSuchBucket", "NotFoundException":
		return true
	case "NoSuchEntity":
		// With these two it is the permissions boundary that doesn't exist.
		return !isAction(f.Action, plan.CreateRole{}) && !isAction(f.Action, plan.PutBoundary{})
	case "LimitExceeded":
		return isAction(f.Action, plan.CreatePolicyVersion{})
	}
	return false
}

func isAction(action string, op plan.Operation) bool { return slices.Contains(op.Actions(), action) }
