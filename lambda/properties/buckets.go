package properties

import (
	"fmt"
	"slices"
	"strings"
)

// buckets reads the data buckets; those that name no uses have the resource's.
func (r *reader) buckets(name string, uses []string) []Bucket {
	var buckets []Bucket
	first := map[string]int{}
	for i, e := range r.list(name) {
		at := fmt.Sprintf("%s[%d]", name, i)
		bucket, ok := r.bucket(at, e, uses)
		if !ok {
			continue
		}
		if n, again := first[bucket.Name]; !again {
			first[bucket.Name] = i
		} else if fault := repeated(bucket, n, buckets); fault != "" {
			r.fault("%s %s %s", at, quote(bucket.Name), fault)
			continue
		}
		buckets = append(buckets, bucket)
	}
	return buckets
}

// repeated says what is wrong with another entry for a bucket. n is the index of the first one.
func repeated(b Bucket, n int, before []Bucket) string {
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	for _, earlier := range before {
		switch {
		case earlier.Name != b.Name:
		case slices.Equal(sorted(earlier.Uses), sorted(b.Uses)) && slices.Equal(sorted(earlier.Prefixes), sorted(b.Prefixes)):
			return "occurs twice with the same Uses and Prefixes"
		case earlier.ManageBucketPolicy != b.ManageBucketPolicy:
			return fmt.Sprintf("must have the same %s as %s[%d], which names the same bucket", FieldManageBucketPolicy, NameBuckets, n)
		case earlier.RequireSourceConditions != b.RequireSourceConditions:
			return fmt.Sprintf("must have the same %s as %s[%d], which names the same bucket", FieldRequireSourceConditions, NameBuckets, n)
		}
	}
	return ""
}

func (r *reader) bucket(at string, e any, uses []string) (Bucket, bool) {
	fields, isObject := e.(map[string]any)
	if !isObject {
		fields = map[string]any{FieldName: e}
	}
	text, ok := scalarText(fields[FieldName])
	if !ok {
		r.fault("%s must be a bucket name, a bucket ARN, or an object with Name", at)
		return Bucket{}, false
	}
	text = strings.TrimSpace(text)
	bare := bucketARN().ReplaceAllString(text, "")
	if fault := bucketFault(bare); fault != "" {
		r.fault("%s %s %s", at, quote(text), fault)
		return Bucket{}, false
	}
	inner := &reader{values: fields}
	inner.unknown("a bucket", BucketFields())
	bucket := Bucket{
		Name:                    bare,
		Uses:                    inner.uses(FieldUses, uses),
		Prefixes:                inner.prefixes(FieldPrefixes, bare),
		ManageBucketPolicy:      inner.boolean(FieldManageBucketPolicy, true),
		RequireSourceConditions: inner.boolean(FieldRequireSourceConditions, false),
		KmsKeyArn:               inner.text(FieldKmsKeyArn, "", keyFault),
	}
	if bucket.RequireSourceConditions && !bucket.ManageBucketPolicy {
		inner.fault("%s has no effect while %s is false; leave one of them out", FieldRequireSourceConditions, FieldManageBucketPolicy)
	}
	for _, fault := range inner.faults {
		r.fault("%s: %s", at, fault)
	}
	return bucket, true
}

// texts reads a list of strings, each of which a rule must accept.
func (r *reader) texts(name string, wrong rule) []string {
	var texts []string
	for i, e := range r.list(name) {
		s, ok := scalarText(e)
		s = strings.TrimSpace(s)
		fault := "must be a string"
		if ok {
			fault = wrong(s)
		}
		switch {
		case fault != "":
			r.fault("%s[%d] %s %s", name, i, quote(fmt.Sprint(e)), fault)
		case slices.Contains(texts, s):
			r.fault("%s[%d] %s occurs twice", name, i, quote(s))
		default:
			texts = append(texts, s)
		}
	}
	return texts
}

func (r *reader) uses(name string, standard []string) []string {
	uses := r.texts(name, use)
	if len(uses) == 0 {
		return standard
	}
	return uses
}

func (r *reader) keys(name string) []string { return r.texts(name, keyFault) }

func (r *reader) prefixes(name, bucket string) []string {
	return r.texts(name, func(s string) string { return prefixFault(bucket, s) })
}
