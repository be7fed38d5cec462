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

// figures are those of a page's strip.
type figures func(ctx context.Context, f delivery.Filter, view views.Panel) ([]views.Figure, error)

// headlinePanel answers the strip of figures as a part of a page.
func (s *Server) headlinePanel(m metricsPage, ask figures) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, q, err := s.pageFilter(r, m.of)
		if len(filterDetails(err)) > 0 {
			s.errorPage(w, r, http.StatusBadRequest)
			return
		}
		ctx := r.Context()
		view := views.Panel{Slug: m.headline, Of: m.of, Title: i18n.T(ctx, "flow.headline"), Query: q.Encode()}
		var strip []views.Figure
		var empty *views.Empty
		if err == nil {
			strip, err = ask(ctx, f, view)
		}
		if err == nil {
			empty, err = s.pageEmpty(ctx, m, f, view.Query)
		}
		if err != nil {
			s.failPanel(w, r, view, err)
			return
		}
		s.render(w, r, http.StatusOK, views.HeadlinePanel(view, strip, empty))
	}
}

// flowFigures are median and p85 of cycle time and the number of finished
// issues, each against the period of the same length before.
func (s *Server) flowFigures(ctx context.Context, f delivery.Filter, view views.Panel) ([]views.Figure, error) {
	c, err := s.compare(ctx, view, "cycle-time-trend", f)
	if err != nil {
		return nil, err
	}
	c.counted = view.Records(ctx, "cycle-time")
	finished := c.count(view.Records(ctx, "cycle-time", "excluded", delivery.AnyReason))
	finished.How = view.Explain(ctx, "throughput", "")
	return []views.Figure{
		c.duration("figure.median", "p50", delivery.EnoughForP50),
		c.duration("figure.p85", "p85", delivery.EnoughForP85),
		finished,
	}, nil
}

// compare loads a trend and what it was before, for figures of a view.
func (s *Server) compare(ctx context.Context, view views.Panel, slug string, f delivery.Filter) (comparison, error) {
	trend, _ := panelBySlug(slug)
	c, err := compareBy(ctx, s.loadPanel, trend, f)
	c.how = view.Explain(ctx, slug, "")
	return c, err
}

// answers is whoever answers a panel: from memory, or anew.
type answers func(ctx context.Context, p panel, f delivery.Filter) (delivery.PanelData, error)

// compareBy compares what is answered by ask.
func compareBy(ctx context.Context, ask answers, trend panel, f delivery.Filter) (comparison, error) {
	c := comparison{p: i18n.From(ctx)}
	var err error
	if c.now, err = ask(ctx, trend, f); err != nil {
		return c, err
	}
	before, err := trendBefore(ctx, ask, trend, c.now)
	if before != nil {
		c.before = *before
	}
	return c, err
}

// trendBefore is a trend in the period of the same length before, nil when the
// data does not reach back so far.
func trendBefore(ctx context.Context, ask answers, trend panel, now delivery.PanelData) (*delivery.PanelData, error) {
	f := now.Filter
	f.From, f.To = f.From-(f.To-f.From), f.From
	if f.From <= 0 {
		return nil, nil
	}
	before, err := ask(ctx, trend, f)
	if err != nil {
		return nil, err
	}
	reaches, err := covered(ctx, ask, trend, f, before)
	if err != nil || !reaches && now.N+now.Left() > 0 {
		return nil, err
	}
	return &before, nil
}

// comparison is a period and the one before it.
type comparison struct {
	p           *i18n.Printer
	now, before delivery.PanelData
	counted     string // address of the issues measured
	how         string // address of how its figures are computed
}

func (c comparison) count(left string) views.Figure {
	p := c.p
	closed, before := float64(c.now.N+c.now.Left()), float64(c.before.N+c.before.Left())
	f := views.Figure{
		Label: p.T("figure.closed"), How: c.how, Value: p.Number(closed, 0), Exact: p.Number(closed, 0),
		Change: changeOf(closed, &before, false, before == 0), Trend: sparkOf(c.now, "count"),
	}
	if before > 0 {
		f.Before = c.was(p.Number(before, 0))
	}
	if c.now.Left() > 0 && c.now.N > 0 {
		f.Notes = append(f.Notes, views.Note{Text: p.T("figure.counted", "n", c.now.N), Href: c.counted})
	}
	f.Notes = append(f.Notes, noteOf(p, "figure.closed.note", c.now.Left(), left)...)
	return f
}

func (c comparison) duration(label, name string, enough int) views.Figure {
	p, now := c.p, c.now
	f := views.Figure{Label: p.T(label), How: c.how + "#" + name, Notes: noteOf(p, "figure.of."+string(now.Of), now.N, c.counted), Few: now.N < enough, Trend: sparkOf(now, name)}
	v := now.Figure(name)
	if v == nil {
		f.Missing = missingDuration(p, now)
		return f
	}
	f.Value, f.Exact = p.Days(*v, now.Day.Hours()), p.Duration(*v, now.Day.Hours())
	before := c.before.Figure(name)
	f.Change = changeOf(*v, before, true, min(now.N, c.before.N) < enough)
	if before != nil {
		f.Before = c.was(p.Days(*before, now.Day.Hours()))
	}
	return f
}

// was says what a figure was, and when.
func (c comparison) was(value string) string {
	f, zone := c.before.Filter, c.now.Zone
	return c.p.T("figure.before", "value", value, "days", c.p.DateSpan(f.From.Time().In(zone), (f.To-1).Time().In(zone)))
}

// leastCovered is how much of a period is looked at, lest a weekend seem to be
// before all history.
const leastCovered = delivery.Instant(7 * 24 * time.Hour / time.Millisecond)

// covered reports whether the data reaches back to the beginning of a period,
// of which d tells: where nothing is measured in its first quarter, history
// probably begins later, and the period is nothing to compare with.
func covered(ctx context.Context, ask answers, trend panel, f delivery.Filter, d delivery.PanelData) (bool, error) {
	f.To = f.From + min(f.To-f.From, max((f.To-f.From)/4, leastCovered))
	if finishedBefore(d, f.To) {
		return true, nil
	}
	d, err := ask(ctx, trend, f)
	return d.N+d.Left() > 0, err
}

// finishedBefore reports whether a bucket that ends by then has an issue: a
// cheap yes, where a no may be wrong. Rows of bars are no buckets.
func finishedBefore(d delivery.PanelData, end delivery.Instant) bool {
	for _, series := range d.Series {
		for i := 1; i < len(series.Points) && series.Points[i].T <= end; i++ {
			if n := series.Points[i-1].N; n != nil && *n > 0 && series.Points[i].T.Known() {
				return true
			}
		}
	}
	return false
}

// noteOf tells of how many issues something is; of none there is nothing to tell.
func noteOf(p *i18n.Printer, id string, n int, href string) []views.Note {
	if n == 0 {
		return nil
	}
	return []views.Note{{Text: p.T(id, "n", n), Href: href}}
}

// sparkOf are the values of a series; NaN is a gap.
func sparkOf(d delivery.PanelData, name string) []float64 {
	var out []float64
	for _, series := range d.Series {
		if series.Name == name {
			out = append(out, valuesOf(series.Points)...)
		}
	}
	return out
}

func valuesOf(points []delivery.Point) []float64 {
	var out []float64
	for _, p := range points {
		v := math.NaN()
		if p.Value != nil {
			v = *p.Value
		}
		out = append(out, v)
	}
	return out
}
