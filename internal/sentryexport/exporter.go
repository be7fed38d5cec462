package sentryexport

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"throughline/internal/delivery"
	"throughline/internal/upkeep"
)

// Exporter keeps what is shown up with the facts. Its methods may be called from any
// goroutine; Update by one at a time.
type Exporter struct {
	facts Facts
	setup func(ctx context.Context) ([]Connection, error)
	// Failed, unless nil, is told why an update in Run did not succeed.
	Failed func(error)

	upkeep  *upkeep.Upkeep[string] // of connections
	mu      sync.Mutex
	shown   *shown // ready made
	rebuilt bool

	// Of Update.
	connections []Connection
	loaded      map[string]*loaded
}

// New makes an exporter that has read nothing yet. The setup is asked for at each
// update.
func New(facts Facts, setup func(ctx context.Context) ([]Connection, error)) *Exporter {
	return &Exporter{facts: facts, setup: setup, upkeep: upkeep.New[string](), shown: &shown{}}
}

// Touched says that a batch was stored.
func (e *Exporter) Touched(b *delivery.Batch) {
	if len(b.ErrorGroups)+len(b.ErrorProjects) > 0 {
		e.upkeep.Wake(b.Connection)
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

// Run updates until ctx ends: soon after facts were stored, and now and then as the
// setup may have changed.
func (e *Exporter) Run(ctx context.Context) { e.upkeep.Run(ctx, e.Update, e.Rebuilt, e.Failed) }

// Update reads the connections that were touched since the last time, or all when the
// setup has changed. What fails is read the next time.
func (e *Exporter) Update(ctx context.Context) error {
	connections, err := e.setup(ctx)
	if err != nil {
		return fmt.Errorf("what is shown of errors: %w", err)
	}
	touched := e.upkeep.Take()
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
		e.upkeep.Touch(touched...)
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
