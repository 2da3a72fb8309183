package findings

import (
	"fmt"

	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/internal/policy"
)

// ofBoundary is about what the role's own policy allows and its permissions boundary doesn't. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (s State) ofBoundary() []Finding {
	d := s.Desired
	if d.Role.Boundary == "" || d.Policy == nil || s.Inspected.Boundary == "" {
		return nil
	}
	boundary, err := access.Parse(s.Inspected.Boundary)
	if err != nil {
		return nil
	}
	own := s.ownPolicies()
	var all []Finding
	for _, severity := range []Severity{Error, Warning} {
		var lacking []policy.Statement
		var actions, on []string
		for _, statement := range policy.ParseDocument(d.Policy.Document).Statement {
			part := policy.Statement{Effect: "Allow"}
			for _, action := range statement.Action {
				for _, resource := range statement.Resource {
					if !isAbout(action, resource) {
						continue
					}
					request := s.personalize().AsRole(access.Call{Action: action, Resource: resource})
					got := access.Decide(access.Policies{Identity: own, Boundary: &boundary}, request)
					if want := map[Severity]access.Truth{Error: access.False, Warning: access.Maybe}[severity]; got.Allowed == want {
						part.Action, part.Resource = add(part.Action, action), add(part.Resource, resource)
						actions = add(actions, action)
						for _, key := range got.On {
							on = add(on, key)
						}
					}
				}
			}
			if len(part.Action) > 0 {
				lacking = append(lacking, part)
			}
		}
		if len(lacking) == 0 {
			continue
		}
		f := Finding{Code: BoundaryLacksPermission, Severity: severity, Resource: "role " + d.Role.Name, Identities: []string{Role},
			Actions: actions, DependsOn: on, Problem: sentence("the permissions boundary %s does not allow %s on the resources that the role needs",
				d.Role.Boundary, list(actions))}
		if severity == Warning {
			f.Problem = sentence("the permissions boundary %s might not allow %s on the resources that the role needs", d.Role.Boundary,
				list(actions)) +
				sentence(" Whether it does depends on %s", list(on))
		}
		f.Fix = fmt.Sprint(lacking[0])
		for _, statement := range lacking[1:] {
			f.Fix += "," + statement.String()
		}
		f.Remedy = sentence("Have the owner of the boundary allow these actions, and remove any Deny of them. The statement for %s is %s",
			lacking[0].Resource[0], lacking[0])
		all = append(all, f)
	}
	return all
}
