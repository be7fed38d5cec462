package views

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

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
	"dora-failed":          {"failed": {WithEvidence}},
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
	All      int // how many there are, 0 where all are shown
}

// FailedRow is a deployment that something speaks against.
type FailedRow struct {
	delivery.Group
	Judged []Judged
	May    bool     // the reader may say what it was
	Others []Option // deployments that its incidents may be given to
}

// WithEvidence is the value of failed that asks for whatever something speaks against,
// rejected or not.
const WithEvidence = "evidence"

// Judged is what one verdict is about: an incident, or without one the deployment.
type Judged struct {
	Incident int64
	Evidence []delivery.Evidence
}

// confirmed reports whether anything that is said is confirmed, open whether anything is
// not rejected.
func (j Judged) confirmed() bool { return j.any(delivery.Confirmed) }
func (j Judged) open() bool      { return j.any(delivery.Confirmed, delivery.Suspected) }

func (j Judged) any(confidence ...string) bool {
	return slices.ContainsFunc(j.Evidence, func(e delivery.Evidence) bool { return slices.Contains(confidence, e.Confidence) })
}

// words are what a verdict is about, to tell its buttons from those of others.
func (j Judged) words(ctx context.Context, g *delivery.Group) string {
	var words []string
	for _, e := range j.Evidence {
		if word := t(ctx, "dora.method."+e.Method); !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(append(words, GroupName(g)), ", ")
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

func errorGroupLink(ctx context.Context, seq int64) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/errors/groups/"+strconv.FormatInt(seq, 10)))
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

// DoraList is a page of deployments or of changes.
type DoraList struct {
	Page
	Path      string
	Query     url.Values // canonical
	Filter    FlowFilter
	Problems  []FilterProblem
	Sentence  string
	Suspected bool
	Groups    []delivery.Group
	Failed    []FailedRow // instead of Groups, with what speaks against them
	Changes   []ChangeRow
	Waiting   []delivery.WaitingChange
	Total     int
	Number    int // of the page, from 1
	PerPage   int
}

// ChangeRow is a deployed change with its lead time in milliseconds, or why it has
// none.
type ChangeRow struct {
	delivery.DeployedChange
	Fact   *delivery.Change // nil when only a range tells of it
	Lead   int64
	Reason string
	Source string
}

func (l DoraList) path(ctx context.Context, path string, params ...string) templ.SafeURL {
	q := maps.Clone(l.Query)
	q.Del("page")
	for i := 0; i+1 < len(params); i += 2 {
		if q.Del(params[i]); params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
	return withQuery(ctx, path, q)
}

// dashboard is the page of metrics with the same filter.
func (l DoraList) dashboard(ctx context.Context) templ.SafeURL {
	return l.path(ctx, "/dora", "kind", "", "failed", "", "state", "", "excluded", "")
}

func (l DoraList) newest(ctx context.Context) string {
	if l.Number <= 1 {
		return ""
	}
	return string(l.path(ctx, l.Path))
}

func (l DoraList) older(ctx context.Context) string {
	if l.Number*l.PerPage >= l.Total {
		return ""
	}
	return string(l.path(ctx, l.Path, "page", strconv.Itoa(l.Number+1)))
}

// tabs are the ways to list a part.
func (l DoraList) tabs(ctx context.Context) []Tab {
	tab := func(label string, current bool, params ...string) Tab {
		return Tab{Label: label, Current: current, Path: string(l.path(ctx, l.Path, params...))}
	}
	if l.Path == "/changes" {
		waiting := l.Query.Get("state") == "waiting"
		return []Tab{
			tab(t(ctx, "changes.state.deployed"), !waiting, "state", "", "excluded", ""),
			tab(t(ctx, "changes.state.waiting"), waiting, "state", "waiting", "excluded", ""),
		}
	}
	kinds, failed := l.Query["kind"], l.Query.Get("failed")
	tabs := []Tab{
		tab(t(ctx, "deployments.every"), len(kinds) == 0 && failed == "", "kind", "", "failed", ""),
		tab(t(ctx, "deployments.failed"), failed == "true", "kind", "", "failed", "true"),
		tab(t(ctx, "deployments.evidence"), failed == WithEvidence, "kind", "", "failed", WithEvidence),
	}
	for _, k := range []delivery.DeployKind{delivery.KindNormal, delivery.KindHotfix, delivery.KindConfig, delivery.KindRollback, delivery.KindRedeploy} {
		tabs = append(tabs, tab(t(ctx, "dora.kind."+string(k)), len(kinds) == 1 && kinds[0] == string(k), "kind", string(k), "failed", ""))
	}
	return tabs
}

// leadTime is how long a change took, or why that is not measured.
func (c *ChangeRow) leadTime(ctx context.Context) string {
	if c.Reason != "" {
		return t(ctx, "changes.excluded."+c.Reason)
	}
	return elapsed(ctx, c.Lead/1000)
}

// DeploymentView is one deployment and what is derived of it.
type DeploymentView struct {
	Deployment delivery.Deployment
	Seq        int64
	Source     string
	Groups     []FailedRow // that it is in, by service
	Changes    []ChangeRow
}

// Name is what people call it.
func (v DeploymentView) Name() string {
	d := &v.Deployment
	return GroupName(&delivery.Group{ID: d.ID, Version: d.Version, SHA: d.SHA})
}

// facts are what its source says, without what it does not.
func (v DeploymentView) facts(ctx context.Context) []DoraFact {
	d := &v.Deployment
	commits := ""
	if d.Range != nil {
		commits = number(ctx, len(d.Range.Commits))
		if d.Range.Cut {
			commits = t(ctx, "deployment.cut", "n", commits)
		}
	}
	base := ""
	if d.Range != nil && d.Range.Base != "" {
		base = shortSHA(delivery.Word(d.Range.Base))
	}
	var out []DoraFact
	for _, f := range []DoraFact{
		{"deployment.repository", d.Repository},
		{"deployments.service", d.Service},
		{"deployments.environment", d.Environment},
		{"deployment.version", d.Version},
		{"deployment.sha", d.SHA},
		{"deployment.range", base},
		{"deployment.commits", commits},
		{"deployment.creator", d.Creator},
		{"deployment.created", doraMoment(ctx, d.CreatedAt)},
		{"deployment.started", doraMoment(ctx, d.StartedAt)},
		{"deployments.finished", doraMoment(ctx, d.FinishedAt)},
		{"deployment.connection", d.Connection},
	} {
		if f.Text != "" && f.Text != "–" {
			out = append(out, f)
		}
	}
	return out
}

// DoraFact is a named text.
type DoraFact struct{ ID, Text string }

// outcome is how a deployment ended, and what became of it: a badge's kind and words.
func outcome(ctx context.Context, g *delivery.Group) (kind, words string) {
	switch {
	case !g.Succeeded:
		return "plain", t(ctx, "deployments.not_through")
	case g.Failed(false):
		return "bad", t(ctx, "deployments.did_fail")
	case g.Failed(true):
		return "warn", t(ctx, "deployments.suspected")
	}
	return "good", t(ctx, "deployments.ok")
}

// ServiceView is what happened to a service.
type ServiceView struct {
	Name   string
	Last   string // when it was last deployed to production, "" for never
	Query  url.Values
	Filter FlowFilter
	Head   Panel
	Events []ServiceEvent // newest first
}

// ServiceEvent is a deployment or an incident on the timeline.
type ServiceEvent struct {
	At       delivery.Instant
	Group    *delivery.Group
	Incident *delivery.LinkedIncident
}

// envNames are those of environments, as one text.
func envNames(all []string) string { return orDash(strings.Join(all, ", ")) }
