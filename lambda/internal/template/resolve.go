package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Unknown is a value that is known only after a deployment.
type Unknown struct {
	// Of is the expression, such as "Bucket.Arn" or "parameter DataBucket".
	Of string
}

// Resolver evaluates the values of a template.
type Resolver struct {
	template *Template
	values   map[string]any
	// pseudo are the pseudo parameters, such as AWS::Region.
	pseudo map[string]string
	// open are the conditions and resources that are being evaluated: none may depend on itself. conditions and attributes are those that
	// were evaluated.
	open       map[string]bool
	conditions map[string]truth
	attributes map[string]any
}

type truth struct{ holds, known bool }

// maxText bounds the texts that functions make, which may double each other.
const maxText = 1 << 16

// Resolve returns a resolver for values of parameters and of pseudo parameters. A parameter with neither value nor default is unknown. It
// returns an error for a parameter that the template doesn't have, and for a value that isn't allowed.
func (t *Template) Resolve(parameters, pseudo map[string]string) (*Resolver, error) {
	r := &Resolver{template: t, values: map[string]any{}, pseudo: pseudo, open: map[string]bool{}, conditions: map[string]truth{},
		attributes: map[string]any{}}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if _, ok := t.Parameters[name]; !ok {
			return nil, fmt.Errorf("the template has no parameter %s. It has %s", name,
				strings.Join(slices.Sorted(maps.Keys(t.Parameters)), ", "))
		}
	}
	for name, p := range t.Parameters {
		value, given := parameters[name]
		switch {
		case !given && p.Default == nil, strings.HasPrefix(p.Type, "AWS::SSM::"):
			r.values[name] = Unknown{"parameter " + name}
			continue
		case !given:
			value = *p.Default
		}
		if p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<") {
			list := []any{}
			for element := range strings.SplitSeq(value, ",") {
				list = append(list, strings.TrimSpace(element))
			}
			r.values[name] = list
		} else {
			r.values[name] = value
		}
		if err := p.check(name, r.values[name]); given && err != nil {
			return nil, err
		}
	}
	return r, nil
}

// check refuses what isn't one of the allowed values, element by element.
func (p Parameter) check(name string, value any) error {
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	for _, element := range elements {
		if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, element) {
			return fmt.Errorf("parameter %s has %q, and must be one of %s", name, element, strings.Join(asTexts(p.Allowed), ", "))
		}
	}
	return nil
}

// noValue is what AWS::NoValue leaves: nothing.
type noValue struct{}

// Value returns a value with its functions evaluated: maps, lists, texts, and Unknown in the place of what isn't known.
func (r *Resolver) Value(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, element := range v {
			if value := r.Value(element); value != (noValue{}) {
				list = append(list, value)
			}
		}
		return list
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return r.call(name, argument)
		}
		all := map[string]any{}
		for key, element := range v {
			if value := r.Value(element); value != nil && value != (noValue{}) {
				all[key] = value
			}
		}
		return all
	}
	return v
}

// function returns the function that a map with one key is a call of.
func function(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, argument = range v {
	}
	return name, argument, name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::")
}

// Made reports whether a resource is made, as far as its condition is known.
func (r *Resolver) Made(id string) (made, known bool) {
	condition := r.template.Resources[id].Condition
	if condition == "" {
		return true, true
	}
	return r.condition(condition)
}

func (r *Resolver) ref(name string) any {
	if name == "AWS::NoValue" {
		return noValue{}
	}
	if value, ok := r.values[name]; ok {
		return value
	}
	if value, ok := r.pseudo[name]; ok {
		return value
	}
	if attribute, ok := nameProperty[r.template.Resources[name].Type]; ok {
		if given, ok := r.property(name, attribute); ok {
			return given
		}
	}
	return Unknown{name}
}

// nameProperty is the property that Ref returns, if a template gives it, by the type of the resource.
var nameProperty = map[string]string{"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}

func (r *Resolver) property(id, name string) (string, bool) {
	at := "resource " + id
	value, done := r.attributes[at]
	if !done && !r.open[at] {
		r.open[at] = true
		properties, _ := r.template.Resources[id].Properties.(map[string]any)
		value = r.Value(properties[name])
		r.attributes[at] = value
		delete(r.open, at)
	}
	text, ok := value.(string)
	return text, ok
}

func (r *Resolver) attribute(id, name string) any {
	if r.template.Resources[id].Type == "AWS::S3::Bucket" && name == "Arn" {
		if bucket, ok := r.property(id, "BucketName"); ok {
			return fmt.Sprintf("arn:%s:s3:::%s", r.pseudo["AWS::Partition"], bucket)
		}
	}
	return Unknown{id + "." + name}
}
