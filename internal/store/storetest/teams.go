package storetest

import (
	"testing"
	"time"

	"throughline/internal/delivery"
)

func testTeamScope(t *testing.T, s *store) {
	for _, key := range []string{"DEV-1", "DEV-2", "OPS-1", "WEB-1", "SHARED-1", "SHARED-2"} {
		s.write(t, issue(key, key, "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"))
	}
	teams := delivery.Teams{
		{Name: "A", Queues: delivery.Patterns{"DEV", "SHARED"}},
		{Name: "B", Queues: delivery.Patterns{"OPS", "SHARED"}},
		{Name: "nobody"},
		{Name: "gone", Queues: delivery.Patterns{"GONE"}},
	}
	known := []string{"DEV", "OPS", "WEB", "SHARED"}
	for _, c := range []struct {
		name          string
		teams, queues []string
		n             int
	}{
		{"no team", nil, nil, 6},
		{"one", []string{"A"}, nil, 4},
		{"the other", []string{"B"}, nil, 3},
		{"both, what they share once", []string{"A", "B"}, nil, 5},
		{"a queue of the team", []string{"A", "B"}, []string{"SHARED"}, 2},
		{"a queue of another", []string{"B"}, []string{"DEV", "WEB"}, 0},
		{"no queues at all", []string{"nobody"}, nil, 0},
		{"none that is known", []string{"gone"}, nil, 0},
		{"none and one", []string{"B", "nobody"}, nil, 3},
	} {
		q := ask(func(q *delivery.FlowQuery) { q.Teams, q.Queues = c.teams, c.queues })
		if err := q.Narrow(teams, known); err != nil {
			t.Fatal(err)
		}
		same(t, c.name+": cycle time", s.cycleTime(t, q).Sample.N, c.n)
		same(t, c.name+": trend", s.trend(t, q).Sample.N, c.n)
		same(t, c.name+": time in status", s.timeInStatus(t, q).N, c.n)
		same(t, c.name+": created", len(s.list(t, delivery.IssueQuery{Filter: q.Filter})), c.n)
		same(t, c.name+": open", len(s.list(t, delivery.IssueQuery{Filter: q.Filter, State: delivery.ListOpen})), c.n)
		same(t, c.name+": records", s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time"}).Total, c.n)
		same(t, c.name+": in a status", s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "time-in-status", Status: "open"}).Total, c.n)
		same(t, c.name+": what if", s.whatIf(t, q, delivery.Supposition{Workflows: delivery.OneWorkflow(closedLists("review"))}).Opened, c.n)
	}
}

// always is a calendar without an end of work.
func always() *delivery.Calendar {
	v := delivery.CalendarVersion{Zone: time.FixedZone("", 5*hour)}
	for d := range v.Week {
		v.Week[d] = []delivery.Shift{{Start: 0, End: 86400}}
	}
	return delivery.NewCalendar(v)
}

// testCalendars measures each issue by the calendar of its queue, and cuts days
// and buckets by the query's.
func testCalendars(t *testing.T, s *store) {
	// Friday 17:00 to Monday 11:00.
	for _, key := range []string{"DEV-1", "OPS-1", "WEB-1"} {
		s.write(t, issue(key, key, "open@2026-03-06 17:00", "inProgress@2026-03-06 17:00", "closed@2026-03-09 11:00"))
	}
	monday := delivery.Date{Year: 2026, Month: 3, Day: 9}
	q := ask(business, func(q *delivery.FlowQuery) {
		q.Calendars = map[string]*delivery.Calendar{
			"OPS": always(), "WEB": office(func(v *delivery.CalendarVersion) { v.Off = map[delivery.Date]bool{monday: true} }),
		}
	})
	same(t, "pooled", s.cycleTime(t, q).Percentiles, percentiles(3, 3*hour, (3+0.7*63)*hour, (3+0.9*63)*hour), near())
	trend := s.trend(t, q)
	same(t, "trend", trend.Percentiles, percentiles(3, 3*hour, (3+0.7*63)*hour, (3+0.9*63)*hour), near())
	same(t, "its bucket", trend.Buckets[2].Percentiles, trend.Percentiles)
	same(t, "which begins by the query's calendar", trend.Buckets[2].Start, at("2026-03-09"))
	in := s.timeInStatus(t, q).Statuses[1]
	same(t, "in progress", in.Percentiles, trend.Percentiles)

	want := map[string]float64{"DEV-1": 3 * hour, "OPS-1": 66 * hour, "WEB-1": hour}
	for _, r := range []delivery.RecordsQuery{
		{FlowQuery: q, Panel: "cycle-time"},
		{FlowQuery: q, Panel: "cycle-time-trend"},
		{FlowQuery: q, Panel: "time-in-status", Status: "inProgress"},
	} {
		got := map[string]float64{}
		for _, i := range s.records(t, r).Items {
			got[i.Key] = *i.Value
		}
		same(t, r.Panel+": records", got, want)
	}
	same(t, "what if", s.whatIf(t, q, delivery.Supposition{}).Before.Percentiles, trend.Percentiles)

	q.Calendars = nil
	same(t, "by the query's own", *s.cycleTime(t, q).P95, 3.0*hour)
	q.Clock, q.Calendars = delivery.Elapsed, map[string]*delivery.Calendar{"OPS": office()}
	same(t, "elapsed", *s.cycleTime(t, q).P50, 66.0*hour)
}
