package provision

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/servicerole"
)

// observeRole returns nil only if IAM doesn't know the role by its name.
func (p *Provisioner) observeRole(ctx context.Context, name servicerole.RoleRef, isNew bool) (role *servicerole.ObservedRole, err error) {
	err = p.reread(ctx, func() (err error) {
		role, err = p.readRole(ctx, name, isNew)
		return err
	})
	return role, err
}

// askOfExisting runs get, which asks whether a thing exists, and more, which read the rest: in parallel, because most things exist, or one
// after the other if the thing is expected to be new. Each connection that isn't opened saves a handshake. A failure doesn't cancel the
// other calls, so every event makes the same calls.
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
