package worker

import (
	"context"
	"sync"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

const (
	// completeAfter is for the other hooks of what happens to come, completeEvery the
	// least time between two such pulls: each asks for more than what a hook told of.
	completeAfter = 2 * time.Second
	completeEvery = time.Minute
)

// completions are the last pulls that were asked for to complete what hooks told, by
// connection.
type completions struct {
	mu   sync.Mutex
	last map[int64]time.Time
}

// next is when a pull of a connection may complete something; ok is false while one
// is asked for already.
func (c *completions) next(id int64, now time.Time) (at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.last[id]
	if last.After(now) {
		return last, false
	}
	at = now.Add(completeAfter)
	if soonest := last.Add(completeEvery); soonest.After(at) {
		at = soonest
	}
	if c.last == nil {
		c.last = map[int64]time.Time{}
	}
	c.last[id] = at
	return at, true
}

// complete has a connection pulled soon when a batch of its hooks tells only a part of
// what there is to know.
func (w *Worker) complete(ctx context.Context, c control.Connection, b *delivery.Batch) {
	if c.Pushed() || len(b.Deployments)+len(b.Changes) == 0 {
		return
	}
	at, ok := w.completing.next(c.ID, time.Now())
	if !ok {
		return
	}
	if err := w.db.RunBy(ctx, c.ID, at); err != nil {
		w.failed(ctx, "a pull cannot be asked for", err, "connection", c.Name)
		return
	}
	time.AfterFunc(time.Until(at), w.Poke)
}
