package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Version is the version of the policy language.
const Version = "2012-10-17"

// Limits of IAM, in characters without white space. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	MaxTrustSize   = 2048
	MaxManagedSize = 6144
)

// Limits of the policies that others own, in bytes of compact JSON. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html and
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
const (
	MaxBucketPolicySize = 20 << 10
	MaxKeyPolicySize    = 32 << 10
)

// Document is a policy document.
type Document struct {
	Version   string      `json:"Version"`
	ID        string      `json:"Id,omitempty"`
	Statement []Statement `json:"Statement"`
}

// Statement is one statement of a document.
type Statement struct {
	Sid       string     `json:"Sid,omitempty"`
	Effect    string     `json:"Effect"`
	Principal *Principal `json:"Principal,omitempty"`
	Action    Values     `json:"Action"`
	Resource  Values     `json:"Resource,omitempty"`
	Condition Conditions `json:"Condition,omitempty"`
}

// Principal names an AWS service, an IAM principal by its ARN, or both.
type Principal struct {
	AWS     string `json:"AWS,omitempty"`
	Service string `json:"Service,omitempty"`
}

// Conditions map an operator to condition keys and their values.
type Conditions map[string]map[string]Values

// Values are written as a string where there is one, and as a list otherwise.
type Values []string

// MarshalJSON writes a single value as a string, as AWS's own examples do.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return encode(v[0])
	}
	return encode([]string(v))
}

// UnmarshalJSON takes a string for a list of one.
func (v *Values) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*v = Values{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(v))
}

// ParseDocument reads a document of the role's own, as far as it has the form that the function writes. What is none has no statement.
func ParseDocument(text string) Document {
	var d Document
	if json.Unmarshal([]byte(text), &d) != nil {
		return Document{}
	}
	return d
}

// String is the document as compact JSON, the same for the same document in every process.
func (d Document) String() string { return text(d) }

// String is the statement as compact JSON, the same for the same statement in every process.
func (s Statement) String() string { return text(s) }

func text(v any) string {
	b, err := encode(v)
	if err != nil {
		// Strings, slices, maps of strings and what was JSON always marshal.
		panic(err)
	}
	return string(b)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// Size is what IAM counts against its limits: characters without white space.
func Size(document string) int {
	return utf8.RuneCountInString(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, document))
}

// Digest returns the same 26 lower-case letters and digits for documents that differ only in the order of their lists and members.
func Digest(document string) string {
	var tree any
	if err := json.Unmarshal([]byte(document), &tree); err != nil {
		// What isn't JSON is equal only to itself.
		tree = document
	}
	sum := sha256.Sum256([]byte(text(ordered(tree))))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// ordered sorts the lists in a JSON value; encoding/json sorts members.
func ordered(v any) any {
	switch v := v.(type) {
	case []any:
		for n := range v {
			v[n] = ordered(v[n])
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
	case map[string]any:
		for k := range v {
			v[k] = ordered(v[k])
		}
	}
	return v
}
