package provision

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"personalize-role/lambda/internal/lifecycle"
	"personalize-role/lambda/internal/servicerole"
)

// patience bounds the question whether an event is still wanted: an answer is worth a moment, not the deployment.
const patience = 15 * time.Second

// Judge asks CloudFormation whether an event is still wanted. Where it doesn't answer, or the function may not ask, the
// event counts as wanted, and the log says so.
func (p *Provisioner) Judge(ctx context.Context, i servicerole.Identity, request lifecycle.RequestType, physicalID string) lifecycle.Verdict {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var report lifecycle.Report
	resource, err := p.CloudFormation.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{
		StackName:         aws.String(i.StackID),
		LogicalResourceId: aws.String(i.LogicalID),
	})
	switch {
	case err == nil && resource.StackResourceDetail != nil:
		report.ResourceStatus = string(resource.StackResourceDetail.ResourceStatus)
		report.PhysicalID = aws.ToString(resource.StackResourceDetail.PhysicalResourceId)
	case err != nil && code(err) != "ValidationError":
		p.unasked(ctx, "cloudformation:DescribeStackResource", err)
		return lifecycle.Wanted
	}
	verdict := lifecycle.Judge(request, physicalID, report)
	if verdict == lifecycle.Unclear {
		report.StackStatus = p.stackStatus(ctx, i)
		verdict = lifecycle.Judge(request, physicalID, report)
	}
	if verdict == lifecycle.Unclear {
		verdict = lifecycle.Wanted
	}
	p.Log.InfoContext(ctx, "judged event", "verdict", verdict.String(), "resourceStatus", report.ResourceStatus,
		"stackStatus", report.StackStatus)
	return verdict
}

// IsRollingBack tells whether CloudFormation takes an update of the stack back; no where it doesn't say.
func (p *Provisioner) IsRollingBack(ctx context.Context, i servicerole.Identity) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return strings.HasPrefix(p.stackStatus(ctx, i), "UPDATE_ROLLBACK_")
}

func (p *Provisioner) stackStatus(ctx context.Context, i servicerole.Identity) string {
	stacks, err := p.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(i.StackID)})
	if err != nil {
		p.unasked(ctx, "cloudformation:DescribeStacks", err)
		return ""
	}
	if len(stacks.Stacks) == 0 {
		return ""
	}
	return string(stacks.Stacks[0].StackStatus)
}

func (p *Provisioner) unasked(ctx context.Context, action string, err error) {
	p.Log.WarnContext(ctx, "can't ask CloudFormation about this event; going on", "action", action, "cause", cause(err))
}
