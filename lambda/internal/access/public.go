package access

import (
	"slices"
	"strings"
)

// fixing are the condition keys that keep a statement for everybody from being public, if their values are fixed. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
var fixing = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount", "aws:sourcearn", "aws:sourceaccount",
	"aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:userid", "aws:sourceowner",
	"s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

// PublicStatement returns the label of a statement that makes the policy public in S3's sense.
func (p Policy) PublicStatement() (string, bool) {
	for n, s := range p.statements {
		if !s.deny && s.principals.anybody && !slices.ContainsFunc(s.conditions, condition.fixes) {
			return p.label(n), true
		}
	}
	return "", false
}

// fixes reports whether the condition is about a key that fixes who it is, with values that are fixed.
func (c condition) fixes() bool {
	positive := c.operator.kind != null && c.operator.kind != unrecognised && !c.operator.negated && !c.operator.ifExists
	return positive && slices.Contains(fixing, strings.ToLower(c.key)) && !slices.ContainsFunc(c.values, func(value string) bool {
		return c.operator.hasWildcards() && strings.ContainsAny(value, "*?") && !isFixedARN(value) || strings.Contains(value, "${") ||
			c.operator.kind == address && strings.HasSuffix(value, "/0")
	})
}

// isFixedARN reports whether a pattern fixes the account of an ARN.
func isFixedARN(text string) bool {
	parts := strings.SplitN(text, ":", partsOfARN)
	return len(parts) == partsOfARN && isAccount(parts[4])
}

func isAccount(text string) bool {
	return len(text) == len("123456789012") && !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
}

// OtherWriters returns the principals of other accounts that the policy allows to write objects to a bucket. It ignores *.
func (p Policy) OtherWriters(account, bucket string) []string {
	var writers []string
	r := &request{action: literal("s3:putobject"), resource: glob("arn:*:s3:::" + bucket + "/*"), service: "s3"}
	for _, s := range p.statements {
		if s.deny || s.actions.match(r.action, r, "").truth == False || s.resources.match(r.resource, r, "").truth == False {
			continue
		}
		for _, name := range s.principals.byType["AWS"] {
			if id := accountOf(name); id != "" && id != account {
				writers = append(writers, name)
			}
		}
	}
	return once(writers)
}

// accountOf returns the account of a principal's name.
func accountOf(name string) string {
	if isAccount(name) {
		return name
	}
	if parts := strings.SplitN(name, ":", partsOfARN); len(parts) == partsOfARN && isAccount(parts[4]) {
		return parts[4]
	}
	return ""
}

// algorithm is the condition key of a header that says that an object is encrypted with a key that comes with the request.
const algorithm = "s3:x-amz-server-side-encryption-customer-algorithm"

// RequiresCustomerKeys returns the label of a statement that denies writing objects to a bucket unless they are encrypted with keys that
// come with the request. See https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
func (p Policy) RequiresCustomerKeys(as func(Call) Request, bucket string) (string, bool) {
	denials := func(header Value) []Denial {
		q := as(Call{Action: "s3:PutObject", Resource: "arn:aws:s3:::" + bucket + "/*"})
		for _, c := range q.Contexts {
			c[algorithm] = header
		}
		return p.Denials(q)
	}
	without, with := denials(Absent()), denials(Text("AES256"))
	for _, d := range without {
		if d.Certain == True && !slices.ContainsFunc(with, func(w Denial) bool { return w.Index == d.Index }) {
			return d.Label, true
		}
	}
	return "", false
}
