package github

import (
	"context"
	"errors"
	"slices"

	"throughline/internal/delivery"
)

const (
	day = 24 * 3600 // seconds
	// changing is how long after its creation a run may be run again.
	changing = 30 * day
	// openFor is how far into the future the latest window goes: its search stays
	// the same, and so does the answer when there is nothing new.
	openFor = 30 * day
	// closeAt is how many runs a window has when another is begun.
	closeAt = 2 * perPage

	firstSpan = 60 * day // of history that is listed at once
	maxSpan   = 400 * day
	fewRuns   = 300 // in a window: the next may be longer
)

// changes asks for what may have changed of a repository.
func (p *pull) changes(ctx context.Context, r *repo) error {
	if err := p.again(ctx, r); err != nil {
		return err
	}
	p.progress.Phase = phaseChanges
	if r.Archived && r.Listed.Known() {
		return nil // nothing runs there
	}
	r.tend(p.began.Unix(), int64(p.initial.Seconds()))
	for i := 0; i < len(r.Windows); {
		w := &r.Windows[i]
		err := p.list(ctx, r, w)
		if errors.Is(err, errSplit) {
			newer, older := w.split(p.began.Unix())
			r.Windows = slices.Replace(r.Windows, i, i+1, newer, older)
			continue
		}
		if err != nil {
			return err
		}
		if i == 0 && w.Total >= closeAt && w.close() {
			r.Windows = slices.Insert(r.Windows, 0, window{From: w.To + 1, To: p.began.Unix() + openFor, Seen: w.Seen})
			i++
		}
		i++
	}
	r.Listed = delivery.InstantOf(p.began)
	return nil
}

// tend drops the windows in which nothing changes any more, and makes the latest
// one reach beyond now.
func (st *state) tend(now, initial int64) {
	st.Windows = slices.DeleteFunc(st.Windows, func(w window) bool {
		return w.Seen >= delivery.Instant((w.To+changing)*1000)
	})
	switch {
	case st.Back == 0:
		st.Back = now - min(changing, initial)
		st.Windows = []window{{From: st.Back, To: now + openFor}}
	case len(st.Windows) == 0: // a clock was set back
		st.Windows = []window{{From: now - changing, To: now + openFor}}
	case st.Windows[0].To < now:
		st.Windows = slices.Insert(st.Windows, 0, window{From: st.Windows[0].To + 1, To: now + openFor})
	}
}

// split halves a window that holds more runs than are shown.
func (w *window) split(now int64) (newer, older window) {
	end := min(w.To, now)
	middle := w.From + max(end-w.From, 0)/2
	return window{From: middle + 1, To: w.To, Seen: w.Seen}, window{From: w.From, To: middle, Seen: w.Seen}
}

// close ends a window when it was last read, and says whether it could.
func (w *window) close() bool {
	end := int64(w.Seen+seenSlack) / 1000
	if end <= w.From || end >= w.To {
		return false
	}
	w.To, w.ETags = end, nil // of another search
	return true
}

// history goes back through what was created before.
func (p *pull) history(ctx context.Context, r *repo) error {
	start := p.began.Unix() - int64(p.initial.Seconds())
	for r.Back > start {
		p.progress.Phase = phaseHistory
		if r.Span <= 0 {
			r.Span = firstSpan
		}
		if r.History == nil {
			r.History = &window{From: max(r.Back-r.Span, start), To: r.Back - 1}
		}
		w := r.History
		err := p.list(ctx, r, w)
		if errors.Is(err, errSplit) {
			newer, _ := w.split(w.To)
			r.History, r.Span = &newer, newer.To-newer.From+1
			continue
		}
		if err != nil {
			return err
		}
		if w.Total < fewRuns {
			r.Span = min(2*r.Span, maxSpan)
		}
		r.Back, r.History = w.From, nil
	}
	return nil
}
