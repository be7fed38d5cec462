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
	r.Get("/overview/rows/{row}", s.overviewRowPart)
	r.Get("/overview/attention", s.attentionPart)
	r.Get("/overview/connections", s.overviewConnections)
	r.Get("/overview/begin", s.beginPage)
}

// overviewPage is the frame of the first page. It runs no metric query: rows and what
// needs attention are asked for by themselves.
func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	asked, err := s.askedOverview(r, pageDefaults)
	if err == nil || len(filterDetails(err)) > 0 {
		var o views.Overview
		o.Problems = filterProblems(ctx, err)
		if err = s.fillOverview(ctx, &asked, &o); err == nil {
			s.showOverview(w, r, o)
			return
		}
	}
	s.fail(w, r, err)
}

func (s *Server) showOverview(w http.ResponseWriter, r *http.Request, o views.Overview) {
	page := s.page(r, i18n.T(r.Context(), "nav.overview"), "overview")
	status := http.StatusOK
	if len(o.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if o.Trend != nil || len(o.Saved) > 0 {
		page.Scripts = []string{"vendor/echarts.common.min.js", "charts.js"}
	}
	s.render(w, r, status, views.OverviewPage(page, o))
}

func (s *Server) fillOverview(ctx context.Context, asked *overviewAsked, o *views.Overview) (err error) {
	if o.Connections, err = s.overviewPart(ctx); err != nil {
		return err
	}
	known, away, err := unlessAway(s.known(ctx))
	if err != nil {
		return err
	}
	o.Away = away
	if o.Steps, err = s.overviewSteps(ctx, o.Connections, len(known) > 0); err != nil {
		return err
	}
	if o.Saved, err = s.overviewSeries(ctx); err != nil || len(known) == 0 {
		return err
	}
	return s.fillTeams(ctx, asked, known, o)
}

// fillTeams adds the table of teams, what needs attention, and the filter of both.
func (s *Server) fillTeams(ctx context.Context, asked *overviewAsked, known []delivery.Subject, o *views.Overview) error {
	teams, err := s.teams(ctx)
	if err != nil {
		return err
	}
	facets, err := s.facets(ctx)
	if err != nil {
		return err
	}
	if group := filterGroup("team", teamFacets(facets, teams), asked.q["team"]); len(group.Choices) > 0 {
		o.Teams = &group
	}
	for name, values := range without(asked.q, "team") {
		o.Hidden = append(o.Hidden, views.Option{Value: name, Label: values[0]})
	}
	slices.SortFunc(o.Hidden, func(a, b views.Option) int { return compareNames(a.Value, b.Value) })
	s.overviewTabs(ctx, asked, o)
	if len(o.Problems) > 0 {
		return nil
	}
	none, err := s.unassigned(ctx, teams)
	if err != nil {
		return err
	}
	rows := overviewRows(teams, asked.q["team"], none)
	o.Table = s.teamTable(ctx, asked, known, rows, len(teams) > 0)
	o.Attention = &views.Panel{Slug: attentionSlug, Title: i18n.T(ctx, "attention.title"), Path: "/overview/attention?" + asked.q.Encode()}
	if p, ok := panelBySlug("cycle-time-trend"); ok && len(rows) == 1 && slices.Contains(known, delivery.OfIssues) {
		trend := panelView(ctx, p, asked.q)
		o.Trend, o.More = &trend, "/flow?"+asked.q.Encode()
	}
	return nil
}

// overviewTabs are the switches between periods and clocks.
func (s *Server) overviewTabs(ctx context.Context, asked *overviewAsked, o *views.Overview) {
	spans := []string{rangeMonth, rangeQuarter}
	if span := asked.q.Get("range"); slices.Contains(flowRanges, span) && !slices.Contains(spans, span) {
		spans = append(spans, span)
	}
	for _, v := range spans {
		o.Ranges = append(o.Ranges, views.Tab{Label: i18n.T(ctx, "flow.range."+v), Path: "/?" + asked.with("range", v).Encode(), Current: v == asked.q.Get("range")})
	}
	for _, v := range []delivery.Clock{delivery.Business, delivery.Elapsed} {
		o.Clocks = append(o.Clocks, views.Tab{
			Label: i18n.T(ctx, "flow.clock."+string(v)), Path: "/?" + asked.with("clock", string(v)).Encode(), Current: string(v) == asked.q.Get("clock"),
		})
	}
}

// teamTable is the table with a place for each row.
func (s *Server) teamTable(ctx context.Context, asked *overviewAsked, known []delivery.Subject, rows []overviewRow, teams bool) *views.TeamTable {
	columns := shownColumns(known)
	zone := s.zone(ctx)
	table := views.TeamTable{
		Groups: columnGroups(columns, asked.q),
		Days:   i18n.From(ctx).DateSpan(asked.f.From.Time().In(zone), (asked.f.To - 1).Time().In(zone)),
	}
	for _, row := range rows {
		table.Rows = append(table.Rows, rowView(ctx, row, asked.q, teams))
	}
	for _, of := range []delivery.Subject{delivery.OfIssues, delivery.OfDora, delivery.OfRuns, delivery.OfErrors} {
		if !slices.Contains(known, of) {
			table.Lacks = append(table.Lacks, views.Lack{Of: of, Fix: settingsPath(ctx, "/settings/connections/new")})
		}
	}
	return &table
}

// rowView is a row without figures.
func rowView(ctx context.Context, row overviewRow, base url.Values, teams bool) views.TeamRow {
	q := without(base, "team")
	v := views.TeamRow{Kind: row.kind, Name: row.team}
	switch {
	case row.kind == rowTeam:
		q.Set("team", row.team)
		v.Href = "/flow?" + q.Encode()
	case row.kind == rowUnassigned:
		v.Name, v.Href = i18n.T(ctx, "overview.unassigned"), settingsPath(ctx, "/settings/teams")
	case teams:
		v.Name, v.Href = i18n.T(ctx, "overview.all"), "/flow?"+q.Encode()
	default:
		v.Name, v.Href = i18n.T(ctx, "overview.everything"), "/flow?"+q.Encode()
	}
	v.Path = "/overview/rows/" + row.kind + "?" + q.Encode()
	return v
}

// overviewSteps are the steps of getting started while one is left; facts says that
// there are some, from wherever they came.
func (s *Server) overviewSteps(ctx context.Context, part views.ConnectionsPart, facts bool) ([]views.Step, error) {
	if !part.Admin {
		return nil, nil
	}
	hours, err := s.db.CalendarChosen(ctx)
	if err != nil {
		return nil, err
	}
	workflow, err := s.db.Workflow(ctx)
	if err != nil {
		return nil, err
	}
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, err
	}
	steps := []views.Step{
		{ID: "connect", Path: "/settings/connections/new", Done: facts || len(part.Connections) > 0},
		{ID: "hours", Path: "/settings/calendars", Done: hours},
		{ID: "workflow", Path: "/settings/workflow", Done: workflow.Chosen},
		{ID: "team", Path: "/settings/teams/new", Done: len(teams) > 0},
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
