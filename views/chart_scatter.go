package views

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// markShapes tell types apart together with the colours of the same order. The
// last ones are of all types that are left.
var markShapes = []string{
	"circle", "triangle", "rect", "diamond",
	"path://M0 0L10 0L5 9Z",
	"path://M3.5 0h3v3.5H10v3H6.5V10h-3V6.5H0v-3h3.5Z",
	"path://M5 0A5 5 0 1 1 5 10A5 5 0 1 1 5 0ZM5 2A3 3 0 1 0 5 8A3 3 0 1 0 5 2Z",
}

// scatterOption draws a mark per record over time, and the percentiles of all
// of them as lines across.
func scatterOption(d delivery.PanelData, p *i18n.Printer, m chartMeta, types []string) map[string]any {
	from, to := wall(d.Filter.From, d.Zone), wall(d.Filter.To, d.Zone)
	c := charts.NewScatter()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}
	c.XAxisList = []opts.XAxis{{Type: "time", Min: from, Max: to}}
	c.YAxisList = []opts.YAxis{{Type: "value", Name: axisName(p, d, m), Min: 0}}
	c.GridList = []opts.Grid{{Top: "56", Right: "92", Bottom: "28", Left: "48"}}

	var names []string
	for _, g := range markGroups(d.Series[0].Points, p, types) {
		data := make([][]any, len(g.points))
		for j, point := range g.points {
			data[j] = []any{wall(point.T, d.Zone), m.figure(point.Value), point.Key, point.Title, point.Type, *point.Value}
		}
		names = append(names, g.name)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: g.name, Type: "scatter", Symbol: markShapes[g.place], SymbolSize: 8, Data: data,
			ItemStyle: &opts.ItemStyle{Color: fmt.Sprintf("var(--series-%d)", g.place+1), Opacity: opts.Float(0.4)},
		})
	}
	if len(names) == 1 {
		c.GridList[0].Top = "32"
	}
	c.Legend = opts.Legend{Show: opts.Bool(len(names) > 1), Data: names, Left: "0", Top: "0", Type: "scroll"}
	for _, f := range d.Headline {
		if f.Name == "count" || f.Value == nil {
			continue
		}
		y := m.figure(f.Value)
		c.MultiSeries = append(c.MultiSeries, charts.SingleSeries{
			Name: f.Name, Type: "line", Symbol: "circle", SymbolSize: 1, LineStyle: percentileStyle(f.Name),
			ItemStyle: &opts.ItemStyle{Color: "var(--accent)"},
			Data:      []datum{{Value: []any{from, y}}, {Value: []any{to, y}, Label: endLabel(p, f.Name, f.Value, m)}},
		})
	}
	return finish(c)
}

type markGroup struct {
	key, name string
	place     int // of its shape and colour
	points    []delivery.Point
}

// markGroups sorts marks by type, in the order of types; those that are not
// among them come after, the most frequent first. What is beyond the shapes at
// hand becomes one group.
func markGroups(points []delivery.Point, p *i18n.Printer, types []string) []markGroup {
	byType := map[string]*markGroup{}
	for _, point := range points {
		g := byType[point.TypeKey]
		if g == nil {
			g = &markGroup{key: point.TypeKey, name: cmp.Or(point.Type, point.TypeKey, p.T("chart.no_type")), place: slices.Index(types, point.TypeKey)}
			byType[point.TypeKey] = g
		}
		g.points = append(g.points, point)
	}
	var known, unknown []markGroup
	for _, g := range byType {
		if g.place < 0 {
			unknown = append(unknown, *g)
		} else {
			known = append(known, *g)
		}
	}
	slices.SortFunc(known, func(a, b markGroup) int { return cmp.Compare(a.place, b.place) })
	slices.SortFunc(unknown, func(a, b markGroup) int {
		return cmp.Or(cmp.Compare(len(b.points), len(a.points)), cmp.Compare(a.key, b.key))
	})
	for i := range unknown {
		unknown[i].place = len(types) + i
	}
	return restOf(append(known, unknown...), len(types)+len(unknown), p)
}

// restOf joins the groups that have no shape of their own among all types.
func restOf(groups []markGroup, all int, p *i18n.Printer) []markGroup {
	last := len(markShapes) - 1
	i := slices.IndexFunc(groups, func(g markGroup) bool { return g.place >= last })
	if all <= len(markShapes) || i < 0 {
		return groups
	}
	rest := groups[i]
	for _, g := range groups[i+1:] {
		rest.points = append(rest.points, g.points...)
		rest.name = p.T("chart.other_types")
	}
	rest.place = last
	return append(groups[:i:i], rest)
}
