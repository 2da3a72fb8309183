package permissions

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// docs/policies/boundary.yaml, with and without buckets and keys, allows what the code says.
func TestTheBoundarysTemplateAllowsTheSame(t *testing.T) {
	text, err := os.ReadFile("../../docs/policies/boundary.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, with := range []bool{false, true} {
		var whole yaml.Node
		if err := yaml.Unmarshal(text, &whole); err != nil {
			t.Fatal(err)
		}
		resolved := choose(&whole, map[string]bool{"HasBuckets": with, "HasKeys": with})
		var template struct {
			Resources struct {
				Boundary struct {
					Properties struct {
						PolicyDocument struct {
							Statement []yaml.Node `yaml:"Statement"`
						} `yaml:"PolicyDocument"`
					} `yaml:"Properties"`
				} `yaml:"Boundary"`
			} `yaml:"Resources"`
		}
		if err := resolved.Decode(&template); err != nil {
			t.Fatal(err)
		}
		var list document
		for _, node := range template.Resources.Boundary.Properties.PolicyDocument.Statement {
			for i := 0; i < len(node.Content); i += 2 {
				// How the ARNs come about is for the emulator to show.
				if node.Content[i].Value == "Resource" && node.Content[i+1].Tag == "!Split" {
					node.Content[i+1] = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{
						{Kind: yaml.ScalarNode, Value: "bucket"}, {Kind: yaml.ScalarNode, Value: "bucket/*"}}}
				}
			}
			statements := list.Statement
			if err := (&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{&node}}).Decode(&statements); err != nil {
				t.Fatal(err)
			}
			list.Statement = append(list.Statement, statements...)
		}
		scope := Scope{AccountID: "AWS::AccountId"}
		if with {
			scope.Buckets, scope.Keys = []string{"bucket"}, []string{"KmsKeyArns"}
		}
		if diff := cmp.Diff(BoundaryStatements(scope), list.statements(t)); diff != "" {
			t.Errorf("-code +docs/policies/boundary.yaml:\n%s", diff)
		}
	}
}
