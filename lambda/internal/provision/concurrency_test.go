package provision

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
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
	// ages are how old what each function observed is when it goes on to write; below zero, it observes nothing.
	ages []time.Duration
}

// step is where one function stands still: at a call, or asleep.
type step struct {
	writer int
	// wake is when a sleeper goes on; zero for calls.
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

// stand waits until the simulation lets the writer go on.
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

func (w writer) GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error) {
	var text string
	err := w.stand(&step{effect: func() { text = w.policy }})
	if err == nil && text == "" {
		err = &smithy.GenericAPIError{Code: "NoSuchBucketPolicy"}
	}
	return &s3.GetBucketPolicyOutput{Policy: aws.String(text)}, err
}

func (w writer) write(ctx context.Context, text string) error {
	deadline, _ := ctx.Deadline()
	return w.stand(&step{deadline: deadline, effect: func() { w.policy = text }})
}

func (w writer) PutBucketPolicy(ctx context.Context, in *s3.PutBucketPolicyInput, _ ...func(*s3.Options)) (*s3.PutBucketPolicyOutput,
	error) {
	return &s3.PutBucketPolicyOutput{}, w.write(ctx, aws.ToString(in.Policy))
}

func (w writer) DeleteBucketPolicy(ctx context.Context, _ *s3.DeleteBucketPolicyInput,
	_ ...func(*s3.Options)) (*s3.DeleteBucketPolicyOutput, error) {
	return &s3.DeleteBucketPolicyOutput{}, w.write(ctx, "")
}

func (w writer) ListBuckets(context.Context, *s3.ListBucketsInput, ...func(*s3.Options)) (*s3.ListBucketsOutput, error) {
	panic("not called by merging")
}

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

// observeAndCarryOut does an operation as an event does, on what it observed, or without that.
func (p *Provisioner) observeAndCarryOut(op plan.Operation, age time.Duration) error {
	ctx, observed := context.Background(), servicerole.Observed{}
	if age >= 0 {
		found, err := p.observeBucket(ctx, account, bucketOf(op))
		if err != nil {
			return err
		}
		if age > 0 && p.Sleep(ctx, age) != nil {
			return context.Canceled
		}
		observed.Buckets = map[string]servicerole.ObservedShared{bucketOf(op): found}
	}
	_, err := carryOut(ctx, p, observed, op)
	return err
}

func bucketOf(op plan.Operation) string {
	if put, ok := op.(plan.PutBucketStatement); ok {
		return put.Bucket.Name
	}
	return op.(plan.RemoveBucketStatement).Bucket.Name
}

// run has each writer do its operation, and gives the policy at the end.
func (s *simulation) run(t interface{ Fatalf(string, ...any) }, operations []plan.Operation) string {
	s.idle = sync.NewCond(&s.mutex)
	// Far away, so that no deadline of the simulation is one of the real clock.
	s.now = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	s.running = len(operations)
	live := len(operations)
	errs := make([]error, len(operations))
	for n, op := range operations {
		w := writer{s, n}
		p := New(Clients{S3: w}, slog.New(slog.DiscardHandler))
		p.Sleep, p.Now, p.Random = w.sleep, w.time, s.random
		go func() {
			errs[n] = p.observeAndCarryOut(op, s.ages[n%len(s.ages)])
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

// options gives what may happen next.
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
					s.release(b, &smithy.GenericAPIError{Code: "OperationAborted"})
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

const theirs = `{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",` +
	`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`

func simSid(n int) string { return fmt.Sprintf("PersonalizeRoleNamed%020d", n) }

func simStatement(n int) policy.Statement {
	return policy.BucketStatement(simSid(n), policy.Bucket{Partition: "aws", Name: "data", Uses: []string{"DatasetImport"}}, nil)
}

// cast gives operations of writers, those from puts on taking out a statement that stands there already, and the policy that
// they start from.
func cast(puts, removals int) (operations []plan.Operation, start string) {
	statements := []string{theirs}
	for n := range puts + removals {
		if n < puts {
			operations = append(operations, plan.PutBucketStatement{Statement: simStatement(n)})
			continue
		}
		statements = append(statements, simStatement(n).String())
		operations = append(operations, plan.RemoveBucketStatement{Sid: simSid(n)})
	}
	return operations, `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// lost says what isn't as it should be at the end.
func lost(text string, puts int) string {
	shared, err := policy.ParseShared(text)
	if err != nil {
		return err.Error()
	}
	want := []string{"Theirs"}
	for n := range puts {
		want = append(want, simSid(n))
	}
	got := slices.Sorted(slices.Values(shared.Sids()))
	slices.Sort(want)
	if !slices.Equal(got, want) || !strings.Contains(text, theirs) {
		return fmt.Sprintf("got %v, want %v in\n%s", got, want, text)
	}
	return ""
}

// explore runs every order of calls and times within the bounds, and gives their number and the first loss.
func explore(t *testing.T, puts, removals, delays, aborts int, impatient bool, ages ...time.Duration) (runs int, loss string) {
	t.Helper()
	var tape, widths []int
	for {
		position := 0
		widths = widths[:0]
		operations, start := cast(puts, removals)
		s := &simulation{
			policy: start, delays: delays, aborts: aborts, impatient: impatient, ages: ages, random: func() float64 { return 0.5 },
			choose: func(options int) int {
				if position == len(tape) {
					tape = append(tape, 0)
				}
				widths = append(widths, options)
				position++
				return tape[position-1]
			},
		}
		runs++
		if loss := lost(s.run(t, operations), puts); loss != "" {
			return runs, loss
		}
		// The next tape: the last choice that has another option takes it.
		n := position - 1
		for n >= 0 && tape[n]+1 == widths[n] {
			n--
		}
		if n < 0 {
			return runs, ""
		}
		tape = append(tape[:n], tape[n]+1)
	}
}

// Every interleaving of two and of three functions on one policy: no statement gets lost.
func TestEveryInterleaving(t *testing.T) {
	const old, none = fresh - 1, -1
	for _, c := range []struct {
		puts, removals, delays, aborts int
		ages                           []time.Duration
	}{
		{2, 0, 2, 0, []time.Duration{none}}, {1, 1, 1, 1, []time.Duration{none}}, {0, 2, 1, 1, []time.Duration{none}},
		{2, 1, 0, 0, []time.Duration{none}},
		{2, 0, 3, 0, []time.Duration{none, old}}, {2, 0, 3, 0, []time.Duration{old}}, {1, 1, 1, 1, []time.Duration{old, none}},
		{0, 2, 1, 1, []time.Duration{0, none}}, {2, 1, 0, 0, []time.Duration{old, 0, none}},
	} {
		runs, loss := explore(t, c.puts, c.removals, c.delays, c.aborts, false, c.ages...)
		if loss != "" {
			t.Errorf("%+v, after %d runs: %s", c, runs, loss)
		}
		t.Logf("%+v: %d interleavings", c, runs)
	}
}

// Functions that don't wait before they verify do lose statements: the exploration would see it.
func TestImpatientFunctionsLose(t *testing.T) {
	if runs, loss := explore(t, 2, 0, 3, 0, true, -1); loss == "" {
		t.Errorf("no loss in %d runs", runs)
	}
}

// 4 to 32 functions in random orders.
func TestManyWriters(t *testing.T) {
	for total := 4; total <= 32; total += 4 {
		seed := rand.Uint64()
		source := rand.New(rand.NewPCG(seed, 0))
		puts := source.IntN(total + 1)
		operations, start := cast(puts, total-puts)
		s := &simulation{policy: start, delays: 20, aborts: 5, random: source.Float64, choose: source.IntN,
			ages: []time.Duration{-1, 0, fresh - 1}}
		if loss := lost(s.run(t, operations), puts); loss != "" {
			t.Fatalf("seed %d, %d writers: %s", seed, total, loss)
		}
	}
}
