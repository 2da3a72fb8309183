package lazyregexp

import "testing"

func TestRegexp(t *testing.T) {
	r := Regexp(`^a+$`)
	first, second := r(), r()
	if !first.MatchString("aa") || first.MatchString("b") || first != second {
		t.Error("not the expression, or compiled twice")
	}
}
