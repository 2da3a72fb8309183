package findings

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// regions are those that have Amazon Personalize. See https://docs.aws.amazon.com/general/latest/gr/personalize.html
var regions = []string{
	"us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-northeast-2",
	"ap-south-1", "ap-southeast-1", "ap-southeast-2", "cn-north-1",
}

// OfProperties returns a warning for each finding: what, and what to do.
func OfProperties(i servicerole.Identity, p properties.Properties) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	if len(p.SourceRegions) == 0 && !slices.Contains(regions, i.Region) {
		warn("Amazon Personalize is not known to be available in %s. Set %s to the Regions that will use the role (known: %s).", i.Region,
			properties.NameSourceRegions, strings.Join(regions, ", "))
	}
	for _, region := range p.SourceRegions {
		if region != "*" && !slices.Contains(regions, region) {
			warn("Amazon Personalize is not known to be available in %s, which %s names.", region, properties.NameSourceRegions)
		}
	}
	if !p.SourceConditions {
		warn("the trust policy has no source conditions, so Personalize can assume the role for other accounts. Set %s to true.",
			properties.NameSourceConditions)
	}
	if p.PersonalizeAccess == properties.PersonalizeNone && len(p.Buckets) == 0 && len(p.KmsKeyArns) == 0 &&
		p.CloudWatchAccess == properties.CloudWatchNone && !slices.Contains(p.Uses, properties.UseMetricAttribution) {
		warn("the role has no permissions. Name %s, or set %s to %s.", properties.NameBuckets, properties.NamePersonalizeAccess,
			properties.PersonalizeFullAccess)
	}
	if p.CloudWatchAccess == properties.CloudWatchFullAccess {
		warn("AWS replaces CloudWatchFullAccess. Set %s to %s.", properties.NameCloudWatchAccess, properties.CloudWatchFullAccessV2)
	}
	return warnings
}
