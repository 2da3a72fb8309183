package access

import "slices"

// Truth is a value of three-valued logic. Its order is that of the constants: the smaller one wins in a conjunction.
type Truth int8

const (
	// False holds whatever is unknown.
	False Truth = iota
	// Maybe depends on something unknown.
	Maybe
	// True holds whatever is unknown.
	True
)

func (t Truth) String() string { return [...]string{"no", "maybe", "yes"}[t] }

// Not is the negation.
func (t Truth) Not() Truth { return True - t }

func truth(b bool) Truth {
	if b {
		return True
	}
	return False
}

// verdict is a truth and, if it is Maybe, what it depends on: condition keys, or a description.
type verdict struct {
	truth Truth
	on    []string
}

func certain(b bool) verdict { return verdict{truth: truth(b)} }

func unknown(on string) verdict { return verdict{truth: Maybe, on: []string{on}} }

func (v verdict) not() verdict { return verdict{v.truth.Not(), v.on} }

// and and or keep what both depend on, as far as the result does.
func (v verdict) and(w verdict) verdict { return v.join(w, min(v.truth, w.truth)) }

func (v verdict) or(w verdict) verdict { return v.join(w, max(v.truth, w.truth)) }

// either is about two cases of which it is unknown which one holds; on says what tells them apart.
func (v verdict) either(w verdict, on string) verdict {
	if v.truth == w.truth {
		return v.join(w, v.truth)
	}
	joined := v.join(w, Maybe)
	if on != "" && v.truth != Maybe && w.truth != Maybe {
		joined.on = once(append(joined.on, on))
	}
	return joined
}

func (v verdict) join(w verdict, t Truth) verdict {
	if t != Maybe {
		return verdict{truth: t}
	}
	on := v.on
	switch {
	case v.truth != Maybe:
		on = w.on
	case w.truth == Maybe && len(w.on) > 0:
		on = once(slices.Concat(on, w.on))
	}
	return verdict{Maybe, on}
}

func once(list []string) []string {
	var kept []string
	for _, text := range list {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}
