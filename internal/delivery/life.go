package delivery

import "context"

// Life is how an issue flowed, and its stays in statuses, by one meaning of them.
type Life struct {
	ID int64 // the store's own, stable between queries
	Place
	Flow
	Type       string // key
	Resolution string
	// LeftOut says that the workflow leaves the resolution out, by what was in force
	// when the issue was closed, or is now while it is open.
	LeftOut bool
	Stays   []Stay // contiguous; none unless they are asked for
}

// Stay is a period of an issue in a status, which was of this class when it began.
type Stay struct {
	Status string // key
	Class  Class
	Start  Instant
	End    Instant // 0 of the last one
}

// LivesWanted says which issues of a filter, whatever its range, are asked for:
// by when they were created, and whether they are open, or when they were closed.
type LivesWanted struct {
	CreatedBefore        Instant
	Open                 bool    // those that are open
	ClosedFrom, ClosedTo Instant // and those closed in [ClosedFrom, ClosedTo)
	Stays                bool    // with their stays
}

// Forever is after every instant that a source can name.
const Forever Instant = 1 << 60

// Has reports whether an issue that flowed so is asked for.
func (w *LivesWanted) Has(f Flow) bool {
	switch {
	case f.CreatedAt >= w.CreatedBefore:
		return false
	case !f.IsClosed():
		return w.Open
	}
	return f.ClosedAt >= w.ClosedFrom && f.ClosedAt < w.ClosedTo
}

// AllLives are all issues with their stays.
func AllLives() LivesWanted {
	return LivesWanted{CreatedBefore: Forever, Open: true, ClosedFrom: -Forever, ClosedTo: Forever, Stays: true}
}

// finishedIn are the issues closed in a filter's range.
func finishedIn(f *Filter) LivesWanted {
	return LivesWanted{CreatedBefore: Forever, ClosedFrom: f.From, ClosedTo: f.To}
}

// openIn are the issues that may have been open at some time in the range of a
// query up to its now, with their stays, which tell. Nothing is known of a range to
// come.
func openIn(q *FlowQuery) LivesWanted {
	known := q.KnownTo(q.Now)
	if known <= q.From {
		return LivesWanted{}
	}
	return LivesWanted{CreatedBefore: known, Open: true, ClosedFrom: q.From, ClosedTo: Forever, Stays: true}
}

// Lives are the issues of one state of a store, within the filter of a query but for
// its range, by what the query supposes.
type Lives interface {
	// Each calls f for those wanted, in no order. What f is given is the next one
	// when it has returned.
	Each(ctx context.Context, want LivesWanted, f func(*Life)) error
	// Marks are what a panel says of issues, by the store's own numbers.
	Marks(ctx context.Context, ids []int64) (map[int64]Mark, error)
	// Statuses say what the statuses of stays are called and mean.
	Statuses(ctx context.Context) (*StatusBook, error)
	// Tagged are the times in which issues bore tags that block them, by the store's
	// own numbers; of issues that never did there is nothing.
	Tagged(ctx context.Context) (map[int64][]TagStay, error)
}

// LivesStore reads lives; every Store does.
type LivesStore interface {
	// Lives calls f with the issues that a query is about.
	Lives(ctx context.Context, q FlowQuery, f func(Lives) error) error
}

// LifeReader completes what a store reads of lives. Not for several goroutines.
type LifeReader struct {
	// Read is what the store has to read.
	Read LivesWanted

	want      LivesWanted
	meaning   *Meaning // that stays are to be classed by; nil where the store did
	derived   bool     // flow is to be, too
	excluding *Workflows
	now       Instant
}

// NewLifeReader reads the lives wanted by a query. stored is the meaning of the flow
// in the store, and of the classes of stays unless they are in the store, too.
// inForce are the workflows that answers come from while the store works others in,
// else nil. types are those that what the query supposes meets.
func NewLifeReader(q *FlowQuery, want LivesWanted, stored *Meaning, inForce *Workflows, types StatusTypes) *LifeReader {
	r := LifeReader{Read: want, want: want, meaning: stored, excluding: q.Workflows, now: q.Now}
	switch {
	case q.Supposed != nil:
		r.meaning, r.derived = &Meaning{Workflows: *q.Supposed, Types: types}, true
		r.excluding = q.Supposed
		r.Read.Stays, r.Read.Open = true, true
		r.Read.ClosedFrom, r.Read.ClosedTo = -Forever, Forever
	case q.Workflows != nil && inForce != nil:
		r.excluding = inForce
	}
	return &r
}

// Complete adds what follows from what the store has read: all but LeftOut and the
// classes of stays. It reports whether the issue is wanted.
func (r *LifeReader) Complete(l *Life) bool {
	if r.meaning != nil && len(l.Stays) > 0 {
		class := r.meaning.Classes(l.Connection, l.Queue)
		for i := range l.Stays {
			l.Stays[i].Class = class(l.Stays[i].Status, l.Stays[i].Start)
		}
	}
	if r.derived {
		l.Flow = l.flow()
	}
	if !r.want.Has(l.Flow) {
		return false
	}
	at := l.ClosedAt
	if !at.Known() {
		at = r.now
	}
	l.LeftOut = r.excluding.Excludes(l.Resolution, at)
	return true
}

// flow is what the stays say.
func (l *Life) flow() Flow {
	f := flower{Flow: Flow{CreatedAt: l.CreatedAt}}
	for i := range l.Stays {
		f.enter(l.Stays[i].Class, l.Stays[i].Start)
	}
	return f.Flow
}

// FlowBy is how the issue would have flowed if its stays were of other classes.
func (l *Life) FlowBy(class Classes) Flow {
	f := flower{Flow: Flow{CreatedAt: l.CreatedAt}}
	for i := range l.Stays {
		f.enter(class(l.Stays[i].Status, l.Stays[i].Start), l.Stays[i].Start)
	}
	return f.Flow
}

// firstActive is the index of the first active stay, that behind the last one when
// there is none.
func (l *Life) firstActive() int {
	i := 0
	for i < len(l.Stays) && l.Stays[i].Class != Active {
		i++
	}
	return i
}

// openDuring is OpenDuring of the stays.
func (l *Life) openDuring(from, to Instant) bool {
	for i := range l.Stays {
		s := &l.Stays[i]
		before := s.End.Known() && s.End <= from && s.Start < from
		if !before && s.Start < to && s.Class != Closed {
			return true
		}
	}
	return false
}

// reason is why an issue that was closed has no cycle time that counts, "" when it
// has one.
func (l *Life) reason() string {
	switch {
	case l.LeftOut:
		return ExcludedResolution
	case !l.FirstActiveAt.Known():
		return NeverActive
	}
	return ""
}

// calendarIn measures the issues of a queue.
func (q *FlowQuery) calendarIn(queue string) *Calendar {
	if q.ByQueue() {
		return q.CalendarOf(queue)
	}
	return q.Calendar
}

// cycleMillis is the time from the first active entry of a closed issue to its close.
func (q *FlowQuery) cycleMillis(l *Life) int64 {
	return q.Millis(l.FirstActiveAt, l.ClosedAt, q.calendarIn(l.Queue))
}

// leadSeconds is the lead time of a closed issue.
func (q *FlowQuery) leadSeconds(l *Life) int64 {
	return q.Millis(l.CreatedAt, l.ClosedAt, q.calendarIn(l.Queue)) / msPerSecond
}

// buckets are those of the query's range.
func (q *FlowQuery) buckets() []Bucket {
	return Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now)
}

func (q *FlowQuery) sample() Sample { return Sample{Excluded: map[string]int{}, AsOf: q.Now} }

// finished reads the issues that cycle time counts, and counts in s those that it
// leaves out.
func (q *FlowQuery) finished(ctx context.Context, lives Lives, want LivesWanted, s *Sample, keep func(*Life)) error {
	return lives.Each(ctx, want, func(l *Life) {
		if reason := l.reason(); reason != "" {
			s.Excluded[reason]++
			return
		}
		s.N++
		keep(l)
	})
}
