package release

import (
	"os"
	"strings"
	"testing"

	"personalize-role/lambda/properties"
)

// The Serverless Application Repository takes the version from the template.
func TestTemplateHasTheVersion(t *testing.T) {
	template, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "    SemanticVersion: " + properties.Version + "\n"; !strings.Contains(string(template), want) {
		t.Errorf("template.yaml doesn't say %q", want)
	}
}
