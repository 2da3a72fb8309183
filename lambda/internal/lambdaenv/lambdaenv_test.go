package lambdaenv

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
)

// requests returns where each service's call goes, and whose keys sign it.
func requests(t *testing.T, cfg aws.Config) []string {
	var sent []string
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	cfg.HTTPClient = smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
		key, _, _ := strings.Cut(r.Header.Get("Authorization"), "/")
		sent = append(sent, r.URL.Scheme+"://"+r.URL.Host+" "+key+" "+r.Header.Get("X-Amz-Security-Token"))
		return nil, context.Canceled
	})
	_, _ = iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("r")})
	_, _ = s3.NewFromConfig(cfg).GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String("b")})
	_, _ = kms.NewFromConfig(cfg).GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: aws.String("k")})
	_, _ = cloudformation.NewFromConfig(cfg).DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
	return sent
}

// Calls go where the SDK's own loader has them go.
func TestSameAsTheLoader(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"a function":          {},
		"China":               {"AWS_REGION": "cn-north-1"},
		"FIPS":                {"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
		"dual stack":          {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
		"an emulator":         {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
		"one service's":       {"AWS_ENDPOINT_URL_IAM": "https://iam.example.com", "AWS_ENDPOINT_URL_CLOUDFORMATION": "https://cfn.example.com"},
		"one service's first": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range os.Environ() {
				if key, _, _ := strings.Cut(v, "="); strings.HasPrefix(key, "AWS_") {
					t.Setenv(key, "")
				}
			}
			for key, value := range map[string]string{
				"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
				"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
			} {
				t.Setenv(key, value)
			}
			for key, value := range variables {
				t.Setenv(key, value)
			}
			loaded, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want, got := requests(t, loaded), requests(t, Config())
			if len(want) != 4 {
				t.Fatalf("%d requests", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-loader +environment:\n%s", diff)
			}
		})
	}
}
