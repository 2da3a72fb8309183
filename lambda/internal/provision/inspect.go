package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/servicerole"
)

// Inspect reads what only findings need, as far as it isn't known. It never fails: an event must not fail for what it can do without.
func (p *Provisioner) Inspect(ctx context.Context, i servicerole.Identity, q servicerole.Questions,
	known servicerole.Inspected) servicerole.Inspected {
	found := servicerole.Inspected{Answered: known.Answered, Buckets: map[string]servicerole.BucketSettings{}, Boundary: known.Boundary,
		Denials: slices.Clone(known.Denials)}
	maps.Copy(found.Buckets, known.Buckets)
	q = q.Without(known.Answered)
	var mutex sync.Mutex
	var reads []func() error
	// read adds a call; keep takes its answer in. notFound is the code of the answer that nothing is configured.
	read := func(doing, action, target, notFound string, call func() (func(), error)) {
		// What was denied before is asked again.
		found.Denials = slices.DeleteFunc(found.Denials, func(err error) bool {
			denied := (*Failure)(nil)
			return errors.As(err, &denied) && denied.Action == action && denied.Target == target
		})
		reads = append(reads, func() error {
			keep, err := call()
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err == nil, notFound != "" && code(err) == notFound:
				keep()
			default:
				found.Denials = append(found.Denials, &Failure{Doing: doing, Action: action, Target: target, Err: err})
			}
			return nil
		})
	}
	set := func(asked *[]string, name string, change func(*servicerole.BucketSettings)) {
		*asked = append(*asked, name)
		settings := found.Buckets[name]
		change(&settings)
		found.Buckets[name] = settings
	}
	owner := aws.String(i.AccountID)
	for _, name := range q.Payment {
		read("read who pays for requests to bucket "+name, "s3:GetBucketRequestPayment", i.Bucket(name).ARN, "", func() (func(), error) {
			out, err := p.S3.GetBucketRequestPayment(ctx, &s3.GetBucketRequestPaymentInput{Bucket: aws.String(name), ExpectedBucketOwner: owner})
			return func() {
				set(&found.Answered.Payment, name, func(b *servicerole.BucketSettings) { b.RequesterPays = out.Payer == types.PayerRequester })
			}, err
		})
	}
	for _, name := range q.Ownership {
		read("read the Object Ownership of bucket "+name, "s3:GetBucketOwnershipControls", i.Bucket(name).ARN, "OwnershipControlsNotFoundError",
			func() (func(), error) {
				out, err := p.S3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: aws.String(name),
					ExpectedBucketOwner: owner})
				return func() {
					set(&found.Answered.Ownership, name, func(b *servicerole.BucketSettings) { b.ObjectWriter = isObjectWriter(out) })
				}, err
			})
	}
	for _, name := range q.PublicAccess {
		read("read Block Public Access of bucket "+name, "s3:GetBucketPublicAccessBlock", i.Bucket(name).ARN,
			"NoSuchPublicAccessBlockConfiguration", func() (func(), error) {
				out, err := p.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: aws.String(name), ExpectedBucketOwner: owner})
				return func() {
					set(&found.Answered.PublicAccess, name, func(b *servicerole.BucketSettings) {
						b.BlocksPublicPolicy = out != nil && out.PublicAccessBlockConfiguration != nil &&
							aws.ToBool(out.PublicAccessBlockConfiguration.BlockPublicPolicy)
					})
				}, err
			})
	}
	if q.Boundary != "" {
		read("read permissions boundary "+q.Boundary, "iam:GetPolicy and iam:GetPolicyVersion", q.Boundary, "", func() (func(), error) {
			document, err := p.readBoundary(ctx, q.Boundary)
			return func() { found.Boundary, found.Answered.Boundary = document, q.Boundary }, err
		})
	}
	// None of them fails.
	_ = parallel.Together(reads...)
	return found
}

// isObjectWriter takes a bucket without controls for an old one, in which they are so. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
func isObjectWriter(out *s3.GetBucketOwnershipControlsOutput) bool {
	if out == nil || out.OwnershipControls == nil || len(out.OwnershipControls.Rules) == 0 {
		return true
	}
	return out.OwnershipControls.Rules[0].ObjectOwnership == types.ObjectOwnershipObjectWriter
}

// readBoundary returns the document of a managed policy in force.
func (p *Provisioner) readBoundary(ctx context.Context, arn string) (string, error) {
	out, err := p.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
	if err != nil {
		return "", err
	}
	version, err := p.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(arn), VersionId: out.Policy.DefaultVersionId})
	if err != nil {
		return "", err
	}
	return decoded(version.PolicyVersion.Document)
}
