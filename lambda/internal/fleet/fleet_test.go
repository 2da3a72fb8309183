// Package fleet has no code of its own: its tests simulate an organisation that deploys the role to many accounts and Regions,
// as CloudFormation StackSets do, with the real handler and the SDK's own clients, in virtual time.
package fleet

import (
	"flag"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var accounts = flag.Int("accounts", 40, "accounts of the simulated organisation")

var regions = []string{"eu-west-1", "us-east-1", "ap-northeast-1"}

// atOnce is how many stack instances StackSets work on at the same time.
const atOnce = 100

// fleet is an organisation with a StackSet.
type fleet struct {
	members   []*member
	instances []*instance
	counts    counts
	before    []map[string]string
}

func newFleet(size int, f faults) *fleet {
	all := &fleet{}
	for n := range size {
		m := newMember(n, regions)
		all.members = append(all.members, m)
		all.before = append(all.before, m.account.State())
		for k, region := range regions {
			m.denied[region] = (n*len(regions)+k)%100 < f.denials
			all.instances = append(all.instances, &instance{member: m, region: region, faults: f, counts: &all.counts})
		}
	}
	return all
}

// operate runs one operation of the StackSet on instances, and returns those that failed.
func (f *fleet) operate(instances []*instance, do func(*instance) error) (failed []*instance, errs []string) {
	var (
		wait  sync.WaitGroup
		mutex sync.Mutex
		slots = make(chan struct{}, atOnce)
	)
	for _, s := range instances {
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			if err := do(s); err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				failed = append(failed, s)
				errs = append(errs, err.Error())
			}
		})
	}
	wait.Wait()
	return failed, errs
}

// calls counts while executions that no caller waits for may still be under way.
func (f *fleet) calls() (calls, throttled int) {
	for _, m := range f.members {
		m.mutex.Lock()
		calls += m.calls
		throttled += m.throttled
		m.mutex.Unlock()
	}
	return calls, throttled
}

// wanted are the properties of an instance, with the changes of an update.
func wanted(s *instance, changes map[string]any) map[string]any {
	p := map[string]any{"Buckets": []string{bucketIn(s.id, s.region)}, "ServiceTimeout": "720"}
	maps.Copy(p, changes)
	return p
}

// check finds what is lost or left over in an account where every Region has its role.
func check(m *member, state map[string]string) error {
	roles, policies := 0, 0
	for arn, text := range state {
		switch {
		case strings.Contains(arn, ":role/"):
			roles++
		case strings.Contains(arn, ":policy/"):
			policies++
		case strings.Contains(arn, ":s3:::"):
			if strings.Count(text, `"Sid":"TLSOnly"`) != 1 || strings.Count(text, `"Sid":"PersonalizeRole`) != 1 {
				return fmt.Errorf("account %s, %s: %s", m.id, arn, text)
			}
		}
	}
	if roles != len(regions) || policies != len(regions) {
		return fmt.Errorf("account %s: %d roles and %d policies for %d Regions", m.id, roles, policies, len(regions))
	}
	return nil
}

// A StackSet is deployed to every account, with what goes wrong in practice: events delivered twice, functions that die, IAM that
// throttles, accounts whose administrators refuse at first. Then it is updated, and deleted.
func TestFleet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(*accounts, faults{duplicates: 10, crashes: 5, denials: 2})
		began := time.Now()
		phase := func(name string) {
			calls, throttled := f.calls()
			t.Logf("%-7s %3d accounts x %d Regions: after %8s, %d calls, %d throttled, %d delivered twice, %d died, %d failed", name, *accounts,
				len(regions),
				time.Since(began).Round(time.Second), calls, throttled, f.counts.duplicates, f.counts.crashes, f.counts.failures)
		}
		failed, _ := f.operate(f.instances, func(s *instance) error { return s.create(wanted(s, nil)) })
		for _, m := range f.members {
			m.allow()
		}
		if again, errs := f.operate(failed, func(s *instance) error { return s.create(wanted(s, nil)) }); len(again) > 0 {
			t.Fatalf("failed again: %s", strings.Join(errs, "\n"))
		}
		phase("created")
		f.settle(t, check)
		if _, errs := f.operate(f.instances, func(s *instance) error {
			return s.update(wanted(s, map[string]any{"Uses": []string{"DatasetImport", "BatchInference"}}))
		}); len(errs) > 0 {
			t.Fatalf("update: %s", strings.Join(errs, "\n"))
		}
		phase("updated")
		f.settle(t, check)
		if _, errs := f.operate(f.instances, (*instance).remove); len(errs) > 0 {
			t.Fatalf("delete: %s", strings.Join(errs, "\n"))
		}
		phase("deleted")
		n := 0
		f.settle(t, func(_ *member, state map[string]string) error {
			n++
			if diff := cmp.Diff(f.before[n-1], state); diff != "" {
				return fmt.Errorf("not what was before: -want +got:\n%s", diff)
			}
			return nil
		})
	})
}

// settle waits for the executions that no caller waits for, and then looks at every account.
func (f *fleet) settle(t *testing.T, look func(*member, map[string]string) error) {
	t.Helper()
	for _, m := range f.members {
		m.background.Wait()
		if err := look(m, m.account.State()); err != nil {
			t.Error(err)
		}
	}
}

// What an account costs in calls doesn't depend on how many there are.
func TestCallsDontGrowWithTheFleet(t *testing.T) {
	each := map[int]int{}
	for _, size := range []int{1, 10, 40} {
		synctest.Test(t, func(t *testing.T) {
			f := newFleet(size, faults{})
			for _, m := range f.members {
				// Without throttling, whose repetitions depend on chance.
				m.iamRate = newBucketOfTokens(1000, 1000)
			}
			for _, do := range []func(*instance) error{func(s *instance) error { return s.create(wanted(s, nil)) }, (*instance).remove} {
				if _, errs := f.operate(f.instances, do); len(errs) > 0 {
					t.Fatal(strings.Join(errs, "\n"))
				}
			}
			f.settle(t, func(*member, map[string]string) error { return nil })
			calls, _ := f.calls()
			each[size] = calls / size
			if calls%size != 0 {
				t.Errorf("%d calls of %d accounts", calls, size)
			}
		})
	}
	if each[1] != each[10] || each[1] != each[40] {
		t.Errorf("calls an account, by their number: %v", each)
	}
}
