package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"
)

func distribution(t *testing.T, context map[string]any) (string, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cdk.out")
	all := maps.Clone(context)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &all})
	if err := buildDistribution(settingsOf(t, app)); err != nil {
		return "", err
	}
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(dir, "personalize-role-distribution.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	reports, err := filepath.Glob(filepath.Join(dir, "*NagReport.csv"))
	if err != nil || len(reports) != 1 {
		t.Fatalf("reports %v, %v", reports, err)
	}
	if report, err := os.ReadFile(reports[0]); err != nil || strings.Contains(string(report), "Non-Compliant") {
		t.Errorf("cdk-nag: %v\n%s", err, report)
	}
	return string(text), nil
}

// The buckets take TLS only, are encrypted and versioned, and open to whom the setting says.
func TestDistribution(t *testing.T) {
	tls := map[string]any{
		"Action": "s3:*", "Effect": "Deny", "Principal": map[string]any{"AWS": "*"},
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}
	keep := map[string]any{"Sid": "KeepReleases", "Effect": "Deny", "Principal": map[string]any{"AWS": "*"},
		"Action": []any{"s3:DeleteObject", "s3:DeleteObjectVersion"}}
	once := map[string]any{"Sid": "UploadOnce", "Effect": "Deny", "Principal": map[string]any{"AWS": "*"}, "Action": "s3:PutObject",
		"Condition": map[string]any{"Null": map[string]any{"s3:if-none-match": "true"},
			"Bool": map[string]any{"s3:ObjectCreationOperation": "true"}}}
	for readers, want := range map[string]map[string]any{
		"public": {"Sid": "ReadReleases", "Action": "s3:GetObject", "Effect": "Allow", "Principal": map[string]any{"AWS": "*"}},
		"o-a1b2c3d4e5": {"Sid": "ReadReleases", "Action": "s3:GetObject", "Effect": "Allow", "Principal": map[string]any{"AWS": "*"},
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
	} {
		text, err := distribution(t, map[string]any{"distributionBucket": "my-releases", "readers": readers})
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources map[string]struct {
				Type, DeletionPolicy string
				Properties           map[string]any
			}
		}
		if err := json.Unmarshal([]byte(text), &template); err != nil {
			t.Fatal(err)
		}
		for _, r := range template.Resources {
			switch r.Type {
			case "AWS::S3::Bucket":
				if r.Properties["BucketEncryption"] == nil {
					t.Errorf("%s: not encrypted", readers)
				}
				if r.Properties["BucketName"] == nil {
					// The logs.
					continue
				}
				if r.Properties["LoggingConfiguration"] == nil {
					t.Errorf("%s: access isn't logged", readers)
				}
				blocked, _ := r.Properties["PublicAccessBlockConfiguration"].(map[string]any)
				got := []any{
					r.DeletionPolicy, r.Properties["BucketName"], r.Properties["VersioningConfiguration"], blocked["BlockPublicAcls"],
					blocked["BlockPublicPolicy"] == true,
				}
				want := []any{
					"Retain", map[string]any{"Fn::Join": []any{"", []any{"my-releases-", map[string]any{"Ref": "AWS::Region"}}}},
					map[string]any{"Status": "Enabled"}, true,
					readers != readersPublic,
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: bucket: -want +got:\n%s", readers, diff)
				}
			case "AWS::S3::BucketPolicy":
				statements := r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any)
				for _, s := range statements {
					delete(s.(map[string]any), "Resource")
				}
				if len(statements) == 2 {
					// The logs: TLS only, and S3 may write them.
					continue
				}
				if diff := cmp.Diff([]any{tls, want, keep, once}, statements); diff != "" {
					t.Errorf("%s: policy: -want +got:\n%s", readers, diff)
				}
			}
		}
	}
}

func TestWrongSettingsOfTheDistribution(t *testing.T) {
	_, err := distribution(t, map[string]any{"readers": "everybody"})
	want := `setting distributionBucket (or PERSONALIZE_ROLE_DISTRIBUTION_BUCKET) is "", and must be the start of the buckets' names, ` +
		`as make publish takes it: at most 40 lower-case letters, digits and hyphens; ` +
		`setting readers (or PERSONALIZE_ROLE_READERS) is "everybody", and must be public, or the id of an organisation, such as o-a1b2c3d4e5`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
