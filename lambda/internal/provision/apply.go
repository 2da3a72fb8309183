package provision

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/sharedpolicy"
)

// Apply carries out a plan that was made for what was observed. After an error it starts no further operation. Completed operations stay,
// and the next plan continues from there. The error is a *Failure. Policies of buckets and keys must be verified then.
func (s *Session) Apply(ctx context.Context, todo plan.Plan, o servicerole.Observed) error {
	after := make([][]int, len(todo.Steps))
	edits := make([]*sharedpolicy.Edit, len(todo.Steps))
	for n, step := range todo.Steps {
		after[n] = step.After
		edits[n] = s.editOf(step.Op, s.Identity.AccountID, o)
	}
	s.Wrote = s.Wrote || !todo.Empty()
	err := parallel.Graph(after, func(n int) error {
		op := todo.Steps[n].Op
		if plan.Settles(op) {
			defer func() { s.settles(s.Now()) }()
		}
		if edits[n] != nil {
			return s.writer().Merge(ctx, edits[n])
		}
		err := s.persist(ctx, needsNew(todo, n), func() error { return s.perform(ctx, op) })
		if _, ok := op.(plan.RecordDocument); ok && err != nil {
			s.Log.WarnContext(ctx, "can't record the policy's document; later events read it", "cause", cause(err))
			return nil
		}
		if err != nil {
			return &Failure{Doing: op.String(), Action: op.Actions()[0], Target: op.Target(), Err: err}
		}
		return nil
	})
	s.remember(edits)
	return err
}

// needsNew reports whether a step uses what an earlier step of the same plan creates.
func needsNew(todo plan.Plan, n int) bool {
	return slices.ContainsFunc(todo.Steps[n].After, func(before int) bool {
		switch todo.Steps[before].Op.(type) {
		case plan.CreateRole, plan.CreatePolicy:
			return true
		}
		return false
	})
}

// After a creation, IAM answers NoSuchEntity or AccessDenied for some seconds: the function's permissions depend on the ownership tag, and
// may be new themselves. A real denial should be reported soon. A thing that isn't found may have been deleted by another process: the
// caller then observes again (see Drifted).
const (
	propagation  = 7 * time.Second
	firstPause   = 250 * time.Millisecond
	longestPause = 4 * time.Second
)

// persist makes a call, and retries it while its error may be caused by propagation. The client itself retries errors that any call may
// retry (throttling, lost connections, concurrent modification).
func (p *Provisioner) persist(ctx context.Context, needsNew bool, call func() error) error {
	pause, waited := firstPause, time.Duration(0)
	for {
		err := call()
		mayPass := IsDenied(err) || needsNew && isNotFound(err)
		if !mayPass || waited >= propagation {
			return err
		}
		if p.Sleep(ctx, pause) != nil {
			return err
		}
		waited += pause
		pause = min(2*pause, longestPause)
	}
}

func (p *Provisioner) createRole(ctx context.Context, o plan.CreateRole) (id string, err error) {
	out, err := p.IAM.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName:                 aws.String(o.Role.Name),
		Path:                     aws.String(o.Role.Path),
		Description:              optional(o.Role.Description),
		MaxSessionDuration:       aws.Int32(int32(o.Role.MaxSessionDuration)),
		PermissionsBoundary:      optional(o.Role.Boundary),
		AssumeRolePolicyDocument: aws.String(o.Role.Trust),
		Tags:                     tagList(o.Role.Tags),
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Role.RoleId), nil
}

func (s *Session) perform(ctx context.Context, op plan.Operation) (err error) {
	switch o := op.(type) {
	case plan.CreateRole:
		s.RoleID, err = s.createRole(ctx, o)
	case plan.UpdateTrust:
		_, err = s.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(o.Role.Name),
			PolicyDocument: aws.String(o.Document)})
	case plan.UpdateRole:
		_, err = s.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{
			RoleName:           aws.String(o.Role.Name),
			Description:        aws.String(o.Description),
			MaxSessionDuration: aws.Int32(int32(o.MaxSessionDuration)),
		})
	case plan.PutBoundary:
		_, err = s.IAM.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: aws.String(o.Role.Name),
			PermissionsBoundary: aws.String(o.Boundary)})
	case plan.DeleteBoundary:
		_, err = s.IAM.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: aws.String(o.Role.Name)})
		err = ignoreNotFound(err)
	case plan.TagRole:
		_, err = s.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String(o.Role.Name), Tags: tagList(o.Tags)})
	case plan.UntagRole:
		_, err = s.IAM.UntagRole(ctx, &iam.UntagRoleInput{RoleName: aws.String(o.Role.Name), TagKeys: o.Keys})
		err = ignoreNotFound(err)
	case plan.AttachPolicy:
		_, err = s.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(o.Role.Name), PolicyArn: aws.String(o.Policy)})
	case plan.DetachPolicy:
		_, err = s.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(o.Role.Name), PolicyArn: aws.String(o.Policy)})
		err = ignoreNotFound(err)
	case plan.DeleteInlinePolicy:
		_, err = s.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(o.Role.Name), PolicyName: aws.String(o.Name)})
		err = ignoreNotFound(err)
	case plan.DeleteRole:
		_, err = s.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(o.Role.Name)})
		err = ignoreNotFound(err)
	default:
		err = s.performOnPolicy(ctx, op)
	}
	return err
}

func (s *Session) performOnPolicy(ctx context.Context, op plan.Operation) (err error) {
	switch o := op.(type) {
	case plan.CreatePolicy:
		_, err = s.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{
			PolicyName:     aws.String(o.Policy.Name),
			Path:           aws.String(o.Policy.Path),
			Description:    aws.String("Buckets and keys that Amazon Personalize may use"),
			PolicyDocument: aws.String(o.Policy.Document),
			Tags:           tagList(o.Policy.Tags),
		})
	case plan.CreatePolicyVersion:
		var out *iam.CreatePolicyVersionOutput
		out, err = s.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(o.Policy.ARN),
			PolicyDocument: aws.String(o.Document), SetAsDefault: true})
		if err == nil {
			s.version = aws.ToString(out.PolicyVersion.VersionId)
		}
	case plan.RecordDocument:
		record := servicerole.DocumentRecord(cmp.Or(o.Version, s.version), o.Digest)
		_, err = s.IAM.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: aws.String(o.Policy.ARN),
			Tags: tagList(map[string]string{servicerole.TagDocument: record})})
	case plan.DeletePolicyVersion:
		_, err = s.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: aws.String(o.Policy.ARN),
			VersionId: aws.String(o.Version)})
		err = ignoreNotFound(err)
	case plan.TagPolicy:
		_, err = s.IAM.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: aws.String(o.Policy.ARN), Tags: tagList(o.Tags)})
	case plan.UntagPolicy:
		_, err = s.IAM.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: aws.String(o.Policy.ARN), TagKeys: o.Keys})
		err = ignoreNotFound(err)
	case plan.DeletePolicy:
		_, err = s.IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(o.Policy.ARN)})
		err = ignoreNotFound(err)
	default:
		panic(fmt.Sprintf("no call for operation %T", op))
	}
	return err
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}
