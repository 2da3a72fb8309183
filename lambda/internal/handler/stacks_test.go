package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/provision"
)

// Many stacks at once, each with a function of its own: every statement is there at the end, and none once all are deleted. On the
// emulator the time is real.
func TestManyStacksShareABucketInEveryWorld(t *testing.T) {
	kind := awstest.KindOf(t)
	for _, stacks := range []int{2, 32} {
		t.Run(fmt.Sprint(stacks), func(t *testing.T) {
			t.Parallel()
			if kind.Slow {
				shareABucket(t, kind, stacks)
				return
			}
			synctest.Test(t, func(t *testing.T) { shareABucket(t, kind, stacks) })
		})
	}
}

func shareABucket(t *testing.T, kind awstest.Kind, stacks int) {
	r := newRig(t, kind.New(t))
	r.handler.Provisioner = provision.New(r.handler.Provisioner.Clients, r.handler.Log)
	before := r.world.State()
	ids := make([]string, stacks)
	together := func(request cfn.RequestType) {
		var wait sync.WaitGroup
		for n := range stacks {
			wait.Go(func() { ids[n] = r.deliverTo(n, request, ids[n]) })
		}
		wait.Wait()
	}
	r.cfn.Say("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
	started := time.Now()
	together(cfn.Create)
	created := time.Since(started)
	var sids []string
	policy := r.policyOf("training-data", func(policy string) string { return policy })
	for n, id := range ids {
		sid := "PersonalizeRole" + id[strings.LastIndex(id, "-")+1:]
		if !strings.Contains(policy, sid) {
			t.Errorf("stack %d: no statement %s", n, sid)
		}
		sids = append(sids, sid)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(sids)))) != stacks {
		t.Errorf("roles share names: %v", sids)
	}
	for n, id := range ids {
		r.cfn.SayFor(r.stackOf(n), "DELETE_IN_PROGRESS", id)
	}
	together(cfn.Delete)
	t.Logf("created in %v", created.Round(100*time.Millisecond))
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// A statement that a round wrote which then had to be repeated is verified too: a writer whose reading was older may have
// taken it away since.
func TestWhatAnInterruptedRoundWroteIsVerified(t *testing.T) {
	same := func(policy string) string { return policy }
	for _, c := range []struct {
		request cfn.RequestType
		drift   string
	}{{cfn.Create, "iam:AttachRolePolicy"}, {cfn.Delete, "iam:DeletePolicy"}} {
		t.Run(string(c.request), func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			p := quick("training-data")
			id, before := "", theirBucketPolicy
			if c.request == cfn.Delete {
				id = r.must(cfn.Create, "", p, nil)
				before = r.policyOf("training-data", same)
			}
			drifts, stale := true, true
			r.world.SetHook(func(operation string) (error, error) {
				if operation == c.drift && drifts {
					return &smithy.GenericAPIError{Code: "DeleteConflict"}, nil
				}
				return nil, nil
			})
			sleep := r.handler.Provisioner.Sleep
			r.handler.Provisioner.Sleep = func(ctx context.Context, d time.Duration) error {
				// The pause between rounds ends what made the first one fail; the stale write comes while the second is quiet.
				if d == pauseBetweenRounds {
					drifts = false
				}
				if d > 2*time.Second && !drifts && stale {
					stale = false
					r.policyOf("training-data", func(string) string { return before })
				}
				return sleep(ctx, d)
			}
			answer := r.deliver(c.request, id, p, nil)
			if answer == nil || answer.Status != cfn.Success || stale {
				t.Fatalf("%+v, stale write outstanding: %v", answer, stale)
			}
			if got, want := strings.Contains(r.policyOf("training-data", same), `"PersonalizeRole`), c.request == cfn.Create; got != want {
				t.Errorf("the statement is there: %v, want %v", got, want)
			}
		})
	}
}

func (r *rig) stackOf(n int) string {
	return strings.Replace(r.stackID(), "stack/app/", fmt.Sprintf("stack/app-%d/", n), 1)
}

// deliverTo hands the event of one of many stacks over, and returns the physical ID.
func (r *rig) deliverTo(n int, request cfn.RequestType, id string) string {
	raw := strings.ReplaceAll(string(r.event(request, id, props{"Buckets": []any{"training-data"}, "PropagationDelaySeconds": "0"}, nil)),
		r.stackID(), r.stackOf(n))
	raw = strings.ReplaceAll(raw, `"r-1"`, fmt.Sprintf(`"r-%d-%s"`, n, request))
	if err := r.handler.Handle(r.t.Context(), json.RawMessage(raw)); err != nil {
		r.t.Error(err)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, answer := range r.answers {
		if answer.RequestID == fmt.Sprintf("r-%d-%s", n, request) {
			if answer.Status != cfn.Success {
				r.t.Errorf("stack %d: %s", n, answer.Reason)
			}
			return answer.PhysicalResourceID
		}
	}
	r.t.Errorf("stack %d: %s wasn't answered", n, request)
	return ""
}
