package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestTune(t *testing.T) {
	percent, limit, procs := debug.SetGCPercent(100), debug.SetMemoryLimit(-1), runtime.GOMAXPROCS(0)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		runtime.GOMAXPROCS(procs)
	}()
	for _, c := range []struct {
		memory  string
		percent int
		limit   int64
		procs   int
	}{
		{"", 100, math.MaxInt64, 2}, {"much", 100, math.MaxInt64, 2}, {"0", 100, math.MaxInt64, 2},
		{"256", -1, 192 << 20, 1}, {"1769", -1, 1769 << 20 / 4 * 3, 2},
	} {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
		runtime.GOMAXPROCS(2)
		tune(c.memory)
		gotPercent := debug.SetGCPercent(100)
		if limit := debug.SetMemoryLimit(-1); gotPercent != c.percent || limit != c.limit || runtime.GOMAXPROCS(0) != c.procs {
			t.Errorf("%q: got %d %%, %d bytes, %d threads; want %+v", c.memory, gotPercent, limit, runtime.GOMAXPROCS(0), c)
		}
	}
}
