package delivery

import (
	"cmp"
	"context"
	"slices"
)

// Aging is the WIP age of the issues that are open now and have been started, beside
// how old issues closed in the range had become by the time they left each status
// for good.
type Aging struct {
	Sample
	Percentiles            // cycle time of the issues closed in the range
	Late        *int       // issues older than the p85 of that, nil when there is none
	Issues      []AgingOne // at most MaxPoints, the oldest first
	// Columns are the statuses, but for closed ones, that issues are in or were in
	// after their first active entry, in workflow order, with the age in which closed
	// ones left them for the last time.
	Columns []StatusTime
}

// AgingOne is an issue in progress.
type AgingOne struct {
	ID            int64
	FirstActiveAt Instant
	Seconds       int64 // WIP age by the query's clock, floored
	Status        string
	Mark
}

// AgingOf asks a store for the age of work in progress. An issue is in progress from
// its first active entry, whatever its status since.
func AgingOf(ctx context.Context, s LivesStore, q FlowQuery) (Aging, error) {
	out := Aging{Sample: q.sample()}
	columns := newStatusSums()
	var finished []int64
	want := finishedIn(&q.Filter)
	want.Open, want.CreatedBefore, want.Stays = true, q.Now, true
	err := s.Lives(ctx, q, func(lives Lives) error {
		err := lives.Each(ctx, want, func(l *Life) {
			switch {
			case !l.IsClosed():
				out.add(&q, l, columns)
			case l.reason() == "":
				finished = append(finished, q.cycleMillis(l)/msPerSecond)
				q.leavings(l, columns)
			}
		})
		if err != nil {
			return err
		}
		out.Percentiles = PercentilesOf(finished)
		out.finish()
		book, err := lives.Statuses(ctx)
		if err != nil {
			return err
		}
		out.Columns = columns.times(book, q.KnownTo(q.Now)-1)
		return out.mark(ctx, lives)
	})
	if err != nil {
		return Aging{}, err
	}
	return out, nil
}

// add counts an open issue.
func (a *Aging) add(q *FlowQuery, l *Life, columns *statusSums) {
	age, status, started := q.wipAge(l)
	if !started {
		a.Excluded[NotStarted]++
		return
	}
	a.Sample.N++
	columns.be(l.Place, status)
	a.Issues = append(a.Issues, AgingOne{ID: l.ID, FirstActiveAt: l.FirstActiveAt, Seconds: age, Status: status})
}

// wipAge is the age in seconds of an open issue with stays, and the status that it is
// in; it may not have been started.
func (q *FlowQuery) wipAge(l *Life) (seconds int64, status string, started bool) {
	if !l.FirstActiveAt.Known() || l.FirstActiveAt > q.Now || len(l.Stays) == 0 {
		return 0, "", false
	}
	return q.Millis(l.FirstActiveAt, q.Now, q.calendarIn(l.Queue)) / msPerSecond, l.Stays[len(l.Stays)-1].Status, true
}

// leavings notes the age in which a closed issue left each status.
func (q *FlowQuery) leavings(l *Life, columns *statusSums) {
	c, here := q.calendarIn(l.Queue), columns.place(l.Place)
	for i := l.firstActive(); i < len(l.Stays); i++ {
		s := &l.Stays[i]
		if s.Class == Closed || !s.End.Known() {
			continue
		}
		columns.visit(here, s.Status).millis = q.Millis(l.FirstActiveAt, s.End, c) // the last one stays
	}
	columns.next()
}

// finish orders the issues and counts those that are late.
func (a *Aging) finish() {
	if a.P85 != nil {
		late := 0
		for _, i := range a.Issues {
			if float64(i.Seconds) > *a.P85 {
				late++
			}
		}
		a.Late = &late
	}
	slices.SortFunc(a.Issues, func(x, y AgingOne) int {
		return cmp.Or(cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.FirstActiveAt, y.FirstActiveAt), cmp.Compare(x.ID, y.ID))
	})
	a.Issues = a.Issues[:min(len(a.Issues), MaxPoints)]
}

func (a *Aging) mark(ctx context.Context, lives Lives) error {
	ids := make([]int64, len(a.Issues))
	for i := range a.Issues {
		ids[i] = a.Issues[i].ID
	}
	marks, err := lives.Marks(ctx, ids)
	for i := range a.Issues {
		a.Issues[i].Mark = marks[ids[i]]
	}
	return err
}

// Panel is the age of work in progress by status, as the panel aging shows it.
func (a Aging) Panel(q FlowQuery) PanelData {
	late := Figure{"late", number(0)}
	if a.Late != nil {
		late.Value = number(*a.Late)
	}
	d := q.data("aging", Ages, a.Sample, append(a.figures(), late)...)
	columns := map[string]*Category{}
	edges := []Series{{"p50", []Point{}}, {"p85", []Point{}}, {"p95", []Point{}}}
	for _, c := range a.Columns {
		columns[c.Key] = &Category{Name: c.Name, Class: c.Class.String()}
		for i, value := range []*float64{c.P50, c.P85, c.P95} {
			edges[i].Points = append(edges[i].Points, Point{X: c.Key, Value: value, N: &c.N, Category: columns[c.Key]})
		}
	}
	issues := Series{"issues", make([]Point, len(a.Issues))}
	for i := range a.Issues {
		one := &a.Issues[i]
		seconds := float64(one.Seconds)
		issues.Points[i] = Point{T: one.FirstActiveAt, X: one.Status, Value: &seconds, Mark: &one.Mark, Category: columns[one.Status]}
	}
	d.Series = append([]Series{issues}, edges...)
	return d
}
