package views

import (
	"cmp"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// rowsDrawn is how many rows a chart shows; the table has all.
const rowsDrawn = 15

// drawn is the part of a panel that its chart shows: of bars the first ones, and of
// their series those that stand on one axis.
func drawn(d delivery.PanelData) delivery.PanelData {
	if d.Shape != delivery.Bars || d.Of != delivery.OfRuns && d.Of != delivery.OfErrors {
		return d
	}
	names := []string{"p50", "p80"}
	switch d.Slug {
	case "pipeline-jobs-total":
		names = []string{"total"}
	case "rate-limits":
		names = []string{"mean", "peak"}
	case "errors-open", "errors-by-release":
		names = seriesNames(d)
	}
	var series []delivery.Series
	for _, s := range d.Series {
		if slices.Contains(names, s.Name) {
			s.Points = s.Points[:min(len(s.Points), rowsDrawn)]
			series = append(series, s)
		}
	}
	d.Series = series
	return d
}

// barsOption draws a row per category: the high percentile light and, over it, p50
// solid. charts.js makes room for the figures at their ends.
func barsOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	c := charts.NewBar()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.Legend = opts.Legend{Show: opts.Bool(len(d.Series) > 1), Data: seriesNames(d), Left: "0", Top: "0", Icon: "rect", SelectedMode: "false"}
	c.GridList = []opts.Grid{{Top: "32", Right: "16", Bottom: "40", Left: "8", ContainLabel: opts.Bool(true)}}
	var rows []string
	for _, point := range d.Series[0].Points {
		rows = append(rows, cmp.Or(point.Name, point.X))
	}
	c.XAxisList = []opts.XAxis{{Type: "value", Name: axisName(p, d, m), Min: 0}}
	c.YAxisList = []opts.YAxis{{Type: "category", Inverse: opts.Bool(true), Data: rows}}
	// The longer bar lies beneath the shorter one.
	for i := len(d.Series) - 1; i >= 0; i-- {
		s := d.Series[i]
		style := &opts.ItemStyle{Color: "var(--accent)"}
		if s.Name != "p50" && len(d.Series) > 1 {
			style.Opacity = opts.Float(0.28)
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: s.Name, Type: "bar", BarGap: "-100%", BarWidth: "14", ItemStyle: style, Data: barData(s, p, m),
		})
	}
	return finish(c)
}

func seriesNames(d delivery.PanelData) []string {
	var names []string
	for _, s := range d.Series {
		names = append(names, s.Name)
	}
	return names
}

// classDecals tell classes apart without colours; active work is solid.
var classDecals = map[string]*decal{delivery.Waiting.String(): hatched, delivery.Closed.String(): dotted}

// enoughFor is of how many records a percentile of a row says something.
var enoughFor = map[string]int{"p50": delivery.EnoughForP50, "p80": delivery.EnoughForP80, "p85": delivery.EnoughForP85, "p95": delivery.EnoughForP95}

func barData(s delivery.Series, p *i18n.Printer, m chartMeta) []datum {
	enough := enoughFor[s.Name]
	data := make([]datum, len(s.Points))
	for i, point := range s.Points {
		data[i] = datum{Value: m.figure(point.Value), Seconds: point.Value, N: point.N}
		if point.Class != "" {
			data[i].Class = p.T("class." + point.Class)
		}
		style := itemStyle{Decal: classDecals[point.Class]}
		if point.N != nil && *point.N < enough {
			data[i].LowN, style.Color = true, "var(--muted)"
		}
		if style != (itemStyle{}) {
			data[i].ItemStyle = &style
		}
	}
	return data
}
