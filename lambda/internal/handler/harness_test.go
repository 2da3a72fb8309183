package handler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/properties"
)

const responseURL = "https://cloudformation-custom-resource-response.s3.amazonaws.com/arn%3Aaws%3A/x%7Cy?X-Amz-Signature=secret"

// rig drives a handler in a world, as CloudFormation and Lambda do.
type rig struct {
	t       *testing.T
	world   awstest.World
	cfn     *fakeaws.CloudFormation
	handler *Handler
	// key is the ARN of a KMS key, which stands for {key} in properties. defaultKey is that of the default encryption of bucket more-data.
	key, defaultKey string

	// ahead is how far the handler's clock is ahead, in nanoseconds.
	ahead atomic.Int64

	mutex   sync.Mutex
	answers []cfn.Response
	// unreachable makes the ResponseURL answer 503.
	unreachable bool
	slept       time.Duration
}

func newRig(t *testing.T, world awstest.World) *rig {
	r := &rig{t: t, world: world, cfn: &fakeaws.CloudFormation{}}
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	p := provision.New(provision.Clients{IAM: world.IAM, S3: world.S3, KMS: world.KMS, CloudFormation: r.cfn}, log)
	p.Sleep = func(ctx context.Context, d time.Duration) error {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		r.slept += d
		return ctx.Err()
	}
	p.Now = func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }
	sender := cfn.NewSender(log, cfn.Hosts{Any: true}, asItIs)
	sender.Client = &http.Client{Transport: r}
	sender.Pause = func(context.Context, int) error { return nil }
	r.cfn.Tag(map[string]string{"CostCenter": "42"})
	r.key = world.AddKey()
	world.AddBucket("training-data", awstest.Bucket{Policy: theirBucketPolicy})
	world.AddBucket("more-data", awstest.Bucket{})
	r.defaultKey = world.AddKey()
	world.Encrypt("more-data", r.defaultKey)
	r.handler = &Handler{Provisioner: p, Sender: sender, Log: log, AccountID: func(context.Context) string { return world.AccountID }}
	return r
}

// theirBucketPolicy is what others put on a bucket.
const theirBucketPolicy = `{"Version":"2012-10-17","Id":"theirs","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*",` +
	`"Action":"s3:*",` +
	`"Resource":["arn:aws:s3:::training-data","arn:aws:s3:::training-data/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},` +
	`{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject",` +
	`"Resource":"arn:aws:s3:::training-data/logs/*"}]}`

// later moves the handler's clock.
func (r *rig) later(d time.Duration) { r.ahead.Add(int64(d)) }

// RoundTrip takes the answers.
func (r *rig) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var answer cfn.Response
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	status := http.StatusServiceUnavailable
	if !r.unreachable {
		status = http.StatusOK
		r.answers = append(r.answers, answer)
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: request}, nil
}

func (r *rig) stackID() string {
	return "arn:aws:cloudformation:eu-west-1:" + r.world.AccountID + ":stack/app/0f3c"
}

// props are the properties of an event.
type props map[string]any

func (r *rig) event(request cfn.RequestType, id string, now, old props) json.RawMessage {
	e := map[string]any{
		"RequestType": request, "ResponseURL": responseURL, "StackId": r.stackID(), "RequestId": "r-1",
		"ResourceType": properties.ResourceType, "LogicalResourceId": "Role", "ServiceToken": "arn:aws:lambda:::function:f",
		"ResourceProperties": withToken(now),
	}
	if id != "" {
		e["PhysicalResourceId"] = id
	}
	if old != nil {
		e["OldResourceProperties"] = withToken(old)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		r.t.Fatal(err)
	}
	return json.RawMessage(strings.ReplaceAll(string(raw), "{key}", r.key))
}

// tags are n tags of a user.
func tags(n int) []any {
	var list []any
	for k := range n {
		list = append(list, tag(strings.Repeat("t", k+1), "v"))
	}
	return list
}

func withToken(p props) props {
	all := props{"ServiceToken": "arn:aws:lambda:::function:f", "ServiceTimeout": "720"}
	for k, v := range p {
		all[k] = v
	}
	return all
}

// deliver hands an event over once, with CloudFormation in the state that belongs to it, and returns the answer; nil if there
// was none.
func (r *rig) deliver(request cfn.RequestType, id string, now, old props) *cfn.Response {
	r.t.Helper()
	status := map[cfn.RequestType]string{
		cfn.Create: "CREATE_IN_PROGRESS", cfn.Update: "UPDATE_IN_PROGRESS", cfn.Delete: "DELETE_IN_PROGRESS",
	}[request]
	r.cfn.Say(status, id, "")
	return r.deliverRaw(r.event(request, id, now, old))
}

func (r *rig) deliverRaw(raw json.RawMessage) *cfn.Response {
	r.mutex.Lock()
	before := len(r.answers)
	r.mutex.Unlock()
	_ = r.handler.Handle(r.t.Context(), raw)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.answers) == before {
		return nil
	}
	return &r.answers[len(r.answers)-1]
}

// must delivers an event that has to succeed, and returns the physical ID.
func (r *rig) must(request cfn.RequestType, id string, now, old props) string {
	r.t.Helper()
	answer := r.deliver(request, id, now, old)
	if answer == nil || answer.Status != cfn.Success {
		r.t.Fatalf("%s of %q wasn't answered SUCCESS: %+v", request, id, answer)
	}
	return answer.PhysicalResourceID
}

// foreign puts another owner's role and policy into the account, one of each used by the other.
func (r *rig) foreign() {
	r.t.Helper()
	ctx := r.t.Context()
	_, err := r.world.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("Theirs"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` +
			`"Action":"s3:*","Resource":"*"}]}`),
	})
	if exists := (*iamtypes.EntityAlreadyExistsException)(nil); err != nil && !errors.As(err, &exists) {
		r.t.Fatal(err)
	}
	r.createRole("TheirRole", map[string]string{"team": "other"})
	if _, err := r.world.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("TheirRole"),
		PolicyArn: aws.String("arn:aws:iam::" + r.world.AccountID + ":policy/Theirs")}); err != nil {
		r.t.Fatal(err)
	}
}

// createRole makes a role as others make one.
func (r *rig) createRole(name string, tags map[string]string) {
	r.t.Helper()
	in := &iam.CreateRoleInput{
		RoleName: aws.String(name), Path: aws.String("/"), Description: aws.String("before"), MaxSessionDuration: aws.Int32(7200),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"Service":"ec2.amazonaws.com"}}]}`),
	}
	for k, v := range tags {
		in.Tags = append(in.Tags, iamtypes.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	_, err := r.world.IAM.CreateRole(r.t.Context(), in)
	// The account was empty: what exists comes from a call whose answer got lost, and that the SDK repeated.
	if exists := (*iamtypes.EntityAlreadyExistsException)(nil); err != nil && !errors.As(err, &exists) {
		r.t.Fatal(err)
	}
}

// deleteRole deletes the role with that ARN as a person does in the console: its policies are detached, and left.
func (r *rig) deleteRole(arn string) {
	r.t.Helper()
	name := aws.String(arn[strings.LastIndex(arn, "/")+1:])
	attached, err := r.world.IAM.ListAttachedRolePolicies(r.t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: name})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, p := range attached.AttachedPolicies {
		if _, err := r.world.IAM.DetachRolePolicy(r.t.Context(), &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: p.PolicyArn}); err != nil {
			r.t.Fatal(err)
		}
	}
	if _, err := r.world.IAM.DeleteRole(r.t.Context(), &iam.DeleteRoleInput{RoleName: name}); err != nil {
		r.t.Fatal(err)
	}
}

// putBucketPolicy replaces the policy of bucket training-data, whatever it says.
func (r *rig) putBucketPolicy(document string) {
	r.t.Helper()
	in := &s3.PutBucketPolicyInput{Bucket: aws.String("training-data"), Policy: &document}
	if _, err := r.world.S3.PutBucketPolicy(r.t.Context(), in); err != nil {
		r.t.Fatal(err)
	}
}

var apiNotFound = &smithy.GenericAPIError{Code: "NoSuchEntity", Message: "cannot be found"}

func asItIs(*http.Transport) {}
