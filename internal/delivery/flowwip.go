package delivery

import (
	"context"
	"sort"
)

// WIP is the work in progress: issues from their first active entry on while they are
// open, whatever their status since. It is that of Aging without the issues.
type WIP struct {
	Sample                  // in progress now
	Percentiles             // of their ages in seconds by the query's clock
	Finished    Percentiles // cycle time of the issues closed in the range
	Late        int         // those older than the p85 of that, 0 when there is none
	// InProgress is how many there were at the end of each bucket of the range that
	// has begun, the last of which ends now if it has not yet.
	InProgress []int
	Before     Percentiles // of the ages at the beginning of the range
}

// WIPOf asks for the work in progress, now and over a range.
func WIPOf(ctx context.Context, s LivesStore, q FlowQuery) (WIP, error) {
	w := wip{query: &q}
	w.Sample = q.sample()
	known := q.KnownTo(q.Now)
	for _, b := range q.buckets() {
		if b.Start < known {
			w.ends = append(w.ends, min(b.End, known))
		}
	}
	w.changes = make([]int, len(w.ends)+1)
	err := s.Lives(ctx, q, func(lives Lives) error {
		want := LivesWanted{CreatedBefore: q.Now, Open: true, ClosedFrom: q.From, ClosedTo: Forever, Stays: true}
		return lives.Each(ctx, want, w.add)
	})
	if err != nil {
		return WIP{}, err
	}
	w.finish()
	return w.WIP, nil
}

// wip adds issues up.
type wip struct {
	WIP
	query                   *FlowQuery
	ends                    []Instant // of the buckets that have begun
	changes                 []int     // of InProgress from bucket to bucket
	ages, earlier, finished []int64
}

func (w *wip) add(l *Life) {
	q := w.query
	c := q.calendarIn(l.Queue)
	switch {
	case l.IsClosed():
		if l.ClosedAt < q.To && l.reason() == "" {
			w.finished = append(w.finished, q.cycleMillis(l)/msPerSecond)
		}
	default:
		if age, _, started := q.wipAge(l); started {
			w.Sample.N++
			w.ages = append(w.ages, age)
		} else {
			w.Excluded[NotStarted]++
		}
	}
	if !l.FirstActiveAt.Known() {
		return
	}
	for i := l.firstActive(); i < len(l.Stays); i++ {
		s := &l.Stays[i]
		if s.Class == Closed {
			continue
		}
		w.changes[w.from(s.Start)]++
		if s.End.Known() {
			w.changes[w.from(s.End)]--
		}
		if s.Start < q.From && (!s.End.Known() || s.End >= q.From) {
			w.earlier = append(w.earlier, q.Millis(l.FirstActiveAt, q.From, c)/msPerSecond)
		}
	}
}

// from is the first bucket that ends after an instant: what happens at a bucket's end
// belongs to the next one.
func (w *wip) from(at Instant) int {
	return sort.Search(len(w.ends), func(i int) bool { return w.ends[i] > at })
}

func (w *wip) finish() {
	w.InProgress = running(w.changes)
	w.Finished, w.Percentiles, w.Before = PercentilesOf(w.finished), PercentilesOf(w.ages), PercentilesOf(w.earlier)
	if limit := w.Finished.P85; limit != nil {
		for _, age := range w.ages {
			if float64(age) > *limit {
				w.Late++
			}
		}
	}
}

// Panel is the headline of the panel aging, with the median age of what is in progress
// as wip_p50.
func (w WIP) Panel(q FlowQuery) PanelData {
	return q.data("aging", Ages, w.Sample, append(w.Finished.figures(), Figure{"late", number(w.Late)}, Figure{"wip_p50", w.P50})...)
}

// PanelBefore is that of the last instant before the range, of which less is known.
func (w WIP) PanelBefore(q FlowQuery) PanelData {
	q.From, q.To = q.From-1, q.From
	return q.data("aging", Ages, Sample{N: w.Before.N, AsOf: q.To}, Figure{"wip_p50", w.Before.P50})
}
