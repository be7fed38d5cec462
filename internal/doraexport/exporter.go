package doraexport

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"throughline/internal/delivery"
	"throughline/internal/upkeep"
)

// Exporter keeps samples up with the facts. Its methods may be called from any
// goroutine; Update by one at a time.
type Exporter struct {
	facts  Facts
	setup  func(ctx context.Context) (Setup, error)
	memory Memory
	// Failed, unless nil, is told why an update in Run did not succeed.
	Failed func(error)

	upkeep  *upkeep.Upkeep[part]
	mu      sync.Mutex
	samples []Sample // ready made
	rebuilt bool     // they are of all facts

	// Of Update.
	digest string
	parts  map[part]counted
}

// New makes an exporter that has counted nothing yet. The setup is asked for at each
// update.
func New(facts Facts, setup func(ctx context.Context) (Setup, error), memory Memory) *Exporter {
	return &Exporter{facts: facts, setup: setup, memory: memory, upkeep: upkeep.New[part]()}
}

// Touched says that a batch was stored.
func (e *Exporter) Touched(b *delivery.Batch) {
	e.upkeep.Wake(partsOf(b)...)
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

// Run updates until ctx ends: soon after facts were stored, and now and then for what
// else it depends on.
func (e *Exporter) Run(ctx context.Context) { e.upkeep.Run(ctx, e.Update, e.Rebuilt, e.Failed) }

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
	parts := e.upkeep.Take()
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
		e.upkeep.Touch(parts...)
		return err
	}
	for p, c := range counts {
		known[p] = c
	}
	samples, err := e.raise(ctx, known, floor)
	if err != nil {
		e.upkeep.Touch(parts...)
		return err
	}
	e.digest, e.parts = digest, known
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples, e.rebuilt = samples, true
	return nil
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
