package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// Slugs of the strips of figures that pages begin with.
const (
	headlineSlug          = "flow-headline"
	pipelinesHeadlineSlug = "pipelines-headline"
)

// panelRoutes are the pages of panels, and the panels that they ask for.
func (s *Server) panelRoutes(r chi.Router) {
	r.Group(func(r chi.Router) {
		r.Use(middleware.Compress(gzipLevel, "text/html"))
		r.Get("/flow", s.metrics(flowMetrics()))
		r.Get("/pipelines", s.metrics(pipelineMetrics()))
		r.Get("/dora", s.metrics(doraMetrics()))
		s.whatIfRoutes(r)
		r.With(s.needUser, s.needLead).Post("/dora/verdicts", s.saveVerdict)
		r.Get("/panels/"+doraFailedSlug, s.doraListPanel(doraFailedSlug, s.fillFailed))
		r.Get("/panels/"+doraWaitingSlug, s.doraListPanel(doraWaitingSlug, s.fillWaiting))
		r.Get("/panels/"+doraHeadlineSlug, s.headlinePanel(doraMetrics(), s.doraFigures))
		r.Get("/panels/"+headlineSlug, s.headlinePanel(flowMetrics(), s.flowFigures))
		r.Get("/panels/"+pipelinesHeadlineSlug, s.headlinePanel(pipelineMetrics(), s.pipelineFigures))
		r.Get("/errors", s.metrics(errorsMetrics()))
		r.Get("/errors/groups", s.errorGroupsPage)
		r.Get("/errors/groups/{group}", s.errorGroupPage)
		s.seriesPages(r)
		r.Get("/panels/"+errorsHeadlineSlug, s.headlinePanel(errorsMetrics(), s.errorFigures))
		r.Get("/panels/"+errorsNewestSlug, s.newestErrors)
		r.Get("/panels/{slug}", s.chartPanel)
		r.Get("/explain/{slug}", s.explainPage)
		r.Get("/issues", s.recordsPage)
		r.Get("/issues/rows", s.recordsRows)
		r.Get("/issues/{key}", s.issuePage)
		r.Get("/deployments", s.deploymentsPage)
		r.Get("/deployments/{deployment}", s.deploymentPage)
		r.Get("/changes", s.changesPage)
		r.Get("/services/*", s.serviceTimeline)
		r.Get("/runs", s.runsPage)
		r.Get("/runs/{run}", s.runPage)
	})
}

// pageFilter is the filter of a page or of a part of one, where the clock of issues
// is the business one unless said and the range of series a week, and its canonical query. extra names parameters
// that the caller reads itself.
func (s *Server) pageFilter(r *http.Request, of delivery.Subject, extra ...string) (delivery.Filter, url.Values, error) {
	q, err := query(r)
	if err != nil {
		return delivery.Filter{}, nil, err
	}
	f, err := s.pageFilterOf(r.Context(), of, q, extra...)
	return f, q, err
}

// pageFilterOf is pageFilter of a query that it makes canonical.
func (s *Server) pageFilterOf(ctx context.Context, of delivery.Subject, q url.Values, extra ...string) (delivery.Filter, error) {
	for name, values := range q {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) == 0 {
			delete(q, name)
		} else {
			q[name] = values
		}
	}
	if !q.Has("clock") && of == delivery.OfIssues {
		q.Set("clock", string(delivery.Business))
	}
	if of == delivery.OfSeries && !q.Has("range") && !q.Has("from") && !q.Has("to") {
		q.Set("range", seriesRange)
	}
	f, _, err := s.filter(ctx, of, q, extra...)
	return f, err
}

func panelView(ctx context.Context, p panel, q url.Values) views.Panel {
	return views.Panel{Slug: p.slug, Of: p.of, Title: i18n.T(ctx, p.title), Definition: i18n.T(ctx, p.definition), Query: q.Encode()}
}

// chartPanel answers one panel as a part of a page. Whatever goes wrong with
// it is said in its own place.
func (s *Server) chartPanel(w http.ResponseWriter, r *http.Request) {
	p, ok := panelBySlug(chi.URLParam(r, "slug"))
	if !ok {
		s.notFound(w, r)
		return
	}
	f, q, err := s.pageFilter(r, p.of)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	view := panelView(r.Context(), p, q)
	if err == nil {
		var d delivery.PanelData
		if d, err = s.loadPanel(r.Context(), p, f); err == nil {
			s.writeChart(w, r, p, view, d)
			return
		}
	}
	s.failPanel(w, r, view, err)
}

func (s *Server) writeChart(w http.ResponseWriter, r *http.Request, p panel, view views.Panel, d delivery.PanelData) {
	if d.N > 0 {
		spec, err := s.chartSpec(r.Context(), p, d, true)
		if err == nil {
			err = s.drawChart(w, r, view, d, spec)
		}
		if err != nil {
			s.failPanel(w, r, view, err)
		}
		return
	}
	empty, err := s.whyEmpty(r.Context(), p, d, view.Query)
	if err != nil {
		s.failPanel(w, r, view, err)
		return
	}
	s.render(w, r, http.StatusOK, views.EmptyPanel(view, empty))
}

// chartSpec is what else a drawing of a panel shows, in a browser or in a picture: with
// before, of a trend what it was in the period before.
func (s *Server) chartSpec(ctx context.Context, p panel, d delivery.PanelData, before bool) (spec views.ChartSpec, err error) {
	switch {
	case d.Shape == delivery.Marks:
		spec.Types, err = s.typeKeys(ctx)
	case d.Shape == delivery.Trend && before:
		if spec.Before, err = trendBefore(ctx, s.loadPanel, p, d); spec.Before != nil && spec.Before.N == 0 {
			spec.Before = nil
		}
	}
	return spec, err
}

func (s *Server) failPanel(w http.ResponseWriter, r *http.Request, view views.Panel, err error) {
	if details := filterDetails(err); len(details) > 0 { // found out only when it was answered
		s.render(w, r, http.StatusOK, views.EmptyPanel(view, views.Empty{Reason: "bad_query", Names: mistakeText(r.Context(), &details[0])}))
		return
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser went away
	}
	if errors.Is(err, delivery.ErrUnavailable) {
		s.log.Warn("panel without the fact store", "panel", view.Slug, "error", err)
		retryAfter(w, awayWait)
		s.render(w, r, http.StatusServiceUnavailable, views.FailedPanel(view, views.FailedStore))
		return
	}
	s.log.Error("panel failed", "panel", view.Slug, "error", err)
	if errors.Is(err, context.DeadlineExceeded) {
		s.render(w, r, http.StatusGatewayTimeout, views.FailedPanel(view, views.FailedTimeout))
		return
	}
	s.render(w, r, http.StatusInternalServerError, views.FailedPanel(view, views.FailedError))
}
