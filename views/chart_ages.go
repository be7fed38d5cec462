package views

import (
	"cmp"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// ageColumn is a column of ages: a status, how many open issues are in it, and how old
// finished ones were when they left it.
type ageColumn struct {
	Name  string    `json:"name"`
	Class string    `json:"class"` // in words
	N     int       `json:"n"`
	Left  int       `json:"left"` // finished issues that the edges are of
	Edges []ageEdge `json:"edges"`
}

// ageEdge is an edge of the bands of a column, in seconds.
type ageEdge struct {
	Name    string   `json:"name"`
	Seconds *float64 `json:"s"`
	LowN    bool     `json:"low,omitempty"`
}

// ageEdges are the series of edges, the lowest first.
func ageEdges(d *delivery.PanelData) []delivery.Series { return d.Series[1:] }

// ageColumns are the columns in workflow order.
func ageColumns(d *delivery.PanelData, p *i18n.Printer) []ageColumn {
	within := map[string]int{}
	for _, point := range d.Series[0].Points {
		within[point.X]++
	}
	columns := make([]ageColumn, len(d.Series[1].Points))
	for i, point := range d.Series[1].Points {
		columns[i] = ageColumn{Name: cmp.Or(point.Name, point.X), N: within[point.X]}
		if point.Class != "" {
			columns[i].Class = p.T("class." + point.Class)
		}
		for _, s := range ageEdges(d) {
			edge := s.Points[i]
			if edge.N != nil {
				columns[i].Left = *edge.N
			}
			columns[i].Edges = append(columns[i].Edges, ageEdge{s.Name, edge.Value, edge.Value != nil && columns[i].Left < enoughFor[s.Name]})
		}
	}
	return columns
}

// columnsOf are the places of columns by status.
func columnsOf(d *delivery.PanelData) map[string]int {
	at := map[string]int{}
	for i, point := range d.Series[1].Points {
		at[point.X] = i
	}
	return at
}

// isLate reports whether an issue is older than most finished ones were at their end.
func isLate(d *delivery.PanelData, point *delivery.Point) bool {
	p85 := d.Figure("p85")
	return p85 != nil && *point.Value > *p85
}

// Parts of ages as legends name them, and as they look.
const ageIssues, ageLate = "issues", "late"

var ageLooks = map[string]itemStyle{
	ageIssues: {Color: "var(--series-1)"},
	ageLate:   {Color: "var(--series-6)"},
}

// lateShape is the place of the shape of late issues among markShapes.
const lateShape = 3

// Sides of a column that its bands leave free, as a share of its width.
const besideBand = 0.06

// agesOption draws a column for each status, a dot for each issue in it by its age, and
// behind the dots how old finished issues were when they left the status. A dot is in the
// middle of its column: charts.js moves those apart that would cover each other.
func agesOption(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	c := charts.NewScatter()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}
	c.XAxisList = []opts.XAxis{{Type: "value", Min: 0, Max: len(m.Columns)}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: ageAxisName(d, p, m), Min: 0}}
	c.GridList = []opts.Grid{{Top: "56", Right: "92", Bottom: "44", Left: "48"}}
	edges := ageEdges(&d)
	for i := len(edges) - 1; i >= 0; i-- { // the widest band beneath all others
		for _, low := range []bool{false, true} {
			if data := bandData(edges[i], m, low); len(data) > 0 {
				c.MultiSeries = append(c.MultiSeries, bandSeries(edges[i].Name, low, data))
			}
		}
	}
	if p85 := d.Figure("p85"); p85 != nil {
		y := m.figure(p85)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: "limit", Type: "line", Symbol: "circle", SymbolSize: 1,
			LineStyle: &opts.LineStyle{Color: "var(--text)", Width: 1, Type: "solid"}, ItemStyle: &opts.ItemStyle{Color: "var(--text)"},
			Data: []datum{{Value: []any{0, y}}, {Value: []any{len(m.Columns), y}, Label: endLabel(p, "p85", p85, m)}},
		})
	}
	var names []string
	for _, part := range []string{ageIssues, ageLate} {
		data := ageDots(&d, m, part == ageLate)
		if len(data) == 0 {
			continue
		}
		name, shape, size, opacity := p.T("ages."+part), markShapes[0], 8, float32(0.4)
		if part == ageLate {
			shape, size, opacity = markShapes[lateShape], 11, 0.8
		}
		names = append(names, name)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: name, Type: "scatter", Symbol: shape, SymbolSize: size, Data: data,
			ItemStyle: &opts.ItemStyle{Color: ageLooks[part].Color, Opacity: opts.Float(opacity)},
		})
	}
	c.Legend = opts.Legend{Show: opts.Bool(true), Data: names, Left: "0", Top: "0"}
	return finish(c)
}

func ageAxisName(d delivery.PanelData, p *i18n.Printer, m chartMeta) string {
	return p.T("chart.axis.age", "unit", axisName(p, d, m))
}

// bandSeries is an edge of the bands; where it is of too few issues it is grey.
func bandSeries(name string, low bool, data []datum) charts.SingleSeries {
	style := percentileStyle(name)
	if low {
		style.Color, name = "var(--edge)", name+" low"
	}
	return charts.SingleSeries{
		Name: name, Type: "line", Symbol: "none", ConnectNulls: opts.Bool(false), LineStyle: style, Data: data,
		ItemStyle: &opts.ItemStyle{Color: style.Color},
		AreaStyle: &opts.AreaStyle{Color: style.Color, Opacity: opts.Float(0.1), Origin: "start"},
	}
}

// bandData are the steps of an edge, one for each column: those of too few issues, or of
// enough.
func bandData(s delivery.Series, m chartMeta, low bool) []datum {
	var data []datum
	for i, point := range s.Points {
		if point.Value == nil || (point.N != nil && *point.N < enoughFor[s.Name]) != low {
			continue
		}
		y := m.figure(point.Value)
		data = append(data,
			datum{Value: []any{float64(i) + besideBand, y}}, datum{Value: []any{float64(i+1) - besideBand, y}}, datum{Value: []any{i + 1, nil}})
	}
	return data
}

// ageDots are the issues that are late, or those that are not: where each stands, what it
// is, its age in seconds, since when it is in progress, and whether it is late.
func ageDots(d *delivery.PanelData, m chartMeta, late bool) [][]any {
	at := columnsOf(d)
	var data [][]any
	for _, point := range d.Series[0].Points {
		column, ok := at[point.X]
		if !ok || isLate(d, &point) != late {
			continue
		}
		data = append(data, []any{
			float64(column) + 0.5, m.figure(point.Value), point.Key, point.Title, point.Type, *point.Value, wall(point.T, d.Zone), late,
		})
	}
	return data
}

// agesTable has a row for each open issue, the oldest first, with the edges of its column;
// columns without any have a row of their own.
func agesTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns := []Column{
		{"key", false},
		{"title", false},
		{"type_key", false},
		{"type", false},
		{"status_key", false},
		{"status", false},
		{"class", false},
		{"first_active_at", false},
		{"seconds", true},
		{"left", true},
	}
	at := columnsOf(&d)
	for _, s := range ageEdges(&d) {
		columns = append(columns, Column{s.Name, true})
	}
	edges := func(row []Cell, column int, known bool) []Cell {
		var left Cell
		if known && d.Series[1].Points[column].N != nil {
			left = *d.Series[1].Points[column].N
		}
		row = append(row, left)
		for _, s := range ageEdges(&d) {
			var v *float64
			if known {
				v = s.Points[column].Value
			}
			row = append(row, seconds(v))
		}
		return row
	}
	var rows [][]Cell
	taken := map[string]bool{}
	for _, p := range d.Series[0].Points {
		column, known := at[p.X]
		taken[p.X] = true
		rows = append(rows, edges([]Cell{p.Key, p.Title, p.TypeKey, p.Type, p.X, p.Name, p.Class, p.T, seconds(p.Value)}, column, known))
	}
	for i, p := range d.Series[1].Points {
		if !taken[p.X] {
			rows = append(rows, edges([]Cell{"", "", "", "", p.X, p.Name, p.Class, nil, nil}, i, true))
		}
	}
	return columns, rows
}

// agesSummary tells how many issues are older than most finished ones became, and which is
// the oldest.
func agesSummary(d delivery.PanelData, p *i18n.Printer) string {
	oldest := d.Series[0].Points[0]
	for _, point := range d.Series[0].Points {
		if *point.Value > *oldest.Value {
			oldest = point
		}
	}
	tail := p.T("summary.aging.oldest.unnamed", "time", amount(&d, p, *oldest.Value))
	if oldest.Mark != nil && oldest.Key != "" {
		tail = p.T("summary.aging.oldest", "key", oldest.Key, "time", amount(&d, p, *oldest.Value))
	}
	late, p85 := d.Figure("late"), d.Figure("p85")
	if late == nil || p85 == nil || agesKnown(&d) < delivery.EnoughForP85 {
		return p.T("summary.aging.few", "n", d.N, "tail", tail)
	}
	compared := p.T("summary.aging.late", "n", int(*late), "p85", duration(&d, p, *p85))
	if *late == 0 {
		compared = p.T("summary.aging.none", "p85", duration(&d, p, *p85))
	}
	return p.T("summary.aging", "n", d.N, "late", compared, "tail", tail)
}

// agesKnown is of how many finished issues the ages tell, as far as columns tell it.
func agesKnown(d *delivery.PanelData) int {
	most := 0
	for _, point := range d.Series[1].Points {
		if point.N != nil {
			most = max(most, *point.N)
		}
	}
	return most
}
