package permissions

import (
	"encoding/json"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// statement is a statement as IAM reads it.
type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

type policyDocument struct {
	Version   string
	Statement []statement
}

func documentOf(statements []Statement) policyDocument {
	d := policyDocument{Version: "2012-10-17"}
	for _, s := range statements {
		d.Statement = append(d.Statement, statement{s.Sid, "Allow", s.Actions, s.Resources, s.Conditions})
	}
	return d
}

// Document returns the policy document of statements, as indented JSON.
func Document(statements []Statement) string {
	text, err := json.MarshalIndent(documentOf(statements), "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}

// Decoded returns the policy document of statements, as encoding/json decodes it.
func Decoded(statements []Statement) map[string]any { return decoded(documentOf(statements)) }

// BucketStatement returns the statement that the function would merge into the policy of a bucket, without a Sid, as encoding/json
// decodes it. The values may be tokens of a template. With RequireSourceConditions, the scope and the Regions say for whom Personalize
// must act.
func BucketStatement(s Scope, b properties.Bucket, regions []string) map[string]any {
	var source *policy.Source
	if b.RequireSourceConditions {
		source = &policy.Source{Partition: s.Partition, AccountID: s.AccountID, Regions: regions}
	}
	return decoded(policy.BucketStatement("", policy.Bucket{Partition: s.Partition, Name: b.Name, Uses: b.Uses, Prefixes: b.Prefixes}, source))
}

func decoded(v any) map[string]any {
	var all map[string]any
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(err) // strings only
	}
	return all
}
