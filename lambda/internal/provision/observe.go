package provision

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/servicerole"
)

// Observe reads what the scope names, and the resource's own policies that are attached to the role without being named. A role or policy
// that doesn't exist is left out. Any other failed read is a *Failure, unless access to a bucket or key was denied, which is part of the
// result.
func (p *Provisioner) Observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (o servicerole.Observed, err error) {
	err = p.reread(ctx, func() (err error) {
		o, err = p.observe(ctx, i, scope)
		return err
	})
	return o, err
}

func (p *Provisioner) observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	o := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{}, Keys: map[string]servicerole.ObservedShared{}}
	policies := scope.Policies
	found := make([]*observedPolicy, len(policies))
	buckets, keys := make([]servicerole.ObservedShared, len(scope.Buckets)), make([]servicerole.ObservedShared, len(scope.Keys))
	reads := []func() error{func() (err error) {
		o.Role, err = p.observeRole(ctx, scope.Role, scope.New)
		return err
	}}
	for n, policy := range policies {
		reads = append(reads, func() (err error) {
			found[n], err = p.observePolicy(ctx, i, policy.ARN, scope)
			return err
		})
	}
	for n, name := range scope.Buckets {
		reads = append(reads, func() (err error) {
			buckets[n], err = p.observeBucket(ctx, i, name, slices.Contains(scope.Defaults, name))
			return err
		})
	}
	for n, arn := range scope.Keys {
		reads = append(reads, func() (err error) {
			keys[n], err = p.observeKey(ctx, arn)
			return err
		})
	}
	if scope.StackTags {
		reads = append(reads, func() error {
			o.StackTags = p.stackTags(ctx, i)
			return nil
		})
	}
	if err := parallel.Together(reads...); err != nil {
		return servicerole.Observed{}, err
	}
	for n, name := range scope.Buckets {
		o.Buckets[name] = buckets[n]
	}
	for n, arn := range scope.Keys {
		o.Keys[arn] = keys[n]
	}
	unnamed, err := p.observeUnnamed(ctx, i, o.Role, scope, found)
	if err != nil {
		return servicerole.Observed{}, err
	}
	own := o.Role
	if own != nil && i.OwnerOf(own.Tags) != servicerole.ThisResource {
		own = nil
	}
	found = slices.DeleteFunc(append(found, unnamed...), func(policy *observedPolicy) bool { return policy == nil })
	looks := make([]func() error, len(found))
	for n, policy := range found {
		looks[n] = func() error {
			if o.IsOwnerUnknown() && i.OwnerOf(policy.Tags) == servicerole.ThisResource {
				// What the policy says of the bucket is to be kept.
				if err := p.readDocument(ctx, policy); err != nil {
					return err
				}
			}
			err := p.observeUsers(ctx, own, policy)
			if o.Role == nil && err == nil && slices.Contains(policy.Users, "role "+scope.Role.Name) {
				// The policy is attached to a role that IAM doesn't show yet.
				return &Failure{Doing: "read role " + scope.Role.Name, Action: "iam:GetRole", Target: scope.Role.ARN, Err: errLagging}
			}
			return err
		}
	}
	if err := parallel.Together(looks...); err != nil {
		return servicerole.Observed{}, err
	}
	for _, policy := range found {
		o.Policies = append(o.Policies, policy.ObservedPolicy)
	}
	return o, p.observeFoundKeys(ctx, i, o)
}

// observeFoundKeys reads the keys that buckets encrypt by default with, and those that the resource's own policies name.
func (p *Provisioner) observeFoundKeys(ctx context.Context, i servicerole.Identity, o servicerole.Observed) error {
	var arns []string
	for _, b := range o.Buckets {
		if b.DefaultKey != nil && i.IsUsable(*b.DefaultKey) {
			arns = append(arns, b.DefaultKey.ARN)
		}
	}
	arns = append(arns, servicerole.Removal{Identity: i}.Given(o).Keys...)
	slices.Sort(arns)
	arns = slices.DeleteFunc(slices.Compact(arns), func(arn string) bool {
		_, known := o.Keys[arn]
		return known
	})
	keys, reads := make([]servicerole.ObservedShared, len(arns)), make([]func() error, len(arns))
	for n, arn := range arns {
		reads[n] = func() (err error) {
			keys[n], err = p.observeKey(ctx, arn)
			return err
		}
	}
	err := parallel.Together(reads...)
	for n, arn := range arns {
		o.Keys[arn] = keys[n]
	}
	return err
}

// errLagging says that IAM knows a thing, and not yet or no longer everything about it.
var errLagging = errors.New("IAM's answers about it are inconsistent")

// reread reads again while answers lag behind a creation, or something is deleted between two calls.
func (p *Provisioner) reread(ctx context.Context, read func() error) error {
	for attempt := time.Duration(1); ; attempt++ {
		err := read()
		if !errors.Is(err, errLagging) || attempt == 4 || p.Sleep(ctx, attempt*time.Second) != nil {
			return err
		}
	}
}

// lag is the error of a call about something that another call found.
func lag(err error) error {
	if isNotFound(err) {
		return errLagging
	}
	return err
}

// decoded returns what IAM sends percent-encoded. See
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html
func decoded(encoded *string) (string, error) { return url.PathUnescape(aws.ToString(encoded)) }

func tagMap(list []types.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}
