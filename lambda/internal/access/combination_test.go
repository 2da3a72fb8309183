package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCombination is about several policies together.
func TestCombination(t *testing.T) {
	allow := func(principal string) string {
		return `{"Effect":"Allow",` + principal + `"Action":["s3:GetObject","kms:Decrypt"],"Resource":"*"}`
	}
	to := func(name string) string { return allow(`"Principal":{"AWS":"` + name + `"},`) }
	identity, other := parse(t, allow("")), parse(t, `{"Effect":"Allow","Action":"s3:PutObject","Resource":"*"}`)
	denying := parse(t, `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::data/*"}`)
	const root = "arn:aws:iam::" + account + ":root"
	for _, c := range []struct {
		page, rule    string
		policies      Policies
		action        string
		role, service Truth
	}{
		{logic + "_policy-eval-basics.html", "in one account, the role's own policy is enough",
			Policies{Identity: []Policy{identity}}, "s3:GetObject", True, False},
		{logic + "_policy-eval-basics.html", "or the bucket's", Policies{Resource: parse(t, to(roleARN))}, "s3:GetObject", True, False},
		{logic + "_policy-eval-basics.html", "or that for everybody", Policies{Resource: parse(t, to("*"))}, "s3:GetObject", True, True},
		{logic + "_policy-eval-basics.html", "the account only delegates", Policies{Resource: parse(t, to(root))}, "s3:GetObject", False, False},
		{logic + "_policy-eval-basics.html", "an explicit deny of the role's own policy wins",
			Policies{Identity: []Policy{identity, denying}, Resource: parse(t, to(roleARN))}, "s3:GetObject", False, False},
		{logic + "-cross-account.html", "across accounts, the role's own policy isn't enough",
			Policies{Identity: []Policy{identity}, CrossAccount: true}, "s3:GetObject", False, False},
		{logic + "-cross-account.html", "nor is the bucket's", Policies{Resource: parse(t, to(roleARN)), CrossAccount: true}, "s3:GetObject",
			False, False},
		{logic + "-cross-account.html", "both are", Policies{Identity: []Policy{identity}, Resource: parse(t, to(root)), CrossAccount: true},
			"s3:GetObject", True, False},
		{"access_policies_boundaries.html", "a boundary limits the role's own policy",
			Policies{Identity: []Policy{identity}, Boundary: &other}, "s3:GetObject", False, False},
		{"access_policies_boundaries.html", "and lets through what it allows",
			Policies{Identity: []Policy{identity}, Boundary: &identity}, "s3:GetObject", True, False},
		{"access_policies_boundaries.html", "it grants nothing", Policies{Boundary: &identity}, "s3:GetObject", False, False},
		{"access_policies_boundaries.html", "it limits what a bucket grants the role",
			Policies{Resource: parse(t, to(roleARN)), Boundary: &other},
			"s3:GetObject", False, False},
		{"reference_policies_elements_principal.html", "not what it grants everybody", Policies{Resource: parse(t, to("*")), Boundary: &other},
			"s3:GetObject", True, True},
		{"reference_policies_elements_principal.html", "nor, perhaps, one session", Policies{
			Resource: parse(t, to("arn:aws:sts::"+account+":assumed-role/PersonalizeRole-a/s")), Boundary: &other}, "s3:GetObject", Maybe, False},
		{"access_policies_boundaries.html", "its explicit deny wins", Policies{Resource: parse(t, to("*")), Boundary: &denying}, "s3:GetObject",
			False, True},
		{"../../../kms/latest/developerguide/key-policies.html", "the role's own policy doesn't count by itself",
			Policies{Identity: []Policy{identity}, Delegated: true}, "kms:Decrypt", False, False},
		{"../../../kms/latest/developerguide/key-policies.html", "it does if the key's policy delegates to the account",
			Policies{Identity: []Policy{identity}, Resource: parse(t, to(account)), Delegated: true}, "kms:Decrypt", True, False},
		{"../../../kms/latest/developerguide/key-policies.html", "the key's policy alone is enough",
			Policies{Resource: parse(t, to(roleARN)), Delegated: true}, "kms:Decrypt", True, False},
	} {
		t.Run(c.page+" "+c.rule, func(t *testing.T) {
			call := Call{Action: c.action, Resource: object}
			if c.action == "kms:Decrypt" {
				call.Resource = dataKey
			}
			bounded := personalize
			bounded.Bounded = c.policies.Boundary != nil
			service := c.policies
			// They are the role's.
			service.Identity, service.Boundary = nil, nil
			got := [2]Truth{Decide(c.policies, bounded.AsRole(call)).Allowed, Decide(service, bounded.AsService(call)).Allowed}
			if got != [2]Truth{c.role, c.service} {
				t.Errorf("the role's session and the service are allowed: %v, want %v, %v", got, c.role, c.service)
			}
		})
	}
}

func TestNotPrincipalBelowABoundary(t *testing.T) {
	p := parse(t, `{"Effect":"Deny","NotPrincipal":{"AWS":["`+roleARN+`","`+account+`"]},"Action":"s3:*","Resource":"*"}`)
	bounded := personalize
	bounded.Bounded = true
	if got := Decide(Policies{Resource: p}, bounded.AsRole(Call{Action: "s3:GetObject", Resource: object})).Denied; got != True {
		t.Errorf("the role is denied: %v, want always", got)
	}
}

// TestParts is about a question for everything below a prefix.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		resource, about string
		want            Truth
	}{
		{"arn:aws:s3:::data/*", "arn:aws:s3:::data/in/*", True},
		{"arn:aws:s3:::data/in/*", "arn:aws:s3:::data/in/*", True},
		{"arn:aws:s3:::data/in/2026/*", "arn:aws:s3:::data/in/*", Maybe},
		{"arn:aws:s3:::data/*.csv", "arn:aws:s3:::data/in/*", Maybe},
		{"arn:aws:s3:::data/out/*", "arn:aws:s3:::data/in/*", False},
		{"arn:aws:s3:::data/in", "arn:aws:s3:::data/in/*", False},
		{"arn:aws:s3:::data/in/?*", "arn:aws:s3:::data/in/*", Maybe},
		{"arn:aws:s3:::d?ta*", "arn:aws:s3:::data/in/*", True},
		{"*", "arn:aws:s3:::data/in/*", True},
	} {
		p := parse(t, `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"`+c.resource+`"}`)
		denials := p.Denials(personalize.AsRole(Call{Action: "s3:GetObject", Resource: c.about}))
		var want []Denial
		if c.want != False {
			want = []Denial{{Label: p.label(0), Certain: c.want}}
		}
		if c.want == Maybe {
			want[0].On = []string{"which object it is about"}
		}
		if diff := cmp.Diff(want, denials); diff != "" {
			t.Errorf("%s about %s: -want +got:\n%s", c.resource, c.about, diff)
		}
	}
}

// TestWhatItDependsOn is about the words for what isn't known.
func TestWhatItDependsOn(t *testing.T) {
	for condition, want := range map[string][]string{
		`"StringNotEquals":{"aws:PrincipalOrgID":"o-a"}`:                                               {"aws:PrincipalOrgID"},
		`"StringNotEquals":{"aws:PrincipalOrgID":"o-a"},"StringEquals":{"aws:UserAgent":"x"}`:          {"aws:UserAgent", "aws:PrincipalOrgID"},
		`"StringNotEquals":{"aws:PrincipalOrgID":"o-a"},"StringEquals":{"aws:RequestedRegion":"here"}`: nil,
		`"StringLike":{"aws:userid":"AROAEXAMPLE:me"}`:                                                 {"aws:userid"},
		`"StringEquals":{"aws:RequestedRegion":"${aws:UserAgent}"}`:                                    {"aws:UserAgent"},
	} {
		p := parse(t, `{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{`+condition+`}}`)
		var got []string
		for _, d := range p.Denials(personalize.AsRole(Call{Action: "s3:GetObject", Resource: object})) {
			got = append(got, d.On...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", condition, diff)
		}
	}
}
