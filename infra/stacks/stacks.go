package stacks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// Operator operates on stacks.
type Operator struct {
	CloudFormation *cloudformation.Client
	// Tags are those of the stacks that it creates and updates.
	Tags map[string]string
	// Progress gets a line for each event of a stack.
	Progress io.Writer
	// Pause is between two looks at a stack.
	Pause time.Duration

	started time.Time
}

// NewOperator returns an operator that looks at a stack every two seconds.
func NewOperator(cfg aws.Config, progress io.Writer) *Operator {
	return &Operator{CloudFormation: cloudformation.NewFromConfig(cfg), Progress: progress, Pause: 2 * time.Second, started: time.Now()}
}

// Parameters are the values of a stack's parameters, by their names.
type Parameters map[string]string

func (p Parameters) list() []types.Parameter {
	var list []types.Parameter
	for name, value := range p {
		list = append(list, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	return list
}

func (o *Operator) tagList() []types.Tag {
	var list []types.Tag
	for key, value := range o.Tags {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	return list
}

var capabilities = []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam}

// token returns a ClientRequestToken. CloudFormation recognises a request by it if the SDK repeats the request because its answer was
// lost. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
func token() *string { return aws.String(rand.Text()) }

// Create creates a stack, and waits. The error says which resources failed, why, and what to do.
func (o *Operator) Create(ctx context.Context, stack, template string, p Parameters) error {
	out, err := o.CloudFormation.CreateStack(ctx, &cloudformation.CreateStackInput{
		StackName: &stack, TemplateBody: &template, Parameters: p.list(), Capabilities: capabilities, Tags: o.tagList(),
		ClientRequestToken: token(),
	})
	if err != nil {
		return fmt.Errorf("create stack %s: %w", stack, err)
	}
	return o.follow(ctx, "create", stack, aws.ToString(out.StackId), "")
}

// Update updates a stack, and waits. Parameters that are left out get the template's defaults.
func (o *Operator) Update(ctx context.Context, stack, template string, p Parameters) error {
	return o.update(ctx, stack, template, p.list())
}

func (o *Operator) update(ctx context.Context, stack, template string, p []types.Parameter) error {
	last, err := o.lastEvent(ctx, stack)
	if err != nil {
		return err
	}
	out, err := o.CloudFormation.UpdateStack(ctx, &cloudformation.UpdateStackInput{
		StackName: &stack, TemplateBody: &template, Parameters: p, Capabilities: capabilities, Tags: o.tagList(),
		ClientRequestToken: token(),
	})
	if err != nil {
		return fmt.Errorf("update stack %s: %w", stack, err)
	}
	return o.follow(ctx, "update", stack, aws.ToString(out.StackId), last)
}

// Delete deletes a stack, and waits.
func (o *Operator) Delete(ctx context.Context, stack string) error {
	last, err := o.lastEvent(ctx, stack)
	if err != nil {
		return err
	}
	described, err := o.describe(ctx, stack)
	if err != nil {
		return err
	}
	in := &cloudformation.DeleteStackInput{StackName: &stack, ClientRequestToken: token()}
	if _, err := o.CloudFormation.DeleteStack(ctx, in); err != nil {
		return fmt.Errorf("delete stack %s: %w", stack, err)
	}
	return o.follow(ctx, "delete", stack, aws.ToString(described.StackId), last)
}

// Outputs returns the outputs of a stack.
func (o *Operator) Outputs(ctx context.Context, stack string) (map[string]string, error) {
	described, err := o.describe(ctx, stack)
	if err != nil {
		return nil, err
	}
	outputs := map[string]string{}
	for _, output := range described.Outputs {
		outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	return outputs, nil
}

func (o *Operator) describe(ctx context.Context, stack string) (types.Stack, error) {
	out, err := o.CloudFormation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		return types.Stack{}, fmt.Errorf("describe stack %s: %w", stack, err)
	}
	return out.Stacks[0], nil
}

// says reports whether CloudFormation refused a call with these words; its code for that is the same for everything.
func says(err error, words string) bool {
	var refusal smithy.APIError
	return errors.As(err, &refusal) && refusal.ErrorCode() == "ValidationError" && strings.Contains(refusal.ErrorMessage(), words)
}
