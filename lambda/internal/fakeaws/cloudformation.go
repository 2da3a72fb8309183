package fakeaws

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// CloudFormation is a fake that returns the statuses that a test sets.
type CloudFormation struct {
	mutex                       sync.Mutex
	resource, physicalID, stack string
	// of are the states of resources in stacks of their own.
	of   map[string][2]string
	tags []types.Tag
	err  error
}

// Tag sets the tags of every stack.
func (f *CloudFormation) Tag(tags map[string]string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.tags = nil
	for key, value := range tags {
		f.tags = append(f.tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
}

// Say sets the status of the resource, its physical id and the status of the stack. No resource status: the stack has no
// such resource.
func (f *CloudFormation) Say(resource, physicalID, stack string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.resource, f.physicalID, f.stack, f.err = resource, physicalID, stack, nil
}

// SayFor sets the status and the physical id of the resource in one stack, whatever Say says of all others.
func (f *CloudFormation) SayFor(stackID, resource, physicalID string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.of == nil {
		f.of = map[string][2]string{}
	}
	f.of[stackID] = [2]string{resource, physicalID}
}

// Deny answers every call AccessDenied, until Say.
func (f *CloudFormation) Deny() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.err = apiError("AccessDenied", "not authorized to perform: cloudformation:DescribeStackResource")
}

// DescribeStackResource is the call of that name.
func (f *CloudFormation) DescribeStackResource(_ context.Context, in *cloudformation.DescribeStackResourceInput,
	_ ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourceOutput, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	resource, physicalID := f.resource, f.physicalID
	if own, ok := f.of[aws.ToString(in.StackName)]; ok {
		resource, physicalID = own[0], own[1]
	}
	if resource == "" {
		return nil, apiError("ValidationError", "Resource %s does not exist for stack %s", aws.ToString(in.LogicalResourceId),
			aws.ToString(in.StackName))
	}
	return &cloudformation.DescribeStackResourceOutput{StackResourceDetail: &types.StackResourceDetail{
		ResourceStatus: types.ResourceStatus(resource), PhysicalResourceId: aws.String(physicalID),
	}}, nil
}

// DescribeStacks is the call of that name.
func (f *CloudFormation) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput,
	...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{StackStatus: types.StackStatus(f.stack), Tags: f.tags}}}, nil
}

// Forget has no stack exist, until Say.
func (f *CloudFormation) Forget() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.err = apiError("ValidationError", "Stack with id app does not exist")
}
