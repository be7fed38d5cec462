package views

import (
	"fmt"
	"testing"

	"throughline/internal/delivery"
)

// stage is a status of the workflow of the tests.
type stage struct{ key, name, class string }

var stages = []stage{
	{"open", "Open", "waiting"}, {"work", "In progress", "active"}, {"waitReview", "Waiting for review", "waiting"},
	{"review", "In review", "active"}, {"ready", "Ready for release", "waiting"},
}

func (s stage) category() *delivery.Category { return &delivery.Category{Name: s.name, Class: s.class} }

// flowData is a panel of issues as the domain makes it, but for its series.
func flowData(t *testing.T, clock delivery.Clock, slug string, shape delivery.Shape, of delivery.Quantity, n int, headline ...delivery.Figure) delivery.PanelData {
	t.Helper()
	d := delivery.CycleTime{Sample: delivery.Sample{N: n, AsOf: day(t, "2026-02-25")}}.Panel(flowQuery(t, clock))
	d.Slug, d.Shape, d.Quantity = slug, shape, of
	d.Headline = append(headline, delivery.Figure{Name: "count", Value: value(float64(n))})
	return d
}

// aged is an open issue: the place of its status and the hours of its age.
type aged struct {
	stage int
	hours int64
}

// aging is the panel of these issues before so many finished ones in each column but the
// last, which none has left.
func aging(t *testing.T, clock delivery.Clock, finished int, issues ...aged) delivery.PanelData {
	t.Helper()
	d := flowData(t, clock, "aging", delivery.Ages, delivery.Durations, len(issues))
	limits := map[string]float64{"p50": 20, "p85": 48, "p95": 96}
	d.Series = []delivery.Series{{Name: "issues", Points: []delivery.Point{}}}
	late := 0
	for i, one := range issues {
		if float64(one.hours) > limits["p85"] {
			late++
		}
		d.Series[0].Points = append(d.Series[0].Points, delivery.Point{
			T: day(t, "2026-02-25") - delivery.Instant(one.hours*hour*1000), X: stages[one.stage].key, Value: value(float64(one.hours * hour)), Category: stages[one.stage].category(),
			Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i+1), Title: fmt.Sprintf("Issue {%d}", i+1), TypeKey: "task", Type: "Task"},
		})
	}
	d.Headline = nil
	for _, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for i, st := range stages {
			n := finished
			point := delivery.Point{X: st.key, Category: st.category(), N: &n}
			if i == len(stages)-1 {
				n = 0
			}
			if n > 0 {
				point.Value = value(limits[name] * float64(i+1) / float64(len(stages)) * float64(hour))
			}
			s.Points = append(s.Points, point)
		}
		d.Series = append(d.Series, s)
		f := delivery.Figure{Name: name}
		if finished > 0 {
			f.Value = value(limits[name] * float64(hour))
		} else {
			late = 0
		}
		d.Headline = append(d.Headline, f)
	}
	d.Headline = append(d.Headline, delivery.Figure{Name: "late", Value: value(float64(late))}, delivery.Figure{Name: "count", Value: value(float64(len(issues)))})
	return d
}

// slots are the buckets of a query, the last one not over yet.
func slots(t *testing.T, clock delivery.Clock) []delivery.Point {
	t.Helper()
	q := flowQuery(t, clock)
	var out []delivery.Point
	for _, b := range delivery.Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now) {
		out = append(out, delivery.Point{T: b.Label.In(q.Calendar.Zone()), Slot: &delivery.Slot{Label: b.Label, Partial: b.Partial}})
	}
	return out
}

// cumulative is the panel of these counts by status, what is closed first; weeks without are
// as the last.
func cumulative(t *testing.T, rows ...[]float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, delivery.Elapsed, "cumulative-flow", delivery.Areas, delivery.IssueCounts, 40,
		delivery.Figure{Name: "wip", Value: value(9)}, delivery.Figure{Name: "open", Value: value(21)}, delivery.Figure{Name: "arrived", Value: value(30)})
	d.Series = nil
	for i, counts := range rows {
		s := delivery.Series{Name: "closed", Points: slots(t, delivery.Elapsed)}
		category := &delivery.Category{Name: "closed", Class: "closed"}
		if i > 0 {
			st := stages[len(rows)-1-i]
			s.Name, category = st.key, st.category()
		}
		for k := range s.Points {
			s.Points[k].Value, s.Points[k].Category = value(counts[min(k, len(counts)-1)]), category
		}
		d.Series = append(d.Series, s)
	}
	return d
}

// finishedWeeks is the panel of so many issues that finished in each week, and left out.
func finishedWeeks(t *testing.T, mean, median *float64, counts ...[2]float64) delivery.PanelData {
	t.Helper()
	n := 0
	finished, excluded := delivery.Series{Name: "finished", Points: slots(t, delivery.Elapsed)}, delivery.Series{Name: "excluded", Points: slots(t, delivery.Elapsed)}
	for i := range finished.Points {
		var c [2]float64
		if i < len(counts) {
			c = counts[i]
		}
		finished.Points[i].Value, excluded.Points[i].Value = &c[0], &c[1]
		n += int(c[0] + c[1])
	}
	d := flowData(t, delivery.Elapsed, "throughput", delivery.Stack, delivery.IssueCounts, n, delivery.Figure{Name: "mean", Value: mean}, delivery.Figure{Name: "p50", Value: median})
	d.Series = []delivery.Series{finished, excluded}
	return d
}

// efficiency is the panel of these shares by week, each of so many issues.
func efficiency(t *testing.T, rate float64, n int, weeks ...float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, delivery.Business, "flow-efficiency", delivery.Trend, delivery.Rates, n*len(weeks), delivery.Figure{Name: "rate", Value: &rate})
	share, count := delivery.Series{Name: "rate", Points: slots(t, delivery.Business)}, delivery.Series{Name: "count", Points: slots(t, delivery.Business)}
	for i := range share.Points {
		of := 0
		if i < len(weeks) {
			of, share.Points[i].Value = n, &weeks[i]
		}
		share.Points[i].N, count.Points[i].N, count.Points[i].Value = &of, &of, value(float64(of))
		share.Points[i].LowN = of < delivery.EnoughForP50
	}
	d.Series = []delivery.Series{share, count}
	return d
}

// blocked is the panel of two statuses of blocks, or of none.
func blocked(t *testing.T, clock delivery.Clock, issues float64) delivery.PanelData {
	t.Helper()
	var statuses []delivery.StatusTime
	if issues > 0 {
		statuses = []delivery.StatusTime{
			{Key: "hold", Name: "On hold", Class: delivery.Waiting, Percentiles: delivery.PercentilesOf([]int64{hour, 9 * hour, 30 * hour})},
			{Key: "needInfo", Name: "Need info", Class: delivery.Active, Percentiles: delivery.PercentilesOf([]int64{90 * hour})},
		}
	}
	d := delivery.TimeInStatus{Sample: delivery.Sample{N: 40, AsOf: day(t, "2026-02-25")}, Statuses: statuses}.Panel(flowQuery(t, clock))
	d.Slug = "blocked-time"
	d.Headline = append([]delivery.Figure{{Name: "rate", Value: value(0.124)}, {Name: "issues", Value: &issues}}, d.Headline...)
	return d
}
