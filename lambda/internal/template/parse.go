package template

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Template is what a template says, functions in their long form and each scalar as its text, as CloudFormation hands it on.
type Template struct {
	Parameters map[string]Parameter
	Mappings   map[string]any
	Conditions map[string]any
	Resources  map[string]Resource
	// IDs are the logical IDs of the resources, in the order of the template.
	IDs []string
}

// Parameter is a parameter; Default is nil if there is none. Allowed are the values that it may have; none: any. Limits are its other
// constraints by their names, such as MaxLength.
type Parameter struct {
	Type    string
	Default *string
	Allowed []any
	Limits  map[string]string
}

// Resource is a resource. Condition is empty if it is always made, and policies are if they are the default ones.
type Resource struct {
	Type, Condition, DeletionPolicy, UpdateReplacePolicy string
	Properties                                           any
}

// ErrNoTemplate says that a document has no Resources.
var ErrNoTemplate = errors.New("it has no Resources")

// Parse reads a template in YAML or JSON.
func Parse(text []byte) (*Template, error) {
	document, err := decode(text)
	if err != nil {
		return nil, err
	}
	root, _ := plain(document).(map[string]any)
	resources, ok := root["Resources"].(map[string]any)
	if !ok {
		return nil, ErrNoTemplate
	}
	t := &Template{Parameters: map[string]Parameter{}, Resources: map[string]Resource{}}
	t.Mappings, _ = root["Mappings"].(map[string]any)
	t.Conditions, _ = root["Conditions"].(map[string]any)
	parameters, _ := root["Parameters"].(map[string]any)
	for name, p := range parameters {
		fields, _ := p.(map[string]any)
		parameter := Parameter{Type: asText(fields["Type"]), Limits: map[string]string{}}
		for _, limit := range []string{allowedPattern, minLength, maxLength, minValue, maxValue} {
			if given, ok := fields[limit].(string); ok {
				parameter.Limits[limit] = given
			}
		}
		parameter.Allowed, _ = fields["AllowedValues"].([]any)
		if given, ok := fields["Default"].(string); ok {
			parameter.Default = &given
		}
		t.Parameters[name] = parameter
	}
	t.IDs = keys(document, "Resources")
	for id, r := range resources {
		fields, _ := r.(map[string]any)
		t.Resources[id] = Resource{Type: asText(fields["Type"]), Condition: asText(fields["Condition"]), Properties: fields["Properties"],
			DeletionPolicy: asText(fields["DeletionPolicy"]), UpdateReplacePolicy: asText(fields["UpdateReplacePolicy"])}
	}
	return t, nil
}

func asText(v any) string {
	s, _ := v.(string)
	return s
}

func asTexts(list []any) (texts []string) {
	for _, element := range list {
		texts = append(texts, asText(element))
	}
	return texts
}

// keys returns the keys of a mapping in a mapping, in their order.
func keys(root *yaml.Node, section string) (all []string) {
	for n := 0; n+1 < len(root.Content); n += 2 {
		if root.Content[n].Value != section {
			continue
		}
		for k := 0; k+1 < len(root.Content[n+1].Content); k += 2 {
			all = append(all, root.Content[n+1].Content[k].Value)
		}
	}
	return all
}

// Plain reads a document of YAML or JSON: maps, lists, texts, and nil for null, functions in their long form.
func Plain(text []byte) (any, error) {
	document, err := decode(text)
	if err != nil {
		return nil, err
	}
	return plain(document), nil
}

// decode returns the nodes of a document, in which no alias is part of itself, and no key is there twice.
func decode(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	// Nodes alone aren't looked into.
	var checked any
	if err := document.Decode(&checked); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 {
		return &yaml.Node{}, nil
	}
	return document.Content[0], nil
}

func plain(n *yaml.Node) any {
	value := untagged(n)
	if !strings.HasPrefix(n.Tag, "!") || strings.HasPrefix(n.Tag, "!!") {
		return value
	}
	switch function := n.Tag[1:]; function {
	case "Ref", "Condition":
		return map[string]any{function: value}
	case "GetAtt":
		if name, ok := value.(string); ok {
			resource, attribute, _ := strings.Cut(name, ".")
			value = []any{resource, attribute}
		}
		return map[string]any{"Fn::GetAtt": value}
	default:
		return map[string]any{"Fn::" + function: value}
	}
}

func untagged(n *yaml.Node) any {
	switch n.Kind {
	case yaml.AliasNode:
		return plain(n.Alias)
	case yaml.SequenceNode:
		list := []any{}
		for _, element := range n.Content {
			list = append(list, plain(element))
		}
		return list
	case yaml.MappingNode:
		all := map[string]any{}
		for k := 0; k+1 < len(n.Content); k += 2 {
			all[n.Content[k].Value] = plain(n.Content[k+1])
		}
		return all
	case yaml.ScalarNode:
		if n.Tag != "!!null" {
			return n.Value
		}
	}
	return nil
}
