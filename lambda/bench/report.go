package main

import (
	"fmt"
	"strings"
	"time"
)

type createKey struct {
	function  string
	megabytes int
}

type depthKey struct {
	function, step string
	count          int
}

// report collects what is measured.
type report struct {
	*bench
	coldStarts  map[string]series
	coldCreates map[createKey]series
	peaks       map[string]int64
	cpus        map[string]series
	depths      map[depthKey]series
}

func (r *report) addColdStart(function string, took time.Duration) {
	if r.coldStarts == nil {
		r.coldStarts = map[string]series{}
	}
	r.coldStarts[function] = append(r.coldStarts[function], took)
}

func (r *report) addColdCreate(function string, megabytes int, took, cpu time.Duration, peak int64) {
	if r.coldCreates == nil {
		r.coldCreates, r.peaks = map[createKey]series{}, map[string]int64{}
		r.cpus = map[string]series{}
	}
	key := createKey{function, megabytes}
	r.coldCreates[key] = append(r.coldCreates[key], took)
	r.cpus[function] = append(r.cpus[function], cpu)
	r.peaks[function] = max(r.peaks[function], peak)
}

func (r *report) addDepth(function, step string, count int, took time.Duration) {
	if r.depths == nil {
		r.depths = map[depthKey]series{}
	}
	key := depthKey{function, step, count}
	r.depths[key] = append(r.depths[key], took)
}

func (r *report) text() string {
	var b strings.Builder
	for k, s := range r.coldStarts {
		fmt.Fprintf(&b, "cold %s %v\n", k, s.median())
	}
	for k, s := range r.coldCreates {
		fmt.Fprintf(&b, "create %v %v peak %d cpu %v\n", k, s.median(), r.peaks[k.function], r.cpus[k.function].median())
	}
	for _, st := range life {
		for k, s := range r.depths {
			if k.step == st.name {
				fmt.Fprintf(&b, "depth %v %v\n", k, s.median())
			}
		}
	}
	return b.String()
}

func (r *report) write(string) error { fmt.Print(r.text()); return nil }
