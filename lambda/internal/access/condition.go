package access

import "strings"

// condition is one key below one operator of a statement.
type condition struct {
	operator operator
	// name is the operator as the policy spells it.
	name, key string
	values    []string
	// parsed are the values as the operator compares them; nil for one with a variable.
	parsed []pattern
}

// quantifier is the prefix of an operator.
type quantifier int8

const (
	single quantifier = iota
	forAny
	forAll
)

// operator is a condition operator. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type operator struct {
	comparison
	ifExists bool
	over     quantifier
}

// parseOperator ignores case, as IAM does.
func parseOperator(name string) (operator, bool) {
	var o operator
	text := strings.ToLower(name)
	if rest, ok := strings.CutPrefix(text, "foranyvalue:"); ok {
		text, o.over = rest, forAny
	} else if rest, ok := strings.CutPrefix(text, "forallvalues:"); ok {
		text, o.over = rest, forAll
	}
	text, o.ifExists = strings.CutSuffix(text, "ifexists")
	o.comparison = comparisons[text]
	return o, o.kind != unrecognised
}

// evaluate says whether a request meets the condition.
func (c condition) evaluate(r *request) verdict {
	if c.operator.kind == unrecognised {
		return unknown("the condition operator " + c.name)
	}
	value := r.context.value(c.key, r.service)
	if len(value.options) == 0 {
		return unknown(c.key)
	}
	result := c.about(value.options[0], r)
	for _, o := range value.options[1:] {
		result = result.either(c.about(o, r), c.key)
	}
	return result
}

// about evaluates the condition for one thing that the value may be.
func (c condition) about(o option, r *request) verdict {
	if c.operator.kind == null {
		result := certain(false)
		for _, text := range c.values {
			result = result.or(certain(strings.EqualFold(text, "true") == o.absent))
		}
		return result
	}
	if o.absent {
		switch {
		case c.operator.ifExists && c.operator.over == forAny:
			// The one is documented to be true then, and the other to be false.
			return unknown("what " + c.name + " means without " + c.key)
		case c.operator.ifExists || c.operator.over == forAll:
			return certain(true)
		case c.operator.over == forAny:
			return certain(false)
		}
		return certain(c.operator.negated)
	}
	if o.ofAWS {
		return c.aboutAWS()
	}
	result := certain(c.operator.over == forAll)
	for n, text := range o.texts {
		one := c.listed(text, r)
		if c.operator.negated {
			one = one.not()
		}
		switch {
		case n == 0:
			result = one
		case c.operator.over == forAll, c.operator.over == single && c.operator.negated:
			result = result.and(one)
		default:
			result = result.or(one)
		}
	}
	return result
}

// listed says whether one of the condition's values matches.
func (c condition) listed(value pattern, r *request) verdict {
	result := certain(false)
	for n := range c.values {
		one := c.match(n, value, r)
		if result = result.or(one); result.truth == True {
			break
		}
	}
	return result
}

func (c condition) match(n int, value pattern, r *request) verdict {
	wanted := resolved{pattern: c.parsed[n]}
	if wanted.pattern == nil {
		var missing string
		if wanted, missing = r.resolve(c.values[n], c.operator.hasWildcards()); missing != "" {
			// What IAM does with a variable that has no value isn't documented for conditions.
			return unknown("the policy variable " + missing)
		}
	}
	if wanted.depends != "" {
		return unknown(wanted.depends)
	}
	return known(c.operator.compare(wanted.pattern, value), c.key)
}

// aboutAWS evaluates the condition for an address of AWS's own. A network in a policy doesn't contain it, unless it is the whole address
// space. A network that a negated operator excepts may contain it.
func (c condition) aboutAWS() verdict {
	if c.operator.kind != address {
		return unknown(c.key)
	}
	for _, text := range c.values {
		if strings.HasSuffix(text, "/0") {
			return certain(!c.operator.negated)
		}
	}
	if c.operator.negated {
		return unknown(c.key)
	}
	return certain(false)
}
