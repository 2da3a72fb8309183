package sharedpolicy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"personalize-role/lambda/internal/policy"
)

// Patience says how long errors that may pass are waited for.
type Patience struct {
	// First is the first pause, which doubles up to Longest while permissions propagate, in all for Propagation.
	First, Longest, Propagation time.Duration
	// Backoff bounds the pause after an error that is Transient, and Attempts how often such a call is made.
	Backoff  time.Duration
	Attempts int
}

// Writer makes edits.
type Writer struct {
	Now    func() time.Time
	Sleep  func(context.Context, time.Duration) error
	Random func() float64
	Patience
}

// Merge changes and writes the document, and reads it again while other writers get in between. It writes nothing if no change is needed.
func (w Writer) Merge(ctx context.Context, e *Edit) error {
	t := tries{conflicts: maxConflicts, failures: w.Attempts - 1}
	for {
		found, there, began, err := w.current(ctx, e, &t)
		if err != nil || !there {
			return err
		}
		next, changed := e.Change(found)
		if !changed {
			// Another writer did it just now, such as another delivery of the event.
			e.since, e.last = w.Now(), &found
			return nil
		}
		if err := e.check(next); err != nil {
			return err
		}
		if w.Now().Sub(began) >= WriteBound {
			continue
		}
		action, err := e.write(ctx, next, began.Add(WriteBound))
		e.since, e.last = w.Now(), nil
		if err == nil {
			e.last = &next
			return nil
		}
		kind := e.Kind(err)
		if e.Removal && kind == Gone {
			e.since = time.Time{}
			return nil
		}
		// Our own may name a role that was deleted by hand; that statement has just been replaced.
		if dead := next.DeadPrincipals(); kind == UnknownPrincipal && len(dead) > 0 {
			return e.Failed(action, err, fmt.Sprintf("These statements name principals that were deleted: %s. Correct or remove them, then try "+
				"again", strings.Join(dead, ", ")))
		}
		if !w.passes(ctx, &t, e, err) {
			return e.Failed(action, err, "")
		}
	}
}

// current returns the document, and when its reading began: as it was observed if that is recent enough to write on, once.
func (w Writer) current(ctx context.Context, e *Edit, t *tries) (found policy.Shared, there bool, began time.Time, err error) {
	known := e.Known
	e.Known = nil
	if known != nil && w.Now().Sub(e.KnownAt) < Fresh {
		return *known, true, e.KnownAt, nil
	}
	return w.read(ctx, e, t)
}

// read reads the document, again while a denial or a conflict may pass. The client has tried again what is Transient.
func (w Writer) read(ctx context.Context, e *Edit, t *tries) (found policy.Shared, there bool, began time.Time, err error) {
	for {
		began = w.Now()
		found, there, err = e.read(ctx)
		if err == nil {
			return found, there, began, nil
		}
		if kind := e.Kind(err); kind != Denied && kind != Conflict || !w.passes(ctx, t, e, err) {
			return found, there, began, err
		}
	}
}

// tries counts what may pass by itself.
type tries struct {
	conflicts, failures int
	denied, principal   time.Duration
}

// passes reports whether an error may pass, and waits for that.
func (w Writer) passes(ctx context.Context, t *tries, e *Edit, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	var pause time.Duration
	switch kind := e.Kind(err); {
	case kind == Denied:
		if t.denied >= w.Propagation {
			return false
		}
		pause = w.longer(&t.denied)
	case kind == UnknownPrincipal && e.PrincipalsPropagate:
		if t.principal >= principalPropagation {
			return false
		}
		pause = w.longer(&t.principal)
	case kind == Conflict, errors.Is(err, ErrCutOff):
		if t.conflicts--; t.conflicts < 0 {
			return false
		}
		pause = w.First + time.Duration(w.Random()*float64(WriteBound))
	case kind == Transient:
		// The pause is the client's own: a write makes one attempt, because the next one needs a new read.
		if t.failures--; t.failures < 0 {
			return false
		}
		pause = min(w.First<<(w.Attempts-2-t.failures), w.Backoff)
	default:
		return false
	}
	return w.Sleep(ctx, pause) == nil
}

// longer returns a pause as long as all before, and adds it to them.
func (w Writer) longer(waited *time.Duration) time.Duration {
	pause := min(max(w.First, *waited), w.Longest)
	*waited += pause
	return pause
}
