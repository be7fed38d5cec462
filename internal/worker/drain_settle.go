package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	drainRetry    = time.Minute
	drainTries    = 5                // of an entry that cannot be stored, before it is given up
	maxDrainPause = 50 * time.Second // and by chance a fifth more
)

// drainPauses are those between passes that fail, each longer than the one before,
// by chance a little more or less.
func drainPauses() *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.Multiplier, pauses.MaxInterval = time.Second, 2, maxDrainPause
	pauses.RandomizationFactor = 0.2
	return pauses
}

// pass is what came of entries that were read together.
type pass struct {
	opened receivers
	stored bool // something of it
	failed []failedEntry
}

type failedEntry struct {
	entry inbox.Entry
	cause error
}

// settleFailed says what becomes of entries that the store did not take, each on its
// own. Where it took others it is fine, and the fault is theirs; where it took
// nothing, its disk may be full, and they wait without a try being counted.
func (w *Worker) settleFailed(ctx context.Context, p *pass) error {
	if len(p.failed) == 0 {
		return nil
	}
	if !p.stored {
		return fmt.Errorf("the fact store takes nothing of %d entries: %w", len(p.failed), p.failed[0].cause)
	}
	for i := range p.failed {
		if err := w.postpone(ctx, &p.failed[i].entry, p.failed[i].cause); err != nil {
			return err
		}
	}
	return nil
}

// postpone puts off an entry that cannot be stored, in the end for good: it can
// be replayed.
func (w *Worker) postpone(ctx context.Context, e *inbox.Entry, cause error) error {
	w.failed(ctx, "what was pushed cannot be stored", cause, "entry", e.ID, "connection", e.Connection, "kind", e.Kind)
	if e.Attempts+1 >= drainTries {
		return w.Inbox.GiveUp(ctx, e.ID, cause.Error())
	}
	return w.Inbox.Failed(ctx, e.ID, cause.Error(), time.Now().Add(drainRetry))
}

// pushedTo is the connection that entries came to. Those that are always there need
// not have been made. ErrNotFound: it was deleted.
func (w *Worker) pushedTo(ctx context.Context, name string) (control.Connection, error) {
	c, err := w.db.Connection(ctx, name)
	if errors.Is(err, control.ErrNotFound) && control.BuiltIn(name) {
		return control.Connection{Name: name, Kind: name}, nil
	}
	return c, err
}

// settle changes what was pushed as the settings of its connection say. They were
// checked when they were saved: should they be of no use all the same, what came is
// stored as it is.
func (w *Worker) settle(ctx context.Context, c control.Connection, b *delivery.Batch) {
	i := slices.IndexFunc(w.kinds, func(k source.Kind) bool { return k.Name == c.Kind })
	if i < 0 || w.kinds[i].Settle == nil {
		return
	}
	if err := w.kinds[i].Settle(c.Settings, b); err != nil {
		w.failed(ctx, "settings of what is pushed cannot be used", err, "connection", c.Name)
	}
}
