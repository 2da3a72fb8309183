package provision

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/lambda/internal/servicerole"
)

// observedPolicy remembers how many entities use the policy.
type observedPolicy struct {
	servicerole.ObservedPolicy
	uses int32
}

// observePolicy gives nil only if IAM doesn't know the policy.
func (p *Provisioner) observePolicy(ctx context.Context, name servicerole.PolicyName) (policy *observedPolicy, err error) {
	err = p.reread(ctx, func() (err error) {
		policy, err = p.readPolicy(ctx, name)
		return err
	})
	return policy, err
}

func (p *Provisioner) readPolicy(ctx context.Context, name servicerole.PolicyName) (*observedPolicy, error) {
	policy := &observedPolicy{ObservedPolicy: servicerole.ObservedPolicy{PolicyName: name}}
	failed := func(action string, err error) error {
		return &Failure{Doing: "read policy " + name.Name, Action: action, Target: name.ARN, Err: err}
	}
	var versions error
	err := Together(
		func() error {
			out, err := p.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(name.ARN)})
			if err != nil {
				return failed("iam:GetPolicy", err)
			}
			policy.Tags = tagMap(out.Policy.Tags)
			policy.uses = aws.ToInt32(out.Policy.AttachmentCount) + aws.ToInt32(out.Policy.PermissionsBoundaryUsageCount)
			return nil
		},
		func() error {
			versions = p.readVersions(ctx, policy, failed)
			return nil
		},
	)
	switch {
	case isNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return policy, versions
}

// readVersions reads which versions there are, and the document in force.
func (p *Provisioner) readVersions(ctx context.Context, policy *observedPolicy, failed func(action string, err error) error) error {
	pages := iam.NewListPolicyVersionsPaginator(p.IAM, &iam.ListPolicyVersionsInput{PolicyArn: aws.String(policy.ARN)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return failed("iam:ListPolicyVersions", lag(err))
		}
		policy.add(page.Versions)
	}
	out, err := p.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(policy.ARN), VersionId: aws.String(policy.DefaultVersion)})
	if err != nil {
		return failed("iam:GetPolicyVersion", lag(err))
	}
	policy.Document, err = decoded(out.PolicyVersion.Document)
	return err
}

func (p *observedPolicy) add(versions []types.PolicyVersion) {
	for _, v := range versions {
		if v.IsDefaultVersion {
			p.DefaultVersion = aws.ToString(v.VersionId)
		} else {
			p.OtherVersions = append(p.OtherVersions, aws.ToString(v.VersionId))
		}
	}
	slices.SortFunc(p.OtherVersions, func(a, b string) int { return versionNumber(a) - versionNumber(b) })
}

// versionNumber is the number in v12; IAM counts versions up and never uses a number again.
func versionNumber(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return n
}

// observeUnnamed reads the attached policies that may be ours though no property names them: an update whose answer was lost
// leaves such.
func (p *Provisioner) observeUnnamed(ctx context.Context, i servicerole.Identity, role *servicerole.ObservedRole, named []servicerole.PolicyName) ([]*observedPolicy, error) {
	if role == nil || i.OwnerOf(role.Tags) != servicerole.Ours {
		return nil, nil
	}
	var ours []*observedPolicy
	for _, arn := range role.Attached {
		if !i.IsOwnAccountPolicy(arn) || slices.ContainsFunc(named, func(n servicerole.PolicyName) bool { return n.ARN == arn }) {
			continue
		}
		out, err := p.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, &Failure{Doing: "read policy " + arn, Action: "iam:GetPolicy", Target: arn, Err: err}
		}
		if i.OwnerOf(tagMap(out.Policy.Tags)) != servicerole.Ours {
			continue
		}
		name := servicerole.PolicyName{ARN: arn, Path: aws.ToString(out.Policy.Path), Name: aws.ToString(out.Policy.PolicyName)}
		policy, err := p.observePolicy(ctx, name)
		if err != nil {
			return nil, err
		}
		ours = append(ours, policy)
	}
	return ours, nil
}

// observeUsers finds out who uses a policy beside the role.
func (p *Provisioner) observeUsers(ctx context.Context, role *servicerole.ObservedRole, policy *observedPolicy) error {
	var own int32
	if role != nil && slices.Contains(role.Attached, policy.ARN) {
		own = 1
	}
	if policy.uses <= own {
		return nil
	}
	pages := iam.NewListEntitiesForPolicyPaginator(p.IAM, &iam.ListEntitiesForPolicyInput{PolicyArn: aws.String(policy.ARN)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isNotFound(err) {
			return nil
		}
		if err != nil {
			return &Failure{Doing: "read who uses policy " + policy.Name, Action: "iam:ListEntitiesForPolicy", Target: policy.ARN, Err: err}
		}
		for _, r := range page.PolicyRoles {
			if role == nil || aws.ToString(r.RoleName) != role.Name {
				policy.Users = append(policy.Users, "role "+aws.ToString(r.RoleName))
			}
		}
		for _, u := range page.PolicyUsers {
			policy.Users = append(policy.Users, "user "+aws.ToString(u.UserName))
		}
		for _, g := range page.PolicyGroups {
			policy.Users = append(policy.Users, "group "+aws.ToString(g.GroupName))
		}
	}
	return nil
}
