package findings

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// regions are those that have Amazon Personalize. See https://docs.aws.amazon.com/general/latest/gr/personalize.html
var regions = []string{
	"us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-northeast-2",
	"ap-south-1", "ap-southeast-1", "ap-southeast-2", "cn-north-1",
}

// ofProperties is about what the properties say by themselves.
func (s State) ofProperties() []Finding {
	i, p := s.Desired.Identity, s.Desired.Properties()
	var all []Finding
	find := func(code Code, severity Severity, problem, remedy string) {
		all = append(all, Finding{Code: code, Severity: severity, Resource: "role " + s.Desired.Role.Name, Problem: problem, Remedy: remedy})
	}
	if len(p.SourceRegions) == 0 && !slices.Contains(regions, i.Region) {
		find(RegionUnknown, Warning, sentence("Amazon Personalize is not known to be available in %s", i.Region),
			sentence("Set %s to the Regions that will use the role (known: %s)", properties.NameSourceRegions, strings.Join(regions, ", ")))
	}
	for _, region := range p.SourceRegions {
		if region != "*" && !slices.Contains(regions, region) {
			find(RegionUnknown, Warning, sentence("Amazon Personalize is not known to be available in %s, which %s names", region,
				properties.NameSourceRegions), "Correct the name if it is wrong.")
		}
	}
	if !p.SourceConditions {
		find(NoSourceConditions, Suggestion, "the trust policy has no source conditions, so Personalize can assume the role for other accounts.",
			sentence("Set %s to true", properties.NameSourceConditions))
	}
	if p.PersonalizeAccess == properties.PersonalizeNone && len(p.Buckets) == 0 && len(p.KmsKeyArns) == 0 &&
		p.CloudWatchAccess == properties.CloudWatchNone && !slices.Contains(p.Uses, properties.UseMetricAttribution) {
		find(NoPermissions, Warning, "the role has no permissions.", sentence("Name %s, or set %s to %s", properties.NameBuckets,
			properties.NamePersonalizeAccess, properties.PersonalizeFullAccess))
	}
	if p.CloudWatchAccess == properties.CloudWatchFullAccess {
		find(PolicySuperseded, Suggestion, "AWS replaces CloudWatchFullAccess.", sentence("Set %s to %s", properties.NameCloudWatchAccess,
			properties.CloudWatchFullAccessV2))
	}
	return all
}

// ofTags is about tags of the stack that the role or its policy can't have.
func (s State) ofTags() []Finding {
	if len(s.Desired.LeftOut) == 0 {
		return nil
	}
	return []Finding{{Code: TagsLeftOut, Severity: Suggestion, Resource: "role " + s.Desired.Role.Name,
		Problem: sentence("these tags of the stack were not put on the role or its policy, because IAM does not allow them or has no room for "+
			"them: %s", strings.Join(s.Desired.LeftOut, ", ")),
		Remedy: sentence("If that is intended, set %s to false and name the tags that you want in %s", properties.NameStackTags,
			properties.NameTags)}}
}

// ofDenials is about what could not be looked into.
func (s State) ofDenials() []Finding {
	if len(s.Inspected.Denials) == 0 {
		return nil
	}
	var causes []string
	for _, err := range s.Inspected.Denials {
		causes = add(causes, err.Error())
	}
	return []Finding{{Code: NotChecked, Severity: Suggestion, Resource: "role " + s.Desired.Role.Name,
		Problem: sentence("not everything was checked: %s", strings.Join(causes, "; ")),
		Remedy:  fmt.Sprintf("Allow the function these actions, or set %s to %s.", properties.NameFindings, properties.FindingsOff)}}
}

// Abandoned is about statements of this kind whose role is gone.
func Abandoned(of string, sids []string) Finding {
	return Finding{Code: StatementAbandoned, Severity: Suggestion, Resource: of, Statement: strings.Join(sids, ", "),
		Problem: sentence("the policy of %s has statements for roles that no longer exist: %s", of, strings.Join(sids, ", ")),
		Remedy:  "Remove them if no stack needs them."}
}
