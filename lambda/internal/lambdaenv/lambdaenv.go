package lambdaenv

import (
	"context"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Config returns the Region, the credentials and the endpoints that the environment names. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func Config() aws.Config {
	cfg := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"),
			os.Getenv("AWS_SESSION_TOKEN")),
		ConfigSources: []any{source{}},
	}
	if url := os.Getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = aws.String(url)
	}
	return cfg
}

// source answers what clients ask their sources of configuration for.
type source struct{}

// GetServiceBaseEndpoint returns the URL of one service, such as that in AWS_ENDPOINT_URL_IAM.
func (source) GetServiceBaseEndpoint(_ context.Context, service string) (url string, found bool, err error) {
	url = os.Getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}

// GetUseFIPSEndpoint reports whether endpoints are those with validated cryptography.
func (source) GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error) {
	if strings.EqualFold(os.Getenv("AWS_USE_FIPS_ENDPOINT"), "true") {
		return aws.FIPSEndpointStateEnabled, true, nil
	}
	return aws.FIPSEndpointStateUnset, false, nil
}

// GetUseDualStackEndpoint reports whether endpoints are those that have IPv6 addresses too.
func (source) GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error) {
	if strings.EqualFold(os.Getenv("AWS_USE_DUALSTACK_ENDPOINT"), "true") {
		return aws.DualStackEndpointStateEnabled, true, nil
	}
	return aws.DualStackEndpointStateUnset, false, nil
}
