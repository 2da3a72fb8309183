package access

import (
	"encoding/json"
	"strings"

	"pgregory.net/rapid"
)

// casesOfCheck is how many cases one check of rapid's has, of which it makes a hundred unless told otherwise.
const casesOfCheck = 15

// jsonObject is one.
type jsonObject = map[string]any

// generated is a question with everything that decides it.
type generated struct {
	service          bool
	action, resource string
	// owner is the account of the resource.
	owner string
	// context are the condition keys with their values; what isn't there is absent.
	context  map[string][]string
	identity []jsonObject
	boundary jsonObject
	policy   jsonObject
}

// words are values that are drawn from: few, so that they are often the same.
var (
	regions  = []string{"eu-west-1", "eu-*", "EU-WEST-1", "us-east-1", "*", "eu-west-?", "${aws:RequestedRegion}", "${*}"}
	numbers  = []string{"0", "1", "10", "10.0", "9.5", "-1"}
	dates    = []string{"2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-10-31T23:59:59Z"}
	booleans = []string{"true", "false"}
	networks = []string{"203.0.113.0/24", "203.0.113.9", "0.0.0.0/0", "198.51.100.0/24", "2001:db8::/32"}
	arns     = []string{roleARN, "arn:aws:iam::*:role/*", "arn:aws:iam::" + account + ":role/*",
		"arn:aws:iam::" + otherone + ":role/service/*",
		"arn:aws:*:*:*:*", "arn:aws:iam::" + account + ":role/service/PersonalizeRole-?"}
	tags = []string{"a", "b", "ab", "a*", "?b", "c"}
)

// keyOfRequest is a condition key with operators that suit it, values of policies and values of requests; many says that it may have
// several.
type keyOfRequest struct {
	name            string
	operators       []string
	policy, request []string
	many            bool
}

var keys = []keyOfRequest{
	{"aws:RequestedRegion", []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase",
		"StringNotEqualsIgnoreCase"}, regions, []string{"eu-west-1", "us-east-1"}, false},
	{"aws:UserAgent", []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike"}, tags, []string{"a", "ab", "A"}, false},
	{"aws:PrincipalArn", []string{"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "StringEquals", "StringNotLike"}, arns,
		[]string{roleARN, "arn:aws:iam::" + otherone + ":role/b"}, false},
	{"aws:SourceIp", []string{"IpAddress", "NotIpAddress"}, networks, []string{"203.0.113.9", "198.51.100.1", "2001:db8::1"}, false},
	{"aws:SecureTransport", []string{"Bool"}, booleans, booleans, false},
	{"aws:CurrentTime", []string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
		"DateGreaterThanEquals"},
		dates, dates, false},
	{"aws:MultiFactorAuthAge", []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
		"NumericGreaterThanEquals"}, numbers, []string{"0", "10", "9"}, false},
	{"aws:TagKeys", []string{"ForAnyValue:StringEquals", "ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAllValues:StringLike",
		"ForAnyValue:StringNotEquals", "ForAllValues:StringNotEquals", "ForAnyValue:StringNotLike", "ForAllValues:StringNotLike"}, tags,
		[]string{"a", "b", "ab"}, true},
}

func draw(t *rapid.T, name string, from []string) string {
	return rapid.SampledFrom(from).Draw(t, name)
}

// value is one of some texts, or a list of them.
func value(t *rapid.T, name string, from []string) any {
	list := rapid.SliceOfN(rapid.SampledFrom(from), 1, 2).Draw(t, name)
	if len(list) == 1 && rapid.Bool().Draw(t, name+" is alone") {
		return list[0]
	}
	return list
}

func conditionsOf(t *rapid.T) jsonObject {
	conditions := jsonObject{}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		operator := draw(t, "operator", key.operators)
		from := key.policy
		switch rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			operator += "IfExists"
		case 1:
			operator, from = "Null", booleans
		}
		below, _ := conditions[operator].(jsonObject)
		if below == nil {
			below = jsonObject{}
		}
		below[key.name] = value(t, "values", from)
		conditions[operator] = below
	}
	return conditions
}

func statementOf(t *rapid.T, principal bool) jsonObject {
	s := jsonObject{"Effect": draw(t, "effect", []string{"Allow", "Allow", "Deny"})}
	action, resource := "Action", "Resource"
	if rapid.IntRange(0, 4).Draw(t, "not action") == 0 {
		action = "NotAction"
	}
	if rapid.IntRange(0, 4).Draw(t, "not resource") == 0 {
		resource = "NotResource"
	}
	s[action] = value(t, "actions", []string{"s3:*", "s3:GetObject", "s3:Get*", "S3:PUTOBJECT", "s3:ListBucket", "s3:?etObject", "*",
		"kms:*", "kms:Decrypt"})
	s[resource] = value(t, "resources", []string{"*", "arn:aws:s3:::data", "arn:aws:s3:::data/*", "arn:aws:s3:::data/in/*",
		"arn:aws:s3:::data/out/*", "arn:aws:s3:::data/i?/*.csv", "arn:aws:s3:::data/${aws:RequestedRegion}/*", dataKey})
	if principal {
		s[draw(t, "principal element", []string{"Principal", "Principal", "Principal", "NotPrincipal"})] = rapid.SampledFrom([]any{
			"*", jsonObject{"AWS": "*"}, jsonObject{"AWS": roleARN}, jsonObject{"AWS": account}, jsonObject{"AWS": otherone},
			jsonObject{"AWS": []string{roleARN, "arn:aws:iam::" + account + ":root"}}, jsonObject{"Service": "personalize.amazonaws.com"},
			jsonObject{"Service": []string{"logs.amazonaws.com"}}, jsonObject{"AWS": "arn:aws:iam::" + account + ":role/b"},
			jsonObject{"AWS": roleARN, "Service": "personalize.amazonaws.com"},
		}).Draw(t, "principal")
		if s["NotPrincipal"] != nil {
			// IAM has it with Deny only.
			s["Effect"] = "Deny"
		}
	}
	if conditions := conditionsOf(t); len(conditions) > 0 {
		s["Condition"] = conditions
	}
	return s
}

func policyOf(t *rapid.T, principal bool) jsonObject {
	var statements []jsonObject
	for range rapid.IntRange(1, 3).Draw(t, "statements") {
		statements = append(statements, statementOf(t, principal))
	}
	return jsonObject{"Version": draw(t, "version", []string{"2012-10-17", "2012-10-17", "2008-10-17"}), "Statement": statements}
}

var generator = rapid.Custom(func(t *rapid.T) generated {
	g := generated{service: rapid.Bool().Draw(t, "is the service"), context: map[string][]string{}, policy: policyOf(t, true)}
	g.owner = draw(t, "owner", []string{account, account, account, otherone})
	g.action = draw(t, "action", []string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt"})
	g.resource = draw(t, "object", []string{"arn:aws:s3:::data/in/a.csv", "arn:aws:s3:::data/out/b", "arn:aws:s3:::data/eu-west-1/c"})
	switch g.action {
	case "s3:ListBucket":
		g.resource = "arn:aws:s3:::data"
	case "kms:Decrypt":
		g.resource = dataKey
	}
	for _, key := range keys {
		most := 1
		if key.many {
			most = 2
		}
		if rapid.Bool().Draw(t, "has "+key.name) {
			g.context[key.name] = rapid.SliceOfN(rapid.SampledFrom(key.request), 1, most).Draw(t, key.name)
		}
	}
	if !g.service {
		if rapid.Bool().Draw(t, "has a policy") {
			g.identity = []jsonObject{policyOf(t, false)}
		}
		if rapid.IntRange(0, 3).Draw(t, "has a boundary") == 0 {
			g.boundary = policyOf(t, false)
		}
	}
	return g
})

// fataler is a test of any kind.
type fataler interface{ Fatal(...any) }

// policies parses what decides.
func (g generated) policies(t fataler) Policies {
	parsed := func(o jsonObject) Policy {
		p, err := Parse(encode(o))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := Policies{Resource: parsed(g.policy), CrossAccount: g.owner != account, Delegated: g.resource == dataKey}
	for _, o := range g.identity {
		p.Identity = append(p.Identity, parsed(o))
	}
	if g.boundary != nil {
		boundary := parsed(g.boundary)
		p.Boundary = &boundary
	}
	return p
}

// request is the question with a context in which everything is known.
func (g generated) request() Request {
	c := Context{}
	for _, key := range keys {
		c[strings.ToLower(key.name)] = Absent()
	}
	for key, values := range g.context {
		c[strings.ToLower(key)] = Text(values...)
	}
	caller := Caller{Role: roleARN, Account: account, Bounded: g.boundary != nil}
	if g.service {
		caller = Caller{Service: "personalize.amazonaws.com"}
	}
	return Request{Caller: caller, Action: g.action, Resource: g.resource, Contexts: []Context{c}}
}

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
