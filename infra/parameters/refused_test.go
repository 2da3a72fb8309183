package parameters

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"personalize-role/lambda/properties"
)

// refusedBy says who refuses a value. What the template refuses costs no deployment and no rollback.
type refusedBy int

const (
	neither refusedBy = iota
	both
	// onlyFunction is for what no pattern can tell.
	onlyFunction
	// onlyTemplate is for what the function needs not know, or may be told otherwise.
	onlyTemplate
)

// The template refuses what the function would refuse, as far as a pattern, a length or a rule can say it.
func TestTheTemplateRefusesWhatTheFunctionRefuses(t *testing.T) {
	arn := "arn:aws:kms:eu-west-1:123456789012:"
	template := member(t)
	for _, c := range []struct {
		parameter, value string
		want             refusedBy
	}{
		{"BucketNames", "", neither},
		{"BucketNames", "my-data", neither},
		{"BucketNames", "my-data,my.more-data,Legacy_Data", neither},
		{"BucketNames", "my-data, more", onlyTemplate},
		{"BucketNames", ",my-data", onlyTemplate},
		{"BucketNames", "my-data,", onlyTemplate},
		{"BucketNames", "my-data,,more-data", onlyTemplate},
		{"BucketNames", "ab", both},
		{"BucketNames", strings.Repeat("a", 250), neither},
		{"BucketNames", strings.Repeat("a", 251), both},
		{"BucketNames", "192.168.0.1", both},
		{"BucketNames", "my-data,192.168.0.1", both},
		{"BucketNames", "192.168.0.1a", neither},
		{"BucketNames", "a..b", onlyTemplate},
		{"BucketNames", "xn--data", both},
		{"BucketNames", "data,sthree-data", both},
		{"BucketNames", "amzn-s3-demo-bucket", both},
		{"BucketNames", "data-s3alias", both},
		{"BucketNames", "data--ol-s3,more", both},
		{"BucketNames", "data.mrap", both},
		{"BucketNames", "data--x-s3", both},
		{"BucketNames", "data--table-s3", both},
		{"BucketNames", "arn:aws:s3:::my-data", onlyTemplate},
		{"BucketNames", "s3://my-data", both},
		{"BucketNames", "my-data/*", both},
		{"BucketNames", "my-data,my-data", onlyFunction},
		{"Uses", "DatasetImport,BatchInference,DatasetExport,MetricAttribution,DataDeletion", neither},
		{"Uses", "Import", both},
		{"Uses", "DatasetImports", both},
		{"Uses", "DatasetImport,datasetexport", both},
		{"Uses", "DatasetImport,,DataDeletion", onlyTemplate},
		{"Uses", "DatasetImport DataDeletion", both},
		{"Uses", "DatasetImport,DatasetImport", onlyFunction},
		{"KmsKeyArns", arn + "key/0b3c,arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0b3c", neither},
		{"KmsKeyArns", arn + "alias/data", both},
		{"KmsKeyArns", arn + "key/*", both},
		{"KmsKeyArns", "0b3c", both},
		{"KmsKeyArns", arn + "key/0b3c,", onlyTemplate},
		{"SourceRegions", "*", neither},
		{"SourceRegions", "eu-west-1,us-gov-west-1", neither},
		{"SourceRegions", "Europe", both},
		{"SourceRegions", "eu-west-1a", both},
		{"SourceRegions", "eu-wst-1", both},
		{"SourceRegions", "*,eu-west-1", both},
		{"SourceRegions", "eu-west-1,*", both},
		{"SourceRegions", "eu-west-1,eu-west-1", onlyFunction},
		{"PermissionsBoundary", "arn:aws:iam::123456789012:policy/B", neither},
		{"PermissionsBoundary", "B", both},
		{"PermissionsBoundary", "arn:aws:iam::123456789012:role/B", both},
		// The template makes an ARN of it.
		{"PermissionsBoundary", "policy/B", onlyFunction},
		{"PermissionsBoundary", `arn:aws:iam::123456789012:policy/"/B`, onlyTemplate},
		{"DriftCheckSchedule", "", neither},
		{"DriftCheckSchedule", "rate(1 day)", neither},
		{"DriftCheckSchedule", "rate(12 hours)", neither},
		{"DriftCheckSchedule", "cron(0/30 6 ? * 2#1,FRI *)", neither},
		{"DriftCheckSchedule", "rate(1 days)", both},
		{"DriftCheckSchedule", "rate(0 days)", both},
		{"DriftCheckSchedule", "cron(0 6 * * ?)", both},
		{"DriftCheckSchedule", "daily", both},
		{"RepairDrift", "yes", both},
		{"RepairDrift", "true", both},
		{"RoleName", "a b", both},
		{"RoleName", strings.Repeat("a", 65), both},
		{"PolicyName", strings.Repeat("a", 128), neither},
		{"PolicyName", strings.Repeat("a", 129), both},
		{"Path", "/ml/", neither},
		{"Path", "ml", both},
		{"Path", "//", both},
		{"Path", "/" + strings.Repeat("a", 223) + "/", neither},
		// The function refuses the ARN that the path and the name make.
		{"Path", "/" + strings.Repeat("a", 224) + "/", onlyTemplate},
		{"Description", strings.Repeat("é", 1000), neither},
		{"Description", strings.Repeat("é", 1001), both},
		{"Description", "€", both},
		// The input of the drift check has no place for it.
		{"Description", "a\tb\nc", onlyTemplate},
		{"Description", `a "quoted" \ text`, neither},
		{"Description", "\x00", both},
		{"Revision", strings.Repeat("é", 256), neither},
		{"Revision", strings.Repeat("é", 257), both},
		{"AdoptExistingRole", "yes", both},
		{"AdoptExistingRole", "true", both},
		{"StackTags", "False", onlyTemplate},
		{"CloudWatchAccess", "none", both},
		{"PersonalizeAccess", "Full", both},
		{"RoleArnParameterName", "/personalize/role-arn", neither},
		{"RoleArnParameterName", "/aws/role-arn", onlyTemplate},
		{"RoleArnParameterName", "SSM-role-arn", onlyTemplate},
		{"RoleArnParameterName", strings.Repeat("/a", 16), onlyTemplate},
		{"RoleArnParameterName", "a/b", onlyTemplate},
		{"AdditionalRoleNames", "team-*,Other", neither},
		{"AdditionalRoleNames", "a/b", onlyTemplate},
		{"AdditionalPolicyNames", "a,,b", onlyTemplate},
		{"AdditionalBucketNames", "data-*,more", neither},
		{"AdditionalBucketNames", "data-*,", onlyTemplate},
		{"AdditionalKmsKeyArns", "arn:aws:kms:*:123456789012:key/*", neither},
		{"AdditionalKmsKeyArns", "*", onlyTemplate},
	} {
		template, function := template.Check(map[string]string{c.parameter: c.value}), refusalOf(c.parameter, c.value)
		got := map[[2]bool]refusedBy{{true, true}: both, {true, false}: onlyTemplate, {false, true}: onlyFunction}[[2]bool{template != nil,
			function != nil}]
		if got != c.want {
			t.Errorf("%s %q: refused by %d, want %d\ntemplate: %v\nfunction: %v", c.parameter, c.value, got, c.want, template, function)
		}
	}
}

// refusalOf is what the function says about the properties that a parameter's value leads to.
func refusalOf(parameter, value string) error {
	names := map[string]string{"BucketNames": "Buckets"}
	name := parameter
	if property, ok := names[parameter]; ok {
		name = property
	}
	var v any = value
	switch parameter {
	case "BucketNames", "Uses", "KmsKeyArns", "SourceRegions":
		v = strings.Split(value, ",")
	case "RoleArnParameterName", "AdditionalRoleNames", "AdditionalPolicyNames", "AdditionalBucketNames", "AdditionalKmsKeyArns":
		// The function is told nothing of these.
		return nil
	}
	raw, err := json.Marshal(map[string]any{name: v})
	if err == nil {
		_, err = properties.Parse(raw)
	}
	return err
}

// Numbers are whole ones, in the form that people write them in.
func TestNumbers(t *testing.T) {
	template := member(t)
	for parameter, bounds := range map[string][2]int{"MaxSessionDuration": {3600, 43200}, "PropagationDelaySeconds": {0, 240}} {
		for n := range 50000 {
			accepted := template.Find(parameter).Fault(strconv.Itoa(n)) == ""
			if want := n >= bounds[0] && n <= bounds[1]; accepted != want {
				t.Fatalf("%s %d: accepted %v", parameter, n, accepted)
			}
		}
		for _, form := range []string{"%d.5", "0%d", "+%d", "-%d", "%de0", " %d", "%d ", "%d\n", ""} {
			value := form
			if strings.Contains(form, "%d") {
				value = fmt.Sprintf(form, bounds[1])
			}
			if template.Find(parameter).Fault(value) == "" {
				t.Errorf("%s %q is accepted", parameter, value)
			}
			if form != "" && refusalOf(parameter, value) == nil {
				t.Errorf("%s %q is accepted by the function", parameter, value)
			}
		}
	}
}

// The pattern of Regions is the function's.
func TestRegionsAreThoseOfTheFunction(t *testing.T) {
	pattern := member(t).Find("SourceRegions").AllowedPattern
	inner := strings.TrimSuffix(strings.TrimPrefix(properties.RegionPattern, "^"), "$")
	if !regexp.MustCompile(regexp.QuoteMeta(inner)).MatchString(pattern) {
		t.Errorf("%s has not %s", pattern, inner)
	}
}
