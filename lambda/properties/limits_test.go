package properties

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// Every limit, at its value and one beyond.
func TestLimits(t *testing.T) {
	letters := func(n int) string { return strings.Repeat("x", n) }
	text := func(name, value string) map[string]any { return map[string]any{name: value} }
	bucket := func(fields map[string]any) map[string]any { return map[string]any{NameBuckets: []any{fields}} }
	tags := func(n int, key, value string) map[string]any {
		var list []any
		for k := range n {
			list = append(list, map[string]any{"Key": key + strconv.Itoa(k), "Value": value})
		}
		return map[string]any{NameTags: list}
	}
	for _, c := range []struct {
		name     string
		of       func(n int) map[string]any
		last     int
		downward bool
	}{
		{name: "RoleName", last: 64, of: func(n int) map[string]any { return text(NameRoleName, letters(n)) }},
		{name: "PolicyName", last: 128, of: func(n int) map[string]any { return text(NamePolicyName, letters(n)) }},
		{name: "Path", last: 512, of: func(n int) map[string]any { return text(NamePath, "/"+letters(n-2)+"/") }},
		{name: "Description", last: 1000, of: func(n int) map[string]any { return text(NameDescription, letters(n)) }},
		{name: "Description in Latin-1", last: 1000, of: func(n int) map[string]any { return text(NameDescription, strings.Repeat("ÿ", n)) }},
		{name: "Description of an adopted role", last: maxAdoptedDescription, of: func(n int) map[string]any {
			return map[string]any{NameAdoptExistingRole: true, NameRoleName: "R", NameDescription: letters(n)}
		}},
		{name: "shortest " +
			"session", last: 3600, downward: true, of: func(n int) map[string]any { return map[string]any{NameMaxSessionDuration: n} }},
		{name: "longest session", last: 43200, of: func(n int) map[string]any { return map[string]any{NameMaxSessionDuration: n} }},
		{name: "shortest " +
			"settling", last: 0, downward: true, of: func(n int) map[string]any { return map[string]any{NamePropagationDelaySeconds: n} }},
		{name: "longest settling", last: 240, of: func(n int) map[string]any { return map[string]any{NamePropagationDelaySeconds: n} }},
		{name: "tags", last: 47, of: func(n int) map[string]any { return tags(n, "k", "v") }},
		{name: "tag's key", last: 128, of: func(n int) map[string]any { return tags(1, letters(n-1), "v") }},
		{name: "tag's value", last: 256, of: func(n int) map[string]any { return tags(1, "k", letters(n)) }},
		{name: "shortest bucket " +
			"name", last: 3, downward: true, of: func(n int) map[string]any { return bucket(map[string]any{FieldName: letters(n)}) }},
		{name: "longest bucket name", last: 250, of: func(n int) map[string]any { return bucket(map[string]any{FieldName: letters(n)}) }},
		{name: "location", last: 256, of: func(n int) map[string]any {
			return bucket(map[string]any{FieldName: "data", FieldPrefixes: []any{letters(n - len("s3://data/"))}})
		}},
		{name: "boundary", last: 640, of: func(n int) map[string]any {
			return text(NamePermissionsBoundary, "arn:aws:iam::123456789012:policy/"+letters(n))
		}},
		{name: "last character of a document", last: 0xFF, of: func(n int) map[string]any {
			return bucket(map[string]any{FieldName: "data", FieldPrefixes: []any{"in/" + string(rune(n))}})
		}},
	} {
		beyond := c.last + 1
		if c.downward {
			beyond = c.last - 1
		}
		for n, ok := range map[int]bool{c.last: true, beyond: false} {
			raw, err := json.Marshal(c.of(n))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse(raw); (err == nil) != ok {
				t.Errorf("%s at %d: got %v, want accepted %v", c.name, n, err, ok)
			}
		}
	}
}
