package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// depthLatency is how long a call takes where depth is measured, so long that nothing else counts.
const depthLatency = 50 * time.Millisecond

// counts are the numbers of buckets to measure with.
var counts = []int{1, 10, 50}

// step is one event of a role's life.
type step struct {
	name, request string
	// next returns the properties, from those before and the number of buckets.
	next func(before desired, count int) desired
	// calls is the number of calls one after the other that the dependencies leave, the answer included. See
	// docs/adr/0010-dependencies.md.
	calls int
	// quiet: the step writes policies of buckets, which are looked at again after a while.
	quiet bool
	// peers take this step too.
	peers bool
}

func same(before desired, _ int) desired { return before }

var life = []step{
	{name: "Create", request: "Create", calls: 5, quiet: true, peers: true, next: func(_ desired, count int) desired {
		return desired{buckets: bucketNames(count)}
	}},
	{name: "Update that changes nothing", request: "Update", calls: 2, next: same},
	{name: "Update of the role", request: "Update", calls: 4, next: func(before desired, _ int) desired {
		before.description, before.session = "changed", "7200"
		return before
	}},
	{name: "Update of the trust", request: "Update", calls: 4, quiet: true, next: func(before desired, _ int) desired {
		before.regions = []string{"eu-west-1", "eu-central-1"}
		return before
	}},
	{name: "Update that adds a bucket", request: "Update", calls: 4, quiet: true, peers: true, next: func(before desired, count int) desired {
		before.buckets = bucketNames(count + 1)
		return before
	}},
	{name: "Update that drops a bucket", request: "Update", calls: 5, quiet: true, peers: true, next: func(before desired, count int) desired {
		before.buckets = bucketNames(count)
		return before
	}},
	{name: "Update of every statement", request: "Update", calls: 4, quiet: true, next: func(before desired, _ int) desired {
		before.uses = []string{"DatasetImport", "BatchInference"}
		return before
	}},
	{name: "Delete", request: "Delete", calls: 4, quiet: true, peers: true, next: same},
}

// measureDepth measures the events of a role's life by a function that is warm.
func (b *bench) measureDepth(r *report) error {
	for range b.rounds {
		for _, functions := range [][]function{{b.ours}, {b.serial, b.node, b.python}} {
			for _, counts := range [][]int{counts[:2], counts[2:]} {
				if err := b.liveAtOnce(r, functions, counts); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// liveAtOnce measures several functions and sizes side by side: what they do is waiting.
func (b *bench) liveAtOnce(r *report, functions []function, counts []int) error {
	var (
		wait   sync.WaitGroup
		mutex  sync.Mutex
		failed error
	)
	for _, f := range functions {
		for _, count := range counts {
			wait.Go(func() {
				times, err := b.live(f, count)
				mutex.Lock()
				defer mutex.Unlock()
				failed = errors.Join(failed, err)
				for name, took := range times {
					r.addDepth(f.name, name, count, took)
				}
			})
		}
	}
	wait.Wait()
	return failed
}

// live takes a function through a role's life, and returns how long each step took.
func (b *bench) live(f function, count int) (map[string]time.Duration, error) {
	times := map[string]time.Duration{}
	err := b.with(f, limits{}, depthLatency, func(p *process, _ time.Duration) error {
		p.addBuckets(count + 1)
		// The connections are there already where a function is warm; one that makes one call at a time has one.
		warm := desired{buckets: bucketNames(1)}
		if f.name == b.ours.name {
			// Reading is enough, and nothing has to be verified then.
			warm = desired{buckets: bucketNames(count), readOnly: true}
		}
		if err := warmUp(p, warm); err != nil {
			return err
		}
		before, id := desired{}, ""
		for _, s := range life {
			if !s.peers && f.name != b.ours.name {
				continue
			}
			now := s.next(before, count)
			began := time.Now()
			got, err := p.invoke(p.event(s.request, id, now, &before))
			if err != nil {
				return fmt.Errorf("%s, %d buckets: %w", s.name, count, err)
			}
			times[s.name] = got.at.Sub(began) - b.chosen(f, s.quiet)
			before = now
			if id, err = physicalID(got.body); err != nil {
				return err
			}
		}
		return nil
	})
	return times, err
}

func warmUp(p *process, d desired) error {
	got, err := p.invoke(p.event("Create", "", d, nil))
	if err != nil {
		return err
	}
	id, err := physicalID(got.body)
	if err != nil {
		return err
	}
	_, err = p.invoke(p.event("Delete", id, d, nil))
	return err
}
