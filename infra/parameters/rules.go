package parameters

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// rule is one of the template's Rules, which say which parameters go together. Of the functions that CloudFormation knows in rules, those
// are understood that the template uses: !Equals, !Not and !Ref. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
type rule struct {
	RuleCondition yaml.Node `yaml:"RuleCondition"`
	Assertions    []struct {
		Assert            yaml.Node `yaml:"Assert"`
		AssertDescription string    `yaml:"AssertDescription"`
	} `yaml:"Assertions"`
}

// faults returns the descriptions of the assertions that don't hold for values.
func (r rule) faults(values map[string]string) ([]string, error) {
	applies, err := holds(&r.RuleCondition, values)
	if err != nil || !applies {
		return nil, err
	}
	var faults []string
	for _, a := range r.Assertions {
		ok, err := holds(&a.Assert, values)
		if err != nil {
			return nil, err
		}
		if !ok {
			faults = append(faults, a.AssertDescription)
		}
	}
	return faults, nil
}

func holds(n *yaml.Node, values map[string]string) (bool, error) {
	switch {
	case n.Tag == "!Not" && len(n.Content) == 1:
		inner, err := holds(n.Content[0], values)
		return !inner, err
	case n.Tag == "!Equals" && len(n.Content) == 2:
		return valueOf(n.Content[0], values) == valueOf(n.Content[1], values), nil
	}
	return false, fmt.Errorf("line %d of the template: rules with %s are not understood", n.Line, n.Tag)
}

func valueOf(n *yaml.Node, values map[string]string) string {
	if n.Tag == "!Ref" {
		return values[n.Value]
	}
	return n.Value
}
