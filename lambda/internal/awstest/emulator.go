//go:build emulator

package awstest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
)

// endpointVariable names the environment variable with the URLs of running emulators, separated by commas; make test sets it.
const endpointVariable = "EMULATOR_ENDPOINTS"

func init() { kind = Kind{Name: "emulator", New: newEmulated, Slow: true} }

var connections = provision.HTTPClient(func(*http.Transport) {})

// accounts counts the accounts used by this process; every world has one of its own.
var accounts atomic.Int64

func newEmulated(t testing.TB) World {
	endpoints := os.Getenv(endpointVariable)
	if endpoints == "" {
		t.Fatalf("%s isn't set; run the emulator tests by make test", endpointVariable)
	}
	number := accounts.Add(1)
	account := fmt.Sprintf("%06d%06d", os.Getpid()%1000000, number)
	all := strings.Split(endpoints, ",")
	endpoint := all[int(number)%len(all)]
	w := &emulated{account: account}
	cfg := aws.Config{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(account, "test", ""),
		APIOptions:   []func(*middleware.Stack) error{w.intercept},
		// One pool of connections for all worlds.
		HTTPClient: connections,
		Retryer:    provision.Retryer,
	}
	w.client, w.kms = iam.NewFromConfig(cfg), kms.NewFromConfig(cfg)
	w.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return World{
		IAM: w.client, S3: w.s3, KMS: w.kms, AccountID: account,
		AddBucket:    func(name string, b Bucket) { w.addBucket(t, cfg, name, b) },
		RemoveBucket: func(name string) { must(w.s3.DeleteBucket(calm(), &s3.DeleteBucketInput{Bucket: aws.String(name)}))(t) },
		AddKey:       func() string { return w.addKey(t) },
		RemoveKey: func(arn string) {
			must(w.kms.ScheduleKeyDeletion(calm(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(arn)}))(t)
		},
		Encrypt: func(name, key string) {
			must(w.s3.PutBucketEncryption(calm(), &s3.PutBucketEncryptionInput{Bucket: aws.String(name),
				ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
					Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{
						SSEAlgorithm: s3types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(key),
					}}},
				}}))(t)
		},
		Configure: func(name string, settings fakeaws.Settings) { w.configure(t, name, settings) },
		AddAlias: func(alias, arn string) {
			must(w.kms.CreateAlias(calm(), &kms.CreateAliasInput{AliasName: aws.String(alias), TargetKeyId: aws.String(arn)}))(t)
		},
		State: func() map[string]string { return withoutVersions(w.state(t)) },
		Calls: func() []string {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			return slices.Clone(w.calls)
		},
		SetHook: func(h Hook) { w.hook.Store(&h) },
	}
}

type emulated struct {
	account string
	client  *iam.Client
	s3      *s3.Client
	kms     *kms.Client
	buckets []string
	keys    []string
	hook    atomic.Pointer[Hook]
	mutex   sync.Mutex
	calls   []string
}

// quiet marks calls of the test itself.
type quiet struct{}

func calm() context.Context { return context.WithValue(context.Background(), quiet{}, true) }

func (w *emulated) intercept(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Intercept",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error,
		) {
			w.qualify(in.Parameters)
			if ctx.Value(quiet{}) != nil {
				return next.HandleInitialize(ctx, in)
			}
			action := strings.ToLower(awsmiddleware.GetServiceID(ctx)) + ":" + awsmiddleware.GetOperationName(ctx)
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
			if list, ok := out.Result.(*s3.ListBucketsOutput); ok {
				for n := range list.Buckets {
					list.Buckets[n].Name = aws.String(strings.TrimSuffix(aws.ToString(list.Buckets[n].Name), "-"+w.account))
				}
			}
			if after != nil {
				err = after
			}
			return out, metadata, err
		}), middleware.After)
}

// qualify makes the name of a bucket one that no other account's bucket has: names are the emulator's as they are S3's.
func (w *emulated) qualify(parameters any) {
	switch in := parameters.(type) {
	case *s3.GetBucketPolicyInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.PutBucketPolicyInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.DeleteBucketPolicyInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.GetBucketEncryptionInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.PutBucketEncryptionInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.GetBucketRequestPaymentInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.PutBucketRequestPaymentInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.GetBucketOwnershipControlsInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.PutBucketOwnershipControlsInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.GetPublicAccessBlockInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.PutPublicAccessBlockInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.CreateBucketInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.DeleteBucketInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.HeadBucketInput:
		in.Bucket = w.qualified(in.Bucket)
	case *s3.ListBucketsInput:
		in.Prefix = w.qualified(in.Prefix)
	}
}

func (w *emulated) qualified(name *string) *string {
	return aws.String(aws.ToString(name) + "-" + w.account)
}

func (w *emulated) addBucket(t testing.TB, cfg aws.Config, name string, b Bucket) {
	t.Helper()
	if b.Region != "" {
		cfg.Region = b.Region
	}
	if b.Owner != "" {
		cfg.Credentials = credentials.NewStaticCredentialsProvider(b.Owner, "test", "")
	}
	if b.Owner == "" && b.Region == "" && !slices.Contains(w.buckets, name) {
		w.buckets = append(w.buckets, name)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	must(client.CreateBucket(calm(), &s3.CreateBucketInput{
		Bucket:                    aws.String(name),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(cfg.Region)},
	}))(t)
	if b.Policy != "" {
		must(client.PutBucketPolicy(calm(), &s3.PutBucketPolicyInput{Bucket: aws.String(name), Policy: aws.String(b.Policy)}))(t)
	}
}

func (w *emulated) configure(t testing.TB, name string, settings fakeaws.Settings) {
	t.Helper()
	bucket, payer, ownership := aws.String(name), s3types.PayerBucketOwner, s3types.ObjectOwnershipBucketOwnerEnforced
	if settings.RequesterPays {
		payer = s3types.PayerRequester
	}
	if settings.ObjectWriter {
		ownership = s3types.ObjectOwnershipObjectWriter
	}
	must(w.s3.PutBucketRequestPayment(calm(), &s3.PutBucketRequestPaymentInput{Bucket: bucket,
		RequestPaymentConfiguration: &s3types.RequestPaymentConfiguration{Payer: payer}}))(t)
	must(w.s3.PutBucketOwnershipControls(calm(), &s3.PutBucketOwnershipControlsInput{Bucket: bucket,
		OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: ownership}}}}))(t)
	must(w.s3.PutPublicAccessBlock(calm(), &s3.PutPublicAccessBlockInput{Bucket: bucket,
		PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicPolicy: &settings.BlocksPublicPolicy}}))(t)
}

func (w *emulated) addKey(t testing.TB) string {
	t.Helper()
	key := must(w.kms.CreateKey(calm(), &kms.CreateKeyInput{Policy: aws.String(rootKeyPolicy(w.account))}))(t)
	arn := aws.ToString(key.KeyMetadata.Arn)
	w.keys = append(w.keys, arn)
	return arn
}

// state reads the account in the form of fakeaws.
func (w *emulated) state(t testing.TB) map[string]string {
	t.Helper()
	ctx := calm()
	state := map[string]string{}
	// One call has most of it, and the tests make thousands of states.
	all := must(w.client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeRole, types.EntityTypeLocalManagedPolicy},
	}))(t)
	for _, role := range all.RoleDetailList {
		r := must(w.client.GetRole(ctx, &iam.GetRoleInput{RoleName: role.RoleName}))(t).Role
		var attached []string
		for _, p := range role.AttachedManagedPolicies {
			attached = append(attached, aws.ToString(p.PolicyArn))
		}
		inline := map[string]string{}
		for _, p := range role.RolePolicyList {
			inline[aws.ToString(p.PolicyName)] = decoded(t, p.PolicyDocument)
		}
		boundary := ""
		if r.PermissionsBoundary != nil {
			boundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
		}
		state[aws.ToString(r.Arn)] = fmt.Sprintf("trust=%s description=%q session=%d boundary=%s tags=%v attached=%v inline=%v",
			decoded(t, r.AssumeRolePolicyDocument), aws.ToString(r.Description), aws.ToInt32(r.MaxSessionDuration), boundary, tags(r.Tags),
			slices.Sorted(slices.Values(attached)), inline)
	}
	for _, policy := range all.Policies {
		p := must(w.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy.Arn}))(t).Policy
		for _, v := range policy.PolicyVersionList {
			if v.IsDefaultVersion {
				state[aws.ToString(p.Arn)] = fmt.Sprintf("document=%s tags=%v", decoded(t, v.Document), tags(p.Tags))
			}
		}
	}
	for _, name := range w.buckets {
		out, err := w.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(name)})
		policy := ""
		if err == nil {
			policy = aws.ToString(out.Policy)
		}
		state["arn:aws:s3:::"+name] = "policy=" + policy
	}
	for _, arn := range w.keys {
		state[arn] = "policy=" + aws.ToString(must(w.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)}))(t).Policy)
	}
	return state
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func decoded(t testing.TB, document *string) string {
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
