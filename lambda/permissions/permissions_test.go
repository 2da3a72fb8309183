package permissions

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"personalize-role/lambda/internal/plan"
)

// template.yaml allows, as far as it doesn't depend on buckets and keys: for those see infra/e2e/permissions_test.go. It allows the
// function what it needs, and nothing to spare.
func TestTemplateGrantsTheSame(t *testing.T) {
	for _, boundary := range []string{"", "RequiredBoundary", "arn:${AWS::Partition}:iam::${AWS::AccountId}:${RequiredBoundary}"} {
		want := map[string]Statement{}
		scope := Scope{
			Partition: "${AWS::Partition}", Region: "${AWS::Region}", AccountID: "${AWS::AccountId}", RequiredBoundary: boundary,
			RoleNames: []string{DefaultRoleNames}, PolicyNames: []string{DefaultPolicyNames},
			Roles: []string{"arn:${AWS::Partition}:iam::${AWS::AccountId}:role${Path}${RoleName}", "arn:*:iam::*:role/${AdditionalRoleNames}",
				"arn:*:iam::*:role/*/${AdditionalRoleNames}"},
			Policies: []string{"arn:${AWS::Partition}:iam::${AWS::AccountId}:policy${Path}${PolicyName}",
				"arn:*:iam::*:policy/${AdditionalPolicyNames}", "arn:*:iam::*:policy/*/${AdditionalPolicyNames}"},
		}
		for _, s := range slices.Concat(ReadStatements(scope), OwnStatements(scope)) {
			want[s.Sid] = s
		}
		want["KeepKeysReachable"] = GuardStatement()
		want["WriteLogs"] = LogStatement("FunctionLogGroup.Arn")
		if diff := cmp.Diff(want, templateStatements(t, map[string]bool{
			"HasRequiredBoundary": boundary != "", "RequiredBoundaryIsRelative": strings.HasPrefix(boundary, "arn:"),
			"HasRoleName": true, "HasPolicyName": true, "HasAdditionalRoleNames": true, "HasAdditionalPolicyNames": true,
		})); diff != "" {
			t.Errorf("RequiredBoundary %q: -needed +granted by template.yaml:\n%s", boundary, diff)
		}
	}
}

// Every operation has its permission, and every permission to write an operation.
func TestEveryOperationIsAllowed(t *testing.T) {
	var writes, allowed []string
	for _, op := range plan.Kinds() {
		writes = append(writes, op.Actions()...)
	}
	read := regexp.MustCompile(`:(Get|List|Describe)`)
	for _, s := range Statements(Scope{Buckets: []string{"b"}, Keys: []string{"k"}}) {
		for _, action := range s.Actions {
			if !read.MatchString(action) {
				allowed = append(allowed, action)
			}
		}
	}
	writes = slices.DeleteFunc(writes, read.MatchString)
	slices.Sort(writes)
	slices.Sort(allowed)
	if diff := cmp.Diff(slices.Compact(writes), slices.Compact(allowed)); diff != "" {
		t.Errorf("-operations +allowed:\n%s", diff)
	}
}

func readTemplate(t *testing.T, into any) {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// values are one or many.
type values []string

func (v *values) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*v = values{n.Value}
		return nil
	}
	if n.Tag == "!Split" {
		// Of joined texts.
		for _, item := range n.Content[1].Content[1].Content {
			*v = append(*v, textOf(item))
		}
		return nil
	}
	var list []string
	err := n.Decode(&list)
	*v = list
	return err
}

// textOf is the text of a node, in which a parameter is its only entry.
func textOf(n *yaml.Node) string {
	switch n.Tag {
	case "!Ref":
		return "${" + n.Value + "}"
	case "!Split":
		return textOf(n.Content[1])
	case "!Join":
		var parts []string
		list := n.Content[1]
		if list.Tag == "!Split" {
			return textOf(list)
		}
		for _, part := range list.Content {
			parts = append(parts, textOf(part))
		}
		return strings.Join(parts, n.Content[0].Value)
	}
	return n.Value
}

// document is a policy document of the template.
type document struct {
	Statement []struct {
		Sid       string                       `yaml:"Sid"`
		Effect    string                       `yaml:"Effect"`
		Action    values                       `yaml:"Action"`
		Resource  values                       `yaml:"Resource"`
		Condition map[string]map[string]values `yaml:"Condition"`
	} `yaml:"Statement"`
}

// policies are the template's policies that don't depend on conditions.
type policies struct {
	Resources struct {
		FunctionRole struct {
			Properties struct {
				Policies []struct {
					PolicyDocument document `yaml:"PolicyDocument"`
				} `yaml:"Policies"`
			} `yaml:"Properties"`
		} `yaml:"FunctionRole"`
		NamePermissions struct {
			Properties struct {
				PolicyDocument document `yaml:"PolicyDocument"`
			} `yaml:"Properties"`
		} `yaml:"NamePermissions"`
	} `yaml:"Resources"`
}

// statements returns the document's, all of which must allow.
func (d document) statements(t *testing.T) []Statement {
	var list []Statement
	for _, s := range d.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			t.Errorf("%s: effect %s", s.Sid, s.Effect)
		}
		got := Statement{Sid: s.Sid, Deny: s.Effect == "Deny", Actions: s.Action, Resources: s.Resource}
		for operator, keys := range s.Condition {
			if got.Conditions == nil {
				got.Conditions = map[string]map[string][]string{}
			}
			got.Conditions[operator] = map[string][]string{}
			for key, v := range keys {
				got.Conditions[operator][key] = v
			}
		}
		list = append(list, got)
	}
	return list
}

// choose replaces what depends on conditions of the template by what holds; what is left out goes.
func choose(n *yaml.Node, conditions map[string]bool) *yaml.Node {
	for n.Tag == "!If" {
		holds, given := conditions[n.Content[0].Value]
		if !given {
			break
		}
		chosen := n.Content[2]
		if holds {
			chosen = n.Content[1]
		}
		n = chosen
	}
	if n.Tag == "!Ref" && n.Value == "AWS::NoValue" {
		return nil
	}
	var kept []*yaml.Node
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i < len(n.Content); i += step {
		value := choose(n.Content[i+step-1], conditions)
		if value == nil && n.Tag == "!If" {
			// What depends on another condition still has all its parts.
			value = n.Content[i]
		}
		if value != nil {
			kept = append(append(kept, n.Content[i:i+step-1]...), value)
		}
	}
	n.Content = kept
	return n
}

// templateStatements are those of the function's role and of the names, given which conditions of the template hold.
func templateStatements(t *testing.T, conditions map[string]bool) map[string]Statement {
	var whole yaml.Node
	readTemplate(t, &whole)
	var template policies
	if err := choose(&whole, conditions).Decode(&template); err != nil {
		t.Fatal(err)
	}
	statements := map[string]Statement{}
	for _, s := range template.Resources.NamePermissions.Properties.PolicyDocument.statements(t) {
		statements[s.Sid] = s
	}
	for _, p := range template.Resources.FunctionRole.Properties.Policies {
		for _, s := range p.PolicyDocument.statements(t) {
			statements[s.Sid] = s
		}
	}
	return statements
}

// What template.yaml lets people do is what the code says, for each value of CreateOperatorPolicy.
func TestTemplateGrantsOperators(t *testing.T) {
	for _, what := range Operators() {
		var template struct {
			Resources struct {
				OperatorPolicy struct {
					Properties struct {
						PolicyDocument struct {
							Statement []yaml.Node `yaml:"Statement"`
						} `yaml:"PolicyDocument"`
					} `yaml:"Properties"`
				} `yaml:"OperatorPolicy"`
			} `yaml:"Resources"`
		}
		readTemplate(t, &template)
		var document document
		for _, node := range template.Resources.OperatorPolicy.Properties.PolicyDocument.Statement {
			condition, chosen := node.Content[0].Value, node.Content[2]
			if condition == "Can"+string(what) {
				chosen = node.Content[1]
			}
			if node.Tag != "!If" || chosen.Tag == "!Ref" {
				continue
			}
			list := document.Statement
			if err := (&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{chosen}}).Decode(&list); err != nil {
				t.Fatal(err)
			}
			document.Statement = append(document.Statement, list...)
		}
		want, err := OperatorStatements(what, "ServiceRole.RoleArn")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, document.statements(t)); diff != "" {
			t.Errorf("%s: -needed +granted by template.yaml:\n%s", what, diff)
		}
	}
	if _, err := OperatorStatements("Operates", "arn"); err == nil {
		t.Error("an unknown value was accepted")
	}
}
