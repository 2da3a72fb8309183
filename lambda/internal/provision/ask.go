package provision

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/servicerole"
)

const (
	// patience bounds the question whether an event is still wanted: an answer is worth a moment, not the deployment.
	patience = 15 * time.Second
	// secondThought is the pause before the question is asked again: CloudFormation's answer may be older than its event.
	secondThought = 2 * time.Second
)

// Judge asks CloudFormation whether an event that acts on a role is still wanted. It asks again before it returns a verdict other than
// Wanted. If CloudFormation doesn't answer, or the function may not ask, an event is wanted and a drift check is superseded, and the log
// says so.
func (p *Provisioner) Judge(ctx context.Context, i servicerole.Identity, request cfn.RequestType, role servicerole.RoleRef) (cfn.Verdict,
	cfn.Report) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	verdict, report := p.judge(ctx, i, request, role)
	if verdict != cfn.Wanted && p.Sleep(ctx, secondThought) == nil {
		verdict, report = p.judge(ctx, i, request, role)
	}
	return verdict, report
}

func (p *Provisioner) judge(ctx context.Context, i servicerole.Identity, request cfn.RequestType, role servicerole.RoleRef) (cfn.Verdict,
	cfn.Report) {
	var report cfn.Report
	resource, err := p.CloudFormation.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
		StackName:         aws.String(i.StackID),
		LogicalResourceId: aws.String(i.LogicalID),
	})
	switch {
	case err == nil && resource.StackResourceDetail != nil:
		report.ResourceStatus = string(resource.StackResourceDetail.ResourceStatus)
		report.PhysicalID = aws.ToString(resource.StackResourceDetail.PhysicalResourceId)
	// A missing stack and a missing resource have the same code.
	case err != nil && code(err) != "ValidationError":
		p.unasked(ctx, "cloudformation:DescribeStackResource", err)
		return cfn.Unasked(request), report
	}
	verdict := cfn.Judge(request, role.ARN, report)
	if verdict == cfn.Unclear {
		report.StackStatus, report.NoStack = p.stackStatus(ctx, i)
		verdict = cfn.Judge(request, role.ARN, report)
	}
	if verdict == cfn.Unclear {
		verdict = cfn.Unasked(request)
	}
	p.Log.InfoContext(ctx, "judged event", "verdict", verdict.String(), "resourceStatus", report.ResourceStatus,
		"stackStatus", report.StackStatus, "noStack", report.NoStack)
	return verdict, report
}

// IsRollingBack reports whether CloudFormation rolls an update of the stack back, and false if that can't be known.
func (p *Provisioner) IsRollingBack(ctx context.Context, i servicerole.Identity) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, _ := p.stackStatus(ctx, i)
	return strings.HasPrefix(status, "UPDATE_ROLLBACK_")
}

// stackStatus returns the status of the stack, or that CloudFormation doesn't know the stack.
func (p *Provisioner) stackStatus(ctx context.Context, i servicerole.Identity) (status string, missing bool) {
	stack, missing := p.describeStack(ctx, i)
	if stack == nil {
		return "", missing
	}
	return string(stack.StackStatus), false
}

// stackTags returns the tags of the stack; none if CloudFormation doesn't return them.
func (p *Provisioner) stackTags(ctx context.Context, i servicerole.Identity) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stack, _ := p.describeStack(ctx, i)
	if stack == nil {
		return nil
	}
	tags := map[string]string{}
	for _, t := range stack.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

func (p *Provisioner) describeStack(ctx context.Context, i servicerole.Identity) (stack *types.Stack, missing bool) {
	stacks, err := p.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(i.StackID)})
	switch {
	case err != nil && code(err) == "ValidationError" && containsFold(err.Error(), "does not exist"):
		return nil, true
	case err != nil:
		p.unasked(ctx, "cloudformation:DescribeStacks", err)
		return nil, false
	case len(stacks.Stacks) == 0:
		return nil, false
	}
	return &stacks.Stacks[0], false
}

func (p *Provisioner) unasked(ctx context.Context, action string, err error) {
	p.Log.WarnContext(ctx, "can't ask CloudFormation about this event", "action", action, "cause", cause(err))
}
