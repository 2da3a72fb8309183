package main

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"personalize-role/infra/bundle/bundletest"
	"personalize-role/lambda/properties"
)

// app is a synthesised app.
type app struct {
	dir      string
	template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
		Outputs map[string]output
	}
}

func settingsOf(t *testing.T, app awscdk.App) *settings {
	t.Helper()
	s, err := newSettings(app)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

type output struct {
	Description string `yaml:"Description"`
	Export      struct {
		Name any `yaml:"Name"`
	} `yaml:"Export"`
}

func synthesised(t *testing.T, context map[string]any) (*app, error) {
	t.Helper()
	a := &app{dir: filepath.Join(t.TempDir(), "cdk.out")}
	zip := bundletest.Zip(t, "arm64")
	all := map[string]any{"functionZip": zip}
	maps.Copy(all, context)
	cdk := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(a.dir), Context: &all})
	if err := build(settingsOf(t, cdk)); err != nil {
		return nil, err
	}
	cdk.Synth(nil)
	text, err := os.ReadFile(filepath.Join(a.dir, "personalize-role.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &a.template); err != nil {
		t.Fatal(err)
	}
	return a, nil
}

func (a *app) role(t *testing.T) map[string]any {
	t.Helper()
	for _, r := range a.template.Resources {
		if r.Type == properties.ResourceType {
			return r.Properties
		}
	}
	t.Fatal("no role")
	return nil
}

// The app's stack returns what template.yaml's does, under the same names.
func TestOutputsAreTheTemplates(t *testing.T) {
	text, err := os.ReadFile("../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Outputs map[string]output `yaml:"Outputs"`
	}
	if err := yaml.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, o := range want.Outputs {
		if export, ok := o.Export.Name.(string); ok {
			o.Export.Name = strings.ReplaceAll(export, "${AWS::StackName}", "personalize-role")
			want.Outputs[name] = o
		}
	}
	got, err := synthesised(t, map[string]any{"createOperatorPolicy": "Operate"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Outputs, got.template.Outputs); diff != "" {
		t.Errorf("-template.yaml +app:\n%s", diff)
	}
}

// cdk-nag finds nothing but what is meant, for which there is a reason.
func TestBestPractices(t *testing.T) {
	for _, operators := range []string{"Operate", "ReadOnly", "Monitor"} {
		t.Run(operators, func(t *testing.T) { checkReport(t, operators) })
	}
}

func checkReport(t *testing.T, operators string) {
	a, err := synthesised(t, map[string]any{
		"bucketNames": "data-one", "kmsKeyArns": "arn:aws:kms:eu-west-1:123456789012:key/0b3c", "createOperatorPolicy": operators,
		"roleArnParameterName": "role-arn", "additionalRoleNames": "Team-*", "additionalBucketNames": "team-data", "path": "/ml/",
	})
	if err != nil {
		t.Fatal(err)
	}
	reports, err := filepath.Glob(filepath.Join(a.dir, "*NagReport.csv"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports %v, %v", reports, err)
	}
	file, err := os.Open(reports[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) < 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		switch row[2] {
		case "Compliant", "N/A":
		case "Suppressed":
			if len(row[3]) < 40 {
				t.Errorf("%s on %s is suppressed without a reason: %q", row[0], row[1], row[3])
			}
		default:
			t.Errorf("%s on %s: %s: %s", row[0], row[1], row[2], row[5])
		}
	}
}
