package handler

import (
	"context"
	"encoding/json"
	"errors"

	"personalize-role/lambda/internal/lifecycle"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Look says what stands in an account, as provision.Provisioner.Observe does.
type Look func(context.Context, servicerole.Identity, servicerole.Scope) (servicerole.Observed, error)

// Plan gives what Handle would do for an event, and the ARN of the role that it is about, without doing it. The event needs
// no ResponseURL.
func Plan(ctx context.Context, raw json.RawMessage, look Look) (plan.Plan, string, error) {
	event, err := decode(raw)
	if errors.Is(err, errNoURL) {
		event.ResponseURL = "nobody is answered"
		err = event.check()
	}
	if err != nil {
		return plan.Plan{}, "", err
	}
	identity, err := servicerole.NewIdentity(event.StackID, event.LogicalResourceID)
	if err != nil {
		return plan.Plan{}, "", err
	}
	if event.RequestType == lifecycle.Delete {
		p := properties.Salvage(event.ResourceProperties)
		target := identity.Target(identity.Doomed(event.PhysicalResourceID, p), p)
		observed, err := look(ctx, identity, target.Scope())
		if err != nil {
			return plan.Plan{}, "", err
		}
		todo, err := plan.Destroy(target, observed)
		return todo, target.Role.ARN, err
	}
	t := &task{event: event, identity: identity}
	desired, _, err := t.desired()
	if err != nil {
		return plan.Plan{}, "", err
	}
	observed, err := look(ctx, identity, desired.Scope())
	if err != nil {
		return plan.Plan{}, "", err
	}
	todo, err := plan.Converge(desired, observed)
	return todo, desired.Role.ARN, err
}
