//go:build emulator

package cloudtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go/middleware"

	"personalize-role/lambda/internal/provision"
)

// endpointVariable names the environment variable with the URL of the running emulator; make test sets it.
const endpointVariable = "PERSONALIZE_ROLE_EMULATOR"

func init() { kinds = append(kinds, Kind{Name: "emulator", New: newEmulated}) }

var connections = awshttp.NewBuildableClient()

// accounts counts the accounts used by this process; every world has one of its own.
var accounts atomic.Int64

func newEmulated(t *testing.T) World {
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Fatalf("%s isn't set; run the emulator tests by make test", endpointVariable)
	}
	account := fmt.Sprintf("%06d%06d", os.Getpid()%1000000, accounts.Add(1))
	w := &emulated{}
	w.client = iam.NewFromConfig(aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(account, "test", ""),
		APIOptions:   []func(*middleware.Stack) error{w.intercept},
		// One pool of connections for all worlds, and the retries of the function itself: under load a connection gets lost.
		HTTPClient: connections,
		Retryer:    provision.Retryer,
	})
	return World{
		IAM: w.client, AccountID: account,
		State: func() map[string]string { return w.state(t) },
		Calls: func() []string {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			return slices.Clone(w.calls)
		},
		SetHook: func(h Hook) { w.hook.Store(&h) },
	}
}

type emulated struct {
	client *iam.Client
	hook   atomic.Pointer[Hook]
	mutex  sync.Mutex
	calls  []string
}

// quiet marks calls of the test itself.
type quiet struct{}

func (w *emulated) intercept(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Intercept", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error,
	) {
		if ctx.Value(quiet{}) != nil {
			return next.HandleInitialize(ctx, in)
		}
		action := "iam:" + awsmiddleware.GetOperationName(ctx)
		w.mutex.Lock()
		w.calls = append(w.calls, action)
		w.mutex.Unlock()
		var before, after error
		if hook := w.hook.Load(); hook != nil && *hook != nil {
			before, after = (*hook)(action)
		}
		if before != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, before
		}
		out, metadata, err := next.HandleInitialize(ctx, in)
		if after != nil {
			err = after
		}
		return out, metadata, err
	}), middleware.After)
}

// state reads the account in the form of fakeaws.
func (w *emulated) state(t *testing.T) map[string]string {
	t.Helper()
	ctx := context.WithValue(context.Background(), quiet{}, true)
	state := map[string]string{}
	roles := must(w.client.ListRoles(ctx, &iam.ListRolesInput{}))(t)
	for _, listed := range roles.Roles {
		r := must(w.client.GetRole(ctx, &iam.GetRoleInput{RoleName: listed.RoleName}))(t).Role
		var attached []string
		for _, p := range must(w.client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: listed.RoleName}))(t).AttachedPolicies {
			attached = append(attached, aws.ToString(p.PolicyArn))
		}
		inline := map[string]string{}
		for _, name := range must(w.client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: listed.RoleName}))(t).PolicyNames {
			p := must(w.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: listed.RoleName, PolicyName: aws.String(name)}))(t)
			inline[name] = decoded(t, p.PolicyDocument)
		}
		boundary := ""
		if r.PermissionsBoundary != nil {
			boundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
		}
		state[aws.ToString(r.Arn)] = fmt.Sprintf("trust=%s description=%q session=%d boundary=%s tags=%v attached=%v inline=%v",
			decoded(t, r.AssumeRolePolicyDocument), aws.ToString(r.Description), aws.ToInt32(r.MaxSessionDuration), boundary, tags(r.Tags),
			slices.Sorted(slices.Values(attached)), inline)
	}
	policies := must(w.client.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal}))(t)
	for _, listed := range policies.Policies {
		p := must(w.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: listed.Arn}))(t).Policy
		v := must(w.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: listed.Arn, VersionId: p.DefaultVersionId}))(t)
		state[aws.ToString(p.Arn)] = fmt.Sprintf("document=%s tags=%v", decoded(t, v.PolicyVersion.Document), tags(p.Tags))
	}
	return state
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func decoded(t *testing.T, document *string) string {
	t.Helper()
	return must(url.PathUnescape(aws.ToString(document)))(t)
}

func tags(list []types.Tag) map[string]string {
	m := map[string]string{}
	for _, tag := range list {
		m[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return m
}
