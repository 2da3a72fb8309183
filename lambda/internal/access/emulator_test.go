//go:build emulator

package access

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"pgregory.net/rapid"

	"personalize-role/lambda/inmemory"
)

// TestAgreesWithWhatIsEnforcedInEveryWorld has the emulator's S3 decide about calls by a session of the role: what is allowed must succeed,
// and what isn't must be denied.
func TestAgreesWithWhatIsEnforcedInEveryWorld(t *testing.T) {
	e := newEnforcer(t)
	allowed, denied, refused := 0, 0, 0
	one := func(t *rapid.T, g generated) {
		if !e.put(t, g) {
			refused++
			return
		}
		request := g.request()
		context := request.Contexts[0]
		// What the emulator sees of a call by the SDK.
		context["aws:requestedregion"], context["aws:securetransport"] = Text("eu-west-1"), Text("false")
		context["aws:sourceip"], context["aws:principalarn"] = Text("127.0.0.1"), Text(roleARN)
		context["aws:currenttime"], context["aws:useragent"] = Text(time.Now().UTC().Format(time.RFC3339)), Absent()
		context["aws:tagkeys"], context["aws:multifactorauthage"] = Absent(), Absent()
		want := Decide(g.policies(t), request).Allowed
		got := e.call(t, g)
		if want == Maybe || got != (want == True) {
			t.Fatalf("allowed is %v, and the emulator's S3 allows it: %v; %s, %s", want, got, encode(g.identity), encode(g.policy))
		}
		if got {
			allowed++
		} else {
			denied++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, g := range rapid.SliceOfN(generator, 2*casesOfCheck, 2*casesOfCheck).Draw(t, "cases") {
			g.service, g.owner, g.boundary = false, account, nil
			if isEnforced(g) {
				one(t, g)
			}
		}
	})
	if allowed == 0 || denied == 0 {
		t.Errorf("%d calls were allowed and %d denied, want both", allowed, denied)
	}
	t.Logf("%d calls were allowed and %d denied; %d policies were refused", allowed, denied, refused)
}

// isEnforced leaves out what the emulator doesn't model: NotPrincipal, policy variables, wildcards of ARNs that stop at a colon, and lists
// for Null. The caller is always the role's session, without a boundary.
func isEnforced(g generated) bool {
	text := encode(g.policy) + encode(g.identity)
	return g.action != "kms:Decrypt" && !strings.Contains(text, "NotPrincipal") &&
		!strings.Contains(text, "${") && !strings.Contains(text, "arn:aws:*:*:*:*") && !strings.Contains(text, "ForAnyValue:") &&
		!strings.Contains(text, "aws:UserAgent") && !strings.Contains(text, `["true","false"]`) && !strings.Contains(text, `["false","true"]`)
}

// enforcer is an account of the emulator with a bucket and the role.
type enforcer struct {
	iam         *iam.Client
	owner, role *s3.Client
}

func newEnforcer(t *testing.T) enforcer {
	endpoint, _, _ := strings.Cut(os.Getenv("EMULATOR_ENDPOINTS"), ",")
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint, HTTPClient: inmemory.NewClient(),
		Credentials: credentials.NewStaticCredentialsProvider(account, "test", "")}
	byPath := func(o *s3.Options) { o.UsePathStyle = true }
	e := enforcer{iam: iam.NewFromConfig(cfg), owner: s3.NewFromConfig(cfg, byPath)}
	ctx := t.Context()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
	_, err := e.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("PersonalizeRole-a"), Path: aws.String("/service/"),
		AssumeRolePolicyDocument: &trust})
	session, failed := sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(roleARN),
		RoleSessionName: aws.String("session")})
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	got := session.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*got.AccessKeyId, *got.SecretAccessKey, *got.SessionToken)
	e.role = s3.NewFromConfig(cfg, byPath)
	_, err = e.owner.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("data"),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	_, failed = e.owner.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String("data")})
	err = errors.Join(err, failed)
	for _, key := range []string{"in/a.csv", "out/b", "eu-west-1/c"} {
		_, failed := e.owner.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("data"), Key: &key, Body: strings.NewReader("x")})
		err = errors.Join(err, failed)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// put puts the policies of a case in force; false if S3 refuses the bucket's.
func (e enforcer) put(t *rapid.T, g generated) bool {
	ctx := context.Background()
	_, err := e.owner.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("data"), Policy: aws.String(encode(g.policy))})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "MalformedPolicy" {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	role, name := aws.String("PersonalizeRole-a"), aws.String("p")
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}]}`
	if len(g.identity) > 0 {
		document = encode(g.identity[0])
	}
	if _, err := e.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: name, PolicyDocument: &document}); err != nil {
		t.Fatal(err)
	}
	return true
}

// call reports whether S3 lets the role's session do it.
func (e enforcer) call(t *rapid.T, g generated) bool {
	ctx, bucket := context.Background(), aws.String("data")
	key := aws.String(strings.TrimPrefix(g.resource, "arn:aws:s3:::data/"))
	var err error
	switch g.action {
	case "s3:GetObject":
		_, err = e.role.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	case "s3:PutObject":
		_, err = e.role.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")})
	default:
		_, err = e.role.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket})
	}
	var api smithy.APIError
	if err != nil && (!errors.As(err, &api) || api.ErrorCode() != "AccessDenied") {
		t.Fatal(err)
	}
	return err == nil
}
