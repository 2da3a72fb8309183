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
	// assumed are the values that are known only after the deployment.
	assumed []assumption
	// isExample says that names and Sids derive from the ID of a stack that isn't known.
	isExample bool
	// isRetained says that the resource leaves the stack, and what it made stays. keepsFormer says that a replaced role does.
	isRetained, keepsFormer bool
	// isUnchanged says that the properties of a deployed resource stay the same, so that CloudFormation sends no event.
	isUnchanged bool
}

// requests are what a file asks for, in the order in which it is done, and the buckets and keys that the same deployment makes.
type requests struct {
	all      []request
	declared snapshot
	// notes say what of the template isn't evaluated. boundary is the RequiredBoundary of the function that the template has; empty if there
	// is none.
	notes    []string
	boundary string
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
		switch {
		case len(to.parameters) > 0:
			return requests{}, errors.New("it is an event, which has no parameters. Leave out -parameters")
		case to.resource != "" && to.resource != event.resource:
			return requests{}, fmt.Errorf("it is an event for %s. Leave out -resource", event.resource)
		case event.event["RequestType"] == properties.RequestCheckDrift:
			return requests{}, errors.New("it is the input of a drift check, which changes nothing unless there is drift. Use -stack to see drift")
		case event.event["ResourceType"] == properties.DigestType:
			return requests{}, fmt.Errorf("it is an event of %s, which changes nothing", properties.DigestType)
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

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
