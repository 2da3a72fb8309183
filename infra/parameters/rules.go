package parameters

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Rule is one of the template's Rules, which say which parameters go together: if a condition holds, another one must hold too. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
type Rule struct {
	If      Condition `json:"if"`
	Must    Condition `json:"must"`
	Message string    `json:"message"`
}

// Condition compares the value of a parameter with a text. CloudFormation knows more functions in rules; the template uses these.
type Condition struct {
	Parameter string `json:"parameter"`
	Equals    string `json:"equals"`
	// Not turns the condition round.
	Not bool `json:"not"`
}

// Holds reports whether the condition holds for the values of all parameters.
func (c Condition) Holds(values map[string]string) bool {
	return (values[c.Parameter] == c.Equals) != c.Not
}

// UnmarshalYAML reads !Equals [!Ref PARAMETER, TEXT], or !Not of that.
func (c *Condition) UnmarshalYAML(n *yaml.Node) error {
	if n.Tag == "!Not" && len(n.Content) == 1 {
		err := c.UnmarshalYAML(n.Content[0])
		c.Not = !c.Not
		return err
	}
	if n.Tag != "!Equals" || len(n.Content) != 2 || n.Content[0].Tag != "!Ref" || n.Content[1].Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: of conditions in rules, only !Equals [!Ref PARAMETER, TEXT] and !Not of that are understood", n.Line)
	}
	c.Parameter, c.Equals = n.Content[0].Value, n.Content[1].Value
	return nil
}

// rule is a rule as the template has it.
type rule struct {
	RuleCondition Condition `yaml:"RuleCondition"`
	Assertions    []struct {
		Assert            Condition `yaml:"Assert"`
		AssertDescription string    `yaml:"AssertDescription"`
	} `yaml:"Assertions"`
}
