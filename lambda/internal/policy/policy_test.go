package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func importing(name string) Bucket {
	return Bucket{Partition: "aws", Name: name, Grants: []Grant{{Uses: []string{"DatasetImport"}}}}
}

func TestDocuments(t *testing.T) {
	for _, c := range []struct {
		name string
		got  Document
		want string
	}{
		{
			"trust of the set-up page", Trust(nil),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},` +
				`"Action":"sts:AssumeRole"}]}`,
		},
		{
			"trust against the confused deputy", Trust(&Source{Partition: "aws", AccountID: "123456789012", Regions: []string{"eu-west-1"}}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},"Action":"sts:AssumeRole",` +
				`"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},` +
				`"StringLike":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:123456789012:*"}}}]}`,
		},
		{
			"trust of all Regions in China", Trust(&Source{Partition: "aws-cn", AccountID: "123456789012", Regions: []string{"*", "cn-north-1"}}),
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},"Action":"sts:AssumeRole",` +
				`"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"},` +
				`"StringLike":{"aws:SourceArn":["arn:aws-cn:personalize:*:123456789012:*","arn:aws-cn:personalize:cn-north-1:123456789012:*"]}}}]}`,
		},
		{
			"buckets of the set-up page", Role{Buckets: []Bucket{importing("data")}}.Document(),
			`{"Version":"2012-10-17","Id":"PersonalizeS3BucketAccessPolicy","Statement":[{"Sid":"PersonalizeS3BucketAccessPolicy",` +
				`"Effect":"Allow",` +
				`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}]}`,
		},
	} {
		if diff := cmp.Diff(c.want, c.got.String()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func TestEquivalent(t *testing.T) {
	document := Role{Buckets: []Bucket{importing("a"), importing("b")}}.Document().String()
	for _, c := range []struct {
		name, other string
		want        bool
	}{
		{"the same", document, true},
		{"another order", strings.Replace(document, `"s3:GetObject","s3:ListBucket"`, `"s3:ListBucket","s3:GetObject"`, 1), true},
		{"white space", strings.ReplaceAll(document, ",", ",\n "), true},
		{"another bucket", strings.ReplaceAll(document, ":::b", ":::c"), false},
		{"another effect", strings.Replace(document, "Allow", "Deny", 1), false},
		{"no document", "", false},
		{"no JSON", "{", false},
	} {
		if got := Equivalent(document, c.other); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestSizeLeavesOutWhiteSpace(t *testing.T) {
	if got := Size("{ \"ä\":\n\t1 }"); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}
