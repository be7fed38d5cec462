package doraexport

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"throughline/internal/delivery"
)

// Exporter keeps samples up with the facts. Its methods may be called from any
// goroutine; Update by one at a time.
type Exporter struct {
	facts  Facts
	setup  func(ctx context.Context) (Setup, error)
	memory Memory
	// Failed, unless nil, is told why an update in Run did not succeed.
	Failed func(error)

	wake    chan struct{} // holds one: something was touched
	mu      sync.Mutex
	touched map[part]bool
	samples []Sample // ready made
	rebuilt bool     // they are of all facts

	// Of Update.
	digest string
	parts  map[part]counted
}

// New makes an exporter that has counted nothing yet. The setup is asked for at each
// update.
func New(facts Facts, setup func(ctx context.Context) (Setup, error), memory Memory) *Exporter {
	return &Exporter{facts: facts, setup: setup, memory: memory, wake: make(chan struct{}, 1), touched: map[part]bool{}}
}

// Touched says that a batch was stored.
func (e *Exporter) Touched(b *delivery.Batch) {
	parts := partsOf(b)
	if len(parts) == 0 {
		return
	}
	e.touch(parts)
	select {
	case e.wake <- struct{}{}:
	default: // it is awake
	}
}

func (e *Exporter) touch(parts []part) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range parts {
		e.touched[p] = true
	}
}

// Samples are all that there are, by family and labels, ready made. They must not be
// changed.
func (e *Exporter) Samples() []Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.samples
}

// Rebuilt reports whether the samples are of all facts that there were.
func (e *Exporter) Rebuilt() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rebuilt
}

const (
	// look is how often it is looked whether the setup has changed.
	look = 10 * time.Second
	// While facts keep coming, an update takes at most a fifth of the time, unless it
	// takes very long.
	minPause, maxPause, share = 500 * time.Millisecond, 15 * time.Second, 4
)

// Run updates until ctx ends: soon after facts were stored, and now and then for what
// else it depends on.
func (e *Exporter) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		err := e.Update(ctx)
		if err != nil && ctx.Err() == nil && e.Failed != nil {
			e.Failed(err)
		}
		pause := min(max(share*time.Since(began), minPause), maxPause)
		if !sleep(ctx, pause, nil) {
			return
		}
		if err != nil || e.Rebuilt() {
			sleep(ctx, look, e.wake)
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

// Update counts what was touched since the last time, or everything the first time and
// when the setup has changed, and makes the samples of it. What fails is counted the
// next time.
func (e *Exporter) Update(ctx context.Context) error {
	setup, err := e.setup(ctx)
	if err != nil {
		return fmt.Errorf("what is counted: %w", err)
	}
	kept, err := e.memory.Load(ctx)
	if err != nil {
		return fmt.Errorf("what was counted: %w", err)
	}
	floor := floorOf(kept)
	digest := setup.digest() + floor.digest()
	parts := e.take()
	known := e.parts
	if digest != e.digest || known == nil {
		known = map[part]counted{}
		if parts, err = allParts(ctx, e.facts, &setup); err != nil {
			return err
		}
	} else if len(parts) == 0 {
		return nil
	}
	counts, err := countParts(ctx, e.facts, &setup, floor.taken, parts)
	if err != nil {
		e.touch(parts)
		return err
	}
	for p, c := range counts {
		known[p] = c
	}
	samples, err := e.raise(ctx, known, floor)
	if err != nil {
		e.touch(parts)
		return err
	}
	e.digest, e.parts = digest, known
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples, e.rebuilt = samples, true
	return nil
}

// take are the parts that were touched.
func (e *Exporter) take() []part {
	e.mu.Lock()
	defer e.mu.Unlock()
	var parts []part
	for p := range e.touched {
		parts = append(parts, p)
	}
	clear(e.touched)
	return parts
}

func countParts(ctx context.Context, facts Facts, setup *Setup, taken map[string]delivery.Instant, parts []part) (map[part]counted, error) {
	out := make(map[part]counted, len(parts))
	for _, p := range parts {
		if !p.within(setup) {
			continue
		}
		c := newCounter(setup, taken)
		if err := p.count(ctx, facts, c); err != nil {
			return nil, err
		}
		out[p] = c.out
	}
	return out, nil
}

// raise makes samples of what parts come to, and keeps what has risen before it is
// shown: what was shown once is never shown less again.
func (e *Exporter) raise(ctx context.Context, parts map[part]counted, f floor) ([]Sample, error) {
	total := counted{}
	for _, c := range parts {
		total.merge(c)
	}
	samples, risen := f.raise(total)
	if err := e.memory.Save(ctx, risen); err != nil {
		return nil, fmt.Errorf("keep what was counted: %w", err)
	}
	slices.SortFunc(samples, func(a, b Sample) int {
		if c := strings.Compare(a.Family, b.Family); c != 0 {
			return c
		}
		return slices.Compare(a.Labels, b.Labels)
	})
	return samples, nil
}
