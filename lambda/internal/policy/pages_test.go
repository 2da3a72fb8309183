package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

// The documents and statements of AWS's own pages, byte for byte, white space, names and the order of actions aside.
func TestPages(t *testing.T) {
	const guide = "https://docs.aws.amazon.com/personalize/latest/dg/"
	const service = `"Principal":{"Service":"personalize.amazonaws.com"}`
	bucket := func(use string) Bucket {
		return Bucket{Partition: "aws", Name: "data", Grants: []Grant{{Uses: []string{use}}}}
	}
	source := &Source{Partition: "aws", AccountID: "123456789012", Regions: []string{"eu-west-1"}}
	const both = `"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`
	for _, c := range []struct {
		page string
		got  fmt.Stringer
		want string
	}{
		{"aws-personalize-set-up-permissions.html", Trust(nil),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + service + `,"Action":"sts:AssumeRole"}]}`},
		{"aws-personalize-set-up-permissions.html", Role{Buckets: []Bucket{bucket(properties.UseDatasetImport)}}.Document(),
			`{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[{"Sid":"PersonalizeS3BucketAccessPolicy",` +
				`"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],` + both + `]}`},
		{"cross-service-confused-deputy-prevention.html", Trust(source),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + service + `,"Action":"sts:AssumeRole",` +
				`"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},` +
				`"StringLike":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:123456789012:*"}}}]}`},
		{"set-up-required-permissions.html", Role{Personalize: true}.Document(),
			`{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[{"Sid":"PersonalizeS3BucketAccessPolicyPersonalize",` +
				`"Effect":"Allow","Action":"personalize:*","Resource":"*"}]}`},
		{"granting-personalize-s3-access.html", BucketStatements("S", bucket(properties.UseDatasetImport), nil, false)[0],
			`{"Sid":"S","Effect":"Allow",` + service + `,"Action":["s3:GetObject","s3:ListBucket"],` + both},
		{"granting-personalize-s3-access.html", BucketStatements("S", bucket(properties.UseBatchInference), nil, false)[0],
			`{"Sid":"S","Effect":"Allow",` + service + `,"Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],` + both},
		{"export-data.html", BucketStatements("S", bucket(properties.UseDatasetExport), nil, false)[0],
			`{"Sid":"S","Effect":"Allow",` + service + `,"Action":["s3:ListBucket","s3:PutObject"],` + both},
		{"metric-attribution-requirements.html", BucketStatements("S", bucket(properties.UseMetricAttribution), nil, false)[0],
			`{"Sid":"S","Effect":"Allow",` + service + `,"Action":"s3:PutObject","Resource":"arn:aws:s3:::data/*"}`},
		{"metric-attribution-requirements.html", Role{Metrics: true}.Document(),
			`{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[{"Sid":"PersonalizeS3BucketAccessPolicyMetrics",` +
				`"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*"}]}`},
		{"granting-personalize-key-access.html", KeyStatement("S", "arn:aws:iam::123456789012:role/R", Key{}, nil),
			`{"Sid":"S","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/R","Service":"personalize.amazonaws.com"},` +
				`"Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey","kms:CreateGrant","kms:ListGrants"],"Resource":"*"}`},
		{"granting-personalize-key-access.html", Role{Keys: []Key{{ARN: "arn:aws:kms:eu-west-1:123456789012:key/1", InRole: true}}}.Document(),
			`{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[{"Sid":"PersonalizeS3BucketAccessPolicyKeys",` +
				`"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey","kms:ListGrants"],` +
				`"Resource":"arn:aws:kms:eu-west-1:123456789012:key/1"}]}`},
	} {
		if diff := cmp.Diff(c.want, c.got.String()); diff != "" {
			t.Errorf("%s%s: -want +got:\n%s", guide, c.page, diff)
		}
	}
}

func TestTrustOfAllRegionsInChina(t *testing.T) {
	got := Trust(&Source{Partition: "aws-cn", AccountID: "123456789012", Regions: []string{"*", "cn-north-1"}}).String()
	want := `"StringLike":{"aws:SourceArn":["arn:aws-cn:personalize:*:123456789012:*","arn:aws-cn:personalize:cn-north-1:123456789012:*"]}`
	if !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
