package web

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) overviewRoutes(r chi.Router) {
	r.Get("/", s.overviewPage)
	r.Get("/overview/connections", s.overviewConnections)
}

const rangeMonth, rangeQuarter = "30d", "90d"

// overviewChoice reads range and clock; anything unknown is the default.
func overviewChoice(q url.Values) (span string, clock delivery.Clock) {
	span, clock = rangeMonth, delivery.Business
	if q.Get("range") == rangeQuarter {
		span = rangeQuarter
	}
	if q.Get("clock") == string(delivery.Elapsed) {
		clock = delivery.Elapsed
	}
	return span, clock
}

func overviewQuery(span string, clock delivery.Clock, teams []string) url.Values {
	q := url.Values{"range": {span}, "clock": {string(clock)}, "bucket": {string(delivery.Week)}}
	if len(teams) > 0 {
		q["team"] = teams
	}
	return q
}

// overviewTeams are the teams of the query, sorted, each once.
func overviewTeams(q url.Values) []string {
	teams := slices.DeleteFunc(slices.Clone(q["team"]), func(name string) bool { return name == "" })
	slices.Sort(teams)
	return slices.Compact(teams)
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	part, err := s.overviewPart(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	facets, away, err := s.facetsOrNone(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	o := views.Overview{Connections: part, Away: away}
	if o.Steps, err = s.overviewSteps(ctx, part); err != nil {
		s.fail(w, r, err)
		return
	}
	if o.Saved, err = s.overviewSeries(ctx); err != nil {
		s.fail(w, r, err)
		return
	}
	page := s.page(r, i18n.T(ctx, "nav.overview"), "overview")
	status := http.StatusOK
	if len(facets.Queues)+len(o.Saved) > 0 {
		page.Scripts = []string{"vendor/echarts.common.min.js", "charts.js"}
	}
	if len(facets.Queues) > 0 {
		if status, err = s.overviewFlow(ctx, r.URL.Query(), facets, &o); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.render(w, r, status, views.OverviewPage(page, o))
}

// overviewFlow adds the figures of the teams asked for, or says why there are
// none.
func (s *Server) overviewFlow(ctx context.Context, q url.Values, facets delivery.Facets, o *views.Overview) (status int, err error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return 0, err
	}
	if group := filterGroup("team", teamFacets(facets, teams), overviewTeams(q)); len(group.Choices) > 0 {
		o.Teams = &group
	}
	span, clock := overviewChoice(q)
	o.Hidden = []views.Option{{Value: "range", Label: span}, {Value: "clock", Label: string(clock)}}
	_, _, err = s.filter(ctx, delivery.OfIssues, overviewQuery(span, clock, overviewTeams(q)))
	if o.Problems = filterProblems(ctx, err); len(o.Problems) > 0 {
		return http.StatusBadRequest, nil
	}
	if err != nil {
		return 0, err
	}
	o.Headline, o.Trend = s.overviewPanels(ctx, q, o)
	return http.StatusOK, nil
}

// overviewPanels are the headline figures and the trend, which the browser asks
// for, and the switches between their periods and clocks.
func (s *Server) overviewPanels(ctx context.Context, q url.Values, o *views.Overview) (headline, trend *views.Panel) {
	span, clock := overviewChoice(q)
	teams := overviewTeams(q)
	for _, v := range []string{rangeMonth, rangeQuarter} {
		o.Ranges = append(o.Ranges, views.Tab{Label: i18n.T(ctx, "flow.range."+v), Path: "/?" + overviewQuery(v, clock, teams).Encode(), Current: v == span})
	}
	for _, v := range []delivery.Clock{delivery.Business, delivery.Elapsed} {
		o.Clocks = append(o.Clocks, views.Tab{Label: i18n.T(ctx, "flow.clock."+string(v)), Path: "/?" + overviewQuery(span, v, teams).Encode(), Current: v == clock})
	}
	query := overviewQuery(span, clock, teams)
	o.More = "/flow?" + query.Encode()
	headline = &views.Panel{Slug: headlineSlug, Title: i18n.T(ctx, "flow.headline"), Query: query.Encode()}
	if p, ok := panelBySlug("cycle-time-trend"); ok {
		view := panelView(ctx, p, query)
		trend = &view
	}
	return headline, trend
}

// overviewSteps are the steps of getting started while one is left.
func (s *Server) overviewSteps(ctx context.Context, part views.ConnectionsPart) ([]views.Step, error) {
	hours, err := s.db.CalendarChosen(ctx)
	if err != nil {
		return nil, err
	}
	workflow, err := s.db.Workflow(ctx)
	if err != nil || !part.Admin {
		return nil, err
	}
	steps := []views.Step{
		{ID: "connect", Path: "/settings/connections/new", Done: len(part.Connections) > 0},
		{ID: "hours", Path: "/settings/calendars", Done: hours},
		{ID: "workflow", Path: "/settings/workflow", Done: workflow.Chosen},
	}
	if !slices.ContainsFunc(steps, func(step views.Step) bool { return !step.Done }) {
		return nil, nil
	}
	return steps, nil
}

func (s *Server) overviewConnections(w http.ResponseWriter, r *http.Request) {
	part, err := s.overviewPart(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.OverviewConnections(part))
}

func (s *Server) overviewPart(ctx context.Context) (views.ConnectionsPart, error) {
	part := views.ConnectionsPart{Admin: isAdmin(ctx)}
	var err error
	if part.Connections, err = s.connectionList(ctx); err != nil {
		return part, err
	}
	if part.Rebuild, err = s.rebuild(ctx); err != nil {
		return part, err
	}
	part.Live = part.Rebuild.Pending || slices.ContainsFunc(part.Connections, func(c views.Connection) bool { return c.Syncing || c.Due })
	return part, nil
}

// noticeable is the smallest change that is called one.
const noticeable = 0.005

// changeOf compares with the period before; less says that less is better.
func changeOf(v float64, before *float64, less, few bool) *views.Change {
	if few || before == nil || *before == 0 {
		return &views.Change{Few: true}
	}
	ratio := v / *before - 1
	return &views.Change{Ratio: ratio, Same: math.Abs(ratio) < noticeable, Better: (ratio < 0) == less}
}
