package fakeaws

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// S3 is the S3 that one account sees: its own buckets and those of others.
type S3 struct {
	*Account
	buckets map[string]*bucket
}

type bucket struct {
	owner, region, policy, key string
	settings                   Settings
}

// Settings are what else is configured for a bucket; the zero value is that of a new one.
type Settings struct{ RequesterPays, ObjectWriter, BlocksPublicPolicy bool }

// Configure sets the settings of a bucket.
func (f *S3) Configure(name string, settings Settings) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.buckets[name].settings = settings
}

// AddBucket puts a bucket with a policy there; an empty owner or Region is the account's own.
func (f *S3) AddBucket(name, owner, home, policy string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if owner == "" {
		owner = f.AccountID
	}
	if home == "" {
		home = region
	}
	f.buckets[name] = &bucket{owner: owner, region: home, policy: policy}
}

// RemoveBucket takes a bucket away.
func (f *S3) RemoveBucket(name string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	delete(f.buckets, name)
}

func (f *S3) state(state map[string]string) {
	for name, b := range f.buckets {
		if b.owner == f.AccountID && b.region == region {
			state["arn:aws:s3:::"+name] = "policy=" + b.policy
		}
	}
}

// reach returns a bucket if the account may change it.
func (f *S3) reach(name, expected *string) (*bucket, error) {
	b := f.buckets[aws.ToString(name)]
	switch {
	case b == nil:
		return nil, apiError("NoSuchBucket", "The specified bucket does not exist")
	case b.owner != f.AccountID || expected != nil && *expected != b.owner:
		return nil, apiError("AccessDenied", "Access Denied")
	case b.region != region:
		return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusMovedPermanently,
				Header: http.Header{"X-Amz-Bucket-Region": {b.region}}}},
			Err: apiError("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint."),
		}}
	}
	return b, nil
}

// GetBucketPolicy is the S3 call of that name, as are all methods that follow.
func (f *S3) GetBucketPolicy(ctx context.Context, in *s3.GetBucketPolicyInput, _ ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error) {
	return call(ctx, f.Account, "s3:GetBucketPolicy", func() (*s3.GetBucketPolicyOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		if b.policy == "" {
			return nil, apiError("NoSuchBucketPolicy", "The bucket policy does not exist")
		}
		return &s3.GetBucketPolicyOutput{Policy: aws.String(b.policy)}, nil
	})
}

func (f *S3) PutBucketPolicy(ctx context.Context, in *s3.PutBucketPolicyInput, _ ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error) {
	return call(ctx, f.Account, "s3:PutBucketPolicy", func() (*s3.PutBucketPolicyOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		b.policy = aws.ToString(in.Policy)
		return &s3.PutBucketPolicyOutput{}, nil
	})
}

func (f *S3) DeleteBucketPolicy(ctx context.Context, in *s3.DeleteBucketPolicyInput,
	_ ...func(*s3.Options)) (*s3.DeleteBucketPolicyOutput, error) {
	return call(ctx, f.Account, "s3:DeleteBucketPolicy", func() (*s3.DeleteBucketPolicyOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		b.policy = ""
		return &s3.DeleteBucketPolicyOutput{}, nil
	})
}

func (f *S3) ListBuckets(ctx context.Context, in *s3.ListBucketsInput, _ ...func(*s3.Options)) (*s3.ListBucketsOutput, error) {
	return call(ctx, f.Account, "s3:ListBuckets", func() (*s3.ListBucketsOutput, error) {
		out := &s3.ListBucketsOutput{}
		for _, name := range sortedKeys(f.buckets) {
			if f.buckets[name].owner == f.AccountID && strings.HasPrefix(name, aws.ToString(in.Prefix)) {
				out.Buckets = append(out.Buckets, types.Bucket{Name: aws.String(name)})
			}
		}
		return out, nil
	})
}

// Encrypt sets the key of a bucket's default encryption, in any form that S3 takes; empty for a key of S3's own.
func (f *S3) Encrypt(name, key string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.buckets[name].key = key
}

// HeadBucket returns to a caller without permissions only whether the bucket exists.
func (f *S3) HeadBucket(ctx context.Context, in *s3.HeadBucketInput, _ ...func(*s3.Options)) (*s3.HeadBucketOutput, error) {
	return call(ctx, f.Account, "s3:HeadBucket", func() (*s3.HeadBucketOutput, error) {
		switch b := f.buckets[aws.ToString(in.Bucket)]; {
		case b == nil:
			return nil, apiError("NotFound", "Not Found")
		case b.owner != f.AccountID:
			return nil, apiError("Forbidden", "Forbidden")
		case b.region != region:
			return nil, apiError("MovedPermanently", "Moved Permanently")
		}
		return &s3.HeadBucketOutput{}, nil
	})
}

func (f *S3) GetBucketEncryption(ctx context.Context, in *s3.GetBucketEncryptionInput,
	_ ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error) {
	return call(ctx, f.Account, "s3:GetBucketEncryption", func() (*s3.GetBucketEncryptionOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		standard := types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
		if b.key != "" {
			standard = types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(b.key)}
		}
		return &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &standard}},
		}}, nil
	})
}

func (f *S3) GetBucketRequestPayment(ctx context.Context, in *s3.GetBucketRequestPaymentInput,
	_ ...func(*s3.Options)) (*s3.GetBucketRequestPaymentOutput, error) {
	return call(ctx, f.Account, "s3:GetBucketRequestPayment", func() (*s3.GetBucketRequestPaymentOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		payer := types.PayerBucketOwner
		if b.settings.RequesterPays {
			payer = types.PayerRequester
		}
		return &s3.GetBucketRequestPaymentOutput{Payer: payer}, nil
	})
}

func (f *S3) GetBucketOwnershipControls(ctx context.Context, in *s3.GetBucketOwnershipControlsInput,
	_ ...func(*s3.Options)) (*s3.GetBucketOwnershipControlsOutput, error) {
	return call(ctx, f.Account, "s3:GetBucketOwnershipControls", func() (*s3.GetBucketOwnershipControlsOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		ownership := types.ObjectOwnershipBucketOwnerEnforced
		if b.settings.ObjectWriter {
			ownership = types.ObjectOwnershipObjectWriter
		}
		return &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &types.OwnershipControls{
			Rules: []types.OwnershipControlsRule{{ObjectOwnership: ownership}}}}, nil
	})
}

func (f *S3) GetPublicAccessBlock(ctx context.Context, in *s3.GetPublicAccessBlockInput,
	_ ...func(*s3.Options)) (*s3.GetPublicAccessBlockOutput, error) {
	return call(ctx, f.Account, "s3:GetPublicAccessBlock", func() (*s3.GetPublicAccessBlockOutput, error) {
		b, err := f.reach(in.Bucket, in.ExpectedBucketOwner)
		if err != nil {
			return nil, err
		}
		return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicPolicy: aws.Bool(b.settings.BlocksPublicPolicy)}}, nil
	})
}
