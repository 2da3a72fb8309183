package provision

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

func api(code string) error { return &smithy.GenericAPIError{Code: code, Message: "m."} }

// Calls to a service wait for each other, and not for those to another one.
func TestCallsAreBoundedByService(t *testing.T) {
	var most, now [2]atomic.Int32
	client := func(n int) smithyhttp.ClientDoFunc {
		return func(*http.Request) (*http.Response, error) {
			most[n].Store(max(most[n].Load(), now[n].Add(1)))
			defer now[n].Add(-1)
			time.Sleep(2 * time.Millisecond)
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
		}
	}
	cfg := aws.Config{
		Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}, APIOptions: []func(*middleware.Stack) error{LimitCalls()},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	buckets := s3.NewFromConfig(cfg, func(o *s3.Options) { o.HTTPClient = client(0) })
	keys := kms.NewFromConfig(cfg, func(o *kms.Options) { o.HTTPClient = client(1) })
	var calls []func() error
	for range 2 * concurrency["S3"] {
		calls = append(calls,
			func() error {
				_, err := buckets.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String("b")})
				return err
			},
			func() error {
				_, err := keys.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: aws.String("k")})
				return err
			})
	}
	if err := parallel.Together(calls...); err != nil {
		t.Fatal(err)
	}
	for n, service := range []string{"S3", "KMS"} {
		if got := int(most[n].Load()); got > concurrency[service] || got < 2 {
			t.Errorf("%d calls to %s at once, want 2 to %d", got, service, concurrency[service])
		}
	}
}

// What was created a moment ago isn't known everywhere: the step that uses it waits, and doesn't give up at once.
func TestPropagation(t *testing.T) {
	for _, c := range []struct {
		code   string
		misses int
		wait   time.Duration
		ok     bool
	}{
		{"NoSuchEntity", 3, 1750 * time.Millisecond, true},
		{"NoSuchEntity", 1000, 7750 * time.Millisecond, false},
		{"AccessDenied", 4, 3750 * time.Millisecond, true},
		{"AccessDenied", 1000, 7750 * time.Millisecond, false},
		{"LimitExceeded", 1, 0, false},
	} {
		fake := fakeaws.New("123456789012")
		misses := c.misses
		fake.Before = func(action string) (error, error) {
			if action == "iam:AttachRolePolicy" && misses > 0 {
				misses--
				return api(c.code), nil
			}
			return nil, nil
		}
		var waited time.Duration
		p := New(Clients{IAM: fake.IAM}, slog.New(slog.DiscardHandler))
		p.Sleep = func(_ context.Context, d time.Duration) error {
			waited += d
			return nil
		}
		role := servicerole.Role{RoleRef: servicerole.RoleRef{ARN: "arn:r", Path: "/", Name: "R"}}
		done, err := apply(t, p, servicerole.Identity{}, plan.Plan{Steps: []plan.Step{
			{Op: plan.CreateRole{Role: role}},
			{Op: plan.AttachPolicy{Role: role.RoleRef, Policy: "arn:aws:iam::aws:policy/X"}, After: []int{0}},
		}})
		if (err == nil) != c.ok || waited != c.wait || done.RoleID == "" {
			t.Errorf("%s %d times: role %q, %v after %v, want success %v after %v", c.code, c.misses, done.RoleID, err, waited, c.ok, c.wait)
		}
	}
}

func TestFailureSaysItAll(t *testing.T) {
	response := &awshttp.ResponseError{RequestID: "req-1", ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 409}}, Err: api("LimitExceeded"),
	}}
	f := &Failure{Doing: "create role R", Action: "iam:CreateRole", Target: "arn:r",
		Err: &smithy.OperationError{ServiceID: "IAM", OperationName: "CreateRole", Err: response}}
	want := "create role R: LimitExceeded: m (request req-1). Ask for a higher IAM quota in Service Quotas, or delete what is no " +
		"longer used, then deploy again"
	if got := f.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for code, advice := range map[string]string{
		"AccessDenied": "Allow the function's role iam:CreateRole on arn:r (of roles in other stacks: by the parameters " +
			"AdditionalRoleNames and AdditionalPolicyNames, which must cover a former name until its role is deleted), and check permissions " +
			"boundaries and service control policies",
		"EntityAlreadyExists":     "A resource with this name already exists. Choose another name, then deploy again",
		"DeleteConflict":          "Detach what is still attached to it, including instance profiles, then try again",
		"MalformedPolicyDocument": "Correct the property that IAM refused, then deploy again",
		"NoSuchEntity":            "Check that what the template names exists in this account, then deploy again",
		"UnmodifiableEntity":      "Choose another role or policy. This one is reserved by AWS",
		"Throttling":              "Deploy again to continue. If that repeats, look into the function's log",
	} {
		f.Err = api(code)
		if got, want := f.Error(), "create role R: "+code+": m. "+advice; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	f.Err = context.DeadlineExceeded
	if got, want := f.Error(), "create role R: context deadline exceeded. The function timed out. Deploy again to continue. If that "+
		"repeats, look into its log for slow calls"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDrifted(t *testing.T) {
	for _, c := range []struct {
		op   plan.Operation
		code string
		want bool
	}{
		{plan.CreateRole{}, "EntityAlreadyExists", true},
		{plan.DeleteRole{}, "DeleteConflict", true},
		{plan.AttachPolicy{}, "NoSuchEntity", true},
		{plan.CreateRole{}, "NoSuchEntity", false},
		{plan.PutBoundary{}, "NoSuchEntity", false},
		{plan.CreatePolicyVersion{}, "LimitExceeded", true},
		{plan.CreateRole{}, "LimitExceeded", false},
		{plan.CreateRole{}, "AccessDenied", false},
	} {
		if got := Drifted(&Failure{Action: c.op.Actions()[0], Err: api(c.code)}); got != c.want {
			t.Errorf("%s %s: got %v", c.op.Actions()[0], c.code, got)
		}
	}
}

func TestRetryer(t *testing.T) {
	r := Retryer()
	for code, want := range map[string]bool{
		"Throttling": true, "ConcurrentModification": true, "EntityTemporarilyUnmodifiable": true, "ServiceFailure": true,
		"KMSInternalException": true, "DependencyTimeoutException": true, "ThrottlingException": true, "SlowDown": true,
		"OperationAborted": false,
		"AccessDenied":     false, "NoSuchEntity": false, "EntityAlreadyExists": false, "LimitExceeded": false,
	} {
		if got := r.IsErrorRetryable(api(code)); got != want {
			t.Errorf("%s: got %v", code, got)
		}
	}
	if r.MaxAttempts() != maxAttempts {
		t.Errorf("%d attempts", r.MaxAttempts())
	}
}

// Lists that don't know a role yet don't make it one that doesn't exist.
func TestListsThatLagAreReadAgain(t *testing.T) {
	for _, lagging := range []string{"iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListPolicyVersions",
		"iam:GetPolicyVersion"} {
		for misses, want := range map[int]bool{2: true, 100: false} {
			fake := fakeaws.New("123456789012")
			p := New(Clients{IAM: fake.IAM}, slog.New(slog.DiscardHandler))
			p.Sleep = func(context.Context, time.Duration) error { return nil }
			role := servicerole.RoleRef{ARN: "arn:aws:iam::123456789012:role/R", Path: "/", Name: "R"}
			policy := servicerole.PolicyRef{ARN: "arn:aws:iam::123456789012:policy/P", Path: "/", Name: "P"}
			// Without a record of the document, so that its version is read.
			ours := map[string]string{servicerole.TagStackID: account.StackID, servicerole.TagLogicalID: account.LogicalID}
			_, err := apply(t, p, servicerole.Identity{}, plan.Plan{Steps: []plan.Step{
				{Op: plan.CreateRole{Role: servicerole.Role{RoleRef: role}}},
				{Op: plan.CreatePolicy{Policy: servicerole.Policy{PolicyRef: policy, Tags: ours}}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			left := misses
			fake.Before = func(action string) (error, error) {
				if action == lagging && left > 0 {
					left--
					return api("NoSuchEntity"), nil
				}
				return nil, nil
			}
			o, err := p.Observe(t.Context(), account, servicerole.Scope{Role: role, Policies: []servicerole.PolicyRef{policy}})
			if (err == nil) != want || want && (o.Role == nil || len(o.Policies) != 1) {
				t.Errorf("%s misses %d times: %+v, %v", lagging, misses, o, err)
			}
		}
	}
}

// A policy that is attached and doesn't exist was deleted between two calls: it is looked at again, not taken for another stack's.
func TestPoliciesThatGoMeanwhileAreReadAgain(t *testing.T) {
	fake := fakeaws.New("123456789012")
	p := New(Clients{IAM: fake.IAM}, slog.New(slog.DiscardHandler))
	ours := map[string]string{servicerole.TagStackID: account.StackID, servicerole.TagLogicalID: account.LogicalID}
	role := servicerole.RoleRef{ARN: "arn:aws:iam::123456789012:role/R", Path: "/", Name: "R"}
	policy := servicerole.PolicyRef{ARN: "arn:aws:iam::123456789012:policy/P", Path: "/", Name: "P"}
	for name, scope := range map[string]servicerole.Scope{
		"named": {Role: role, Policies: []servicerole.PolicyRef{policy}}, "unnamed": {Role: role},
	} {
		if _, err := apply(t, p, account, plan.Plan{Steps: []plan.Step{
			{Op: plan.CreateRole{Role: servicerole.Role{RoleRef: role, Tags: ours}}},
			{Op: plan.CreatePolicy{Policy: servicerole.Policy{PolicyRef: policy, Tags: ours}}},
			{Op: plan.AttachPolicy{Role: role, Policy: policy.ARN}, After: []int{0, 1}},
		}}); err != nil {
			t.Fatal(err)
		}
		gone := false
		fake.Before = func(operation string) (error, error) {
			// The policy is deleted after the attachments were read; the next reading sees that.
			if operation == "iam:GetPolicy" && !gone {
				return api("NoSuchEntity"), nil
			}
			return nil, nil
		}
		p.Sleep = func(context.Context, time.Duration) error {
			if !gone {
				gone = true
				if _, err := apply(t, p, account, plan.Plan{Steps: []plan.Step{
					{Op: plan.DetachPolicy{Role: role, Policy: policy.ARN}}, {Op: plan.DeletePolicy{Policy: policy}, After: []int{0}},
				}}); err != nil {
					t.Error(err)
				}
			}
			return nil
		}
		o, err := p.Observe(t.Context(), account, scope)
		if err != nil || !gone || o.Role == nil || len(o.Role.Attached) != 0 || len(o.Policies) != 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		if _, err := apply(t, p, account, plan.Plan{Steps: []plan.Step{{Op: plan.DeleteRole{Role: role}}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func apply(t *testing.T, p *Provisioner, i servicerole.Identity, todo plan.Plan) (*Session, error) {
	s := p.Session(i)
	return s, s.Apply(t.Context(), todo, servicerole.Observed{})
}
