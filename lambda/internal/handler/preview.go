package handler

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Account reads an account, as provision.Provisioner does.
type Account interface {
	Observe(context.Context, servicerole.Identity, servicerole.Scope) (servicerole.Observed, error)
	Inspect(context.Context, servicerole.Identity, servicerole.Questions, servicerole.Inspected) servicerole.Inspected
}

var _ Account = (*provision.Provisioner)(nil)

// Preview is what Handle would do for an event.
type Preview struct {
	Identity servicerole.Identity
	// Role is the role that the event is about.
	Role servicerole.RoleRef
	// Desired is what the event asks for; nil for a Delete.
	Desired *servicerole.Desired
	// Observed is what the account has, Inspected what only findings need of it.
	Observed  servicerole.Observed
	Inspected servicerole.Inspected
	// Plan is what would be done. Its Refusals say why nothing would be.
	Plan plan.Plan
	// Findings are about the state that the plan leads to, and about what others changed before.
	Findings []findings.Finding
	// CleanUp is the deletion of the role that an Update replaces, which CloudFormation asks for after it; nil if none is replaced.
	CleanUp *Preview
}

// Circumstances are what else decides about an event.
type Circumstances struct {
	Account Account
	// Now decides about conditions on the time.
	Now time.Time
	// RequiredBoundary is that of the function.
	RequiredBoundary string
	// Findings has findings evaluated although the properties have them off.
	Findings bool
}

// Foresee returns what Handle would do for an event, without doing it. The event needs no ResponseURL.
func Foresee(ctx context.Context, raw []byte, c Circumstances) (*Preview, error) {
	event, err := cfn.Decode(raw)
	if errors.Is(err, cfn.ErrNoURL) {
		event.ResponseURL = "none"
		err = event.Check()
	}
	if err != nil {
		return nil, err
	}
	identity, err := servicerole.NewIdentity(event.StackID, event.LogicalResourceID)
	if err != nil {
		return nil, err
	}
	t := &task{handler: &Handler{RequiredBoundary: c.RequiredBoundary}, event: event, identity: identity}
	if event.RequestType == cfn.Delete {
		p := properties.Salvage(event.ResourceProperties)
		r := identity.Removal(identity.RoleOf(event.PhysicalResourceID, p), p)
		r.RequiredBoundary = c.RequiredBoundary
		return t.foresee(ctx, removal{Removal: r}, c.Account)
	}
	d, _, err := t.desired()
	if err != nil {
		return nil, err
	}
	p, err := t.foresee(ctx, d, c.Account)
	if err != nil {
		return nil, err
	}
	p.find(ctx, d.Given(p.Observed), t.former, c)
	if old, ok := identity.ParseRole(event.PhysicalResourceID); ok && old != d.Role.RoleRef {
		event.RequestType, event.ResourceProperties, event.OldResourceProperties = cfn.Delete, event.OldResourceProperties, nil
		cleanUp, err := json.Marshal(event)
		if err != nil {
			return nil, err
		}
		c.Account = afterwards{c.Account, p.Plan.After(p.Observed)}
		if p.CleanUp, err = Foresee(ctx, cleanUp, c); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// afterwards is an account whose policies of buckets and keys are as a plan leaves them.
type afterwards struct {
	Account
	reached servicerole.Observed
}

func (a afterwards) Observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	o, err := a.Account.Observe(ctx, i, scope)
	replace := func(found, reached map[string]servicerole.ObservedShared) {
		for name := range found {
			if is, ok := reached[name]; ok {
				found[name] = is
			}
		}
	}
	replace(o.Buckets, a.reached.Buckets)
	replace(o.Keys, a.reached.Keys)
	return o, err
}

func (t *task) foresee(ctx context.Context, g goal, account Account) (*Preview, error) {
	scope := g.Scope()
	scope.Documents = true
	observed, err := account.Observe(ctx, t.identity, scope)
	if err != nil {
		return nil, err
	}
	return &Preview{Identity: t.identity, Role: g.target(), Observed: observed, Plan: g.plan(observed)}, nil
}

// find adds the findings, as the function has them.
func (p *Preview) find(ctx context.Context, d servicerole.Desired, former *servicerole.Desired, c Circumstances) {
	p.Desired = &d
	if d.Properties().Findings == properties.FindingsOff && !c.Findings || p.Plan.Refused(false) != nil {
		// What a refused plan leaves undone would be found too.
		return
	}
	s := findings.State{Desired: d, Observed: p.Plan.After(p.Observed), Merges: p.Plan.Merges(), Now: c.Now}
	p.Inspected = c.Account.Inspect(ctx, p.Identity, s.Questions(), servicerole.Inspected{})
	s.Inspected = p.Inspected
	p.Findings = findings.Of(s)
	for _, f := range p.Findings {
		if f.Severity == findings.Error && d.Properties().Findings == properties.FindingsFail {
			p.Plan.Waive(f.Refusal())
		}
	}
	if former != nil {
		p.Findings = slices.Concat(p.Findings, findings.OfChanges(*former, p.Observed, "The plan restores what the properties specify."))
	}
}

// Changes returns what the plan changes, thing by thing.
func (p *Preview) Changes() []plan.Change { return plan.Changes(p.Observed, p.Plan.After(p.Observed)) }
