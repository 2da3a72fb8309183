package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// inTurn is an account in which resources are planned one after another: each plan starts from what the plans before it leave. It already
// has the buckets and keys that the template creates.
type inTurn struct {
	handler.Account
	declared snapshot
	// isEmpty says that the account is the empty one, in which every bucket exists that is named.
	isEmpty bool
	// What the plans so far lead to: roles by their name in lower case, policies by their ARN.
	roles    map[string]*servicerole.ObservedRole
	policies map[string]*servicerole.ObservedPolicy
	buckets  map[string]servicerole.ObservedShared
	keys     map[string]servicerole.ObservedShared
}

func newInTurn(account handler.Account, isEmpty bool, declared snapshot) *inTurn {
	return &inTurn{Account: account, declared: declared, isEmpty: isEmpty, roles: map[string]*servicerole.ObservedRole{},
		policies: map[string]*servicerole.ObservedPolicy{}, buckets: map[string]servicerole.ObservedShared{},
		keys: map[string]servicerole.ObservedShared{}}
}

// isStandIn reports whether a name is a placeholder for one that is known only after the deployment.
func isStandIn(name string) bool { return strings.Contains(name, later+"-") }

func (a *inTurn) isDeclared(bucketOrKey string) bool {
	_, bucket := a.declared.Buckets[bucketOrKey]
	_, key := a.declared.Keys[bucketOrKey]
	return bucket || key
}

func (a *inTurn) Observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	// A bucket that has a name may be there already.
	isNew := func(name string) bool { return isStandIn(name) || a.isEmpty && a.isDeclared(name) }
	asked := scope
	asked.Buckets, asked.Keys = slices.DeleteFunc(slices.Clone(scope.Buckets), isNew), slices.DeleteFunc(slices.Clone(scope.Keys), isNew)
	asked.Defaults = slices.DeleteFunc(slices.Clone(scope.Defaults), isNew)
	for _, name := range scope.Defaults {
		// A key that exists may encrypt a bucket that doesn't yet.
		if key := a.declared.bucket(i, name).DefaultKey; key != nil && i.IsUsable(*key) && !isNew(key.ARN) {
			asked.Keys = append(asked.Keys, key.ARN)
		}
	}
	o, err := a.Account.Observe(ctx, i, asked)
	if err != nil {
		return o, err
	}
	made := a.made(ctx, i, scope)
	for name, bucket := range made.Buckets {
		if isNew(name) || o.Buckets[name].Presence == servicerole.Missing {
			o.Buckets[name] = bucket
		}
	}
	for arn, key := range made.Keys {
		if isNew(arn) {
			o.Keys[arn] = key
		}
	}
	a.leave(&o, scope)
	return o, nil
}

// made is what a deployment of the template makes of what a scope names.
func (a *inTurn) made(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) servicerole.Observed {
	known, standIns := servicerole.Scope{Defaults: scope.Defaults}, servicerole.Scope{}
	sort := func(names []string, known, standIns *[]string) {
		for _, name := range names {
			switch {
			case a.isDeclared(name):
				*known = append(*known, name)
			case isStandIn(name):
				*standIns = append(*standIns, name)
			}
		}
	}
	sort(scope.Buckets, &known.Buckets, &standIns.Buckets)
	sort(scope.Keys, &known.Keys, &standIns.Keys)
	// Neither fails.
	o, _ := a.declared.Observe(ctx, i, known)
	others, _ := empty{}.Observe(ctx, i, standIns)
	maps.Copy(o.Buckets, others.Buckets)
	maps.Copy(o.Keys, others.Keys)
	for arn, key := range o.Keys {
		if key.Presence == servicerole.Present && key.Policy == "" {
			key.Policy = keyPolicyOf(i)
			o.Keys[arn] = key
		}
	}
	return o
}

// leave replaces what was observed by what the plans so far lead to.
func (a *inTurn) leave(o *servicerole.Observed, scope servicerole.Scope) {
	if role, ok := a.roles[strings.ToLower(scope.Role.Name)]; ok {
		o.Role = role
	}
	o.Policies = slices.DeleteFunc(o.Policies, func(p servicerole.ObservedPolicy) bool {
		_, planned := a.policies[p.ARN]
		return planned
	})
	for _, ref := range scope.Policies {
		if p := a.policies[ref.ARN]; p != nil {
			o.Policies = append(o.Policies, *p)
		}
	}
	replace := func(found, left map[string]servicerole.ObservedShared) {
		for name := range found {
			if is, ok := left[name]; ok {
				found[name] = is
			}
		}
	}
	replace(o.Buckets, a.buckets)
	replace(o.Keys, a.keys)
}

// planned has the next resources find what a plan leads to. A replaced role is there until all resources are updated.
func (a *inTurn) planned(p *handler.Preview) {
	if p.Plan.Refused(false) == nil {
		a.reached(p.Plan.After(p.Observed), p.Changes())
	}
}

// reached keeps of a state what changed.
func (a *inTurn) reached(o servicerole.Observed, changes []plan.Change) {
	for _, c := range changes {
		switch c.Kind {
		case plan.KindRole:
			a.roles[strings.ToLower(refOf(c.Name).name)] = o.Role
		case plan.KindPolicy:
			a.policies[c.Name] = o.Policy(c.Name)
		case plan.KindBucketPolicy:
			a.buckets[c.Name] = o.Buckets[c.Name]
		case plan.KindKeyPolicy:
			a.keys[c.Name] = o.Keys[c.Name]
		}
	}
}

// Inspect asks about what exists already.
func (a *inTurn) Inspect(ctx context.Context, i servicerole.Identity, q servicerole.Questions,
	known servicerole.Inspected) servicerole.Inspected {
	isNew := func(name string) bool { return a.isDeclared(name) || isStandIn(name) }
	without := func(names []string) []string { return slices.DeleteFunc(slices.Clone(names), isNew) }
	q.Payment, q.Ownership, q.PublicAccess = without(q.Payment), without(q.Ownership), without(q.PublicAccess)
	if isStandIn(q.Boundary) {
		q.Boundary = ""
	}
	return a.Account.Inspect(ctx, i, q, known)
}

// recorder keeps what is read of an account.
type recorder struct {
	handler.Account
	saved snapshot
}

func (r *recorder) Observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	o, err := r.Account.Observe(ctx, i, scope)
	if err == nil {
		r.saved.add(o)
	}
	return o, err
}

func (r *recorder) Inspect(ctx context.Context, i servicerole.Identity, q servicerole.Questions,
	known servicerole.Inspected) servicerole.Inspected {
	in := r.Account.Inspect(ctx, i, q, known)
	r.saved.inspect(in)
	return in
}
