package sharedpolicy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"personalize-role/lambda/internal/policy"
)

// Edit is one change of a document.
type Edit struct {
	Document
	// Change returns the document with the change, and whether that is another document.
	Change func(policy.Shared) (policy.Shared, bool)
	// Removal says that the change removes a statement, and is content with a document that is gone.
	Removal bool
	// Known is the document as it was observed, its reading begun at KnownAt. It is nil if it wasn't observed, or once it has been used.
	Known   *policy.Shared
	KnownAt time.Time
	// Failed returns the error for a call that failed, or would, with advice unless the error says enough.
	Failed func(action string, err error, advice string) error

	// since is when the document was last written or found changed; zero once nothing is left to verify. last is the document of
	// that moment, if it is known.
	since time.Time
	last  *policy.Shared
	// rewrote is when it was last written again; zero if it never was.
	rewrote time.Time
}

// IsPending reports whether the edit has to be verified.
func (e *Edit) IsPending() bool { return !e.since.IsZero() }

// read reads and parses the document; false if a removal finds nothing to remove any more.
func (e *Edit) read(ctx context.Context) (policy.Shared, bool, error) {
	text, err := e.Read(ctx)
	if err != nil {
		if e.Removal && e.Kind(err) == Gone {
			return policy.Shared{}, false, nil
		}
		return policy.Shared{}, false, e.Failed(e.GetAction, err, "")
	}
	shared, err := policy.ParseShared(text)
	if err != nil {
		return shared, false, e.Failed(e.GetAction, err, "Correct the policy by hand")
	}
	return shared, true, nil
}

func (e *Edit) write(ctx context.Context, next policy.Shared, deadline time.Time) (action string, err error) {
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	text := next.String()
	if action = e.PutAction; text == "" {
		action = e.DeleteAction
	}
	err = e.Write(bounded, text)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = ErrCutOff
	}
	return action, err
}

// check refuses what the service would.
func (e *Edit) check(next policy.Shared) error {
	if next.String() == "" && e.DeleteAction == "" {
		return e.Failed(e.PutAction, errors.New("it has no statement but the function's, and a key can't be without a policy"),
			"Add a statement for the key's administrators, then try again")
	}
	if size := next.Size(); size > e.Limit && !e.Removal {
		return e.Failed(e.PutAction, fmt.Errorf("the policy would have %d bytes, above the limit of %d", size, e.Limit),
			"Name fewer Prefixes, or remove statements that are no longer needed")
	}
	return nil
}
