package deployer

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/permissions"
)

var update = flag.Bool("update", false, "rewrite the policies in docs/permissions.md, and fail")

const boundary = "arn:aws:iam::123456789012:policy/PersonalizeRoleFunction"

// The policies of docs/permissions.md, each below a heading, are those that the code gives and the emulator tests.
func TestPage(t *testing.T) {
	bounded := example
	bounded.Boundary = boundary
	function := permissions.Statements(permissions.Scope{
		Partition: "aws", Region: "*", AccountID: "123456789012",
		RoleNames: []string{permissions.DefaultRoleNames}, PolicyNames: []string{permissions.DefaultPolicyNames},
		Buckets: []string{"arn:*:s3:::my-training-data"}, Keys: []string{"arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	})
	path := filepath.Join("..", "..", "docs", "permissions.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := string(page)
	for heading, statements := range map[string][]permissions.Statement{
		"To deploy":                     Statements(example),
		"To deploy, below a boundary":   {bounded.powers(bounded.iam("role", "FunctionRole"))},
		"To operate Amazon Personalize": permissions.OperatorStatements("arn:aws:iam::123456789012:role/PersonalizeRole-EXAMPLE"),
		"The function":                  append(function, permissions.LogStatement("arn:aws:logs:*:123456789012:log-group:personalize-role-FunctionLogGroup-*")),
	} {
		block := regexp.MustCompile("(?s)(## " + heading + "\n.*?```json\n).*?(```)")
		if !block.MatchString(got) {
			t.Fatalf("no policy below %q", heading)
		}
		got = block.ReplaceAllStringFunc(got, func(s string) string {
			part := block.FindStringSubmatch(s)
			return part[1] + permissions.Document(statements) + "\n" + part[2]
		})
	}
	if diff := cmp.Diff(string(page), got); diff != "" {
		t.Errorf("go test ./infra/deployer -update rewrites the page; -page +code:\n%s", diff)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Error(err)
			}
		}
	}
}
