package provision

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

var account = servicerole.Identity{
	Partition: "aws", Region: "eu-west-1", AccountID: "123456789012", LogicalID: "Role",
	StackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/0f3c",
}

// theirs is a statement of another owner.
const theirs = `{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",` +
	`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`

// dataBucket is what the statements are about.
var dataBucket = policy.Bucket{Partition: "aws", Name: "data", Grants: []policy.Grant{{Uses: []string{"DatasetImport"}}}}

// Every error that S3 and KMS document for these calls: how often it is tried again, or what the reason says.
func TestErrorsOfSharedPolicies(t *testing.T) {
	bucket := account.Bucket("data")
	statements := policy.BucketStatements("S", dataBucket, nil, false)
	const key = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001"
	putBucket := plan.PutBucketStatements{Bucket: bucket, Sid: "S", Statements: statements}
	putKey := plan.PutKeyStatement{Key: key, Statement: statements[0]}
	removeBucket, removeKey := plan.RemoveBucketStatements{Bucket: bucket, Sid: "S"}, plan.RemoveKeyStatement{Key: key, Sid: "S"}
	const dead = `{"Version":"2012-10-17","Statement":[{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"AROA1234567890EXAMPLE"},` +
		`"Action":"s3:*","Resource":"*"}]}`
	invalid := "Invalid principal in policy"
	for _, c := range []struct {
		op              plan.Operation
		at, code        string
		message, policy string
		// passes says that the error goes away after three answers, and that this is a success.
		passes bool
		reason string
	}{
		{putBucket, "s3:PutBucketPolicy", "OperationAborted", "", "", true, "Deploy again when it has ended"},
		{putBucket, "s3:PutBucketPolicy", "AccessDenied", "", "", true,
			"Allow the function's role s3:PutBucketPolicy on arn:aws:s3:::data (in template.yaml by BucketNames"},
		{putBucket, "s3:GetBucketPolicy", "AccessDenied", "", "", true,
			"Allow the function's role s3:GetBucketPolicy on arn:aws:s3:::data (in template.yaml by BucketNames"},
		{putBucket, "s3:PutBucketPolicy", "AccessDenied", "public policies are prevented by the BlockPublicPolicy setting", "", true,
			"Block Public Access refuses"},
		{putBucket, "s3:PutBucketPolicy", "MalformedPolicy", invalid, dead, false,
			"These statements name principals that were deleted: Old (principal AROA1234567890EXAMPLE). Correct or remove them"},
		{putBucket, "s3:PutBucketPolicy", "MalformedPolicy", invalid, "", false, "A principal in the policy does not exist"},
		{putBucket, "s3:PutBucketPolicy", "MalformedPolicy", "Policy has invalid action", "", false, "The service refuses the policy as a whole"},
		{putBucket, "s3:PutBucketPolicy", "InvalidPolicyDocument", "", "", false, "The service refuses the policy as a whole"},
		{putBucket, "s3:PutBucketPolicy", "PolicyTooLarge", "", "", false, "Name fewer Prefixes"},
		{putBucket, "s3:PutBucketPolicy", "NoSuchBucket", "", "", false, "Create the bucket first"},
		{putBucket, "s3:PutBucketPolicy", "MethodNotAllowed", "", "", false, "Its owner must change its policy"},
		{putBucket, "s3:PutBucketPolicy", "AllAccessDisabled", "", "", false, "ask AWS Support"},
		{putBucket, "s3:PutBucketPolicy", "AccountProblem", "", "", false, "ask AWS Support"},
		{putBucket, "s3:PutBucketPolicy", "InternalError", "", "", false, "Deploy again"},
		{putKey, "kms:PutKeyPolicy", "AccessDeniedException", "", "", true,
			"Allow the function's role kms:PutKeyPolicy on " + key + " (in template.yaml by KmsKeyArns"},
		{putKey, "kms:GetKeyPolicy", "AccessDeniedException", "", "", true, "Allow the function's role kms:GetKeyPolicy on " + key},
		{putKey, "kms:PutKeyPolicy", "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.", "",
			true, "A new role can take a minute to become visible"},
		{putKey, "kms:PutKeyPolicy", "MalformedPolicyDocumentException", "one or more invalid principals", dead, false,
			"These statements name principals that were deleted: Old"},
		{putKey, "kms:PutKeyPolicy", "LimitExceededException", "", "", false, "remove statements that are no longer needed"},
		{putKey, "kms:PutKeyPolicy", "NotFoundException", "", "", false, "Create the key first"},
		{putKey, "kms:PutKeyPolicy", "InvalidArnException", "", "", false, "correct the ARN"},
		{putKey, "kms:PutKeyPolicy", "KMSInvalidStateException", "", "", false, "cancel the deletion"},
		{putKey, "kms:PutKeyPolicy", "UnsupportedOperationException", "", "", false, "Name a customer managed key"},
		{removeBucket, "s3:GetBucketPolicy", "NoSuchBucket", "", "", true, ""},
		{removeBucket, "s3:DeleteBucketPolicy", "NoSuchBucket", "", "", true, ""},
		{removeBucket, "s3:DeleteBucketPolicy", "OperationAborted", "", "", true, "Deploy again when it has ended"},
		{removeBucket, "s3:DeleteBucketPolicy", "AccessDenied", "", "", true,
			"Allow the function's role s3:DeleteBucketPolicy on arn:aws:s3:::data"},
		{removeKey, "kms:GetKeyPolicy", "NotFoundException", "", "", true, ""},
		{removeKey, "kms:PutKeyPolicy", "KMSInvalidStateException", "", "", true, ""},
	} {
		for _, often := range []int{3, 1 << 20} {
			fake := fakeaws.New(account.AccountID)
			ours := `{"Version":"2012-10-17","Statement":[` + statements[0].String() + `]}`
			start := c.policy
			if start == "" && strings.HasPrefix(c.op.String(), "remove") {
				start = ours
			}
			fake.S3.AddBucket("data", "", "", start)
			fake.KMS.AddKey(strings.Replace(start, `"Statement":[`, `"Statement":[{"Effect":"Allow"},`, 1))
			left := often
			fake.Before = func(operation string) (error, error) {
				if operation == c.at && left > 0 {
					left--
					return api2(c.code, c.message), nil
				}
				return nil, nil
			}
			p := New(Clients{S3: fake.S3, KMS: fake.KMS}, slog.New(slog.DiscardHandler))
			p.Sleep = func(context.Context, time.Duration) error { return nil }
			_, err := carryOut(t.Context(), p, servicerole.Observed{}, c.op)
			wantReason := c.reason != "" && (!c.passes || often != 3)
			switch {
			case !wantReason && err != nil:
				t.Errorf("%T, %s %d times at %s: %v", c.op, c.code, often, c.at, err)
			case wantReason && (err == nil || !strings.Contains(err.Error(), c.reason) || !strings.HasPrefix(err.Error(), c.op.String())):
				t.Errorf("%T, %s %d times at %s: got %v, want a reason with %q", c.op, c.code, often, c.at, err, c.reason)
			}
		}
	}
}

// carryOut applies operations side by side, and verifies what they wrote.
func carryOut(ctx context.Context, p *Provisioner, observed servicerole.Observed, ops ...plan.Operation) (*Session, error) {
	var todo plan.Plan
	for _, op := range ops {
		todo.Steps = append(todo.Steps, plan.Step{Op: op})
	}
	s := p.Session(account)
	if err := s.Apply(ctx, todo, observed); err != nil {
		return s, err
	}
	_, err := s.Verify(ctx, func() bool { return true })
	return s, err
}

func api2(code, message string) error {
	if message == "" {
		return api(code)
	}
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// Our own statement may name a role that was deleted by hand: it is replaced, and the new role waited for.
func TestOwnDeadStatementIsReplaced(t *testing.T) {
	fake := fakeaws.New(account.AccountID)
	if _, err := fake.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("R"), Path: aws.String("/")}); err != nil {
		t.Fatal(err)
	}
	const root = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}`
	key := fake.KMS.AddKey(`{"Statement":[` + root + `,{"Sid":"S","Effect":"Allow","Principal":{"AWS":"AROA1234567890EXAMPLE"},` +
		`"Action":"kms:Decrypt","Resource":"*"}]}`)
	unknown := 3
	fake.Before = func(operation string) (error, error) {
		if operation == "kms:PutKeyPolicy" && unknown > 0 {
			unknown--
			return api2("MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals."), nil
		}
		return nil, nil
	}
	p := New(Clients{KMS: fake.KMS}, slog.New(slog.DiscardHandler))
	p.Sleep = func(context.Context, time.Duration) error { return nil }
	statement := policy.KeyStatement("S", "arn:aws:iam::123456789012:role/R", policy.Key{}, nil)
	if _, err := carryOut(t.Context(), p, servicerole.Observed{}, plan.PutKeyStatement{Key: key, Statement: statement}); err != nil {
		t.Fatal(err)
	}
	want := `policy={"Statement":[` + root + `,` + statement.String() + `]}`
	if diff := cmp.Diff(want, fake.State()[key]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestObserveBucketsAndKeys(t *testing.T) {
	fake := fakeaws.New(account.AccountID)
	fake.S3.AddBucket("with", "", "", theirs)
	fake.S3.AddBucket("without", "", "", "")
	fake.S3.AddBucket("theirs", "999999999999", "", "")
	fake.S3.AddBucket("elsewhere", "", "us-east-1", "")
	arn := fake.KMS.AddKey("{}")
	const none = "arn:aws:kms:eu-west-1:123456789012:key/none"
	p := New(Clients{IAM: fake.IAM, S3: fake.S3, KMS: fake.KMS}, slog.New(slog.DiscardHandler))
	p.Sleep = func(context.Context, time.Duration) error { return nil }
	scope := servicerole.Scope{Role: servicerole.RoleRef{Name: "R"}, Buckets: []string{"with", "without", "theirs", "elsewhere", "none"},
		Keys: []string{arn, none}}
	o, err := p.Observe(t.Context(), account, scope)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]servicerole.ObservedShared{
		"with": {Presence: servicerole.Present, Policy: theirs}, "without": {Presence: servicerole.Present},
		"theirs": {Presence: servicerole.InAnotherAccount}, "elsewhere": {Presence: servicerole.InAnotherRegion, Region: "us-east-1"}, "none": {},
	}
	unread := cmpopts.IgnoreFields(servicerole.ObservedShared{}, "At")
	if diff := cmp.Diff(want, o.Buckets, unread); diff != "" {
		t.Errorf("buckets: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]servicerole.ObservedShared{arn: {Presence: servicerole.Present, State: "Enabled", Policy: "{}"},
		none: {}}, o.Keys, unread); diff != "" {
		t.Errorf("keys: -want +got:\n%s", diff)
	}
	for denied, reason := range map[string]string{
		"s3:GetBucketPolicy": "Allow the function's role s3:GetBucketPolicy on arn:aws:s3:::with",
		"s3:ListBuckets":     "Allow the function's role s3:ListAllMyBuckets on *",
		"kms:GetKeyPolicy":   "Allow the function's role kms:GetKeyPolicy on " + arn,
	} {
		fake.Before = func(operation string) (error, error) {
			if operation == denied || denied == "s3:ListBuckets" && operation == "s3:GetBucketPolicy" {
				return api("AccessDenied"), nil
			}
			return nil, nil
		}
		o, err := p.Observe(t.Context(), account, servicerole.Scope{Role: scope.Role, Buckets: []string{"with"}, Keys: []string{arn}})
		if err != nil {
			t.Fatal(err)
		}
		found := o.Buckets["with"]
		if strings.HasPrefix(denied, "kms:") {
			found = o.Keys[arn]
		}
		if found.Presence != servicerole.Denied || !strings.Contains(errorText(found.Denial), reason) {
			t.Errorf("%s: got %+v, want a denial with %q", denied, found, reason)
		}
	}
}

// A bucket that doesn't exist is never taken for another account's, whatever the function may read.
func TestAMissingBucketIsNotAnotherAccounts(t *testing.T) {
	fake := fakeaws.New("123456789012")
	fake.S3.AddBucket("theirs", "999999999999", "", "")
	p := New(Clients{IAM: fake.IAM, S3: fake.S3, KMS: fake.KMS}, slog.New(slog.DiscardHandler))
	p.Sleep = func(context.Context, time.Duration) error { return nil }
	fake.Before = func(operation string) (error, error) {
		if operation == "s3:GetBucketPolicy" {
			return api("AccessDenied"), nil
		}
		return nil, nil
	}
	o, err := p.Observe(t.Context(), account, servicerole.Scope{Role: servicerole.RoleRef{Name: "R"}, Buckets: []string{"none", "theirs"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]servicerole.ObservedShared{"none": {}, "theirs": {Presence: servicerole.InAnotherAccount}}
	if diff := cmp.Diff(want, o.Buckets); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
