package provision

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The SDK addresses a bucket by path if its name can't be a host's, so that names from before 2018 need no option.
func TestLegacyBucketsAreAddressedByPath(t *testing.T) {
	for name, want := range map[string]string{
		"data":    "https://data.s3.us-east-1.amazonaws.com",
		"My_Data": "https://s3.us-east-1.amazonaws.com/My_Data",
	} {
		endpoint, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), s3.EndpointParameters{Bucket: aws.String(name),
			Region: aws.String("us-east-1")})
		if err != nil || endpoint.URI.String() != want {
			t.Errorf("%s: %v, %s", name, err, endpoint.URI.String())
		}
	}
}
