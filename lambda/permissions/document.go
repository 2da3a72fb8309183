package permissions

import (
	"encoding/json"
	"slices"

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
	bucket := policy.Bucket{Partition: s.Partition, Name: b.Name, Uses: b.Uses}
	statement := policy.BucketStatement("", bucket, source)
	if len(b.Prefixes) > 0 {
		statement.Resource = nil
	}
	// One prefix after the other: sorting would follow the texts of tokens, which differ from one synthesis to the next.
	for _, prefix := range b.Prefixes {
		bucket.Prefixes = []string{prefix}
		for _, resource := range policy.BucketStatement("", bucket, source).Resource {
			if !slices.Contains(statement.Resource, resource) {
				statement.Resource = append(statement.Resource, resource)
			}
		}
	}
	return decoded(statement)
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
