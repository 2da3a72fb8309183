package access

import "strings"

// resolved is a text of a policy without variables, and the key it depends on if one of them is unknown.
type resolved struct {
	pattern pattern
	depends string
}

// resolve fills in the policy variables of a text. It returns the name of one that has no value and no default. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (r *request) resolve(text string, wildcards bool) (resolved, string) {
	fixed := literal
	if wildcards {
		fixed = glob
	}
	var out resolved
	for {
		before, rest, found := strings.Cut(text, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			out.pattern = append(out.pattern, fixed(text)...)
			return out, ""
		}
		out.pattern = append(out.pattern, fixed(before)...)
		text = after
		if name == "*" || name == "?" || name == "$" {
			out.pattern = append(out.pattern, literal(name)...)
			continue
		}
		key, standard, hasDefault := strings.Cut(name, ",")
		value := r.context.value(strings.TrimSpace(key), r.service)
		switch {
		case len(value.options) == 1 && value.options[0].absent:
			if !hasDefault {
				return resolved{}, name
			}
			out.pattern = append(out.pattern, literal(strings.Trim(strings.TrimSpace(standard), "'"))...)
		case len(value.options) == 1 && len(value.options[0].texts) == 1:
			out.pattern = append(out.pattern, value.options[0].texts[0]...)
			if !value.options[0].texts[0].isExact() {
				out.depends = key
			}
		default:
			out.pattern, out.depends = append(out.pattern, star), key
		}
	}
}
