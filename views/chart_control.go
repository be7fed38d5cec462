package views

import (
	"strconv"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// signalLook is how marks of a rule look: by their shape first, by their colour beside.
type signalLook struct {
	signal string
	shape  int // of markShapes
	ink    string
	size   int
}

var signalLooks = []signalLook{
	{"", 0, "series-1", 8},
	{delivery.InRun, 6, "series-1", 9},
	{delivery.BeyondLimits, 3, "series-6", 12},
}

// controlLines are the lines across a control chart, by the names of their figures.
var controlLines = []string{"mean", "upper", "lower"}

// signalGroup are the marks of a rule.
type signalGroup struct {
	signalLook
	name   string
	points []delivery.Point
}

// signalGroups sorts marks by the rule they break; those that break none come first.
func signalGroups(points []delivery.Point, p *i18n.Printer) []signalGroup {
	var out []signalGroup
	for _, look := range signalLooks {
		g := signalGroup{signalLook: look, name: p.T("control.signal." + signalWord(look.signal))}
		for _, point := range points {
			if point.Signal == look.signal {
				g.points = append(g.points, point)
			}
		}
		if len(g.points) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func signalWord(signal string) string {
	if signal == "" {
		return "none"
	}
	return signal
}

// controlOption draws a mark per record over time between the natural limits.
func controlOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	from, to := wall(d.Filter.From, d.Zone), wall(d.Filter.To, d.Zone)
	c := charts.NewScatter()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}
	c.XAxisList = []opts.XAxis{{Type: "time", Min: from, Max: to}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: axisName(p, d, m), Min: 0}}
	grid := opts.Grid{Top: "56", Right: "16", Bottom: "28", Left: "48"}

	var names []string
	for _, g := range signalGroups(d.Series[0].Points, p) {
		data := make([][]any, len(g.points))
		for i, point := range g.points {
			data[i] = []any{wall(point.T, d.Zone), m.figure(point.Value), point.Key, point.Title, point.Type, *point.Value, point.Signal}
		}
		names = append(names, g.name)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: g.name, Type: "scatter", Symbol: markShapes[g.shape], SymbolSize: g.size, Data: data,
			ItemStyle: &opts.ItemStyle{Color: "var(--" + g.ink + ")"},
		})
	}
	if len(names) == 1 {
		grid.Top = "32"
	}
	c.Legend = opts.Legend{Show: opts.Bool(len(names) > 1), Data: names, Left: "0", Top: "0", Type: "scroll"}
	longest := 0
	for _, name := range controlLines {
		v := d.Figure(name)
		if v == nil {
			continue
		}
		label := endLabel(p, name, v, m)
		longest = max(longest, utf8.RuneCountInString(label.Formatter))
		y := m.figure(v)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: name, Type: "line", Symbol: "circle", SymbolSize: 1, LineStyle: percentileStyle(name),
			ItemStyle: &opts.ItemStyle{Color: "var(--accent)"},
			Data:      []datum{{Value: []any{from, y}}, {Value: []any{to, y}, Label: label}},
		})
	}
	if longest > 0 {
		grid.Right = strconv.Itoa(min(216, 20+longest*7))
	}
	c.GridList = []opts.Grid{grid}
	return finish(c)
}

// controlName is a line of a control chart at its end: upper limit 9.1 d.
func controlName(p *i18n.Printer, name string, value float64, m chartMeta) string {
	words := "0"
	if value != 0 {
		words = p.Days(value, m.Day/3600)
	}
	return p.T("control."+name, "value", words)
}

// controlSummary says between which limits times lie, and what breaks the rules.
func controlSummary(d delivery.PanelData, p *i18n.Printer) string {
	mean, lower, upper := d.Figure("mean"), d.Figure("lower"), d.Figure("upper")
	if lower == nil || upper == nil {
		if mean == nil {
			return p.T("control.summary.none", "n", d.N)
		}
		return p.T("control.summary.few", "n", d.N, "mean", amount(&d, p, *mean), "least", delivery.EnoughForLimits)
	}
	limits := p.T("control.limits", "lower", limitWords(&d, p, *lower), "upper", limitWords(&d, p, *upper))
	beyond, runs := figureCount(&d, "signals"), figureCount(&d, "runs")
	switch {
	case beyond > 0 && runs > 0:
		return p.T("control.summary.both", "limits", limits, "beyond", p.T("control.beyond", "n", beyond), "runs", p.T("control.runs", "n", runs))
	case runs > 0:
		return p.T("control.summary.runs", "limits", limits, "runs", p.T("control.runs", "n", runs))
	case beyond > 0:
		return p.T("control.summary.beyond", "limits", limits, "beyond", p.T("control.beyond", "n", beyond))
	}
	return p.T("control.summary.stable", "limits", limits)
}

// limitWords is a limit in words; one of nothing has no unit.
func limitWords(d *delivery.PanelData, p *i18n.Printer, seconds float64) string {
	if seconds == 0 {
		return "0"
	}
	return amount(d, p, seconds)
}

// figureCount is a figure of the headline that counts, 0 when there is none.
func figureCount(d *delivery.PanelData, name string) int {
	if v := d.Figure(name); v != nil {
		return int(*v)
	}
	return 0
}

// controlTable is that of marks and, beside, the rules that they break.
func controlTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns, rows := marksTable(d)
	for i, point := range d.Series[0].Points {
		rows[i] = append(rows[i], point.Signal)
	}
	return append(columns, Column{"signal", false}), rows
}
