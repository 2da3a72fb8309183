package properties

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"personalize-role/lambda/internal/lazyregexp"
)

// maxTags is IAM's limit of 50 less the tags by which the function recognises its own.
const maxTags = 47

// maxAdoptedDescription leaves room for a mark in IAM's 1,000 characters.
const maxAdoptedDescription = 940

var (
	nameCharacters = lazyregexp.Regexp(`^[\w+=,.@-]+$`)
	// IAM allows any printable ASCII in a path; the pattern of roleArn in the Personalize API is narrower.
	pathCharacters = lazyregexp.Regexp(`^/([a-zA-Z0-9_+=,.@/-]*/)?$`)
	boundaryARN    = lazyregexp.Regexp(`^arn:[a-z0-9-]+:iam::(\d{12}|aws):policy/[\x21-\x7e]+$`)
	// IAM's own pattern of descriptions: tab, line feed, carriage return, printable ASCII, and Latin-1.
	descriptionCharacters = lazyregexp.Regexp(`^[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*$`)
	// IAM's own pattern of policy documents, without what breaks lines. See
	// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
	documentCharacters = lazyregexp.Regexp(`^[\x{20}-\x{FF}]*$`)
	bucketARN          = lazyregexp.Regexp(`^arn:[a-z0-9-]+:s3:::`)
	bucketCharacters   = lazyregexp.Regexp(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
	// S3 allowed 255 characters in us-east-1 until March 2018. Personalize takes locations of 256, s3:// and a slash included.
	legacyBucketCharacters = lazyregexp.Regexp(`^[A-Za-z0-9._-]+$`)
	region                 = lazyregexp.Regexp(RegionPattern)
	keyARN                 = lazyregexp.Regexp(`^arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+$`)
	// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
	organization  = lazyregexp.Regexp(`^o-[a-z0-9]+$`)
	expression    = lazyregexp.Regexp(SchedulePattern)
	tagCharacters = lazyregexp.Regexp(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)
)

// RegionPattern is a pattern of names of Regions, also of those that AWS may add: an area, perhaps a part of it, a direction and a number.
// See https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
const RegionPattern = `^[a-z]{2,4}(-[a-z]{2,4})?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9][0-9]?$`

// SchedulePattern is a pattern of what EventBridge takes as the schedule of a rule. See
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
const SchedulePattern = `^(rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\)|` +
	`cron\(([A-Za-z0-9*?/,#-]+ ){5}[A-Za-z0-9*?/,#-]+\))$`

// IsRegion reports whether a name has the form of a Region's.
func IsRegion(name string) bool { return region().MatchString(name) }

func roleName(s string) string {
	if len(s) > 64 || !nameCharacters().MatchString(s) {
		return "must be 1 to 64 characters of letters, digits and _+=,.@-"
	}
	return ""
}

func policyName(s string) string {
	if len(s) > 128 || !nameCharacters().MatchString(s) {
		return "must be 1 to 128 characters of letters, digits and _+=,.@-"
	}
	return ""
}

func path(s string) string {
	if len(s) > 512 || !pathCharacters().MatchString(s) || strings.Contains(s, "//") {
		return "must start and end with /, and have 1 to 512 characters of letters, digits and /_+=,.@- " +
			"(Personalize accepts fewer in a role ARN than IAM does)"
	}
	return ""
}

func description(s string) string {
	if utf8.RuneCountInString(s) > 1000 || !descriptionCharacters().MatchString(s) {
		return "must have at most 1000 characters, all of them Latin-1"
	}
	return ""
}

func organizationID(s string) string {
	if len(s) < len("o-")+10 || len(s) > len("o-")+32 || !organization().MatchString(s) {
		return "must be the ID of an organisation, such as o-a1b2c3d4e5"
	}
	return ""
}

func schedule(s string) string {
	if len(s) > 256 || !expression().MatchString(s) {
		return "must be a schedule of EventBridge, such as rate(1 day) or cron(0 6 * * ? *)"
	}
	return ""
}

func revision(s string) string {
	if utf8.RuneCountInString(s) > 256 {
		return "must have at most 256 characters"
	}
	return ""
}

func boundary(s string) string {
	if _, name, _ := strings.Cut(s, ":policy/"); len(name) > 640 || !boundaryARN().MatchString(s) {
		return "must be the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/Boundary"
	}
	return ""
}

var (
	personalizeAccess = oneOf(PersonalizeFullAccess, PersonalizeOnly, PersonalizeNone)
	cloudWatchAccess  = oneOf(CloudWatchNone, CloudWatchFullAccess, CloudWatchFullAccessV2)
	findings          = oneOf(FindingsWarn, FindingsFail, FindingsOff)
	use               = oneOf(Uses()...)
)

func oneOf(values ...string) rule {
	return func(s string) string {
		if !slices.Contains(values, s) {
			return "must be one of " + strings.Join(values, ", ")
		}
		return ""
	}
}

// keyFault follows the pattern of kmsKeyArn in the Personalize API.
func keyFault(s string) string {
	if !keyARN().MatchString(s) {
		return "must be the ARN of a KMS key, such as arn:aws:kms:eu-west-1:123456789012:key/0b3c..., because Personalize accepts no " +
			"alias and no bare ID"
	}
	return ""
}

// maxLocation is the longest S3 location that Personalize takes.
const maxLocation = 256

func prefixFault(bucket, s string) string {
	location := "s3://" + bucket + "/" + s
	switch {
	case strings.HasPrefix(s, "s3://"), strings.HasPrefix(s, "/"):
		return "must be the start of an object key, such as exports/, without s3://, the bucket and a leading /"
	case strings.ContainsAny(s, "*?$\"\\") || strings.ContainsFunc(s, unicode.IsControl):
		return "must not contain *, ?, $, quotes, backslashes and control characters, which have another meaning in a policy"
	case !documentCharacters().MatchString(s):
		return "must have only characters up to U+00FF, because IAM accepts no other characters in a policy"
	case len(location) > maxLocation:
		return fmt.Sprintf("makes a location of %d characters; Personalize takes at most %d", len(location), maxLocation)
	}
	return ""
}

// TagFault says what is wrong with a tag of a role, or nothing. See https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func TagFault(key, value string) string {
	switch lower := strings.ToLower(key); {
	case key == "" || utf8.RuneCountInString(key) > 128 || !tagCharacters().MatchString(key):
		return "must have a Key of 1 to 128 letters, digits, spaces and _.:/=+-@"
	case utf8.RuneCountInString(value) > 256 || !tagCharacters().MatchString(value):
		return "must have a Value of 0 to 256 letters, digits, spaces and _.:/=+-@"
	case strings.HasPrefix(lower, "aws:"):
		return "must not start with aws:, which AWS reserves"
	case strings.HasPrefix(lower, OwnTagPrefix):
		return "must not start with " + OwnTagPrefix + ", which the function keeps for its own tags"
	}
	return ""
}

// LegacyRegion is the only Region with bucket names that S3 no longer allows.
const LegacyRegion = "us-east-1"

// IsLegacyBucketName reports whether an accepted name can only be that of a bucket in LegacyRegion from before March 2018. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func IsLegacyBucketName(s string) bool {
	return len(s) < 3 || len(s) > 63 || !bucketCharacters().MatchString(s) || strings.Contains(s, "..")
}

// bucketFault follows https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func bucketFault(s string) string {
	const form = "must be a bucket name (3 to 63 lower-case letters, digits, dots and hyphens, between letters or digits; in " + LegacyRegion +
		" up to 250, capitals and _ too, for buckets from before March 2018) or arn:PARTITION:s3:::NAME, without a key"
	switch {
	case len(s) < 3, len(s) > 250, !legacyBucketCharacters().MatchString(s):
		return form
	case strings.HasPrefix(s, "xn--"), strings.HasPrefix(s, "sthree-"), strings.HasPrefix(s, "amzn-s3-demo-"):
		return "must not start with xn--, sthree- or amzn-s3-demo-, which S3 reserves"
	case strings.HasSuffix(s, "-s3alias"), strings.HasSuffix(s, "--ol-s3"), strings.HasSuffix(s, ".mrap"),
		strings.HasSuffix(s, "--x-s3"), strings.HasSuffix(s, "--table-s3"):
		return "must be a general purpose bucket; access points, directory and table buckets don't work with Personalize"
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return "must not have the form of an IP address"
	}
	return ""
}
