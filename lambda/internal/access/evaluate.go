package access

// request is a question to one policy, in one context.
type request struct {
	caller Caller
	// action is in lower case.
	action   pattern
	resource pattern
	service  string
	context  Context
}

// evaluate says whether a statement is about a request, and by which kind of name it is about the caller.
func (s statement) evaluate(r *request) (verdict, matched) {
	result := s.actions.match(r.action, r, "the action")
	if result.truth == False {
		return result, matched{}
	}
	if result = result.and(s.resources.match(r.resource, r, "which object it is about")); result.truth == False {
		return result, matched{}
	}
	principal, by := s.principals.match(r.caller, s.deny)
	if result = result.and(principal); result.truth == False {
		return result, matched{}
	}
	for _, c := range s.conditions {
		if result = result.and(c.evaluate(r)); result.truth == False {
			break
		}
	}
	return result, by
}

// match says whether the element matches a value. If it matches only some of what the value stands for, on says what the answer depends on.
func (e elements) match(value pattern, r *request, on string) verdict {
	result := certain(false)
	for n := 0; n < len(e.patterns) && result.truth != True; n++ {
		result = result.or(known(e.patterns[n].matches(value), on))
	}
	for n := 0; n < len(e.texts) && result.truth != True; n++ {
		p, missing := r.resolve(e.texts[n], true)
		switch one := known(p.pattern.matches(value), on); {
		case missing == "" && p.depends != "" && (e.others || one.truth != False):
			result = result.or(unknown(p.depends))
		case missing == "":
			result = result.or(one)
		case e.others:
			// That a variable without a value matches nothing is documented; what that means for an exception isn't.
			result = result.or(unknown("the policy variable " + missing))
		}
	}
	if e.others {
		return result.not()
	}
	return result
}

// known is a truth that depends on one thing if it is Maybe.
func known(t Truth, on string) verdict {
	if t == Maybe {
		return unknown(on)
	}
	return verdict{truth: t}
}
