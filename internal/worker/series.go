package worker

import (
	"context"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

const (
	rollEvery   = time.Minute
	retireEvery = time.Hour
)

// rollsUp keeps the roll-ups of series up to date, and drops points that were kept long
// enough, until ctx ends.
func (w *Worker) rollsUp(ctx context.Context) {
	if w.Retention == nil {
		return
	}
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	var retired time.Time
	for {
		now := time.Now()
		_, err := await(ctx, w, func() (none struct{}, err error) {
			return none, w.store.RollUp(ctx, delivery.InstantOf(now))
		})
		if err == nil && now.Sub(retired) >= retireEvery {
			if err = w.retire(ctx, now); err == nil {
				retired = now
			}
		}
		if err != nil {
			w.failed(ctx, "series cannot be rolled up, trying again", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (w *Worker) retire(ctx context.Context, now time.Time) error {
	connections, err := w.db.Connections(ctx)
	if err != nil {
		return err
	}
	all := []control.Connection{}
	for _, c := range connections {
		if c.Kind == seriesKind {
			all = append(all, c)
		}
	}
	keep := delivery.DefaultRetention()
	for i, c := range all {
		own, err := w.Retention(c.Settings)
		if err != nil {
			w.failed(ctx, "settings of series cannot be used", err, "connection", c.Name)
			return nil // rather keep too much
		}
		if i == 0 {
			keep = own
		} else {
			keep = keep.Join(own)
		}
	}
	return w.store.Retire(ctx, keep, delivery.InstantOf(now))
}

// seriesKind is the kind of the connections that points come to.
const seriesKind = "series"
