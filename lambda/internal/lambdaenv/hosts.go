package lambdaenv

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// AnswerSuffixes returns the DNS suffixes of AWS's endpoints in a Region, such as amazonaws.com, with and without IPv6. A pre-signed URL
// that CloudFormation sends is below one of them. It returns none if an endpoint is configured, where URLs are the emulator's.
func AnswerSuffixes(ctx context.Context, region string) ([]string, error) {
	if os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_S3") != "" {
		return nil, nil
	}
	var suffixes []string
	for _, dualStack := range []bool{false, true} {
		storage, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{
			Region: aws.String(region), UseDualStack: aws.Bool(dualStack),
		})
		if err != nil && !dualStack {
			return nil, fmt.Errorf("resolve the endpoint of S3 in %s: %w", region, err)
		}
		// The pages of other services have another suffix with IPv6, which S3 may come to use.
		stacks, stacksErr := cloudformation.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, cloudformation.EndpointParameters{
			Region: aws.String(region), UseDualStack: aws.Bool(dualStack),
		})
		// A partition without IPv6 has the first suffix only.
		if err == nil {
			suffixes = append(suffixes, suffixOf(storage.URI.Hostname(), region))
		}
		if stacksErr == nil {
			suffixes = append(suffixes, suffixOf(stacks.URI.Hostname(), region))
		}
	}
	slices.Sort(suffixes)
	return slices.Compact(suffixes), nil
}

// suffixOf returns what follows the Region in the name of an endpoint.
func suffixOf(host, region string) string {
	if _, suffix, found := strings.Cut(host, "."+region+"."); found {
		return suffix
	}
	_, suffix, _ := strings.Cut(host, ".")
	return suffix
}
