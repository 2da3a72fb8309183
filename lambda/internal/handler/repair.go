package handler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// A repair and a deployment never change a role at the same time. A repair first puts a tag on the role that says when the repair ends. It
// waits until every reader sees the tag, and then asks CloudFormation. A deployment that CloudFormation doesn't report yet starts later,
// sees the tag and waits.
const (
	// leaseDelay is how long IAM may take to show the tag.
	leaseDelay = 15 * time.Second
	// repairTime is how long a repair may change something; answers of its last calls may take repairMargin of it.
	repairTime   = time.Minute
	repairMargin = 5 * time.Second
	// pauseForRepair is how often a deployment looks whether a repair ended.
	pauseForRepair = 2 * time.Second
)

// lease is the value of a role's tag during a repair.
type lease struct {
	until time.Time
	check string
}

func (l lease) String() string { return fmt.Sprintf("%d/%s", l.until.Unix(), l.check) }

// leaseOf reads the tag of a role; the zero lease if it has none, or none that can be read.
func leaseOf(tags map[string]string) lease {
	seconds, check, _ := strings.Cut(tags[servicerole.TagRepair], "/")
	if until, err := strconv.ParseInt(seconds, 10, 64); err == nil {
		return lease{time.Unix(until, 0), check}
	}
	return lease{}
}

// holds reports whether a repair may be under way. One that would last longer than repairs do isn't the function's.
func (l lease) holds(now time.Time) bool {
	return l.until.After(now) && !l.until.After(now.Add(leaseDelay+repairTime+time.Second))
}

// mustWait reports whether a deployment has to wait for the repair of a role, and counts how often it did.
func (t *task) mustWait(role *servicerole.ObservedRole) bool {
	if t.event.RequestType == cfn.CheckDrift || !t.isOwn(role) || !leaseOf(role.Tags).holds(t.handler.Provisioner.Now()) {
		return false
	}
	t.waits++
	return t.waits <= int((leaseDelay+repairTime)/pauseForRepair)
}

// repair applies what a deployment with the same properties would, to the role that is there, and looks what is left.
func (t *task) repair(ctx context.Context, d desired, out *outcome, found *drift) error {
	p := t.handler.Provisioner
	mine := lease{p.Now().Add(leaseDelay + repairTime), fmt.Sprintf("%08x", uint32(p.Random()*math.MaxUint32))}
	if err := t.take(ctx, d, out.observed, mine); err != nil {
		return err
	}
	defer t.release(ctx, d, func(l lease) bool { return l.check == mine.check })
	if err := p.Sleep(ctx, leaseDelay); err != nil {
		return err
	}
	role, err := t.known(ctx, d)
	switch {
	case err != nil:
		return err
	case role != nil && leaseOf(role.Tags).check != mine.check:
		return errRepairing
	}
	bounded, cancel := context.WithDeadline(ctx, mine.until.Add(-repairMargin))
	defer cancel()
	// Roles that updates left behind are left to the next update.
	t.swept = true
	done, err := t.reconcile(bounded, d, true)
	if err == nil && done.asked && done.verdict != cfn.Wanted {
		err = &staleError{done.verdict}
	}
	if err != nil {
		return err
	}
	found.findings = done.findings
	before := found.differences
	if _, err := t.lookAgain(ctx, d, out, found); err != nil {
		return err
	}
	left := found.differences
	for n := range before {
		before[n].repaired = !isAmong(left, before[n])
	}
	found.differences = before
	return nil
}

var errRepairing = errors.New("another drift check repairs the role. Nothing was changed. The next check looks again")

// take puts the tag on the role, unless it has the tag of another repair. The note about drift makes room for it.
func (t *task) take(ctx context.Context, d desired, o servicerole.Observed, mine lease) error {
	role, err := t.known(ctx, d)
	switch {
	case err != nil:
		return err
	case role == nil:
		return fmt.Errorf("role %s was deleted during the check. %s", d.Role.ARN, redeploy)
	case leaseOf(role.Tags).holds(t.handler.Provisioner.Now()):
		return errRepairing
	}
	var unset []string
	if _, noted := role.Tags[servicerole.TagDrift]; noted {
		unset = append(unset, servicerole.TagDrift)
		delete(role.Tags, servicerole.TagDrift)
	}
	if !t.hasRoom(d, o, role, servicerole.TagRepair) {
		return fmt.Errorf("role %s has no room for the tag by which a repair keeps deployments off: IAM allows %d tags. Nothing was changed. "+
			"Remove a tag, or deploy to restore the role: %s", role.Name, servicerole.MaxTags, redeploy)
	}
	t.unnoted = len(unset) > 0
	set := map[string]string{servicerole.TagRepair: mine.String()}
	return t.handler.Provisioner.Session(t.identity).Apply(ctx, plan.Retag(d.Role.RoleRef, set, unset), servicerole.Observed{})
}

// release removes the tag of a repair, if it is still the one that is meant.
func (t *task) release(ctx context.Context, d desired, isMeant func(lease) bool) {
	o, err := t.handler.Provisioner.Observe(ctx, t.identity, servicerole.Scope{Role: d.Role.RoleRef})
	if err != nil {
		t.handler.Log.WarnContext(ctx, "a tag about drift was not removed", "cause", err.Error())
	}
	if err != nil || o.Role == nil {
		return
	}
	if _, leased := o.Role.Tags[servicerole.TagRepair]; leased && isMeant(leaseOf(o.Role.Tags)) {
		t.retag(ctx, plan.Retag(d.Role.RoleRef, nil, []string{servicerole.TagRepair}))
	}
}
