package sharedpolicy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"personalize-role/lambda/internal/policy"
)

const theirs = `{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",` +
	`"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`

func simSid(n int) string { return fmt.Sprintf("PersonalizeRoleNamed%020d", n) }

func simStatement(n int) policy.Statement {
	data := policy.Bucket{Partition: "aws", Name: "data", Grants: []policy.Grant{{Uses: []string{"DatasetImport"}}}}
	return policy.BucketStatements(simSid(n), data, nil, false)[0]
}

// cast returns the edits of writers, those from puts on removing a statement that is there already, and the policy that
// they start from.
func cast(puts, removals int) (edits []*Edit, start string) {
	statements := []string{theirs}
	for n := range puts + removals {
		if n < puts {
			edits = append(edits, &Edit{Change: func(p policy.Shared) (policy.Shared, bool) {
				return p.Put(simSid(n), []policy.Statement{simStatement(n)})
			}})
			continue
		}
		statements = append(statements, simStatement(n).String())
		edits = append(edits, &Edit{Removal: true, Change: func(p policy.Shared) (policy.Shared, bool) { return p.Remove(simSid(n)) }})
	}
	return edits, `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
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

// explore runs every order of calls and times within the bounds, the first hundred by go test -short, and returns their number and the
// first loss.
func explore(t *testing.T, puts, removals, delays, aborts int, impatient bool, ages ...time.Duration) (runs int, loss string) {
	t.Helper()
	var tape, widths []int
	for {
		position := 0
		widths = widths[:0]
		edits, start := cast(puts, removals)
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
		if loss := lost(s.run(t, edits), puts); loss != "" {
			return runs, loss
		}
		// The next tape: the last choice that has another option takes it.
		n := position - 1
		for n >= 0 && tape[n]+1 == widths[n] {
			n--
		}
		if n < 0 || testing.Short() && runs == 100 {
			return runs, ""
		}
		tape = append(tape[:n], tape[n]+1)
	}
}

// Every interleaving of two and of three functions on one policy: no statement gets lost.
func TestEveryInterleaving(t *testing.T) {
	const old, none = Fresh - 1, -1
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
		edits, start := cast(puts, total-puts)
		s := &simulation{policy: start, delays: 20, aborts: 5, random: source.Float64, choose: source.IntN,
			ages: []time.Duration{-1, 0, Fresh - 1}}
		if loss := lost(s.run(t, edits), puts); loss != "" {
			t.Fatalf("seed %d, %d writers: %s", seed, total, loss)
		}
	}
}
