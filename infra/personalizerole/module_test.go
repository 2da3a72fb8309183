package personalizerole

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const otherModule = `package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/personalizerole"
)

func main() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), jsii.String("Stack"), nil)
	role := personalizerole.NewPersonalizeServiceRole(stack, jsii.String("Role"), nil)
	fmt.Println(*role.Node().Path())
}
`

// Another module imports the construct as docs/cdk.md says, and the function is built from there.
func TestOtherModulesImportTheConstruct(t *testing.T) {
	root, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if root, err = filepath.Abs(root); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		command := exec.Command(args[0], args[1:]...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod -buildvcs=false")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	write("main.go", otherModule)
	run("go", "mod", "init", "example.com/other")
	run("go", "mod", "edit", "-require", "personalize-role@v0.0.0", "-replace", "personalize-role="+root)
	run("go", "mod", "tidy")
	if out := run("go", "run", "."); !strings.Contains(out, "Stack/Role") {
		t.Errorf("printed %q", out)
	}
}

// The function's half of the module doesn't touch the CDK.
func TestFunctionDoesNotImportTheCDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "personalize-role/lambda/...").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "aws-cdk") || strings.Contains(line, "jsii") || strings.HasPrefix(line, "personalize-role/infra") {
			t.Errorf("imports %s", line)
		}
	}
}

// An app that imports the construct doesn't compile the clients of AWS.
func TestConstructLinksNoClient(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.HasPrefix(name, "github.com/aws/aws-sdk-go-v2/service/") {
			t.Errorf("it links %s", name)
		}
	}
}
