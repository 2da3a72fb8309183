package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"personalize-role/lambda/inmemory"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
)

// account returns a fake's account with a bucket and a key.
func account() (provision.Clients, *fakeaws.Account) {
	a, cfn := fakeaws.New("123456789012"), &fakeaws.CloudFormation{}
	a.S3.AddBucket("data", "", "", `{"Version":"2012-10-17"}`)
	a.S3.AddBucket("empty", "", "", "")
	a.S3.Configure("data", fakeaws.Settings{RequesterPays: true, ObjectWriter: true, BlocksPublicPolicy: true})
	a.KMS.AddKey("{}")
	cfn.Say("CREATE_IN_PROGRESS", "id", "CREATE_IN_PROGRESS")
	return provision.Clients{IAM: a.IAM, S3: a.S3, KMS: a.KMS, CloudFormation: cfn}, a
}

// served returns clients of the SDK that reach an account over HTTP.
func served(t *testing.T) provision.Clients {
	direct, a := account()
	cfg := func(h http.Handler) aws.Config {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return aws.Config{
			Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
			HTTPClient: inmemory.NewClient(), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}
	}
	return provision.Clients{
		IAM: iam.NewFromConfig(cfg(Query(a.IAM))), S3: s3.NewFromConfig(cfg(S3(a.S3))), KMS: kms.NewFromConfig(cfg(JSON(a.KMS))),
		CloudFormation: cloudformation.NewFromConfig(cfg(Query(direct.CloudFormation))),
	}
}

// The same history gives the same answers and errors over HTTP as by calling the account.
func TestSameAsTheAccount(t *testing.T) {
	direct, _ := account()
	want, got := history(t.Context(), direct), history(t.Context(), served(t))
	if diff := cmp.Diff(want, got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ResultMetadata" }, cmp.Ignore()),
		cmpopts.IgnoreUnexported(iam.CreateRoleOutput{}, iam.GetRoleOutput{}, iam.CreatePolicyOutput{}, iam.GetPolicyOutput{},
			iam.ListAttachedRolePoliciesOutput{},
			iam.ListPolicyVersionsOutput{}, types.Role{}, types.Policy{}, types.Tag{}, types.PolicyVersion{}, types.AttachedPolicy{},
			types.AttachedPermissionsBoundary{}, s3.GetBucketRequestPaymentOutput{}, s3.GetBucketOwnershipControlsOutput{},
			s3types.OwnershipControls{}, s3types.OwnershipControlsRule{})); diff != "" {
		t.Errorf("-called +served:\n%s", diff)
	}
}

func history(ctx context.Context, c provision.Clients) []any {
	var answers []any
	note := func(out any, err error) {
		if api := (smithy.APIError)(nil); errors.As(err, &api) {
			answers = append(answers, api.ErrorCode()+": "+api.ErrorMessage())
			return
		}
		answers = append(answers, out, fmt.Sprint(err))
	}
	name, policy := aws.String("R"), aws.String("arn:aws:iam::123456789012:policy/P")
	tags := []types.Tag{{Key: aws.String("a"), Value: aws.String("1 < 2 & 3")}, {Key: aws.String("b"), Value: aws.String("")}}
	role, err := c.IAM.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(`{"a":"ü"}`), MaxSessionDuration: aws.Int32(7200), Tags: tags,
		PermissionsBoundary: policy,
	})
	note(role, err)
	again, err := c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String("{}")})
	note(again, err)
	made, err := c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("P"), PolicyDocument: aws.String("{}"), Tags: tags})
	note(made, err)
	_, err = c.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy, PolicyDocument: aws.String("[]"),
		SetAsDefault: true})
	note(nil, err)
	_, err = c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: policy})
	note(nil, err)
	_, err = c.IAM.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"a", "none"}})
	note(nil, err)
	read, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	note(read, err)
	attached, err := c.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	note(attached, err)
	versions, err := c.IAM.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: policy})
	note(versions, err)
	found, err := c.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy})
	note(found, err)
	for _, bucket := range []string{"data", "empty", "none"} {
		out, err := c.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(bucket),
			ExpectedBucketOwner: aws.String("123456789012")})
		if err == nil {
			note(*out.Policy, nil)
			continue
		}
		note(nil, err)
	}
	for _, bucket := range []string{"data", "none"} {
		payment, err := c.S3.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: aws.String(bucket)})
		note(payment, err)
		controls, err := c.S3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: aws.String(bucket)})
		note(controls, err)
		if block, err := c.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: aws.String(bucket)}); err == nil {
			note(*block.PublicAccessBlockConfiguration.BlockPublicPolicy, nil)
		} else {
			note(nil, err)
		}
	}
	_, err = c.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("empty"), Policy: aws.String("{}")})
	note(nil, err)
	_, err = c.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String("data"),
		ExpectedBucketOwner: aws.String("999999999999")})
	note(nil, err)
	for _, key := range []string{"arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000001", "none"} {
		out, err := c.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(key)})
		if err == nil {
			note(out.KeyMetadata.KeyState, nil)
			continue
		}
		note(nil, err)
	}
	resource, err := c.CloudFormation.DescribeStackResource(ctx,
		&cloudformation.DescribeStackResourceInput{StackName: aws.String("s"), LogicalResourceId: aws.String("r")})
	if err == nil {
		note(*resource.StackResourceDetail.PhysicalResourceId+" "+string(resource.StackResourceDetail.ResourceStatus), nil)
	}
	return answers
}

// What the account doesn't have is refused by name.
func TestUnknownOperation(t *testing.T) {
	clients := served(t)
	if _, err := clients.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err == nil || !strings.Contains(err.Error(), "InvalidAction") {
		t.Errorf("S3: got %v", err)
	}
	client, ok := clients.IAM.(*iam.Client)
	if !ok {
		t.Fatal("no client of the SDK")
	}
	_, err := client.ListUsers(t.Context(), &iam.ListUsersInput{})
	if api := (smithy.APIError)(nil); !errors.As(err, &api) || api.ErrorCode() != "InvalidAction" {
		t.Errorf("got %v", err)
	}
}
