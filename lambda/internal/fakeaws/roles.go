package fakeaws

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// CreateRole is the IAM call of that name, as are all methods of this file.
func (f *IAM) CreateRole(ctx context.Context, in *iam.CreateRoleInput, _ ...func(*iam.Options)) (*iam.CreateRoleOutput, error) {
	return call(ctx, f.Account, "iam:CreateRole", func() (*iam.CreateRoleOutput, error) {
		name := aws.ToString(in.RoleName)
		if _, err := f.find(in.RoleName); err == nil {
			return nil, apiError("EntityAlreadyExists", "Role with name %s already exists.", name)
		}
		r := &role{
			name: name, path: aws.ToString(in.Path), id: f.newID("AROA"), description: aws.ToString(in.Description),
			boundary: aws.ToString(in.PermissionsBoundary), trust: aws.ToString(in.AssumeRolePolicyDocument),
			session: aws.ToInt32(in.MaxSessionDuration), tags: map[string]string{}, inline: map[string]string{},
		}
		if err := tagRole(r.tags, in.Tags); err != nil {
			return nil, err
		}
		f.roles[strings.ToLower(name)] = r
		return &iam.CreateRoleOutput{Role: f.describe(r)}, nil
	})
}

func (f *IAM) GetRole(ctx context.Context, in *iam.GetRoleInput, _ ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return call(ctx, f.Account, "iam:GetRole", func() (*iam.GetRoleOutput, error) {
		r, err := f.find(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.GetRoleOutput{Role: f.describe(r)}, nil
	})
}

func (f *IAM) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput,
	_ ...func(*iam.Options)) (*iam.ListAttachedRolePoliciesOutput, error) {
	return call(ctx, f.Account, "iam:ListAttachedRolePolicies", func() (*iam.ListAttachedRolePoliciesOutput, error) {
		r, err := f.find(in.RoleName)
		if err != nil {
			return nil, err
		}
		out := &iam.ListAttachedRolePoliciesOutput{}
		for _, arn := range r.attached {
			out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{PolicyArn: aws.String(arn)})
		}
		return out, nil
	})
}

func (f *IAM) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput, _ ...func(*iam.Options)) (*iam.ListRolePoliciesOutput,
	error) {
	return call(ctx, f.Account, "iam:ListRolePolicies", func() (*iam.ListRolePoliciesOutput, error) {
		r, err := f.find(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.ListRolePoliciesOutput{PolicyNames: slices.Sorted(maps.Keys(r.inline))}, nil
	})
}

// change is a call that changes a role and answers nothing.
func change[T any](ctx context.Context, f *IAM, action string, name *string, do func(*role) error) (*T, error) {
	return call(ctx, f.Account, action, func() (*T, error) {
		r, err := f.find(name)
		if err == nil {
			err = do(r)
		}
		if err != nil {
			return nil, err
		}
		return new(T), nil
	})
}

func (f *IAM) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput,
	_ ...func(*iam.Options)) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return change[iam.UpdateAssumeRolePolicyOutput](ctx, f, "iam:UpdateAssumeRolePolicy", in.RoleName, func(r *role) error {
		r.trust = aws.ToString(in.PolicyDocument)
		return nil
	})
}

func (f *IAM) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput, _ ...func(*iam.Options)) (*iam.UpdateRoleOutput, error) {
	return change[iam.UpdateRoleOutput](ctx, f, "iam:UpdateRole", in.RoleName, func(r *role) error {
		r.description, r.session = aws.ToString(in.Description), aws.ToInt32(in.MaxSessionDuration)
		return nil
	})
}

func (f *IAM) PutRolePermissionsBoundary(ctx context.Context, in *iam.PutRolePermissionsBoundaryInput,
	_ ...func(*iam.Options)) (*iam.PutRolePermissionsBoundaryOutput, error) {
	return change[iam.PutRolePermissionsBoundaryOutput](ctx, f, "iam:PutRolePermissionsBoundary", in.RoleName, func(r *role) error {
		r.boundary = aws.ToString(in.PermissionsBoundary)
		return nil
	})
}

func (f *IAM) DeleteRolePermissionsBoundary(ctx context.Context, in *iam.DeleteRolePermissionsBoundaryInput,
	_ ...func(*iam.Options)) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
	return change[iam.DeleteRolePermissionsBoundaryOutput](ctx, f, "iam:DeleteRolePermissionsBoundary", in.RoleName, func(r *role) error {
		r.boundary = ""
		return nil
	})
}

func (f *IAM) TagRole(ctx context.Context, in *iam.TagRoleInput, _ ...func(*iam.Options)) (*iam.TagRoleOutput, error) {
	return change[iam.TagRoleOutput](ctx, f, "iam:TagRole", in.RoleName, func(r *role) error { return tagRole(r.tags, in.Tags) })
}

func (f *IAM) UntagRole(ctx context.Context, in *iam.UntagRoleInput, _ ...func(*iam.Options)) (*iam.UntagRoleOutput, error) {
	return change[iam.UntagRoleOutput](ctx, f, "iam:UntagRole", in.RoleName, func(r *role) error {
		for _, key := range in.TagKeys {
			untagRole(r.tags, key)
		}
		return nil
	})
}

func (f *IAM) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput, _ ...func(*iam.Options)) (*iam.AttachRolePolicyOutput,
	error) {
	return change[iam.AttachRolePolicyOutput](ctx, f, "iam:AttachRolePolicy", in.RoleName, func(r *role) error {
		arn := aws.ToString(in.PolicyArn)
		if !strings.Contains(arn, ":iam::aws:policy/") {
			if _, err := f.findPolicy(in.PolicyArn); err != nil {
				return err
			}
		}
		if !slices.Contains(r.attached, arn) {
			r.attached = append(r.attached, arn)
		}
		return nil
	})
}

func (f *IAM) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput, _ ...func(*iam.Options)) (*iam.DetachRolePolicyOutput,
	error) {
	return change[iam.DetachRolePolicyOutput](ctx, f, "iam:DetachRolePolicy", in.RoleName, func(r *role) error {
		n := slices.Index(r.attached, aws.ToString(in.PolicyArn))
		if n < 0 {
			return apiError("NoSuchEntity", "Policy %s was not found.", aws.ToString(in.PolicyArn))
		}
		r.attached = slices.Delete(r.attached, n, n+1)
		return nil
	})
}

// PutRolePolicy is what others do to a role; the function never does.
func (f *IAM) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput, _ ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error) {
	return change[iam.PutRolePolicyOutput](ctx, f, "iam:PutRolePolicy", in.RoleName, func(r *role) error {
		r.inline[aws.ToString(in.PolicyName)] = aws.ToString(in.PolicyDocument)
		return nil
	})
}

func (f *IAM) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput, _ ...func(*iam.Options)) (*iam.DeleteRolePolicyOutput,
	error) {
	return change[iam.DeleteRolePolicyOutput](ctx, f, "iam:DeleteRolePolicy", in.RoleName, func(r *role) error {
		if _, ok := r.inline[aws.ToString(in.PolicyName)]; !ok {
			return apiError("NoSuchEntity", "The role policy with name %s cannot be found.", aws.ToString(in.PolicyName))
		}
		delete(r.inline, aws.ToString(in.PolicyName))
		return nil
	})
}

func (f *IAM) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput, _ ...func(*iam.Options)) (*iam.DeleteRoleOutput, error) {
	return change[iam.DeleteRoleOutput](ctx, f, "iam:DeleteRole", in.RoleName, func(r *role) error {
		if len(r.attached) > 0 {
			return apiError("DeleteConflict", "Cannot delete entity, must detach all policies first.")
		}
		if len(r.inline) > 0 {
			return apiError("DeleteConflict", "Cannot delete entity, must delete policies first.")
		}
		delete(f.roles, strings.ToLower(r.name))
		f.KMS.forget(f.roleARN(r), r.id)
		return nil
	})
}
