package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"personalize-role/lambda/golden"
)

const messagesFile = "testdata/messages.txtar"

// spoken are the packages whose texts reach a person: by an answer, a warning, a log or a command.
var spoken = []string{
	"properties", "cmd/roleplan", "internal/cfn", "internal/handler", "internal/plan", "internal/policy", "internal/findings",
	"internal/provision", "internal/servicerole", "internal/sharedpolicy", "internal/template",
}

// All texts that a user may read are in one file, where they are reviewed together. A changed text is rewritten by
// go test ./lambda -run TestMessages -update
func TestMessages(t *testing.T) {
	archive := &txtar.Archive{Comment: []byte("Every text that a user may read, by file. Written by go test ./lambda -run " +
		"TestMessages -update\n\n")}
	for _, folder := range spoken {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			if texts := textsOf(t, file); len(texts) > 0 {
				archive.Files = append(archive.Files, txtar.File{Name: filepath.ToSlash(file), Data: []byte(strings.Join(texts, "\n") + "\n")})
			}
		}
	}
	got := string(txtar.Format(archive))
	golden.Check(t, messagesFile, got)
	for _, word := range banned.FindAllString(got, -1) {
		t.Errorf("%q is not plain: CONTRIBUTING.md has the rules", word)
	}
}

// banned are words that say nothing about who or what: name the stack, the owner, the function.
var banned = regexp.MustCompile(`(?i)\b(ours?|somebody|nobody|whoever|others|made anew|goes on|take[ns]? (out|back)|a thing|is ` +
	`enough of)\b`)

// isText reports whether a string is more than a name, a pattern or a part of a document.
var isText = regexp.MustCompile(`[A-Za-z%][a-z',;:.]* [a-z%A-Z]`)

// textsOf returns the texts in a file, in order. Sums of literals are one text.
func textsOf(t *testing.T, name string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.Field:
			return false
		case ast.Expr:
			text, ok := textOf(n)
			if ok && isText.MatchString(text) {
				texts = append(texts, strconv.Quote(text))
			}
			return !ok
		}
		return true
	})
	return texts
}

// textOf returns the text of a literal or of a sum with one, in which %v stands for what isn't one.
func textOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := textOf(e.X)
		right, isRight := textOf(e.Y)
		if e.Op != token.ADD || !isLeft && !isRight {
			return "", false
		}
		for side, is := range map[*string]bool{&left: isLeft, &right: isRight} {
			if !is {
				*side = "%v"
			}
		}
		return fmt.Sprint(left, right), true
	}
	return "", false
}
