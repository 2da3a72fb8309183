package properties

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	want, err := Parse(role)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(event.ResourceProperties)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: -role +rule:\n%s", err, diff)
	}
}
