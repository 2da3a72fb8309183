package findings

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocumented holds a paragraph for each code, in the order of the codes.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []Code
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)\n\n\S`).FindAllStringSubmatch(string(text), -1) {
		got = append(got, Code(m[1]))
	}
	if diff := cmp.Diff(Codes(), got); diff != "" {
		t.Errorf("docs/findings.md: -codes +paragraphs:\n%s", diff)
	}
}
