package sharedpolicy

import (
	"context"
	"errors"
	"time"

	"personalize-role/lambda/internal/parallel"
)

// Verified is what came of verifying edits.
type Verified struct {
	// Rewrote says that another writer had overwritten an edit, so that it was made again.
	Rewrote bool
	// Added is when a statement was last added again. It is zero if none was.
	Added time.Time
	// Lost are statements that disappeared while an edit was made.
	Lost []Loss
}

// Loss is a statement that another writer overwrote.
type Loss struct {
	// Document is the name of the document, and Statement the Sid or the text.
	Document, Statement string
}

// Verify reads the documents of edits again, each time that they may be quiet, until each is unchanged with the edit in it. It makes an
// edit again if another writer has overwritten it, but only while that is wanted.
func (w Writer) Verify(ctx context.Context, edits []*Edit, wanted func() bool) (v Verified, err error) {
	for round := 1; ; round++ {
		var pending []*Edit
		var last time.Time
		for _, e := range edits {
			if e.IsPending() {
				pending = append(pending, e)
				if e.since.After(last) {
					last = e.since
				}
			}
		}
		if len(pending) == 0 {
			return v, nil
		}
		if err := w.Sleep(ctx, max(0, last.Add(Quiet).Sub(w.Now()))); err != nil {
			return v, err
		}
		lost := make([][]string, len(pending))
		looks := make([]func() error, len(pending))
		for n, e := range pending {
			looks[n] = func() (err error) {
				lost[n], err = w.look(ctx, e, round, wanted)
				return err
			}
		}
		err := parallel.Together(looks...)
		for _, e := range pending {
			v.Rewrote = v.Rewrote || !e.rewrote.IsZero()
			if !e.Removal && e.rewrote.After(v.Added) {
				v.Added = e.rewrote
			}
		}
		if err != nil {
			return v, err
		}
		for n, e := range pending {
			for _, statement := range lost[n] {
				v.Lost = append(v.Lost, Loss{e.Name, statement})
			}
		}
	}
}

// look reads the document once more. It leaves the edit done, made again, or to be looked at again.
func (w Writer) look(ctx context.Context, e *Edit, round int, wanted func() bool) (lost []string, err error) {
	found, there, _, err := w.read(ctx, e, &tries{})
	if err != nil {
		return nil, err
	}
	last := e.last
	e.since, e.last = time.Time{}, nil
	if !there {
		return nil, nil
	}
	if last != nil {
		lost = found.Missing(*last)
	}
	if _, changed := e.Change(found); !changed {
		if round < maxLooks && (last == nil || !found.Same(*last)) {
			e.since, e.last = w.Now(), &found
		}
		return lost, nil
	}
	if round >= maxLooks {
		return lost, e.Failed(e.PutAction, errors.New("another process keeps overwriting it"),
			"Find and stop the process that writes this policy, then deploy again")
	}
	// Writers that got into each other's way come back at different times.
	if err := w.Sleep(ctx, time.Duration(w.Random()*float64(min(round, 4))*float64(WriteBound))); err != nil {
		return lost, err
	}
	if !wanted() {
		return lost, nil
	}
	err = w.Merge(ctx, e)
	e.rewrote = w.Now()
	return lost, err
}
