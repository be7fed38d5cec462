package sentryexport

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"throughline/internal/delivery"
)

// Exporter keeps what is shown up with the facts. Its methods may be called from any
// goroutine; Update by one at a time.
type Exporter struct {
	facts Facts
	setup func(ctx context.Context) ([]Connection, error)
	// Failed, unless nil, is told why an update in Run did not succeed.
	Failed func(error)

	wake    chan struct{} // holds one: something was touched
	mu      sync.Mutex
	touched map[string]bool // connections
	shown   *shown          // ready made
	rebuilt bool

	// Of Update.
	connections []Connection
	loaded      map[string]*loaded
}

// New makes an exporter that has read nothing yet. The setup is asked for at each
// update.
func New(facts Facts, setup func(ctx context.Context) ([]Connection, error)) *Exporter {
	return &Exporter{facts: facts, setup: setup, wake: make(chan struct{}, 1), touched: map[string]bool{}, shown: &shown{}}
}

// Touched says that a batch was stored.
func (e *Exporter) Touched(b *delivery.Batch) {
	if len(b.ErrorGroups)+len(b.ErrorProjects) == 0 {
		return
	}
	e.touch(b.Connection)
	select {
	case e.wake <- struct{}{}:
	default: // it is awake
	}
}

func (e *Exporter) touch(connections ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range connections {
		e.touched[c] = true
	}
}

// Rebuilt reports whether what is shown is of all facts that there were.
func (e *Exporter) Rebuilt() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rebuilt
}

func (e *Exporter) now() *shown {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.shown
}

const (
	look = 10 * time.Second // at whether the setup has changed
	// While facts keep coming, an update takes at most a fifth of the time.
	minPause, maxPause, share = 500 * time.Millisecond, 15 * time.Second, 4
)

// Run updates until ctx ends: soon after facts were stored, and now and then as the
// setup may have changed.
func (e *Exporter) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := e.Update(ctx)
		if err != nil && ctx.Err() == nil && e.Failed != nil {
			e.Failed(err)
		}
		if !sleep(ctx, min(max(share*time.Since(began), minPause), maxPause), nil) {
			return
		}
		sleep(ctx, look, e.wake)
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

// Update reads the connections that were touched since the last time, or all when the
// setup has changed. What fails is read the next time.
func (e *Exporter) Update(ctx context.Context) error {
	connections, err := e.setup(ctx)
	if err != nil {
		return fmt.Errorf("what is shown of errors: %w", err)
	}
	touched := e.take()
	all := e.loaded == nil || !slices.EqualFunc(connections, e.connections, equal)
	if !all && len(touched) == 0 {
		return nil
	}
	before := e.loaded
	if all {
		before = nil
	}
	now, err := load(ctx, e.facts, connections, touched, before)
	if err != nil {
		e.touch(touched...)
		return err
	}
	e.connections, e.loaded = connections, now
	ready := newShown(connections, now)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shown, e.rebuilt = ready, true
	return nil
}

func equal(a, b Connection) bool {
	return a.Name == b.Name && a.Issues == b.Issues && a.Events == b.Events && a.RateLimits == b.RateLimits &&
		slices.Equal(a.Ages, b.Ages) && slices.Equal(a.Environments, b.Environments)
}

// take are the connections that were touched.
func (e *Exporter) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := slices.Collect(maps.Keys(e.touched))
	clear(e.touched)
	return out
}
