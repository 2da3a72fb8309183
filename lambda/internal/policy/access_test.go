package policy

import (
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
		b := Bucket{Partition: "aws", Name: "data", Grants: []Grant{{Uses: strings.Split(uses, ",")}}}
		statement := BucketStatements("S", b, nil, false)[0]
		role := Role{Buckets: []Bucket{b}}.Document().Statement[0]
		if got := strings.Join(statement.Action, " "); got != want || strings.Join(role.Action, " ") != want {
			t.Errorf("%s: bucket %s, role %s, want %s", uses, got, role.Action, want)
		}
		lists := strings.Contains(want, "List")
		if (len(statement.Resource) == 2) != lists || (len(role.Resource) == 2) != lists {
			t.Errorf("%s: on %v and %v; the bucket itself is for listing only", uses, statement.Resource, role.Resource)
		}
	}
}

func TestRole(t *testing.T) {
	bucket := func(name string, grants ...Grant) Bucket { return Bucket{Partition: "aws", Name: name, Grants: grants} }
	uses := func(use string, prefixes ...string) Grant { return Grant{Uses: []string{use}, Prefixes: prefixes} }
	own := func(b Bucket) Bucket {
		b.Account = "123456789012"
		return b
	}
	const statements = `{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[%]}`
	for _, c := range []struct {
		name string
		role Role
		want string
	}{
		{"many buckets of one use", Role{Buckets: []Bucket{bucket("b", uses("DatasetImport")), bucket("a", uses("DataDeletion"))}},
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*","arn:aws:s3:::b","arn:aws:s3:::b/*"]}`},
		{"every use", Role{Metrics: true, Personalize: true, Buckets: []Bucket{bucket("a", uses("DatasetImport")),
			bucket("b", uses("BatchInference")), bucket("c", uses("DatasetExport")), bucket("d", uses("MetricAttribution"))}},
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyExport","Effect":"Allow","Action":["s3:ListBucket","s3:PutObject"],` +
				`"Resource":["arn:aws:s3:::c","arn:aws:s3:::c/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyPut","Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::d/*"},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyReadWrite","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],` +
				`"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyMetrics","Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyPersonalize","Effect":"Allow","Action":"personalize:*","Resource":"*"}`},
		{"prefixes, one below another", Role{Buckets: []Bucket{bucket("a", uses("DatasetImport", "in/", "in/new/", "a.csv"))}},
			`{"Sid":"PersonalizeS3BucketAccessPolicyGet","Effect":"Allow","Action":"s3:GetObject",` +
				`"Resource":["arn:aws:s3:::a/in/*","arn:aws:s3:::a/a.csv*"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyList","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::a"}`},
		{"own buckets and others", Role{Buckets: []Bucket{own(bucket("a", uses("DatasetImport"))), bucket("b", uses("DatasetImport")),
			own(bucket("c", uses("DatasetImport")))}},
			`{"Sid":"PersonalizeS3BucketAccessPolicy","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::a","arn:aws:s3:::a/*","arn:aws:s3:::c","arn:aws:s3:::c/*"],` +
				`"Condition":{"StringEquals":{"aws:ResourceAccount":"123456789012"}}},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyAnyAccount","Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` +
				`"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`},
		{"keys", Role{Keys: []Key{{ARN: "k1", InRole: true, Managed: true, Exports: true}, {ARN: "k2", InRole: true, Exports: true},
			{ARN: "k3", Managed: true}, {ARN: "k4", InRole: true, Managed: true, Found: true}, {ARN: "k5", InRole: true, Found: true}}},
			`{"Sid":"PersonalizeS3BucketAccessPolicyKeys","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey",` +
				`"kms:ListGrants"],"Resource":["k1","k2","k5"]},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyDefaultKeys","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey",` +
				`"kms:DescribeKey","kms:ListGrants"],"Resource":"k4"},` +
				`{"Sid":"PersonalizeS3BucketAccessPolicyExportKeys","Effect":"Allow","Action":"kms:GenerateDataKeyWithoutPlaintext","Resource":"k2"}`},
	} {
		if diff := cmp.Diff(strings.Replace(statements, "%", c.want, 1), c.role.Document().String()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
	if got := (Role{Keys: []Key{{ARN: "k", Managed: true}}}).Document(); len(got.Statement) != 0 {
		t.Errorf("a key that only its own policy needs makes %s", got)
	}
}

// What several grants of one bucket allow, each action on what.
func TestGrantsOfOneBucket(t *testing.T) {
	for _, c := range []struct {
		name   string
		grants []Grant
		want   string
	}{
		{"read here, read and write there", []Grant{{[]string{"DatasetImport"}, []string{"in/"}}, {[]string{"BatchInference"}, []string{"out/"}}},
			"List: ListBucket /; Objects: GetObject PutObject /out/*; Get: GetObject /in/*"},
		{"read here, write there", []Grant{{[]string{"DatasetImport"}, []string{"in/"}}, {[]string{"MetricAttribution"}, []string{"out/"}}},
			"List: ListBucket /; Get: GetObject /in/*; Put: PutObject /out/*"},
		{"both at one place", []Grant{{[]string{"BatchInference"}, []string{"io/", "more/"}}},
			"List: ListBucket /; Objects: GetObject PutObject /io/* /more/*"},
		{"read everywhere, write below a prefix", []Grant{{[]string{"DatasetImport"}, nil}, {[]string{"BatchInference"}, []string{"out/"}}},
			": GetObject ListBucket / /*; Put: PutObject /out/*"},
		{"write everywhere, read below a prefix", []Grant{{[]string{"MetricAttribution"}, nil}, {[]string{"DatasetImport"}, []string{"in/"}}},
			": PutObject /*; List: ListBucket /; Get: GetObject /in/*"},
		{"everywhere what is below a prefix too", []Grant{{[]string{"BatchInference"}, nil}, {[]string{"DatasetImport"}, []string{"in/"}}},
			": GetObject ListBucket PutObject / /*"},
		{"one prefix below another one", []Grant{{[]string{"DatasetImport"}, []string{"d/"}}, {[]string{"BatchInference"}, []string{"d/out/"}}},
			"List: ListBucket /; Get: GetObject /d/*; Put: PutObject /d/out/*"},
		{"the same twice", []Grant{{[]string{"DatasetImport"}, []string{"a/", "b/"}}, {[]string{"DataDeletion"}, []string{"b/"}}},
			"List: ListBucket /; Get: GetObject /a/* /b/*"},
	} {
		var parts []string
		for _, s := range BucketStatements("S", Bucket{Partition: "aws", Name: "data", Grants: c.grants}, nil, false) {
			parts = append(parts, strings.TrimPrefix(s.Sid, "S")+": "+strings.Join(s.Action, " ")+" "+strings.Join(s.Resource, " "))
		}
		got := strings.NewReplacer("arn:aws:s3:::data/", "/", "arn:aws:s3:::data", "/", "s3:", "").Replace(strings.Join(parts, "; "))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestStatementsOfShared(t *testing.T) {
	source := &Source{Partition: "aws", AccountID: "123456789012", Regions: []string{"eu-west-1"}}
	const (
		service  = `{"Sid":"S","Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},`
		both     = `{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:r","Service":"personalize.amazonaws.com"},`
		reading  = `"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]`
		using    = `"Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey","kms:CreateGrant","kms:ListGrants"`
		required = `,"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},` +
			`"StringLike":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:123456789012:*"}}`
		ifSent = `,"Condition":{"ArnLikeIfExists":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:123456789012:*"},` +
			`"StringEqualsIfExists":{"aws:SourceAccount":"123456789012"}}`
	)
	for _, c := range []struct {
		name string
		got  []Statement
		want string
	}{
		{"bucket for anybody", BucketStatements("S", importing("data"), nil, false), service + reading + `}`},
		{"bucket", BucketStatements("S", importing("data"), source, false), service + reading + ifSent + `}`},
		{"bucket with required conditions", BucketStatements("S", importing("data"), source, true), service + reading + required + `}`},
		{"bucket of another account", ForeignBucketStatements("S", "arn:r", importing("data"), source, false), both + reading + ifSent + `}`},
		{"bucket of another account with required conditions", ForeignBucketStatements("S", "arn:r", importing("data"), source, true),
			service + reading + required + `}` + `{"Sid":"SRole","Effect":"Allow","Principal":{"AWS":"arn:r"},` + reading + `}`},
		{"key", []Statement{KeyStatement("S", "arn:r", Key{}, source)}, both + using + `],"Resource":"*"` + ifSent + `}`},
		{"key of a dataset group that is exported", []Statement{KeyStatement("S", "arn:r", Key{Exports: true}, nil)},
			both + using + `,"kms:GenerateDataKeyWithoutPlaintext"],"Resource":"*"}`},
	} {
		got := ""
		for _, s := range c.got {
			got += s.String()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}
