package handler

import (
	"errors"
	"sync"

	"github.com/aws/smithy-go"
)

// fault is a way for a call to fail.
type fault struct {
	name string
	// before and after are the answers in place of the call and after its effect.
	before, after error
	// gone: the process ends there, and answers nothing.
	gone bool
}

var errCut = errors.New("read tcp: connection reset by peer")

var faults = []fault{
	{name: "throttled", before: &smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}},
	{name: "denied", before: &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"}},
	{name: "cut before", before: errCut},
	{name: "cut after", after: errCut},
	{name: "gone before", before: errCut, gone: true},
	{name: "gone after", after: errCut, gone: true},
}

// failAt makes the k-th call from now on fail, and reports whether it came to that. The rest of a process that is gone
// fails too, and its answer gets lost.
func (r *rig) failAt(k int, f fault) (hit *bool) {
	var mutex sync.Mutex
	hit = new(bool)
	n := 0
	r.world.SetHook(func(string) (before, after error) {
		mutex.Lock()
		defer mutex.Unlock()
		n++
		switch {
		case n == k:
			*hit = true
			if f.gone {
				r.setUnreachable(true)
			}
			return f.before, f.after
		case n > k && f.gone:
			return errCut, nil
		}
		return nil, nil
	})
	return hit
}

func (r *rig) heal() {
	r.world.SetHook(nil)
	r.setUnreachable(false)
}

func (r *rig) setUnreachable(v bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.unreachable = v
}
