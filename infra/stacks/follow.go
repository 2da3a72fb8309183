package stacks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// lastEvent returns the ID of the newest event of a stack.
func (o *Operator) lastEvent(ctx context.Context, stack string) (string, error) {
	out, err := o.CloudFormation.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	if err != nil {
		return "", fmt.Errorf("read the events of stack %s: %w", stack, err)
	}
	if len(out.StackEvents) == 0 {
		return "", nil
	}
	return aws.ToString(out.StackEvents[0].EventId), nil
}

// eventsAfter returns the events of a stack after the one with an ID, oldest first.
func (o *Operator) eventsAfter(ctx context.Context, stack, last string) ([]types.StackEvent, error) {
	var events []types.StackEvent
	// CloudFormation returns the newest ones first.
	pages := cloudformation.NewDescribeStackEventsPaginator(o.CloudFormation, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the events of stack %s: %w", stack, err)
		}
		for _, e := range page.StackEvents {
			if last != "" && aws.ToString(e.EventId) == last {
				slices.Reverse(events)
				return events, nil
			}
			events = append(events, e)
		}
	}
	slices.Reverse(events)
	return events, nil
}

// follow prints the events of an operation after one with an ID, until the operation ends.
func (o *Operator) follow(ctx context.Context, verb, name, stackID, last string) error {
	var reasons []string
	for {
		events, err := o.eventsAfter(ctx, stackID, last)
		if err != nil {
			return err
		}
		for _, e := range events {
			last = aws.ToString(e.EventId)
			o.tell(name, e)
			if reason := reasonOf(e); reason != "" {
				reasons = append(reasons, aws.ToString(e.LogicalResourceId)+": "+reason)
			}
			// The status that DescribeStacks returns may still be that of before.
			status := string(e.ResourceStatus)
			switch {
			case aws.ToString(e.PhysicalResourceId) != stackID, strings.HasSuffix(status, "_IN_PROGRESS"):
			case status == strings.ToUpper(verb)+"_COMPLETE":
				return nil
			default:
				return &FailedError{Verb: verb, Stack: name, Status: status, Reasons: reasons}
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s stack %s: %w", verb, name, ctx.Err())
		case <-time.After(o.Pause):
		}
	}
}

// reasonOf returns why an event failed; empty if it didn't, or only because another one failed.
func reasonOf(e types.StackEvent) string {
	reason := aws.ToString(e.ResourceStatusReason)
	if !strings.HasSuffix(string(e.ResourceStatus), "_FAILED") || strings.HasSuffix(reason, " cancelled") {
		return ""
	}
	return reason
}

func (o *Operator) tell(stack string, e types.StackEvent) {
	line := fmt.Sprintf("%6.1fs  %-10s %-19s %-18s %s", time.Since(o.started).Seconds(), stack, aws.ToString(e.LogicalResourceId),
		e.ResourceStatus, aws.ToString(e.ResourceStatusReason))
	fmt.Fprintln(o.Progress, strings.TrimRight(line, " "))
}
