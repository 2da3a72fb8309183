package properties

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// template is what this test reads of a CloudFormation template. Of functions such as !Ref it sees the argument.
type template struct {
	Parameters map[string]struct {
		Type    string `yaml:"Type"`
		Default any    `yaml:"Default"`
	} `yaml:"Parameters"`
	Outputs   map[string]any `yaml:"Outputs"`
	Resources map[string]struct {
		Type       string               `yaml:"Type"`
		Properties map[string]yaml.Node `yaml:"Properties"`
	} `yaml:"Resources"`
}

func read(t *testing.T, file string) template {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var parsed template
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return parsed
}

// events returns the ResourceProperties that a template's service roles get with the defaults of its parameters.
func (p template) events(t *testing.T) []map[string]any {
	t.Helper()
	var events []map[string]any
	for _, r := range p.Resources {
		if r.Type != ResourceType {
			continue
		}
		event := map[string]any{}
		for name, node := range r.Properties {
			event[name] = p.value(t, node)
		}
		events = append(events, event)
	}
	return events
}

func (p template) value(t *testing.T, node yaml.Node) any {
	t.Helper()
	if node.Tag == "!Ref" {
		return p.Parameters[node.Value].Default
	}
	if node.Tag == "!Split" {
		text, _ := p.value(t, *node.Content[1]).(string)
		return strings.Split(text, node.Content[0].Value)
	}
	if node.Tag == "!If" {
		// With the defaults of the parameters nothing is set.
		return p.value(t, *node.Content[2])
	}
	var v any
	if err := node.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTemplatesParse(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range append(files, "../../template.yaml") {
		events := read(t, file).events(t)
		if len(events) == 0 {
			t.Errorf("%s has no %s", file, ResourceType)
		}
		for _, event := range events {
			raw, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse(raw); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// template.yaml sets every property but Tags, which have no parameter type, and its defaults are the function's.
func TestTemplateIsComplete(t *testing.T) {
	event := read(t, "../../template.yaml").events(t)[0]
	want := append(Names(), nameServiceToken, nameServiceTimeout)
	want = slices.DeleteFunc(want, func(name string) bool { return name == NameTags })
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(event))); diff != "" {
		t.Errorf("properties: -known +set:\n%s", diff)
	}
	raw, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), got); diff != "" {
		t.Errorf("defaults: -function +template:\n%s", diff)
	}
}

// The tables of the documents have a row for every name of the contract, and no other.
func TestDocumentsAreComplete(t *testing.T) {
	whole := read(t, "../../template.yaml")
	parameters := slices.DeleteFunc(slices.Collect(maps.Keys(whole.Parameters)), func(name string) bool {
		return slices.Contains(Names(), name) || name == "BucketNames"
	})
	values := slices.Collect(maps.Keys(whole.Outputs))
	for _, c := range []struct {
		file, heading string
		want          []string
	}{
		{"README.md", "## Properties", Names()},
		{"README.md", "## Parameters", parameters},
		{"README.md", "## Outputs and attributes", values},
		{"docs/buckets-and-keys.md", "# Buckets and keys", append(BucketFields(), Uses()...)},
	} {
		text, err := os.ReadFile(filepath.Join("../..", c.file))
		if err != nil {
			t.Fatal(err)
		}
		_, section, _ := strings.Cut(string(text), c.heading+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		var got []string
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)`").FindAllStringSubmatch(section, -1) {
			got = append(got, row[1])
		}
		slices.Sort(c.want)
		slices.Sort(got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s, %s: -want +got:\n%s", c.file, c.heading, diff)
		}
	}
}
