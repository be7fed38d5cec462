package views

import (
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// fanLines are the lines of a forecast, the least sure first.
var fanLines = []string{"p50", "p85", "p95"}

// forecast reports whether a panel of the shape Fan has anything to draw.
func forecast(d delivery.PanelData) bool {
	return slices.ContainsFunc(d.Series, func(s delivery.Series) bool {
		return slices.ContainsFunc(s.Points, func(p delivery.Point) bool { return p.Value != nil })
	})
}

// fanStart is the day a forecast is made on: a week before its first point.
func fanStart(d delivery.PanelData) delivery.Date { return d.Series[0].Points[0].Label.AddDays(-7) }

// dayWall is the wall clock of a day's beginning.
func dayWall(day delivery.Date) int64 {
	return time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, time.UTC).UnixMilli()
}

// fanSpan is the time axis of a forecast, as wall clocks.
func fanSpan(d delivery.PanelData) (from, to int64) {
	points := d.Series[0].Points
	return dayWall(fanStart(d)), dayWall(points[len(points)-1].Label)
}

// fanMost is the largest number that a forecast comes to.
func fanMost(d delivery.PanelData) float64 {
	most := 0.0
	for _, s := range d.Series {
		for _, point := range s.Points {
			if point.Value != nil {
				most = max(most, *point.Value)
			}
		}
	}
	return most
}

// farGoal is how many times the largest number of a forecast a goal may be to have a place
// in the chart: one far above would press all lines to the ground.
const farGoal = 1.6

// goalOf is how many issues are asked about; shown says whether the chart has a line for
// them.
func goalOf(d delivery.PanelData) (items int, shown bool) {
	items = figureCount(&d, "items")
	return items, items > 0 && float64(items) <= max(1, fanMost(d)*farGoal)
}

// fanAxisName says what the axis counts, and what is too far above for it.
func fanAxisName(d delivery.PanelData, p *i18n.Printer) string {
	if items, shown := goalOf(d); items > 0 && !shown {
		return p.T("fan.axis.above", "n", items)
	}
	return p.T("fan.axis")
}

// goalLabel names the line of the issues asked about.
func goalLabel(items int, p *i18n.Printer) string { return p.T("fan.goal", "n", items) }

// fanFalls are the days on which the lines of a forecast reach the issues asked about, of
// those that do so within the chart.
func fanFalls(d delivery.PanelData, p *i18n.Printer) []fall {
	if _, shown := goalOf(d); !shown {
		return nil
	}
	_, to := fanSpan(d)
	var out []fall
	for _, name := range fanLines {
		day, ok := doneOn(d, name)
		if at := dayWall(day); ok && at <= to {
			out = append(out, fall{name, float64(at), name + " " + axisDay(p, time.UnixMilli(at).UTC())})
		}
	}
	return out
}

// doneOn is the day by which the issues asked about are done with the sureness of a line;
// ok is false where that is not foreseen.
func doneOn(d delivery.PanelData, line string) (day delivery.Date, ok bool) {
	days := d.Figure(line)
	if days == nil || len(d.Series) == 0 || len(d.Series[0].Points) == 0 {
		return day, false
	}
	return fanStart(d).AddDays(int(*days)), true
}

// Series of a forecast that are not lines of it; charts.js keeps them out of tooltips.
const (
	bandFloor = "floor"
	bandFill  = "band"
	goalLine  = "goal"
	fallLine  = "by "
)

// fanOption draws how many issues will be finished by each week to come, by sureness.
func fanOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	from, to := fanSpan(d)
	c := charts.NewLine()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.Legend = opts.Legend{Show: opts.Bool(false)}
	// What has no points of its own is on an axis of its own: the pointer stops at weeks.
	c.XAxisList = []opts.XAxis{{Type: "time", Min: from, Max: to}, {Type: "time", Min: from, Max: to}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: fanAxisName(d, p), Min: 0, MinInterval: 1}}
	low, high := fanSeries(d, "p95"), fanSeries(d, "p50")
	c.MultiSeries = append(c.MultiSeries, bandOf(d, bandFloor, low, nil), bandOf(d, bandFill, high, low))
	longest := 0
	for _, name := range fanLines {
		data := []datum{{Value: []any{from, 0}, Symbol: "none"}}
		points := fanSeries(d, name)
		for _, point := range points {
			data = append(data, datum{Value: []any{dayWall(point.Label), point.Value}, Symbol: "none"})
		}
		last := &data[len(data)-1]
		if v := points[len(points)-1].Value; v != nil {
			last.Symbol, last.SymbolSize, last.Label = "circle", 1, endLabel(p, name, v, m)
			longest = max(longest, utf8.RuneCountInString(last.Label.Formatter))
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: name, Type: "line", Symbol: "circle", LineStyle: percentileStyle(name), ItemStyle: &opts.ItemStyle{Color: "var(--accent)"}, Data: data,
		})
	}
	c.GridList = []opts.Grid{{Top: "32", Right: strconv.Itoa(20 + longest*7), Bottom: "28", Left: "48"}}
	if items, shown := goalOf(d); shown {
		label := &opts.Label{Show: opts.Bool(true), Position: "top", Color: "var(--text)", Formatter: goalLabel(items, p)}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: goalLine, Type: "line", XAxisIndex: 1, Symbol: "circle", SymbolSize: 1, ItemStyle: &opts.ItemStyle{Color: "var(--text)"},
			LineStyle: &opts.LineStyle{Color: "var(--text)", Width: 1, Type: "solid"},
			Data:      []datum{{Value: []any{from, items}, Label: label}, {Value: []any{to, items}}},
		})
		for _, f := range fanFalls(d, p) {
			c.MultiSeries = append(c.MultiSeries, fallSeries(f, items))
		}
	}
	return finish(c)
}

// fallSeries drops from the place where a line reaches the goal to its day on the axis.
func fallSeries(f fall, items int) charts.SingleSeries {
	label := &opts.Label{Show: opts.Bool(true), Position: "right", Color: "var(--text)", Formatter: f.label}
	return charts.SingleSeries{
		Name: fallLine + f.series, Type: "line", XAxisIndex: 1, Symbol: "circle", SymbolSize: 1, LineStyle: percentileStyle(f.series),
		ItemStyle: &opts.ItemStyle{Color: "var(--accent)"},
		Data:      []datum{{Value: []any{f.at, 0}, Label: label}, {Value: []any{f.at, items}, Symbol: "circle", SymbolSize: 8}},
	}
}

// fanSeries are the points of a line.
func fanSeries(d delivery.PanelData, name string) []delivery.Point {
	for _, s := range d.Series {
		if s.Name == name {
			return s.Points
		}
	}
	return nil
}

// bandOf is a part of the band between two lines: without a lower line the ground it
// stands on, which is not seen.
func bandOf(d delivery.PanelData, name string, points, lower []delivery.Point) charts.SingleSeries {
	from, _ := fanSpan(d)
	s := charts.SingleSeries{Name: name, Type: "line", XAxisIndex: 1, Stack: "band", Symbol: "none", LineStyle: &opts.LineStyle{Width: 0, Type: "solid", Opacity: opts.Float(0)}}
	data := []datum{{Value: []any{from, 0}}}
	for i, point := range points {
		v := point.Value
		if lower != nil && v != nil && i < len(lower) && lower[i].Value != nil {
			high := max(0, *v-*lower[i].Value)
			v = &high
		}
		data = append(data, datum{Value: []any{dayWall(point.Label), v}})
	}
	s.Data = data
	if lower != nil {
		s.AreaStyle = &opts.AreaStyle{Color: "var(--accent)", Opacity: opts.Float(0.12)}
	}
	return s
}

// fanSummary says by when the issues asked about will be done.
func fanSummary(d delivery.PanelData, p *i18n.Printer) string {
	if !forecast(d) {
		return p.T("fan.summary.few", "n", d.N, "least", delivery.EnoughForForecast)
	}
	judging := p.T("fan.judging", "n", d.N, "days", fanHistory(d, p))
	items := figureCount(&d, "items")
	if items == 0 {
		points := fanSeries(d, "p85")
		last := points[len(points)-1]
		return p.T("fan.summary.open", "n", int(*last.Value), "day", fanDate(d, p, last.Label), "judging", judging)
	}
	day, ok := doneOn(d, "p85")
	if !ok {
		return p.T("fan.summary.never", "n", items, "judging", judging)
	}
	return p.T("fan.summary", "n", items, "p85", fanDate(d, p, day), "p50", fanDay(d, p, "p50"), "p95", fanDay(d, p, "p95"), "judging", judging)
}

// ForecastDay is the day by which the issues asked about are done with the sureness of a
// figure; ok is false where that is not foreseen.
func ForecastDay(d *delivery.PanelData, p *i18n.Printer, figure string) (day string, ok bool) {
	date, ok := doneOn(*d, figure)
	return fanDate(*d, p, date), ok
}

func fanDate(d delivery.PanelData, p *i18n.Printer, day delivery.Date) string {
	return p.Date(day.In(d.Zone).Time().In(d.Zone))
}

// fanDay is the day of a line in words.
func fanDay(d delivery.PanelData, p *i18n.Printer, line string) string {
	if day, ok := doneOn(d, line); ok {
		return fanDate(d, p, day)
	}
	return p.T("fan.later")
}

// fanHistory is how many days a forecast is drawn from, which the mean per day tells.
func fanHistory(d delivery.PanelData, p *i18n.Printer) string {
	days := d.Filter.To.Time().Sub(d.Filter.From.Time()).Hours() / 24
	if mean := d.Figure("mean"); mean != nil && *mean > 0 {
		days = float64(d.N) / *mean
	}
	id := "fan.days"
	if d.Filter.To < fanStart(d).In(d.Zone) { // a period that is over
		id = "fan.days.past"
	}
	return p.T(id, "n", int(math.Round(days)))
}

// fanTable has a row for each week to come.
func fanTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"by", false}}
	rows := make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, point := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{point.Label}
			}
			if point.Value == nil {
				rows[i] = append(rows[i], nil)
			} else {
				rows[i] = append(rows[i], int(*point.Value))
			}
		}
	}
	return columns, rows
}
