package policy

import (
	"strings"
	"testing"
)

func importing(name string) Bucket {
	return Bucket{Partition: "aws", Name: name, Grants: []Grant{{Uses: []string{"DatasetImport"}}}}
}

func TestEquivalent(t *testing.T) {
	document := Role{Buckets: []Bucket{importing("a"), importing("b")}}.Document().String()
	for _, c := range []struct {
		name, other string
		want        bool
	}{
		{"the same", document, true},
		{"another order", strings.Replace(document, `"s3:GetObject","s3:ListBucket"`, `"s3:ListBucket","s3:GetObject"`, 1), true},
		{"white space", strings.ReplaceAll(document, ",", ",\n "), true},
		{"another bucket", strings.ReplaceAll(document, ":::b", ":::c"), false},
		{"another effect", strings.Replace(document, "Allow", "Deny", 1), false},
		{"no document", "", false},
		{"no JSON", "{", false},
	} {
		if got := Equivalent(document, c.other); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestSizeLeavesOutWhiteSpace(t *testing.T) {
	if got := Size("{ \"ä\":\n\t1 }"); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}
