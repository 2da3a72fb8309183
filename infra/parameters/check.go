package parameters

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kballard/go-shellquote"

	"personalize-role/lambda/properties"
)

// Error has everything that is wrong with what was given, a sentence each.
type Error struct{ Faults []string }

// Error returns the faults, a line each.
func (e *Error) Error() string { return strings.Join(e.Faults, "\n") }

// errorOf returns an *Error, or nil if there is no fault.
func errorOf(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return &Error{faults}
}

// Parse reads values for parameters from one text: NAME=VALUE, separated by blanks, and quoted as for a shell where a value has blanks. The
// error is an *Error.
func Parse(text string) (map[string]string, error) {
	words, err := shellquote.Split(text)
	if err != nil {
		return nil, &Error{[]string{fmt.Sprintf("%q has quotes without an end.", text)}}
	}
	return Assignments(words)
}

// Assignments reads values for parameters, in the form NAME=VALUE each. The error is an *Error.
func Assignments(words []string) (map[string]string, error) {
	values := map[string]string{}
	var faults []string
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		switch _, given := values[name]; {
		case !ok || name == "":
			faults = append(faults, fmt.Sprintf("%q is no parameter. Write NAME=VALUE, and quote values that have blanks.", word))
		case given:
			faults = append(faults, fmt.Sprintf("Parameter %s is given twice.", name))
		}
		values[name] = value
	}
	return values, errorOf(faults)
}

// Check checks values by the parameters' names. The error is an *Error with all faults.
func (t Template) Check(values map[string]string) error {
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := t.Find(name)
		if p == nil {
			faults = append(faults, fmt.Sprintf("%s is no parameter. Did you mean %s?", name, properties.Nearest(name, t.Names())))
			continue
		}
		if fault := p.Fault(values[name]); fault != "" {
			faults = append(faults, fmt.Sprintf("Parameter %s is %q. It %s.", name, values[name], fault))
		}
	}
	if faults == nil {
		faults = t.faultsOfRules(values)
	}
	return errorOf(faults)
}

// faultsOfRules returns what the template's rules say about values, beside the defaults of the other parameters.
func (t Template) faultsOfRules(values map[string]string) []string {
	all := map[string]string{}
	for _, p := range t.All() {
		if p.Default != nil {
			all[p.Name] = *p.Default
		}
	}
	maps.Copy(all, values)
	var faults []string
	for _, r := range t.rules {
		if r.If.Holds(all) && !r.Must.Holds(all) {
			faults = append(faults, r.Message+".")
		}
	}
	return faults
}

// Fault returns what a value must be, in words that follow the parameter's name; empty if it is that.
func (p Parameter) Fault(value string) string {
	length := len([]rune(value))
	switch {
	case len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, value):
		return "must be one of " + strings.Join(p.AllowedValues, ", ")
	case p.AllowedPattern != "" && !p.matches(value):
		if p.ConstraintDescription != "" {
			return strings.TrimSuffix(p.ConstraintDescription, ".")
		}
		return "must match " + p.AllowedPattern
	case p.MinLength != nil && length < *p.MinLength:
		return fmt.Sprintf("must have at least %d characters", *p.MinLength)
	case p.MaxLength != nil && length > *p.MaxLength:
		return fmt.Sprintf("must have at most %d characters", *p.MaxLength)
	case p.Type == "Number":
		return p.faultOfNumber(value)
	}
	return ""
}

func (p Parameter) matches(value string) bool {
	// An error is a match that took too long, for which no time is set.
	matches, err := p.pattern.MatchString(value)
	return err == nil && matches
}

func (p Parameter) faultOfNumber(entry string) string {
	n, err := strconv.ParseFloat(entry, 64)
	switch {
	case err != nil:
		return "must be a number"
	case p.MinValue != nil && n < *p.MinValue:
		return fmt.Sprintf("must be at least %v", *p.MinValue)
	case p.MaxValue != nil && n > *p.MaxValue:
		return fmt.Sprintf("must be at most %v", *p.MaxValue)
	}
	return ""
}

// StackNamePattern is what CloudFormation takes for names of stacks. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
const StackNamePattern = `^[A-Za-z][A-Za-z0-9-]{0,127}$`

var stackName = regexp.MustCompile(StackNamePattern)

// releaseBucket starts the names of buckets, which - and a Region follow. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var releaseBucket = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{2,39}$`)

// IsReleaseBucket reports whether the names of the buckets of releases may start so.
func IsReleaseBucket(name string) bool { return releaseBucket.MatchString(name) }

// CheckStack checks the name of a stack. The error is an *Error.
func CheckStack(name string) error {
	if stackName.MatchString(name) {
		return nil
	}
	return errorOf([]string{fmt.Sprintf("Stack name %q must start with a letter, and have at most 128 letters, digits and hyphens.", name)})
}

// CheckRegions checks names of Regions. The error is an *Error with all faults.
func CheckRegions(names []string) error {
	var faults []string
	for n, name := range names {
		switch {
		case slices.Contains(names[:n], name):
			faults = append(faults, fmt.Sprintf("Region %s is given twice.", name))
		case !properties.IsRegion(name):
			faults = append(faults, fmt.Sprintf("%q is no Region. Write eu-west-1, for example.", name))
		}
	}
	return errorOf(faults)
}
