package storetest

import (
	"fmt"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// took is an issue that was active for so many hours before it was closed on
// a day of March.
func took(n, hours int, closed string) delivery.IssueRecord {
	end := at(closed)
	start := end - delivery.Instant(hours)*hour*1000
	return issue(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n), "open@2026-01-01",
		"inProgress@"+start.Time().Format("2006-01-02 15:04"), "closed@"+closed)
}

func testCycleTime(t *testing.T, s *store) {
	s.write(t,
		took(1, 1, "2026-03-02"), took(2, 2, "2026-03-10 12:00"), with(took(3, 3, "2026-03-20"), resolved("fixed")),
		took(4, 4, "2026-03-31 23:59"), took(5, 100, "2026-04-01"), took(6, 100, "2026-02-28 23:59"),
		issue("7", "DEV-7", "open@2026-03-01", "closed@2026-03-05"),
		issue("8", "DEV-8", "open@2026-03-01", "inProgress@2026-03-05"),
		with(took(9, 50, "2026-03-07"), resolved("duplicate")), with(took(10, 60, "2026-03-08"), resolved("wontFix")),
		with(issue("11", "DEV-11", "open@2026-03-01", "closed@2026-03-09"), resolved("duplicate")),
	)
	got := s.cycleTime(t, ask(func(q *delivery.FlowQuery) { excluding(q, "duplicate", "wontFix", "other") }))
	same(t, "sample", got.Sample, delivery.Sample{
		N: 4, Excluded: map[string]int{delivery.ExcludedResolution: 3, delivery.NeverActive: 1}, AsOf: at("2026-04-10"),
	})
	same(t, "percentiles", got.Percentiles, percentiles(4, 2.5*hour, 3.55*hour, 3.85*hour), near())
	for i := range got.Points {
		got.Points[i].ID = 0
	}
	point := func(n int, closed string, hours int64) delivery.CycleTimePoint {
		key := fmt.Sprintf("DEV-%d", n)
		return delivery.CycleTimePoint{
			ClosedAt: at(closed), Seconds: hours * hour, Key: key, Title: "Title of " + key, TypeKey: "task", Type: "Task",
		}
	}
	same(t, "points", got.Points, []delivery.CycleTimePoint{
		point(1, "2026-03-02", 1), point(2, "2026-03-10 12:00", 2), point(3, "2026-03-20", 3), point(4, "2026-03-31 23:59", 4),
	})

	all := s.cycleTime(t, ask())
	same(t, "nothing excluded", all.Sample, delivery.Sample{
		N: 6, Excluded: map[string]int{delivery.NeverActive: 2}, AsOf: at("2026-04-10"),
	})
}

func testTrend(t *testing.T, s *store) {
	s.write(t,
		took(1, 1, "2026-03-02"), took(2, 2, "2026-03-08 23:59"), took(3, 30, "2026-03-09"), took(4, 40, "2026-03-31"),
		took(5, 5, "2026-04-01"), issue("6", "DEV-6", "open@2026-03-01", "closed@2026-03-05"),
		with(took(7, 50, "2026-03-07"), resolved("duplicate")),
	)
	got := s.trend(t, ask(func(q *delivery.FlowQuery) { excluding(q, "duplicate") }))
	same(t, "sample", got.Sample, delivery.Sample{
		N: 4, Excluded: map[string]int{delivery.ExcludedResolution: 1, delivery.NeverActive: 1}, AsOf: at("2026-04-10"),
	})
	same(t, "pooled", got.Percentiles, percentiles(4, 16*hour, 35.5*hour, 38.5*hour), near())
	want := []struct {
		label   string
		n       int
		partial bool
	}{
		{"2026-02-23", 0, true},
		{"2026-03-02", 2, false},
		{"2026-03-09", 1, false},
		{"2026-03-16", 0, false},
		{"2026-03-23", 0, false},
		{"2026-03-30", 1, true},
	}
	same(t, "buckets", len(got.Buckets), len(want))
	for i, w := range want {
		b := got.Buckets[i]
		same(t, w.label, []any{b.Label.String(), b.N, b.Partial}, []any{w.label, w.n, w.partial})
	}
	same(t, "second week", got.Buckets[1].Percentiles, percentiles(2, 1.5*hour, 1.85*hour, 1.95*hour), near())
	same(t, "empty week", got.Buckets[3].Percentiles, delivery.Percentiles{})

	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	// By a clock three hours ahead the second issue was closed a week later.
	got = s.trend(t, ask(func(q *delivery.FlowQuery) {
		q.Calendar = office(func(v *delivery.CalendarVersion) { v.Zone = moscow })
	}))
	same(t, "in Moscow", []int{got.Buckets[1].N, got.Buckets[2].N}, []int{2, 2})
}

func testReopened(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-05", "open@2026-03-06",
			"review@2026-03-07", "rejected@2026-03-08", "closed@2026-03-09"),
		issue("2", "DEV-2", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-05", "open@2026-03-06"),
	)
	got := s.cycleTime(t, ask())
	same(t, "counted", got.Sample.N, 1)
	same(t, "closed", got.Points[0].ClosedAt, at("2026-03-08"))
	same(t, "seconds", got.Points[0].Seconds, int64(6*day))
	listed := s.list(t, delivery.IssueQuery{Filter: ask().Filter})
	same(t, "first", listed[0].Flow, delivery.Flow{
		CreatedAt: at("2026-03-01"), FirstActiveAt: at("2026-03-02"), ClosedAt: at("2026-03-08"), ReopenCount: 1,
	})
	same(t, "second", listed[1].Flow, delivery.Flow{
		CreatedAt: at("2026-03-01"), FirstActiveAt: at("2026-03-02"), ReopenCount: 1,
	})
}

// testCalendar asks the same facts with other calendars.
func testCalendar(t *testing.T, s *store) {
	// Friday 17:00 to Monday 11:00.
	s.write(t, issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-06 17:00", "closed@2026-03-09 11:00"))
	version := s.version(t)
	monday, saturday := delivery.Date{Year: 2026, Month: 3, Day: 9}, delivery.Date{Year: 2026, Month: 3, Day: 7}
	for _, c := range []struct {
		name     string
		clock    delivery.Clock
		calendar *delivery.Calendar
		hours    float64
	}{
		{"elapsed", delivery.Elapsed, office(), 66},
		{"business", delivery.Business, office(), 3},
		{"Monday off", delivery.Business, office(func(v *delivery.CalendarVersion) { v.Off = map[delivery.Date]bool{monday: true} }), 1},
		{"working Saturday", delivery.Business, office(func(v *delivery.CalendarVersion) { v.Working = map[delivery.Date]bool{saturday: true} }), 12},
		{"business again", delivery.Business, office(), 3},
	} {
		q := ask(func(q *delivery.FlowQuery) { q.Clock, q.Calendar = c.clock, c.calendar })
		same(t, c.name, *s.cycleTime(t, q).P50, c.hours*hour)
		same(t, c.name+" trend", *s.trend(t, q).P50, c.hours*hour)
		statuses := s.timeInStatus(t, q).Statuses
		same(t, c.name+" in progress", *statuses[1].P50, c.hours*hour)
	}
	same(t, "version", s.version(t), version)
}

func testTimeInStatus(t *testing.T, s *store) {
	s.write(t,
		// Two stays in progress, and one closed that ended.
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04", "inProgress@2026-03-05",
			"closed@2026-03-08", "open@2026-03-10", "closed@2026-03-11"),
		// Open: the running stay counts up to now.
		issue("2", "DEV-2", "open@2026-03-20", "inProgress@2026-03-31"),
		// Its next status begins after now.
		issue("3", "DEV-3", "open@2026-03-30", "review@2026-05-01"),
		// Closed on the first instant of the range, and created on the last.
		issue("4", "DEV-4", "open@2026-01-01", "closed@2026-03-01"),
		issue("5", "DEV-5", "open@2026-04-01"),
		// Created closed: never open.
		issue("6", "DEV-6", "closed@2026-03-15"),
		// Passed through a status in no time.
		issue("7", "DEV-7", "open@2026-03-01", "limbo@2026-03-03", "ready@2026-03-03", "closed@2026-03-04"),
	)
	got := s.timeInStatus(t, ask())
	same(t, "sample", got.Sample, delivery.Sample{N: 4, Excluded: map[string]int{}, AsOf: at("2026-04-10")})
	type line struct {
		Key, Name string
		Class     delivery.Class
		N         int
		Days      float64 // median
	}
	var lines []line
	for _, st := range got.Statuses {
		lines = append(lines, line{st.Key, st.Name, st.Class, st.N, *st.P50 / day})
	}
	same(t, "statuses", lines, []line{
		{"open", "Open", delivery.Waiting, 4, (2 + 11) / 2.0}, // 2, 11, 11 and 2 days
		{"ready", "Ready", delivery.Waiting, 1, 1},
		{"limbo", "Limbo", delivery.Waiting, 1, 0},
		{"inProgress", "In progress", delivery.Active, 2, (5 + 10) / 2.0},
		{"review", "Review", delivery.Active, 1, 1},
		{"closed", "Closed", delivery.Closed, 1, 2},
	})

	// As it was on 4 March at noon: later stays are not there yet.
	got = s.timeInStatus(t, ask(func(q *delivery.FlowQuery) { q.Now = at("2026-03-04 12:00") }))
	lines = nil
	for _, st := range got.Statuses {
		lines = append(lines, line{st.Key, st.Name, st.Class, st.N, *st.P50 / day})
	}
	same(t, "statuses on 4 March", lines, []line{
		{"open", "Open", delivery.Waiting, 2, 1.5},
		{"ready", "Ready", delivery.Waiting, 1, 1},
		{"limbo", "Limbo", delivery.Waiting, 1, 0},
		{"inProgress", "In progress", delivery.Active, 1, 2},
		{"review", "Review", delivery.Active, 1, 0.5},
	})
}

// testTimeInStatusNames has statuses of two connections and one that is in no
// dictionary.
func testTimeInStatusNames(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "unheard@2026-03-02"),
		issue("2", "DEV-2", "open@2026-03-01", "unheard@2026-03-02"),
		issue("3", "DEV-3", "open@2026-03-01"),
	)
	other := issue("4", "OPS-1", "open@2026-03-01", "unheard@2026-03-02")
	s.batch(t, delivery.Batch{
		Connection: "other",
		Statuses: []delivery.Status{
			{Connection: "other", Key: "open", Name: "Opened", Type: "inProgress", Order: 9},
			{Connection: "other", Key: "unheard", Name: "Heard", Type: "done", Order: 10},
		},
		Issues: []delivery.IssueRecord{other},
	})
	name := func(s delivery.StatusTime) []any { return []any{s.Key, s.Name, s.Class, s.N} }
	// Each is named and classed as where most of its issues are.
	got := s.timeInStatus(t, ask()).Statuses
	same(t, "statuses", len(got), 2)
	same(t, "unheard", name(got[0]), []any{"unheard", "UNHEARD", delivery.Waiting, 2})
	same(t, "open", name(got[1]), []any{"open", "Open", delivery.Waiting, 4})
	got = s.timeInStatus(t, ask(func(q *delivery.FlowQuery) { q.Connections = []string{"other"} })).Statuses
	same(t, "of the other", len(got), 1) // closed in unheard
	same(t, "open of the other", name(got[0]), []any{"open", "Opened", delivery.Active, 1})
}

func testFilters(t *testing.T, s *store) {
	s.write(t,
		with(took(1, 1, "2026-03-02"), ofType("bug")), with(took(2, 2, "2026-03-03"), ofType("task")),
		with(took(3, 3, "2026-03-04"), ofType("story")),
	)
	x := issue("1", "OPS-1", "open@2026-01-01", "inProgress@2026-03-05", "closed@2026-03-06")
	x.Connection = "second"
	s.batch(t, delivery.Batch{Connection: "second", Statuses: []delivery.Status{
		{Connection: "second", Key: "inProgress", Type: "inProgress"}, {Connection: "second", Key: "closed", Type: "done"},
	}, Issues: []delivery.IssueRecord{with(x, ofType("bug"))}})
	for _, c := range []struct {
		name   string
		filter delivery.Filter
		n      int
	}{
		{"none", delivery.Filter{}, 4},
		{"connection", delivery.Filter{Connections: []string{"second"}}, 1},
		{"both connections", delivery.Filter{Connections: []string{"second", tracker}}, 4},
		{"queue", delivery.Filter{Queues: []string{"DEV"}}, 3},
		{"type", delivery.Filter{Types: []string{"bug"}}, 2},
		{"two types", delivery.Filter{Types: []string{"bug", "story"}}, 3},
		{"queue and type", delivery.Filter{Queues: []string{"DEV"}, Types: []string{"bug"}}, 1},
		{"unknown queue", delivery.Filter{Queues: []string{"NOPE"}}, 0},
		{"one known type", delivery.Filter{Types: []string{"nope", "task"}}, 1},
		{"key of another kind", delivery.Filter{Queues: []string{"bug"}}, 0},
		{"quotes", delivery.Filter{Queues: []string{`DEV' OR "1"="1`, `"]`}}, 0},
	} {
		q := ask(func(q *delivery.FlowQuery) {
			q.Connections, q.Queues, q.Types = c.filter.Connections, c.filter.Queues, c.filter.Types
		})
		same(t, c.name+": cycle time", s.cycleTime(t, q).Sample.N, c.n)
		same(t, c.name+": trend", s.trend(t, q).Sample.N, c.n)
		same(t, c.name+": time in status", s.timeInStatus(t, q).N, c.n)
		same(t, c.name+": list", len(s.list(t, delivery.IssueQuery{Filter: q.Filter, State: delivery.ListClosed})), c.n)
	}
}

func testThinning(t *testing.T, s *store) {
	const issues = delivery.MaxPoints + 1000
	var records []delivery.IssueRecord
	for n := range issues {
		end := at("2026-03-02") + delivery.Instant(n)*60_000
		records = append(records, took(n, n%97+1, end.Time().Format("2006-01-02 15:04")))
	}
	s.write(t, records...)
	got := s.cycleTime(t, ask())
	same(t, "of all", got.Sample.N, issues)
	same(t, "points", len(got.Points), delivery.MaxPoints)
	above := 0
	for i, p := range got.Points {
		if float64(p.Seconds) > *got.P95 {
			above++
		}
		if i > 0 && p.ClosedAt < got.Points[i-1].ClosedAt {
			t.Fatalf("point %d is out of order", i)
		}
		if p.Key == "" || p.Title != "Title of "+p.Key {
			t.Fatalf("point %d has no name: %+v", i, p)
		}
	}
	all := 0
	for n := range issues {
		if float64((n%97+1)*hour) > *got.P95 {
			all++
		}
	}
	same(t, "points above p95", above, all)
	same(t, "the same again", s.cycleTime(t, ask()).Points, got.Points)
}
