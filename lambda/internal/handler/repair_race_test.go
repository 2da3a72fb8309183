package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/cfn"
)

// A deployment or a deletion that starts at any call or pause of a repair, to its end there or side by side with the rest; another check;
// and a repair that starts at any call of those. Nothing of the deployment is lost, and nothing is left of what was deleted.
func TestRepairsRace(t *testing.T) {
	before := checked(props{"RepairDrift": "true"})
	after := checked(props{"RepairDrift": "true", "Description": "new", "Buckets": []any{"more-data"}, "PermissionsBoundary": boundary,
		"SourceConditions": "false", "Tags": []any{tag("team", "new")}})
	for _, operation := range []cfn.RequestType{cfn.Update, cfn.Delete, cfn.CheckDrift} {
		for n := range 32 {
			c := repairRace{operation: operation, before: before, after: after, sideBySide: n&1 > 0, checkFirst: n&2 > 0, twice: n&16 > 0}
			adopted := n&4 > 0
			if adopted {
				c.before, c.after = adopting(before), adopting(after)
			}
			if n&8 > 0 {
				c.latency = repairMargin - 2*time.Second
			}
			if adopted && c.latency > 0 || operation == cfn.CheckDrift && !c.checkFirst ||
				c.twice && (adopted || c.latency == 0 || !c.sideBySide || !c.checkFirst || operation == cfn.CheckDrift) {
				// It is the same as another one.
				continue
			}
			// Some steps of each; together they are all.
			stride := 4
			if adopted || c.latency > 0 {
				stride = 12
			}
			if testing.Short() {
				stride *= shortStride
			}
			name := fmt.Sprintf("%s, adopted %v, side by side %v, check first %v, latency %s, two checks %v", operation, adopted, c.sideBySide,
				c.checkFirst, c.latency, c.twice)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				again := true
				for k := 1 + n%stride; again; k += stride {
					if k > 300 {
						t.Fatal("no end of calls")
					}
					synctest.Test(t, func(t *testing.T) { again = c.at(t, k) })
				}
			})
		}
	}
}

// pausing has pauses take their time, and step run before each.
func (r *rig) pausing(step func()) {
	r.handler.Provisioner.Sleep = func(ctx context.Context, d time.Duration) error {
		step()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
			return nil
		}
	}
}

func adopting(p props) props {
	return with(with(p, "RoleName", "Existing"), "AdoptExistingRole", "true")
}

type repairRace struct {
	operation              cfn.RequestType
	before, after          props
	sideBySide, checkFirst bool
	// twice has the check delivered a second time, a moment after the first.
	twice bool
	// latency is how long each call of IAM takes.
	latency time.Duration
}

// at runs the race whose second party starts at the k-th call or pause of the first, and reports whether there was one.
func (c repairRace) at(t *testing.T, k int) (hit bool) {
	r := world(t)
	empty := r.world.State()
	id := r.must(cfn.Create, "", c.before, nil)
	old := r.world.State()
	ideal := c.ideal(t)
	spoil(r, id)
	event := r.event(cfn.Update, id, c.after, c.before)
	want := ideal
	status := "UPDATE_IN_PROGRESS"
	switch c.operation {
	case cfn.Delete:
		event, want, status = r.event(cfn.Delete, id, c.before, nil), empty, "DELETE_IN_PROGRESS"
	case cfn.CheckDrift:
		event, want = r.checkEvent(c.before), old
	}
	handle := func(event json.RawMessage) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_ = r.handler.Handle(ctx, event)
	}
	deploy := func() {
		if c.operation != cfn.CheckDrift {
			r.cfn.Say(status, id, status)
		}
		handle(event)
		if c.operation == cfn.Update {
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
		}
	}
	check := func() { handle(r.checkEvent(c.before)) }
	first, second := check, deploy
	if !c.checkFirst {
		first, second = deploy, check
	}
	var mutex sync.Mutex
	var wait sync.WaitGroup
	var slow atomic.Bool
	n := 0
	step := func() {
		mutex.Lock()
		n++
		mine := n == k
		mutex.Unlock()
		if !mine {
			return
		}
		hit = true
		wait.Go(second)
		if !c.sideBySide {
			wait.Wait()
		}
	}
	r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
	r.world.SetHook(func(operation string) (error, error) {
		step()
		if c.twice && operation == "iam:UpdateAssumeRolePolicy" && !slow.Swap(true) {
			// A repair that writes late.
			time.Sleep(repairTime / 3)
		}
		// The calls of S3 and KMS are done again if they take long.
		if strings.HasPrefix(operation, "iam:") {
			time.Sleep(c.latency)
		}
		return nil, nil
	})
	r.pausing(step)
	if c.twice {
		wait.Go(func() {
			time.Sleep(100 * time.Millisecond)
			check()
		})
	}
	first()
	wait.Wait()
	r.world.SetHook(nil)
	if !hit {
		return false
	}
	if c.operation == cfn.CheckDrift {
		// One of the two gave way, or each did: the next check repairs.
		time.Sleep(leaseDelay + repairTime)
		check()
	}
	if diff := cmp.Diff(want, unnoted(r.world.State())); diff != "" {
		t.Fatalf("at step %d: -want +got:\n%s", k, diff)
	}
	return true
}

// ideal is the account after a deployment of what the race deploys.
func (c repairRace) ideal(t *testing.T) map[string]string {
	r := world(t)
	id := r.must(cfn.Create, "", c.before, nil)
	r.must(cfn.Update, id, c.after, c.before)
	return r.world.State()
}
