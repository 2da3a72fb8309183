package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"personalize-role/infra/bundle"
	"personalize-role/infra/stacks"
)

// Deployer deploys to an emulator's account, and prints its progress line by line.
type Deployer struct {
	*stacks.Operator
	S3 *s3.Client
	// Artifacts is the bucket that packages are uploaded to.
	Artifacts string
}

// NewDeployer returns a deployer that writes its progress.
func NewDeployer(cfg aws.Config, progress io.Writer) *Deployer {
	operator := stacks.NewOperator(cfg, progress)
	operator.Pause = 150 * time.Millisecond
	return &Deployer{Operator: operator, S3: newS3(cfg), Artifacts: "artifacts"}
}

// newS3 returns a client that names the bucket in the path, since no host of the emulator's is named like a bucket.
func newS3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// Package builds the function for this machine, uploads its zip, and returns the template.yaml that refers to it.
func (d *Deployer) Package(ctx context.Context) (string, error) {
	p, err := bundle.NewPackage(ctx, d.Artifacts, "", runtime.GOARCH)
	if err != nil {
		return "", err
	}
	if err := d.CreateBucket(ctx, d.Artifacts); err != nil {
		return "", err
	}
	return p.Template, d.Upload(ctx, p.Key, p.Zip)
}

// Upload puts an object into the bucket of packages.
func (d *Deployer) Upload(ctx context.Context, key string, body []byte) error {
	if _, err := d.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(d.Artifacts), Key: aws.String(key),
		Body: bytes.NewReader(body)}); err != nil {
		return fmt.Errorf("upload %s to bucket %s: %w", key, d.Artifacts, err)
	}
	return nil
}

// CreateBucket creates a bucket in the deployer's Region, unless it is there.
func (d *Deployer) CreateBucket(ctx context.Context, name string) error {
	in := &s3.CreateBucketInput{Bucket: aws.String(name)}
	// S3 refuses the name of its first Region here.
	if region := d.S3.Options().Region; region != "us-east-1" {
		in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
	}
	_, err := d.S3.CreateBucket(ctx, in)
	if owned := (*s3types.BucketAlreadyOwnedByYou)(nil); err != nil && !errors.As(err, &owned) {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	return nil
}
