package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"personalize-role/infra/bundle"
)

// Deployer deploys to an emulator's account, and tells of it line by line.
type Deployer struct {
	CloudFormation *cloudformation.Client
	S3             *s3.Client
	// Artifacts is the bucket that packages are uploaded to.
	Artifacts string
	// Tags are those of the stacks.
	Tags     map[string]string
	Progress io.Writer
	started  time.Time
}

// NewDeployer returns a deployer that writes its progress.
func NewDeployer(cfg aws.Config, progress io.Writer) *Deployer {
	return &Deployer{
		CloudFormation: cloudformation.NewFromConfig(cfg),
		S3:             newS3(cfg),
		Artifacts:      "artifacts",
		Progress:       progress,
		started:        time.Now(),
	}
}

// newS3 returns a client that names the bucket in the path, since no host of the emulator's is named like a bucket.
func newS3(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// Package builds the function for this machine, uploads its zip, and returns the template.yaml that refers to it.
func (d *Deployer) Package(ctx context.Context) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	zip, err := bundle.Make(ctx, root, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	template, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return "", err
	}
	if err := d.CreateBucket(ctx, d.Artifacts); err != nil {
		return "", err
	}
	key := fmt.Sprintf("%x.zip", sha256.Sum256(zip))
	if err := d.Upload(ctx, key, zip); err != nil {
		return "", err
	}
	template, err = bundle.InBucket(template, d.Artifacts, key, runtime.GOARCH)
	return string(template), err
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

// Parameters are the parameters of a stack.
type Parameters map[string]string

func (p Parameters) list() []types.Parameter {
	var list []types.Parameter
	for name, value := range p {
		list = append(list, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	return list
}

func (d *Deployer) tagList() []types.Tag {
	var list []types.Tag
	for key, value := range d.Tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}

var capabilities = []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam}

// Create creates a stack, and waits; the error says which resource failed and why.
func (d *Deployer) Create(ctx context.Context, stack, template string, p Parameters) error {
	out, err := d.CloudFormation.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(template), Parameters: p.list(), Capabilities: capabilities,
		Tags: d.tagList(),
	})
	if err != nil {
		return fmt.Errorf("create stack %s: %w", stack, err)
	}
	return d.follow(ctx, "create", stack, aws.ToString(out.StackId), nil)
}

// Update updates a stack, and waits.
func (d *Deployer) Update(ctx context.Context, stack, template string, p Parameters) error {
	seen, err := d.eventIDs(ctx, stack)
	if err != nil {
		return err
	}
	out, err := d.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(template), Parameters: p.list(), Capabilities: capabilities,
		Tags: d.tagList(),
	})
	if err != nil {
		return fmt.Errorf("update stack %s: %w", stack, err)
	}
	return d.follow(ctx, "update", stack, aws.ToString(out.StackId), seen)
}

// Delete deletes a stack, and waits.
func (d *Deployer) Delete(ctx context.Context, stack string) error {
	seen, err := d.eventIDs(ctx, stack)
	if err != nil {
		return err
	}
	described, err := d.describe(ctx, stack)
	if err != nil {
		return err
	}
	if _, err := d.CloudFormation.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String(stack)}); err != nil {
		return fmt.Errorf("delete stack %s: %w", stack, err)
	}
	return d.follow(ctx, "delete", stack, aws.ToString(described.StackId), seen)
}

// Outputs returns the outputs of a stack.
func (d *Deployer) Outputs(ctx context.Context, stack string) (map[string]string, error) {
	described, err := d.describe(ctx, stack)
	if err != nil {
		return nil, err
	}
	outputs := map[string]string{}
	for _, o := range described.Outputs {
		outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return outputs, nil
}

func (d *Deployer) describe(ctx context.Context, stack string) (types.Stack, error) {
	out, err := d.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stack)})
	if err != nil {
		return types.Stack{}, fmt.Errorf("describe stack %s: %w", stack, err)
	}
	return out.Stacks[0], nil
}

func (d *Deployer) eventIDs(ctx context.Context, stack string) (map[string]bool, error) {
	seen := map[string]bool{}
	events, err := d.events(ctx, stack)
	for _, e := range events {
		seen[aws.ToString(e.EventId)] = true
	}
	return seen, err
}

// events returns the events of a stack, oldest first.
func (d *Deployer) events(ctx context.Context, stack string) ([]types.StackEvent, error) {
	var events []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(d.CloudFormation,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(stack)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the events of stack %s: %w", stack, err)
		}
		events = append(events, page.StackEvents...)
	}
	slices.Reverse(events)
	return events, nil
}

// follow prints the events of an operation until it ends.
func (d *Deployer) follow(ctx context.Context, verb, name, stackID string, seen map[string]bool) error {
	if seen == nil {
		seen = map[string]bool{}
	}
	var reasons []string
	for {
		stack, err := d.describe(ctx, stackID)
		if err != nil {
			return err
		}
		events, err := d.events(ctx, stackID)
		if err != nil {
			return err
		}
		for _, e := range events {
			if id := aws.ToString(e.EventId); !seen[id] {
				seen[id] = true
				d.tell(name, e)
				if reason := aws.ToString(e.ResourceStatusReason); strings.HasSuffix(string(e.ResourceStatus), "_FAILED") && reason != "" {
					reasons = append(reasons, aws.ToString(e.LogicalResourceId)+": "+reason)
				}
			}
		}
		status := string(stack.StackStatus)
		switch {
		case strings.HasSuffix(status, "_IN_PROGRESS"):
		case status == strings.ToUpper(verb)+"_COMPLETE":
			return nil
		default:
			return fmt.Errorf("%s stack %s: %s: %s", verb, name, status, strings.Join(reasons, "; "))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s stack %s: %w", verb, name, ctx.Err())
		case <-time.After(150 * time.Millisecond):
		}
	}
}

func (d *Deployer) tell(stack string, e types.StackEvent) {
	fmt.Fprintf(d.Progress, "%6.1fs  %-10s %-19s %-18s %s\n", time.Since(d.started).Seconds(), stack, aws.ToString(e.LogicalResourceId),
		e.ResourceStatus,
		aws.ToString(e.ResourceStatusReason))
}
