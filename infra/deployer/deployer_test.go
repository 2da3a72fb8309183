package deployer

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"personalize-role/lambda/permissions"
)

// example is what docs/policies has.
var example = Scope{
	Partition: "aws", Region: "*", AccountID: "123456789012", Stack: "personalize-role",
	Release: "arn:aws:s3:::my-releases-*/personalize-role/*", Parameter: "personalize/role-arn",
}

// What the calls need is allowed, and nothing else but for the calls that the person makes.
func TestAllowedIsWhatIsCalled(t *testing.T) {
	var called []string
	for _, c := range Handlers {
		called = slices.Concat(called, c.Create, c.Read, c.Update, c.Delete)
	}
	called = slices.Compact(slices.Sorted(slices.Values(called)))
	var allowed []string
	for _, s := range Statements(example) {
		if !slices.IsSorted(s.Actions) && s.Sid != "PowersOfFunction" {
			t.Errorf("%s: actions aren't in order", s.Sid)
		}
		for _, action := range s.Actions {
			if !strings.HasPrefix(action, "cloudformation:") {
				allowed = append(allowed, action)
			}
		}
	}
	slices.Sort(allowed)
	if diff := cmp.Diff(called, allowed); diff != "" {
		t.Errorf("-called +allowed:\n%s", diff)
	}
}

func TestEveryTypeOfTheTemplateHasItsHandlers(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type string `yaml:"Type"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, r := range template.Resources {
		types[r.Type] = true
	}
	known := map[string]bool{}
	for name := range Handlers {
		known[name] = true
	}
	if diff := cmp.Diff(types, known); diff != "" {
		t.Errorf("-in template.yaml +in Handlers:\n%s", diff)
	}
}

// IAM takes managed policies of 6,144 characters, without white space.
func TestPolicyFits(t *testing.T) {
	bounded := example
	bounded.Boundary = boundary
	for _, s := range []Scope{example, bounded} {
		if size := len(strings.Join(strings.Fields(permissions.Document(Statements(s))), "")); size > 6144 {
			t.Errorf("%d characters", size)
		}
	}
}
