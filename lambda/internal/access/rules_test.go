package access

import (
	"testing"
	"time"
)

const (
	account   = "123456789012"
	otherone  = "999999999999"
	roleARN   = "arn:aws:iam::" + account + ":role/service/PersonalizeRole-a"
	object    = "arn:aws:s3:::data/in/items.csv"
	dataKey   = "arn:aws:kms:eu-west-1:" + account + ":key/1"
	iamGuide  = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	operators = "reference_policies_elements_condition_operators.html"
	logic     = "reference_policies_evaluation-logic"
)

var personalize = Personalize{
	Partition: "aws", Region: "eu-west-1", Account: account, Sources: []string{"eu-west-1"}, Role: roleARN, RoleID: "AROAEXAMPLE",
	RoleTags: map[string]string{"Team": "ml"}, Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
}

// TestRules has a row for each rule of the documentation, of a name of a page of the IAM User Guide.
func TestRules(t *testing.T) {
	type row struct {
		page, rule string
		// statements are those of the resource's policy, without their common members.
		statements []string
		// context is what the request has beside the rest.
		context Context
		// role and service say whether the policy denies the two identities, or allows them where no statement denies.
		role, service Truth
	}
	deny := func(members string) []string {
		return []string{`{"Effect":"Deny","Action":"s3:*","Resource":"*",` + members + `}`}
	}
	when := func(condition string) []string { return deny(`"Principal":"*","Condition":{` + condition + `}`) }
	with := func(key string, v Value) Context { return Context{key: v} }
	for _, r := range []row{
		{logic + "_policy-eval-denyallow.html", "what nothing allows isn't allowed", nil, nil, False, False},
		{logic + "_policy-eval-denyallow.html", "an explicit deny wins over an allow", append(deny(`"Principal":"*"`),
			`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}`), nil, True, True},

		{"reference_policies_elements_principal.html", "* is everybody", deny(`"Principal":"*"`), nil, True, True},
		{"reference_policies_elements_principal.html", "AWS * is the same", deny(`"Principal":{"AWS":"*"}`), nil, True, True},
		{"reference_policies_elements_principal.html", "* in a list", deny(`"Principal":{"AWS":["` + otherone + `","*"]}`), nil, True, True},
		{"reference_policies_elements_principal.html", "a role's ARN is its sessions", deny(`"Principal":{"AWS":"` + roleARN + `"}`), nil,
			True, False},
		{"reference_policies_elements_principal.html", "a role's name is its own", deny(`"Principal":{"AWS":"` + roleARN + `b"}`), nil, False,
			False},
		{"reference_policies_elements_principal.html", "an account is all its principals", deny(`"Principal":{"AWS":"` + account + `"}`), nil,
			True, False},
		{"reference_policies_elements_principal.html", "an account's ARN is the same",
			deny(`"Principal":{"AWS":["arn:aws:iam::` + account + `:root"]}`), nil, True, False},
		{"reference_policies_elements_principal.html", "another account", deny(`"Principal":{"AWS":"` + otherone + `"}`), nil, False, False},
		{"reference_policies_elements_principal.html", "a user", deny(`"Principal":{"AWS":"arn:aws:iam::` + account + `:user/Bob"}`), nil,
			False, False},
		{"reference_policies_elements_principal.html", "one session of the role",
			deny(`"Principal":{"AWS":"arn:aws:sts::` + account + `:assumed-role/PersonalizeRole-a/s"}`), nil, Maybe, False},
		{"reference_policies_elements_principal.html", "a service", deny(`"Principal":{"Service":"personalize.amazonaws.com"}`), nil, False,
			True},
		{"reference_policies_elements_principal.html", "another service", deny(`"Principal":{"Service":["logs.amazonaws.com"]}`), nil, False,
			False},
		{"reference_policies_elements_principal.html", "a canonical user may be the account", deny(`"Principal":{"CanonicalUser":"79a5"}`),
			nil, Maybe, False},
		{"reference_policies_elements_principal.html", "a federated one", deny(`"Principal":{"Federated":"accounts.google.com"}`), nil, False,
			False},

		{"reference_policies_elements_notprincipal.html", "all but others", deny(`"NotPrincipal":{"AWS":"` + otherone + `"}`), nil, True,
			True},
		{"reference_policies_elements_notprincipal.html", "all but the account", deny(`"NotPrincipal":{"AWS":"` + account + `"}`), nil, True,
			True},
		{"reference_policies_elements_notprincipal.html", "all but the role, its account missing",
			deny(`"NotPrincipal":{"AWS":"` + roleARN + `"}`), nil, True, True},
		{"reference_policies_elements_notprincipal.html", "all but the role and its account",
			deny(`"NotPrincipal":{"AWS":["` + roleARN + `","arn:aws:iam::` + account + `:root"]}`), nil, False, True},
		{"reference_policies_elements_notprincipal.html", "all but one session of the role, and its account",
			deny(`"NotPrincipal":{"AWS":["arn:aws:sts::` + account + `:assumed-role/PersonalizeRole-a/s","` + account + `"]}`), nil, Maybe, True},
		{"reference_policies_elements_notprincipal.html", "all but the service",
			deny(`"NotPrincipal":{"Service":"personalize.amazonaws.com"}`), nil, True, False},
		{"reference_policies_elements_notprincipal.html", "all but everybody", deny(`"NotPrincipal":"*"`), nil, False, False},

		{"reference_policies_elements_action.html", "case does not count", []string{
			`{"Effect":"Deny","Principal":"*","Action":"S3:getobject","Resource":"*"}`}, nil, True, True},
		{"reference_policies_elements_action.html", "* and ? stand for others", []string{
			`{"Effect":"Deny","Principal":"*","Action":["s3:Put*","s3:Get?bject"],"Resource":"*"}`}, nil, True, True},
		{"reference_policies_elements_action.html", "another action", []string{
			`{"Effect":"Deny","Principal":"*","Action":["s3:DeleteBucket","s3:GetObjectAcl"],"Resource":"*"}`}, nil, False, False},
		{"reference_policies_elements_notaction.html", "all but others", []string{
			`{"Effect":"Deny","Principal":"*","NotAction":"s3:Put*","Resource":"*"}`}, nil, True, True},
		{"reference_policies_elements_notaction.html", "all but this one", []string{
			`{"Effect":"Deny","Principal":"*","NotAction":["s3:Put*","s3:GetObject"],"Resource":"*"}`}, nil, False, False},

		{"reference_policies_elements_resource.html", "case counts", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/IN/*"}`}, nil, False, False},
		{"reference_policies_elements_resource.html", "* reaches over slashes", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/*.csv"}`}, nil, True, True},
		{"reference_policies_elements_resource.html", "? is one character", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/in/item?.csv"}`}, nil, True, True},
		{"reference_policies_elements_resource.html", "the bucket isn't its objects", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data"}`}, nil, False, False},
		{"reference_policies_elements_notresource.html", "all but others", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::data/out/*"}`}, nil, True, True},
		{"reference_policies_elements_notresource.html", "all but this one", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":["arn:aws:s3:::data","arn:aws:s3:::data/in/*"]}`}, nil, False, False},

		{"reference_policies_variables.html", "in a resource", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:PrincipalTag/Dir}/*"}`},
			with("aws:principaltag/dir", Text("in")), True, True},
		{"reference_policies_variables.html", "without a value: no match", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:username}*"}`}, nil, False, False},
		{"reference_policies_variables.html", "a default", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:username, 'in'}/*"}`}, nil, True, True},
		{"reference_policies_variables.html", "unknown", []string{
			`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/${aws:UserAgent}*"}`}, nil, Maybe, Maybe},
		{"reference_policies_variables.html", "in a condition",
			when(`"StringNotEquals":{"aws:RequestedRegion":"${aws:PrincipalTag/Region}"}`), with("aws:principaltag/region", Text("eu-west-1")),
			False, False},
		{"reference_policies_variables.html", "characters that stand for themselves",
			when(`"StringLike":{"aws:RequestedRegion":"a${*}b${?}${$}"}`),
			with("aws:requestedregion", Text("a*b?$")), True, True},
		{"reference_policies_variables.html", "not a wildcard", when(`"StringLike":{"aws:RequestedRegion":"a${*}"}`),
			with("aws:requestedregion", Text("ab")), False, False},

		{"reference_policies_elements_condition.html", "a key's case does not count", when(`"StringEquals":{"AWS:requestedregion":"eu-west-1"}`),
			nil, True, True},
		{operators, "an operator's case does not count", when(`"stringequals":{"aws:RequestedRegion":"eu-west-1"}`), nil, True, True},
		{"reference_policies_condition-logic-multiple-context-keys-or-values.html", "values are alternatives",
			when(`"StringEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}`), nil, True, True},
		{"reference_policies_condition-logic-multiple-context-keys-or-values.html", "keys and operators are joined",
			when(`"StringEquals":{"aws:RequestedRegion":"eu-west-1"},"Bool":{"aws:SecureTransport":"false"}`), nil, False, False},
		{"reference_policies_condition-logic-multiple-context-keys-or-values.html", "values of a negated operator: none may match",
			when(`"StringNotEquals":{"aws:RequestedRegion":["us-east-1","eu-west-1"]}`), nil, False, False},

		{operators, "StringEquals: case counts", when(`"StringEquals":{"aws:RequestedRegion":"EU-WEST-1"}`), nil, False, False},
		{operators, "StringEquals: no wildcards", when(`"StringEquals":{"aws:RequestedRegion":"eu-*"}`), nil, False, False},
		{operators, "StringEqualsIgnoreCase", when(`"StringEqualsIgnoreCase":{"aws:RequestedRegion":"EU-WEST-1"}`), nil, True, True},
		{operators, "StringNotEqualsIgnoreCase", when(`"StringNotEqualsIgnoreCase":{"aws:RequestedRegion":"EU-WEST-1"}`), nil, False, False},
		{operators, "StringLike", when(`"StringLike":{"aws:RequestedRegion":"eu-*-?"}`), nil, True, True},
		{operators, "StringNotLike", when(`"StringNotLike":{"aws:RequestedRegion":"eu-*"}`), nil, False, False},
		{operators, "NumericLessThan: never below TLS 1.2", when(`"NumericLessThan":{"s3:TlsVersion":"1.2"}`), nil, False, False},
		{operators, "NumericLessThan: TLS 1.2 or 1.3", when(`"NumericLessThan":{"s3:TlsVersion":1.3}`), nil, Maybe, Maybe},
		{operators, "NumericLessThanEquals", when(`"NumericLessThanEquals":{"s3:max-keys":10}`), with("s3:max-keys", Text("10")), True, True},
		{operators, "NumericGreaterThan", when(`"NumericGreaterThan":{"s3:max-keys":"10"}`), with("s3:max-keys", Text("10")), False, False},
		{operators, "NumericGreaterThanEquals", when(`"NumericGreaterThanEquals":{"s3:max-keys":"10"}`), with("s3:max-keys", Text("11")), True,
			True},
		{operators, "NumericEquals", when(`"NumericEquals":{"s3:max-keys":"10.0"}`), with("s3:max-keys", Text("10")), True, True},
		{operators, "NumericNotEquals", when(`"NumericNotEquals":{"s3:max-keys":"10"}`), with("s3:max-keys", Text("10")), False, False},
		{operators, "DateGreaterThan", when(`"DateGreaterThan":{"aws:CurrentTime":"2026-10-31T23:00:00Z"}`), nil, True, True},
		{operators, "DateGreaterThan a time to come", when(`"DateGreaterThan":{"aws:CurrentTime":"2027-01-01"}`), nil, False, False},
		{operators, "DateLessThan, in seconds", when(`"DateLessThan":{"aws:EpochTime":"1800000000"}`), nil, True, True},
		{operators, "DateLessThanEquals", when(`"DateLessThanEquals":{"aws:CurrentTime":"2026-11-01T00:00:00Z"}`), nil, True, True},
		{operators, "DateGreaterThanEquals, with a zone", when(`"DateGreaterThanEquals":{"aws:CurrentTime":"2026-11-01T01:00:00+01:00"}`), nil,
			True, True},
		{operators, "DateEquals", when(`"DateEquals":{"aws:CurrentTime":"2026-11-01T00:00:00Z"}`), nil, True, True},
		{operators, "DateNotEquals", when(`"DateNotEquals":{"aws:CurrentTime":"2026-11-01T00:00:00Z"}`), nil, False, False},
		{operators, "Bool", when(`"Bool":{"aws:SecureTransport":"false"}`), nil, False, False},
		{operators, "Bool takes JSON's own", when(`"Bool":{"aws:SecureTransport":true}`), nil, True, True},
		{operators, "BinaryEquals", when(`"BinaryEquals":{"s3:blob":"QmluYXJ5"}`), with("s3:blob", Text("QmluYXJ5")), True, True},
		{operators, "IpAddress", when(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), with("aws:sourceip", Text("203.0.113.9")), True, True},
		{operators, "IpAddress, one", when(`"IpAddress":{"aws:SourceIp":"2001:db8::1"}`), with("aws:sourceip", Text("2001:DB8:0::1")), True,
			True},
		{operators, "NotIpAddress", when(`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24"]}`), with("aws:sourceip", Text("203.0.113.9")),
			False, False},
		{operators, "ArnEquals takes wildcards", when(`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`), nil, True, False},
		{operators, "ArnLike: a wildcard stays in its part", when(`"ArnLike":{"aws:PrincipalArn":"arn:aws:*:role/service/PersonalizeRole-a"}`),
			nil, False, False},
		{operators, "ArnNotLike", when(`"ArnNotLike":{"aws:PrincipalArn":"` + roleARN + `"}`), nil, False, True},
		{operators, "ArnNotEquals: the key is absent",
			when(`"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::` + account + `:role/b"}`), nil, True,
			True},
		{operators, "Null: absent", when(`"Null":{"aws:SourceVpce":"true"}`), nil, True, True},
		{operators, "Null: present", when(`"Null":{"aws:PrincipalArn":"false"}`), nil, True, False},
		{operators, "Null: a JSON value", when(`"Null":{"aws:SecureTransport":true}`), nil, False, False},
		{operators, "a positive operator on an absent key", when(`"StringEquals":{"aws:SourceVpce":"vpce-1"}`), nil, False, False},
		{operators, "a negated one", when(`"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`), nil, True, True},
		{operators, "IfExists on an absent key", when(`"StringEqualsIfExists":{"aws:SourceVpce":"vpce-1"}`), nil, True, True},
		{operators, "IfExists on a key that is there", when(`"StringEqualsIfExists":{"aws:RequestedRegion":"us-east-1"}`), nil, False, False},
		{operators, "an operator that nobody knows", when(`"StringSounds":{"aws:RequestedRegion":"x"}`), nil, Maybe, Maybe},

		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAnyValue: one matches",
			when(`"ForAnyValue:StringEquals":{"aws:TagKeys":["b","c"]}`), with("aws:tagkeys", Text("a", "b")), True, True},
		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAnyValue: absent",
			when(`"ForAnyValue:StringEquals":{"aws:CalledVia":"athena.amazonaws.com"}`), nil, False, False},
		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAnyValue, negated: absent",
			when(`"ForAnyValue:StringNotEquals":{"aws:CalledVia":"athena.amazonaws.com"}`), nil, False, False},
		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAllValues: all match",
			when(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`), with("aws:tagkeys", Text("a", "b")), True, True},
		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAllValues: one doesn't",
			when(`"ForAllValues:StringLike":{"aws:TagKeys":"a*"}`), with("aws:tagkeys", Text("ab", "b")), False, False},
		{"reference_policies_condition-single-vs-multi-valued-context-keys.html", "ForAllValues: absent",
			when(`"ForAllValues:StringEquals":{"aws:CalledVia":"athena.amazonaws.com"}`), nil, True, True},

		{"reference_policies_condition-keys.html#condition-keys-viaawsservice", "a service role's session is not forwarded",
			when(`"StringNotEquals":{"aws:SourceVpc":"vpc-1"},"BoolIfExists":{"aws:ViaAWSService":"false"}`), nil, True, True},
		{"reference_policies_condition-keys.html#condition-keys-principalisawsservice", "a service role's session is no service",
			when(`"StringNotEquals":{"aws:SourceVpc":"vpc-1"},"Bool":{"aws:PrincipalIsAWSService":"false"}`), nil, True, False},
		{"reference_policies_condition-keys.html#condition-keys-principalarn", "an exception for the role",
			when(`"StringNotEquals":{"aws:SourceVpc":"vpc-1"},"ArnNotEquals":{"aws:PrincipalArn":"` + roleARN + `"}`), nil, False, True},
		{"reference_policies_condition-keys.html#condition-keys-principalservicename", "an exception for the service",
			when(`"StringNotEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalServiceName":"personalize.amazonaws.com"}`), nil, True, False},
		{"reference_policies_condition-keys.html#condition-keys-principalaccount", "an exception for the account",
			when(`"StringNotEquals":{"aws:PrincipalAccount":"` + account + `"}`), nil, False, True},
		{"reference_policies_condition-keys.html#condition-keys-principalorgid", "an organisation that isn't known",
			when(`"StringNotEquals":{"aws:PrincipalOrgID":"o-a"}`), nil, Maybe, True},
		{"reference_policies_condition-keys.html#condition-keys-userid", "an exception for the sessions of a role",
			when(`"StringNotLike":{"aws:userid":["AROAEXAMPLE:*","` + account + `"]}`), nil, False, True},
		{"reference_policies_condition-keys.html#condition-keys-userid", "an exception for one session",
			when(`"StringNotLike":{"aws:userid":"AROAEXAMPLE:me"}`), nil, Maybe, True},
		{"reference_policies_condition-keys.html#condition-keys-sourceip", "everybody outside of a network",
			when(`"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), nil, Maybe, Maybe},
		{"reference_policies_condition-keys.html#condition-keys-sourceip", "everybody in a network",
			when(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), nil, False, False},
		{"reference_policies_condition-keys.html#condition-keys-sourceip", "the whole Internet",
			when(`"NotIpAddress":{"aws:SourceIp":["0.0.0.0/0","::/0"]}`), nil, False, Maybe},
		{"reference_policies_condition-keys.html#condition-keys-sourceaccount", "a source that may not be told",
			when(`"StringNotEquals":{"aws:SourceAccount":"` + account + `"}`), nil, True, Maybe},
		{"reference_policies_condition-keys.html#condition-keys-sourceorgid", "what is told is told together",
			when(`"StringNotEqualsIfExists":{"aws:SourceArn":"arn:aws:s3:::b"},"Null":{"aws:SourceAccount":"true"}`), nil, True, Maybe},
		{"reference_policies_condition-keys.html#condition-keys-principaltag", "a tag of the role",
			when(`"StringNotEquals":{"aws:PrincipalTag/team":"ml"}`), nil, False, True},
		{"reference_policies_condition-keys.html#condition-keys-multifactorauthage", "no second factor",
			when(`"Null":{"aws:MultiFactorAuthAge":true}`), nil, True, True},
		{"reference_policies_condition-keys.html#condition-keys-multifactorauthpresent", "it may be told as missing",
			when(`"Bool":{"aws:MultiFactorAuthPresent":"false"}`), nil, Maybe, False},
		{"reference_policies_condition-keys.html", "a key of another service", when(`"StringEquals":{"ec2:Vpc":"x"}`), nil, False, False},
		{"reference_policies_condition-keys.html", "a key of which nothing is known", when(`"StringEquals":{"aws:UserAgent":"x"}`), nil, Maybe,
			Maybe},
	} {
		t.Run(r.page+" "+r.rule, func(t *testing.T) {
			p := parse(t, r.statements...)
			ask := func(q Request) Truth {
				for _, c := range q.Contexts {
					for key, value := range r.context {
						c[key] = value
					}
				}
				return Decide(Policies{Resource: p}, q).Denied
			}
			call := Call{Action: "s3:GetObject", Resource: object}
			if got := [2]Truth{ask(personalize.AsRole(call)), ask(personalize.AsService(call))}; got != [2]Truth{r.role, r.service} {
				t.Errorf("the role's session and the service are denied: %v, want %v, %v", got, r.role, r.service)
			}
		})
	}
}
