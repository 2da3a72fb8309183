//go:build schemas

package deployer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schema is what cfn-lint keeps of a type's registry schema.
type schema struct {
	TypeName string                      `json:"typeName"`
	Handlers map[string]permissionsOfOne `json:"handlers"`
	Tagging  permissionsOfOne            `json:"tagging"`
}

type permissionsOfOne struct {
	Permissions []string `json:"permissions"`
}

// The table of handlers has what the registry lists, less what isn't asked for. The list handler has no part in a stack's life.
func TestHandlersAreTheRegistrys(t *testing.T) {
	files, err := filepath.Glob("../../.tools/lint-*/lib/python3*/site-packages/cfnlint/data/schemas/resources/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas (%v); run make template", err)
	}
	seen := map[string]bool{"Custom::PersonalizeDigest": true, "Custom::PersonalizeServiceRole": true}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s schema
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		ours, ok := Handlers[s.TypeName]
		if !ok || seen[s.TypeName] {
			continue
		}
		seen[s.TypeName] = true
		for handler, calls := range map[string][]string{"create": ours.Create, "read": ours.Read, "update": ours.Update, "delete": ours.Delete} {
			// Tagging has permissions of its own, which handlers don't repeat.
			theirs := slices.DeleteFunc(s.Handlers[handler].Permissions, func(a string) bool { return slices.Contains(ours.Unasked, a) })
			calls = slices.DeleteFunc(slices.Clone(calls), func(a string) bool {
				return slices.Contains(s.Tagging.Permissions, a) && !slices.Contains(theirs, a)
			})
			slices.Sort(theirs)
			if diff := cmp.Diff(theirs, calls); diff != "" {
				t.Errorf("%s %s: -registry +table:\n%s", s.TypeName, handler, diff)
			}
		}
		all := strings.Join(slices.Concat(ours.Create, ours.Read, ours.Update, ours.Delete), " ") + " "
		for _, action := range s.Tagging.Permissions {
			if !strings.Contains(all, action+" ") && !slices.Contains(ours.Unasked, action) {
				t.Errorf("%s: tagging asks for %s", s.TypeName, action)
			}
		}
	}
	if len(seen) != len(Handlers) {
		t.Errorf("the schemas have %v of %d types", seen, len(Handlers))
	}
}
