package fakeaws

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const maxVersions = 5

// CreatePolicy is the IAM call of that name, as are all methods of this file.
func (f *IAM) CreatePolicy(ctx context.Context, in *iam.CreatePolicyInput, _ ...func(*iam.Options)) (*iam.CreatePolicyOutput, error) {
	return call(ctx, f.Account, "iam:CreatePolicy", func() (*iam.CreatePolicyOutput, error) {
		path := aws.ToString(in.Path)
		if path == "" {
			path = "/"
		}
		p := &managedPolicy{
			name: aws.ToString(in.PolicyName), path: path, tags: map[string]string{}, id: f.newID("ANPA"),
			documents: map[int]string{1: aws.ToString(in.PolicyDocument)}, inForce: 1, newest: 1,
		}
		p.arn = fmt.Sprintf("arn:aws:iam::%s:policy%s%s", f.AccountID, p.path, p.name)
		for _, other := range f.policies {
			if strings.EqualFold(other.name, p.name) {
				return nil, apiError("EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", p.name)
			}
		}
		if err := addTags(p.tags, in.Tags); err != nil {
			return nil, err
		}
		f.policies[p.arn] = p
		return &iam.CreatePolicyOutput{Policy: f.describePolicy(p)}, nil
	})
}

func (f *IAM) describePolicy(p *managedPolicy) *types.Policy {
	return &types.Policy{
		Arn: aws.String(p.arn), PolicyName: aws.String(p.name), Path: aws.String(p.path), PolicyId: aws.String(p.id),
		AttachmentCount: aws.Int32(f.uses(p.arn)), DefaultVersionId: aws.String(version(p.inForce)), Tags: tagList(p.tags),
	}
}

// with is a call on an existing policy.
func with[T any](ctx context.Context, f *IAM, action string, arn *string, do func(*managedPolicy) (*T, error)) (*T, error) {
	return call(ctx, f.Account, action, func() (*T, error) {
		p, err := f.findPolicy(arn)
		if err != nil {
			return nil, err
		}
		return do(p)
	})
}

func (f *IAM) GetPolicy(ctx context.Context, in *iam.GetPolicyInput, _ ...func(*iam.Options)) (*iam.GetPolicyOutput, error) {
	return with(ctx, f, "iam:GetPolicy", in.PolicyArn, func(p *managedPolicy) (*iam.GetPolicyOutput, error) {
		return &iam.GetPolicyOutput{Policy: f.describePolicy(p)}, nil
	})
}

func (f *IAM) GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput, _ ...func(*iam.Options)) (*iam.GetPolicyVersionOutput,
	error) {
	return with(ctx, f, "iam:GetPolicyVersion", in.PolicyArn, func(p *managedPolicy) (*iam.GetPolicyVersionOutput, error) {
		document, ok := p.documents[number(in.VersionId)]
		if !ok {
			return nil, apiError("NoSuchEntity", "Policy %s version %s does not exist.", p.arn, aws.ToString(in.VersionId))
		}
		return &iam.GetPolicyVersionOutput{PolicyVersion: &types.PolicyVersion{
			VersionId: in.VersionId, Document: aws.String(url.PathEscape(document)), IsDefaultVersion: number(in.VersionId) == p.inForce,
		}}, nil
	})
}

func (f *IAM) ListPolicyVersions(ctx context.Context, in *iam.ListPolicyVersionsInput,
	_ ...func(*iam.Options)) (*iam.ListPolicyVersionsOutput, error) {
	return with(ctx, f, "iam:ListPolicyVersions", in.PolicyArn, func(p *managedPolicy) (*iam.ListPolicyVersionsOutput, error) {
		out := &iam.ListPolicyVersionsOutput{}
		for _, n := range slices.Sorted(maps.Keys(p.documents)) {
			out.Versions = append(out.Versions, types.PolicyVersion{VersionId: aws.String(version(n)), IsDefaultVersion: n == p.inForce})
		}
		return out, nil
	})
}

func (f *IAM) ListEntitiesForPolicy(ctx context.Context, in *iam.ListEntitiesForPolicyInput,
	_ ...func(*iam.Options)) (*iam.ListEntitiesForPolicyOutput, error) {
	return with(ctx, f, "iam:ListEntitiesForPolicy", in.PolicyArn, func(p *managedPolicy) (*iam.ListEntitiesForPolicyOutput, error) {
		out := &iam.ListEntitiesForPolicyOutput{}
		for _, name := range slices.Sorted(maps.Keys(f.roles)) {
			if r := f.roles[name]; slices.Contains(r.attached, p.arn) {
				out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: aws.String(r.name)})
			}
		}
		return out, nil
	})
}

func (f *IAM) CreatePolicyVersion(ctx context.Context, in *iam.CreatePolicyVersionInput,
	_ ...func(*iam.Options)) (*iam.CreatePolicyVersionOutput, error) {
	return with(ctx, f, "iam:CreatePolicyVersion", in.PolicyArn, func(p *managedPolicy) (*iam.CreatePolicyVersionOutput, error) {
		if len(p.documents) >= maxVersions {
			return nil, apiError("LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must "+
				"delete an existing version.")
		}
		p.newest++
		p.documents[p.newest] = aws.ToString(in.PolicyDocument)
		if in.SetAsDefault {
			p.inForce = p.newest
		}
		return &iam.CreatePolicyVersionOutput{PolicyVersion: &types.PolicyVersion{VersionId: aws.String(version(p.newest))}}, nil
	})
}

func (f *IAM) DeletePolicyVersion(ctx context.Context, in *iam.DeletePolicyVersionInput,
	_ ...func(*iam.Options)) (*iam.DeletePolicyVersionOutput, error) {
	return with(ctx, f, "iam:DeletePolicyVersion", in.PolicyArn, func(p *managedPolicy) (*iam.DeletePolicyVersionOutput, error) {
		n := number(in.VersionId)
		if _, ok := p.documents[n]; !ok {
			return nil, apiError("NoSuchEntity", "Policy %s version %s does not exist.", p.arn, aws.ToString(in.VersionId))
		}
		if n == p.inForce {
			return nil, apiError("DeleteConflict", "Cannot delete the default version of a policy.")
		}
		delete(p.documents, n)
		return &iam.DeletePolicyVersionOutput{}, nil
	})
}

func (f *IAM) TagPolicy(ctx context.Context, in *iam.TagPolicyInput, _ ...func(*iam.Options)) (*iam.TagPolicyOutput, error) {
	return with(ctx, f, "iam:TagPolicy", in.PolicyArn, func(p *managedPolicy) (*iam.TagPolicyOutput, error) {
		return &iam.TagPolicyOutput{}, addTags(p.tags, in.Tags)
	})
}

func (f *IAM) UntagPolicy(ctx context.Context, in *iam.UntagPolicyInput, _ ...func(*iam.Options)) (*iam.UntagPolicyOutput, error) {
	return with(ctx, f, "iam:UntagPolicy", in.PolicyArn, func(p *managedPolicy) (*iam.UntagPolicyOutput, error) {
		for _, key := range in.TagKeys {
			delete(p.tags, key)
		}
		return &iam.UntagPolicyOutput{}, nil
	})
}

func (f *IAM) DeletePolicy(ctx context.Context, in *iam.DeletePolicyInput, _ ...func(*iam.Options)) (*iam.DeletePolicyOutput, error) {
	return with(ctx, f, "iam:DeletePolicy", in.PolicyArn, func(p *managedPolicy) (*iam.DeletePolicyOutput, error) {
		if f.uses(p.arn) > 0 {
			return nil, apiError("DeleteConflict", "Cannot delete a policy attached to entities.")
		}
		if len(p.documents) > 1 {
			return nil, apiError("DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the "+
				"policy's versions.")
		}
		delete(f.policies, p.arn)
		return &iam.DeletePolicyOutput{}, nil
	})
}

func version(n int) string { return "v" + strconv.Itoa(n) }

func number(id *string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(aws.ToString(id), "v"))
	return n
}
