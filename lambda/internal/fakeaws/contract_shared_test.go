package fakeaws_test

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/fakeaws"
)

// sharedContract is a history of calls about the policies of buckets and keys.
func sharedContract(ctx context.Context, w awstest.World) []string {
	var lines []string
	note := func(what string, err error) { lines = append(lines, what+": "+outcome(err)) }
	w.AddBucket("own", awstest.Bucket{})
	w.AddBucket("theirs", awstest.Bucket{Owner: "999999999998"})
	w.AddBucket("elsewhere", awstest.Bucket{Region: "eu-central-1"})
	owner := aws.String(w.AccountID)
	for _, name := range []string{"own", "theirs", "elsewhere", "none"} {
		bucket := aws.String(name)
		get := func(what string) {
			out, err := w.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner})
			note(what+" "+name, err)
			if err == nil {
				lines = append(lines, *out.Policy)
			}
		}
		get("get")
		_, err := w.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner, Policy: aws.String(document)})
		note("put "+name, err)
		get("get again")
		for range 2 {
			_, err = w.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: owner})
			note("delete "+name, err)
		}
		_, err = w.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket, ExpectedBucketOwner: owner})
		note("get encryption "+name, err)
		_, err = w.S3.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket, ExpectedBucketOwner: owner})
		note("get request payment "+name, err)
		_, err = w.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket})
		note("head "+name, err)
		list, err := w.S3.ListBuckets(ctx, &s3.ListBucketsInput{Prefix: bucket})
		note(fmt.Sprintf("list %s, %d found", name, len(list.Buckets)), err)
	}
	for _, on := range []bool{true, false} {
		own := aws.String("own")
		w.Configure("own", fakeaws.Settings{RequesterPays: on, ObjectWriter: on, BlocksPublicPolicy: on})
		payment, err := w.S3.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: own, ExpectedBucketOwner: owner})
		if note("get request payment", err); err == nil {
			lines = append(lines, "paid by "+string(payment.Payer))
		}
		ownership, err := w.S3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: own, ExpectedBucketOwner: owner})
		if note("get ownership", err); err == nil {
			lines = append(lines, "owned by "+string(ownership.OwnershipControls.Rules[0].ObjectOwnership))
		}
		block, err := w.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: own, ExpectedBucketOwner: owner})
		if note("get public access block", err); err == nil {
			lines = append(lines, fmt.Sprint("public policies are blocked: ", *block.PublicAccessBlockConfiguration.BlockPublicPolicy))
		}
	}
	for name, arn := range map[string]string{"key": w.AddKey(), "none": "arn:aws:kms:eu-west-1:" + w.AccountID + ":key/none"} {
		state := func(what string) {
			out, err := w.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(arn)})
			note("describe "+name+what, err)
			if err == nil {
				lines = append(lines, name+what+" is "+string(out.KeyMetadata.KeyState))
			}
		}
		state("")
		if name == "none" {
			_, err := w.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
			note("get policy of no key", err)
			continue
		}
		_, err := w.KMS.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: aws.String(arn), Policy: aws.String(document)})
		note("put policy of key", err)
		out, err := w.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
		note(fmt.Sprintf("get policy of key, as written: %v", err == nil && *out.Policy == document), err)
		w.Encrypt("own", arn)
		encryption, err := w.S3.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: aws.String("own")})
		note(fmt.Sprintf("get encryption, as written: %v", err == nil && arn == aws.ToString(encryption.ServerSideEncryptionConfiguration.
			Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID)), err)
		w.AddAlias("alias/data", arn)
		for _, id := range []string{arn, path.Base(arn), "alias/data", "arn:aws:kms:eu-west-1:" + w.AccountID + ":alias/data"} {
			out, err := w.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(id)})
			note(fmt.Sprintf("resolve: %v, %s", err == nil && *out.KeyMetadata.Arn == arn, out.KeyMetadata.KeyManager), err)
		}
		_, err = w.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/none")})
		note("resolve no alias", err)
		w.RemoveKey(arn)
		state(", doomed")
		_, err = w.KMS.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: aws.String(arn)})
		note("get policy of key, doomed", err)
	}
	slices.Sort(lines)
	return lines
}

const wantShared = `delete elsewhere: PermanentRedirect
delete elsewhere: PermanentRedirect
delete none: NoSuchBucket
delete none: NoSuchBucket
delete own: ok
delete own: ok
delete theirs: AccessDenied
delete theirs: AccessDenied
describe key, doomed: ok
describe key: ok
describe none: NotFoundException
get again elsewhere: PermanentRedirect
get again none: NoSuchBucket
get again own: ok
get again theirs: AccessDenied
get elsewhere: PermanentRedirect
get encryption elsewhere: PermanentRedirect
get encryption none: NoSuchBucket
get encryption own: ok
get encryption theirs: AccessDenied
get encryption, as written: true: ok
get none: NoSuchBucket
get own: NoSuchBucketPolicy
get ownership: ok
get ownership: ok
get policy of key, as written: true: ok
get policy of key, doomed: ok
get policy of no key: NotFoundException
get public access block: ok
get public access block: ok
get request payment elsewhere: PermanentRedirect
get request payment none: NoSuchBucket
get request payment own: ok
get request payment theirs: AccessDenied
get request payment: ok
get request payment: ok
get theirs: AccessDenied
head elsewhere: MovedPermanently
head none: NotFound
head own: ok
head theirs: Forbidden
key is Enabled
key, doomed is PendingDeletion
list elsewhere, 1 found: ok
list none, 0 found: ok
list own, 1 found: ok
list theirs, 0 found: ok
owned by BucketOwnerEnforced
owned by ObjectWriter
paid by BucketOwner
paid by Requester
public policies are blocked: false
public policies are blocked: true
put elsewhere: PermanentRedirect
put none: NoSuchBucket
put own: ok
put policy of key: ok
put theirs: AccessDenied
resolve no alias: NotFoundException
resolve: true, CUSTOMER: ok
resolve: true, CUSTOMER: ok
resolve: true, CUSTOMER: ok
resolve: true, CUSTOMER: ok
` + document

// The fake answers as the emulator does, operation by operation.
func TestSharedContractInEveryWorld(t *testing.T) {
	got := strings.Join(sharedContract(t.Context(), awstest.KindOf(t).New(t)), "\n")
	if diff := cmp.Diff(wantShared, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
