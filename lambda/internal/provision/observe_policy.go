package provision

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/servicerole"
)

// observedPolicy remembers how many entities use the policy.
type observedPolicy struct {
	servicerole.ObservedPolicy
	uses int32
}

// observePolicy returns nil only if IAM doesn't know the policy.
func (p *Provisioner) observePolicy(ctx context.Context, i servicerole.Identity, arn string, scope servicerole.Scope) (
	policy *observedPolicy, err error) {
	err = p.reread(ctx, func() (err error) {
		policy, err = p.readPolicy(ctx, i, arn, scope)
		return err
	})
	return policy, err
}

func (p *Provisioner) readPolicy(ctx context.Context, i servicerole.Identity, arn string, scope servicerole.Scope) (*observedPolicy,
	error) {
	policy := &observedPolicy{}
	failed := func(action string, err error) error {
		return &Failure{Doing: "read policy " + arn, Action: action, Target: arn, Err: err}
	}
	var listed error
	missed := askOfExisting(scope.New,
		func() error {
			out, err := p.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(arn)})
			if err != nil {
				return failed("iam:GetPolicy", err)
			}
			policy.PolicyRef = servicerole.PolicyRef{ARN: arn, Path: aws.ToString(out.Policy.Path), Name: aws.ToString(out.Policy.PolicyName)}
			policy.Tags, policy.DefaultVersion = tagMap(out.Policy.Tags), aws.ToString(out.Policy.DefaultVersionId)
			policy.uses = aws.ToInt32(out.Policy.AttachmentCount) + aws.ToInt32(out.Policy.PermissionsBoundaryUsageCount)
			return nil
		},
		func() { listed = p.listVersions(ctx, policy, arn) },
	)
	switch {
	case isNotFound(missed):
		return nil, nil
	case missed != nil:
		return nil, missed
	case listed != nil:
		return nil, failed("iam:ListPolicyVersions", lag(listed))
	}
	recorded, ok := servicerole.RecordedDigest(policy.Tags, policy.DefaultVersion)
	if ok {
		policy.Recorded = recorded
	}
	if (ok || i.OwnerOf(policy.Tags) != servicerole.ThisResource) && !scope.Documents {
		return policy, nil
	}
	return policy, p.readDocument(ctx, policy)
}

// readDocument reads the document in force, once.
func (p *Provisioner) readDocument(ctx context.Context, policy *observedPolicy) error {
	if policy.Document != "" {
		return nil
	}
	out, err := p.IAM.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(policy.ARN),
		VersionId: aws.String(policy.DefaultVersion)})
	if err != nil {
		return &Failure{Doing: "read policy " + policy.ARN, Action: "iam:GetPolicyVersion", Target: policy.ARN, Err: lag(err)}
	}
	policy.Document, err = decoded(out.PolicyVersion.Document)
	return err
}

func (p *Provisioner) listVersions(ctx context.Context, policy *observedPolicy, arn string) error {
	pages := iam.NewListPolicyVersionsPaginator(p.IAM, &iam.ListPolicyVersionsInput{PolicyArn: aws.String(arn)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			if !v.IsDefaultVersion {
				policy.OtherVersions = append(policy.OtherVersions, aws.ToString(v.VersionId))
			}
		}
	}
	slices.SortFunc(policy.OtherVersions, func(a, b string) int { return versionNumber(a) - versionNumber(b) })
	return nil
}

// versionNumber is the number in v12; IAM counts versions up and never uses a number again.
func versionNumber(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "v"))
	return n
}

// observeUnnamed reads the attached policies that are the resource's own although no property names them: an update whose answer was lost
// leaves such policies. If an attached policy doesn't exist, another process deleted it after the attachments were read, for instance
// another delivery of the event. Its owner can't be determined any more.
func (p *Provisioner) observeUnnamed(ctx context.Context, i servicerole.Identity, role *servicerole.ObservedRole,
	scope servicerole.Scope, named []*observedPolicy) ([]*observedPolicy, error) {
	if role == nil || i.OwnerOf(role.Tags) != servicerole.ThisResource {
		return nil, nil
	}
	found := make([]*observedPolicy, len(role.Attached))
	var reads []func() error
	for k, arn := range role.Attached {
		if !i.IsOwnAccountPolicy(arn) {
			continue
		}
		reads = append(reads, func() (err error) {
			if n := slices.IndexFunc(scope.Policies, func(n servicerole.PolicyRef) bool { return n.ARN == arn }); n >= 0 {
				found[k] = named[n]
			} else if found[k], err = p.observePolicy(ctx, i, arn, servicerole.Scope{Documents: scope.Documents}); err != nil {
				return err
			}
			if found[k] == nil {
				return &Failure{Doing: "read policy " + arn, Action: "iam:GetPolicy", Target: arn, Err: errLagging}
			}
			if slices.Contains(named, found[k]) || i.OwnerOf(found[k].Tags) != servicerole.ThisResource {
				found[k] = nil
			}
			return nil
		})
	}
	err := parallel.Together(reads...)
	return slices.DeleteFunc(found, func(o *observedPolicy) bool { return o == nil }), err
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
			return &Failure{Doing: "list what is attached to policy " + policy.Name, Action: "iam:ListEntitiesForPolicy", Target: policy.ARN,
				Err: err}
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
