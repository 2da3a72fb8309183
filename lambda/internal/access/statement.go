package access

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"personalize-role/lambda/internal/policy"
)

// Policy is a policy document, parsed: of a bucket, a key or an identity, or a permissions boundary.
type Policy struct {
	text       string
	statements []statement
}

// statement is one statement of a policy.
type statement struct {
	deny       bool
	principals principals
	// actions are in lower case.
	actions, resources elements
	conditions         []condition
}

// elements are the patterns of an element; texts are those that have variables.
type elements struct {
	patterns []pattern
	texts    []string
	// others says that the element is about all but them.
	others bool
}

// principals are the names of an element by their type; anybody says that * is among them.
type principals struct {
	given, anybody bool
	// others says that the element is about all but them.
	others bool
	byType map[string][]string
}

// Parse reads a policy document. The empty text is a policy without statements.
func Parse(text string) (Policy, error) {
	p := Policy{text: text}
	if text == "" {
		return p, nil
	}
	// One pass over the whole text: it may be long, and is read for each identity and use.
	var document struct {
		Version   string
		Statement any
	}
	d := json.NewDecoder(strings.NewReader(text))
	// A number stays the text that it is, however big.
	d.UseNumber()
	if err := d.Decode(&document); err != nil {
		return Policy{}, fmt.Errorf("the policy can't be read: %w", err)
	}
	statements, isList := document.Statement.([]any)
	if !isList {
		statements = []any{document.Statement}
	}
	for n, one := range statements {
		s, err := parseStatement(one, document.Version == policy.Version)
		if err != nil {
			return Policy{}, fmt.Errorf("statement %d of the policy can't be read: %w", n+1, err)
		}
		p.statements = append(p.statements, s)
	}
	return p, nil
}

// label names a statement for a message.
func (p Policy) label(n int) string {
	shared, err := policy.ParseShared(p.text)
	if err != nil || n >= len(shared.Statements()) {
		return fmt.Sprint("number ", n+1)
	}
	return policy.Label(shared.Statements()[n])
}

func parseStatement(from any, variables bool) (statement, error) {
	members, ok := from.(map[string]any)
	if !ok {
		return statement{}, fmt.Errorf("it is %v and no object", from)
	}
	s := statement{deny: members["Effect"] == "Deny"}
	if !s.deny && members["Effect"] != "Allow" {
		return statement{}, fmt.Errorf("its Effect is %v", members["Effect"])
	}
	var failed error
	texts := func(value any) []string {
		list, err := textsOf(value)
		failed = cmp.Or(failed, err)
		return list
	}
	for _, name := range []string{"Principal", "NotPrincipal"} {
		if value, ok := members[name]; ok {
			s.principals = principals{given: true, others: name == "NotPrincipal", anybody: value == "*", byType: map[string][]string{}}
			byType, isObject := value.(map[string]any)
			if !isObject && value != "*" {
				return statement{}, fmt.Errorf("its %s %v has no type", name, value)
			}
			for kind, names := range byType {
				s.principals.byType[kind] = texts(names)
			}
			s.principals.anybody = s.principals.anybody || slices.Contains(s.principals.byType["AWS"], "*")
		}
	}
	for _, name := range []string{"Action", "NotAction"} {
		if value, ok := members[name]; ok {
			s.actions.others = name == "NotAction"
			for _, action := range texts(value) {
				s.actions.patterns = append(s.actions.patterns, glob(strings.ToLower(action)))
			}
		}
	}
	for _, name := range []string{"Resource", "NotResource"} {
		if value, ok := members[name]; ok {
			s.resources.others = name == "NotResource"
			for _, resource := range texts(value) {
				if variables && isVariable(resource) {
					s.resources.texts = append(s.resources.texts, resource)
				} else {
					s.resources.patterns = append(s.resources.patterns, glob(resource))
				}
			}
		}
	}
	conditions, ok := members["Condition"].(map[string]any)
	if !ok && members["Condition"] != nil {
		return statement{}, fmt.Errorf("its Condition is %v", members["Condition"])
	}
	for operator, value := range conditions {
		keys, ok := value.(map[string]any)
		if !ok {
			return statement{}, fmt.Errorf("its condition %s is %v", operator, value)
		}
		for key, values := range keys {
			s.conditions = append(s.conditions, newCondition(operator, key, texts(values), variables))
		}
	}
	// The order of a map is none.
	slices.SortFunc(s.conditions, func(a, b condition) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
	return s, failed
}

// textsOf takes every form in which services return values: a string, a number, a boolean, or a list of them.
func textsOf(value any) ([]string, error) {
	many, isList := value.([]any)
	if !isList {
		many = []any{value}
	}
	texts := make([]string, len(many))
	for n, one := range many {
		switch one := one.(type) {
		case string:
			texts[n] = one
		case bool:
			texts[n] = strconv.FormatBool(one)
		case json.Number:
			texts[n] = one.String()
		default:
			return nil, fmt.Errorf("%v is neither a string, a number nor a boolean", one)
		}
	}
	return texts, nil
}

func newCondition(name, key string, values []string, variables bool) condition {
	o, _ := parseOperator(name)
	c := condition{operator: o, name: name, key: key, values: values, parsed: make([]pattern, len(values))}
	for n, value := range values {
		switch {
		case variables && o.hasVariables() && isVariable(value):
		case o.hasWildcards():
			c.parsed[n] = glob(value)
		default:
			c.parsed[n] = literal(value)
		}
	}
	return c
}
