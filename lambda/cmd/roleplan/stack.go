package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"personalize-role/lambda/internal/template"
	"personalize-role/lambda/properties"
)

// stack is a deployed stack.
type stack struct {
	id string
	// ids are the logical IDs of its resources of our type, the one of the newest event first.
	ids       []string
	resources map[string]deployed
	// physical are the IDs of all its resources, by logical ID. retained are the resources of our type that stay when they leave the stack.
	physical map[string]string
	retained map[string]bool
	// parameters are its parameters, and resolved the values of those that name another parameter of Systems Manager.
	parameters, resolved map[string]string
}

// deployed is a resource of a stack with the properties of its last event.
type deployed struct {
	physicalID string
	properties json.RawMessage
}

// readStack returns the resources of a deployed stack with the properties of their last events, which CloudFormation keeps. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
func readStack(ctx context.Context, cfg aws.Config, name string) (stack, error) {
	s := stack{resources: map[string]deployed{}, physical: map[string]string{}, retained: map[string]bool{}, parameters: map[string]string{},
		resolved: map[string]string{}}
	gone, deleted := map[string]bool{}, map[string]bool{}
	pages := cloudformation.NewDescribeStackEventsPaginator(cloudformation.NewFromConfig(cfg),
		&cloudformation.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s, fmt.Errorf("read the events of the stack: %w", err)
		}
		// The newest ones come first.
		for _, e := range page.StackEvents {
			s.id = aws.ToString(e.StackId)
			id, given := aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceProperties)
			_, known := s.resources[id]
			physical := id + " " + aws.ToString(e.PhysicalResourceId)
			// Deletions may be those of replaced roles: a resource is gone if its newest role is.
			deleted[physical] = deleted[physical] || e.ResourceStatus == types.ResourceStatusDeleteComplete
			gone[id] = gone[id] || !known && deleted[physical] && !strings.HasPrefix(string(e.ResourceStatus), "DELETE_")
			if gone[id] || known || strings.HasPrefix(string(e.ResourceStatus), "DELETE_") ||
				aws.ToString(e.ResourceType) != properties.ResourceType || !json.Valid([]byte(given)) {
				continue
			}
			s.ids = append(s.ids, id)
			s.resources[id] = deployed{physicalID: aws.ToString(e.PhysicalResourceId), properties: json.RawMessage(given)}
		}
	}
	return s, nil
}

// describe reads what an update by a template depends on: resources, parameters and the template that is deployed.
func (s *stack) describe(ctx context.Context, cfg aws.Config) error {
	client := cloudformation.NewFromConfig(cfg)
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &s.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read the resources of the stack: %w", err)
		}
		for _, r := range page.StackResourceSummaries {
			if r.ResourceStatus != types.ResourceStatusDeleteComplete {
				s.physical[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
			}
		}
	}
	stacks, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &s.id})
	if err != nil {
		return fmt.Errorf("read the parameters of the stack: %w", err)
	}
	for _, one := range stacks.Stacks {
		for _, p := range one.Parameters {
			s.parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
			if p.ResolvedValue != nil {
				s.resolved[aws.ToString(p.ParameterKey)] = *p.ResolvedValue
			}
		}
	}
	out, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &s.id, TemplateStage: types.TemplateStageProcessed})
	if err != nil {
		return fmt.Errorf("read the template of the stack: %w", err)
	}
	old, err := template.Parse([]byte(aws.ToString(out.TemplateBody)))
	if err != nil {
		return fmt.Errorf("the template of the stack can't be parsed: %w", err)
	}
	for id, r := range old.Resources {
		s.retained[id] = strings.HasPrefix(r.DeletionPolicy, "Retain")
	}
	return nil
}

// requests returns the events that an update with the properties of the last one would send.
func (s stack) requests(resource string) (requests, error) {
	var all []request
	for _, id := range s.ids {
		if resource != "" && id != resource {
			continue
		}
		r := s.resources[id]
		event := map[string]any{"RequestType": "Update", "ResourceType": properties.ResourceType, "StackId": s.id, "LogicalResourceId": id,
			"PhysicalResourceId": r.physicalID, "ResourceProperties": r.properties, "OldResourceProperties": r.properties}
		if !r.isThere() {
			event["RequestType"] = "Create"
			delete(event, "OldResourceProperties")
		}
		all = append(all, request{resource: id, event: event})
	}
	switch {
	case len(s.ids) == 0:
		return requests{}, fmt.Errorf("it has no resource of type %s", properties.ResourceType)
	case len(all) == 0:
		return requests{}, fmt.Errorf("it has no resource %s of type %s. It has %s", resource, properties.ResourceType, strings.Join(s.ids, ", "))
	}
	return requests{all: all}, nil
}

// isThere reports whether a role was made: until then CloudFormation has an ID of its own.
func (d deployed) isThere() bool { return strings.HasPrefix(d.physicalID, "arn:") }
