package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"personalize-role/lambda/properties"
)

// Event is a request of CloudFormation, or that of a schedule to check for drift, which has no ResponseURL. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
type Event struct {
	RequestType           RequestType     `json:"RequestType"`
	ResponseURL           string          `json:"ResponseURL"`
	StackID               string          `json:"StackId"`
	RequestID             string          `json:"RequestId"`
	ResourceType          string          `json:"ResourceType"`
	LogicalResourceID     string          `json:"LogicalResourceId"`
	PhysicalResourceID    string          `json:"PhysicalResourceId"`
	ResourceProperties    json.RawMessage `json:"ResourceProperties"`
	OldResourceProperties json.RawMessage `json:"OldResourceProperties"`
}

// ErrNoURL is the error of an event that can't be answered.
var ErrNoURL = errors.New("the event has no ResponseURL. This function answers events of CloudFormation custom resources only. " +
	"Create the resource by a CloudFormation stack")

// Decode reads an event. If it returns an error other than ErrNoURL, the event has what could be read, and can be answered.
func Decode(raw json.RawMessage) (Event, error) {
	var e Event
	if err := json.Unmarshal(raw, &e); err == nil {
		return e, e.Check()
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return Event{}, ErrNoURL
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
		return e, ErrNoURL
	}
	return e, errors.New("the event can't be decoded because a field has a different type from the one that CloudFormation sends. " +
		"Nothing was changed. " +
		"Send the event as CloudFormation does")
}

// Check returns an error if the event isn't one that this function answers by acting.
func (e Event) Check() error {
	switch {
	case e.RequestType == CheckDrift:
		return nil
	case e.ResponseURL == "":
		return ErrNoURL
	case e.RequestType != Create && e.RequestType != Update && e.RequestType != Delete:
		return fmt.Errorf("RequestType %q is not Create, Update or Delete. Nothing was changed. Send the event as CloudFormation does",
			e.RequestType)
	// The Delete that follows a refused Create must not be refused.
	case e.RequestType != Delete && e.ResourceType != properties.ResourceType && e.ResourceType != properties.DigestType:
		return fmt.Errorf("ResourceType %q is neither %s nor %s, which are what this function answers. Nothing was changed. Correct the template",
			e.ResourceType, properties.ResourceType, properties.DigestType)
	case e.RequestType != Create && e.PhysicalResourceID == "":
		return fmt.Errorf("the %s event has no PhysicalResourceId, which names the role. Nothing was changed. Send the event as "+
			"CloudFormation does",
			e.RequestType)
	}
	return nil
}

// leastSecret is the length from which a part of a URL is worth hiding: CloudFormation's are longer.
const leastSecret = 8

// Redact removes the pre-signed URL, and each of its parts, from a text: whoever has it can answer in the function's place.
func (e Event) Redact(text string) string {
	_, rest, found := strings.Cut(e.ResponseURL, "://")
	if !found {
		return text
	}
	host, _, _ := strings.Cut(rest, "/")
	path, query, _ := strings.Cut(strings.TrimPrefix(rest, host), "?")
	text = strings.ReplaceAll(text, e.ResponseURL, "[ResponseURL]")
	for _, secret := range []string{query, strings.TrimPrefix(path, "/"), host} {
		if len(secret) >= leastSecret {
			text = strings.ReplaceAll(text, secret, "[ResponseURL]")
		}
	}
	return text
}

// ForLog returns the event that was read from raw as JSON, without what would let a reader of the log answer it. cmd/roleplan reads that.
func (e Event) ForLog(raw json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	// A decoder of JSON ignores the case of names.
	maps.DeleteFunc(fields, func(name string, _ json.RawMessage) bool { return strings.EqualFold(name, "ResponseURL") })
	text, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	text = []byte(e.Redact(string(text)))
	if !json.Valid(text) {
		return nil
	}
	return text
}

// Answer returns an answer to the event, without its status.
func (e Event) Answer(physicalID string) Response {
	return Response{PhysicalResourceID: physicalID, StackID: e.StackID, RequestID: e.RequestID, LogicalResourceID: e.LogicalResourceID}
}
