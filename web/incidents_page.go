package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const incidentsPath = "/incidents"

// incidentsPerPage is how many incidents a page lists.
const incidentsPerPage = 100

// incidentRoutes are open to look at; leads and admins record.
func (s *Server) incidentRoutes(r chi.Router) {
	r.Get(incidentsPath, s.incidentsPage)
	r.Get(incidentsPath+"/{incident}", s.incidentPage)
	r.Group(func(r chi.Router) {
		r.Use(s.needUser, s.needLead)
		r.Get(incidentsPath+"/new", s.newIncidentPage)
		r.Post(incidentsPath+"/new", s.recordIncident)
		r.Post(incidentsPath+"/{incident}", s.changeIncident)
	})
}

// incidentsPage lists incidents, newest first.
func (s *Server) incidentsPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	q, err := query(r)
	for name, values := range q {
		if q[name] = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(q[name]) == 0 {
			delete(q, name)
		}
	}
	view := views.Incidents{
		Page: s.page(r, i18n.T(ctx, "incidents.title"), "dora"), Query: q, Zone: s.zone(ctx), Now: delivery.InstantOf(s.now()), Lead: isLead(ctx),
	}
	var asked incidentsAsked
	if err == nil {
		asked, err = s.askedIncidents(ctx, q, "cursor")
	}
	if err == nil {
		err = s.fillIncidents(ctx, &asked, &view)
	}
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if view.Problems = filterProblems(ctx, err); len(view.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if view.Filter, err = s.incidentFilter(ctx, q, err); err != nil {
		s.fail(w, r, err)
		return
	}
	view.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.IncidentsPage(view))
}

// fillIncidents reads a list, or says why it is empty.
func (s *Server) fillIncidents(ctx context.Context, asked *incidentsAsked, view *views.Incidents) error {
	found, next, err := s.incidentsOf(ctx, asked, incidentsPerPage, view.Query.Get("cursor"))
	if err != nil {
		return err
	}
	if view.Rows, err = s.reportIncidents(ctx, found); err != nil {
		return err
	}
	p := i18n.From(ctx)
	zone := asked.zone.Zone()
	days := p.DateSpan(asked.f.From.Time().In(zone), (asked.f.To - 1).Time().In(zone))
	id := "incidents.listed"
	if next != "" {
		id = "incidents.listed.newest"
	}
	view.Next, view.Sentence = next, p.T(id, "n", len(found), "days", days)
	if len(found) > 0 {
		return nil
	}
	view.Empty, err = s.whyNoIncidents(ctx, asked, view.Query)
	return err
}

// whyNoIncidents finds what keeps a list of incidents empty, and the way out.
func (s *Server) whyNoIncidents(ctx context.Context, asked *incidentsAsked, q url.Values) (*views.IncidentsEmpty, error) {
	if q.Has("cursor") {
		return &views.IncidentsEmpty{Reason: "end", Fix: incidentsLink(without(q, "cursor"))}, nil
	}
	wide := incidentsAsked{list: delivery.DoraListQuery{From: asked.list.From, To: asked.list.To}}
	if some, _, err := s.incidentsOf(ctx, &wide, 1, ""); err != nil || len(some) > 0 {
		return &views.IncidentsEmpty{Reason: "filter", Fix: incidentsLink(without(q, "team", "connection", "service", "repository", "project", "status"))}, err
	}
	wide.list.From, wide.list.To = 0, 0
	if some, _, err := s.incidentsOf(ctx, &wide, 1, ""); err != nil || len(some) > 0 {
		own := without(q, "from", "to")
		own.Set("range", "12m")
		return &views.IncidentsEmpty{Reason: "no_data", Fix: incidentsLink(own)}, err
	}
	return &views.IncidentsEmpty{Reason: "none", Fix: settingsPath(ctx, "/settings/connections")}, nil
}

func incidentsLink(q url.Values) string { return strings.TrimSuffix(incidentsPath+"?"+q.Encode(), "?") }

// incidentFilter is the filter bar of the list.
func (s *Server) incidentFilter(ctx context.Context, q url.Values, problems error) (views.FlowFilter, error) {
	setup, err := s.db.DoraSetup(ctx)
	if err != nil {
		return views.FlowFilter{}, err
	}
	facets, _, err := s.incidentFacets(ctx)
	if err != nil {
		return views.FlowFilter{}, err
	}
	connections, err := s.db.Connections(ctx)
	if err != nil {
		return views.FlowFilter{}, err
	}
	var teams, services, sources []delivery.Facet
	for i := range setup.Teams {
		teams = append(teams, delivery.Facet{Key: setup.Teams[i].Name})
	}
	for _, service := range setup.AllServices(facets) {
		services = append(services, delivery.Facet{Key: service.Name})
	}
	for i := range connections {
		sources = append(sources, delivery.Facet{Key: connections[i].Name})
	}
	f := flowFilter([]facetGroup{{"team", teams, 1}, {"service", services, 1}, {"project", facets.Projects, 1}, {"connection", sources, 2}}, q)
	f.Dirty = f.Range != defaultRange || slices.ContainsFunc(f.Groups, func(g views.FilterGroup) bool { return g.Chosen > 0 })
	f.Of, f.Action, f.Bucket, f.Clock, f.Problems = "incidents", incidentsPath, "", "", filterProblems(ctx, problems)
	for _, value := range q["status"] {
		f.Keep = append(f.Keep, views.Option{Value: value, Label: "status"})
	}
	f.Spans = spans(ctx, incidentsPath, q, delivery.DateOf(s.now().In(s.zone(ctx))))
	return f, nil
}
