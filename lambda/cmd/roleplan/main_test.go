package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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
