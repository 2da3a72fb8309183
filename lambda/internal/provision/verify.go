package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Verify reads the policies of buckets and keys that were changed again, each time that it may be quiet, until each is unchanged with the
// edit in it. It merges again if another writer has overwritten the edit, but only while the event is wanted, and reports whether it did.
// The error is a *Failure.
func (s *Session) Verify(ctx context.Context, wanted func() bool) (rewrote bool, err error) {
	for round := 1; ; round++ {
		var pending []*edit
		var last time.Time
		for _, e := range s.edits {
			if !e.since.IsZero() {
				pending = append(pending, e)
				if e.since.After(last) {
					last = e.since
				}
			}
		}
		if len(pending) == 0 {
			return rewrote, nil
		}
		if err := s.Sleep(ctx, max(0, last.Add(Quiet).Sub(s.Now()))); err != nil {
			return rewrote, err
		}
		gone := make([][]string, len(pending))
		looks := make([]func() error, len(pending))
		for n, e := range pending {
			looks[n] = func() (err error) {
				gone[n], err = s.look(ctx, e, round, wanted)
				return err
			}
		}
		err := parallel.Together(looks...)
		for _, e := range pending {
			rewrote = rewrote || !e.rewrote.IsZero()
			if !e.removal && !e.rewrote.IsZero() {
				s.settles(e.rewrote)
			}
		}
		if err != nil {
			return rewrote, err
		}
		for n, e := range pending {
			for _, statement := range gone[n] {
				warning := fmt.Sprintf("statement %s disappeared from the policy of %s while this stack's statement was merged, because "+
					"another process changed the policy at the same time. Check the policy.", statement, e.what)
				s.Log.WarnContext(ctx, warning)
				s.Warnings = append(s.Warnings, warning)
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
		return gone, e.failed(e.putAction, errors.New("another process keeps overwriting it"),
			"Find and stop the process that writes this policy, then deploy again")
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
