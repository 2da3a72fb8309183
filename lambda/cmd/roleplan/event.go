package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/properties"
)

//go:embed example.json
var example string

// fromFile reads an event, or the record of one in the function's log.
func fromFile(name string) (json.RawMessage, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		// The error of the operating system, without the name that the caller says anyway.
		return nil, errors.Unwrap(err)
	}
	var record struct {
		Event json.RawMessage `json:"event"`
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return nil, fmt.Errorf("it must be an event as JSON, and is none: %w. roleplan -example prints one", err)
	}
	if record.Event != nil {
		return record.Event, nil
	}
	return raw, nil
}

// configuration returns the AWS configuration of the environment, or says what it lacks.
func configuration(ctx context.Context, options ...func(*config.LoadOptions) error) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append(options, config.WithRetryer(provision.Retryer))...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, fmt.Errorf("no AWS credentials were found: %w. Set AWS_PROFILE, or log in by aws sso login", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no Region is set. Set AWS_REGION")
	}
	return cfg, nil
}

// fromStack returns the event that an update of a deployed stack would send, with the properties of the last one: CloudFormation keeps
// them in the stack's events. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
func fromStack(ctx context.Context, stack, resource string) (json.RawMessage, error) {
	cfg, err := configuration(ctx)
	if err != nil {
		return nil, err
	}
	pages := cloudformation.NewDescribeStackEventsPaginator(cloudformation.NewFromConfig(cfg),
		&cloudformation.DescribeStackEventsInput{StackName: &stack})
	var found []string
	event := map[string]any{"RequestType": "Update", "ResourceType": properties.ResourceType}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the events of the stack: %w", err)
		}
		// The newest ones come first. Deletions may be those of replaced roles.
		for _, e := range page.StackEvents {
			if strings.HasPrefix(string(e.ResourceStatus), "DELETE_") {
				continue
			}
			id, given := aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceProperties)
			if aws.ToString(e.ResourceType) != properties.ResourceType || resource != "" && id != resource || slices.Contains(found, id) ||
				!json.Valid([]byte(given)) {
				continue
			}
			found = append(found, id)
			event["StackId"], event["LogicalResourceId"] = e.StackId, id
			event["PhysicalResourceId"] = aws.ToString(e.PhysicalResourceId)
			event["ResourceProperties"], event["OldResourceProperties"] = json.RawMessage(given), json.RawMessage(given)
			if !strings.HasPrefix(aws.ToString(e.PhysicalResourceId), "arn:") {
				event["RequestType"] = "Create"
				delete(event, "OldResourceProperties")
			}
		}
	}
	switch {
	case len(found) == 0 && resource != "":
		return nil, fmt.Errorf("it has no resource %s of type %s", resource, properties.ResourceType)
	case len(found) == 0:
		return nil, fmt.Errorf("it has no resource of type %s", properties.ResourceType)
	case len(found) > 1:
		return nil, fmt.Errorf("it has several resources of type %s. Choose one by -resource: %s", properties.ResourceType,
			strings.Join(found, ", "))
	}
	return json.Marshal(event)
}
