package delivery

import "context"

// statusMark says what the parameter status means to the records of a panel.
type statusMark int

const (
	noStatus  statusMark = iota
	mayStatus            // only the issues of a column
	hasStatus            // each status is a mark of its own
)

// recordPanels are the panels that there are records behind.
var recordPanels = map[string]statusMark{
	"cycle-time": noStatus, "cycle-time-trend": noStatus, "cycle-time-histogram": noStatus, "control-chart": noStatus,
	"lead-time-trend": noStatus, "throughput": noStatus, "flow-efficiency": noStatus, "forecast": noStatus,
	"aging": mayStatus, "time-in-status": hasStatus, "blocked-time": hasStatus, "cumulative-flow": hasStatus,
}

// FromLives reports whether the records are found by RecordMarks; a store has a faster
// way to the others, which are those of cycle-time, whatever the panel, or of
// time-in-status.
func (q *RecordsQuery) FromLives() bool {
	if q.Supposed != nil {
		return true
	}
	switch q.Panel {
	case "cycle-time", "cycle-time-trend", "cycle-time-histogram", "control-chart", "time-in-status":
		return false
	}
	return true
}

// RecordMarks are the records that a query asks for, in no order, and the sample of
// all that the panel or the mark was made from.
func RecordMarks(ctx context.Context, lives Lives, q *RecordsQuery) ([]RecordMark, Sample, error) {
	f := recordFinder{query: q, sample: q.sample()}
	var err error
	switch q.Panel {
	case "lead-time-trend", "throughput":
		err = f.finished(ctx, lives, q.Panel == "throughput")
	case "aging":
		err = f.aging(ctx, lives)
	case "time-in-status":
		err = lives.Each(ctx, openIn(&q.FlowQuery), f.timeInStatus)
	case "blocked-time":
		err = f.blocked(ctx, lives)
	case "cumulative-flow":
		err = lives.Each(ctx, openIn(&q.FlowQuery), f.inStatus)
	case "forecast":
		err = f.forecast(ctx, lives)
	default:
		err = f.cycleTime(ctx, lives)
	}
	return f.marks, f.sample, err
}

// SupposeFlows gives records, which are those of a page of marks, the flow that the
// query supposes.
func SupposeFlows(ctx context.Context, lives Lives, page []RecordMark, records []Record) error {
	places := make(map[int64]*Record, len(page))
	for i := range page {
		places[page[i].ID] = &records[i]
	}
	want := AllLives()
	want.Stays = false
	return lives.Each(ctx, want, func(l *Life) {
		if r := places[l.ID]; r != nil {
			r.Flow = l.Flow
		}
	})
}

// recordFinder gathers the records asked for.
type recordFinder struct {
	query  *RecordsQuery
	sample Sample
	marks  []RecordMark
}

// add counts an issue, or the reason for which it is left out.
func (f *recordFinder) add(l *Life, seconds int64, reason string) {
	if reason == "" {
		f.sample.N++
	} else {
		f.sample.Excluded[reason]++
		seconds = 0
	}
	if f.query.Wants(reason) {
		f.marks = append(f.marks, RecordMark{ID: l.ID, ClosedAt: l.ClosedAt, Seconds: seconds, Reason: reason})
	}
}

// finished are the issues closed in the range, with their lead times.
func (f *recordFinder) finished(ctx context.Context, lives Lives, all bool) error {
	return lives.Each(ctx, finishedIn(&f.query.Filter), func(l *Life) {
		reason := ""
		if l.LeftOut && !all {
			reason = ExcludedResolution
		}
		f.add(l, f.query.leadSeconds(l), reason)
	})
}

// cycleTime are the issues closed in the range, with their cycle times.
func (f *recordFinder) cycleTime(ctx context.Context, lives Lives) error {
	share := f.query.Panel == "flow-efficiency"
	return lives.Each(ctx, finishedIn(&f.query.Filter), func(l *Life) {
		reason, seconds := l.reason(), int64(0)
		if reason == "" {
			seconds = f.query.cycleMillis(l) / msPerSecond
		}
		if reason == "" && seconds == 0 && share {
			reason = NoTime
		}
		f.add(l, seconds, reason)
	})
}

// aging are the open issues, with their WIP ages.
func (f *recordFinder) aging(ctx context.Context, lives Lives) error {
	want := LivesWanted{CreatedBefore: f.query.Now, Open: true, Stays: true}
	return lives.Each(ctx, want, func(l *Life) {
		age, status, started := f.query.wipAge(l)
		switch {
		case !started:
			f.add(l, 0, NotStarted)
		case f.query.Status == "" || f.query.Status == status:
			f.add(l, age, "")
		}
	})
}

// timeInStatus is an issue that was in the status, with how long.
func (f *recordFinder) timeInStatus(l *Life) {
	if !l.openDuring(f.query.From, f.query.KnownTo(f.query.Now)) {
		return
	}
	visited, millis := false, int64(0)
	f.query.stays(l, func(s *Stay, m int64) {
		if s.Status == f.query.Status {
			visited, millis = true, millis+m
		}
	})
	if visited {
		f.add(l, millis/msPerSecond, "")
	}
}

// stays calls f for each stay that counts up to the query's now, with its length by the
// query's clock in milliseconds.
func (q *FlowQuery) stays(l *Life, f func(s *Stay, millis int64)) {
	c := q.calendarIn(l.Queue)
	for i := range l.Stays {
		s := &l.Stays[i]
		if s.Start > q.Now || l.IsClosed() && i == len(l.Stays)-1 {
			continue // not yet, or the terminal one
		}
		f(s, q.Millis(s.Start, q.until(s.End), c))
	}
}

// blocked are the issues that the status or tag blocked, with how long.
func (f *recordFinder) blocked(ctx context.Context, lives Lives) error {
	q, known := &f.query.FlowQuery, f.query.KnownTo(f.query.Now)
	book, err := lives.Statuses(ctx)
	if err != nil {
		return err
	}
	tags, err := lives.Tagged(ctx)
	if err != nil {
		return err
	}
	blocks := blocker(book)
	var spans []blockedSpan
	return lives.Each(ctx, openIn(q), func(l *Life) {
		if _, started := q.inProgress(l, known); !started {
			return
		}
		visited, sum, c := false, int64(0), q.calendarIn(l.Queue)
		spans = q.blocked(l, blocks, tags[l.ID], spans[:0])
		for _, s := range spans {
			if s.by == f.query.Status {
				visited, sum = true, sum+q.Millis(s.from, s.to, c)
			}
		}
		if visited {
			f.add(l, sum/msPerSecond, "")
		}
	})
}

// inStatus is an issue that was in the status at the end of the range, with how long
// it had been in it by then, or, of all that were closed in the range, its lead time
// until then.
func (f *recordFinder) inStatus(l *Life) {
	q, end := f.query, f.query.KnownTo(f.query.Now)
	var last *Stay
	closedSince := Instant(0)
	for i := range l.Stays {
		s := &l.Stays[i]
		if s.Start >= end {
			break
		}
		if s.Class != Closed {
			closedSince = 0
		} else if !closedSince.Known() {
			closedSince = s.Start
		}
		last = s
	}
	c := q.calendarIn(l.Queue)
	switch {
	case last == nil:
	case last.Class != Closed:
		if last.Status == q.Status {
			f.add(l, q.Millis(last.Start, end, c)/msPerSecond, "")
		}
	case q.Status == Closed.String() && closedSince >= q.From:
		f.add(l, q.Millis(l.CreatedAt, closedSince, c)/msPerSecond, "")
	}
}

// forecast are the issues finished in the history, with their lead times.
func (f *recordFinder) forecast(ctx context.Context, lives Lives) error {
	h := newForecastHistory(&f.query.FlowQuery)
	want := finishedIn(&f.query.Filter)
	return lives.Each(ctx, want, func(l *Life) {
		reason := ""
		if l.LeftOut {
			reason = ExcludedResolution
		}
		if h.holds(l.ClosedAt) {
			f.add(l, f.query.leadSeconds(l), reason)
		}
	})
}
