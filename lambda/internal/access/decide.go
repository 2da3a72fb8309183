package access

import (
	"slices"
	"strings"
)

// Request is a question: may a caller do something to a resource?
type Request struct {
	Caller Caller
	// Action is an action such as s3:GetObject, and Resource an ARN. In both, * and ? stand for any characters: the question is about
	// everything that they match.
	Action, Resource string
	// Contexts are the possible contexts of the request, of which one applies. Between says what that depends on.
	Contexts []Context
	Between  string
}

// Policies are those that decide about a request. Service control policies and resource control policies can't be seen from an account.
type Policies struct {
	// Identity are those of the role itself.
	Identity []Policy
	// Boundary is the role's permissions boundary; nil without one.
	Boundary *Policy
	// Resource is the policy of the bucket or key.
	Resource Policy
	// CrossAccount says that the resource belongs to another account than the role: both sides must allow.
	CrossAccount bool
	// Delegated says that the policies of the role count only where the resource's policy says so, as for a KMS key.
	Delegated bool
}

// Decision is the answer.
type Decision struct {
	// Allowed says whether the request is allowed, and Denied whether a statement denies it. If both are False, no statement allows it.
	Allowed, Denied Truth
	// On is what Allowed depends on, if it is Maybe.
	On []string
}

// Denial is a statement that denies a request.
type Denial struct {
	// Index is the statement's place in its policy, and Label its Sid or its text.
	Index int
	Label string
	// Certain is True, or Maybe: then On says what it depends on.
	Certain Truth
	On      []string
}

// Decide evaluates all policies. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
func Decide(p Policies, q Request) Decision {
	var d Decision
	var allowed, denied verdict
	for n, r := range q.requests() {
		deny := p.denied(r)
		allow := p.allowed(r).and(deny.not())
		if n == 0 {
			allowed, denied = allow, deny
			continue
		}
		allowed, denied = allowed.either(allow, q.Between), denied.either(deny, q.Between)
	}
	d.Allowed, d.Denied, d.On = allowed.truth, denied.truth, allowed.on
	return d
}

// Denials returns the statements that deny a request, or may.
func (p Policy) Denials(q Request) []Denial {
	var denials []Denial
	for n, s := range p.statements {
		if !s.deny {
			continue
		}
		var result verdict
		for k, r := range q.requests() {
			one, _ := s.evaluate(r)
			if k == 0 {
				result = one
				continue
			}
			result = result.either(one, q.Between)
		}
		if result.truth != False {
			denials = append(denials, Denial{Index: n, Label: p.label(n), Certain: result.truth, On: result.on})
		}
	}
	return denials
}

// requests are the question in each of its contexts.
func (q Request) requests() []*request {
	service, _, _ := strings.Cut(q.Action, ":")
	var all []*request
	for _, context := range q.Contexts {
		all = append(all, &request{caller: q.Caller, action: glob(strings.ToLower(q.Action)), resource: glob(q.Resource),
			service: strings.ToLower(service), context: context})
	}
	return all
}

// denied says whether a policy denies a request explicitly.
func (p Policies) denied(r *request) verdict {
	result := certain(false)
	every := append(slices.Clone(p.Identity), p.Resource)
	if p.Boundary != nil {
		every = append(every, *p.Boundary)
	}
	for _, one := range every {
		for _, s := range one.statements {
			if !s.deny {
				continue
			}
			denies, _ := s.evaluate(r)
			if result = result.or(denies); result.truth == True {
				return result
			}
		}
	}
	return result
}

// allowed says whether all the policies that must allow a request do.
func (p Policies) allowed(r *request) verdict {
	resource := p.Resource.grants(r)
	if r.caller.Service != "" {
		return resource.direct
	}
	identity, bounded := certain(false), certain(true)
	for _, one := range p.Identity {
		identity = identity.or(one.grants(r).direct)
	}
	if p.Boundary != nil {
		bounded = p.Boundary.grants(r).direct
	}
	named := resource.direct.or(resource.role).or(resource.account)
	switch {
	case p.CrossAccount:
		return identity.and(bounded).and(named)
	case p.Delegated:
		identity = identity.and(named)
	}
	return resource.direct.or(resource.role.or(identity).and(bounded))
}

// grant is what a policy allows, by what it calls the caller.
type grant struct{ account, role, direct verdict }

func (p Policy) grants(r *request) grant {
	g := grant{certain(false), certain(false), certain(false)}
	for _, s := range p.statements {
		if s.deny {
			continue
		}
		allows, by := s.evaluate(r)
		if allows.truth == False {
			continue
		}
		g.account = g.account.or(allows.and(s.principals.verdict(by.account)))
		g.role = g.role.or(allows.and(s.principals.verdict(by.role)))
		g.direct = g.direct.or(allows.and(s.principals.verdict(by.session)))
	}
	return g
}
