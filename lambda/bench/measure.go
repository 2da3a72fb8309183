package main

import (
	"slices"
	"time"
)

// series are the measurements of one thing.
type series []time.Duration

func (s series) median() time.Duration { return s.at(50) }

// at returns a percentile.
func (s series) at(percent int) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[(len(sorted)-1)*percent/100]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
