package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/template"
	"personalize-role/lambda/properties"
)

// target is the stack that a template or a file of properties is for.
type target struct {
	partition, region, account, stackName, stackID string
	parameters                                     parameterFlag
	resource                                       string
	// deployed is the stack that is updated; empty if there is none.
	deployed stack
	// physical are the IDs of the template's buckets and keys.
	physical map[string]string
}

// removal is the event for a resource that leaves the stack.
func (to target) removal(id string) request {
	was := to.deployed.resources[id]
	return request{resource: id, isRetained: to.deployed.retained[id], event: map[string]any{
		"RequestType": "Delete", "StackId": to.id(), "LogicalResourceId": id, "ResourceType": properties.ResourceType,
		"PhysicalResourceId": was.physicalID, "ResourceProperties": was.properties,
	}}
}

// request returns the event that a deployment sends for a resource with these properties.
func (to target) request(id string, given any) (request, error) {
	identity, err := servicerole.NewIdentity(to.id(), id)
	if err != nil {
		return request{}, err
	}
	a := &assumer{identity: identity, taken: map[string]bool{}, physical: to.physical}
	event := map[string]any{
		"RequestType": "Create", "StackId": to.id(), "LogicalResourceId": id, "ResourceType": properties.ResourceType,
		"ResourceProperties": a.assume(given, "", ""),
	}
	if was, ok := to.deployed.resources[id]; ok && was.isThere() {
		event["RequestType"], event["PhysicalResourceId"], event["OldResourceProperties"] = "Update", was.physicalID, was.properties
	}
	r := request{resource: id, event: event, assumed: a.made, isExample: to.stackID == ""}
	if event["RequestType"] == "Update" {
		r.isUnchanged, err = areSame(event["ResourceProperties"], to.deployed.resources[id].properties)
	}
	return r, err
}

// areSame reports whether properties are those of a deployed resource, which CloudFormation compares as texts. The function may be another
// one: its ARN isn't known before the deployment.
func areSame(now any, deployed json.RawMessage) (bool, error) {
	text, err := json.Marshal(now)
	if err != nil {
		return false, err
	}
	plain := func(raw []byte) any {
		value, _ := template.Plain(raw)
		if all, ok := value.(map[string]any); ok {
			delete(all, "ServiceToken")
		}
		return value
	}
	return reflect.DeepEqual(plain(text), plain(deployed)), nil
}

// id is the ID of the stack, as far as it is known.
func (to target) id() string {
	if to.stackID != "" {
		return to.stackID
	}
	return fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/%s", to.partition, to.region, to.account, to.stackName, later)
}

// pseudo are the pseudo parameters. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
func (to target) pseudo() map[string]string {
	suffix := "amazonaws.com"
	if to.partition == "aws-cn" {
		suffix = "amazonaws.com.cn"
	}
	return map[string]string{
		"AWS::AccountId": to.account, "AWS::Partition": to.partition, "AWS::Region": to.region, "AWS::StackId": to.id(),
		"AWS::StackName": to.stackName, "AWS::URLSuffix": suffix,
	}
}

// partitionOf returns the partition of a Region.
func partitionOf(region string) string {
	for prefix, partition := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov"} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}
