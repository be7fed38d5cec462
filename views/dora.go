package views

import (
	"context"
	"maps"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// doraListOf is the list of what a panel of deployments is made of.
func doraListOf(slug string) string {
	switch slug {
	case "change-lead-time", "lead-time-stages", "dora-waiting":
		return "changes"
	case "incidents", "tickets":
		return "incidents"
	}
	return "deployments"
}

// doraParams are what lists are narrowed to, by panel.
var doraParams = map[string]url.Values{
	"recovery-time":        {"failed": {"true"}},
	"dora-failed":          {"failed": {"true"}},
	"dora-waiting":         {"state": {"waiting"}},
	"deployment-frequency": {"kind": {"normal", "hotfix", "config"}},
	"change-fail-rate":     {"kind": {"normal", "hotfix", "config"}},
	"rework-rate":          {"kind": {"normal", "hotfix", "config", "rollback"}},
}

// doraRecords is the query of the records behind a panel of deployments.
func doraRecords(query, slug string) string {
	q, err := url.ParseQuery(query)
	if err != nil {
		q = url.Values{}
	}
	maps.Copy(q, doraParams[slug])
	return q.Encode()
}

// doraWords are the messages of deployments in the place of those of issues.
var doraWords = map[string]string{
	"chart.n":                  "chart.n.deployments",
	"chart.low_n":              "chart.low_n.deployments",
	"chart.list":               "chart.list.deployments",
	"chart.list.keys":          "chart.list.keys.deployments",
	"chart.rate":               "chart.rate.deployments",
	"summary.none":             "summary.none.deployments",
	"table.count":              "table.count.deployments",
	"table.n":                  "table.n.deployments",
	"table.rate":               "table.rate.deployments",
	"panel.n.title":            "panel.n.title.deployments",
	"panel.rows.csv":           "panel.rows.csv.deployments",
	"panel.rows.json":          "panel.rows.json.deployments",
	"panel.empty.filter":       "panel.empty.filter.deployments",
	"panel.empty.all_excluded": "panel.empty.all_excluded.deployments",
}

// doraSummary says in one sentence what a panel of deployments shows.
func doraSummary(d delivery.PanelData, p *i18n.Printer) string {
	id := "summary." + d.Slug
	switch d.Slug {
	case "deployment-frequency":
		mean, days := d.Figure("mean"), d.Figure("p50")
		if mean == nil {
			return p.T(id+".few", "n", d.N)
		}
		return p.T(id, "n", d.N, "mean", p.Number(*mean, 1), "days", p.Number(*days, 1))
	case "change-fail-rate", "rework-rate":
		k := d.Figure("failed")
		if k == nil {
			k = d.Figure("rework")
		}
		return p.T(id, "n", d.N, "k", int(*k), "rate", p.Percent(*d.Figure("rate"), 1),
			"low", p.Percent(*d.Figure("low"), 0), "high", p.Percent(*d.Figure("high"), 0))
	case "tickets":
		return p.T(id, "n", d.N, "closed", int(*d.Figure("closed")))
	}
	p50, p85 := d.Figure("p50"), d.Figure("p85")
	if p50 == nil || p85 == nil {
		return p.T(id+".open", "n", d.N)
	}
	elapsed := d
	elapsed.Filter.Clock = delivery.Elapsed
	return p.T(id, "n", d.N, "p50", amount(&elapsed, p, *p50), "p85", amount(&elapsed, p, *p85))
}

// stagesNamed is a panel whose categories bear their names in words.
func stagesNamed(d delivery.PanelData, p *i18n.Printer) delivery.PanelData {
	series := make([]delivery.Series, len(d.Series))
	for i, s := range d.Series {
		series[i] = delivery.Series{Name: s.Name, Points: make([]delivery.Point, len(s.Points))}
		for j, point := range s.Points {
			if point.Category != nil {
				category := *point.Category
				category.Name = p.T("dora.stage." + point.X)
				point.Category = &category
			}
			series[i].Points[j] = point
		}
	}
	d.Series = series
	return d
}

// stagesTable has a row per stage.
func stagesTable(d delivery.PanelData) ([]Column, [][]Cell) {
	columns, rows := []Column{{"stage", false}, {"n", true}}, make([][]Cell, len(d.Series[0].Points))
	for _, s := range d.Series {
		columns = append(columns, Column{s.Name, true})
		for i, p := range s.Points {
			if rows[i] == nil {
				rows[i] = []Cell{p.X, *p.N}
			}
			rows[i] = append(rows[i], seconds(p.Value))
		}
	}
	return columns, rows
}

// DoraPart is a list on the page of deployments.
type DoraPart struct {
	Panel    Panel
	Sentence string
	Warn     bool // too much is not deployed
	Failed   []FailedRow
	Waiting  []delivery.WaitingChange
	More     int
}

// FailedRow is a deployment that something speaks against.
type FailedRow struct {
	delivery.Group
	Judged []Judged
	Source string
	May    bool     // the reader may say what it was
	Others []Option // deployments that its incidents may be given to
}

// Judged is what one verdict is about: an incident, or without one the deployment.
type Judged struct {
	Incident int64
	Evidence []delivery.Evidence
}

// GroupName is what people call a deployment.
func GroupName(g *delivery.Group) string {
	switch {
	case g.Version != "":
		return g.Version
	case g.SHA != "":
		return shortSHA(delivery.Word(g.SHA))
	}
	return "#" + g.ID
}

func groupPath(ctx context.Context, id string) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/deployments/"+id))
}

func incidentLink(ctx context.Context, seq int64) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/incidents/"+strconv.FormatInt(seq, 10)))
}

func servicePage(ctx context.Context, name string) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/services/"+url.PathEscape(name)))
}

// doraMoment is an instant by the reader's clock, – when it is not known.
func doraMoment(ctx context.Context, at delivery.Instant) string {
	if !at.Known() {
		return "–"
	}
	return dateTime(ctx, at.Time())
}

func confidenceKind(confidence string) string {
	switch confidence {
	case delivery.Confirmed:
		return "bad"
	case delivery.Suspected:
		return "warn"
	}
	return "plain"
}

// kindWords is a deployment's kind, and why it is of it.
func kindWords(ctx context.Context, g *delivery.Group) string {
	kind := t(ctx, "dora.kind."+string(g.Kind))
	if g.Reason == "" || !i18n.From(ctx).Has("dora.reason."+g.Reason) {
		return kind
	}
	return t(ctx, "deployment.kind.why", "kind", kind, "reason", t(ctx, "dora.reason."+g.Reason))
}
