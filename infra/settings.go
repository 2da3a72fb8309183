package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"personalize-role/infra/parameters"
	"personalize-role/lambda/properties"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// settings reads the app's settings: from the context, and where that has none, from the environment.
type settings struct {
	app awscdk.App
	// template has the parameters of template.yaml: a setting of a parameter's name takes what the parameter takes.
	template parameters.Template
	faults   []string
}

// newSettings returns the settings of an app.
func newSettings(app awscdk.App) (*settings, error) {
	template, err := parameters.OfProject()
	return &settings{app: app, template: template}, err
}

// names lists the settings, as the context spells them.
var names = []string{
	"app", "stackName", "bucketNames", "uses", "kmsKeyArns", "manageKeyPolicies", "roleName", "path", "policyName", "description",
	"permissionsBoundary", "personalizeAccess", "cloudWatchAccess", "createOperatorPolicy", "roleArnParameterName", "sourceConditions",
	"sourceRegions", "maxSessionDuration", "propagationDelaySeconds", "adoptExistingRole", "forceDetachPolicies", "stackTags",
	"findings", "organizationId", "driftCheckSchedule", "repairDrift", "revision", "architecture",
	"functionZip", "logKmsKeyArn", "alarmTopicArn", "requiredBoundary", "functionPermissionsBoundary", "functionRolePath",
	"additionalRoleNames", "additionalPolicyNames",
	"additionalBucketNames",
	"additionalKmsKeyArns",
	"distributionBucket", "readers",
	"organisationalUnits", "regions", "releaseTemplate", "callAs", "maxConcurrentPercentage", "failureTolerancePercentage", "memberParameters",
}

const variablePrefix = "PERSONALIZE_ROLE_"

var (
	capital = regexp.MustCompile(`[A-Z]`)
	// blanks around commas are left out of lists; the parameters of the template allow none.
	blanks = regexp.MustCompile(` *, *`)
)

// variable is the environment variable of a setting: bucketNames is PERSONALIZE_ROLE_BUCKET_NAMES.
func variable(name string) string {
	return variablePrefix + strings.ToUpper(capital.ReplaceAllString(name, "_$0"))
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
	parameter := strings.ToUpper(name[:1]) + name[1:]
	if p := s.template.Find(parameter); p != nil {
		if fault := p.Fault(blanks.ReplaceAllString(value, ",")); fault != "" {
			s.refuse(name, value, fault)
			return nil
		}
	}
	return &value
}

// checkNames refuses names that no setting has: in the context, whose other keys have a colon or a slash, and in the environment.
func (s *settings) checkNames() {
	context, _ := s.app.Node().GetAllContext(nil).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(context)) {
		if !strings.ContainsAny(name, ":/@-") && !slices.Contains(names, name) {
			s.faults = append(s.faults, fmt.Sprintf("%s is no setting; did you mean %s?", name, properties.Nearest(name, names)))
		}
	}
	variables := make([]string, len(names))
	for n, name := range names {
		variables[n] = variable(name)
	}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) && !slices.Contains(variables, name) {
			s.faults = append(s.faults, fmt.Sprintf("%s is no setting; did you mean %s?", name, properties.Nearest(name, variables)))
		}
	}
}

// stackName returns the name of the app's stack.
func (s *settings) stackName(standard string) string {
	name := s.textOr("stackName", standard)
	if parameters.CheckStack(name) != nil {
		s.fault("stackName", name, "a letter and at most 127 letters, digits and hyphens")
		return standard
	}
	return name
}

// policyARN returns the ARN of a managed policy that a setting names, by policy/NAME if it is one of the stack's account.
func (s *settings) policyARN(stack awscdk.Stack, name string) *string {
	value := s.text(name)
	if value != nil && strings.HasPrefix(*value, "policy/") {
		return jsii.String(fmt.Sprintf("arn:%s:iam::%s:%s", *stack.Partition(), *stack.Account(), *value))
	}
	return value
}

// err returns all faults; nil if there are none.
func (s *settings) err() error {
	if len(s.faults) == 0 {
		return nil
	}
	return &settingsError{s.faults}
}

// settingsError has everything that is wrong with the settings.
type settingsError struct{ faults []string }

// Error returns the faults in one line.
func (e *settingsError) Error() string { return strings.Join(e.faults, "; ") }

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
func (s *settings) matching(name string, matches func(entry string) bool, described string) []string {
	list := s.list(name)
	if len(list) == 0 || slices.ContainsFunc(list, func(entry string) bool { return !matches(entry) }) {
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

// parameters returns the parameters of a stack of template.yaml: NAME=VALUE, separated by blanks, quoted if it has some; nil for none.
func (s *settings) parameters(name string) any {
	values, err := parameters.Parse(s.textOr(name, ""))
	if err == nil {
		err = s.template.Check(values)
	}
	if faults := (*parameters.Error)(nil); errors.As(err, &faults) {
		for _, fault := range faults.Faults {
			s.faults = append(s.faults, fmt.Sprintf("setting %s (or %s): %s", name, variable(name), strings.TrimSuffix(fault, ".")))
		}
		return nil
	}
	var list []any
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		list = append(list, &awscdk.CfnStackSet_ParameterProperty{ParameterKey: &key, ParameterValue: &value})
	}
	if list == nil {
		return nil
	}
	return list
}

func (s *settings) fault(name, value, form string) {
	s.refuse(name, value, "must be "+form)
}

// refuse adds a fault. must says what the value must be or have.
func (s *settings) refuse(name, value, must string) {
	s.faults = append(s.faults, fmt.Sprintf("setting %s (or %s) is %q, and %s", name, variable(name), value, must))
}
