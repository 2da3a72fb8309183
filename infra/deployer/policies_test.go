package deployer

import (
	"path/filepath"
	"testing"

	"personalize-role/lambda/golden"
	"personalize-role/lambda/permissions"
)

const boundary = "arn:aws:iam::123456789012:policy/PersonalizeRoleFunction"

// The policies in docs/policies are those that the code returns and the emulator tests.
func TestDocumentedPolicies(t *testing.T) {
	bounded := example
	bounded.Boundary = boundary
	function := func(required string) []permissions.Statement {
		return append(permissions.Statements(permissions.Scope{
			Partition: "aws", Region: "*", AccountID: "123456789012", RequiredBoundary: required,
			RoleNames: []string{permissions.DefaultRoleNames}, PolicyNames: []string{permissions.DefaultPolicyNames},
			Buckets: []string{"arn:*:s3:::my-training-data"},
			Keys:    []string{"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
		}), permissions.GuardStatement(), permissions.LogStatement("arn:aws:logs:*:123456789012:log-group:personalize-role-FunctionLogGroup-*"))
	}
	ceiling := permissions.BoundaryStatements(permissions.Scope{
		AccountID: "123456789012", Buckets: []string{"arn:aws:s3:::my-training-data"},
		Keys: []string{"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	})
	folder := filepath.Join("..", "..", "docs", "policies")
	for name, statements := range map[string][]permissions.Statement{
		"deploy.json":                  Statements(example),
		"deploy-below-a-boundary.json": {bounded.powers(bounded.iam("role", "FunctionRole"))},
		"reserve-tags.json": permissions.ReserveTags([]string{
			"arn:aws:iam::*:role/personalize-role-FunctionRole-*", "arn:aws:iam::*:role/*/personalize-role-FunctionRole-*",
		}),
		"only-services.json":            permissions.OnlyServices([]string{"arn:aws:iam::*:role/personalize-roles/*"}),
		"boundary.json":                 ceiling,
		"operate.json":                  operator(t, permissions.OperatorOperate),
		"read-only.json":                operator(t, permissions.OperatorReadOnly),
		"monitor.json":                  operator(t, permissions.OperatorMonitor),
		"plan.json":                     permissions.PlanStatements(),
		"function.json":                 function(""),
		"function-below-a-ceiling.json": function("arn:aws:iam::123456789012:policy/PersonalizeRoleBoundary"),
	} {
		golden.Check(t, filepath.Join(folder, name), permissions.Document(statements)+"\n")
	}
}

func operator(t *testing.T, what permissions.Operator) []permissions.Statement {
	t.Helper()
	statements, err := permissions.OperatorStatements(what, "arn:aws:iam::123456789012:role/PersonalizeRole-EXAMPLE")
	if err != nil {
		t.Fatal(err)
	}
	return statements
}
