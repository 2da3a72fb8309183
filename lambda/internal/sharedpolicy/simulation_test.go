package sharedpolicy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"personalize-role/lambda/internal/policy"
)

// simulation runs several functions on one bucket policy, one call at a time, in an order that choose decides; time passes
// only as choose lets it.
type simulation struct {
	mutex   sync.Mutex
	idle    *sync.Cond
	policy  string
	now     time.Time
	choose  func(options int) int
	random  func() float64
	running int
	blocked []*step
	// delays is how often time may pass while a call waits to take effect; aborts is how often S3 may answer OperationAborted.
	delays, aborts int
	// impatient functions don't wait before they verify.
	impatient bool
	// ages are how old what each function observed is when it continues to write; below zero, it observes nothing.
	ages []time.Duration
}

// step is where one function waits: at a call, or asleep.
type step struct {
	writer int
	// wake is when a sleeper continues; zero for calls.
	wake time.Time
	// deadline is when a write is given up.
	deadline time.Time
	effect   func()
	err      error
	done     chan struct{}
}

// writer is one function.
type writer struct {
	*simulation
	number int
}

// stand waits until the simulation lets the writer continue.
func (w writer) stand(s *step) error {
	s.writer, s.done = w.number, make(chan struct{})
	w.mutex.Lock()
	w.blocked = append(w.blocked, s)
	w.running--
	w.idle.Signal()
	w.mutex.Unlock()
	<-s.done
	return s.err
}

// document is the simulated policy, as the writer sees it.
func (w writer) document() Document {
	return Document{
		Name: "bucket data", ARN: "arn:aws:s3:::data", Limit: policy.MaxBucketPolicySize, GetAction: "get", PutAction: "put",
		DeleteAction: "delete",
		Read: func(context.Context) (text string, err error) {
			err = w.stand(&step{effect: func() { text = w.policy }})
			return text, err
		},
		Write: func(ctx context.Context, text string) error {
			deadline, _ := ctx.Deadline()
			return w.stand(&step{deadline: deadline, effect: func() { w.policy = text }})
		},
		Kind: func(err error) Kind {
			if errors.Is(err, errAborted) {
				return Conflict
			}
			return Final
		},
	}
}

var errAborted = errors.New("OperationAborted")

func (w writer) sleep(_ context.Context, d time.Duration) error {
	if w.impatient {
		d = 0
	}
	w.mutex.Lock()
	wake := w.now.Add(d)
	w.mutex.Unlock()
	return w.stand(&step{wake: wake})
}

func (w writer) time() time.Time {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.now
}

// carryOut makes an edit as an event does, on what it observed if age isn't below zero.
func (w writer) carryOut(e *Edit, age time.Duration) error {
	ctx := context.Background()
	e.Document = w.document()
	e.Failed = func(_ string, err error, _ string) error { return err }
	if age >= 0 {
		began := w.time()
		text, err := e.Read(ctx)
		if err != nil {
			return err
		}
		if age > 0 && w.sleep(ctx, age) != nil {
			return context.Canceled
		}
		known, err := policy.ParseShared(text)
		if err != nil {
			return err
		}
		e.Known, e.KnownAt = &known, began
	}
	protocol := Writer{Now: w.time, Sleep: w.sleep, Random: w.random, Patience: Patience{First: 250 * time.Millisecond, Attempts: 8}}
	if err := protocol.Merge(ctx, e); err != nil {
		return err
	}
	_, err := protocol.Verify(ctx, []*Edit{e}, func() bool { return true })
	return err
}

// run has each writer make its edit, and returns the policy at the end.
func (s *simulation) run(t interface{ Fatalf(string, ...any) }, edits []*Edit) string {
	s.idle = sync.NewCond(&s.mutex)
	// Far away, so that no deadline of the simulation is one of the real clock.
	s.now = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	s.running = len(edits)
	live := len(edits)
	errs := make([]error, len(edits))
	for n, e := range edits {
		go func() {
			errs[n] = writer{s, n}.carryOut(e, s.ages[n%len(s.ages)])
			s.mutex.Lock()
			defer s.mutex.Unlock()
			s.running--
			live--
			s.idle.Signal()
		}()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for steps := 0; ; steps++ {
		for s.running > 0 {
			s.idle.Wait()
		}
		if live == 0 {
			break
		}
		if steps > 100000 {
			t.Fatalf("no end")
		}
		options := s.options()
		options[s.choose(len(options))]()
	}
	for n, err := range errs {
		if err != nil {
			t.Fatalf("writer %d: %v", n, err)
		}
	}
	return s.policy
}

// options returns what may happen next.
func (s *simulation) options() []func() {
	slices.SortFunc(s.blocked, func(a, b *step) int { return a.writer - b.writer })
	var options []func()
	var next time.Time
	calls := 0
	for _, b := range s.blocked {
		at := b.wake
		if at.IsZero() {
			calls++
			at = b.deadline
			options = append(options, func() { s.release(b, nil) })
			if s.aborts > 0 && !b.deadline.IsZero() {
				options = append(options, func() {
					s.aborts--
					s.release(b, errAborted)
				})
			}
		}
		switch {
		case !b.wake.IsZero() && !b.wake.After(s.now):
			// Waking up changes nothing that others see, so that its place in the order doesn't matter.
			return []func(){func() { s.release(b, nil) }}
		case at.After(s.now) && (next.IsZero() || at.Before(next)):
			next = at
		}
	}
	if !next.IsZero() && (len(options) == 0 || calls > 0 && s.delays > 0) {
		options = append(options, func() {
			if calls > 0 {
				s.delays--
			}
			s.now = next
		})
	}
	return options
}

// release lets a writer go on; a write whose time is over has no effect.
func (s *simulation) release(b *step, err error) {
	switch {
	case err != nil:
		b.err = err
	case !b.deadline.IsZero() && s.now.After(b.deadline):
		b.err = context.DeadlineExceeded
	case b.effect != nil:
		b.effect()
	}
	s.blocked = slices.DeleteFunc(s.blocked, func(other *step) bool { return other == b })
	s.running++
	close(b.done)
}
