package permissions

import (
	"encoding/json"
	"maps"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// statement is a statement as IAM reads it.
type statement struct {
	Sid       string
	Effect    string
	Principal string `json:",omitempty"`
	Action    []string
	Resource  []string
	Condition map[string]map[string]any `json:",omitempty"`
}

type policyDocument struct {
	Version   string
	Statement []statement
}

func documentOf(statements []Statement) policyDocument {
	d := policyDocument{Version: "2012-10-17"}
	for _, s := range statements {
		effect := "Allow"
		if s.Deny {
			effect = "Deny"
		}
		d.Statement = append(d.Statement, statement{s.Sid, effect, s.Principal, s.Actions, s.Resources, conditionsOf(s)})
	}
	return d
}

// conditionsOf returns the conditions of a statement, one value as a text: linters of policies take no list of one for a Bool.
func conditionsOf(s Statement) map[string]map[string]any {
	if len(s.Conditions) == 0 {
		return nil
	}
	all := map[string]map[string]any{}
	for operator, keys := range s.Conditions {
		all[operator] = map[string]any{}
		for key, values := range keys {
			all[operator][key] = values
			if len(values) == 1 {
				all[operator][key] = values[0]
			}
		}
	}
	return all
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

// BucketStatements returns the statements that the function would merge into the policy of a bucket, without Sids, as encoding/json decodes
// them. entries are all that name the bucket; their values may be tokens of a template. The scope and the Regions say for whom Personalize
// may act; without Regions it may for anybody.
func BucketStatements(s Scope, entries []properties.Bucket, regions []string) []map[string]any {
	bucket := policy.Bucket{Partition: s.Partition, Name: entries[0].Name}
	for _, b := range entries {
		bucket.Grants = append(bucket.Grants, policy.Grant{Uses: b.Uses, Prefixes: b.Prefixes})
	}
	var source *policy.Source
	if len(regions) > 0 {
		source = &policy.Source{Partition: s.Partition, AccountID: s.AccountID, Regions: regions}
	}
	var all []map[string]any
	for _, statement := range policy.BucketStatements("", bucket, source, entries[0].RequireSourceConditions) {
		statement.Sid = ""
		all = append(all, decoded(statement))
	}
	return all
}

// OfRole returns statements for a role of another account than the bucket's, which needs the permission of both sides. They name its
// account and narrow that to the role: the ARN of a role that doesn't exist yet is no valid principal.
func OfRole(statements []map[string]any, accountARN, roleARN string) []map[string]any {
	var all []map[string]any
	for _, s := range statements {
		s = maps.Clone(s)
		s["Principal"] = map[string]any{"AWS": accountARN}
		s["Condition"] = map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": roleARN}}
		all = append(all, s)
	}
	return all
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
