//go:build emulator

package e2e

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// isMerged returns the warnings of a stack as an error unless the policy of the key that no property names has the statement.
func (x *exercise) isMerged(ctx context.Context, stack string) error {
	policy, err := x.account.viewer.KeyPolicy(ctx, x.defaultKey)
	if err != nil || strings.Contains(policy, created) {
		return err
	}
	outputs, err := x.account.deployer.Outputs(ctx, stack)
	if err != nil {
		return err
	}
	return errors.New("the key of the default encryption was left alone: " + outputs["Warnings"])
}

// isChecked returns the warnings of a stack as an error if something that findings need could not be read.
func (x *exercise) isChecked(ctx context.Context, stack string) error {
	outputs, err := x.account.deployer.Outputs(ctx, stack)
	if err == nil && strings.Contains(outputs["Warnings"], "NotChecked") {
		err = errors.New(outputs["Warnings"])
	}
	return err
}

// restore puts the policy of a bucket as it is before: the first has none, and that of the second is public and lets another account write.
func (x *exercise) restore(ctx context.Context, n int, name string) error {
	client, bucket, policy := x.account.deployer.S3, aws.String(name), theirPolicy
	switch n {
	case 0:
		_, err := client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket})
		return err
	case 1:
		if _, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: bucket}); err != nil {
			return err
		}
		policy = strings.Replace(policy, `"Statement":[`, `"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",`+
			`"Resource":"arn:aws:s3:::`+name+`/site/*"},{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},`+
			`"Action":"s3:PutObject","Resource":"arn:aws:s3:::`+name+`/*"},`, 1)
	}
	_, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(policy)})
	return err
}
