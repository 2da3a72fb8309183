package findings

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"personalize-role/lambda/internal/policy"
)

// TestRemedies applies what findings about policies recommend, one after the other, until nothing is found.
func TestRemedies(t *testing.T) {
	for _, c := range cases {
		ofPolicies := []Code{BucketPolicyDenies, BucketPolicyLacksStatement, KeyPolicyDenies, KeyPolicyLacksStatement, BoundaryLacksPermission,
			PrincipalDeleted, CustomerProvidedKeys, PublicPolicyBlocked}
		if c.severity == "" || !slices.Contains(ofPolicies, c.code) {
			continue
		}
		t.Run(string(c.code)+" "+c.name, func(t *testing.T) {
			s := c.state(t)
			for range 3 {
				all := Of(s)
				if len(all) == 0 {
					return
				}
				f, b, key := all[0], s.Observed.Buckets["data"], s.Observed.Keys[keyARN]
				withFix := []Code{BucketPolicyDenies, KeyPolicyDenies, BoundaryLacksPermission}
				if slices.Contains(withFix, f.Code) != (f.Fix != "") {
					t.Fatalf("%s has the statement %q to paste", f, f.Fix)
				}
				switch f.Code {
				case BucketPolicyDenies:
					b.Policy = replaced(t, b.Policy, f)
				case KeyPolicyDenies:
					key.Policy = replaced(t, key.Policy, f)
				case BucketPolicyLacksStatement:
					// As RequiredBucketPolicyStatements has them, or merged once the source need not be told.
					statements := slices.Clone(s.Desired.Buckets[0].Statements)
					statements[0].Condition = nil
					b.Policy = merged(t, b.Policy, s.Desired.Sid, statements...)
				case KeyPolicyLacksStatement:
					key.Policy = merged(t, key.Policy, s.Desired.Sid, s.Desired.Keys[0].Statement)
				case PrincipalDeleted:
					b.Policy = strings.Replace(b.Policy, "AROA1234567890EXAMPLE", "arn:aws:iam::"+account+":role/New", 1)
				case CustomerProvidedKeys, PublicPolicyBlocked:
					shared, err := policy.ParseShared(b.Policy)
					if err != nil {
						t.Fatal(err)
					}
					shared, _ = shared.Remove(map[Code]string{CustomerProvidedKeys: "C", PublicPolicyBlocked: "P"}[f.Code])
					b.Policy = shared.String()
				default:
					// What denies is removed.
					allowing, _, _ := strings.Cut(s.Inspected.Boundary[strings.Index(s.Inspected.Boundary, "[")+1:], `,{"Effect":"Deny"`)
					s.Inspected.Boundary = document(strings.TrimSuffix(allowing, "]}") + "," + f.Fix)
				}
				s.Observed.Buckets["data"], s.Observed.Keys[keyARN] = b, key
			}
			t.Errorf("there still are %q", Of(s))
		})
	}
}

// replaced returns a policy with the statement that a finding is about as the finding recommends it.
func replaced(t *testing.T, text string, f Finding) string {
	t.Helper()
	shared, err := policy.ParseShared(text)
	if err != nil {
		t.Fatal(err)
	}
	statements := slices.Clone(shared.Statements())
	n := slices.IndexFunc(statements, func(s json.RawMessage) bool { return policy.Label(s) == f.Statement })
	if n < 0 {
		t.Fatalf("no statement is %s", f.Statement)
	}
	statements[n] = json.RawMessage(f.Fix)
	var b strings.Builder
	for _, s := range statements {
		b.WriteString("," + string(s))
	}
	return document(b.String())
}
