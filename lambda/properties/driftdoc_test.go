package properties

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The rule of the example in docs/drift.md sends the properties that its role has.
func TestDocumentedDriftCheck(t *testing.T) {
	text, err := os.ReadFile("../../docs/drift.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "\n    PersonalizeRole:\n")
	example, _, ended := strings.Cut(example, "\n## ")
	if !found || !ended {
		t.Fatal("docs/drift.md has no example")
	}
	var resources map[string]struct {
		Properties map[string]any `yaml:"Properties"`
	}
	if err := yaml.Unmarshal([]byte("    PersonalizeRole:\n"+example), &resources); err != nil {
		t.Fatal(err)
	}
	var event struct{ ResourceProperties json.RawMessage }
	targets, _ := resources["DriftCheck"].Properties["Targets"].([]any)
	input, _ := targets[0].(map[string]any)["Input"].(string)
	if err := json.Unmarshal([]byte(input), &event); err != nil {
		t.Fatalf("%v: %s", err, input)
	}
	role, err := json.Marshal(resources["PersonalizeRole"].Properties)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Digest(event.ResourceProperties), Digest(role); got != want {
		t.Errorf("the rule sends %s, and the role has %s", event.ResourceProperties, role)
	}
	if _, err := Parse(event.ResourceProperties); err != nil {
		t.Error(err)
	}
}
