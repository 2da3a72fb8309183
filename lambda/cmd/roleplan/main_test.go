package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"personalize-role/lambda/internal/plan"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"roleplan": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true,
		UpdateScripts: os.Getenv("UPDATE") != "",
	})
	if os.Getenv("UPDATE") != "" {
		t.Error("the scripts were rewritten: read the difference, and run again without UPDATE")
	}
}

// The project's own templates are planned as they are.
func TestTemplatesOfTheProject(t *testing.T) {
	files, err := filepath.Glob("../../../examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "../../../template.yaml") {
		var out bytes.Buffer
		if status := run([]string{"-fail-on", "warning", file}, &out, &out); status != 0 || !strings.Contains(out.String(), "  + role ") {
			t.Errorf("%s: exit status %d\n%s", file, status, out.String())
		}
	}
}

// Colours say what happens, where they are wanted.
func TestColours(t *testing.T) {
	var out bytes.Buffer
	p := printer{out: &out, colour: true}
	p.changes([]plan.Change{{Action: plan.Update, Kind: plan.KindRole, Name: "R", Attributes: []plan.Attribute{
		{Name: "boundary", Before: "A"}, {Name: "session", Before: "1", After: "2"}, {Name: "tags", Before: "a\nb", After: "a"}}}})
	want := "\x1b[33m  ~ role R\x1b[0m\n\x1b[31m      - boundary: A\x1b[0m\n\x1b[33m      ~ session: 1 -> 2\x1b[0m\n        tags:\n" +
		"          @@ -1,2 +1,1 @@\n           a\n\x1b[31m          -b\x1b[0m\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if isTerminal(&out) {
		t.Error("a buffer is taken for a terminal")
	}
}
