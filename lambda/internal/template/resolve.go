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
	// physical are the IDs of resources whose properties have no name.
	physical map[string]string
	faults   []string
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

// Set replaces the value of a parameter, by that of a deployed stack for example.
func (r *Resolver) Set(name string, value any) { r.values[name] = value }

// Name sets the physical IDs of buckets and keys whose properties have no name.
func (r *Resolver) Name(physical map[string]string) { r.physical = physical }

// Suppose has a condition hold that isn't known, until the function that it returns is called.
func (r *Resolver) Suppose(condition string) (forget func()) {
	r.conditions[condition] = truth{holds: true, known: true}
	return func() { delete(r.conditions, condition) }
}

// Faults are what the evaluated values name and the template doesn't have, each once.
func (r *Resolver) Faults() []string { return slices.Compact(slices.Sorted(slices.Values(r.faults))) }

func (r *Resolver) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
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
			if element == nil && len(r.template.Resources) > 0 {
				r.fault("%s is null, which CloudFormation does not accept", key)
			}
			if value := r.Value(element); value != nil && value != (noValue{}) {
				all[key] = value
			}
		}
		return all
	case string:
		if strings.Contains(v, "{{resolve:") {
			return Unknown{"dynamic reference " + v}
		}
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
	resource, ok := r.template.Resources[name]
	switch {
	case !ok && r.named(name):
		r.fault("Ref %s names neither a parameter nor a resource of the template", name)
	case nameProperty[resource.Type] != "":
		if given, ok := r.property(name, nameProperty[resource.Type]); ok {
			return given
		}
	}
	if id, ok := r.physical[name]; ok {
		return id
	}
	return Unknown{name}
}

// named reports whether a template names what it has: the values of a file of properties stand alone.
func (r *Resolver) named(name string) bool {
	return len(r.template.Resources) > 0 && !strings.HasPrefix(name, "AWS::")
}

// nameProperty is the property that Ref returns, if a template gives it, by the type of the resource.
var nameProperty = map[string]string{bucketType: "BucketName", "AWS::IAM::Role": "RoleName"}

// Types of resources whose attributes follow from their IDs.
const (
	bucketType = "AWS::S3::Bucket"
	keyType    = "AWS::KMS::Key"
)

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
	unknown := Unknown{id + "." + name}
	resource, ok := r.template.Resources[id]
	if !ok {
		if r.named(id) {
			r.fault("Fn::GetAtt %s.%s names no resource of the template", id, name)
		}
		return unknown
	}
	switch of := r.ref(id); {
	case resource.Type == bucketType && name == "Arn" && isText(of):
		return fmt.Sprintf("arn:%s:s3:::%s", r.pseudo["AWS::Partition"], of)
	case resource.Type == keyType && name == "Arn" && isText(of):
		return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", r.pseudo["AWS::Partition"], r.pseudo["AWS::Region"], r.pseudo["AWS::AccountId"], of)
	case resource.Type == keyType && name == "KeyId" && isText(of):
		return of
	}
	return unknown
}
