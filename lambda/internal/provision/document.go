package provision

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/sharedpolicy"
)

func (p *Provisioner) bucketDocument(bucket servicerole.BucketRef, accountID string) sharedpolicy.Document {
	name, owner := aws.String(bucket.Name), aws.String(accountID)
	return sharedpolicy.Document{
		Name: "bucket " + bucket.Name, ARN: bucket.ARN, Limit: policy.MaxBucketPolicySize,
		GetAction: "s3:GetBucketPolicy", PutAction: "s3:PutBucketPolicy", DeleteAction: "s3:DeleteBucketPolicy",
		Read: func(ctx context.Context) (string, error) {
			out, err := p.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name, ExpectedBucketOwner: owner})
			// The one answer that means an empty policy; the SDK has no type for it.
			if code(err) == "NoSuchBucketPolicy" {
				return "", nil
			}
			if err != nil {
				return "", err
			}
			return aws.ToString(out.Policy), nil
		},
		Write: func(ctx context.Context, text string) (err error) {
			if text == "" {
				_, err = p.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: name, ExpectedBucketOwner: owner}, onceS3)
			} else {
				_, err = p.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, ExpectedBucketOwner: owner, Policy: aws.String(text)}, onceS3)
			}
			return err
		},
		Kind: kindOf,
	}
}

func (p *Provisioner) keyDocument(arn string) sharedpolicy.Document {
	id := aws.String(arn)
	return sharedpolicy.Document{
		Name: "KMS key " + arn, ARN: arn, Limit: policy.MaxKeyPolicySize,
		GetAction: "kms:GetKeyPolicy", PutAction: "kms:PutKeyPolicy",
		Read: func(ctx context.Context) (string, error) {
			out, err := p.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: id})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.Policy), nil
		},
		Write: func(ctx context.Context, text string) error {
			_, err := p.KMS.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: id, Policy: aws.String(text)}, onceKMS)
			return err
		},
		Kind:                kindOf,
		PrincipalsPropagate: true,
	}
}

// isGone reports whether a bucket or key doesn't exist, or is about to be deleted for good.
func isGone(err error) bool {
	return isCode(err, "NoSuchBucket", "NotFoundException", "KMSInvalidStateException")
}

// isElsewhere reports whether S3 answers that a bucket is in another Region. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func isElsewhere(err error) bool {
	return isCode(err, "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed",
		"IllegalLocationConstraintException") ||
		hasStatus(err, http.StatusMovedPermanently, http.StatusTemporaryRedirect)
}

func hasStatus(err error, statuses ...int) bool {
	var response *awshttp.ResponseError
	return errors.As(err, &response) && slices.Contains(statuses, response.HTTPStatusCode())
}

// regionIn returns the Region that S3 names in the header of its answer, if it does.
func regionIn(err error) string {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return ""
	}
	return response.Response.Header.Get("X-Amz-Bucket-Region")
}

// onceS3 and onceKMS have a call make one attempt: the caller has to read again before the next one.
func onceS3(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

func onceKMS(o *kms.Options) { o.Retryer = aws.NopRetryer{} }
