package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Graph runs do(n) for each n, after those that after[n] lists, side by side where it can. At the first error no further
// one starts, and those under way are waited for. A panic comes out in the caller's goroutine, where it can be recovered.
func Graph(after [][]int, do func(n int) error) error {
	var (
		wait   sync.WaitGroup
		mutex  sync.Mutex
		failed error
		crash  any
		done   = make([]chan struct{}, len(after))
	)
	for n := range done {
		done[n] = make(chan struct{})
	}
	stopped := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return failed != nil || crash != nil
	}
	for n := range after {
		wait.Go(func() {
			defer close(done[n])
			for _, before := range after[n] {
				<-done[before]
			}
			if stopped() {
				return
			}
			defer func() {
				if v := recover(); v != nil {
					mutex.Lock()
					crash = fmt.Sprintf("%v\n%s", v, debug.Stack())
					mutex.Unlock()
				}
			}()
			if err := do(n); err != nil {
				mutex.Lock()
				if failed == nil {
					failed = err
				}
				mutex.Unlock()
			}
		})
	}
	wait.Wait()
	if crash != nil {
		panic(crash)
	}
	return failed
}

// Together runs functions side by side, and returns the first error; a panic comes out in the caller's goroutine.
func Together(fns ...func() error) error {
	return Graph(make([][]int, len(fns)), func(n int) error { return fns[n]() })
}
