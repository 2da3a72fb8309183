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
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// A repair and a deployment never change a role at the same time. A repair first puts a tag on the role that says until when it lasts,
// waits until every reader sees the tag, and then asks CloudFormation: a deployment that it doesn't hear of starts later, sees the tag, and
// waits.
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

// repair applies what a deployment with the same properties would, to the role that is there.
func (t *task) repair(ctx context.Context, d desired) ([]findings.Finding, error) {
	p := t.handler.Provisioner
	mine := lease{p.Now().Add(leaseDelay + repairTime), fmt.Sprintf("%08x", uint32(p.Random()*math.MaxUint32))}
	if err := t.take(ctx, d, mine); err != nil {
		return nil, err
	}
	defer t.retag(ctx, plan.Retag(d.Role.RoleRef, nil, []string{servicerole.TagRepair}))
	if err := p.Sleep(ctx, leaseDelay); err != nil {
		return nil, err
	}
	role, err := t.known(ctx, d)
	switch {
	case err != nil:
		return nil, err
	case role != nil && leaseOf(role.Tags).check != mine.check:
		return nil, errRepairing
	}
	bounded, cancel := context.WithDeadline(ctx, mine.until.Add(-repairMargin))
	defer cancel()
	// Roles that updates left behind are left to the next update.
	t.swept = true
	out, err := t.reconcile(bounded, d, true)
	if err == nil && out.asked && out.verdict != cfn.Wanted {
		err = &staleError{out.verdict}
	}
	return out.findings, err
}

var errRepairing = errors.New("another drift check repairs the role. Nothing was changed. The next check looks again")

// take puts the tag on the role, unless it has the tag of another repair.
func (t *task) take(ctx context.Context, d desired, mine lease) error {
	role, err := t.known(ctx, d)
	set := map[string]string{servicerole.TagRepair: mine.String()}
	switch {
	case err != nil:
		return err
	case role == nil:
		return fmt.Errorf("role %s was deleted during the check. %s", d.Role.ARN, redeploy)
	case leaseOf(role.Tags).holds(t.handler.Provisioner.Now()):
		return errRepairing
	case servicerole.CountTags(role.Tags, set) > servicerole.MaxTags:
		return fmt.Errorf("role %s has %d tags, and a repair needs one more for its time. Nothing was changed. Remove a tag, or deploy to "+
			"restore the role: %s", role.Name, servicerole.MaxTags, redeploy)
	}
	return t.handler.Provisioner.Session(t.identity).Apply(ctx, plan.Retag(d.Role.RoleRef, set, nil), servicerole.Observed{})
}
