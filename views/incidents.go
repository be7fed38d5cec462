package views

import (
	"context"
	"maps"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Incidents is the list of incidents.
type Incidents struct {
	Page
	Query    url.Values // canonical
	Filter   FlowFilter
	Problems []FilterProblem // with any, nothing is listed
	Zone     *time.Location
	Now      delivery.Instant
	Lead     bool // may record one

	Sentence string
	Rows     []delivery.IncidentReport
	Next     string // cursor of the page behind this one, "" at the end
	Empty    *IncidentsEmpty
}

// IncidentsEmpty says why no incidents are listed, and leads to where some are.
type IncidentsEmpty struct {
	Reason string // end, none, filter or no_data
	Fix    string // "" where there is nothing to do
}

// path is the list with other values of parameters than now; "" takes one out. It begins
// at the first page.
func (l Incidents) path(ctx context.Context, path string, params ...string) templ.SafeURL {
	q := maps.Clone(l.Query)
	q.Del("cursor")
	for i := 0; i+1 < len(params); i += 2 {
		if q.Del(params[i]); params[i+1] != "" {
			q.Set(params[i], params[i+1])
		}
	}
	return withQuery(ctx, path, q)
}

// statuses are the ways to list the incidents of one status.
func (l Incidents) statuses(ctx context.Context) []Tab {
	chosen := l.Query.Get("status")
	var tabs []Tab
	for _, s := range []string{"", delivery.StandsOpen, delivery.StandsResolved} {
		id := "incidents.status." + s
		if s == "" {
			id = "incidents.status.all"
		}
		tabs = append(tabs, Tab{Label: t(ctx, id), Path: string(l.path(ctx, "/incidents", "status", s)), Current: s == chosen})
	}
	return tabs
}

func (l Incidents) newest(ctx context.Context) string {
	if !l.Query.Has("cursor") {
		return ""
	}
	return string(l.path(ctx, "/incidents"))
}

func (l Incidents) older(ctx context.Context) string {
	if l.Next == "" {
		return ""
	}
	return string(l.path(ctx, "/incidents", "cursor", l.Next))
}

func incidentPath(ctx context.Context, r *delivery.IncidentReport) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/incidents/"+r.Number))
}

// incidentName is what an incident is called: by its title, else by its id.
func incidentName(r *delivery.IncidentReport) string {
	if r.Title != "" {
		return string(r.Title)
	}
	return r.ID
}

// incidentKind is the kind of the badge of a status.
func incidentKind(status string) string {
	if status == delivery.StandsOpen {
		return "bad"
	}
	return "good"
}

// lasted is how long an incident took, or takes by now.
func lasted(ctx context.Context, r *delivery.IncidentReport, now delivery.Instant) string {
	if r.TimeToRestore != nil {
		return elapsed(ctx, *r.TimeToRestore)
	}
	if r.Status == delivery.StandsOpen && r.StartedAt.Known() && now > r.StartedAt {
		return t(ctx, "incidents.since", "time", elapsed(ctx, int64(now-r.StartedAt)/1000))
	}
	return "–"
}

func momentIn(ctx context.Context, i delivery.Instant, zone *time.Location) string {
	if !i.Known() {
		return "–"
	}
	return i18n.From(ctx).DateTime(i.Time().In(zone))
}

// Incident is an incident, or the form of a new one.
type Incident struct {
	Form     Form
	Report   delivery.IncidentReport
	New      bool
	Editable bool
	Source   string // address of it in its source
	Zone     *time.Location
	Now      delivery.Instant
	Services []string // to choose from
	Projects []string
}

// action is where the form goes.
func (v *Incident) action(ctx context.Context) templ.SafeURL {
	if v.New {
		return templ.SafeURL(URL(ctx, "/incidents/new"))
	}
	return incidentPath(ctx, &v.Report)
}

// facts are what is known of an incident.
func (v *Incident) facts(ctx context.Context) []runFact {
	r := &v.Report
	var out []runFact
	for _, f := range []runFact{
		{"incidents.started", momentIn(ctx, r.StartedAt, v.Zone)},
		{"incidents.detected", momentIn(ctx, r.DetectedAt, v.Zone)},
		{"incidents.resolved", momentIn(ctx, r.ResolvedAt, v.Zone)},
		{"incidents.lasted", lasted(ctx, r, v.Now)},
		{"incidents.severity", orDash(string(r.Severity))},
		{"incidents.service", orDash(string(r.Service))},
		{"incidents.project", orDash(string(r.Project))},
		{"incidents.deployment", orDash(string(r.Deployment))},
		{"incidents.version", orDash(string(r.Version))},
		{"incidents.sha", orDash(string(r.SHA))},
		{"incidents.source", r.Connection + " · " + r.ID},
	} {
		if f.text != "–" {
			out = append(out, f)
		}
	}
	return out
}

// serviceLink is the page of a service.
func serviceLink(ctx context.Context, name string) templ.SafeURL {
	return templ.SafeURL(URL(ctx, "/services/"+url.PathEscape(name)))
}

// labels name the fields in the summary of errors.
func (v *Incident) labels(ctx context.Context) map[string]string {
	out := map[string]string{}
	for name, id := range map[string]string{
		"title": "what", "service": "service", "project": "project", "started_at": "started", "detected_at": "detected", "resolved_at": "resolved",
		"severity": "severity", "deployment": "deployment", "version": "version", "sha": "sha", "url": "url",
	} {
		out[name] = t(ctx, "incidents."+id)
	}
	return out
}
