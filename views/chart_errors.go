package views

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// errorWords are the messages of errors in the place of those of issues; those of one
// panel alone begin with its slug.
var errorWords = map[string]string{
	"chart.n":                         "chart.n.groups",
	"chart.low_n":                     "chart.low_n.groups",
	"chart.list":                      "chart.list.groups",
	"chart.list.keys":                 "chart.list.keys.groups",
	"chart.rate":                      "chart.rate.sessions",
	"summary.none":                    "summary.none.errors",
	"table.count":                     "table.count.groups",
	"table.n":                         "table.n.groups",
	"table.rate":                      "table.rate.sessions",
	"panel.n.title":                   "panel.n.title.groups",
	"panel.rows.csv":                  "panel.rows.csv.groups",
	"panel.rows.json":                 "panel.rows.json.groups",
	"panel.empty.filter":              "panel.empty.filter.errors",
	"crash-free chart.n":              "chart.n.sessions",
	"crash-free chart.low_n":          "chart.low_n.sessions",
	"crash-free table.count":          "table.count.sessions",
	"errors-events chart.n":           "chart.n.events",
	"errors-events table.count":       "table.count.events",
	"errors-resolve-time chart.n":     "chart.n.resolved",
	"errors-resolve-time table.count": "table.count.resolved",
	"rate-limits chart.n":             "chart.n.hours",
	"rate-limits table.n":             "table.n.hours",
}

// wordOfErrors is a message as it is said of a panel of errors.
func wordOfErrors(slug, id string) string {
	return cmp.Or(errorWords[slug+" "+id], errorWords[id], id)
}

// errorParams are what lists of error groups are narrowed to, by panel. Of sessions it
// is what was seen at the time.
var errorParams = map[string]url.Values{
	"errors-open":         {"state": {delivery.GroupsOpen}},
	"errors-events":       {"state": {delivery.GroupsSeen}},
	"errors-resolve-time": {"state": {delivery.GroupsResolved}},
	"errors-by-release":   {"state": {delivery.GroupsAll}},
	"crash-free":          {"state": {delivery.GroupsSeen}},
	"rate-limits":         {"state": {delivery.GroupsSeen}},
}

// errorRecords is the query of the groups behind a panel of errors.
func errorRecords(query, slug string) string {
	q, err := url.ParseQuery(query)
	if err != nil {
		q = url.Values{}
	}
	q.Del("bucket") // nothing is cut in a list
	maps.Copy(q, errorParams[slug])
	return q.Encode()
}

// errorRows are the addresses of the groups behind each row of bars.
func (p Panel) errorRows(ctx context.Context, d delivery.PanelData) []string {
	var out []string
	for _, point := range d.Series[0].Points {
		switch project, version := delivery.SplitReleaseX(point.X); {
		case point.X == delivery.OtherProjects:
			out = append(out, p.Records(ctx, p.Slug))
		case p.Slug == "errors-by-release":
			out = append(out, p.Records(ctx, p.Slug, "project", project, "release", version))
		default:
			out = append(out, p.Records(ctx, p.Slug, "project", point.X))
		}
	}
	return out
}

// errorLooks tell the parts of rows of errors apart, by colour and by hatching.
var errorLooks = map[string]itemStyle{
	string(delivery.AgeHour):      {Color: "var(--series-6)", Decal: hatched},
	string(delivery.AgeDay):       {Color: "var(--series-2)"},
	string(delivery.AgeFortnight): {Color: "var(--series-1)"},
	string(delivery.AgeOlder):     {Color: "var(--series-7)", Decal: dotted},
	"new":                         {Color: "var(--series-1)"},
	"regressed":                   {Color: "var(--series-6)", Decal: hatched},
	"mean":                        {Color: "var(--series-1)"},
	"peak":                        {Color: "var(--series-5)"},
}

// errorBars draws a row per project or release: parts one behind the other, or of load
// the peak light beneath the mean.
func errorBars(d delivery.PanelData, p *i18n.Printer, m chartMeta) map[string]any {
	c := charts.NewBar()
	c.Tooltip = opts.Tooltip{Show: opts.Bool(true), Trigger: "axis"}
	c.GridList = []opts.Grid{{Top: "32", Right: "16", Bottom: "40", Left: "8", ContainLabel: opts.Bool(true)}}
	var rows, names []string
	for _, point := range d.Series[0].Points {
		rows = append(rows, rowName(p, &point))
	}
	c.XAxisList = []opts.XAxis{{Type: "value", Name: axisName(p, d, m), Min: 0}}
	if m.Of != delivery.Rates {
		c.XAxisList[0].MinInterval = 1
	}
	c.YAxisList = []opts.YAxis{{Type: "category", Inverse: opts.Bool(true), Data: rows}}
	for i := range d.Series {
		s := &d.Series[i]
		if m.Of == delivery.Rates { // the longer bar lies beneath the shorter one
			s = &d.Series[len(d.Series)-1-i]
		}
		look, name := errorLooks[s.Name], p.T("errors.part."+s.Name)
		names = append(names, name)
		data := make([]datum, len(s.Points))
		for k, point := range s.Points {
			data[k] = datum{Value: m.figure(point.Value), Seconds: point.Value, N: point.N, ItemStyle: &look}
		}
		one := charts.SingleSeries{Name: name, Type: "bar", BarWidth: "14", Data: data, ItemStyle: &opts.ItemStyle{Color: look.Color}}
		if m.Of == delivery.Rates {
			one.BarGap = "-100%"
		} else {
			one.Stack = "one"
		}
		c.MultiSeries = append(c.MultiSeries, one)
	}
	c.Legend = opts.Legend{Show: opts.Bool(true), Data: names, Left: "0", Top: "0", Icon: "rect", SelectedMode: "false"}
	return finish(c)
}

// rowName is what a row is called; the one of all others has no name of its own.
func rowName(p *i18n.Printer, point *delivery.Point) string {
	if point.X == delivery.OtherProjects {
		return p.T("errors.other")
	}
	return cmp.Or(point.Name, point.X)
}

// errorTable has a row per project or release.
func errorTable(d delivery.PanelData) ([]Column, [][]Cell) {
	first, n := "project", "n"
	if d.Slug == "errors-by-release" {
		first = "release"
	}
	columns, rows := []Column{{first, false}}, make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{p.Name}
			}
			cell := valueOf(&d, p.Value)
			if p.Value != nil && (s.Name == "limit" || s.Name == "accepted_rate") {
				cell = PerSecond(*p.Value)
			}
			rows[i] = append(rows[i], cell)
		}
	}
	for i, p := range d.Series[0].Points {
		rows[i] = append(rows[i], *p.N)
	}
	return append(columns, Column{n, true}), rows
}

// PerSecond is a number of events a second in a Cell.
type PerSecond float64

// Share is a rate in words: next to all, it is told as exactly as it takes to tell it
// from all.
func Share(p *i18n.Printer, rate float64) string {
	switch {
	case rate >= 1 || rate <= 0.99:
		return p.Percent(rate, 1)
	case rate <= 0.999:
		return p.Percent(rate, 2)
	case rate <= 0.99999:
		return p.Percent(rate, 3)
	}
	return p.Percent(rate, 5)
}

// crashFreeSlug is the panel of shares that are next to all.
const crashFreeSlug = "crash-free"

// crashFloors are where the axis of a share next to all may begin.
var crashFloors = []float64{99.9, 99.5, 99, 98, 95, 90, 80, 50}

// crashFloor is from which percentage on all values of a panel are seen best: drawn
// from 0, shares of 99 % would be one straight line.
func crashFloor(d delivery.PanelData, before *delivery.PanelData) float64 {
	lowest := 100.0
	see := func(points []delivery.Point) {
		for _, point := range points {
			if point.Value != nil {
				lowest = min(lowest, *point.Value*100)
			}
		}
	}
	see(d.Series[0].Points)
	if before != nil {
		see(before.Series[0].Points)
	}
	for _, floor := range crashFloors {
		if floor <= lowest {
			return floor
		}
	}
	return 0
}

// errorsSummary says in one sentence what a panel of errors shows.
func errorsSummary(d delivery.PanelData, p *i18n.Printer) string {
	id, n := "summary."+d.Slug, d.N
	of := func(name string) int { return int(*d.Figure(name)) }
	switch d.Slug {
	case "errors-open":
		return p.T(id, "n", n, "fresh", of(string(delivery.AgeHour))+of(string(delivery.AgeDay)), "older", of(string(delivery.AgeOlder)))
	case "errors-events":
		return p.T(id, "n", of("accepted"), "filtered", p.Number(*d.Figure("filtered"), 0), "limited", p.Number(*d.Figure("rate_limited"), 0))
	case "errors-by-release":
		return p.T(id, "n", n, "fresh", of("new"), "back", of("regressed"))
	case "crash-free":
		return p.T(id, "n", n, "rate", Share(p, *d.Figure("rate")))
	case "rate-limits":
		return p.T(id, "n", n, "name", d.Series[0].Points[0].Name, "peak", p.Percent(*d.Figure("max"), 1))
	}
	p50, p80, p95 := d.Figure("p50"), d.Figure("p80"), d.Figure("p95")
	switch {
	case n < delivery.EnoughForP50:
		return p.T(id+".few", "n", n)
	case n < delivery.EnoughForP80:
		return p.T(id+".half", "n", n, "p50", amount(&d, p, *p50))
	}
	return p.T(id, "n", n, "p50", amount(&d, p, *p50), "p80", amount(&d, p, *p80), "p95", amount(&d, p, *p95))
}

// isDeployment reports whether a marker is of deployments, not of definitions.
func isDeployment(m delivery.Marker) bool {
	return strings.HasPrefix(m.Kind, delivery.DeploymentMarker)
}

// isEvent reports whether a marker is of something that happened.
func isEvent(m delivery.Marker) bool { return isDeployment(m) || m.Kind == delivery.IncidentMarker }
