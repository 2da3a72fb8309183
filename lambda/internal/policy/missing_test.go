package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMissing(t *testing.T) {
	parse := func(text string) Shared {
		s, err := ParseShared(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	from := parse(`{"Statement":[{"Sid":"A","Effect":"Deny","Action":["s3:Get*"]},{"Sid":"B","Effect":"Deny"},{"Effect":"Allow"}]}`)
	now := parse(`{"Statement":[{"Sid":"A","Effect":"Deny","Action":"s3:Get*"}]}`)
	if diff := cmp.Diff([]string{"B", `{"Effect":"Allow"}`}, now.Missing(from)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The short way to compare finds what comparing each with each finds.
func TestMissingIsWhatNoStatementIsLike(t *testing.T) {
	text := func(t *rapid.T, name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	document := rapid.Custom(func(t *rapid.T) Shared {
		var list []string
		for range rapid.IntRange(1, 6).Draw(t, "statements") {
			list = append(list, "{"+text(t, "sid", ``, `"Sid":"A",`, `"Sid":"a",`)+text(t, "effect", `"Effect":"Allow"`, `"Effect":"Deny"`)+
				text(t, "principal", ``, `,"Principal":"*"`, `,"Principal":{"AWS":"*"}`, `,"Principal":{"AWS":["*"]}`,
					`,"Principal":{"AWS":"123456789012"}`, `,"Principal":{"AWS":["arn:aws:iam::123456789012:root"]}`)+
				text(t, "action", ``, `,"Action":"s3:Get*"`, `,"Action":["s3:get*"]`, `,"Action":["s3:Put","s3:Get*"]`,
					`,"Action":["s3:Get*","s3:Put"]`)+
				text(t, "resource", ``, `,"Resource":"*"`, `,"Resource":["*"]`, `,"Resource":["a","b"]`, `,"Resource":["b","a"]`, `,"Resource":[]`)+
				text(t, "condition", ``, `,"Condition":{}`, `,"Condition":{"Bool":{"k":true}}`, `,"Condition":{"Bool":{"k":"true"}}`,
					`,"Condition":{"Bool":{"k":["true"]}}`, `,"Condition":{"bool":{"K":"true"}}`, `,"Condition":{"NumericEquals":{"k":5}}`)+"}")
		}
		s, err := ParseShared(`{"Statement":[` + strings.Join(list, ",") + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		now, from := document.Draw(t, "now"), document.Draw(t, "from")
		var want []string
		for _, statement := range from.statements {
			if !slices.ContainsFunc(now.statements, func(other json.RawMessage) bool { return alike(statement, other) }) {
				want = append(want, Label(statement))
			}
		}
		if diff := cmp.Diff(want, now.Missing(from)); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// BenchmarkMissing compares documents of S3's 20 KB whose statements have no Sid, and of which each has changed its form.
func BenchmarkMissing(b *testing.B) {
	parse := func(form string) Shared {
		var list []string
		for n := range 180 {
			list = append(list, fmt.Sprintf(form, n))
		}
		s, err := ParseShared(`{"Statement":[` + strings.Join(list, ",") + `]}`)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	from := parse(`{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/folder-%d/*"}`)
	now := parse(`{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::data/folder-%d/*"]}`)
	for b.Loop() {
		if missing := now.Missing(from); len(missing) > 0 {
			b.Fatal(missing)
		}
	}
}
