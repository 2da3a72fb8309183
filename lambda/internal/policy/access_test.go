package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What each use needs, on the role and on the bucket, as the documentation of Personalize has it.
func TestActionsOfUses(t *testing.T) {
	for uses, want := range map[string]string{
		"DatasetImport":                   "s3:GetObject s3:ListBucket",
		"DataDeletion":                    "s3:GetObject s3:ListBucket",
		"BatchInference":                  "s3:GetObject s3:ListBucket s3:PutObject",
		"DatasetExport":                   "s3:ListBucket s3:PutObject",
		"MetricAttribution":               "s3:PutObject",
		"DatasetImport,MetricAttribution": "s3:GetObject s3:ListBucket s3:PutObject",
		"MetricAttribution,DatasetExport": "s3:ListBucket s3:PutObject",
	} {
		b := Bucket{Partition: "aws", Name: "data", Uses: strings.Split(uses, ",")}
		statement := BucketStatement("S", b, nil)
		role := RoleAccess([]Bucket{b}, nil, false).Statement[0]
		if got := strings.Join(statement.Action, " "); got != want || strings.Join(role.Action, " ") != want {
			t.Errorf("%s: bucket %s, role %s, want %s", uses, got, role.Action, want)
		}
		lists := strings.Contains(want, "List")
		if (len(statement.Resource) == 2) != lists || (len(role.Resource) == 2) != lists {
			t.Errorf("%s: on %v and %v; the bucket itself is for listing only", uses, statement.Resource, role.Resource)
		}
	}
}

func TestRoleAccess(t *testing.T) {
	bucket := func(name, use string, prefixes ...string) Bucket {
		return Bucket{Partition: "aws", Name: name, Uses: []string{use}, Prefixes: prefixes}
	}
	const statements = `{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[%]}`
	for _, c := range []struct {
		name    string
		buckets []Bucket
		keys    []Key
		metrics bool
		want    string
	}{
		{"many buckets of one use", []Bucket{bucket("b", "DatasetImport"), bucket("a", "DataDeletion")}, nil, false,
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*","arn:aws:s3:::b","arn:aws:s3:::b/*"]}`},
		{"every use", []Bucket{bucket("a", "DatasetImport"), bucket("b", "BatchInference"), bucket("c", "DatasetExport"),
			bucket("d", "MetricAttribution")}, nil, true,
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyReadWrite","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],` +
				`"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyExport","Effect":"Allow","Action":["s3:ListBucket","s3:PutObject"],` +
				`"Resource":["arn:aws:s3:::c","arn:aws:s3:::c/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyWrite","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::d/*"},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyMetrics","Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"}`},
		{"prefixes, one below another", []Bucket{bucket("a", "DatasetImport", "in/", "in/new/", "a.csv")}, nil, false,
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/a.csv*","arn:aws:s3:::a/in/*"]}`},
		{"keys", nil, []Key{{ARN: "k1", InRole: true, Managed: true, Exports: true}, {ARN: "k2", InRole: true, Exports: true},
			{ARN: "k3", Managed: true}}, false,
			`{"Sid":"PersonalizeS3BucketAccessPolicyKeys","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey",` +
				`"kms:ListGrants"],"Resource":["k1","k2"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyExportKeys","Effect":"Allow","Action":"kms:GenerateDataKeyWithoutPlaintext","Resource":"k2"}`},
	} {
		got := RoleAccess(c.buckets, c.keys, c.metrics).String()
		if diff := cmp.Diff(strings.Replace(statements, "%", c.want, 1), got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
	if got := RoleAccess(nil, []Key{{ARN: "k", Managed: true}}, false); len(got.Statement) != 0 {
		t.Errorf("a key that only its own policy needs makes %s", got)
	}
}

func TestStatementsOfShared(t *testing.T) {
	b := Bucket{Partition: "aws", Name: "data", Uses: []string{"DatasetImport"}}
	source := &Source{Partition: "aws", AccountID: "123456789012", Regions: []string{"eu-west-1"}}
	for _, c := range []struct {
		name string
		got  Statement
		want string
	}{
		{"bucket with conditions", BucketStatement("S", b, source),
			`{"Sid":"S","Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},` +
				`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"],` +
				`"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},` +
				`"StringLike":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:123456789012:*"}}}`},
		{"bucket of another account", ForeignBucketStatement("S", "arn:r", b),
			`{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:r","Service":"personalize.amazonaws.com"},` +
				`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`},
		{"key", KeyStatement("S", "arn:r", Key{}), `{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:r",` +
			`"Service":"personalize.amazonaws.com"},` +
			`"Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey","kms:CreateGrant","kms:ListGrants"],"Resource":"*"}`},
		{"key of a dataset group that is exported", KeyStatement("S", "arn:r", Key{Exports: true}),
			`{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:r","Service":"personalize.amazonaws.com"},` +
				`"Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey","kms:CreateGrant","kms:ListGrants",` +
				`"kms:GenerateDataKeyWithoutPlaintext"],"Resource":"*"}`},
	} {
		if diff := cmp.Diff(c.want, c.got.String()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		if !json.Valid([]byte(c.got.String())) {
			t.Errorf("%s: no JSON", c.name)
		}
	}
}
