package delivery

import (
	"cmp"
	"slices"
)

// Supposition is what definitions could be in place of those in force.
type Supposition struct {
	Workflows Workflows
	// Calendar and Calendars take the places of those of the query, unless Calendar is
	// nil.
	Calendar  *Calendar
	Calendars map[string]*Calendar
	// Without are keys of issue types that would not count at all.
	Without []string
}

// Of is a query as it would be asked by other definitions, but for the types that
// would not count.
func (s *Supposition) Of(q FlowQuery) FlowQuery {
	q.Workflows = &s.Workflows
	if s.Calendar != nil {
		q.Calendar, q.Calendars = s.Calendar, s.Calendars
	}
	return q
}

// FlowChange compares flow by the definitions in force with flow by others.
type FlowChange struct {
	Before, After FlowSample // of the query's range
	// Of all issues within the filter but for its range: those that were closed
	// and would be open, those that were open and would be closed, those that would
	// be left out for their resolution or no longer be, those open either way that would
	// be in progress or no longer be, and the others whose cycle time, lead time or age
	// would be another, or begin or cease to be.
	Opened, Closed, LeftOut, Counted, Started, Unstarted, Remeasured int
	InRange                                                          int        // of all these, closed in the range either way
	Items                                                            []FlowFlip // of these, at most MaxFlips, open ones first, then the last closed
	// Without counts the issues finished in the range that are of types which would
	// not count.
	Without int
}

// FlowSample is how the issues finished in a range flowed.
type FlowSample struct {
	CycleSample
	Finished int // in the range, whatever their resolution
	// PerWeek is the mean of Finished per complete week of the range, nil without one.
	PerWeek *float64
	// LeadTime is the median of closed_at − created_at in seconds by the query's clock,
	// of those finished but for resolutions left out; nil without any.
	LeadTime *float64
	// InProgress counts the issues that are open now and were active once, whatever
	// the range.
	InProgress int
}

// CycleSample is the cycle time of a sample, without its records.
type CycleSample struct {
	Sample
	Percentiles
}

// Measure is the cycle time of finished issues.
func (q *FlowQuery) Measure(issues func(yield func(FinishedIssue) bool)) CycleSample {
	var s CycleSample
	var seconds []int64
	s.Sample = q.CycleTimes(issues, func(_ FinishedIssue, each int64) { seconds = append(seconds, each) }, nil)
	s.Percentiles = PercentilesOf(seconds)
	return s
}

// MaxFlips is how many issues a FlowChange names.
const MaxFlips = 50

// FlowFlip is an issue that would flow otherwise. Before and After are its cycle
// time, or while it is open its age since it was started, in seconds by the query's
// clock; nil when it has none.
type FlowFlip struct {
	ID                  int64 // the store's own
	Key, Title, Queue   string
	StatusKey, Status   string
	WasClosed, IsClosed bool
	WasOut, IsOut       bool // closed, and left out for its resolution
	Before, After       *int64
	at                  Instant
}

// Comparison makes a FlowChange of issues, in one pass.
type Comparison struct {
	now, then side
	without   map[string]bool
	calendars bool // by other ones: the same flow may be measured otherwise
	change    FlowChange
}

// side is one of the two that are compared.
type side struct {
	FlowQuery
	weeks    []Bucket // complete ones
	finished []FinishedIssue
	leads    []int64
	inWeeks  int
	sample   FlowSample
}

// NewComparison compares flow as q asks for it with flow by s. The workflows of q are
// those that the flow before was derived by.
func NewComparison(q FlowQuery, s *Supposition) *Comparison {
	c := &Comparison{now: newSide(q), then: newSide(s.Of(q)), without: map[string]bool{}, calendars: s.Calendar != nil && q.Clock == Business}
	for _, key := range s.Without {
		c.without[key] = true
	}
	return c
}

func newSide(q FlowQuery) side {
	weeks := Buckets(q.From, q.To, Week, q.Calendar.Zone(), q.Now)
	return side{FlowQuery: q, weeks: slices.DeleteFunc(weeks, func(b Bucket) bool { return b.Partial })}
}

// Add takes an issue within the filter, whatever its range, and how it would flow. The
// store names those that Finish leaves.
func (c *Comparison) Add(i *Life, after Flow) {
	c.now.add(i, i.Flow)
	if c.without[i.Type] {
		if c.now.inRange(i.Flow) {
			c.change.Without++
		}
		return
	}
	c.then.add(i, after)
	c.flip(i, after)
}

// flip notes what becomes of an issue.
func (c *Comparison) flip(i *Life, after Flow) {
	wasOut, isOut := c.now.out(i, i.Flow), c.then.out(i, after)
	if i.Flow == after && wasOut == isOut && !c.calendars {
		return
	}
	f := FlowFlip{
		ID: i.ID, WasClosed: i.IsClosed(), IsClosed: after.IsClosed(), WasOut: wasOut, IsOut: isOut,
		Before: c.now.sinceActive(i.Queue, i.Flow), After: c.then.sinceActive(i.Queue, after),
		at: max(i.ClosedAt, after.ClosedAt),
	}
	if !f.WasClosed && !f.IsClosed {
		f.at = c.now.Now // before all that is closed
	}
	n := &c.change
	switch {
	case f.WasClosed && !f.IsClosed:
		n.Opened++
	case !f.WasClosed && f.IsClosed:
		n.Closed++
	case f.IsOut && !f.WasOut:
		n.LeftOut++
	case f.WasOut && !f.IsOut:
		n.Counted++
	case !f.IsClosed && f.Before == nil && f.After != nil:
		n.Started++
	case !f.IsClosed && f.Before != nil && f.After == nil:
		n.Unstarted++
	case !f.IsOut && (i.ClosedAt != after.ClosedAt || !equal(f.Before, f.After)):
		n.Remeasured++
	default:
		return
	}
	if c.now.inRange(i.Flow) || c.then.inRange(after) {
		n.InRange++
	}
	n.Items = append(n.Items, f)
	if len(n.Items) >= 20*MaxFlips {
		n.keep()
	}
}

// Finish is what was found, with the issues to be named.
func (c *Comparison) Finish() FlowChange {
	c.change.keep()
	c.change.Before, c.change.After = c.now.done(), c.then.done()
	return c.change
}

// keep leaves the issues to be named.
func (c *FlowChange) keep() {
	slices.SortFunc(c.Items, func(a, b FlowFlip) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.ID, a.ID))
	})
	c.Items = c.Items[:min(len(c.Items), MaxFlips)]
}

// inRange reports whether a flow ends in the range.
func (s *side) inRange(f Flow) bool { return f.IsClosed() && f.ClosedAt >= s.From && f.ClosedAt < s.To }

// out reports whether an issue is closed with a resolution that is left out.
func (s *side) out(i *Life, f Flow) bool {
	return f.IsClosed() && s.Workflows.Excludes(i.Resolution, f.ClosedAt)
}

func (s *side) add(i *Life, f Flow) {
	if !f.IsClosed() && f.FirstActiveAt.Known() {
		s.sample.InProgress++
	}
	if !s.inRange(f) {
		return
	}
	s.finished = append(s.finished, FinishedIssue{
		ID: i.ID, Queue: i.Queue, Resolution: i.Resolution, FirstActiveAt: f.FirstActiveAt, ClosedAt: f.ClosedAt,
	})
	if n := len(s.weeks); n > 0 && f.ClosedAt >= s.weeks[0].Start && f.ClosedAt < s.weeks[n-1].End {
		s.inWeeks++
	}
	if !s.out(i, f) {
		s.leads = append(s.leads, s.seconds(&FinishedIssue{Queue: i.Queue, FirstActiveAt: f.CreatedAt, ClosedAt: f.ClosedAt}))
	}
}

func (s *side) done() FlowSample {
	out := s.sample
	out.CycleSample, out.Finished = s.Measure(slices.Values(s.finished)), len(s.finished)
	out.LeadTime = PercentilesOf(s.leads).P50
	if n := len(s.weeks); n > 0 {
		mean := float64(s.inWeeks) / float64(n)
		out.PerWeek = &mean
	}
	return out
}

// sinceActive is the cycle time of a flow, or its age now.
func (q *FlowQuery) sinceActive(queue string, f Flow) *int64 {
	if !f.FirstActiveAt.Known() || f.FirstActiveAt >= q.Now {
		return nil
	}
	s := q.seconds(&FinishedIssue{Queue: queue, FirstActiveAt: f.FirstActiveAt, ClosedAt: q.until(f.ClosedAt)})
	return &s
}

func equal(a, b *int64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
