package findings

import (
	"slices"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// OfChanges returns findings about changes made to a role outside of the stack since it was provisioned as formerly. It ignores a role of
// another version of the function, which may have provisioned it differently. setBack says that the changes are undone.
func OfChanges(formerly servicerole.Desired, o servicerole.Observed, setBack string) []Finding {
	found := o.Role
	if found == nil || found.ARN != formerly.Role.ARN || servicerole.ProviderVersion(found.Tags) != properties.Version {
		return nil
	}
	var all []Finding
	changed := func(format string, args ...any) {
		all = append(all, Finding{Code: RoleChanged, Severity: Suggestion, Resource: "role " + found.Name, Problem: sentence(format, args...),
			Remedy: setBack + " Find out who made the change, and change the properties instead."})
	}
	if !policy.Equivalent(formerly.Role.Trust, found.Trust) {
		changed("the trust policy of role %s was changed outside of the stack", found.Name)
	}
	switch want := formerly.Role.Boundary; {
	case want == found.Boundary, want == "" && formerly.RequiredBoundary != "":
	case found.Boundary == "":
		changed("the permissions boundary of role %s was removed outside of the stack", found.Name)
	default:
		changed("the permissions boundary of role %s was changed to %s outside of the stack", found.Name, found.Boundary)
	}
	for _, arn := range formerly.Attachments() {
		if !slices.Contains(found.Attached, arn) {
			changed("policy %s was detached from role %s outside of the stack", arn, found.Name)
		}
	}
	return all
}
