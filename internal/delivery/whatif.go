package delivery

import (
	"cmp"
	"slices"
)

// FlowChange compares flow under the workflows in force with flow under others.
type FlowChange struct {
	Before, After CycleSample // of the query's range
	// Of all issues within the filter but for its range: those that were closed
	// and would be open, those that were open and would be closed, and those
	// closed either way whose cycle time would be another, or begin or cease to
	// be.
	Opened, Closed, Remeasured int
	Items                      []FlowFlip // of these, at most MaxFlips, the last closed first
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
// time in seconds by the query's clock, nil when it has none.
type FlowFlip struct {
	ID                  int64 // the store's own
	Key, Title, Queue   string
	StatusKey, Status   string
	WasClosed, IsClosed bool
	Before, After       *int64
	at                  Instant
}

// Compare notes what becomes of an issue of a queue, by its flow before and
// after. The store names those that Finish leaves.
func (c *FlowChange) Compare(q *FlowQuery, id int64, queue string, before, after Flow) {
	if before == after {
		return
	}
	flip := FlowFlip{
		ID: id, WasClosed: before.IsClosed(), IsClosed: after.IsClosed(),
		Before: q.cycleTime(queue, before), After: q.cycleTime(queue, after),
		at: max(before.ClosedAt, after.ClosedAt),
	}
	switch {
	case flip.WasClosed && !flip.IsClosed:
		c.Opened++
	case !flip.WasClosed && flip.IsClosed:
		c.Closed++
	case flip.IsClosed && !equal(flip.Before, flip.After):
		c.Remeasured++
	default:
		return
	}
	c.Items = append(c.Items, flip)
	if len(c.Items) >= 20*MaxFlips {
		c.Finish()
	}
}

// Finish keeps the issues to be named.
func (c *FlowChange) Finish() {
	slices.SortFunc(c.Items, func(a, b FlowFlip) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.ID, a.ID))
	})
	c.Items = c.Items[:min(len(c.Items), MaxFlips)]
}

// Finished adds an issue to others when a flow of it ends in a filter's range.
func (l *Life) Finished(others []FinishedIssue, filter *Filter, flow Flow) []FinishedIssue {
	if !flow.IsClosed() || flow.ClosedAt < filter.From || flow.ClosedAt >= filter.To {
		return others
	}
	return append(others, FinishedIssue{
		ID: l.ID, Queue: l.Queue, Resolution: l.Resolution, FirstActiveAt: flow.FirstActiveAt, ClosedAt: flow.ClosedAt,
	})
}

func (q *FlowQuery) cycleTime(queue string, f Flow) *int64 {
	if !f.IsClosed() || !f.FirstActiveAt.Known() {
		return nil
	}
	s := q.seconds(&FinishedIssue{Queue: queue, FirstActiveAt: f.FirstActiveAt, ClosedAt: f.ClosedAt})
	return &s
}

func equal(a, b *int64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
