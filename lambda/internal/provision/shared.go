package provision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Policies of buckets and keys have no conditional write: whoever writes last wins. Every writer of this kind therefore writes
// within writeBound of its read, or reads again; and it is done only when the document, with its statement, has stood
// unchanged for longer than that. See docs/adr/0008-shared-policies.md.
const (
	writeBound = 2 * time.Second
	// Quiet is how long a document must have stood unchanged.
	Quiet = writeBound + 500*time.Millisecond
	// fresh is how old what was observed may be to be written on. The protocol among functions would take up to writeBound; others
	// don't follow it, and lose what they write between our read and our write.
	fresh = 300 * time.Millisecond
	// maxLooks bounds how often the document is looked at while others keep changing it.
	maxLooks = 40
	// maxConflicts bounds how often a write is tried again that another one disturbed.
	maxConflicts = 20
	// principalPropagation is how long a new role may be unknown to KMS.
	principalPropagation = 60 * time.Second
)

// edit is one change of a document that others own.
type edit struct {
	document
	doing  string
	change func(policy.Shared) (policy.Shared, bool)
	// removal is content with a document that is gone.
	removal bool
	// known is the document as it was observed, its reading begun at knownAt; nil if it wasn't, or once it has been used.
	known   *policy.Shared
	knownAt time.Time
	// since is when the document was last written or found changed; zero once nothing is left to verify. last is the document of
	// that moment, if it is known.
	since time.Time
	last  *policy.Shared
	// rewrote is when it was last written again; zero if it never was.
	rewrote time.Time
}

// editOf gives the edit behind an operation; nil for operations of other kinds.
func (p *Provisioner) editOf(op plan.Operation, accountID string, o servicerole.Observed) *edit {
	e := &edit{doing: op.String()}
	var observed servicerole.ObservedShared
	switch op := op.(type) {
	case plan.PutBucketStatement:
		e.document, e.change, observed = p.bucketDocument(op.Bucket, accountID), put(op.Statement), o.Buckets[op.Bucket.Name]
	case plan.RemoveBucketStatement:
		e.document, e.change, observed = p.bucketDocument(op.Bucket, accountID), remove(op.Sid), o.Buckets[op.Bucket.Name]
		e.removal = true
	case plan.PutKeyStatement:
		e.document, e.change, observed = p.keyDocument(op.Key), put(op.Statement, op.FormerSids...), o.Keys[op.Key]
	case plan.RemoveKeyStatement:
		e.document, e.change, observed = p.keyDocument(op.Key), remove(op.Sid), o.Keys[op.Key]
		e.removal = true
	default:
		return nil
	}
	if shared, err := policy.ParseShared(observed.Policy); err == nil && observed.Presence == servicerole.Present && !observed.At.IsZero() {
		e.known, e.knownAt = &shared, observed.At
	}
	return e
}

func put(statement policy.Statement, former ...string) func(policy.Shared) (policy.Shared, bool) {
	return func(s policy.Shared) (policy.Shared, bool) { return s.Put(statement, former...) }
}

func remove(sid string) func(policy.Shared) (policy.Shared, bool) {
	return func(s policy.Shared) (policy.Shared, bool) { return s.Remove(sid) }
}

func (e *edit) failed(action string, err error, advice string) error {
	return &Failure{Doing: e.doing, Action: action, Target: e.arn, Err: err, Advice: advice}
}

// read reads and parses the document; false where a removal finds nothing to remove any more.
func (e *edit) read(ctx context.Context) (policy.Shared, bool, error) {
	text, err := e.document.read(ctx)
	if err != nil {
		if e.removal && isGone(err) {
			return policy.Shared{}, false, nil
		}
		return policy.Shared{}, false, e.failed(e.getAction, err, "")
	}
	shared, err := policy.ParseShared(text)
	if err != nil {
		return shared, false, e.failed(e.getAction, err, "Correct the policy by hand")
	}
	return shared, true, nil
}

// current gives the document, and when its reading began: as it was observed if that is recent enough to write on, once.
func (p *Provisioner) current(ctx context.Context, e *edit) (found policy.Shared, there bool, began time.Time, err error) {
	known := e.known
	e.known = nil
	if known != nil && p.Now().Sub(e.knownAt) < fresh {
		return *known, true, e.knownAt, nil
	}
	began = p.Now()
	found, there, err = e.read(ctx)
	return found, there, began, err
}

// merge changes and writes the document, and reads it anew while others get in between. Where no change is needed, it writes
// nothing.
func (p *Provisioner) merge(ctx context.Context, e *edit) error {
	t := tries{conflicts: maxConflicts, failures: maxAttempts - 1}
	for {
		found, there, began, err := p.current(ctx, e)
		// The client has tried a read again as often as it may.
		if err != nil && (isTransient(err) || !p.passes(ctx, &t, err, nil)) {
			return err
		}
		if err != nil {
			continue
		}
		next, changed := e.change(found)
		if !there {
			return nil
		}
		if !changed {
			// Somebody did it just now, another delivery of the event for instance.
			e.since, e.last = p.Now(), &found
			return nil
		}
		if err := e.check(next); err != nil {
			return err
		}
		if p.Now().Sub(began) >= writeBound {
			continue
		}
		action, err := e.write(ctx, next, began.Add(writeBound))
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = errCutOff
		}
		e.since, e.last = p.Now(), nil
		if err == nil {
			e.last = &next
			return nil
		}
		if e.removal && isGone(err) {
			e.since = time.Time{}
			return nil
		}
		// Ours may name a role that was deleted by hand; that statement has just been replaced.
		if dead := next.DeadPrincipals(); isInvalidPrincipal(err) && len(dead) > 0 {
			return e.failed(action, err, fmt.Sprintf("These statements name principals that were deleted: %s. Correct or remove them, then "+
				"try again",
				joined(dead)))
		}
		if !p.passes(ctx, &t, err, e.awaitsPrincipal) {
			return e.failed(action, err, "")
		}
	}
}

func (e *edit) write(ctx context.Context, next policy.Shared, deadline time.Time) (action string, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	text := next.String()
	if action = e.putAction; text == "" {
		action = e.deleteAction
	}
	return action, e.document.write(ctx, text)
}

// check refuses what the service would.
func (e *edit) check(next policy.Shared) error {
	if next.String() == "" && e.deleteAction == "" {
		return e.failed(e.putAction, errors.New("it has no statement but the function's, and a key can't be without a policy"),
			"Add a statement for the key's administrators, then try again")
	}
	if size := next.Size(); size > e.limit && !e.removal {
		return e.failed(e.putAction, fmt.Errorf("the policy would have %d bytes, above the limit of %d", size, e.limit),
			"Name fewer Prefixes, or remove statements that are no longer needed")
	}
	return nil
}

// errCutOff is the error of a write that had no answer within the protocol's bound. It may have taken effect or not.
var errCutOff = fmt.Errorf("no answer within %v", writeBound)

// tries counts what may pass by itself.
type tries struct {
	conflicts, failures int
	denied, principal   time.Duration
}

// passes reports whether an error may pass, and waits for that.
func (p *Provisioner) passes(ctx context.Context, t *tries, err error, awaitsPrincipal func(error) bool) bool {
	if ctx.Err() != nil {
		return false
	}
	pause := firstPause
	switch {
	case IsDenied(err):
		if t.denied >= propagation {
			return false
		}
		pause = min(max(firstPause, t.denied), longestPause)
		t.denied += pause
	case awaitsPrincipal != nil && awaitsPrincipal(err):
		if t.principal >= principalPropagation {
			return false
		}
		pause = min(max(firstPause, t.principal), longestPause)
		t.principal += pause
	case isConflict(err):
		if t.conflicts--; t.conflicts < 0 {
			return false
		}
		pause += time.Duration(p.Random() * float64(writeBound))
	case isTransient(err):
		// The pause is the client's own: a write makes one attempt, since the next one needs a fresh read.
		if t.failures--; t.failures < 0 {
			return false
		}
		pause = min(firstPause<<(maxAttempts-2-t.failures), maxBackoff)
	default:
		return false
	}
	return p.Sleep(ctx, pause) == nil
}

// isConflict reports whether a write was disturbed by another, or cut off at its bound.
func isConflict(err error) bool {
	return code(err) == "OperationAborted" || errors.Is(err, errCutOff)
}

// isTransient reports whether the client would try a call again, for throttling or a lost connection for instance. LimitExceededException
// is another service's throttling, and a quota of KMS.
func isTransient(err error) bool {
	return code(err) != "LimitExceededException" && retryer.IsErrorRetryable(err)
}

var retryer = Retryer()

func isInvalidPrincipal(err error) bool {
	return isCode(err, "MalformedPolicy", "MalformedPolicyDocumentException") && containsFold(err.Error(), "invalid principal")
}
