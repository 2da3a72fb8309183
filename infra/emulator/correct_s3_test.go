//go:build emulator

package emulator

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var s3Corrections = []correction{
	{"GetBucketRequestPayment says who pays", "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html",
		func(ctx context.Context, e *Emulator) error {
			client := s3.NewFromConfig(e.Config(), func(o *s3.Options) { o.UsePathStyle = true })
			bucket := aws.String("requester-pays")
			if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &types.
				CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}); err != nil {
				return err
			}
			for _, payer := range []types.Payer{types.PayerBucketOwner, types.PayerRequester} {
				if payer == types.PayerRequester {
					if _, err := client.PutBucketRequestPayment(ctx, &s3.PutBucketRequestPaymentInput{Bucket: bucket,
						RequestPaymentConfiguration: &types.RequestPaymentConfiguration{Payer: payer}}); err != nil {
						return err
					}
				}
				got, err := client.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: bucket})
				if err == nil && got.Payer != payer {
					err = fmt.Errorf("%q pays, want %q", got.Payer, payer)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}},
}
