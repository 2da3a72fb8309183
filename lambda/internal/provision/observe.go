package provision

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/servicerole"
)

// Observe reads what the scope names, and those of our policies that are attached to the role without being named. What
// doesn't exist is left out; any other answer that can't be had is an error, a *Failure.
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
			found[n], err = p.observePolicy(ctx, i, policy.ARN, scope.New)
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
	unnamed, err := p.observeUnnamed(ctx, i, o.Role, policies, found)
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

// observeRole returns nil only if IAM doesn't know the role by its name.
func (p *Provisioner) observeRole(ctx context.Context, name servicerole.RoleRef, isNew bool) (role *servicerole.ObservedRole, err error) {
	err = p.reread(ctx, func() (err error) {
		role, err = p.readRole(ctx, name, isNew)
		return err
	})
	return role, err
}

// askOfExisting asks whether a thing is there, and what else there is to know of it: side by side, since most things are there, or one after
// the other if it is expected to be new. Each connection that needn't be opened saves a handshake. None of them ends the others, so that
// every event makes the same calls.
func askOfExisting(isNew bool, get func() error, more ...func()) error {
	var err error
	first := func() error {
		err = get()
		return nil
	}
	var rest []func() error
	for _, ask := range more {
		rest = append(rest, func() error {
			ask()
			return nil
		})
	}
	if !isNew {
		_ = parallel.Together(append(rest, first)...)
		return err
	}
	if err = get(); err == nil {
		_ = parallel.Together(rest...)
	}
	return err
}

func (p *Provisioner) readRole(ctx context.Context, name servicerole.RoleRef, isNew bool) (*servicerole.ObservedRole, error) {
	var (
		role             *servicerole.ObservedRole
		attached, inline []string
		lists            [2]error
	)
	failed := func(action string, err error) error {
		return &Failure{Doing: "read role " + name.Name, Action: action, Target: name.ARN, Err: err}
	}
	missed := askOfExisting(isNew,
		func() error {
			out, err := p.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(name.Name)})
			if err != nil {
				return failed("iam:GetRole", err)
			}
			role, err = describeRole(out.Role)
			return err
		},
		func() { attached, lists[0] = p.listAttached(ctx, name.Name) },
		func() { inline, lists[1] = p.listInline(ctx, name.Name) },
	)
	if isNotFound(missed) {
		return nil, nil
	}
	if missed != nil {
		return nil, missed
	}
	for n, action := range []string{"iam:ListAttachedRolePolicies", "iam:ListRolePolicies"} {
		if lists[n] != nil {
			return nil, failed(action, lag(lists[n]))
		}
	}
	if err := p.confirmUnowned(ctx, role); err != nil {
		return nil, err
	}
	slices.Sort(attached)
	slices.Sort(inline)
	role.Attached, role.Inline = attached, inline
	return role, nil
}

// confirmUnowned reads a role without an owner again, after its lists: another delivery of the event may have adopted and changed it in
// between, and a snapshot of its past would be torn.
func (p *Provisioner) confirmUnowned(ctx context.Context, role *servicerole.ObservedRole) error {
	if _, owned := role.Tags[servicerole.TagStackID]; owned {
		return nil
	}
	failed := func(err error) error {
		return &Failure{Doing: "read role " + role.Name, Action: "iam:GetRole", Target: role.ARN, Err: err}
	}
	out, err := p.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(role.Name)})
	if err != nil {
		return failed(lag(err))
	}
	if _, owned := servicerole.RoleTags(tagMap(out.Role.Tags))[servicerole.TagStackID]; owned {
		return failed(errLagging)
	}
	return nil
}

func (p *Provisioner) listAttached(ctx context.Context, role string) (arns []string, err error) {
	pages := iam.NewListAttachedRolePoliciesPaginator(p.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, policy := range page.AttachedPolicies {
			arns = append(arns, aws.ToString(policy.PolicyArn))
		}
	}
	return arns, nil
}

func (p *Provisioner) listInline(ctx context.Context, role string) (names []string, err error) {
	pages := iam.NewListRolePoliciesPaginator(p.IAM, &iam.ListRolePoliciesInput{RoleName: aws.String(role)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		names = append(names, page.PolicyNames...)
	}
	return names, nil
}

func describeRole(r *types.Role) (*servicerole.ObservedRole, error) {
	trust, err := decoded(r.AssumeRolePolicyDocument)
	if err != nil {
		return nil, fmt.Errorf("read the trust policy of role %s: %w", aws.ToString(r.RoleName), err)
	}
	role := &servicerole.ObservedRole{
		RoleRef:            servicerole.RoleRef{ARN: aws.ToString(r.Arn), Path: aws.ToString(r.Path), Name: aws.ToString(r.RoleName)},
		ID:                 aws.ToString(r.RoleId),
		Description:        aws.ToString(r.Description),
		Created:            aws.ToTime(r.CreateDate),
		MaxSessionDuration: int(aws.ToInt32(r.MaxSessionDuration)),
		Trust:              trust,
		Tags:               servicerole.RoleTags(tagMap(r.Tags)),
	}
	if r.PermissionsBoundary != nil {
		role.Boundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
	}
	return role, nil
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
