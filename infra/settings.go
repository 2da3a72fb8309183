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
	"app", "stackName", "bucketNames", "uses", "kmsKeyArns", "keyPolicy", "roleName", "path", "s3PolicyName", "description", "permissionsBoundary",
	"fullAccess", "cloudWatchAccess", "operatorPolicy", "roleArnParameterName", "sourceConditions", "sourceRegions", "maxSessionSeconds", "settleSeconds", "adopt", "forceDetach", "architecture", "functionZip",
	"functionPermissionsBoundary", "furtherRoleNames", "furtherPolicyNames", "furtherBucketNames", "furtherKmsKeyArns",
	"distributionBucket", "readers",
}

var capital = regexp.MustCompile(`[A-Z]`)

// variable is the environment variable of a setting: bucketNames is PERSONALIZE_ROLE_BUCKET_NAMES.
func variable(name string) string {
	return "PERSONALIZE_ROLE_" + strings.ToUpper(capital.ReplaceAllString(name, "_$0"))
}

// text gives a setting; nil where it isn't set, which the empty text means too.
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

// list gives the entries of a setting that are separated by commas.
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

func (s *settings) fault(name, value, form string) {
	s.faults = append(s.faults, fmt.Sprintf("setting %s (or %s) is %q, and must be %s", name, variable(name), value, form))
}
