package findings

import (
	"slices"
	"strings"

	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/properties"
)

// judged is what a policy of a bucket or key says about calls.
type judged struct {
	state State
	// resource is such as "bucket data"; text is its policy.
	resource, text string
	// delegated says that it is a key's.
	delegated     bool
	denies, lacks Code
	calls         []access.Call
	lack          func(Finding) Finding
	atMost        Severity
}

// shut is one way in which a statement shuts an identity out.
type shut struct {
	index     int
	label     string
	certain   access.Truth
	on        string
	dependsOn []string
	who       []string
	actions   []string
	requests  []access.Request
}

// findings returns one for each statement that denies, and one for each identity to which nothing allows what it needs.
func (j judged) findings() []Finding {
	document, err := access.Parse(j.text)
	if err != nil {
		return []Finding{{Code: NotChecked, Severity: Suggestion, Resource: j.resource,
			Problem: sentence("the policy of %s was not checked: %v", j.resource, err), Remedy: "Review the policy by hand."}}
	}
	var all []Finding
	for _, s := range j.denials(document) {
		all = append(all, j.denial(s))
	}
	for _, by := range j.state.askers() {
		all = append(all, j.lacking(document, by)...)
	}
	return all
}

// denials groups what denies by statement, and by how sure it is.
func (j judged) denials(document access.Policy) []shut {
	var all []shut
	for _, by := range j.state.askers() {
		for _, call := range j.calls {
			request := by.ask(call)
			for _, d := range document.Denials(request) {
				on := strings.Join(d.On, ", ")
				same := func(s shut) bool { return s.index == d.Index && s.certain == d.Certain && s.on == on }
				n := slices.IndexFunc(all, same)
				if n < 0 {
					n = len(all)
					all = append(all, shut{index: d.Index, label: d.Label, certain: d.Certain, on: on, dependsOn: d.On})
				}
				all[n].who, all[n].actions = add(all[n].who, by.name), add(all[n].actions, call.Action)
				all[n].requests = append(all[n].requests, request)
			}
		}
	}
	return all
}

func add(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

func (j judged) denial(s shut) Finding {
	f := Finding{Code: j.denies, Severity: j.severity(s.certain), Resource: j.resource, Identities: s.who, Actions: s.actions,
		Statement: s.label, DependsOn: s.dependsOn}
	verb := "denies"
	if s.certain == access.Maybe {
		verb = "may deny"
	}
	f.Problem = sentence("statement %s in the policy of %s %s %s to %s", s.label, j.resource, verb, list(s.actions), list(s.who))
	if s.certain == access.Maybe {
		f.Problem += sentence(" Whether it does depends on %s", list(s.dependsOn))
	}
	exception, fixed := except(j.text, s.index, s.who, j.state.Desired.Role.ARN)
	if j.proves(s, fixed) {
		f.Remedy, f.Fix = sentence("Exempt %s from the statement: add %s to its Condition ("+WholeInLog+")",
			pronoun(s.who), exception), fixed.statement
	} else {
		f.Remedy = sentence("Change the statement so that it does not apply to %s", list(s.who))
	}
	if slices.ContainsFunc(s.dependsOn, isOfOrganization) {
		f.Remedy += sentence(" Or, if account %s is in the organisation that the statement names, set %s to the ID of that "+
			"organisation",
			j.state.Desired.Identity.AccountID, properties.NameOrganizationID)
	}
	return f
}

func pronoun(who []string) string {
	if len(who) == 1 {
		return who[0]
	}
	return "both"
}

func isOfOrganization(key string) bool {
	return strings.Contains(strings.ToLower(key), "org") && strings.HasPrefix(key, "aws:")
}

// proves reports whether a statement that was changed no longer denies the calls.
func (j judged) proves(s shut, fixed change) bool {
	document, err := access.Parse(fixed.document)
	return err == nil && !slices.ContainsFunc(s.requests, func(r access.Request) bool {
		return slices.ContainsFunc(document.Denials(r), func(d access.Denial) bool { return d.Index == s.index })
	})
}

// severity is that of what is so sure.
func (j judged) severity(certain access.Truth) Severity {
	if certain == access.True && j.atMost == "" {
		return Error
	}
	return Warning
}

// lacking returns a finding if nothing allows an identity what it needs, or perhaps nothing.
func (j judged) lacking(document access.Policy, by asker) []Finding {
	var lacks, may, on []string
	for _, call := range j.calls {
		d := access.Decide(j.state.policies(by, document, j.delegated), by.ask(call))
		switch {
		case d.Denied != access.False:
			// That is another finding.
		case d.Allowed == access.False:
			lacks = add(lacks, call.Action)
		case d.Allowed == access.Maybe:
			may = add(may, call.Action)
			for _, key := range d.On {
				on = add(on, key)
			}
		}
	}
	f := Finding{Code: j.lacks, Resource: j.resource, Identities: []string{by.name}}
	var all []Finding
	if len(lacks) > 0 {
		f.Severity, f.Actions = j.severity(access.True), lacks
		f.Problem = sentence("the policy of %s does not grant %s to %s", j.resource, list(lacks), by.name)
		all = append(all, j.lack(f))
	}
	if len(may) > 0 {
		f.Severity, f.Actions, f.DependsOn = Warning, may, on
		f.Problem = sentence("the policy of %s might not grant %s to %s", j.resource, list(may), by.name) +
			sentence(" Whether it does depends on %s", list(on))
		all = append(all, j.lack(f))
	}
	return all
}
