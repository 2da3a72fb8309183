package access

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is the type of a comparison.
type kind int8

const (
	unrecognised kind = iota
	text
	textIgnoringCase
	textLike
	arn
	number
	date
	boolean
	binary
	address
	null
)

// order says which outcomes of a comparison count.
type order int8

const (
	equal order = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// comparison is an operator without its prefix and suffix.
type comparison struct {
	kind    kind
	order   order
	negated bool
}

// comparisons are all by their names in lower case.
var comparisons = map[string]comparison{
	"stringequals": {kind: text}, "stringnotequals": {kind: text, negated: true},
	"stringequalsignorecase": {kind: textIgnoringCase}, "stringnotequalsignorecase": {kind: textIgnoringCase, negated: true},
	"stringlike": {kind: textLike}, "stringnotlike": {kind: textLike, negated: true},
	"arnequals": {kind: arn}, "arnlike": {kind: arn}, "arnnotequals": {kind: arn, negated: true}, "arnnotlike": {kind: arn, negated: true},
	"numericequals": {kind: number}, "numericnotequals": {kind: number, negated: true},
	"numericlessthan": {kind: number, order: less}, "numericlessthanequals": {kind: number, order: lessOrEqual},
	"numericgreaterthan": {kind: number, order: greater}, "numericgreaterthanequals": {kind: number, order: greaterOrEqual},
	"dateequals": {kind: date}, "datenotequals": {kind: date, negated: true},
	"datelessthan": {kind: date, order: less}, "datelessthanequals": {kind: date, order: lessOrEqual},
	"dategreaterthan": {kind: date, order: greater}, "dategreaterthanequals": {kind: date, order: greaterOrEqual},
	"bool": {kind: boolean}, "binaryequals": {kind: binary},
	"ipaddress": {kind: address}, "notipaddress": {kind: address, negated: true},
	"null": {kind: null},
}

// hasWildcards reports whether * and ? in a value of the policy stand for others.
func (c comparison) hasWildcards() bool { return c.kind == textLike || c.kind == arn }

// hasVariables reports whether a value of the policy may have variables. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (c comparison) hasVariables() bool {
	return c.kind == text || c.kind == textIgnoringCase || c.hasWildcards()
}

// compare compares a value of the policy with one of the request, negation aside. Values of another type than the operator's match nothing.
func (c comparison) compare(wanted, value pattern) Truth {
	switch c.kind {
	case text, textLike, binary:
		return wanted.matches(value)
	case textIgnoringCase:
		return wanted.lower().matches(value.lower())
	case boolean:
		return wanted.lower().matches(value.lower())
	case arn:
		return matchARN(wanted, value)
	}
	if !value.isExact() || !wanted.isExact() {
		return Maybe
	}
	switch c.kind {
	case number:
		return ordered(c.order, parseNumber, wanted.String(), value.String())
	case date:
		return ordered(c.order, parseDate, wanted.String(), value.String())
	case address:
		network, okNetwork := parseNetwork(wanted.String())
		ip, err := netip.ParseAddr(value.String())
		return truth(okNetwork && err == nil && network.Contains(ip.Unmap()))
	}
	return Maybe
}

// ordered compares what two texts stand for.
func ordered(o order, parse func(string) (float64, bool), wanted, value string) Truth {
	w, okWanted := parse(wanted)
	v, okValue := parse(value)
	if !okWanted || !okValue {
		return False
	}
	switch o {
	case less:
		return truth(v < w)
	case lessOrEqual:
		return truth(v <= w)
	case greater:
		return truth(v > w)
	case greaterOrEqual:
		return truth(v >= w)
	}
	return truth(v == w)
}

func parseNumber(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// parseDate takes the forms of ISO 8601 that IAM documents, and seconds since 1970.
func parseDate(text string) (float64, bool) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) != len("2006") {
		return float64(seconds), true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.UnixNano()) / float64(time.Second), true
		}
	}
	return 0, false
}

// parseNetwork takes an address for the network that has only it.
func parseNetwork(text string) (netip.Prefix, bool) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return network.Masked(), true
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(ip, ip.BitLen()), true
}

// partsOfARN is how many parts an ARN has, of which the last one may have colons.
const partsOfARN = 6

// matchARN compares part by part: a wildcard doesn't reach into the next one. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func matchARN(wanted, value pattern) Truth {
	w, v := splitARN(wanted), splitARN(value)
	if len(v) < partsOfARN && slices.Contains(value, star) {
		// What is unknown may have more parts; in a value that has all of them, it is a part of one.
		return Maybe
	}
	if len(w) != partsOfARN || len(v) != partsOfARN {
		if len(w) == 1 && slices.Equal(w[0], pattern{star}) {
			return True
		}
		return False
	}
	result := True
	for n := range w {
		result = min(result, w[n].matches(v[n]))
	}
	return result
}

func splitARN(p pattern) []pattern {
	var parts []pattern
	for len(parts) < partsOfARN-1 {
		n := slices.Index(p, ':')
		if n < 0 {
			break
		}
		parts, p = append(parts, p[:n]), p[n+1:]
	}
	return append(parts, p)
}

// isVariable reports whether a text of a policy has a variable, or an escaped character.
func isVariable(text string) bool { return strings.Contains(text, "${") }
