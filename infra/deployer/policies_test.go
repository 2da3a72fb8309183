package deployer

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/permissions"
)

var update = flag.Bool("update", false, "rewrite docs/policies, and fail")

const boundary = "arn:aws:iam::123456789012:policy/PersonalizeRoleFunction"

// The policies in docs/policies are those that the code returns and the emulator tests.
func TestDocumentedPolicies(t *testing.T) {
	bounded := example
	bounded.Boundary = boundary
	function := permissions.Statements(permissions.Scope{
		Partition: "aws", Region: "*", AccountID: "123456789012",
		RoleNames: []string{permissions.DefaultRoleNames}, PolicyNames: []string{permissions.DefaultPolicyNames},
		Buckets: []string{"arn:*:s3:::my-training-data"},
		Keys:    []string{"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	})
	folder := filepath.Join("..", "..", "docs", "policies")
	for name, statements := range map[string][]permissions.Statement{
		"deploy.json":                  Statements(example),
		"deploy-below-a-boundary.json": {bounded.powers(bounded.iam("role", "FunctionRole"))},
		"operate.json":                 permissions.OperatorStatements("arn:aws:iam::123456789012:role/PersonalizeRole-EXAMPLE"),
		"function.json": append(function,
			permissions.LogStatement("arn:aws:logs:*:123456789012:log-group:personalize-role-FunctionLogGroup-*")),
	} {
		path, got := filepath.Join(folder, name), permissions.Document(statements)+"\n"
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Errorf("rewrote %s; run again without -update", path)
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s, rewritten by -update: -want +got:\n%s", path, diff)
		}
	}
}
