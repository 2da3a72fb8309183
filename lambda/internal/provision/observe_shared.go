package provision

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// observeBucket reads the policy of a bucket, or finds out why there is none to read, and the key of its default encryption if that counts.
func (p *Provisioner) observeBucket(ctx context.Context, i servicerole.Identity, name string, encryption bool) (servicerole.ObservedShared,
	error) {
	var (
		found  servicerole.ObservedShared
		key    *servicerole.DefaultKey
		failed [2]error
	)
	// Neither ends the other: the policy's errors say whether the function can reach the bucket.
	_ = parallel.Together(
		func() error {
			found, failed[0] = p.observeBucketPolicy(ctx, i, name)
			return nil
		},
		func() error {
			if encryption {
				key, failed[1] = p.readEncryption(ctx, i, name)
			}
			return nil
		},
	)
	if failed[0] != nil || !encryption || found.Presence != servicerole.Present {
		return found, failed[0]
	}
	var err error
	found.DefaultKey, err = p.resolve(ctx, i, name, key, failed[1])
	return found, err
}

// observeBucketPolicy reads the policy of a bucket, or finds out why there is none to read.
func (p *Provisioner) observeBucketPolicy(ctx context.Context, i servicerole.Identity, name string) (servicerole.ObservedShared, error) {
	bucket := i.Bucket(name)
	document := p.bucketDocument(bucket, i.AccountID)
	failed := func(action string, err error) error {
		return &Failure{Doing: "read the policy of bucket " + name, Action: action, Target: bucket.ARN, Err: err}
	}
	began := p.Now()
	text, err := document.Read(ctx)
	if IsDenied(err) || code(err) == "MethodNotAllowed" {
		own, missing, listErr := p.ownsBucket(ctx, name)
		switch {
		case missing:
			return servicerole.ObservedShared{Presence: servicerole.Missing}, nil
		case IsDenied(listErr):
			return servicerole.ObservedShared{Presence: servicerole.Denied, Denial: failed("s3:ListAllMyBuckets", listErr)}, nil
		case listErr != nil:
			return servicerole.ObservedShared{}, failed("s3:ListAllMyBuckets", listErr)
		case !own:
			return servicerole.ObservedShared{Presence: servicerole.InAnotherAccount}, nil
		}
		err = p.persist(ctx, false, func() (err error) {
			began = p.Now()
			text, err = document.Read(ctx)
			return err
		})
	}
	switch {
	case err == nil:
		return servicerole.ObservedShared{Presence: servicerole.Present, Policy: text, At: began}, nil
	case isElsewhere(err):
		return servicerole.ObservedShared{Presence: servicerole.InAnotherRegion, Region: p.regionOf(ctx, name, err)}, nil
	case isGone(err):
		return servicerole.ObservedShared{Presence: servicerole.Missing}, nil
	case IsDenied(err):
		return servicerole.ObservedShared{Presence: servicerole.Denied, Denial: failed(document.GetAction, err)}, nil
	}
	return servicerole.ObservedShared{}, failed(document.GetAction, err)
}

// regionOf returns the Region of a bucket that S3 says isn't in this one, or the empty string if it isn't known.
func (p *Provisioner) regionOf(ctx context.Context, name string, answer error) string {
	if region := regionIn(answer); region != "" {
		return region
	}
	listed, err := p.listed(ctx, name)
	if err != nil || listed == nil {
		return ""
	}
	return aws.ToString(listed.BucketRegion)
}

// ownsBucket reports whether this account owns a bucket, and whether no bucket has that name. S3 returns the same error for a bucket of
// another account as for a missing permission, but it reports to every caller that a bucket doesn't exist. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
func (p *Provisioner) ownsBucket(ctx context.Context, name string) (own, missing bool, err error) {
	// Neither ends the other.
	_ = parallel.Together(
		func() error {
			err = p.persist(ctx, false, func() error {
				listed, err := p.listed(ctx, name)
				own = listed != nil
				return err
			})
			return nil
		},
		func() error {
			_, err := p.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(name)})
			missing = code(err) == "NotFound"
			return nil
		},
	)
	return own, missing, err
}

// listed returns a bucket of this account as ListBuckets describes it, or nil.
func (p *Provisioner) listed(ctx context.Context, name string) (*types.Bucket, error) {
	pages := s3.NewListBucketsPaginator(p.S3, &s3.ListBucketsInput{Prefix: aws.String(name)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if n := slices.IndexFunc(page.Buckets, func(b types.Bucket) bool { return aws.ToString(b.Name) == name }); n >= 0 {
			return &page.Buckets[n], nil
		}
	}
	return nil, nil
}

// observeKey reads the state and the policy of a KMS key.
func (p *Provisioner) observeKey(ctx context.Context, arn string) (servicerole.ObservedShared, error) {
	document := p.keyDocument(arn)
	found := servicerole.ObservedShared{Presence: servicerole.Present}
	calls := []struct {
		action string
		read   func() error
		err    error
	}{
		{action: "kms:DescribeKey", read: func() error {
			out, err := p.KMS.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(arn)})
			if err == nil {
				found.State = string(out.KeyMetadata.KeyState)
				found.AWSManaged = out.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeAws
			}
			return err
		}},
		{action: document.GetAction, read: func() (err error) {
			found.At = p.Now()
			found.Policy, err = document.Read(ctx)
			return err
		}},
	}
	reads := make([]func() error, len(calls))
	for n := range calls {
		reads[n] = func() error {
			calls[n].err = p.persist(ctx, false, calls[n].read)
			return nil
		}
	}
	// Each error is told apart below.
	_ = parallel.Together(reads...)
	for _, call := range calls {
		failure := &Failure{Doing: "read KMS key " + arn + " and its policy", Action: call.action, Target: arn, Err: call.err}
		switch {
		case call.err == nil:
		case isGone(call.err):
			return servicerole.ObservedShared{}, nil
		case IsDenied(call.err):
			return servicerole.ObservedShared{Presence: servicerole.Denied, Denial: failure}, nil
		default:
			return servicerole.ObservedShared{}, failure
		}
	}
	return found, nil
}

// Abandoned returns the Sids of those statements in a policy whose role no longer exists. It checks only statements of this kind, and not
// those of the family ours. It ignores roles with custom names, because the Sid doesn't contain the name. It asks IAM up to the given
// number of times: a statement may be older than its role, because both are created in parallel.
func (p *Provisioner) Abandoned(ctx context.Context, found servicerole.ObservedShared, ours string, times int) []string {
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sids := shared.Sids()
	gone := make([]bool, len(sids))
	var looks []func() error
	for n, sid := range sids {
		role, ok := servicerole.RoleOfSid(sid)
		switch {
		case !ok || policy.IsOfFamily(sid, ours):
		case role == "":
			p.Log.InfoContext(ctx, "the policy has a statement for another role with a custom name", "sid", sid)
		default:
			looks = append(looks, func() error {
				gone[n] = p.isGoneRole(ctx, role, times)
				return nil
			})
		}
	}
	// None of them fails.
	_ = parallel.Together(looks...)
	var abandoned []string
	for n, sid := range sids {
		if gone[n] {
			abandoned = append(abandoned, sid)
		}
	}
	return abandoned
}

// isGoneRole reports whether a role doesn't exist. A question that isn't answered counts as a no.
func (p *Provisioner) isGoneRole(ctx context.Context, name string, times int) bool {
	for n := range times {
		if n > 0 && p.Sleep(ctx, longestPause) != nil {
			return false
		}
		if _, err := p.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name)}); !isNotFound(err) {
			return false
		}
	}
	return true
}
