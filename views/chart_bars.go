package views

import (
	"cmp"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// barsOption draws a row per category: p85 light and, over it, p50 solid.
func barsOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	c := charts.NewBar()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.Legend = opts.Legend{Show: opts.Bool(true), Data: seriesNames(d), Left: "0", Top: "0", Icon: "rect", SelectedMode: "false"}
	c.GridList = []opts.Grid{{Top: "32", Right: "112", Bottom: "40", Left: "8", ContainLabel: opts.Bool(true)}}
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
		if s.Name != "p50" {
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

func barData(s delivery.Series, p *i18n.Printer, m chartMeta) []datum {
	enough := map[string]int{"p50": delivery.EnoughForP50, "p85": delivery.EnoughForP85}[s.Name]
	data := make([]datum, len(s.Points))
	for i, point := range s.Points {
		data[i] = datum{Value: m.figure(point.Value), Seconds: point.Value, N: point.N, Class: p.T("class." + point.Class)}
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
