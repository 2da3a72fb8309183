package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Verified is what came of verifying.
type Verified struct {
	// Rewrote says that a document was written again. Settled is when one last got our statement that way; zero if none did.
	Rewrote bool
	Settled time.Time
	// Warnings tell of foreign statements that have gone meanwhile.
	Warnings []string
}

// Verify looks at the policies of buckets and keys that were changed, each time it may be quiet, until each stands unchanged with
// the edit in it, and merges again where another writer has overwritten it, but only while the event is wanted. The error is a
// *Failure.
func (p *Provisioner) Verify(ctx context.Context, applied *Applied, wanted func() bool) (v Verified, err error) {
	defer func() {
		for _, warning := range v.Warnings {
			p.Log.WarnContext(ctx, warning)
		}
	}()
	for round := 1; ; round++ {
		var pending []*edit
		var last time.Time
		for _, e := range applied.edits {
			if !e.since.IsZero() {
				pending = append(pending, e)
				if e.since.After(last) {
					last = e.since
				}
			}
		}
		if len(pending) == 0 {
			return v, nil
		}
		if err := p.Sleep(ctx, max(0, last.Add(Quiet).Sub(p.Now()))); err != nil {
			return v, err
		}
		gone := make([][]string, len(pending))
		looks := make([]func() error, len(pending))
		for n, e := range pending {
			looks[n] = func() (err error) {
				gone[n], err = p.look(ctx, e, round, wanted)
				return err
			}
		}
		err := Together(looks...)
		for _, e := range pending {
			v.Rewrote = v.Rewrote || !e.rewrote.IsZero()
			if !e.removal && e.rewrote.After(v.Settled) {
				v.Settled = e.rewrote
			}
		}
		if err != nil {
			return v, err
		}
		for n, e := range pending {
			for _, statement := range gone[n] {
				v.Warnings = append(v.Warnings, fmt.Sprintf("statement %s of the policy of %s went while ours was merged: somebody else changes that "+
					"policy at the same time; check it", statement, e.what))
			}
		}
	}
}

// look reads the document once more. It leaves the edit done, merged again, or to be looked at again.
func (p *Provisioner) look(ctx context.Context, e *edit, round int, wanted func() bool) (gone []string, err error) {
	var (
		found policy.Shared
		there bool
	)
	err = p.persist(ctx, false, func() (err error) {
		found, there, err = e.read(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	last := e.last
	e.since, e.last = time.Time{}, nil
	if !there {
		return nil, nil
	}
	if last != nil {
		gone = foreignOnly(found.Missing(*last))
	}
	if _, changed := e.change(found); !changed {
		if round < maxLooks && (last == nil || !found.Same(*last)) {
			e.since, e.last = p.Now(), &found
		}
		return gone, nil
	}
	if round >= maxLooks {
		return gone, e.failed(e.putAction, errors.New("others keep overwriting it"), "Find out who writes this policy all the time, then deploy again")
	}
	// Writers that got into each other's way come back at different times.
	if err := p.Sleep(ctx, time.Duration(p.Random()*float64(min(round, 4))*float64(writeBound))); err != nil {
		return gone, err
	}
	if !wanted() {
		return gone, nil
	}
	err = p.merge(ctx, e)
	e.rewrote = p.Now()
	return gone, err
}

// foreignOnly leaves out the statements of this kind: their own writers see to them.
func foreignOnly(labels []string) []string {
	var foreign []string
	for _, label := range labels {
		if _, ok := servicerole.RoleOfSid(label); !ok {
			foreign = append(foreign, label)
		}
	}
	return foreign
}
