package views

import (
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// trendOption draws percentiles per bucket as lines, and on the same x beneath
// them how many records they are of.
func trendOption(d delivery.PanelData, p *i18n.Printer, m chartMeta, before *delivery.PanelData) map[string]any {
	c := charts.NewLine()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.Legend = opts.Legend{Show: opts.Bool(false)}
	c.GridList = []opts.Grid{
		{Top: "32", Right: "92", Bottom: "108", Left: "48"},
		{Height: "40", Right: "92", Bottom: "28", Left: "48"},
	}
	var labels []string
	for _, point := range d.Series[0].Points {
		labels = append(labels, point.Label.String())
	}
	c.SetXAxis(labels)
	c.XAxisList = []opts.XAxis{{Type: "category"}, {Type: "category", GridIndex: 1, Data: labels}}
	c.YAxisList = []opts.YAxis{
		trendAxis(d, p, m, before),
		{Type: "value", Name: p.T(wordIn(d, "chart.n")), Min: 0, GridIndex: 1, SplitNumber: 1, MinInterval: 1},
	}
	c.AxisPointer = &opts.AxisPointer{Link: []opts.AxisPointerLink{{XAxisIndex: []int{0, 1}}}}
	for _, s := range d.Series {
		if s.Name == "count" {
			c.MultiSeries = append(c.MultiSeries, countBars(s, p.T(wordIn(d, "chart.n"))))
			continue
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: s.Name, Type: "line", ConnectNulls: opts.Bool(false), LineStyle: percentileStyle(s.Name),
			ItemStyle: &opts.ItemStyle{Color: "var(--accent)"}, Data: lineData(s, p, m),
		})
	}
	if before != nil {
		c.MultiSeries = append(c.MultiSeries, beforeLine(d, *before, p, m))
	}
	return finish(c)
}

// trendAxis begins at zero, but for a share that is next to all.
func trendAxis(d delivery.PanelData, p *i18n.Printer, m chartMeta, before *delivery.PanelData) opts.YAxis {
	a := opts.YAxis{Type: "value", Name: axisName(p, d, m), Min: 0}
	if d.Slug != crashFreeSlug {
		return a
	}
	if floor := crashFloor(d, before); floor > 0 {
		a.Name, a.Min = p.T("chart.axis.crash-free.from", "from", p.Number(floor, 1)), floor
	}
	return a
}

// beforeSeries is the name of the line of the period before; charts.js shows
// and hides it.
const beforeSeries = "before"

// beforeLine is the median of the period before: thin, grey, named at its end.
func beforeLine(d, before delivery.PanelData, p *i18n.Printer, m chartMeta) charts.SingleSeries {
	points := MedianBefore(d, before)
	data := make([]datum, len(points))
	last := -1
	for i, point := range points {
		data[i] = datum{Symbol: "none"}
		if point.Value != nil {
			data[i], last = datum{Value: m.figure(point.Value), Seconds: point.Value, LowN: point.LowN, Symbol: "none"}, i
		}
	}
	if last >= 0 {
		data[last].Symbol, data[last].SymbolSize = "circle", 1
		data[last].Label = &opts.Label{
			Show: opts.Bool(true), Position: "right", Color: "var(--muted)", Formatter: p.T(beforeWord(d)),
		}
	}
	return charts.SingleSeries{
		Name: beforeSeries, Type: "line", ConnectNulls: opts.Bool(false), Data: data,
		LineStyle: &opts.LineStyle{Color: "var(--edge)", Width: 1, Type: "solid"}, ItemStyle: &opts.ItemStyle{Color: "var(--edge)"},
	}
}

// beforeWord is the message that names the line of the period before.
func beforeWord(d delivery.PanelData) string {
	if d.Quantity == delivery.Rates {
		return "chart.before.rate"
	}
	return "chart.before"
}

// MedianBefore are the medians, or rates, of the period before, each in the bucket whose
// middle it would hold were the periods laid over each other.
func MedianBefore(d, before delivery.PanelData) []delivery.Point {
	shift := d.Filter.From - before.Filter.From
	past := before.Series[0].Points
	out := make([]delivery.Point, len(d.Series[0].Points))
	for i, b := range BucketsOf(d) {
		middle := b.From + (b.To-b.From)/2 - shift
		n := slices.IndexFunc(BucketsOf(before), func(o Range) bool { return o.From <= middle && middle < o.To })
		if n >= 0 {
			out[i] = past[n]
		}
	}
	return out
}

// BeforeCounts reports whether both periods hold enough to lay them over each
// other unasked.
func BeforeCounts(d delivery.PanelData, before *delivery.PanelData) bool {
	return before != nil && min(d.N, before.N) >= delivery.EnoughForP85
}

// Range is a stretch of time [From, To).
type Range struct{ From, To delivery.Instant }

// BucketsOf are the buckets of a trend, cut to its range.
func BucketsOf(d delivery.PanelData) []Range {
	points := d.Series[0].Points
	out := make([]Range, len(points))
	for i, point := range points {
		out[i] = Range{max(point.T, d.Filter.From), d.Filter.To}
		if i+1 < len(points) {
			out[i].To = points[i+1].T
		}
	}
	return out
}

// lineData greys points of too few records and hollows those of buckets that
// are not whole. The last point carries the line's name.
func lineData(s delivery.Series, p *i18n.Printer, m chartMeta) []datum {
	data := make([]datum, len(s.Points))
	last := -1
	for i, point := range s.Points {
		data[i] = datum{Value: m.figure(point.Value), Seconds: point.Value, N: point.N, Partial: point.Partial, Symbol: "circle", SymbolSize: 4}
		if point.Value == nil {
			continue
		}
		last = i
		color := "var(--accent)"
		if point.LowN {
			color = "var(--edge)"
			data[i].LowN, data[i].ItemStyle = true, &itemStyle{Color: color}
		}
		if point.Partial {
			data[i].SymbolSize = 7
			data[i].ItemStyle = &itemStyle{Color: "var(--surface)", BorderColor: color, BorderWidth: 1.5}
		}
	}
	if last >= 0 {
		data[last].Label = endLabel(p, s.Name, s.Points[last].Value, m)
	}
	return data
}

func countBars(s delivery.Series, name string) charts.SingleSeries {
	data := make([]datum, len(s.Points))
	for i, point := range s.Points {
		data[i] = datum{Value: point.N, Partial: point.Partial}
		if point.Partial {
			data[i].ItemStyle = &itemStyle{Color: "var(--muted)", Opacity: 0.6, Decal: hatched}
		}
	}
	return charts.SingleSeries{
		Name: name, Type: "bar", XAxisIndex: 1, YAxisIndex: 1, BarMaxWidth: "14", Data: data,
		ItemStyle: &opts.ItemStyle{Color: "var(--muted)", Opacity: opts.Float(0.6)},
	}
}
