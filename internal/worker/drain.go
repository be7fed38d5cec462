package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

const (
	drainEntries = 1000     // that are stored together
	drainBytes   = 16 << 20 // of their bodies
	doneStep     = 50       // of them that are settled together, for which senders wait
	// drainGather is for more to come between two groups of fewer: what is stored
	// one by one takes twice the time of what is stored together.
	drainGather = 15 * time.Millisecond
)

// drains stores what the inbox receives, until ctx ends.
func (w *Worker) drains(ctx context.Context) {
	if w.Inbox == nil {
		return
	}
	pauses := drainPauses()
	for ctx.Err() == nil {
		n, err := w.drain(ctx)
		if err != nil {
			w.failed(ctx, "the inbox cannot be worked off, trying again", err)
			rest(ctx, pauses.NextBackOff(), nil)
			continue
		}
		pauses.Reset()
		switch {
		case n == 0:
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

// drain stores the oldest entries that wait, and says how many there were. Its error
// is of one of the databases: then they wait as they did.
func (w *Worker) drain(ctx context.Context) (n int, err error) {
	entries, err := w.Inbox.Waiting(ctx, drainEntries, drainBytes)
	if err != nil {
		return 0, err
	}
	n = len(entries)
	p := pass{opened: receivers{}}
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
		if err := w.storeOf(ctx, connection, these, &p); err != nil {
			return n, err
		}
		entries = others
	}
	return n, w.settleFailed(ctx, &p)
}

// drained is what an entry came to, as the inbox keeps it.
type drained struct {
	Taken   int      `json:"taken"`   // facts of it
	Refused int      `json:"refused"` // items of it that were wrong
	IDs     []string `json:"ids"`     // of the first of them

	fleeting bool // nothing is kept of the entry
}

const idsKept = 20

// storeOf stores entries of one connection, unless it is there no more.
func (w *Worker) storeOf(ctx context.Context, connection string, entries []inbox.Entry, p *pass) error {
	c, err := w.pushedTo(ctx, connection)
	if errors.Is(err, control.ErrNotFound) {
		for _, e := range entries {
			if err := w.Inbox.GiveUp(ctx, e.ID, "there is no connection "+connection+" any more"); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	return w.storeTogether(ctx, c, entries, p)
}

// storeTogether stores entries in one write, and one by one when that fails, so that
// one of them does not hold up the rest.
func (w *Worker) storeTogether(ctx context.Context, c control.Connection, entries []inbox.Entry, p *pass) error {
	batch := delivery.Batch{Connection: c.Name}
	outcomes := make([]drained, 0, len(entries))
	kept := entries[:0:0]
	for _, e := range entries {
		pushed, err := w.parse(ctx, &c, &e, p.opened)
		if err != nil {
			if err := w.unread(ctx, &e, err); err != nil {
				return err
			}
			continue
		}
		pushed.To(c.Name)
		outcomes = append(outcomes, take(&batch, &pushed, delivery.InstantOf(e.ReceivedAt)))
		kept = append(kept, e)
	}
	if len(kept) == 0 {
		return nil
	}
	w.settle(ctx, c, &batch)
	_, err := await(ctx, w, func() (delivery.Written, error) { return w.store.Write(ctx, batch) })
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil //nolint:nilerr // they wait for the next start
	case len(kept) > 1:
		for _, e := range kept {
			if err := w.storeTogether(ctx, c, []inbox.Entry{e}, p); err != nil {
				return err
			}
		}
		return nil
	default:
		p.failed = append(p.failed, failedEntry{kept[0], err})
		return nil
	}
	p.stored = true
	if len(batch.Deployments)+len(batch.Changes)+len(batch.Incidents) > 0 {
		w.DeploymentsChanged()
		w.complete(ctx, c, &batch)
	}
	var gone []int64
	done := make(map[int64]string, min(len(kept), doneStep))
	for i, e := range kept {
		if outcomes[i].fleeting {
			gone = append(gone, e.ID)
			continue
		}
		text, err := json.Marshal(outcomes[i])
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.ID, err)
		}
		if done[e.ID] = string(text); len(done) == doneStep {
			if err := w.Inbox.DoneAll(ctx, done); err != nil {
				return err
			}
			clear(done)
		}
	}
	if len(gone) > 0 {
		if err := w.Inbox.Drop(ctx, gone); err != nil {
			return err
		}
	}
	if len(done) == 0 {
		return nil
	}
	return w.Inbox.DoneAll(ctx, done)
}

// take adds to a batch what can be stored of a body that was received at an instant.
func take(b *delivery.Batch, p *source.Pushed, at delivery.Instant) drained {
	o := drained{fleeting: p.Fleeting}
	defer toldAt(b, len(b.Deployments), len(b.Incidents), at)
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
