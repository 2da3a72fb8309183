package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

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
	all := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil {
		return fmt.Errorf("%s must have the parameters as JSON, [{\"ParameterKey\": NAME, \"ParameterValue\": VALUE}] or {NAME: VALUE}: %w",
			text, err)
	}
	// CodePipeline has the map below a key.
	if wrapped, ok := all["Parameters"].(map[string]any); ok {
		all = wrapped
	}
	for name, value := range all {
		switch value.(type) {
		case string, bool, json.Number:
			p[name] = fmt.Sprint(value)
		default:
			return fmt.Errorf("%s: parameter %s must be a text, a number, true or false", text, name)
		}
	}
	return nil
}
