package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// recorder is a test that remembers whether it failed.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "file")
	check := func(made string, rewrite, wantFailed bool) {
		t.Helper()
		before := *update
		defer func() { *update = before }()
		*update = rewrite
		r := &recorder{TB: t}
		if Check(r, file, made); r.failed != wantFailed {
			t.Errorf("%q with -update %v: failed %v", made, rewrite, r.failed)
		}
	}
	check("one", true, true)
	check("one", false, false)
	check("two", false, true)
	check("two", true, true)
	check("two", false, false)
	if text, err := os.ReadFile(file); err != nil || string(text) != "two" {
		t.Errorf("the file has %q, %v", text, err)
	}
}
