// Package handler turns one event into one answer: deadline, panic, duplicates and rollback are its rules.
package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"personalize-role/lambda/internal/lifecycle"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Event is a request of CloudFormation. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type Event struct {
	RequestType           lifecycle.RequestType `json:"RequestType"`
	ResponseURL           string                `json:"ResponseURL"`
	StackID               string                `json:"StackId"`
	RequestID             string                `json:"RequestId"`
	ResourceType          string                `json:"ResourceType"`
	LogicalResourceID     string                `json:"LogicalResourceId"`
	PhysicalResourceID    string                `json:"PhysicalResourceId"`
	ResourceProperties    json.RawMessage       `json:"ResourceProperties"`
	OldResourceProperties json.RawMessage       `json:"OldResourceProperties"`
}

var errNoURL = errors.New("the event has no ResponseURL, so that nobody can be answered; this function answers events of " +
	"CloudFormation custom resources only")

// decode reads an event. With a fault it still gives what can be read, so that it can be answered.
func decode(raw json.RawMessage) (Event, error) {
	var e Event
	if err := json.Unmarshal(raw, &e); err == nil {
		return e, e.check()
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Event{}, errNoURL
	}
	e = Event{}
	for name, field := range map[string]*string{
		"ResponseURL": &e.ResponseURL, "StackId": &e.StackID, "RequestId": &e.RequestID,
		"LogicalResourceId": &e.LogicalResourceID, "PhysicalResourceId": &e.PhysicalResourceID,
	} {
		// A field of another type counts as missing.
		_ = json.Unmarshal(fields[name], field)
	}
	if e.ResponseURL == "" {
		return e, errNoURL
	}
	return e, errors.New("the event can't be decoded: a field has another type than CloudFormation gives it")
}

func (e Event) check() error {
	switch {
	case e.ResponseURL == "":
		return errNoURL
	case e.RequestType != lifecycle.Create && e.RequestType != lifecycle.Update && e.RequestType != lifecycle.Delete:
		return fmt.Errorf("RequestType %q is none of Create, Update and Delete; nothing was done", e.RequestType)
	// The Delete that follows a refused Create must not be refused.
	case e.RequestType != lifecycle.Delete && e.ResourceType != properties.ResourceType:
		return fmt.Errorf("ResourceType %q isn't %s, the only one that this function provisions; correct the template", e.ResourceType,
			properties.ResourceType)
	case e.RequestType != lifecycle.Create && e.PhysicalResourceID == "":
		return fmt.Errorf("the event of type %s has no PhysicalResourceId, so that nothing tells what it is about", e.RequestType)
	}
	return nil
}

// withoutURL takes the pre-signed URL out of a text: whoever has it can answer in our place.
func (e Event) withoutURL(text string) string {
	if e.ResponseURL == "" {
		return text
	}
	return strings.ReplaceAll(text, e.ResponseURL, "[ResponseURL]")
}

// nothingID is the physical id of an answer where not even the stack is known.
const nothingID = "PersonalizeServiceRole-never-created"

// physicalID is the id to answer with before anything was done: the event's own, or the ARN that the role would have.
func (e Event) physicalID() string {
	if e.PhysicalResourceID != "" {
		return e.PhysicalResourceID
	}
	identity, err := servicerole.NewIdentity(e.StackID, e.LogicalResourceID)
	if err != nil {
		return nothingID
	}
	return identity.Role(properties.Salvage(e.ResourceProperties)).ARN
}
