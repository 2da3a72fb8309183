package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What is linked is initialised at each cold start. See docs/adr/0018-processor-time.md.
func TestLinked(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(name, "github.com/aws/aws-sdk-go-v2/service/") && strings.HasSuffix(name, "/schemas") {
			t.Errorf("the function links %s, whose tables are built at each cold start", name)
		}
	}
}
