package access

import "strings"

// Value is what is known of a condition key in the context of a request. The zero Value is an unknown one.
type Value struct{ options []option }

// option is one of the things that a value may be.
type option struct {
	absent, ofAWS bool
	texts         []pattern
}

// Absent is the value of a key that isn't in the context.
func Absent() Value { return Value{[]option{{absent: true}}} }

// Unknown is the value of a key of which nothing is known, not even whether it is there.
func Unknown() Value { return Value{} }

// Text is a known value; several are those of a multivalued key.
func Text(values ...string) Value {
	var o option
	for _, value := range values {
		o.texts = append(o.texts, literal(value))
	}
	return Value{[]option{o}}
}

// Like is a value of which only a pattern is known, with * for any characters.
func Like(text string) Value { return Value{[]option{{texts: []pattern{glob(text)}}}} }

// AddressOfAWS is an IP address that is known only to belong to AWS. No network of another owner contains it. Whether a given list of
// networks contains it is unknown.
func AddressOfAWS() Value { return Value{[]option{{ofAWS: true}}} }

// AnyOf is one of several values that are known.
func AnyOf(values ...Value) Value {
	var v Value
	for _, one := range values {
		v.options = append(v.options, one.options...)
	}
	return v
}

// Context has the condition keys of a request, in lower case. A key that ends in / or : is for all keys with that prefix. A key that isn't
// there is unknown if it is a global one or one of the service that is called, and absent otherwise.
type Context map[string]Value

// value looks a key up for a call of a service, such as s3.
func (c Context) value(key, service string) Value {
	key = strings.ToLower(key)
	if v, ok := c[key]; ok {
		return v
	}
	if n := strings.LastIndexAny(key, "/:"); n >= 0 {
		if v, ok := c[key[:n+1]]; ok {
			return v
		}
	}
	if prefix, _, _ := strings.Cut(key, ":"); prefix == "aws" || prefix == service {
		return Unknown()
	}
	return Absent()
}
