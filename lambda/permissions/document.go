package permissions

import "encoding/json"

// statement is a statement as IAM reads it.
type statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// Document gives the policy document of statements, as JSON.
func Document(statements []Statement) string {
	document := struct {
		Version   string
		Statement []statement
	}{Version: "2012-10-17"}
	for _, s := range statements {
		document.Statement = append(document.Statement, statement{s.Sid, "Allow", s.Actions, s.Resources, s.Conditions})
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}
