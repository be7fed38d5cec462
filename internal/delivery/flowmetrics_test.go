package delivery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// march are issues whose metrics are computed by hand; comments are in elapsed hours.
var march = issues{
	// 1: lead 72, cycle 48.
	{"DEV", "", []string{"open@2026-03-02 09:00", "progress@2026-03-03 09:00", "review@2026-03-04 09:00", "closed@2026-03-05 09:00"}},
	// 2: Friday 17:00 to Monday 11:00, 66 or 3 working hours; open for no time.
	{"DEV", "", []string{"open@2026-03-06 17:00", "progress@2026-03-06 17:00", "closed@2026-03-09 11:00"}},
	// 3: never active.
	{"DEV", "fixed", []string{"open@2026-03-10", "closed@2026-03-11"}},
	// 4: its resolution can be left out.
	{"DEV", "duplicate", []string{"open@2026-03-10", "progress@2026-03-11", "closed@2026-03-12"}},
	// 5: reopened; lead 15 days, cycle 14.
	{"DEV", "", []string{"open@2026-03-02", "progress@2026-03-03", "closed@2026-03-05", "open@2026-03-10", "progress@2026-03-11", "closed@2026-03-17"}},
	// 6: in progress for 5 days at noon of the 25th.
	{"DEV", "", []string{"open@2026-03-10", "progress@2026-03-20 12:00", "paused@2026-03-22 12:00"}},
	// 7: not started.
	{"DEV", "", []string{"open@2026-03-15"}},
	// 8: closed before the range.
	{"DEV", "", []string{"open@2026-02-01", "progress@2026-02-10", "closed@2026-02-20"}},
	// 9: in progress for 24.5 days, and put back.
	{"DEV", "duplicate", []string{"progress@2026-03-01", "open@2026-03-24"}},
}

func TestLeadTimeTrend(t *testing.T) {
	for _, c := range []struct {
		name               string
		change             func(*delivery.FlowQuery)
		p50, p85, headline string
		sample             delivery.Sample
	}{
		{
			"elapsed", leavingOut, "- 259200 162000 1.296e+06 - -", "- 259200 214920 1.296e+06 - -",
			"p50 248400, p85 829440, p95 1.14048e+06, count 4",
			delivery.Sample{N: 4, Excluded: map[string]int{delivery.ExcludedResolution: 1}, AsOf: day("2026-03-25 12:00")},
		},
		{
			"business", func(q *delivery.FlowQuery) { leavingOut(q); business(q) }, "- 97200 21600 356400 - -", "- 97200 29160 356400 - -",
			"p50 64800, p85 239760, p95 317520, count 4",
			delivery.Sample{N: 4, Excluded: map[string]int{delivery.ExcludedResolution: 1}, AsOf: day("2026-03-25 12:00")},
		},
		{
			"nothing left out", func(*delivery.FlowQuery) {}, "- 259200 172800 1.296e+06 - -", "- 259200 218160 1.296e+06 - -",
			"p50 237600, p85 673920, p95 1.08864e+06, count 5",
			delivery.Sample{N: 5, AsOf: day("2026-03-25 12:00")},
		},
		{
			"empty range", func(q *delivery.FlowQuery) { q.To = q.From }, "", "",
			"p50 -, p85 -, p95 -, count 0",
			delivery.Sample{AsOf: day("2026-03-25 12:00")},
		},
	} {
		q := flowQuery(c.change)
		d := asked(t, delivery.LeadTimeTrendOf, march, q).Panel(q)
		same(t, c.name+": p50", values(t, d, "p50"), c.p50)
		same(t, c.name+": p85", values(t, d, "p85"), c.p85)
		same(t, c.name+": headline", figures(d), c.headline)
		same(t, c.name+": sample", d.Sample, c.sample)
		same(t, c.name, []any{d.Slug, d.Shape, d.Quantity}, []any{"lead-time-trend", delivery.Trend, delivery.Durations})
	}
}

func TestThroughput(t *testing.T) {
	q := flowQuery(leavingOut)
	got := asked(t, delivery.ThroughputOf, march, q)
	d := got.Panel(q)
	same(t, "finished", values(t, d, "finished"), "0 1 2 1 0 0")
	same(t, "excluded", values(t, d, "excluded"), "0 0 1 0 0 0")
	same(t, "headline", figures(d), "mean 1.66667, p50 1, count 5")
	same(t, "sample", d.Sample, delivery.Sample{N: 5, AsOf: q.Now})
	partial := ""
	for _, p := range d.Series[0].Points {
		partial += fmt.Sprintf("%s %t %d, ", p.Label, p.Partial, *p.N)
	}
	same(t, "slots", partial, "2026-02-23 true 0, 2026-03-02 false 1, 2026-03-09 false 3, 2026-03-16 false 1, 2026-03-23 true 0, 2026-03-30 true 0, ")

	// The mean is per week whatever the bucket; an hour or a day is no week.
	q.Unit = delivery.Day
	same(t, "by day", figures(asked(t, delivery.ThroughputOf, march, q).Panel(q)), "mean 1.66667, p50 0, count 5")
	q.Unit = delivery.Month
	same(t, "by month", figures(asked(t, delivery.ThroughputOf, march, q).Panel(q)), "mean 1.66667, p50 -, count 5")
	q.From, q.To, q.Unit = day("2026-03-10"), day("2026-03-13"), delivery.Day
	same(t, "three days", figures(asked(t, delivery.ThroughputOf, march, q).Panel(q)), "mean -, p50 1, count 2")
	q.To = q.From
	same(t, "nothing", figures(asked(t, delivery.ThroughputOf, march, q).Panel(q)), "mean -, p50 -, count 0")
}

func TestAging(t *testing.T) {
	q := flowQuery(leavingOut)
	d := asked(t, delivery.AgingOf, march, q).Panel(q)
	same(t, "issues", values(t, d, "issues"), "2.1168e+06 432000")
	same(t, "headline", figures(d), "p50 237600, p85 918000, p95 1.1124e+06, late 1, count 2")
	same(t, "sample", d.Sample, delivery.Sample{N: 2, Excluded: map[string]int{delivery.NotStarted: 1}, AsOf: q.Now})
	same(t, "p50", values(t, d, "p50"), "691200 237600 - 172800")
	same(t, "p85", values(t, d, "p85"), "691200 918000 - 172800")
	same(t, "p95", values(t, d, "p95"), "691200 1.1124e+06 - 172800")
	columns := ""
	for _, p := range d.Series[1].Points {
		columns += fmt.Sprintf("%s %s %s %d, ", p.X, p.Name, p.Class, *p.N)
	}
	same(t, "columns", columns, "open OPEN waiting 1, progress PROGRESS active 3, paused PAUSED active 0, review REVIEW active 1, ")
	marks := ""
	for _, p := range d.Series[0].Points {
		marks += fmt.Sprintf("%s %s %s %s %s, ", p.Key, p.X, p.T, p.Name, p.Class)
	}
	same(t, "marks", marks, "DEV-9 open 2026-03-01T00:00:00.000Z OPEN waiting, DEV-6 paused 2026-03-20T12:00:00.000Z PAUSED active, ")

	// Friday noon to Wednesday noon: 6 hours, two days and 3 hours of 9 each.
	business(&q)
	d = asked(t, delivery.AgingOf, march, q).Panel(q)
	same(t, "business", values(t, d, "issues"), "561600 97200")
	q.From, q.To = day("2026-01-01"), day("2026-01-02")
	d = asked(t, delivery.AgingOf, march, q).Panel(q)
	same(t, "nothing finished", figures(d), "p50 -, p85 -, p95 -, late 0, count 2")
	same(t, "its bands", values(t, d, "p50"), "- -")
}

func TestCumulativeFlow(t *testing.T) {
	q := flowQuery()
	d := asked(t, delivery.CumulativeFlowOf, march, q).Panel(q)
	series := ""
	for _, s := range d.Series {
		p := s.Points[0]
		series += fmt.Sprintf("%s (%s, %s): %s; ", s.Name, p.Name, p.Class, values(t, d, s.Name))
	}
	same(t, "series", series, "closed (closed, closed): 0 2 4 5 5 -; paused (PAUSED, active): 0 0 0 1 1 -; "+
		"progress (PROGRESS, active): 1 2 2 1 0 -; open (OPEN, waiting): 0 0 2 1 2 -; ")
	same(t, "headline", figures(d), "wip 1, open 3, arrived 8, count 8")
	same(t, "partial", []bool{d.Series[0].Points[0].Partial, d.Series[0].Points[2].Partial, d.Series[0].Points[4].Partial}, []bool{true, false, true})

	// What was closed before the range is not in it, however it is cut.
	q.From, q.To, q.Unit = day("2026-03-10"), day("2026-03-12"), delivery.Day
	d = asked(t, delivery.CumulativeFlowOf, march, q).Panel(q)
	same(t, "two days, closed", values(t, d, "closed"), "0 1")
	same(t, "two days, open", values(t, d, "open"), "4 1")
	same(t, "two days, in progress", values(t, d, "progress"), "1 3")
	same(t, "two days", figures(d), "wip 3, open 4, arrived 3, count 5")
	q.To = q.From
	same(t, "nothing", figures(asked(t, delivery.CumulativeFlowOf, march, q).Panel(q)), "wip 0, open 0, arrived 0, count 0")
	q.From, q.To = day("2027-01-01"), day("2027-01-03")
	d = asked(t, delivery.CumulativeFlowOf, march, q).Panel(q)
	same(t, "to come", figures(d)+"; "+values(t, d, "closed"), "wip 0, open 0, arrived 0, count 0; - -")
}

func TestFlowEfficiency(t *testing.T) {
	q := flowQuery(leavingOut)
	d := asked(t, delivery.FlowEfficiencyOf, march, q).Panel(q)
	same(t, "rate", values(t, d, "rate"), "- 1 1 0.571429 - -")
	same(t, "count", values(t, d, "count"), "0 1 1 1 0 0")
	same(t, "headline", figures(d), "rate 0.68, count 3")
	same(t, "sample", d.Sample, delivery.Sample{N: 3, Excluded: map[string]int{delivery.ExcludedResolution: 1, delivery.NeverActive: 1}, AsOf: q.Now})
	same(t, "low", d.Series[0].Points[1].LowN, true)

	// On a Saturday no working time passes; 6 of 9 hours of a Monday were waited.
	weekend := issues{
		{"DEV", "", []string{"progress@2026-03-07 09:00", "closed@2026-03-07 18:00"}},
		{"DEV", "", []string{"progress@2026-03-09 08:00", "open@2026-03-09 12:00", "closed@2026-03-09 20:00"}},
	}
	q = flowQuery(business)
	d = asked(t, delivery.FlowEfficiencyOf, weekend, q).Panel(q)
	same(t, "business", figures(d), "rate 0.333333, count 1")
	same(t, "no time", d.Excluded, map[string]int{delivery.NoTime: 1})
}

func TestBlockedTime(t *testing.T) {
	q := flowQuery(leavingOut)
	d := asked(t, delivery.BlockedTimeOf, march, q).Panel(q)
	same(t, "headline", figures(d), "rate 0.0609137, issues 1, count 6")
	same(t, "paused", values(t, d, "p50"), "259200")
	same(t, "sample", d.Sample, delivery.Sample{N: 6, AsOf: q.Now})

	// Two stays on hold count together; one before the work began, and being closed
	// under whatever name, do not.
	held := issues{
		{"DEV", "", []string{"hold@2026-03-02", "progress@2026-03-03", "hold@2026-03-04", "progress@2026-03-05", "hold@2026-03-08", "closed@2026-03-10"}},
		{"DEV", "", []string{"hold@2026-03-02", "closed@2026-03-10"}},
		{"DEV", "", []string{"progress@2026-03-20"}},
	}
	q = flowQuery()
	d = asked(t, delivery.BlockedTimeOf, held, q).Panel(q)
	same(t, "held", values(t, d, "p50"), "259200")
	same(t, "held, 3 of 7 and 5.5 days", figures(d), "rate 0.24, issues 1, count 2")
	p := d.Series[0].Points[0]
	same(t, "status", []any{p.X, p.Name, p.Class, *p.N}, []any{"hold", "Holding", "waiting", 1})
	q.From, q.To = day("2027-01-01"), day("2027-01-03")
	same(t, "to come", figures(asked(t, delivery.BlockedTimeOf, held, q).Panel(q)), "rate -, issues 0, count 0")
}

func TestBlockedByTags(t *testing.T) {
	tagged := issues{
		// Two days with the tag and two on hold, one of them the same: 3 of 7 days.
		{"DEV", "", []string{"open@2026-03-02", "progress@2026-03-03", "+blocked@2026-03-04", "hold@2026-03-05", "-blocked@2026-03-06", "progress@2026-03-07", "closed@2026-03-10"}},
		// Tagged since before it was begun, 2.5 days ago.
		{"DEV", "", []string{"open@2026-03-01", "+on-hold@2026-03-02", "progress@2026-03-23"}},
		// The tag stayed while it was closed: 2 of 5 days.
		{"DEV", "", []string{"progress@2026-03-10", "+Blocked@2026-03-11", "closed@2026-03-12", "progress@2026-03-14", "closed@2026-03-15"}},
		// No such tag, for 5.5 days.
		{"DEV", "", []string{"progress@2026-03-20", "+blockchain@2026-03-21"}},
		// Never started.
		{"DEV", "", []string{"open@2026-03-20", "+blocked@2026-03-21"}},
	}
	q := flowQuery()
	d := asked(t, delivery.BlockedTimeOf, tagged, q).Panel(q)
	same(t, "headline", figures(d), "rate 0.375, issues 3, count 4")
	rows := ""
	for _, p := range d.Series[0].Points {
		rows += fmt.Sprintf("%s %s %q %d %g, ", p.X, p.Name, p.Class, *p.N, *p.Value)
	}
	same(t, "rows", rows, `hold Holding "waiting" 1 172800, #Blocked #Blocked "" 1 172800, #blocked #blocked "" 1 172800, #on-hold #on-hold "" 1 216000, `)

	// Of the third, Wednesday counts and Saturday does not.
	business(&q)
	d = asked(t, delivery.BlockedTimeOf, tagged, q).Panel(q)
	same(t, "working time", values(t, d, "p50"), "64800 32400 64800 75600")

	got, sample, err := recordMarks(t, tagged, delivery.RecordsQuery{FlowQuery: q, Panel: "blocked-time", Status: "#on-hold"})
	same(t, "behind a tag", []any{got, sample.N, err}, []any{"2 75600", 1, nil})
}

func recordMarks(t *testing.T, i issues, q delivery.RecordsQuery) (marks string, sample delivery.Sample, err error) {
	t.Helper()
	err = i.Lives(t.Context(), q.FlowQuery, func(lives delivery.Lives) error {
		all, s, err := delivery.RecordMarks(t.Context(), lives, &q)
		for _, m := range all {
			marks += fmt.Sprint(m.ID, " ", m.Seconds)
		}
		sample = s
		return err
	})
	return marks, sample, err
}

func TestBlocks(t *testing.T) {
	known := delivery.Dictionaries{}
	for n, name := range []string{"Blocked by others", "ПРИОСТАНОВЛЕНА", "Ожидание ответа", "Заблокирована", "On Hold", "Suspended", "Need info", "Open", "В работе"} {
		known.Add(delivery.Status{Connection: "tracker", Key: fmt.Sprint(n), Name: name})
	}
	known.Add(delivery.Status{Connection: "tracker", Key: "p", Name: "Open", Type: "paused"})
	b := delivery.StatusBook{Known: known, Names: map[string]string{"x": "Impediment", "0": "Open"}}
	got := ""
	for _, key := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "p", "x", "y", "needInfo", "BLOCKED", "holding"} {
		if b.Blocks("tracker", key) {
			got += key + " "
		}
	}
	same(t, "blocked", got, "0 1 2 3 4 5 6 p x needInfo BLOCKED holding ")
	same(t, "of another connection", b.Blocks("other", "p"), false)
}

func TestCycleTimeHistogram(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*delivery.FlowQuery)
		bins     int
		width    float64
		counts   map[int]int // by bin
		open     bool
		headline string
	}{
		{"elapsed", leavingOut, 29, 43200, map[int]int{4: 1, 5: 1, 28: 1}, true, "p50 237600, p85 918000, p95 1.1124e+06, count 3"},
		{
			"business", func(q *delivery.FlowQuery) { leavingOut(q); business(q) }, 23, 14400,
			map[int]int{0: 1, 4: 1, 22: 1},
			true, "p50 64800, p85 246240, p95 298080, count 3",
		},
		{"a week", func(q *delivery.FlowQuery) { q.To = day("2026-03-08") }, 25, 7200, map[int]int{24: 1}, false, "p50 172800, p85 172800, p95 172800, count 1"},
		{"empty range", func(q *delivery.FlowQuery) { q.To = q.From }, 0, 0, nil, false, "p50 -, p85 -, p95 -, count 0"},
	} {
		q := flowQuery(c.change)
		d := asked(t, delivery.CycleTimeHistogramOf, march, q).Panel(q)
		same(t, c.name+": headline", figures(d), c.headline)
		points := d.Series[0].Points
		same(t, c.name+": bins", len(points), c.bins)
		for i, p := range points {
			same(t, fmt.Sprintf("%s: bin %d", c.name, i), []any{p.X, p.From, *p.Value}, []any{fmt.Sprintf("%.0f", float64(i)*c.width), float64(i) * c.width, float64(c.counts[i])})
			if last := c.open && i == len(points)-1; (p.To == nil) != last || p.To != nil && *p.To != float64(i+1)*c.width {
				t.Errorf("%s: bin %d ends at %v", c.name, i, p.To)
			}
		}
	}
}

// took are issues closed day after day, with cycle times in hours.
func took(hours ...int) issues {
	var out issues
	for n, h := range hours {
		end := day("2026-03-02 12:00") + delivery.Instant(n)*24*hour
		start := end - delivery.Instant(h)*hour
		const layout = "2006-01-02 15:04"
		out = append(out, lived{"DEV", "", []string{"progress@" + start.Time().Format(layout), "closed@" + end.Time().Format(layout)}})
	}
	return out
}

func TestControlChart(t *testing.T) {
	for _, c := range []struct {
		name              string
		hours             []int
		headline, signals string
	}{
		{"none", nil, "mean -, upper -, lower -, range -, signals 0, runs 0, count 0", ""},
		{"one", []int{10}, "mean 36000, upper -, lower -, range -, signals 0, runs 0, count 1", " ."},
		{"too few", []int{1, 1, 1, 1, 1, 1, 1, 1, 90}, "mean 39200, upper -, lower -, range 40050, signals 0, runs 0, count 9", strings.Repeat(" .", 9)},
		// Mean 11 h, mean moving range 2 h.
		{"even", []int{10, 12, 10, 12, 10, 12, 10, 12, 10, 12}, "mean 39600, upper 58752, lower 20448, range 7200, signals 0, runs 0, count 10", strings.Repeat(" .", 10)},
		// Mean 140/11 h, range (9·2+18)/10 h.
		{
			"one beyond",
			[]int{10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 30},
			"mean 45818.2, upper 80291.8, lower 11344.6, range 12960, signals 1, runs 1, count 11", strings.Repeat(" run", 10) + " beyond",
		},
		// Mean 15 h, range (14·4+2)/15 h.
		{
			"two runs",
			[]int{10, 14, 10, 14, 10, 14, 10, 14, 16, 20, 16, 20, 16, 20, 16, 20},
			"mean 54000, upper 91027.2, lower 16972.8, range 13920, signals 0, runs 2, count 16", strings.Repeat(" run", 16),
		},
		// Mean 15 h, range 58/14 h; one that is on the mean ends a run of seven.
		{
			"a run that is broken",
			[]int{10, 14, 10, 14, 10, 14, 10, 15, 20, 16, 20, 16, 20, 16, 20},
			"mean 54000, upper 93672, lower 14328, range 14914.3, signals 0, runs 0, count 15", strings.Repeat(" .", 15),
		},
		// Mean 2.8 h, range 54/9 h: the lower limit is 0.
		{"nothing below nothing", []int{1, 1, 1, 1, 1, 1, 1, 1, 1, 19}, "mean 10080, upper 29232, lower 0, range 7200, signals 1, runs 1, count 10", strings.Repeat(" run", 9) + " beyond"},
	} {
		q := flowQuery()
		d := asked(t, delivery.ControlChartOf, took(c.hours...), q).Panel(q)
		same(t, c.name+": headline", figures(d), c.headline)
		signals := ""
		for i, p := range d.Series[0].Points {
			signals += " " + strings.ReplaceAll("."+p.Signal, ".", map[bool]string{true: ".", false: ""}[p.Signal == ""])
			same(t, c.name+": key", p.Key, fmt.Sprintf("DEV-%d", i+1))
		}
		same(t, c.name+": signals", signals, c.signals)
	}
}

func TestControlChartThinned(t *testing.T) {
	all := make(issues, 0, delivery.MaxPoints+500)
	for n := range cap(all) {
		end := day("2026-03-02") + delivery.Instant(n)*60_000
		start := end - hour*delivery.Instant(1+n%2)
		if n%100 == 0 {
			start = end - 500*hour
		}
		const layout = "2006-01-02 15:04"
		all = append(all, lived{"DEV", "", []string{"progress@" + start.Time().Format(layout), "closed@" + end.Time().Format(layout)}})
	}
	q := flowQuery()
	got := asked(t, delivery.ControlChartOf, all, q)
	same(t, "count", []int{got.N, len(got.Points), got.Beyond}, []int{5500, delivery.MaxPoints, 55})
	beyond := 0
	for i, p := range got.Points {
		if p.Mark.Signal == delivery.BeyondLimits {
			beyond++
		}
		if i > 0 && p.ClosedAt < got.Points[i-1].ClosedAt {
			t.Fatal("out of order")
		}
	}
	same(t, "beyond", beyond, 55)
}

// A local day of 23 hours is one day of the history, and a lead time of 23 hours.
func TestClockChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	q := flowQuery(func(q *delivery.FlowQuery) {
		q.Calendar = office(berlin)
		// The 29th of March, in Berlin.
		q.From, q.To, q.Unit, q.Now = day("2026-03-28 23:00"), day("2026-03-29 22:00"), delivery.Day, day("2026-03-30 12:00")
	})
	one := issues{
		{"DEV", "", []string{"open@2026-03-28 22:00", "progress@2026-03-28 23:00", "closed@2026-03-29 21:59"}},
		{"DEV", "", []string{"open@2026-03-28 22:00", "progress@2026-03-28 23:00", "closed@2026-03-29 22:00"}},
	}
	same(t, "lead", figures(asked(t, delivery.LeadTimeTrendOf, one, q).Panel(q)), "p50 86340, p85 86340, p95 86340, count 1")
	same(t, "throughput", figures(asked(t, delivery.ThroughputOf, one, q).Panel(q)), "mean -, p50 1, count 1")
	same(t, "flow", values(t, asked(t, delivery.CumulativeFlowOf, one, q).Panel(q), "progress"), "1")
	q.To = day("2026-04-01")
	f := asked(t, delivery.ForecastOf, one, q)
	same(t, "history", []any{f.N, f.Days, *f.PerDay}, []any{1, 1, 1.0})
	q.Now = day("2026-03-30 22:00")
	f = asked(t, delivery.ForecastOf, one, q)
	same(t, "history, a day later", []any{f.N, f.Days, *f.PerDay}, []any{2, 2, 1.0})
}
