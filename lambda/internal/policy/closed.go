package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// Need is what Personalize needs of a bucket, and as whom.
type Need struct {
	// Role is the ARN of the role, and Account the ID of its account.
	Role, Account string
	Actions       []string
	// Resources are ARNs of the bucket and patterns of its objects.
	Resources []string
}

// closing are the condition keys by which buckets are closed to all but a network or an organisation. The session of a service role
// satisfies none of them for sure.
var closing = []string{"aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp", "aws:SourceIp", "aws:PrincipalOrgID"}

// Closed returns the condition keys by which a document denies what is needed to all but those in a network or an organisation, without
// excepting the role. Excepting AWS services alone doesn't help: the session of a service role is none. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func Closed(text string, need Need) []string {
	s, err := ParseShared(text)
	if err != nil {
		return nil
	}
	var found []string
	for _, raw := range s.statements {
		var d deny
		if json.Unmarshal(raw, &d) != nil || d.Effect != "Deny" || !d.concerns(need) {
			continue
		}
		var keys []string
		excepted := false
		for _, conditions := range d.Condition {
			for key, values := range conditions {
				switch n := slices.IndexFunc(closing, func(k string) bool { return strings.EqualFold(k, key) }); {
				case n >= 0:
					keys = append(keys, closing[n])
				// Personalize's calls come over TLS.
				case strings.EqualFold(key, "aws:SecureTransport"), strings.EqualFold(key, "aws:PrincipalArn") && matchesAny(values, need.Role):
					excepted = true
				}
			}
		}
		if !excepted {
			found = append(found, keys...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// deny is what counts of a statement that denies.
type deny struct {
	Effect                  string
	Principal, NotPrincipal any
	Action, NotAction       any
	Resource, NotResource   any
	Condition               map[string]map[string]any
}

// concerns reports whether the statement is about the role or Personalize, and about an action and an object that it needs.
func (d deny) concerns(need Need) bool {
	principal := names(d.Principal, need)
	if d.NotPrincipal != nil {
		principal = !names(d.NotPrincipal, need)
	}
	action := slices.ContainsFunc(need.Actions, func(action string) bool {
		if d.NotAction != nil {
			return !matchesAny(lower(d.NotAction), strings.ToLower(action))
		}
		return matchesAny(lower(d.Action), strings.ToLower(action))
	})
	resource := slices.ContainsFunc(need.Resources, func(resource string) bool {
		if d.NotResource != nil {
			return !matchesAny(d.NotResource, resource)
		}
		return matchesAny(d.Resource, resource)
	})
	return principal && action && resource
}

func lower(value any) any { return mapStrings(value, strings.ToLower) }

// names reports whether a principal covers the role or Personalize.
func names(principal any, need Need) bool {
	found := false
	look := func(name string) string {
		found = found || name == "*" || name == ServicePrincipal || name == need.Role || name == need.Account ||
			strings.HasSuffix(name, ":iam::"+need.Account+":root")
		return name
	}
	mapStrings(principal, look)
	if byType, ok := principal.(map[string]any); ok {
		for _, list := range byType {
			mapStrings(list, look)
		}
	}
	return found
}

func matchesAny(patterns any, text string) bool {
	found := false
	mapStrings(patterns, func(pattern string) string {
		found = found || overlap(pattern, text)
		return pattern
	})
	return found
}

// overlap reports whether some text matches both patterns, in which * and ? are wildcards. It takes time in proportion to the product of
// their lengths.
func overlap(a, b string) bool {
	row := make([]bool, len(b)+1)
	row[len(b)] = true
	for j := len(b) - 1; j >= 0; j-- {
		row[j] = row[j+1] && b[j] == '*'
	}
	for i := len(a) - 1; i >= 0; i-- {
		diagonal := row[len(b)]
		row[len(b)] = row[len(b)] && a[i] == '*'
		for j := len(b) - 1; j >= 0; j-- {
			below := row[j]
			switch {
			case a[i] == '*' || b[j] == '*':
				// A star stands for nothing, or for what the other pattern has here.
				row[j] = below || row[j+1]
			default:
				row[j] = diagonal && (a[i] == b[j] || a[i] == '?' || b[j] == '?')
			}
			diagonal = below
		}
	}
	return row[0]
}
