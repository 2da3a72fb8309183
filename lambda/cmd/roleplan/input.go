package main

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/template"
	"personalize-role/lambda/properties"
)

//go:embed example.json
var example string

// request is an event to plan for.
type request struct {
	// resource is the logical ID of the resource.
	resource string
	event    map[string]any
	// assumed are the values that only the deployment tells.
	assumed []assumption
	// isExample says that names and Sids derive from the ID of a stack that isn't known.
	isExample bool
}

// target is the stack that a template or a file of properties is for.
type target struct {
	partition, region, account, stackName, stackID string
	parameters                                     map[string]string
	resource                                       string
	// deployed are the resources as they are deployed, by logical ID.
	deployed map[string]deployed
}

// deployed is a resource of a stack with the properties of its last event.
type deployed struct {
	physicalID string
	properties json.RawMessage
}

// fromFile reads what a file asks for: an event, the record of one in the function's log, a template, or the properties of one resource.
func fromFile(name string, to target) ([]request, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		// The error of the operating system, without the name that the caller says anyway.
		return nil, errors.Unwrap(err)
	}
	if event, ok := eventIn(text); ok {
		if len(to.parameters) > 0 {
			return nil, errors.New("it is an event, which has no parameters. Leave out -parameters")
		}
		return []request{event}, nil
	}
	t, err := template.Parse(text)
	if errors.Is(err, template.ErrNoTemplate) {
		return fromProperties(text, to)
	}
	if err != nil {
		return nil, fmt.Errorf("it can't be parsed as YAML or JSON: %w", err)
	}
	return fromTemplate(t, to)
}

// eventIn returns the event in a document, which may be a record of the function's log.
func eventIn(text []byte) (request, bool) {
	var record struct {
		RequestType string         `json:"RequestType"`
		Event       map[string]any `json:"event"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if decoder.Decode(&record) != nil || record.RequestType == "" && record.Event == nil {
		return request{}, false
	}
	event := record.Event
	if event == nil {
		// It has been decoded once.
		_ = json.Unmarshal(text, &event)
	}
	id, _ := event["LogicalResourceId"].(string)
	return request{resource: id, event: event}, true
}

func fromProperties(text []byte, to target) ([]request, error) {
	if len(to.parameters) > 0 {
		return nil, errors.New("it is not a template, because it has no Resources, and only templates have parameters. Leave out -parameters")
	}
	value, err := template.Plain(text)
	if err != nil {
		return nil, fmt.Errorf("it can't be parsed as YAML or JSON: %w", err)
	}
	given, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it must be a template, the properties of one %s, or an event. roleplan -example prints an event",
			properties.ResourceType)
	}
	resolver, err := (&template.Template{}).Resolve(nil, to.pseudo())
	if err != nil {
		return nil, err
	}
	r, err := to.request(cmp.Or(to.resource, "ServiceRole"), resolver.Value(given))
	return []request{r}, err
}

func fromTemplate(t *template.Template, to target) ([]request, error) {
	resolver, err := t.Resolve(to.parameters, to.pseudo())
	if err != nil {
		return nil, err
	}
	var all []request
	var found []string
	for _, id := range t.IDs {
		if t.Resources[id].Type != properties.ResourceType {
			continue
		}
		found = append(found, id)
		made, known := resolver.Made(id)
		if known && !made || to.resource != "" && id != to.resource {
			continue
		}
		given := resolver.Value(t.Resources[id].Properties)
		if given == nil {
			given = map[string]any{}
		}
		r, err := to.request(id, given)
		if err != nil {
			return nil, err
		}
		if !known {
			r.assumed = append(r.assumed, assumption{Property: "Condition", Of: "condition " + t.Resources[id].Condition, Assumed: "true"})
		}
		all = append(all, r)
	}
	switch {
	case len(found) == 0 && slices.ContainsFunc(t.IDs, func(id string) bool { return strings.HasPrefix(id, "Fn::") }):
		return nil, fmt.Errorf("it has no resource of type %s. Functions such as Fn::ForEach that create resources are not evaluated. "+
			"Use the processed template: aws cloudformation get-template --template-stage Processed", properties.ResourceType)
	case len(found) == 0:
		return nil, fmt.Errorf("it has no resource of type %s", properties.ResourceType)
	case to.resource != "" && !slices.Contains(found, to.resource):
		return nil, fmt.Errorf("it has no resource %s of type %s. It has %s", to.resource, properties.ResourceType, strings.Join(found, ", "))
	case len(all) == 0:
		return nil, fmt.Errorf("the conditions of the template exclude every resource of type %s: %s", properties.ResourceType,
			strings.Join(found, ", "))
	}
	return all, nil
}

// request returns the event that a deployment sends for a resource with these properties.
func (to target) request(id string, given any) (request, error) {
	identity, err := servicerole.NewIdentity(to.id(), id)
	if err != nil {
		return request{}, err
	}
	a := &assumer{identity: identity, taken: map[string]bool{}}
	event := map[string]any{
		"RequestType": "Create", "StackId": to.id(), "LogicalResourceId": id, "ResourceType": properties.ResourceType,
		"ResourceProperties": a.assume(given, "", ""),
	}
	if was, ok := to.deployed[id]; ok && was.isThere() {
		event["RequestType"], event["PhysicalResourceId"], event["OldResourceProperties"] = "Update", was.physicalID, was.properties
	}
	return request{resource: id, event: event, assumed: a.made, isExample: to.stackID == ""}, nil
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

// parameterFlag collects values of parameters: NAME=VALUE, or a file in the form of the AWS CLI or of a map.
type parameterFlag map[string]string

func (p parameterFlag) String() string { return "" }

// Set takes NAME=VALUE, or the name of a JSON file.
func (p parameterFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if ok {
		p[name] = value
		return nil
	}
	raw, err := os.ReadFile(text)
	if err != nil {
		return fmt.Errorf("%s must be NAME=VALUE, or a file: %w", text, err)
	}
	var list []struct{ ParameterKey, ParameterValue string }
	if json.Unmarshal(raw, &list) == nil {
		for _, parameter := range list {
			p[parameter.ParameterKey] = parameter.ParameterValue
		}
		return nil
	}
	all := map[string]string{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("%s must have the parameters as JSON, [{\"ParameterKey\": NAME, \"ParameterValue\": VALUE}] or {NAME: VALUE}: %w",
			text, err)
	}
	maps.Copy(p, all)
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
