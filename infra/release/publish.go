package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Publish uploads the release to a Region's bucket with checksums, and reports for each file whether it was uploaded or already existed
// with the same bytes. It never overwrites a file: if the bytes differ, the error wraps ErrChanged, and says what to do.
func (r Release) Publish(ctx context.Context, client *s3.Client, region string, progress io.Writer) error {
	bucket := r.BucketIn(region)
	for _, f := range r.Files {
		outcome, err := r.upload(ctx, client, bucket, f)
		if missing := (smithy.APIError)(nil); errors.As(err, &missing) && missing.ErrorCode() == "NoSuchBucket" {
			return fmt.Errorf("upload s3://%s/%s: the bucket does not exist. To create it, run cd infra && AWS_REGION=%s cdk deploy -c "+
				"app=distribution -c distributionBucket=%s -c readers=public (or the ID of your organisation), then publish again", bucket,
				r.Key(f.Name), region, r.Bucket)
		}
		if err != nil {
			return fmt.Errorf("upload s3://%s/%s: %w", bucket, r.Key(f.Name), err)
		}
		fmt.Fprintf(progress, "s3://%s/%s %s\n", bucket, r.Key(f.Name), outcome)
	}
	return nil
}

// ErrChanged says that a version was published before, from another source.
var ErrChanged = errors.New("a file of that name with other bytes is there already, and a release never changes, nor do the Regions " +
	"that it is for. Raise the version in lambda/properties/version.go, or publish the commit that was released to the Regions that it was " +
	"published to")

func (r Release) upload(ctx context.Context, client *s3.Client, bucket string, f File) (outcome string, err error) {
	sum := sha256.Sum256(f.Body)
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	_, err = client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(r.Key(f.Name)), Body: bytes.NewReader(f.Body), ContentType: aws.String(contentType(f.Name)),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(checksum),
		IfNoneMatch: aws.String("*"),
	})
	var refused smithy.APIError
	switch {
	case err == nil:
		return "uploaded", nil
	case !errors.As(err, &refused) || refused.ErrorCode() != "PreconditionFailed":
		return "", err
	}
	there, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String(r.Key(f.Name))})
	if err != nil {
		return "", err
	}
	defer there.Body.Close()
	body, err := io.ReadAll(there.Body)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(body, f.Body) {
		return "", ErrChanged
	}
	return "is there already, with the same bytes", nil
}

func contentType(name string) string {
	switch name {
	case TemplateName:
		return "application/yaml"
	case PageName:
		return "text/html; charset=utf-8"
	case SumsName:
		return "text/plain"
	}
	return "application/zip"
}
