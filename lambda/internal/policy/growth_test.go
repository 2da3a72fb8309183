package policy

import (
	"fmt"
	"strings"
	"testing"
)

// sizes are far beyond what the services take, so that growth shows.
var sizes = []int{1, 10, 100, 1000, 10000}

// documentOf returns a policy with that many statements of others.
func documentOf(statements int) string {
	var list []string
	for n := range statements {
		list = append(list, fmt.Sprintf(`{"Sid":"Theirs%d","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/r%d"},`+
			`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`, n, n))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

// BenchmarkMerge reads a policy, puts a statement in, and writes it, by the number of statements.
func BenchmarkMerge(b *testing.B) {
	statements := BucketStatements("PersonalizeRoleX", importing("data"), nil, false)
	for _, n := range sizes {
		b.Run(fmt.Sprintf("statements=%d", n), func(b *testing.B) {
			text := documentOf(n)
			b.ReportAllocs()
			for b.Loop() {
				shared, err := ParseShared(text)
				if err != nil {
					b.Fatal(err)
				}
				put, changed := shared.Put("PersonalizeRoleX", statements)
				if !changed || len(put.String()) <= len(text) {
					b.Fatal("not merged")
				}
			}
		})
	}
}

// BenchmarkStatement writes the statement of a bucket, by the number of prefixes.
func BenchmarkStatement(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprintf("prefixes=%d", n), func(b *testing.B) {
			var prefixes []string
			for k := range n {
				prefixes = append(prefixes, fmt.Sprintf("exports/%d/", k))
			}
			b.ReportAllocs()
			for b.Loop() {
				grants := []Grant{{Uses: []string{"DatasetImport"}, Prefixes: prefixes}}
				if len(BucketStatements("X", Bucket{Partition: "aws", Name: "data", Grants: grants}, nil, false)) == 0 {
					b.Fatal("no statement")
				}
			}
		})
	}
}
