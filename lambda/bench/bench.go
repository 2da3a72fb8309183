package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"personalize-role/lambda/internal/sharedpolicy"
)

// sizes are Lambda's memory sizes to measure at, in MB.
var sizes = []int{128, 256, 512, 1024}

// bench is one run.
type bench struct {
	rounds                              int
	dist, peers, docs, only             string
	unconfined                          bool
	work                                string
	authority                           *authority
	ours, serial, node, python, nothing function
	zips                                map[string]int64
}

func (b *bench) run() (err error) {
	if b.work, err = os.MkdirTemp("", "bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.authority, err = newAuthority(); err != nil {
		return err
	}
	if err := b.findFunctions(); err != nil {
		return err
	}
	r := newReport(b)
	parts := []struct {
		name    string
		measure func(*report) error
	}{{"cold", b.measureColdStarts}, {"create", b.measureColdCreates}, {"buckets", b.measureBuckets}, {"depth", b.measureDepth}}
	for _, part := range parts {
		if b.only != "" && b.only != part.name {
			continue
		}
		if err := part.measure(r); err != nil {
			return fmt.Errorf("measure %s: %w", part.name, err)
		}
	}
	if b.only != "" {
		text, err := r.text()
		fmt.Print(text)
		return err
	}
	return r.write()
}

// measureColdStarts measures from exec to the first question for an event.
func (b *bench) measureColdStarts(r *report) error {
	for range b.rounds {
		for _, f := range append(b.picked(), b.nothing) {
			err := b.with(f, limits{}, 0, func(_ *process, ready time.Duration) error {
				r.addColdStart(f.name, ready)
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// callLatency is how long a call takes in the cold Create.
const callLatency = 30 * time.Millisecond

// measureColdCreates measures a first Create, from exec to the answer, with one bucket.
func (b *bench) measureColdCreates(r *report) error {
	for range b.rounds {
		for _, megabytes := range b.memory() {
			for _, f := range b.picked() {
				if err := b.coldCreate(r, f, megabytes, 1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measureBuckets measures a first Create with many buckets, in a third of the rounds: it takes minutes.
func (b *bench) measureBuckets(r *report) error {
	for range max(1, b.rounds/3) {
		for _, megabytes := range b.memory() {
			for _, count := range counts[1:] {
				for _, f := range []function{b.ours, b.serial} {
					if err := b.coldCreate(r, f, megabytes, count); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// memory is what to measure at; 0 is a whole machine.
func (b *bench) memory() []int {
	if b.unconfined {
		return []int{0}
	}
	return sizes
}

func (b *bench) coldCreate(r *report, f function, megabytes, count int) error {
	err := b.with(f, limits{megabytes}, callLatency, func(p *process, _ time.Duration) error {
		p.addBuckets(count)
		answered, err := p.invoke(p.event("Create", "", desired{buckets: bucketNames(count)}, nil))
		if err != nil {
			return err
		}
		peak, err := p.peak()
		if err != nil {
			return err
		}
		cpu, err := p.cpu()
		r.addColdCreate(createKey{f.name, megabytes, count}, answered.at.Sub(p.started)-b.chosen(f, true), cpu, peak)
		return err
	})
	if err != nil {
		return fmt.Errorf("at %d MB, %s: %w", megabytes, buckets(count), err)
	}
	return nil
}

// chosen is the time that a function waits by choice where it writes policies of buckets; it is told of apart.
func (b *bench) chosen(f function, writesBuckets bool) time.Duration {
	if f.name == b.ours.name && writesBuckets {
		return sharedpolicy.Quiet
	}
	return 0
}

// with runs a function in a cloud of its own.
func (b *bench) with(f function, l limits, latency time.Duration, do func(p *process, ready time.Duration) error) error {
	c, err := newCloud(b.authority, latency)
	if err != nil {
		return err
	}
	defer c.close()
	p, ready, err := start(f, c, l)
	if err != nil {
		return err
	}
	defer p.kill()
	if err := do(p, ready); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

// physicalID returns the id in an answer.
func physicalID(body string) (string, error) {
	var r struct {
		ID string `json:"PhysicalResourceId"`
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return "", err
	}
	if r.ID == "" {
		return "", errors.New("an answer has no PhysicalResourceId")
	}
	return r.ID, nil
}

// picked are the functions that a user can pick.
func (b *bench) picked() []function { return []function{b.ours, b.serial, b.node, b.python} }
