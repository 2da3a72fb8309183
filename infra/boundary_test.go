package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// The stack of the boundary has one policy, for the buckets and keys of the settings.
func TestBoundary(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/0b3c"
	dir := filepath.Join(t.TempDir(), "cdk.out")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &map[string]any{"bucketNames": "data-one,data-two",
		"kmsKeyArns": key, "policyName": "Ceiling"}})
	if err := buildBoundary(settingsOf(t, app)); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(dir, "personalize-role-boundary.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				ManagedPolicyName string
				PolicyDocument    struct{ Statement []struct{ Sid string } }
			}
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	policy := template.Resources["Boundary"]
	var sids []string
	for _, s := range policy.Properties.PolicyDocument.Statement {
		sids = append(sids, s.Sid)
	}
	if got := strings.Join(sids, " "); got != "UsePersonalize PublishMetrics UseBuckets UseKeys" ||
		policy.Properties.ManagedPolicyName != "Ceiling" {
		t.Errorf("policy %q with statements %s", policy.Properties.ManagedPolicyName, got)
	}
	for _, want := range []string{`:s3:::data-one"`, `:s3:::data-two/*"`, key} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
}
