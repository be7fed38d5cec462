package views

import (
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// trendOption draws percentiles per bucket as lines, and on the same x beneath
// them how many records they are of.
func trendOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
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
		{Type: "value", Name: axisName(p, d, m), Min: 0},
		{Type: "value", Name: p.T("chart.n"), Min: 0, GridIndex: 1, SplitNumber: 1, MinInterval: 1},
	}
	c.AxisPointer = &opts.AxisPointer{Link: []opts.AxisPointerLink{{XAxisIndex: []int{0, 1}}}}
	for _, s := range d.Series {
		if s.Name == "count" {
			c.MultiSeries = append(c.MultiSeries, countBars(s, p))
			continue
		}
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: s.Name, Type: "line", ConnectNulls: opts.Bool(false), LineStyle: percentileStyle(s.Name),
			ItemStyle: &opts.ItemStyle{Color: "var(--accent)"}, Data: lineData(s, p, m),
		})
	}
	return finish(c)
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

func countBars(s delivery.Series, p *i18n.Printer) charts.SingleSeries {
	data := make([]datum, len(s.Points))
	for i, point := range s.Points {
		data[i] = datum{Value: point.N, Partial: point.Partial}
		if point.Partial {
			data[i].ItemStyle = &itemStyle{Color: "var(--muted)", Opacity: 0.6, Decal: hatched}
		}
	}
	return charts.SingleSeries{
		Name: p.T("chart.n"), Type: "bar", XAxisIndex: 1, YAxisIndex: 1, BarMaxWidth: "14", Data: data,
		ItemStyle: &opts.ItemStyle{Color: "var(--muted)", Opacity: opts.Float(0.6)},
	}
}
