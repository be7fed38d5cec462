package worker

import (
	"context"
	"time"

	"throughline/internal/control"
)

const (
	// soonGather is for more hooks to come before a pull completes what they told.
	soonGather = 5 * time.Second
	// soonApart is between two such pulls: in a busy hour hooks never cease.
	soonApart = time.Minute
	// soonAgain is how long nobody is told twice of the same wish. It is shorter than
	// soonGather, so that none is lost when the pull begins.
	soonAgain = 2 * time.Second
)

// pullSoon makes a connection due that hooks told something of which a pull knows
// more.
func (w *Worker) pullSoon(ctx context.Context, c control.Connection) {
	now := time.Now()
	if last, ok := w.hurried[c.Name]; ok && now.Sub(last) < soonAgain {
		return
	}
	w.hurried[c.Name] = now
	if err := w.db.PullSoon(ctx, c.Name, now.Add(soonGather), soonApart); err != nil {
		w.failed(ctx, "what hooks told is completed by the next regular sync only", err, "connection", c.Name)
		return
	}
	w.Poke()
}
