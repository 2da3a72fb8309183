package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// Bucket is what Personalize may do with a data bucket: what its grants allow together.
type Bucket struct {
	Partition string
	Name      string
	Grants    []Grant
	// Account is the account that the role's own statements expect the bucket to belong to. Empty: any, since it isn't known.
	Account string
}

// Grant is some uses of a bucket.
type Grant struct {
	Uses []string
	// Prefixes are starts of object keys; none: all objects.
	Prefixes []string
}

// access is some actions on some resources.
type access struct{ actions, resources Values }

// access returns what the grants allow, in as few bytes as it takes. What is granted on the whole bucket has the form of the set-up page,
// all actions on the bucket and its objects. What is granted below prefixes allows s3:ListBucket on the bucket only, and the other actions
// on objects only.
func (b Bucket) access() []access {
	var all []access
	whole, below := b.actions(), map[string]Values{}
	arn := fmt.Sprintf("arn:%s:s3:::%s", b.Partition, b.Name)
	if len(whole) > 0 {
		resources := Values{arn + "/*"}
		if slices.Contains(whole, properties.ActionList) {
			resources = Values{arn, arn + "/*"}
		}
		all = append(all, access{whole, resources})
	}
	for _, g := range b.Grants {
		for _, action := range properties.S3Actions(g.Uses) {
			if len(g.Prefixes) > 0 && !slices.Contains(whole, action) {
				below[action] = append(below[action], g.Prefixes...)
			}
		}
	}
	if len(below[properties.ActionList]) > 0 {
		all = append(all, access{Values{properties.ActionList}, Values{arn}})
	}
	objects := func(prefixes Values) Values {
		var resources Values
		for _, prefix := range prefixes {
			resources = append(resources, arn+"/"+prefix+"*")
		}
		return resources
	}
	return append(all, onObjects(objects(outermost(below[properties.ActionGet])), objects(outermost(below[properties.ActionPut])))...)
}

// actions are those on the whole bucket.
func (b Bucket) actions() Values {
	var uses []string
	for _, g := range b.Grants {
		if len(g.Prefixes) == 0 {
			uses = append(uses, g.Uses...)
		}
	}
	return properties.S3Actions(uses)
}

// outermost leaves out the prefixes that others cover. It keeps their order, since prefixes that are tokens of a template have no other.
func outermost(prefixes Values) Values {
	outer, last := map[string]bool{}, ""
	for n, prefix := range slices.Sorted(slices.Values(prefixes)) {
		if n == 0 || !strings.HasPrefix(prefix, last) {
			outer[prefix], last = true, prefix
		}
	}
	var kept Values
	for _, prefix := range prefixes {
		if outer[prefix] {
			kept = append(kept, prefix)
			delete(outer, prefix)
		}
	}
	return kept
}

// onObjects returns statements for what is read and what is written: one for each action, or one for what both are about beside those for
// the rest, whichever is shorter.
func onObjects(read, written Values) []access {
	with := func(list ...access) []access {
		return slices.DeleteFunc(list, func(a access) bool { return len(a.resources) == 0 })
	}
	get, put := Values{properties.ActionGet}, Values{properties.ActionPut}
	both, onlyRead := split(read, written)
	_, onlyWritten := split(written, read)
	byAction := with(access{get, read}, access{put, written})
	byResource := with(access{Values{properties.ActionGet, properties.ActionPut}, both}, access{get, onlyRead}, access{put, onlyWritten})
	return slices.MinFunc([][]access{byAction, byResource}, func(a, b []access) int { return cmp.Compare(size(a), size(b)) })
}

// split returns the texts of a list that are in another one, and those that aren't.
func split(list, other Values) (in, out Values) {
	others := map[string]bool{}
	for _, text := range other {
		others[text] = true
	}
	for _, text := range list {
		if others[text] {
			in = append(in, text)
		} else {
			out = append(out, text)
		}
	}
	return in, out
}

func size(list []access) int {
	const statement = 300 // what a statement takes beside them in a bucket policy, conditions included
	bytes := 0
	for _, a := range list {
		bytes += statement + len(strings.Join(a.actions, `","`)) + len(strings.Join(a.resources, `","`))
	}
	return bytes
}

const resourceAccount = "aws:ResourceAccount"

// ExpectsOwner reports whether the role's own policy allows the use of a bucket only while it belongs to an account.
func (d Document) ExpectsOwner(bucketARN, account string) bool {
	return slices.ContainsFunc(d.Statement, func(s Statement) bool {
		of := func(resource string) bool { return resource == bucketARN || strings.HasPrefix(resource, bucketARN+"/") }
		return slices.ContainsFunc(s.Resource, of) && slices.Contains(s.Condition["StringEquals"][resourceAccount], account)
	})
}

// bucketStatements are those of the role's policy. Buckets with the same actions share a statement.
func bucketStatements(buckets []Bucket) []Statement {
	type group struct{ suffix, account string }
	statements := map[group]Statement{}
	known := slices.ContainsFunc(buckets, func(b Bucket) bool { return b.Account != "" })
	for _, b := range slices.SortedFunc(slices.Values(buckets), func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) }) {
		for _, a := range b.access() {
			g := group{sidSuffix(a.actions), b.Account}
			s := statements[g]
			s.Sid, s.Effect, s.Action, s.Resource = accessPolicy+g.suffix, "Allow", a.actions, append(s.Resource, a.resources...)
			switch {
			case b.Account != "":
				s.Condition = Conditions{"StringEquals": {resourceAccount: {b.Account}}}
			case known:
				s.Sid += "AnyAccount"
			}
			statements[g] = s
		}
	}
	return slices.SortedFunc(maps.Values(statements), func(a, b Statement) int { return strings.Compare(a.Sid, b.Sid) })
}

// sidSuffix keeps the Sids of one document apart. What imports need of a whole bucket has the Sid of the set-up page.
func sidSuffix(actions Values) string {
	get, list, put := slices.Contains(actions, properties.ActionGet), slices.Contains(actions, properties.ActionList),
		slices.Contains(actions, properties.ActionPut)
	switch {
	case get && list && put:
		return "ReadWrite"
	case list && put:
		return "Export"
	case get && list:
		return ""
	case get && put:
		return "Objects"
	case list:
		return "List"
	case get:
		return "Get"
	}
	return "Put"
}

// BucketStatements returns the statements of a bucket policy that let Personalize use the bucket. They name the service and no role: the
// service principal always exists, but a role's ARN is refused until it has propagated, and blocks changes of the policy once the role is
// deleted. Their Sids start with sid. With a source, they check the source of a request that names one; if required is true, a request must
// name it.
func BucketStatements(sid string, b Bucket, source *Source, required bool) []Statement {
	var statements []Statement
	for _, a := range b.access() {
		s := Statement{Sid: sid, Effect: "Allow", Principal: &Principal{Service: ServicePrincipal}, Action: a.actions, Resource: a.resources}
		if len(b.actions()) == 0 || len(statements) > 0 {
			s.Sid += sidSuffix(a.actions)
		}
		if s.Condition = source.conditionsIfSent(); required {
			s.Condition = source.conditions()
		}
		statements = append(statements, s)
	}
	return statements
}

// ForeignBucketStatements returns the statements that the owner of a bucket in another account must add. Across accounts both sides must
// allow the role, so the statements name it too. If a source is required, the role has statements of its own, because its requests have no
// source.
func ForeignBucketStatements(sid, roleARN string, b Bucket, source *Source, required bool) []Statement {
	statements := BucketStatements(sid, b, source, required)
	var ofRole []Statement
	for n := range statements {
		if source == nil || !required {
			statements[n].Principal.AWS = roleARN
			continue
		}
		s := statements[n]
		s.Sid, s.Principal, s.Condition = s.Sid+"Role", &Principal{AWS: roleARN}, nil
		ofRole = append(ofRole, s)
	}
	return append(statements, ofRole...)
}
