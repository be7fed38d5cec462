package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// overTime are versions and teams that reach into a made-up company's life.
func overTime() delivery.Workflows {
	w := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: []string{"duplicate"}})
	w.Teams = delivery.Teams{{Name: "A", Queues: delivery.Patterns{"DEV", "OPS"}}, {Name: "B", Queues: delivery.Patterns{"OPS", "WEB"}}}
	w = since(w, "2025-11-15", delivery.Workflow{
		StatusLists: delivery.StatusLists{Active: []string{"ready", "inProgress"}, Closed: []string{"closed"}},
		Teams:       map[string]delivery.StatusLists{"A": {Closed: []string{"review"}}},
	})
	return since(w, "2026-01-10", delivery.Workflow{
		StatusLists:         delivery.StatusLists{Active: []string{"inProgress"}},
		Queues:              map[string]delivery.StatusLists{"WEB": {Closed: []string{"limbo", "closed"}}},
		ExcludedResolutions: []string{"fixed"},
	})
}

// companyQuery asks for the company's autumn and winter.
func companyQuery(clock delivery.Clock, w *delivery.Workflows) delivery.FlowQuery {
	return ask(func(q *delivery.FlowQuery) {
		q.Filter = delivery.Filter{From: at("2025-09-01"), To: at("2026-03-01"), Clock: clock, Unit: delivery.Month}
		q.Now, q.Workflows = at("2027-01-01"), w
		q.Calendars = map[string]*delivery.Calendar{"OPS": always()}
	})
}

// testCompanyOverTime compares panels under versions, teams and calendars with
// the same numbers computed one issue at a time by the rules of delivery.
func testCompanyOverTime(t *testing.T, s *store) {
	records := company(600)
	w := overTime()
	s.write(t, records[:300]...)
	s.setWorkflows(t, w)
	s.write(t, records[300:500]...)
	s.rebuild(t)
	s.reopen(t)
	s.write(t, records[500:]...)
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		for _, teams := range [][]string{nil, {"A"}, {"A", "B"}} {
			q := companyQuery(clock, &w)
			q.Teams = teams
			if err := q.Narrow(w.Teams, []string{"DEV", "OPS", "WEB"}); err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s, teams %v", clock, teams)
			want := expectedCycleTime(records, &q)
			same(t, name+": cycle time", s.cycleTime(t, q).Percentiles, want, near())
			same(t, name+": trend", s.trend(t, q).Percentiles, want, near())
			same(t, name+": time in status", byStatus(s.timeInStatus(t, q)), expectedTimeInStatus(records, &q), near())
			s.sameRecords(t, name, q)
		}
	}
}

// sameRecords compares the number and the percentiles of records only.
func (s *store) sameRecords(t *testing.T, name string, q delivery.FlowQuery) {
	t.Helper()
	panel, got := s.cycleTime(t, q), s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time"})
	same(t, name+": records", got.Sample, panel.Sample)
	same(t, name+": percentiles of records", measured(t, got), panel.Percentiles)
}

// testWhatIf compares what would be with what is once it is done.
func testWhatIf(t *testing.T, s *store) {
	s.write(t, company(600)...)
	other := delivery.OneWorkflow(delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{"open"}, Closed: []string{"review", "closed"}}})
	before := delivery.OneWorkflow(delivery.Workflow{})
	for n, next := range []delivery.Supposition{
		{Workflows: before},
		{Workflows: other},
		{Workflows: overTime()},
		{Workflows: since(before, "2028-01-01", other.Versions[0].Workflow)},
		{Workflows: before, Calendar: office(), Calendars: map[string]*delivery.Calendar{"DEV": always()}},
		{Workflows: before, Without: []string{"bug"}},
		{Workflows: overTime(), Calendar: always(), Without: []string{"task"}},
	} {
		for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
			s.whatIfDone(t, fmt.Sprintf("%d, %s", n, clock), companyQuery(clock, &before), next)
			if clock == delivery.Elapsed {
				s.setWorkflows(t, before)
				s.rebuild(t)
			}
		}
		before = next.Workflows
	}
}

// whatIfDone asks what next would change, makes it so and looks.
func (s *store) whatIfDone(t *testing.T, name string, q delivery.FlowQuery, next delivery.Supposition) {
	t.Helper()
	q.Queues = []string{"DEV", "OPS"}
	version, facts := s.version(t), s.glance(t)
	got := s.whatIf(t, q, next)
	same(t, name+": version", s.version(t), version)
	same(t, name+": facts", s.glance(t), facts)
	flows := s.flows(t, q)
	same(t, name+": before", got.Before, s.expectedSample(t, q, flows))

	s.setWorkflows(t, next.Workflows)
	s.rebuild(t)
	then := next.Of(q)
	then.Types = slices.DeleteFunc([]string{"bug", "task"}, func(key string) bool { return slices.Contains(next.Without, key) })
	if len(then.Types) == 0 {
		then.Types = []string{"none"}
	}
	after := s.flows(t, then)
	same(t, name+": after", got.After, s.expectedSample(t, then, after))

	var want delivery.FlowChange
	flips := map[string]delivery.FlowFlip{}
	for key, before := range flows {
		after, counts := after[key]
		if !counts {
			if before.IsClosed() && before.ClosedAt >= q.From && before.ClosedAt < q.To {
				want.Without++
			}
			continue
		}
		f := delivery.FlowFlip{
			Key: key, Title: after.Title, Queue: after.Queue, StatusKey: after.Status.Key, Status: after.Status.Name,
			WasClosed: before.IsClosed(), IsClosed: after.IsClosed(), WasOut: out(&q, before), IsOut: out(&then, after),
			Before: seconds(&q, before), After: seconds(&then, after),
		}
		switch {
		case f.WasClosed && !f.IsClosed:
			want.Opened++
		case f.IsClosed && !f.WasClosed:
			want.Closed++
		case f.IsOut && !f.WasOut:
			want.LeftOut++
		case f.WasOut && !f.IsOut:
			want.Counted++
		case !f.IsClosed && f.Before == nil && f.After != nil:
			want.Started++
		case !f.IsClosed && f.Before != nil && f.After == nil:
			want.Unstarted++
		case !f.IsOut && (before.ClosedAt != after.ClosedAt || !cmp.Equal(f.Before, f.After)):
			want.Remeasured++
		default:
			continue
		}
		inRange := func(i delivery.ListedIssue) bool { return i.IsClosed() && i.ClosedAt >= q.From && i.ClosedAt < q.To }
		if inRange(before) || inRange(after) {
			want.InRange++
		}
		flips[key] = f
	}
	same(t, name+": changed", counts(&got), counts(&want))
	same(t, name+": named", len(got.Items), min(len(flips), delivery.MaxFlips))
	for _, f := range got.Items {
		f.ID = 0
		same(t, name+": "+f.Key, f, flips[f.Key], cmpopts.IgnoreUnexported(delivery.FlowFlip{}))
	}
}

func counts(c *delivery.FlowChange) []int {
	return []int{c.Opened, c.Closed, c.LeftOut, c.Counted, c.Started, c.Unstarted, c.Remeasured, c.InRange, c.Without}
}

// expectedSample is how issues flow by a query, of which the store answers the cycle
// times; the rest is computed one issue at a time.
func (s *store) expectedSample(t *testing.T, q delivery.FlowQuery, flows map[string]delivery.ListedIssue) delivery.FlowSample {
	t.Helper()
	cycle := s.cycleTime(t, q)
	want := delivery.FlowSample{CycleSample: delivery.CycleSample{Sample: cycle.Sample, Percentiles: cycle.Percentiles}}
	weeks := map[delivery.Date]int{}
	for _, b := range delivery.Buckets(q.From, q.To, delivery.Week, q.Calendar.Zone(), q.Now) {
		if !b.Partial {
			weeks[b.Label] = 0
		}
	}
	var leads []int64
	for _, i := range flows {
		if !i.IsClosed() && i.FirstActiveAt.Known() {
			want.InProgress++
		}
		if !i.IsClosed() || i.ClosedAt < q.From || i.ClosedAt >= q.To {
			continue
		}
		want.Finished++
		monday := delivery.DateOf(i.ClosedAt.Time().In(q.Calendar.Zone()))
		for monday.Weekday() != time.Monday {
			monday = monday.AddDays(-1)
		}
		if _, complete := weeks[monday]; complete {
			weeks[monday]++
		}
		if !out(&q, i) {
			leads = append(leads, of(&q, *i.LeadTime(q.CalendarOf(i.Queue))))
		}
	}
	want.LeadTime = delivery.PercentilesOf(leads).P50
	var total float64
	for _, n := range weeks {
		total += float64(n)
	}
	total /= float64(len(weeks))
	want.PerWeek = &total
	return want
}

// flows are all issues of a query's queues, whatever its range.
func (s *store) flows(t *testing.T, q delivery.FlowQuery) map[string]delivery.ListedIssue {
	t.Helper()
	everything(&q)
	out := map[string]delivery.ListedIssue{}
	for _, i := range s.list(t, delivery.IssueQuery{Filter: q.Filter}) {
		out[i.Key] = i
	}
	return out
}

// seconds is an issue's cycle time, or its age while it is open, nil when it has none.
func seconds(q *delivery.FlowQuery, i delivery.ListedIssue) *int64 {
	if !i.IsClosed() && i.FirstActiveAt.Known() {
		age := q.Millis(i.FirstActiveAt, q.Now, q.CalendarOf(i.Queue)) / 1000
		return &age
	}
	span := i.CycleTime(q.CalendarOf(i.Queue))
	if span == nil {
		return nil
	}
	v := of(q, *span)
	return &v
}

// of is a span by a query's clock.
func of(q *delivery.FlowQuery, s delivery.Span) int64 {
	if q.Clock == delivery.Business {
		return s.BusinessSeconds
	}
	return s.Seconds
}

// out reports whether a closed issue is left out for its resolution.
func out(q *delivery.FlowQuery, i delivery.ListedIssue) bool {
	return i.IsClosed() && q.Workflows.Excludes(i.Resolution.Key, i.ClosedAt)
}
