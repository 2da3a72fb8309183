package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// Constraints of parameters. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
const (
	allowedPattern = "AllowedPattern"
	minLength      = "MinLength"
	maxLength      = "MaxLength"
	minValue       = "MinValue"
	maxValue       = "MaxValue"
)

// check refuses what CloudFormation would refuse of the value of a parameter, element by element.
func (p Parameter) check(name string, value any) error {
	elements, isList := value.([]any)
	if !isList {
		elements = []any{value}
	}
	for _, element := range elements {
		text := asText(element)
		if fault := p.fault(text); fault != "" {
			return fmt.Errorf("parameter %s has %q, and must %s", name, text, fault)
		}
	}
	return nil
}

func (p Parameter) fault(text string) string {
	if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, any(text)) {
		return "be one of " + strings.Join(asTexts(p.Allowed), ", ")
	}
	if pattern, ok := p.Limits[allowedPattern]; ok {
		// The whole value has to match.
		expression, err := regexp2.Compile(`\A(?:`+pattern+`)\z`, regexp2.None)
		if err != nil {
			return fmt.Sprintf("match %s, which can't be parsed: %v", pattern, err)
		}
		if matches, err := expression.MatchString(text); err != nil || !matches {
			return "match " + pattern
		}
	}
	length := float64(utf8.RuneCountInString(text))
	if fault := p.outside(length, minLength, maxLength, "have at least %v characters", "have at most %v characters"); fault != "" {
		return fault
	}
	if p.Type != "Number" && p.Type != "List<Number>" {
		return ""
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "be a number"
	}
	return p.outside(number, minValue, maxValue, "be at least %v", "be at most %v")
}

// outside says that a number is not between two limits.
func (p Parameter) outside(number float64, least, most, below, above string) string {
	if limit, err := strconv.ParseFloat(p.Limits[least], 64); err == nil && number < limit {
		return fmt.Sprintf(below, limit)
	}
	if limit, err := strconv.ParseFloat(p.Limits[most], 64); err == nil && number > limit {
		return fmt.Sprintf(above, limit)
	}
	return ""
}
