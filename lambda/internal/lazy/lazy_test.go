package lazy

import "testing"

func TestRegexp(t *testing.T) {
	r := Regexp(`^a+$`)
	if !r().MatchString("aa") || r().MatchString("b") || r() != r() {
		t.Error("not the expression, or compiled twice")
	}
}
