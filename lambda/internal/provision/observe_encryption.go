package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"personalize-role/lambda/internal/servicerole"
)

// readEncryption reads which KMS key a bucket encrypts new objects with; nil for none. The key's ARN is yet to be resolved.
func (p *Provisioner) readEncryption(ctx context.Context, i servicerole.Identity, name string) (*servicerole.DefaultKey, error) {
	in := &s3.GetBucketEncryptionInput{Bucket: aws.String(name), ExpectedBucketOwner: aws.String(i.AccountID)}
	out, err := p.S3.GetBucketEncryption(ctx, in)
	// The SDK has no type for this answer. Since 2023 every bucket has a default encryption, and emulators may have none.
	if code(err) == "ServerSideEncryptionConfigurationNotFoundError" {
		return nil, nil
	}
	if err != nil || out.ServerSideEncryptionConfiguration == nil {
		return nil, err
	}
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		standard := rule.ApplyServerSideEncryptionByDefault
		if standard == nil || !slices.Contains(withKMS, standard.SSEAlgorithm) {
			continue
		}
		id := aws.ToString(standard.KMSMasterKeyID)
		return &servicerole.DefaultKey{ID: id, AWSManaged: id == "" || strings.HasSuffix(id, "alias/aws/s3")}, nil
	}
	return nil, nil
}

var withKMS = []types.ServerSideEncryption{types.ServerSideEncryptionAwsKms, types.ServerSideEncryptionAwsKmsDsse}

// resolve finds the ARN of the key that a bucket of this account names, which may be one of a key or an alias, or a bare ID or alias. It
// leaves keys of other accounts and Regions alone. err is that of reading the configuration.
func (p *Provisioner) resolve(ctx context.Context, i servicerole.Identity, name string, key *servicerole.DefaultKey, err error) (
	*servicerole.DefaultKey, error) {
	failed := func(action, target string, err error) error {
		return &Failure{Doing: "read the default encryption of bucket " + name, Action: action, Target: target, Err: err}
	}
	if IsDenied(err) {
		// The permission may be as new as that for the policy, whose reading waited for it.
		err = p.persist(ctx, false, func() (err error) {
			key, err = p.readEncryption(ctx, i, name)
			return err
		})
	}
	if IsDenied(err) {
		return &servicerole.DefaultKey{Denial: failed("s3:GetEncryptionConfiguration", i.Bucket(name).ARN, err)}, nil
	}
	if err != nil {
		return nil, failed("s3:GetEncryptionConfiguration", i.Bucket(name).ARN, err)
	}
	if key == nil || key.AWSManaged {
		return key, nil
	}
	if parsed, err := awsarn.Parse(key.ID); err == nil {
		if isKey := strings.HasPrefix(parsed.Resource, "key/"); isKey || parsed.AccountID != i.AccountID || parsed.Region != i.Region {
			key.ARN = key.ID
			return key, nil
		}
	}
	anyKey := fmt.Sprintf("arn:%s:kms:%s:%s:key/*", i.Partition, i.Region, i.AccountID)
	var out *kms.DescribeKeyOutput
	err = p.persist(ctx, false, func() (err error) {
		out, err = p.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(key.ID)})
		return err
	})
	switch {
	case isGone(err):
	case IsDenied(err):
		key.Denial = failed("kms:DescribeKey", anyKey, err)
	case err != nil:
		return nil, failed("kms:DescribeKey", anyKey, err)
	default:
		key.ARN, key.AWSManaged = aws.ToString(out.KeyMetadata.Arn), out.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeAws
	}
	return key, nil
}
