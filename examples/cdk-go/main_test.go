package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/bundle/bundletest"
	"personalize-role/lambda/properties"
)

// template is what the tests read of a synthesised stack.
type template struct {
	Resources map[string]struct {
		Type       string
		Properties map[string]any
	}
	Outputs map[string]struct {
		Value  any
		Export struct{ Name string }
	}
	Parameters map[string]struct{ Type, Default string }
}

func synthesised(t *testing.T) map[string]template {
	t.Helper()
	return synthesisedTo(t, t.TempDir())
}

func synthesisedTo(t *testing.T, dir string) map[string]template {
	t.Helper()
	zip := bundletest.Zip(t, "arm64")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(filepath.Join(dir, "cdk.out"))})
	build(app, &zip)
	app.Synth(nil)
	stacks := map[string]template{}
	for _, name := range []string{"Role", "ByReference", "ByName", "ByParameter", "Recommender"} {
		text, err := os.ReadFile(filepath.Join(dir, "cdk.out", name+".template.json"))
		if err != nil {
			t.Fatal(err)
		}
		var parsed template
		if err := json.Unmarshal(text, &parsed); err != nil {
			t.Fatal(err)
		}
		stacks[name] = parsed
	}
	return stacks
}

// only returns the properties of the one resource of a type.
func (p template) only(t *testing.T, kind string) (id string, found map[string]any) {
	t.Helper()
	for logical, r := range p.Resources {
		if r.Type == kind {
			id, found = logical, r.Properties
		}
	}
	if found == nil {
		t.Fatalf("no %s", kind)
	}
	return id, found
}

func TestConsumersGetTheRole(t *testing.T) {
	stacks := synthesised(t)
	arn := func() any {
		id, _ := stacks["Role"].only(t, properties.ResourceType)
		return map[string]any{"Fn::GetAtt": []any{id, "RoleArn"}}
	}()
	exports := map[string]any{}
	for _, o := range stacks["Role"].Outputs {
		exports[o.Export.Name] = o.Value
	}
	for _, name := range []string{"ByReference", "ByName"} {
		_, setting := stacks[name].only(t, "AWS::SSM::Parameter")
		imported := setting["Value"].(map[string]any)["Fn::ImportValue"]
		if diff := cmp.Diff(arn, exports[imported.(string)]); diff != "" {
			t.Errorf("%s imports %v: -want +got:\n%s", name, imported, diff)
		}
	}
	_, parameter := stacks["Role"].only(t, "AWS::SSM::Parameter")
	if diff := cmp.Diff(arn, parameter["Value"]); diff != "" || parameter["Name"] != parameterName {
		t.Errorf("parameter %v: -want +got:\n%s", parameter["Name"], diff)
	}
	read := false
	for _, p := range stacks["ByParameter"].Parameters {
		read = read || p.Default == parameterName && p.Type == "AWS::SSM::Parameter::Value<String>"
	}
	if !read {
		t.Error("ByParameter doesn't read the parameter")
	}
}

// The import job waits for the role, whose bucket is the one that it reads.
func TestFirstImportSucceeds(t *testing.T) {
	recommender := synthesised(t)["Recommender"]
	id, role := recommender.only(t, properties.ResourceType)
	_, dataset := recommender.only(t, "AWS::Personalize::Dataset")
	job := dataset["DatasetImportJob"].(map[string]any)
	want := map[string]any{
		"JobName": "first-import", "RoleArn": map[string]any{"Fn::GetAtt": []any{id, "RoleArn"}},
		"DataSource": map[string]any{"DataLocation": "s3://my-training-data/data/interactions.csv"},
	}
	if diff := cmp.Diff(want, job); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	buckets := []any{map[string]any{"Name": dataBucket, "Uses": []any{"DatasetImport"}, "Prefixes": []any{"data/"}}}
	if diff := cmp.Diff(buckets, role["Buckets"]); diff != "" {
		t.Errorf("buckets: -want +got:\n%s", diff)
	}
}

// A pipeline can gate on the templates of the app: roleplan plans each with a service role, and finds nothing.
func TestPlanOfTheApp(t *testing.T) {
	dir := t.TempDir()
	planned := 0
	for name, stack := range synthesisedTo(t, dir) {
		for _, r := range stack.Resources {
			if r.Type != properties.ResourceType {
				continue
			}
			planned++
			command := exec.Command("go", "run", "personalize-role/lambda/cmd/roleplan", "-fail-on", "warning",
				filepath.Join(dir, "cdk.out", name+".template.json"))
			if out, err := command.CombinedOutput(); err != nil || !strings.Contains(string(out), "  + role ") {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			break
		}
	}
	if planned == 0 {
		t.Error("no stack has a service role")
	}
}
