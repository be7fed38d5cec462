package web

import (
	"context"
	"math"
	"net/http"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// headlinePanel answers the strip of figures as a part of a page.
func (s *Server) headlinePanel(w http.ResponseWriter, r *http.Request) {
	f, q, err := s.pageFilter(r)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	view := views.Panel{Slug: headlineSlug, Title: i18n.T(ctx, "flow.headline"), Query: q.Encode()}
	var figures []views.Figure
	if err == nil {
		figures, err = s.flowFigures(ctx, f)
	}
	if err != nil {
		s.failPanel(w, r, view, err)
		return
	}
	s.render(w, r, http.StatusOK, views.HeadlinePanel(view, figures))
}

// flowFigures are median and p85 of cycle time and the number of finished
// issues, each against the period of the same length before.
func (s *Server) flowFigures(ctx context.Context, f delivery.Filter) ([]views.Figure, error) {
	trend, _ := panelBySlug("cycle-time-trend")
	now, err := s.loadPanel(ctx, trend, f)
	if err != nil {
		return nil, err
	}
	f.From, f.To = f.From-(f.To-f.From), f.From
	before, err := s.loadPanel(ctx, trend, f)
	if err != nil {
		return nil, err
	}
	covered, err := s.covered(ctx, f, before)
	if err != nil {
		return nil, err
	}
	if !covered && now.N+now.Left() > 0 {
		before = delivery.PanelData{}
	}
	p := i18n.From(ctx)
	closed, closedBefore := float64(now.N+now.Left()), float64(before.N+before.Left())
	count := views.Figure{
		Label: p.T("figure.closed"), Value: p.Number(closed, 0), Exact: p.Number(closed, 0),
		Note: noteOf(p, "figure.closed.note", now.Left()), Change: changeOf(closed, &closedBefore, false, closedBefore == 0),
		Trend: sparkOf(now, "count"),
	}
	return []views.Figure{
		durationFigure(p, "figure.median", "p50", now, before, delivery.EnoughForP50),
		durationFigure(p, "figure.p85", "p85", now, before, delivery.EnoughForP85),
		count,
	}, nil
}

// leastCovered is how much of a period is looked at, lest a weekend seem to be
// before all history.
const leastCovered = delivery.Instant(7 * 24 * time.Hour / time.Millisecond)

// covered reports whether the data reaches back to the beginning of a period,
// of which d tells: where no issue was finished in its first quarter, history
// probably begins later, and the period is nothing to compare with.
func (s *Server) covered(ctx context.Context, f delivery.Filter, d delivery.PanelData) (bool, error) {
	f.To = f.From + min(f.To-f.From, max((f.To-f.From)/4, leastCovered))
	if finishedBefore(d, f.To) {
		return true, nil
	}
	trend, _ := panelBySlug("cycle-time-trend")
	d, err := s.loadPanel(ctx, trend, f)
	return d.N+d.Left() > 0, err
}

// finishedBefore reports whether a bucket that ends by then has an issue: a
// cheap yes, where a no may be wrong.
func finishedBefore(d delivery.PanelData, end delivery.Instant) bool {
	for _, series := range d.Series {
		for i := 1; i < len(series.Points) && series.Points[i].T <= end; i++ {
			if n := series.Points[i-1].N; n != nil && *n > 0 {
				return true
			}
		}
	}
	return false
}

func durationFigure(p *i18n.Printer, label, name string, now, before delivery.PanelData, enough int) views.Figure {
	f := views.Figure{Label: p.T(label), Note: noteOf(p, "figure.of", now.N), Few: now.N < enough, Trend: sparkOf(now, name)}
	if v := now.Figure(name); v != nil {
		f.Value, f.Exact = p.Days(*v, now.Day.Hours()), p.Duration(*v, now.Day.Hours())
		f.Change = changeOf(*v, before.Figure(name), true, min(now.N, before.N) < enough)
	}
	return f
}

// noteOf tells of how many issues something is; of none there is nothing to tell.
func noteOf(p *i18n.Printer, id string, n int) string {
	if n == 0 {
		return ""
	}
	return p.T(id, "n", n)
}

// sparkOf are the values of a series; NaN is a gap.
func sparkOf(d delivery.PanelData, name string) []float64 {
	var out []float64
	for _, series := range d.Series {
		if series.Name != name {
			continue
		}
		for _, p := range series.Points {
			v := math.NaN()
			if p.Value != nil {
				v = *p.Value
			}
			out = append(out, v)
		}
	}
	return out
}
