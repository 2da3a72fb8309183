package parallel

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestGraphKeepsTheOrder(t *testing.T) {
	var (
		mutex sync.Mutex
		order []int
		now   atomic.Int32
		most  atomic.Int32
	)
	after := make([][]int, 40)
	after[39] = []int{0, 38}
	after[38] = []int{1}
	err := Graph(after, func(n int) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		time.Sleep(time.Millisecond)
		mutex.Lock()
		defer mutex.Unlock()
		order = append(order, n)
		return nil
	})
	at := map[int]int{}
	for place, n := range order {
		at[n] = place
	}
	if err != nil || len(order) != 40 || at[39] < at[38] || at[39] < at[0] || at[38] < at[1] {
		t.Errorf("order %v, %v", order, err)
	}
	if most.Load() < 2 {
		t.Errorf("%d at once, want more", most.Load())
	}
}

func TestGraphStopsAtAnError(t *testing.T) {
	want := errors.New("x")
	ran := atomic.Int32{}
	err := Graph([][]int{nil, {0}, {1}}, func(int) error {
		ran.Add(1)
		return want
	})
	if !errors.Is(err, want) || ran.Load() != 1 {
		t.Errorf("got %v after %d steps", err, ran.Load())
	}
}

func TestPanicsComeOutInTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = Together(func() error { return Together(func() error { panic("x") }) }, func() error { return nil })
}
