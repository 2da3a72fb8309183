package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// settings reads the app's settings: from the context, and where that has none, from the environment.
type settings struct {
	app    awscdk.App
	faults []string
}

// names lists the settings, as the context spells them.
var names = []string{
	"app", "stackName", "bucketNames", "uses", "kmsKeyArns", "manageKeyPolicies", "roleName", "path", "policyName", "description",
	"permissionsBoundary", "personalizeAccess", "cloudWatchAccess", "createOperatorPolicy", "roleArnParameterName", "sourceConditions",
	"sourceRegions", "maxSessionDuration", "propagationDelaySeconds", "adoptExistingRole", "forceDetachPolicies", "stackTags",
	"revision", "architecture",
	"functionZip", "logKmsKeyArn", "alarmTopicArn", "requiredBoundary", "functionPermissionsBoundary", "functionRolePath",
	"additionalRoleNames", "additionalPolicyNames",
	"additionalBucketNames",
	"additionalKmsKeyArns",
	"distributionBucket", "readers",
	"organisationalUnits", "regions", "releaseTemplate", "callAs", "maxConcurrentPercentage", "failureTolerancePercentage", "memberParameters",
}

var capital = regexp.MustCompile(`[A-Z]`)

// variable is the environment variable of a setting: bucketNames is PERSONALIZE_ROLE_BUCKET_NAMES.
func variable(name string) string {
	return "PERSONALIZE_ROLE_" + strings.ToUpper(capital.ReplaceAllString(name, "_$0"))
}

// text returns a setting; nil where it isn't set, which the empty text means too.
func (s *settings) text(name string) *string {
	if !slices.Contains(names, name) {
		panic("no setting is called " + name)
	}
	value := ""
	switch found := s.app.Node().TryGetContext(&name).(type) {
	case nil:
		value = os.Getenv(variable(name))
	case []any:
		var entries []string
		for _, entry := range found {
			entries = append(entries, fmt.Sprint(entry))
		}
		value = strings.Join(entries, ",")
	default:
		value = fmt.Sprint(found)
	}
	if value == "" {
		return nil
	}
	return &value
}

func (s *settings) textOr(name, standard string) string {
	if value := s.text(name); value != nil {
		return *value
	}
	return standard
}

func (s *settings) flag(name string) *bool {
	value := s.text(name)
	if value == nil {
		return nil
	}
	b, err := strconv.ParseBool(*value)
	if err != nil {
		s.fault(name, *value, "true or false")
	}
	return &b
}

func (s *settings) duration(name string) awscdk.Duration {
	value := s.text(name)
	if value == nil {
		return nil
	}
	n, err := strconv.Atoi(*value)
	if err != nil || n < 0 {
		s.fault(name, *value, "a whole number of seconds")
		return nil
	}
	return awscdk.Duration_Seconds(jsii.Number(float64(n)))
}

// list returns the entries of a setting that are separated by commas.
func (s *settings) list(name string) []string {
	value := s.text(name)
	if value == nil {
		return nil
	}
	var entries []string
	for entry := range strings.SplitSeq(*value, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}

// matching returns a list of at least one entry, each of which matches.
func (s *settings) matching(name string, form *regexp.Regexp, described string) []string {
	list := s.list(name)
	if len(list) == 0 || slices.ContainsFunc(list, func(entry string) bool { return !form.MatchString(entry) }) {
		s.fault(name, strings.Join(list, ","), described)
	}
	return list
}

// percentage returns a whole number up to 100.
func (s *settings) percentage(name string, standard, least int) *float64 {
	value := s.textOr(name, strconv.Itoa(standard))
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > 100 {
		s.fault(name, value, fmt.Sprintf("a whole number from %d to 100", least))
	}
	return jsii.Number(float64(n))
}

// parameters returns the parameters of a stack: NAME=VALUE, separated by blanks; nil for none.
func (s *settings) parameters(name string) any {
	var list []any
	for field := range strings.FieldsSeq(s.textOr(name, "")) {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			s.fault(name, field, "NAME=VALUE, separated by blanks")
		}
		list = append(list, &awscdk.CfnStackSet_ParameterProperty{ParameterKey: &key, ParameterValue: &value})
	}
	if list == nil {
		return nil
	}
	return list
}

func (s *settings) fault(name, value, form string) {
	s.faults = append(s.faults, fmt.Sprintf("setting %s (or %s) is %q, and must be %s", name, variable(name), value, form))
}
