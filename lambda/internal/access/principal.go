package access

import (
	"slices"
	"strings"
)

// Caller is who makes a request: a session of a role, or an AWS service.
type Caller struct {
	// Service is the service principal, such as personalize.amazonaws.com; empty for a session of a role.
	Service string
	// Role is the ARN of the role, and Account the ID of its account.
	Role, Account string
	// Bounded says that the role has a permissions boundary.
	Bounded bool
}

// matched says by which kind of name a principal element matches a role's session. The kind decides whether a boundary limits the access.
type matched struct {
	// account means by the account, which only delegates to the role's policies; role means by the role's ARN; session means by the session's
	// ARN, or by *.
	account, role, session Truth
}

// match says whether the element is about the caller; a policy of an identity has none and is about its own.
func (p principals) match(c Caller, deny bool) (verdict, matched) {
	if !p.given {
		return certain(true), matched{session: True}
	}
	if c.Service != "" {
		named := certain(p.anybody || slices.Contains(p.byType["Service"], c.Service))
		if p.others {
			named = named.not()
		}
		return named, matched{session: named.truth}
	}
	by := p.by(c)
	if p.others {
		return p.matchOthers(c, by, deny), matched{session: True}
	}
	return p.verdict(max(by.account, by.role, by.session)), by
}

// matchOthers evaluates NotPrincipal. It excepts a role that it names with its account; a Deny never excepts one with a boundary. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (p principals) matchOthers(c Caller, by matched, deny bool) verdict {
	switch {
	case deny && c.Bounded:
		return certain(true)
	case p.anybody:
		return certain(false)
	}
	return p.verdict(min(by.account, max(by.role, by.session))).not()
}

// verdict names what a principal that may be the caller depends on.
func (p principals) verdict(t Truth) verdict {
	switch {
	case t != Maybe:
		return verdict{truth: t}
	case len(p.byType["CanonicalUser"]) > 0:
		return unknown("whose canonical user ID it names")
	}
	return unknown("the name of the role's session")
}

func (p principals) by(c Caller) matched {
	m := matched{session: truth(p.anybody)}
	session := sessionPrefix(c.Role)
	for _, name := range p.byType["AWS"] {
		switch {
		case name == c.Account, strings.HasSuffix(name, ":iam::"+c.Account+":root"):
			m.account = True
		case name == c.Role:
			m.role = True
		case strings.HasPrefix(name, session):
			m.session = max(m.session, Maybe)
		}
	}
	if len(p.byType["CanonicalUser"]) > 0 {
		m.account = max(m.account, Maybe)
	}
	return m
}

// sessionPrefix is what the ARNs of a role's sessions start with: the role's path isn't in them.
func sessionPrefix(role string) string {
	before, resource, _ := strings.Cut(role, ":role/")
	name := resource[strings.LastIndex(resource, "/")+1:]
	return strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + name + "/"
}
