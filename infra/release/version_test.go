package release

import (
	"os"
	"strings"
	"testing"

	"personalize-role/lambda/properties"
)

// The Serverless Application Repository takes the version from the template, and its outputs have it.
func TestTemplateHasTheVersion(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"    SemanticVersion: " + properties.Version + "\n", "    Value: " + properties.Version + "\n"} {
		if !strings.Contains(string(template), want) {
			t.Errorf("template.yaml doesn't say %q", want)
		}
	}
}
