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
	r.Get("/overview/figures", s.overviewFigures)
}

const rangeMonth, rangeQuarter = "30d", "90d"

// overviewChoice reads range and clock; anything unknown is the default.
func overviewChoice(q url.Values) (span string, clock delivery.Clock) {
	span, clock = rangeMonth, delivery.Elapsed
	if q.Get("range") == rangeQuarter {
		span = rangeQuarter
	}
	if q.Get("clock") == string(delivery.Business) {
		clock = delivery.Business
	}
	return span, clock
}

func overviewQuery(span string, clock delivery.Clock) string {
	return url.Values{"range": {span}, "clock": {string(clock)}}.Encode()
}

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	part, err := s.overviewPart(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	facets, err := s.facets(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	o := views.Overview{Connections: part}
	if o.Steps, err = s.overviewSteps(ctx, part); err != nil {
		s.fail(w, r, err)
		return
	}
	if len(facets.Connections) > 0 {
		span, clock := overviewChoice(r.URL.Query())
		o.Figures = "/overview/figures?" + overviewQuery(span, clock)
		for _, v := range []string{rangeMonth, rangeQuarter} {
			o.Ranges = append(o.Ranges, views.Tab{Label: i18n.T(ctx, "overview.range."+v), Path: "/?" + overviewQuery(v, clock), Current: v == span})
		}
		for _, v := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
			o.Clocks = append(o.Clocks, views.Tab{Label: i18n.T(ctx, "overview.clock."+string(v)), Path: "/?" + overviewQuery(span, v), Current: v == clock})
		}
	}
	s.render(w, r, http.StatusOK, views.OverviewPage(s.page(r, i18n.T(ctx, "nav.overview"), "overview"), o))
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
	if part.Rebuilding, err = s.store.Rebuilding(ctx); err != nil {
		return part, err
	}
	part.Live = part.Rebuilding || slices.ContainsFunc(part.Connections, func(c views.Connection) bool { return c.Syncing || c.Due })
	return part, nil
}

// overviewFigures are the headline figures of the range against the one before.
func (s *Server) overviewFigures(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	span, clock := overviewChoice(r.URL.Query())
	calendar, err := s.calendar(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	now := delivery.InstantOf(s.now())
	f, err := delivery.ParseFilter(url.Values{"range": {span}, "clock": {string(clock)}, "bucket": {"week"}}, calendar.Zone(), now)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	workflow, err := s.db.Workflow(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q := delivery.FlowQuery{Filter: f, Calendar: calendar, ExcludedResolutions: workflow.ExcludedResolutions, Now: now}
	trend, err := s.store.CycleTimeTrend(ctx, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	q.From, q.To = q.From-(q.To-q.From), q.From
	before, err := s.store.CycleTimeTrend(ctx, q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	figures := headline(ctx, trend, before, dayHours(clock, calendar))
	s.render(w, r, http.StatusOK, views.Figures(figures, "/flow?"+overviewQuery(span, clock)))
}

// dayHours is how long a day of durations is by the clock.
func dayHours(clock delivery.Clock, c *delivery.Calendar) float64 {
	if clock == delivery.Business {
		return c.Day().Hours()
	}
	return 24
}

func headline(ctx context.Context, now, before delivery.CycleTimeTrend, dayHours float64) []views.Figure {
	p := i18n.From(ctx)
	note := p.T("figure.of", "n", now.Sample.N)
	duration := func(label string, enough int, of func(delivery.Percentiles) *float64) views.Figure {
		f := views.Figure{Label: p.T(label), Note: note, Few: now.Sample.N < enough}
		if v := of(now.Percentiles); v != nil {
			f.Value, f.Exact = p.Days(*v, dayHours), p.Duration(*v, dayHours)
			f.Change = changeOf(*v, of(before.Percentiles), true, min(now.Sample.N, before.Sample.N) < enough)
		}
		for _, b := range now.Buckets {
			point := math.NaN()
			if v := of(b.Percentiles); v != nil {
				point = *v
			}
			f.Trend = append(f.Trend, point)
		}
		return f
	}
	closed, closedBefore := finished(now.Sample), float64(finished(before.Sample))
	count := views.Figure{
		Label: p.T("figure.closed"), Value: p.Number(float64(closed), 0), Exact: p.Number(float64(closed), 0),
		Note: p.T("figure.closed.note", "n", closed-now.Sample.N), Change: changeOf(float64(closed), &closedBefore, false, closedBefore == 0),
	}
	for _, b := range now.Buckets {
		count.Trend = append(count.Trend, float64(b.N))
	}
	return []views.Figure{
		duration("figure.median", delivery.EnoughForP50, func(q delivery.Percentiles) *float64 { return q.P50 }),
		duration("figure.p85", delivery.EnoughForP85, func(q delivery.Percentiles) *float64 { return q.P85 }),
		count,
	}
}

// finished counts every issue closed in the range, measured or not.
func finished(s delivery.Sample) int {
	n := s.N
	for _, excluded := range s.Excluded {
		n += excluded
	}
	return n
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
