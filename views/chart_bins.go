package views

import (
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// fall is a vertical in the style of a series: among bins at a place where the first
// begins at 0, on a time axis at a wall clock.
type fall struct {
	series string
	at     float64
	label  string
}

// binsOption draws a bar for each range of values, one next to the other, and percentiles
// as verticals among them.
func binsOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	points := d.Series[0].Points
	c := charts.NewBar()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.Legend = opts.Legend{Show: opts.Bool(false)}
	c.GridList = []opts.Grid{
		{Top: "32", Right: "16", Bottom: "44", Left: "48"},
		{Top: "32", Right: "16", Bottom: "44", Left: "48"}, // of the verticals, whose names stand above the bars
	}
	names := make([]string, len(points))
	data := make([]datum, len(points))
	for i, point := range points {
		names[i] = binName(p, m, point.Bin)
		data[i] = datum{Value: point.Value, N: point.N, Seconds: point.To}
		if point.To == nil {
			data[i].ItemStyle = &itemStyle{Decal: hatched}
		}
	}
	c.SetXAxis(names)
	c.XAxisList = []opts.XAxis{{Type: "category", Name: axisName(p, d, m)}, {Type: "value", Min: 0, Max: len(points), GridIndex: 1}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: binsAxisName(p), Min: 0, MinInterval: 1}, {Type: "value", Min: 0, Max: 1, GridIndex: 1}}
	c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
		Name: d.Series[0].Name, Type: "bar", BarCategoryGap: "0%", Data: data, ItemStyle: &opts.ItemStyle{Color: "var(--series-1)"},
	})
	for _, f := range binFalls(d, p, m) {
		label := &opts.Label{Show: opts.Bool(true), Position: "right", Color: "var(--text)", Formatter: f.label}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: f.series, Type: "line", XAxisIndex: 1, YAxisIndex: 1, Symbol: "circle", SymbolSize: 1, LineStyle: percentileStyle(f.series),
			ItemStyle: &opts.ItemStyle{Color: "var(--accent)"},
			Data:      []datum{{Value: []any{f.at, 0}}, {Value: []any{f.at, 1}, Label: label}},
		})
	}
	return finish(c)
}

func binsAxisName(p *i18n.Printer) string { return p.T("bins.axis") }

// binName is a range of values in short: 1–2 d.
func binName(p *i18n.Printer, m chartMeta, b *delivery.Bin) string {
	if b.To == nil {
		return p.T("bins.more", "from", binFigure(p, m, b.From))
	}
	return p.Number(b.From/m.Per, 2) + "–" + binFigure(p, m, *b.To)
}

func binFigure(p *i18n.Printer, m chartMeta, seconds float64) string {
	return p.Number(seconds/m.Per, 2) + "\u00a0" + p.T("unit."+m.Unit)
}

// binEdges are the bounds of bins on an axis: a number where each begins, and where the
// last one ends, or the name of one that is open.
func binEdges(d delivery.PanelData, p *i18n.Printer, m chartMeta) []string {
	var out []string
	for _, point := range d.Series[0].Points {
		out = append(out, p.Number(point.From/m.Per, 2))
	}
	if last := d.Series[0].Points[len(out)-1].Bin; last.To == nil {
		return append(out, binName(p, m, last))
	} else {
		return append(out, p.Number(*last.To/m.Per, 2))
	}
}

// binFalls are the percentiles of a panel of bins.
func binFalls(d delivery.PanelData, p *i18n.Printer, m chartMeta) []fall {
	var out []fall
	for _, name := range []string{"p50", "p85", "p95"} {
		if v := d.Figure(name); v != nil {
			label := name + " " + p.Number(*v/m.Per, 1) + "\u00a0" + p.T("unit."+m.Unit)
			out = append(out, fall{name, binPlace(d.Series[0].Points, *v), label})
		}
	}
	return out
}

// binPlace is where among bins a value stands; in one that is open it has no place but
// the middle.
func binPlace(points []delivery.Point, v float64) float64 {
	for i, point := range points {
		switch {
		case point.To == nil:
			return float64(i) + 0.5
		case v < *point.To:
			return float64(i) + max(0, v-point.From)/(*point.To-point.From)
		}
	}
	return float64(len(points))
}

// binUnit is the unit in which the bounds of bins are short numbers.
func binUnit(d delivery.PanelData) (unit string, per float64) {
	points := d.Series[0].Points
	if len(points) == 0 {
		return "h", 3600
	}
	last := points[len(points)-1]
	most, width := last.From, last.From/float64(max(1, len(points)-1))
	if last.To != nil {
		most, width = *last.To, *last.To-last.From
	}
	day := d.Day.Seconds()
	switch {
	case day > 0 && width >= day/2:
		return "d", day
	case width >= 3600, most >= 2*3600 && width >= 900:
		return "h", 3600
	}
	return "min", 60
}

// binsSummary names the fullest bin and what most took.
func binsSummary(d delivery.PanelData, p *i18n.Printer) string {
	p50, p85 := d.Figure("p50"), d.Figure("p85")
	if d.N < delivery.EnoughForP50 || p50 == nil {
		return p.T("bins.summary.few", "n", d.N)
	}
	points := d.Series[0].Points
	fullest := slices.MaxFunc(points, func(a, b delivery.Point) int { return int(*a.Value - *b.Value) })
	common := p.T("bins.summary.common", "range", binWords(&d, p, fullest.Bin), "n", int(*fullest.Value), "all", d.N)
	if d.N < delivery.EnoughForP85 || p85 == nil {
		return p.T("bins.summary.half", "common", common, "p50", amount(&d, p, *p50))
	}
	return p.T("bins.summary.most", "common", common, "p50", amount(&d, p, *p50), "p85", amount(&d, p, *p85))
}

// binWords is a range of values in a sentence: 1–2 working days.
func binWords(d *delivery.PanelData, p *i18n.Printer, b *delivery.Bin) string {
	m := newMeta(*d, p)
	if b.To == nil {
		return p.T("bins.words.more", "from", amount(d, p, b.From))
	}
	to := *b.To / m.Per
	span := p.Number(b.From/m.Per, 2) + "–" + p.Number(to, 2)
	return p.T("bins.words."+string(d.Filter.Clock)+"."+m.Unit, "range", span, "n", to)
}

// binsTable has a row for each bin: how many are in it, which share of all, and which
// share took no longer.
func binsTable(d delivery.PanelData) ([]Column, [][]Cell) {
	points := d.Series[0].Points
	total, sum := 0.0, 0.0
	for _, point := range points {
		total += *point.Value
	}
	rows := make([][]Cell, len(points))
	for i, point := range points {
		sum += *point.Value
		rows[i] = []Cell{Seconds(point.From), seconds(point.To), int(*point.Value), nil, nil}
		if total > 0 {
			rows[i][3], rows[i][4] = Rate(*point.Value/total), Rate(sum/total)
		}
	}
	return []Column{{"from", true}, {"to", true}, {"count", true}, {"share", true}, {"cumulative", true}}, rows
}
