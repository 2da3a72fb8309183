package handler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"personalize-role/lambda/internal/lifecycle"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/preflight"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// rounds bounds how often an event observes and plans again because somebody else changed something meanwhile, or IAM
// doesn't show yet what was created: with the pauses between and those of provision, about two minutes, which is what other
// provisioners of this field give IAM.
const rounds = 9

// pauseBetweenRounds grows by itself each round: IAM may not show yet what was in the way.
const pauseBetweenRounds = time.Second

// task is one event under way.
type task struct {
	handler  *Handler
	event    Event
	identity servicerole.Identity
	warnings []string

	mutex sync.Mutex
	// undoing is set while something is left that no other event will come for.
	undoing bool
	// physicalID is the id to answer with if the task fails now.
	physicalID string
}

func (t *task) failed(err error) result {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return result{physicalID: t.physicalID, err: err, redeliver: t.undoing}
}

// mayExist makes the role the one that a failure names: from now on something of it may exist, and the Delete that follows
// the failure must find it.
func (t *task) mayExist(role servicerole.RoleName) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.physicalID = role.ARN
}

func (t *task) setUndoing(undoing bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.undoing = undoing
}

func (t *task) run(ctx, undoCtx context.Context) result {
	identity, err := servicerole.NewIdentity(t.event.StackID, t.event.LogicalResourceID)
	if err != nil {
		return t.failed(err)
	}
	t.identity = identity
	if account := t.handler.AccountID(ctx); account != "" && account != identity.AccountID {
		if t.event.RequestType == lifecycle.Delete {
			// The Create was refused for the same reason, so that there is nothing.
			return result{physicalID: t.event.PhysicalResourceID}
		}
		return t.failed(fmt.Errorf("the function belongs to account %s, and the stack to %s. A role must be in the account that uses "+
			"it: deploy the function there too, and set ServiceToken to that one", account, identity.AccountID))
	}
	if t.event.RequestType == lifecycle.Delete {
		return t.remove(ctx)
	}
	return t.provide(ctx, undoCtx)
}

// provide answers a Create or an Update.
func (t *task) provide(ctx, undoCtx context.Context) result {
	desired, p, err := t.desired()
	if err != nil {
		return t.failed(err)
	}
	t.warnings = preflight.Check(t.identity, p)
	observed, changed, err := t.converge(ctx, desired)
	if stale := (*staleError)(nil); errors.As(err, &stale) {
		return t.abandon(undoCtx, stale.verdict, desired)
	}
	if changed.wrote {
		// Where nothing was written, the first verdict still stands.
		if !changed.asked {
			changed.verdict = t.judge(undoCtx)
		}
		if changed.verdict != lifecycle.Wanted {
			return t.abandon(undoCtx, changed.verdict, desired)
		}
	}
	if err == nil && !changed.settled.IsZero() {
		err = t.settle(ctx, changed.settled, time.Duration(p.SettleSeconds)*time.Second)
	}
	if err != nil {
		return t.failed(err)
	}
	t.warnings = append(t.warnings, changed.warnings...)
	t.sweep(ctx, desired)
	return result{physicalID: desired.Role.ARN, data: t.data(ctx, changed.roleID, desired, observed)}
}

func (t *task) desired() (servicerole.Desired, properties.Properties, error) {
	p, err := properties.Parse(t.event.ResourceProperties)
	if err != nil {
		return servicerole.Desired{}, p, err
	}
	desired, err := servicerole.New(t.identity, p)
	if err != nil || t.event.RequestType == lifecycle.Create {
		return desired, p, err
	}
	old := properties.Salvage(t.event.OldResourceProperties)
	former := t.identity.Former(desired.Role.RoleName, old)
	if t.isReplacement(desired) {
		// Tags and policies are those of the other role.
		desired.Formerly = servicerole.Former{Buckets: former.Buckets, Keys: former.Keys}
		return desired, p, t.refuseSharing(desired, p, old)
	}
	desired.Formerly = former
	return desired, p, nil
}

func (t *task) isReplacement(d servicerole.Desired) bool {
	return t.event.RequestType == lifecycle.Update && t.event.PhysicalResourceID != d.Role.ARN
}

// refuseSharing refuses a replacement whose new role would need a name that the old one still has: CloudFormation deletes
// the old one only later, and takes the change back if a later resource fails.
func (t *task) refuseSharing(d servicerole.Desired, p, old properties.Properties) error {
	former, ok := t.identity.ParseRole(t.event.PhysicalResourceID)
	if !ok {
		return nil
	}
	if strings.EqualFold(former.Name, d.Role.Name) {
		return &plan.Refusal{
			Reason: fmt.Sprintf("role %s would have to be replaced by %s, and two roles of one name can't exist in an account, whatever "+
				"their paths and the case of their letters", former.ARN, d.Role.ARN),
			Advice: "Change RoleName too, or leave it out.",
		}
	}
	if p.S3PolicyName != "" && strings.EqualFold(p.S3PolicyName, old.S3PolicyName) {
		return &plan.Refusal{
			Reason: fmt.Sprintf("role %s would have to be replaced by %s, and both would share the managed policy %s", former.ARN, d.Role.ARN,
				p.S3PolicyName),
			Advice: "Change S3PolicyName too, or leave it out.",
		}
	}
	return nil
}
