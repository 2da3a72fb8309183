package handler

import (
	"fmt"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

// goal is what the resource should become.
type goal interface {
	// Scope returns what to observe.
	Scope() servicerole.Scope
	// target is the role that the goal acts on.
	target() servicerole.RoleRef
	plan(servicerole.Observed) plan.Plan
	// retries reports whether another round may succeed after an error. failed is the plan of that round, and denied the last one that was
	// denied, if any.
	retries(err error, failed, denied string) bool
	// lags reports whether IAM doesn't show what should exist, although the plan is empty.
	lags(servicerole.Observed) bool
}

// desired is the goal of a Create, an Update and a repair.
type desired struct {
	servicerole.Desired
	// roleID is the ID of the role that must be there: a repair creates none. Empty: none has to.
	roleID string
	// isChecked says that a drift check compares, to which the tags of checks and the version of the function are no difference.
	isChecked bool
}

func (d desired) target() servicerole.RoleRef { return d.Role.RoleRef }

func (d desired) plan(o servicerole.Observed) plan.Plan {
	if d.roleID != "" && (o.Role == nil || o.Role.ID != d.roleID) {
		return plan.Plan{Refusals: []plan.Refusal{{
			Reason: fmt.Sprintf("role %s was deleted while it was repaired", d.Role.ARN), Advice: redeploy,
		}}}
	}
	if d.isChecked {
		o = d.AsChecked(o)
	}
	return plan.Converge(d.Desired, o)
}

func (d desired) retries(err error, _, _ string) bool { return provision.Drifted(err) }

func (d desired) lags(servicerole.Observed) bool { return false }

// removal is the goal of a Delete, and of undoing a Create.
type removal struct {
	servicerole.Removal
	// brief has the removal not wait for long, because the event is about something else.
	brief bool
}

func (r removal) target() servicerole.RoleRef { return r.Role }

func (r removal) plan(o servicerole.Observed) plan.Plan { return plan.Destroy(r.Removal, o) }

// retries also retries after a denial, because the permission depends on the thing's tag, and the thing may have been deleted. A second
// denial of the same plan is final.
func (r removal) retries(err error, failed, denied string) bool {
	return provision.Drifted(err) || provision.IsDenied(err) && failed != denied
}

// lags is about a Delete right after a Create, or beside it: one NoSuchEntity is no proof that nothing is there.
func (r removal) lags(o servicerole.Observed) bool {
	return !r.brief && (o.Role == nil || r.ExpectsPolicy && len(o.Policies) == 0)
}
