// Package upkeep keeps what is made of facts up with them: what was touched is made
// anew soon, and never more often than it takes.
package upkeep

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// look is how often it is looked whether anything else has changed.
	look = 10 * time.Second
	// While facts keep coming, an update takes at most a fifth of the time, unless it
	// takes very long.
	minPause, maxPause, share = 500 * time.Millisecond, 15 * time.Second, 4
)

// Upkeep remembers what was touched. Its methods may be called from any goroutine.
type Upkeep[K comparable] struct {
	mu      sync.Mutex
	touched map[K]bool
	wake    chan struct{} // holds one: something was touched
}

// New is an Upkeep of which nothing was touched.
func New[K comparable]() *Upkeep[K] {
	return &Upkeep[K]{touched: map[K]bool{}, wake: make(chan struct{}, 1)}
}

// Touch says what is to be made anew, without making anybody do it now.
func (u *Upkeep[K]) Touch(keys ...K) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, k := range keys {
		u.touched[k] = true
	}
}

// Wake is Touch for Run to go on.
func (u *Upkeep[K]) Wake(keys ...K) {
	if len(keys) == 0 {
		return
	}
	u.Touch(keys...)
	select {
	case u.wake <- struct{}{}:
	default: // it is awake
	}
}

// Take is what was touched since the last time, in no order.
func (u *Upkeep[K]) Take() []K {
	u.mu.Lock()
	defer u.mu.Unlock()
	keys := slices.Collect(maps.Keys(u.touched))
	clear(u.touched)
	return keys
}

// Run calls update until ctx ends: at once, soon after something was touched, and now
// and then for what else it depends on. One that fails, or is not done, is called again
// after a pause. failed, unless nil, is told of errors.
func (u *Upkeep[K]) Run(ctx context.Context, update func(context.Context) error, done func() bool, failed func(error)) {
	for ctx.Err() == nil {
		began := time.Now()
		err := update(ctx)
		if err != nil && ctx.Err() == nil && failed != nil {
			failed(err)
		}
		if !sleep(ctx, min(max(share*time.Since(began), minPause), maxPause), nil) {
			return
		}
		if err != nil || done() {
			sleep(ctx, look, u.wake)
		}
	}
}

// sleep is over after d, or when it is woken; false when ctx ended.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}
