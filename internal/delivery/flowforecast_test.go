package delivery_test

import (
	"fmt"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

// closedOn are issues closed at noon, so many on each day from the first of January.
func closedOn(perDay ...int) issues {
	var out issues
	for n, count := range perDay {
		for range count {
			end := (day("2026-01-01 12:00") + delivery.Instant(n)*24*hour).Time().Format("2006-01-02 15:04")
			out = append(out, lived{"DEV", "", []string{"open@2025-12-01", "closed@" + end}})
		}
	}
	return out
}

func repeated(n int, perDay ...int) []int {
	var out []int
	for range n {
		out = append(out, perDay...)
	}
	return out
}

func TestForecast(t *testing.T) {
	waiting := lived{"DEV", "", []string{"open@2026-01-05"}}
	left := lived{"DEV", "duplicate", []string{"open@2025-12-01", "closed@2026-01-10"}}
	leftOpen := lived{"DEV", "duplicate", []string{"open@2025-12-01"}}
	open := issues{waiting, waiting, waiting, leftOpen}
	for _, c := range []struct {
		name     string
		issues   issues
		items    int
		change   func(*delivery.FlowQuery)
		headline string
		p85      string
	}{
		// One on each of 20 days: every run is the same.
		{"one a day", closedOn(repeated(20, 1)...), 30, nil, "items 30, p50 30, p85 30, p95 30, mean 1, count 20", "7 14 21 28 35 42 49 56 63 70 77 84 91"},
		{"open ones", append(closedOn(repeated(20, 1)...), open...), 0, nil, "items 3, p50 3, p85 3, p95 3, mean 1, count 20", "7 14 21 28 35 42 49 56 63 70 77 84 91"},
		{"none open", closedOn(repeated(20, 1)...), 0, nil, "items 0, p50 0, p85 0, p95 0, mean 1, count 20", "7 14 21 28 35 42 49 56 63 70 77 84 91"},
		{"too few", closedOn(repeated(9, 1)...), 30, nil, "items 30, p50 -, p85 -, p95 -, mean 0.45, count 9", strings.TrimSpace(strings.Repeat("- ", 13))},
		{"none", nil, 30, nil, "items 30, p50 -, p85 -, p95 -, mean -, count 0", strings.TrimSpace(strings.Repeat("- ", 13))},
		// Days from the 11th on, the rest is before the range.
		{
			"cut by the range", closedOn(append(repeated(10, 9), repeated(10, 2)...)...), 30,
			func(q *delivery.FlowQuery) { q.From = day("2026-01-11") },
			"items 30, p50 15, p85 15, p95 15, mean 2, count 20", "14 28 42 56 70 84 98 112 126 140 154 168 182",
		},
		// Half of the 10th is no day; of the days to come none is known.
		{
			"cut within a day", closedOn(append(repeated(10, 9), repeated(10, 2)...)...), 30,
			func(q *delivery.FlowQuery) { q.From, q.To = day("2026-01-10 18:00"), day("2026-01-20 13:00") },
			"items 30, p50 15, p85 15, p95 15, mean 2, count 18", "14 28 42 56 70 84 98 112 126 140 154 168 182",
		},
		// Fewer than one a hundred days.
		{"in many years", closedOn(append([]int{10}, repeated(19, 0)...)...), 10_000, nil, "items 10000, p50 -, p85 -, p95 -, mean 0.5, count 10", ""},
		{"left out", append(closedOn(repeated(20, 1)...), left), 30, nil, "items 30, p50 30, p85 30, p95 30, mean 1, count 20", ""},
	} {
		q := flowQuery(leavingOut, func(q *delivery.FlowQuery) {
			q.From, q.To, q.Now, q.Items = day("2025-12-01"), day("2026-01-22"), day("2026-01-21 15:00"), c.items
		})
		if c.change != nil {
			c.change(&q)
		}
		f := asked(t, delivery.ForecastOf, c.issues, q)
		d := f.Panel(q)
		same(t, c.name+": headline", figures(d), c.headline)
		if c.p85 != "" {
			same(t, c.name+": p85", values(t, d, "p85"), c.p85)
		}
		days := ""
		for _, p := range d.Series[0].Points[:2] {
			days += fmt.Sprintf("%s %s, ", p.T, p.Label)
		}
		same(t, c.name+": days", days, "2026-01-28T00:00:00.000Z 2026-01-28, 2026-02-04T00:00:00.000Z 2026-02-04, ")
		if c.name == "left out" {
			same(t, "excluded", f.Excluded, map[string]int{delivery.ExcludedResolution: 1})
		}
	}
}

// 2 or 0 a day with equal odds: after n days 2·Binomial(n, ½), whose quantiles are
// known.
func TestForecastOdds(t *testing.T) {
	q := flowQuery(func(q *delivery.FlowQuery) {
		q.From, q.To, q.Now, q.Items = day("2026-01-01"), day("2026-01-22"), day("2026-01-21"), 49
	})
	past := closedOn(repeated(10, 2, 0)...)
	f := asked(t, delivery.ForecastOf, past, q)
	// 49 of them: the 25th success of even odds, by day 49 half of the time; the
	// negative binomial has its 85th percentile at 57 days and its 95th at 61 or 62.
	for _, c := range []struct {
		name          string
		got, from, to float64
	}{
		{"p50", *f.P50, 49, 50},
		{"p85", *f.P85, 56, 58},
		{"p95", *f.P95, 61, 63},
		// After 49 days half of the runs have 24.5 successes, 15 % at most 21.
		{"fan p50", *f.Ahead[6].P50, 48, 50},
		{"fan p85", *f.Ahead[6].P85, 42, 42},
		{"fan p95", *f.Ahead[6].P95, 36, 38},
	} {
		if c.got < c.from || c.got > c.to {
			t.Errorf("%s is %v, not from %v to %v", c.name, c.got, c.from, c.to)
		}
	}
	// The same question has the same answer, by whatever clock, and another need not.
	again := q
	again.Clock, again.Unit, again.Now = delivery.Business, delivery.Day, q.Now+hour
	same(t, "again", asked(t, delivery.ForecastOf, past, again).Ahead, f.Ahead)
	for i, p := range f.Ahead {
		if *p.P50 < *p.P85 || *p.P85 < *p.P95 || i > 0 && *p.P95 < *f.Ahead[i-1].P95 {
			t.Errorf("point %d: %v %v %v", i, *p.P50, *p.P85, *p.P95)
		}
	}
}

func BenchmarkForecast(b *testing.B) {
	for name, items := range map[string]int{"30": 30, "never": 10_000} {
		b.Run(name, func(b *testing.B) {
			past := closedOn(repeated(13, 2, 0, 1, 0, 3, 0, 0)...)
			q := flowQuery(func(q *delivery.FlowQuery) {
				q.From, q.To, q.Now, q.Items = day("2026-01-01"), day("2026-04-02"), day("2026-04-02"), items
			})
			for b.Loop() {
				if f, err := delivery.ForecastOf(b.Context(), past, q); err != nil || f.Ahead[0].P50 == nil {
					b.Fatal(f, err)
				}
			}
		})
	}
}
