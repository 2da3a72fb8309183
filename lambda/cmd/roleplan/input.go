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
	// isRetained says that the resource leaves the stack, and what it made stays.
	isRetained bool
}

// requests are what a file asks for, in the order in which it is done, and the buckets and keys that the same deployment makes.
type requests struct {
	all      []request
	declared snapshot
}

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

// fromFile reads what a file asks for: an event, the record of one in the function's log, a template, or the properties of one resource.
func fromFile(name string, to target) (requests, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		// The error of the operating system, without the name that the caller says anyway.
		return requests{}, errors.Unwrap(err)
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	if event, ok := eventIn(text); ok {
		if len(to.parameters) > 0 {
			return requests{}, errors.New("it is an event, which has no parameters. Leave out -parameters")
		}
		return requests{all: []request{event}}, nil
	}
	t, err := template.Parse(text)
	if errors.Is(err, template.ErrNoTemplate) {
		all, err := fromProperties(text, to)
		return requests{all: all}, err
	}
	if err != nil {
		return requests{}, fmt.Errorf("it can't be parsed as YAML or JSON: %w", err)
	}
	return fromTemplate(t, to)
}

// byteOrderMark starts files of some editors.
var byteOrderMark = []byte("\ufeff")

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

func fromTemplate(t *template.Template, to target) (requests, error) {
	if slices.ContainsFunc(t.IDs, func(id string) bool { return strings.HasPrefix(id, "Fn::") }) {
		return requests{}, errors.New("functions such as Fn::ForEach that create resources are not evaluated. Use the processed template: " +
			"aws cloudformation get-template --template-stage Processed")
	}
	resolver, err := to.resolver(t)
	if err != nil {
		return requests{}, err
	}
	to.physical = physicalIDs(t, to.deployed.physical)
	resolver.Name(to.physical)
	found := requests{declared: declared(t, resolver, to.deployed.physical)}
	var ids []string
	made := map[string]bool{}
	for _, id := range t.IDs {
		if t.Resources[id].Type != properties.ResourceType {
			continue
		}
		ids = append(ids, id)
		isMade, known := resolver.Made(id)
		if made[id] = isMade || !known; !made[id] || !to.isAsked(id) {
			continue
		}
		given := resolver.Value(t.Resources[id].Properties)
		if given == nil {
			given = map[string]any{}
		}
		r, err := to.request(id, given)
		if err != nil {
			return found, err
		}
		if !known {
			r.assumed = append(r.assumed, assumption{Property: "Condition", Of: "condition " + t.Resources[id].Condition, Assumed: "true"})
		}
		found.all = append(found.all, r)
	}
	if faults := resolver.Faults(); len(faults) > 0 {
		return found, errors.New(strings.Join(faults, "; "))
	}
	for _, id := range to.deployed.ids {
		if !made[id] && to.isAsked(id) && to.deployed.resources[id].isThere() {
			ids = append(ids, id)
			found.all = append(found.all, to.removal(id))
		}
	}
	switch {
	case len(ids) == 0:
		return found, fmt.Errorf("it has no resource of type %s", properties.ResourceType)
	case to.resource != "" && !slices.Contains(ids, to.resource):
		return found, fmt.Errorf("it has no resource %s of type %s. It has %s", to.resource, properties.ResourceType, strings.Join(ids, ", "))
	case len(found.all) == 0:
		return found, fmt.Errorf("the conditions of the template exclude every resource of type %s: %s", properties.ResourceType,
			strings.Join(ids, ", "))
	}
	return found, nil
}

func (to target) isAsked(id string) bool { return to.resource == "" || to.resource == id }

// resolver evaluates a template with the parameters that are given, and those of the deployed stack.
func (to target) resolver(t *template.Template) (*template.Resolver, error) {
	given := maps.Clone(map[string]string(to.parameters))
	for name, value := range given {
		previous, deployed := to.deployed.parameters[name]
		switch {
		case value != usePrevious:
		case deployed:
			given[name] = previous
		default:
			return nil, fmt.Errorf("parameter %s has UsePreviousValue, and no deployed stack has a value of it. Use -stack, or give a value", name)
		}
	}
	for name, value := range to.deployed.parameters {
		if _, ok := given[name]; !ok && t.Parameters[name].Type != "" {
			given[name] = value
		}
	}
	resolver, err := t.Resolve(given, to.pseudo())
	if err != nil {
		return nil, err
	}
	for name, value := range to.deployed.resolved {
		if given[name] == to.deployed.parameters[name] && t.Parameters[name].Type != "" {
			resolver.Set(name, value)
		}
	}
	for name, value := range given {
		if value == hiddenValue {
			resolver.Set(name, template.Unknown{Of: "parameter " + name + ", which has NoEcho"})
		}
	}
	return resolver, nil
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

// usePrevious stands for the value that a deployed stack has. hiddenValue is what CloudFormation shows of a parameter with NoEcho.
const (
	usePrevious = "\x00previous"
	hiddenValue = "****"
)

// Set takes NAME=VALUE, or the name of a JSON file.
func (p parameterFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if ok {
		p[name] = value
		return nil
	}
	raw, err := os.ReadFile(strings.TrimPrefix(text, "file://"))
	if err != nil {
		return fmt.Errorf("%s must be NAME=VALUE, or a file: %w", text, err)
	}
	raw = bytes.TrimPrefix(raw, byteOrderMark)
	var list []struct {
		ParameterKey     string
		ParameterValue   *string
		UsePreviousValue bool
	}
	if json.Unmarshal(raw, &list) == nil {
		for _, parameter := range list {
			switch {
			case parameter.UsePreviousValue:
				p[parameter.ParameterKey] = usePrevious
			case parameter.ParameterValue == nil:
				return fmt.Errorf("%s: parameter %s has neither ParameterValue nor UsePreviousValue", text, parameter.ParameterKey)
			default:
				p[parameter.ParameterKey] = *parameter.ParameterValue
			}
		}
		return nil
	}
	// CodePipeline has the map below a key.
	var wrapped struct{ Parameters map[string]string }
	if json.Unmarshal(raw, &wrapped) == nil && wrapped.Parameters != nil {
		maps.Copy(p, wrapped.Parameters)
		return nil
	}
	all := map[string]*string{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("%s must have the parameters as JSON, [{\"ParameterKey\": NAME, \"ParameterValue\": VALUE}] or {NAME: VALUE}: %w",
			text, err)
	}
	for name, value := range all {
		if value == nil {
			return fmt.Errorf("%s: parameter %s is null", text, name)
		}
		p[name] = *value
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
