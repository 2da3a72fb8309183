package lambdaenv

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnswerSuffixes(t *testing.T) {
	// The emulator's tests run this one too, with an endpoint configured.
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	for region, want := range map[string][]string{
		"eu-west-1":     {"amazonaws.com", "api.aws"},
		"us-east-1":     {"amazonaws.com", "api.aws"},
		"cn-north-1":    {"amazonaws.com.cn", "api.amazonwebservices.com.cn"},
		"us-gov-west-1": {"amazonaws.com", "api.aws"},
	} {
		got, err := AnswerSuffixes(t.Context(), region)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v, -want +got:\n%s", region, err, diff)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
	if got, err := AnswerSuffixes(t.Context(), "eu-west-1"); err != nil || got != nil {
		t.Errorf("with an endpoint: %v, %v", got, err)
	}
}
