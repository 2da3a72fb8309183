package access

import (
	"fmt"
	"strings"
	"testing"

	"personalize-role/lambda/internal/policy"
)

// BenchmarkDecide reads and judges a policy as long as a bucket's can be, for both identities.
func BenchmarkDecide(b *testing.B) {
	var statements []string
	for n := 0; len(strings.Join(statements, ",")) < policy.MaxBucketPolicySize-400; n++ {
		statements = append(statements, fmt.Sprintf(`{"Sid":"S%d","Effect":"Deny","Principal":"*","Action":["s3:Get*","s3:ListBucket"],`+
			`"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"],"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-%d"},`+
			`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/service/*-a"}}}`, n, n))
	}
	text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	call := Call{Action: "s3:GetObject", Resource: object}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		p, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		Decide(Policies{Resource: p}, personalize.AsRole(call))
		Decide(Policies{Resource: p}, personalize.AsService(call))
	}
}
