package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var need = Need{
	Role: "arn:aws:iam::123456789012:role/R", Account: "123456789012", Actions: []string{"s3:GetObject", "s3:ListBucket"},
	Resources: []string{"arn:aws:s3:::data", "arn:aws:s3:::data/in/*"},
}

func TestClosedByOthers(t *testing.T) {
	want := map[string][]string{
		"vpc-only.json":  {"aws:SourceVpce"},
		"source-ip.json": {"aws:SourceIp"},
		// The service is excepted, and the role's session isn't.
		"vpc-only-except-services.json": {"aws:SourceVpc"},
	}
	for name, text := range corpus(t) {
		if diff := cmp.Diff(want[name], Closed(text, need)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// A Deny counts only if it is about what Personalize does there, as the role or as the service.
func TestClosed(t *testing.T) {
	const vpc = `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`
	const all = `"Principal":"*","Action":"s3:*","Resource":"*",`
	for _, c := range []struct {
		name, statement string
		closed          bool
	}{
		{"everything", all + vpc, true},
		{"one action, in another case", `"Principal":"*","Action":"S3:getobject","Resource":"*",` + vpc, true},
		{"another action", `"Principal":"*","Action":["s3:DeleteBucket","s3:PutObject"],"Resource":"*",` + vpc, false},
		{"all but the actions", `"Principal":"*","NotAction":["s3:Get*","s3:List*"],"Resource":"*",` + vpc, false},
		{"another user", `"Principal":{"AWS":"arn:aws:iam::123456789012:user/joe"},"Action":"s3:*","Resource":"*",` + vpc, false},
		{"the account", `"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:*","Resource":"*",` + vpc, true},
		{"the role", `"Principal":{"AWS":["x","` + need.Role + `"]},"Action":"s3:*","Resource":"*",` + vpc, true},
		{"the service", `"Principal":{"Service":"personalize.amazonaws.com"},"Action":"s3:*","Resource":"*",` + vpc, true},
		{"all but the role", `"NotPrincipal":{"AWS":"` + need.Role + `"},"Action":"s3:*","Resource":"*",` + vpc, false},
		{"other objects", `"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/out/*",` + vpc, false},
		{"objects below", `"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/in/2026/*.csv",` + vpc, true},
		{"objects above", `"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/i?/*",` + vpc, true},
		{"the service excepted alone", all + `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"},` +
			`"Bool":{"aws:PrincipalIsAWSService":"false"}}`, true},
		{"forward access excepted alone", all + `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"},` +
			`"Bool":{"aws:ViaAWSService":"false"}}`, true},
		{"the role excepted", all + `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"},` +
			`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/*"}}`, false},
		{"another role excepted", all + `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"},` +
			`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::123456789012:role/Admin"}}`, true},
		{"plain HTTP only", all + `"Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"},"Bool":{"aws:SecureTransport":"false"}}`, false},
	} {
		got := Closed(`{"Statement":[{"Effect":"Deny",`+c.statement+`}]}`, need)
		if c.closed != (len(got) == 1) {
			t.Errorf("%s: got %v, want closed %v", c.name, got, c.closed)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"", "*", true}, {"", "a", false}, {"a", "a", true}, {"a", "b", false}, {"a*", "*b", true}, {"a*c", "ab*", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false}, {"*a*", "b*", true}, {"a*b", "a*c", false}, {strings.Repeat("*a", 500), strings.Repeat("*b", 500), false},
		{strings.Repeat("*a", 500) + "*", strings.Repeat("*b", 500) + "*", true},
	} {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("%.20s and %.20s: want %v both ways", c.a, c.b, c.want)
		}
	}
}
