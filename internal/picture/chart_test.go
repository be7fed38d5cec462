package picture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// fake is a Chart of plain values: what a test does not set is left out of the drawing.
type fake struct {
	data              delivery.PanelData
	axis              string
	per               float64
	from, to          float64
	log, whole, piled bool
	lines             []string // of custom series
	legend            bool     // lines have one
	verticals         []fakeVertical
	before            []delivery.Point
	falls             []fakeFall
	goal              float64 // 0 for none
	edges             []string
	classes           map[string]string
	looks             map[string][2]string
	level             float64
	levelName         string
}

type fakeVertical struct {
	at              float64
	label           string
	event, incident bool
}

type fakeFall struct {
	series string
	at     float64
	label  string
}

func (f *fake) Data() delivery.PanelData { return f.data }

func (f *fake) Axis() (name string, per float64) { return f.axis, max(f.per, 1) }
func (f *fake) Bounds() (from, to float64)       { return f.from, f.to }
func (f *fake) Log() bool                        { return f.log }
func (f *fake) Whole() bool                      { return f.whole }
func (f *fake) Tick(v float64) string            { return strconv.FormatFloat(v, 'g', 6, 64) }
func (f *fake) Count(n float64) string           { return strconv.FormatFloat(n, 'f', 0, 64) }
func (f *fake) CountName() string                { return "issues" }

func (f *fake) Wall(at delivery.Instant) int64 { return int64(at) + 3*hour }
func (f *fake) Span() (from, to int64) {
	return f.Wall(f.data.Filter.From), f.Wall(f.data.Filter.To)
}

func (f *fake) Moment(wall int64, months bool) string {
	if months {
		return time.UnixMilli(wall).UTC().Format("Jan")
	}
	return time.UnixMilli(wall).UTC().Format("2 Jan")
}

func (f *fake) Bucket(day delivery.Date) string { return fmt.Sprintf("%d.%02d", day.Day, day.Month) }

func (f *fake) Verticals(yield func(at float64, label string, event, incident bool)) {
	for _, v := range f.verticals {
		yield(v.at, v.label, v.event, v.incident)
	}
}

func (f *fake) Name(series string) string { return series }

func (f *fake) Look(series string) (ink, hatch string) {
	return f.looks[series][0], f.looks[series][1]
}

func (f *fake) Level() (value float64, name string) { return f.level, f.levelName }

func (f *fake) Area(i int) (name, ink, hatch string, opacity float64) {
	s := f.data.Series[i]
	return s.Name, f.looks[s.Name][0], f.looks[s.Name][1], 0.85
}

func (f *fake) Stroke(series string) (width float64, dashed bool) {
	if series == "p50" {
		return 2.5, false
	}
	return 1.25, series == "p95"
}

func (f *fake) End(series string, value float64) string {
	return series + " " + strconv.FormatFloat(math.Round(value/f.per*10)/10, 'f', -1, 64)
}

func (f *fake) Before() (points []delivery.Point, name string) {
	if f.before == nil {
		return nil, ""
	}
	return f.before, "p50 before"
}

func (f *fake) Groups(yield func(name string, place int, points []delivery.Point)) {
	byType := map[string][]delivery.Point{}
	for _, p := range f.data.Series[0].Points {
		byType[p.TypeKey] = append(byType[p.TypeKey], p)
	}
	for i := range shapes {
		if key := strconv.Itoa(i); len(byType[key]) > 0 {
			yield("Type "+key, i, byType[key])
		}
	}
}

func (f *fake) Signals(yield func(name string, shape int, ink string, plain bool, points []delivery.Point)) {
	for _, g := range []struct {
		signal string
		shape  int
		ink    string
	}{{"", 0, "series-1"}, {delivery.InRun, 6, "series-1"}, {delivery.BeyondLimits, 3, "series-6"}} {
		var points []delivery.Point
		for _, p := range f.data.Series[0].Points {
			if p.Signal == g.signal {
				points = append(points, p)
			}
		}
		if len(points) > 0 {
			yield("signal "+g.signal, g.shape, g.ink, g.signal == "", points)
		}
	}
}

func (f *fake) Edges() (words []string, unit string) { return f.edges, "days" }

func (f *fake) Falls(yield func(series string, at float64, label string)) {
	for _, fall := range f.falls {
		yield(fall.series, fall.at, fall.label)
	}
}

func (f *fake) Goal() (value float64, label string, ok bool) {
	return f.goal, f.Tick(f.goal) + " issues", f.goal > 0
}

func (f *fake) Piled() bool                          { return f.piled }
func (f *fake) LowN(_ string, n int) bool            { return n < 3 }
func (f *fake) Class(class string) (hatch, n string) { return f.classes[class], class }
func (f *fake) RowEnd(row int) string {
	last := f.data.Series[len(f.data.Series)-1]
	if v := last.Points[row].Value; v != nil {
		return f.Tick(*v / f.per)
	}
	return ""
}

func (f *fake) Drawn(rows int) string {
	if rows == len(f.data.Series[0].Points) {
		return ""
	}
	return fmt.Sprintf("the first %d drawn", rows)
}

func (f *fake) Line(i int) (name, ink, dash string) {
	return f.lines[i], "series-" + strconv.Itoa(i%7+1), []string{"solid", "dashed", "dotted"}[i/7%3]
}
func (f *fake) Labelled() bool { return !f.legend }

func (f *fake) Gaps(points []delivery.Point) func(i int) bool {
	return func(i int) bool {
		return i+1 >= len(points) || points[i].Value == nil || points[i+1].Value == nil
	}
}

// week is the i-th Monday of 2026 from 5 January on, at midnight in Moscow.
func week(i int) delivery.Instant {
	return delivery.Instant(time.Date(2026, 1, 5+7*i, 0, 0, 0, 0, time.FixedZone("", 3*3600)).UnixMilli())
}

func value(v float64) *float64 { return &v }

const oneDay = 86400.0

// scatter is a panel of n dots of some types, skewed as durations are.
func scatter(n, types int) *fake {
	random := rand.New(rand.NewPCG(1, 2))
	f := &fake{axis: "days", per: oneDay, to: math.NaN(), log: true}
	points := make([]delivery.Point, n)
	for i := range points {
		v := math.Exp(random.NormFloat64()*1.2+1) * oneDay
		points[i] = delivery.Point{
			T: week(0) + delivery.Instant(random.Int64N(12*7*day)), Value: &v,
			Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i), TypeKey: strconv.Itoa(random.IntN(types))},
		}
	}
	f.data = delivery.PanelData{
		Shape: delivery.Marks, Filter: delivery.Filter{From: week(0), To: week(12)}, Sample: delivery.Sample{N: n},
		Series:   []delivery.Series{{Name: "issues", Points: points}},
		Headline: []delivery.Figure{{Name: "p50", Value: value(2.7 * oneDay)}, {Name: "p85", Value: value(9 * oneDay)}, {Name: "p95", Value: value(20 * oneDay)}},
	}
	return f
}

// trend is a panel of weeks: percentiles where there is a number, gaps where it is NaN.
func trend(medians ...float64) *fake {
	f := &fake{axis: "days", per: oneDay, to: math.NaN()}
	f.data = delivery.PanelData{Shape: delivery.Trend, Filter: delivery.Filter{From: week(0), To: week(len(medians)), Unit: delivery.Week}}
	for k, name := range []string{"p50", "p85", "p95", "count"} {
		s := delivery.Series{Name: name}
		for i, m := range medians {
			n := 4 + i*5%17
			pt := delivery.Point{T: week(i), N: &n, Slot: &delivery.Slot{
				Label: delivery.DateOf(week(i).Time().Add(3 * time.Hour)), LowN: k == 2 && n < 9, Partial: i == len(medians)-1,
			}}
			if !math.IsNaN(m) {
				pt.Value = value(m * []float64{1, 2.2, 4, 1}[k] * oneDay)
			}
			s.Points = append(s.Points, pt)
			f.data.N += n
		}
		f.data.Series = append(f.data.Series, s)
	}
	return f
}

type benchCase struct {
	name string
	spec Spec
}

func benchCases(testing.TB) []benchCase {
	of := func(c Chart) Spec {
		return Spec{
			Title: "Cycle time of finished issues", Summary: "85 % of issues finished within 13.3 days; 15 took over 30 days.",
			Foot: "n = 5,000 · 37 excluded · as of 27 Nov 2026 09:12", Lang: "en", Chart: c, Theme: Light, Width: 800, Height: 450,
		}
	}
	return []benchCase{
		{"5000dots", of(scatter(5000, 7))},
		{"trend", of(trend(3, 4, 2, 5, 3, math.NaN(), 4, 6, 5, 4, 3, 4, 5))},
	}
}

// spread is a panel of bins of a day each, with so many records; the last one is open.
func spread(counts ...float64) *fake {
	f := &fake{axis: "issues", to: math.NaN(), whole: true}
	f.data = delivery.PanelData{Shape: delivery.Bins}
	s := delivery.Series{Name: "issues"}
	for i, n := range counts {
		to := float64(i+1) * oneDay
		b := &delivery.Bin{From: float64(i) * oneDay, To: &to}
		f.edges = append(f.edges, strconv.Itoa(i))
		if i == len(counts)-1 {
			b.To = nil
			f.edges = append(f.edges, strconv.Itoa(i)+" d and more")
		}
		f.data.N += int(n)
		s.Points = append(s.Points, delivery.Point{Value: value(n), Bin: b})
	}
	f.data.Series = []delivery.Series{s}
	f.falls = []fakeFall{{"p50", 1.4, "p50 1.4 d"}, {"p85", 3.2, "p85 3.2 d"}, {"p95", 4, "p95 4 d"}}
	return f
}

// limited is a control chart of n records, of which some break each rule.
func limited(n int) *fake {
	f := scatter(n, 1)
	f.log = false
	f.data.Shape = delivery.Control
	points := f.data.Series[0].Points
	for i := range points {
		v := math.Mod(*points[i].Value, 8*oneDay)
		points[i].Value = &v
		switch {
		case i%20 == 7:
			points[i].Value, points[i].Signal = value(12*oneDay), delivery.BeyondLimits
		case i > 30 && i < 40:
			points[i].Signal = delivery.InRun
		}
	}
	f.data.Headline = []delivery.Figure{{Name: "mean", Value: value(3 * oneDay)}, {Name: "upper", Value: value(9 * oneDay)}, {Name: "lower", Value: value(0)}}
	return f
}

// ahead is a forecast of so many a week, about a goal.
func ahead(perWeek, goal float64) *fake {
	f := &fake{axis: "issues finished", per: 1, to: math.NaN(), whole: true, goal: goal}
	f.data = delivery.PanelData{Shape: delivery.Fan, Sample: delivery.Sample{N: 100}, Filter: delivery.Filter{From: week(0), To: week(13)}}
	for k, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for i := range 13 {
			s.Points = append(s.Points, delivery.Point{T: week(i + 1), Value: value(math.Floor(perWeek * float64(i+1) * (1 - 0.15*float64(k))))})
		}
		f.data.Series = append(f.data.Series, s)
		at := float64(f.Wall(week(0))) + goal/(perWeek*(1-0.15*float64(k)))*7*float64(day)
		f.falls = append(f.falls, fakeFall{name, at, name + " " + f.Moment(int64(at), false)})
	}
	return f
}
