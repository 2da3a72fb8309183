package access

import (
	"fmt"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		`[]`, `{"Statement":[{"Effect":"Maybe"}]}`, `{"Statement":[{"Effect":"Deny","Principal":"me"}]}`,
		`{"Statement":[{"Effect":"Deny","Action":{}}]}`, `{"Statement":[{"Effect":"Deny","Action":[null]}]}`,
		`{"Statement":[{"Effect":"Deny","Condition":{"Bool":"x"}}]}`, `{"Statement":[{"Effect":"Deny","Principal":7}]}`,
	} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%s is %+v, want an error", text, p)
		}
	}
	if p, err := Parse(""); err != nil || len(p.statements) > 0 {
		t.Errorf("the empty policy is %+v, %v, want no statement", p, err)
	}
}

// parse returns a policy of the current version with some statements.
func parse(t testing.TB, statements ...string) Policy {
	t.Helper()
	text := ""
	for _, s := range statements {
		if text != "" {
			text += ","
		}
		text += s
	}
	p, err := Parse(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[%s]}`, text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
