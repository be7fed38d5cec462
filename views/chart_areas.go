package views

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// closedArea is the series of what was closed.
const closedArea = "closed"

// areaName is what an area is called: its status, or that it is closed.
func areaName(s *delivery.Series, p *i18n.Printer) string {
	if s.Name == closedArea {
		return p.T("areas.closed")
	}
	for _, point := range s.Points {
		if point.Category != nil && point.Name != "" {
			return point.Name
		}
	}
	return s.Name
}

// areaColours are those of open statuses, from the one that work begins with on. The last
// of the palette is left to what is closed.
const areaColours = seriesColours - 1

// areaLook is the colour and the hatching of the i-th area: what waits is hatched.
func areaLook(d *delivery.PanelData, i int) itemStyle {
	s := &d.Series[i]
	if s.Name == closedArea {
		return itemStyle{Color: "var(--edge)"}
	}
	place := len(d.Series) - 1 - i
	look := itemStyle{Color: fmt.Sprintf("var(--series-%d)", place%areaColours+1)}
	if len(s.Points) > 0 && s.Points[0].Category != nil {
		look.Decal = classDecals[s.Points[0].Class]
	}
	return look
}

// areaSeries is a series with the hatching that go-echarts lacks.
type areaSeries struct {
	charts.SingleSeries
	ItemStyle itemStyle `json:"itemStyle"`
}

// areasOption draws counts at the ends of buckets, one upon the other.
func areasOption(d delivery.PanelData, p *i18n.Printer) map[string]any {
	c := charts.NewLine()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	var labels []string
	for _, point := range d.Series[0].Points {
		labels = append(labels, point.Label.String())
	}
	c.SetXAxis(labels)
	c.XAxisList = []opts.XAxis{{Type: "category"}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: p.T("chart.axis.issues"), Min: 0, MinInterval: 1}}
	var series []areaSeries
	var names []string
	longest := 0
	for i := range d.Series {
		s := &d.Series[i]
		name := endName(areaName(s, p))
		names = append(names, name)
		data := make([]datum, len(s.Points))
		for k, point := range s.Points {
			data[k] = datum{Value: point.Value}
		}
		if last := lastKnown(s.Points); last >= 0 {
			data[last].Partial = s.Points[last].Partial // its end is cut; a cut beginning changes no end
			label := areaEnd(p, name, *s.Points[last].Value)
			longest = max(longest, utf8.RuneCountInString(label))
			data[last].Label = &opts.Label{Show: opts.Bool(true), Position: "right", Color: "var(--text)", Formatter: label}
		}
		series = append(series, areaSeries{charts.SingleSeries{
			Name: name, Type: "line", Stack: "one", Symbol: "none", Data: data,
			LineStyle: &opts.LineStyle{Color: "var(--surface)", Width: 1, Type: "solid"},
			AreaStyle: &opts.AreaStyle{Opacity: opts.Float(areaOpacity(&d, i))},
		}, areaLook(&d, i)})
	}
	c.Legend = opts.Legend{Show: opts.Bool(false), Data: names, Left: "0", Top: "0", Icon: "rect", SelectedMode: "false"}
	c.GridList = []opts.Grid{{Top: "32", Right: strconv.Itoa(min(232, 40+longest*7)), Bottom: "28", Left: "48"}}
	option := finish(c)
	option["series"] = series
	return option
}

// lastKnown is the place of the last point with a value: buckets to come have none. It is -1
// for none.
func lastKnown(points []delivery.Point) int {
	for i := len(points) - 1; i >= 0; i-- {
		if points[i].Value != nil {
			return i
		}
	}
	return -1
}

// areasCut says of when the last counts are, where their bucket is not over.
func areasCut(d *delivery.PanelData, p *i18n.Printer) string {
	if d.AsOf < d.Filter.To {
		return p.T("chart.areas.now")
	}
	return p.T("chart.areas.period")
}

// areaEnd names an area at its end, with its last count.
func areaEnd(p *i18n.Printer, name string, last float64) string {
	return name + " " + p.Number(last, 0)
}

// areaOpacity mutes what is closed, and those that have their colour from another one.
func areaOpacity(d *delivery.PanelData, i int) float32 {
	switch {
	case d.Series[i].Name == closedArea:
		return 0.35
	case (len(d.Series)-1-i)/areaColours%2 == 1:
		return 0.5
	}
	return 0.85
}

// areasTable has a row for each bucket and a column for each area.
func areasTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{{"bucket", false}}
	rows := make([][]Cell, len(d.Series[0].Points))
	for i, p := range d.Series[0].Points {
		rows[i] = []Cell{p.Label}
	}
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			rows[i] = append(rows[i], valueOf(&d, p.Value))
		}
	}
	for i, p := range d.Series[0].Points {
		rows[i] = append(rows[i], p.Partial)
	}
	return append(columns, Column{"partial", false}), rows
}

// areaTitle is what the column of an area is called.
func areaTitle(d *delivery.PanelData, column string, p *i18n.Printer) string {
	for i := range d.Series {
		if d.Series[i].Name == column {
			return areaName(&d.Series[i], p)
		}
	}
	return column
}

// areasSummary tells what is open at the end, and what came and went.
func areasSummary(d delivery.PanelData, p *i18n.Printer) string {
	whole := func(v *float64) int {
		if v == nil {
			return 0
		}
		return int(*v)
	}
	closed := 0
	if s := d.Series[0]; s.Name == closedArea {
		if last := lastKnown(s.Points); last >= 0 {
			closed = whole(s.Points[last].Value)
		}
	}
	open := p.T("summary.cumulative-flow.open", "n", whole(d.Figure("open")), "wip", whole(d.Figure("wip")))
	return p.T("summary.cumulative-flow", "open", open, "arrived", p.T("summary.cumulative-flow.arrived", "n", whole(d.Figure("arrived"))),
		"closed", p.T("summary.cumulative-flow.closed", "n", closed))
}

// areaOf is a series of areas by its name.
func areaOf(d *delivery.PanelData, name string) int {
	for i := range d.Series {
		if d.Series[i].Name == name {
			return i
		}
	}
	return -1
}
