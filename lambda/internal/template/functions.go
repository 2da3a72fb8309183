package template

import (
	"fmt"
	"strconv"
	"strings"
)

// call evaluates a function. One that isn't known here, or has wrong arguments, is unknown: CloudFormation says what is wrong with it.
func (r *Resolver) call(name string, argument any) any {
	unknown := Unknown{name}
	arguments, _ := argument.([]any)
	switch name {
	case "Ref":
		if of, ok := argument.(string); ok {
			return r.ref(of)
		}
	case "Fn::GetAtt":
		if len(arguments) == 2 && isText(arguments[0]) && isText(arguments[1]) {
			return r.attribute(asText(arguments[0]), asText(arguments[1]))
		}
		if id, name, dotted := strings.Cut(asText(argument), "."); dotted {
			return r.attribute(id, name)
		}
	case "Fn::Sub":
		return r.sub(argument)
	case "Fn::If":
		if len(arguments) == 3 {
			holds, known := r.condition(asText(arguments[0]))
			switch {
			case !known:
				return Unknown{"condition " + asText(arguments[0])}
			case holds:
				return r.Value(arguments[1])
			}
			return r.Value(arguments[2])
		}
	case "Fn::Join":
		if len(arguments) == 2 {
			return r.join(asText(arguments[0]), r.Value(arguments[1]))
		}
	case "Fn::Split":
		if len(arguments) == 2 {
			return r.split(asText(arguments[0]), r.Value(arguments[1]))
		}
	case "Fn::Select":
		if len(arguments) == 2 {
			return r.pick(r.Value(arguments[0]), r.Value(arguments[1]))
		}
	case "Fn::FindInMap":
		return r.find(arguments)
	case "Fn::ImportValue":
		if export, ok := r.Value(argument).(string); ok {
			return Unknown{"export " + export}
		}
	}
	return unknown
}

func isText(v any) bool {
	_, ok := v.(string)
	return ok
}

// firstUnknown returns the first of several values that isn't known.
func firstUnknown(values ...any) (Unknown, bool) {
	for _, v := range values {
		if unknown, ok := v.(Unknown); ok {
			return unknown, true
		}
	}
	return Unknown{}, false
}

func (r *Resolver) join(separator string, list any) any {
	if unknown, ok := list.(Unknown); ok {
		return unknown
	}
	elements, ok := list.([]any)
	if !ok {
		return Unknown{"Fn::Join"}
	}
	if unknown, ok := firstUnknown(elements...); ok {
		return unknown
	}
	joined := strings.Join(asTexts(elements), separator)
	if len(joined) > maxText {
		return Unknown{"Fn::Join"}
	}
	return joined
}

func (r *Resolver) split(separator string, v any) any {
	if unknown, ok := v.(Unknown); ok {
		return unknown
	}
	text, ok := v.(string)
	if !ok || separator == "" {
		return Unknown{"Fn::Split"}
	}
	list := []any{}
	for part := range strings.SplitSeq(text, separator) {
		list = append(list, part)
	}
	return list
}

func (r *Resolver) pick(index, list any) any {
	if unknown, ok := firstUnknown(index, list); ok {
		return unknown
	}
	elements, _ := list.([]any)
	n, err := strconv.Atoi(asText(index))
	if err != nil || n < 0 || n >= len(elements) {
		return Unknown{"Fn::Select"}
	}
	return elements[n]
}

func (r *Resolver) find(arguments []any) any {
	if len(arguments) < 3 {
		return Unknown{"Fn::FindInMap"}
	}
	var found any = r.template.Mappings
	for _, argument := range arguments[:3] {
		key := r.Value(argument)
		if unknown, ok := key.(Unknown); ok {
			return unknown
		}
		level, _ := found.(map[string]any)
		if found = level[asText(key)]; found == nil {
			if options, ok := arguments[len(arguments)-1].(map[string]any); ok && len(arguments) > 3 && options["DefaultValue"] != nil {
				return r.Value(options["DefaultValue"])
			}
			r.fault("Fn::FindInMap finds no %s in the mappings", asText(key))
			return Unknown{"Fn::FindInMap"}
		}
	}
	return r.Value(found)
}

// sub replaces ${NAME} and ${NAME.ATTRIBUTE} in a text. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
func (r *Resolver) sub(argument any) any {
	text, variables := asText(argument), map[string]any{}
	if arguments, ok := argument.([]any); ok && len(arguments) == 2 {
		text = asText(arguments[0])
		variables, _ = arguments[1].(map[string]any)
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		switch {
		case b.Len() > maxText:
			return Unknown{"Fn::Sub"}
		case !found:
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return Unknown{"Fn::Sub"}
		}
		text = after
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			fmt.Fprintf(&b, "${%s}", literal)
			continue
		}
		var value any
		id, attribute, dotted := strings.Cut(name, ".")
		switch variable, ok := variables[name]; {
		case ok:
			value = r.Value(variable)
		case dotted:
			value = r.attribute(id, attribute)
		default:
			value = r.ref(name)
		}
		switch value := value.(type) {
		case Unknown:
			return value
		case string:
			b.WriteString(value)
		default:
			return Unknown{"Fn::Sub"}
		}
	}
}

// condition evaluates a condition by its name, once.
func (r *Resolver) condition(name string) (holds, known bool) {
	at := "condition " + name
	expression, ok := r.template.Conditions[name]
	if !ok {
		r.fault("condition %s is not in the template", name)
	}
	if !ok || r.open[at] {
		return false, false
	}
	if done, ok := r.conditions[name]; ok {
		return done.holds, done.known
	}
	r.open[at] = true
	holds, known = r.holds(expression)
	r.conditions[name] = truth{holds, known}
	delete(r.open, at)
	return holds, known
}

// holds evaluates the expression of a condition. What is certain whatever the unknown parts are is known.
func (r *Resolver) holds(expression any) (holds, known bool) {
	call, _ := expression.(map[string]any)
	name, argument, ok := function(call)
	if !ok {
		return false, false
	}
	arguments, _ := argument.([]any)
	switch {
	case name == "Condition":
		return r.condition(asText(argument))
	case name == "Fn::Equals" && len(arguments) == 2:
		a, b := r.Value(arguments[0]), r.Value(arguments[1])
		if _, unknown := firstUnknown(a, b); unknown {
			return false, false
		}
		return asText(a) == asText(b), isText(a) && isText(b)
	case name == "Fn::Not" && len(arguments) == 1:
		holds, known = r.holds(arguments[0])
		return !holds, known
	case name == "Fn::And", name == "Fn::Or":
		// One false decides an And, one true an Or.
		deciding := name == "Fn::Or"
		var unknown bool
		for _, argument := range arguments {
			holds, known := r.holds(argument)
			if known && holds == deciding {
				return deciding, true
			}
			unknown = unknown || !known
		}
		return !deciding, !unknown && len(arguments) > 0
	}
	return false, false
}
