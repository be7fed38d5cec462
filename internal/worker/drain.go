package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	drainEntries = 1000     // that are stored together
	drainBytes   = 16 << 20 // of their bodies
	// drainGather is for more to come between two groups of fewer: what is stored
	// one by one takes twice the time of what is stored together.
	drainGather = 15 * time.Millisecond
	drainRetry  = time.Minute
	drainTries  = 5 // of an entry that cannot be stored, before it is given up
)

// drains stores what the inbox receives, until ctx ends.
func (w *Worker) drains(ctx context.Context) {
	if w.Inbox == nil {
		return
	}
	for ctx.Err() == nil {
		n, err := w.drain(ctx)
		if err != nil {
			w.failed(ctx, "the inbox cannot be worked off, trying again", err)
		}
		switch {
		case err != nil || n == 0:
			rest(ctx, maxIdle, w.Inbox.Added())
		case n < drainEntries:
			rest(ctx, drainGather, nil)
		}
	}
}

// rest ends with ctx, after d, or when something happens.
func rest(ctx context.Context, d time.Duration, something <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-something:
	case <-time.After(d):
	}
}

// drain stores the oldest entries that wait, and says how many there were.
func (w *Worker) drain(ctx context.Context) (n int, err error) {
	entries, err := w.Inbox.Waiting(ctx, drainEntries, drainBytes)
	if err != nil {
		return 0, err
	}
	n = len(entries)
	opened := receivers{}
	// Of one connection at a time, as batches are.
	for len(entries) > 0 && ctx.Err() == nil {
		connection := entries[0].Connection
		var these, others []inbox.Entry
		for _, e := range entries {
			if e.Connection == connection {
				these = append(these, e)
			} else {
				others = append(others, e)
			}
		}
		if err := w.storeOf(ctx, connection, these, opened); err != nil {
			return n, err
		}
		entries = others
	}
	return n, nil
}

// drained is what an entry came to, as the inbox keeps it.
type drained struct {
	Taken   int      `json:"taken"`   // facts of it
	Refused int      `json:"refused"` // items of it that were wrong
	IDs     []string `json:"ids"`     // of the first of them
}

const idsKept = 20

// storeOf stores entries of one connection together, and one by one when that
// fails, so that one of them does not hold up the rest. A store that does not answer
// is waited for, whatever the time: that is no fault of theirs.
func (w *Worker) storeOf(ctx context.Context, connection string, entries []inbox.Entry, opened receivers) error {
	batch := delivery.Batch{Connection: connection}
	outcomes := make([]drained, 0, len(entries))
	kept := entries[:0:0]
	for _, e := range entries {
		pushed, err := w.parse(ctx, &e, opened)
		if err != nil {
			if err := w.unread(ctx, &e, err); err != nil {
				return err
			}
			continue
		}
		outcomes = append(outcomes, take(&batch, &pushed))
		kept = append(kept, e)
	}
	if len(kept) == 0 {
		return nil
	}
	_, err := await(ctx, w, func() (delivery.Written, error) { return w.store.Write(ctx, batch) })
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil //nolint:nilerr // they wait for the next start
	case len(kept) > 1:
		for _, e := range kept {
			if err := w.storeOf(ctx, connection, []inbox.Entry{e}, opened); err != nil {
				return err
			}
		}
		return nil
	default:
		return w.postpone(ctx, &kept[0], err)
	}
	done := make(map[int64]string, len(kept))
	for i, e := range kept {
		text, err := json.Marshal(outcomes[i])
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.ID, err)
		}
		done[e.ID] = string(text)
	}
	return w.Inbox.DoneAll(ctx, done)
}

// take adds to a batch what can be stored of a body.
func take(b *delivery.Batch, p *source.Pushed) drained {
	var o drained
	for _, item := range p.Items {
		if item.Err != nil {
			o.Refused++
			continue
		}
		item.Add(b)
		o.Taken++
		if len(o.IDs) < idsKept {
			o.IDs = append(o.IDs, item.ID)
		}
	}
	return o
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
