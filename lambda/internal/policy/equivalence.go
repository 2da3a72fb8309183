package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	awspolicy "github.com/hashicorp/awspolicyequivalence"

	"personalize-role/lambda/internal/lazyregexp"
)

// Equivalent reports whether two documents mean the same, whatever the order and form of their lists. What isn't a policy document is
// equivalent only to itself.
func Equivalent(a, b string) bool {
	if a == b {
		return true
	}
	same, err := awspolicy.PoliciesAreEquivalent(canonical(a), canonical(b))
	return err == nil && same
}

// canonical returns a document with its principals and actions in one form. The library takes the principals "*" and "111122223333" for
// the same, "*" and {"AWS": "*"} for different ones, and actions that differ in case for different ones.
func canonical(document string) string {
	var tree map[string]any
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return document
	}
	statements, isList := tree[statementMember].([]any)
	if !isList {
		statements = []any{tree[statementMember]}
		tree[statementMember] = statements
	}
	for _, s := range statements {
		statement, ok := s.(map[string]any)
		if !ok {
			continue
		}
		for _, name := range []string{"Principal", "NotPrincipal"} {
			if value, ok := statement[name]; ok {
				statement[name] = canonicalPrincipal(value)
			}
		}
		for _, name := range []string{"Action", "NotAction"} {
			if value, ok := statement[name]; ok {
				statement[name] = mapStrings(value, strings.ToLower)
			}
		}
	}
	return text(tree)
}

var (
	accountID = lazyregexp.Regexp(`^\d{12}$`)
	rootARN   = lazyregexp.Regexp(`^arn:[a-z0-9-]+:iam::(\d{12}):root$`)
)

// canonicalPrincipal returns one list for all forms of a principal; the library takes any two strings for the same. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func canonicalPrincipal(value any) any {
	if value == "*" {
		value = map[string]any{"AWS": "*"}
	}
	byType, ok := value.(map[string]any)
	if !ok {
		return value
	}
	var names []string
	for kind, list := range byType {
		mapStrings(list, func(name string) string {
			if m := rootARN().FindStringSubmatch(name); m != nil && kind == "AWS" {
				name = m[1]
			}
			if accountID().MatchString(name) {
				name = "account " + name
			}
			names = append(names, kind+" "+name)
			return name
		})
	}
	slices.Sort(names)
	list := []any{}
	for _, name := range slices.Compact(names) {
		list = append(list, name)
	}
	return map[string]any{"Canonical": list}
}

// mapStrings applies a function to a string, or to each string of a list.
func mapStrings(value any, f func(string) string) any {
	switch v := value.(type) {
	case string:
		return f(v)
	case []any:
		list := make([]any, len(v))
		for n := range v {
			list[n] = mapStrings(v[n], f)
		}
		return list
	}
	return value
}

// alike reports whether two statements of a document mean the same.
func alike(a, b json.RawMessage) bool {
	return bytes.Equal(a, b) || compact(a) == compact(b) || sidOf(a) == sidOf(b) && sameStatement(string(a), string(b))
}

func sameStatement(a, b string) bool {
	const form = `{"Version":"` + Version + `","Statement":[`
	return Equivalent(form+a+`]}`, form+b+`]}`)
}

// words returns a text that is the same for statements which mean the same: their words, sorted and in lower case.
func words(statement json.RawMessage) string {
	var tree struct {
		Statement []any
	}
	d := json.NewDecoder(strings.NewReader(canonical(`{"Statement":[` + string(statement) + `]}`)))
	d.UseNumber()
	if d.Decode(&tree) != nil {
		return ""
	}
	var all []string
	var collect func(value any) bool
	collect = func(value any) bool {
		found := false
		switch v := value.(type) {
		case map[string]any:
			for key, member := range v {
				if collect(member) {
					all, found = append(all, strings.ToLower(key)), true
				}
			}
		case []any:
			for _, member := range v {
				found = collect(member) || found
			}
		case nil:
		default:
			all, found = append(all, strings.ToLower(fmt.Sprint(v))), true
		}
		return found
	}
	collect(tree.Statement)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "\n")
}
