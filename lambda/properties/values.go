package properties

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// rule says what is wrong with a text, or nothing.
type rule func(string) string

// text returns the text of a property that is a string; a number or a boolean is text too, since YAML makes one of an
// unquoted value.
func (r *reader) text(name, standard string, wrong rule) string {
	s, ok := r.scalar(name)
	if !ok {
		return standard
	}
	if fault := wrong(s); fault != "" {
		r.fault("%s %s %s", name, quote(s), fault)
		return standard
	}
	return s
}

func (r *reader) boolean(name string, standard bool) bool {
	s, ok := r.scalar(name)
	if !ok {
		return standard
	}
	switch s {
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	r.fault("%s %s must be true or false", name, quote(s))
	return standard
}

// integer takes decimal digits only: 0x10, 1e3 and 010 are typing errors.
func (r *reader) integer(name string, standard, least, most int) int {
	s, ok := r.scalar(name)
	if !ok {
		return standard
	}
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < least || n > most {
		r.fault("%s %s must be a whole number from %d to %d", name, quote(s), least, most)
		return standard
	}
	return n
}

// scalar reports false for what is left out, which an empty string means too.
func (r *reader) scalar(name string) (string, bool) {
	v, ok := r.values[name]
	if !ok || v == nil {
		return "", false
	}
	s, ok := scalarText(v)
	if !ok {
		r.fault("%s must be a single value, not a list or an object", name)
		return "", false
	}
	return s, s != ""
}

func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// list returns the entries of a list, without the empty strings that an empty CommaDelimitedList parameter leaves. A single
// value counts as a list of one.
func (r *reader) list(name string) []any {
	switch v := r.values[name].(type) {
	case nil:
		return nil
	case []any:
		return slices.DeleteFunc(slices.Clone(v), func(e any) bool {
			s, ok := e.(string)
			return ok && strings.TrimSpace(s) == ""
		})
	case string:
		if v == "" {
			return nil
		}
		return []any{v}
	default:
		r.fault("%s must be a list", name)
		return nil
	}
}

func (r *reader) tags(name string) []Tag {
	var tags []Tag
	seen := map[string]bool{}
	for i, e := range r.list(name) {
		at := fmt.Sprintf("%s[%d]", name, i)
		key, value, ok := r.tag(at, e)
		if !ok {
			continue
		}
		if fault := TagFault(key, value); fault != "" {
			r.fault("%s %s %s", at, quote(key), fault)
			continue
		}
		// IAM compares keys of tags without regard to case.
		if seen[strings.ToLower(key)] {
			r.fault("%s %s occurs twice; IAM treats keys that differ only in case as the same", at, quote(key))
			continue
		}
		seen[strings.ToLower(key)] = true
		tags = append(tags, Tag{Key: key, Value: value})
	}
	if len(tags) > maxTags {
		r.fault("%s has %d entries; at most %d are possible, because IAM allows 50 and the function needs %d", name, len(tags),
			maxTags, 50-maxTags)
	}
	return tags
}

func (r *reader) tag(at string, e any) (key, value string, ok bool) {
	m, isObject := e.(map[string]any)
	k, hasKey := scalarText(m["Key"])
	v, hasValue := scalarText(m["Value"])
	if !isObject || !hasKey || !hasValue || len(m) != 2 {
		r.fault("%s must be an object of Key and Value, both strings", at)
		return "", "", false
	}
	return k, v, true
}

func (r *reader) regions(name string) []string {
	var regions []string
	for i, e := range r.list(name) {
		s, ok := scalarText(e)
		s = strings.TrimSpace(s)
		switch {
		case !ok || s != "*" && !IsRegion(s):
			r.fault("%s[%d] %s must be the name of a Region, such as eu-west-1, or *", name, i, quote(fmt.Sprint(e)))
		case slices.Contains(regions, s):
			r.fault("%s[%d] %s occurs twice", name, i, quote(s))
		default:
			regions = append(regions, s)
		}
	}
	if len(regions) > 1 && slices.Contains(regions, "*") {
		r.fault("%s: * means all Regions; remove the other entries", name)
	}
	return regions
}
