package main

import (
	"runtime"
	"runtime/debug"
	"strconv"
)

// megabytesPerCore is the memory at which Lambda gives a function a whole core; with less, a second thread only switches. See
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const megabytesPerCore = 1769

// tune fits Go's runtime to a function's memory in MB, if it is known. An event leaves some megabytes of garbage: collecting them
// costs a small function more time than all else that isn't waiting, so that nothing is collected before three quarters of the
// memory are in use. docs/benchmarks.md has the figures.
func tune(memory string) {
	megabytes, err := strconv.ParseInt(memory, 10, 64)
	if err != nil || megabytes <= 0 {
		return
	}
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(megabytes << 20 / 4 * 3)
	if megabytes < megabytesPerCore {
		runtime.GOMAXPROCS(1)
	}
}
