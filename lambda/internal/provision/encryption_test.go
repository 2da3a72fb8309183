package provision

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/servicerole"
)

// What S3 and KMS answer about the default encryption of a bucket: a denial is waited for and then reported, and other errors fail.
func TestErrorsOfDefaultEncryption(t *testing.T) {
	for _, c := range []struct {
		name, at, code string
		// often is how often the call fails.
		often      int
		want       string
		wantDenial string
	}{
		{"none", "s3:GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError", 100, "no key", ""},
		{"denied at first", "s3:GetBucketEncryption", "AccessDenied", 3, "key", ""},
		{"denied", "s3:GetBucketEncryption", "AccessDenied", 100, "no ARN",
			"Allow the function's role s3:GetEncryptionConfiguration on arn:aws:s3:::data"},
		{"broken", "s3:GetBucketEncryption", "InternalError", 100, "read the default encryption of bucket data", ""},
		{"key denied at first", "kms:DescribeKey", "AccessDeniedException", 3, "key", ""},
		{"key denied", "kms:DescribeKey", "AccessDeniedException", 100, "no ARN",
			"Allow the function's role kms:DescribeKey on arn:aws:kms:eu-west-1:123456789012:key/*"},
		{"key gone", "kms:DescribeKey", "NotFoundException", 100, "no ARN", ""},
		{"key broken", "kms:DescribeKey", "KMSInternalException", 100, "read the default encryption of bucket data", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake := fakeaws.New(account.AccountID)
			fake.S3.AddBucket("data", "", "", "")
			fake.KMS.AddAlias("alias/data", fake.KMS.AddKey("{}"))
			fake.S3.Encrypt("data", "alias/data")
			n := 0
			fake.Before = func(operation string) (error, error) {
				if operation != c.at {
					return nil, nil
				}
				if n++; n > c.often {
					return nil, nil
				}
				return &smithy.GenericAPIError{Code: c.code}, nil
			}
			p := New(Clients{S3: fake.S3, KMS: fake.KMS}, slog.New(slog.DiscardHandler))
			p.Sleep = func(context.Context, time.Duration) error { return nil }
			found, err := p.observeBucket(t.Context(), account, "data", true)
			got, denial := describeDefault(found.DefaultKey, err)
			if !strings.Contains(got, c.want) || (denial == "") != (c.wantDenial == "") || !strings.Contains(denial, c.wantDenial) {
				t.Errorf("got %s, denial %s", got, denial)
			}
		})
	}
}

func describeDefault(key *servicerole.DefaultKey, err error) (what, denial string) {
	switch {
	case err != nil:
		return err.Error(), ""
	case key == nil:
		return "no key", ""
	case key.ARN == "":
		what = "no ARN"
	default:
		what = "key"
	}
	if key.Denial != nil {
		denial = key.Denial.Error()
	}
	return what, denial
}
