package parameters

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"personalize-role/infra/bundle"

	"github.com/dlclark/regexp2/v2"
	"go.yaml.in/yaml/v3"
)

// Parameter is one parameter of a template, whose type is String or Number.
type Parameter struct {
	Name string `yaml:"-"`
	// Label is what the console shows in place of the name.
	Label                 string   `yaml:"-"`
	Type                  string   `yaml:"Type"`
	Description           string   `yaml:"Description"`
	Default               *string  `yaml:"Default"`
	AllowedValues         []string `yaml:"AllowedValues"`
	AllowedPattern        string   `yaml:"AllowedPattern"`
	ConstraintDescription string   `yaml:"ConstraintDescription"`
	MinLength             *int     `yaml:"MinLength"`
	MaxLength             *int     `yaml:"MaxLength"`
	MinValue              *float64 `yaml:"MinValue"`
	MaxValue              *float64 `yaml:"MaxValue"`

	pattern *regexp2.Regexp
}

// Group is a group of parameters in the console.
type Group struct {
	Label      string
	Parameters []Parameter
}

// Template has the parameters of a template, in the groups of the console and in their order.
type Template struct {
	Groups []Group

	rules []Rule
}

// Rules returns the rules of the template, sorted by name.
func (t Template) Rules() []Rule { return t.rules }

// label is a label as the template's Metadata has it.
type label struct {
	Default string `yaml:"default"`
}

// Read reads a template. Every parameter must be in one of the console's groups. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html
func Read(text []byte) (Template, error) {
	var raw struct {
		Metadata struct {
			Interface struct {
				ParameterGroups []struct {
					Label      label    `yaml:"Label"`
					Parameters []string `yaml:"Parameters"`
				} `yaml:"ParameterGroups"`
				ParameterLabels map[string]label `yaml:"ParameterLabels"`
			} `yaml:"AWS::CloudFormation::Interface"`
		} `yaml:"Metadata"`
		Parameters map[string]Parameter `yaml:"Parameters"`
		Rules      map[string]rule      `yaml:"Rules"`
	}
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return Template{}, fmt.Errorf("read the template: %w", err)
	}
	var t Template
	for _, name := range slices.Sorted(maps.Keys(raw.Rules)) {
		for _, a := range raw.Rules[name].Assertions {
			t.rules = append(t.rules, Rule{If: raw.Rules[name].RuleCondition, Must: a.Assert, Message: a.AssertDescription})
		}
	}
	for _, g := range raw.Metadata.Interface.ParameterGroups {
		group := Group{Label: g.Label.Default}
		for _, name := range g.Parameters {
			p, ok := raw.Parameters[name]
			if !ok {
				return Template{}, fmt.Errorf("group %q of the template names %s, which is no parameter", group.Label, name)
			}
			p.Name, p.Label = name, raw.Metadata.Interface.ParameterLabels[name].Default
			var err error
			// CloudFormation matches whole values, and its patterns are Java's, which look ahead.
			if p.pattern, err = regexp2.Compile(`\A(?:`+p.AllowedPattern+`)\z`, regexp2.None); err != nil {
				return Template{}, fmt.Errorf("AllowedPattern of parameter %s: %w", name, err)
			}
			group.Parameters = append(group.Parameters, p)
			delete(raw.Parameters, name)
		}
		t.Groups = append(t.Groups, group)
	}
	for name := range raw.Parameters {
		return Template{}, fmt.Errorf("parameter %s of the template is in no group of its Metadata", name)
	}
	return t, nil
}

// All returns the parameters in the order of the console.
func (t Template) All() []Parameter {
	var all []Parameter
	for _, g := range t.Groups {
		all = append(all, g.Parameters...)
	}
	return all
}

// Names returns the names of the parameters in the order of the console.
func (t Template) Names() []string {
	var names []string
	for _, p := range t.All() {
		names = append(names, p.Name)
	}
	return names
}

// OfProject reads the template.yaml of the project that the program runs in.
func OfProject() (Template, error) {
	root, err := bundle.Root()
	if err != nil {
		return Template{}, err
	}
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return Template{}, err
	}
	return Read(text)
}

// Find returns a parameter, or nil.
func (t Template) Find(name string) *Parameter {
	all := t.All()
	if n := slices.IndexFunc(all, func(p Parameter) bool { return p.Name == name }); n >= 0 {
		return &all[n]
	}
	return nil
}
