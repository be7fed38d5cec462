package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// explainPage says how the figures of a panel are computed, with the numbers in it.
func (s *Server) explainPage(w http.ResponseWriter, r *http.Request) {
	p, ok := panelBySlug(chi.URLParam(r, "slug"))
	if !ok {
		s.notFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	f, q, err := s.pageFilter(r, p.of)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	view := panelView(ctx, p, q)
	page := views.Explanation{
		Page: s.page(r, i18n.T(ctx, "explain.title", "title", view.Title), strings.TrimPrefix(p.page, "/")), Panel: view, Chart: p.page + "?" + q.Encode(),
	}
	if err == nil {
		err = s.explain(ctx, p, f, &page)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.ExplainPage(page))
}

func (s *Server) explain(ctx context.Context, p panel, f delivery.Filter, page *views.Explanation) error {
	d, err := s.loadPanel(ctx, p, f)
	if err != nil {
		return err
	}
	page.Sample, page.Empty = d.Sample, d.N == 0
	if page.Facts, err = s.explainFacts(ctx, p, page.Panel, &d); err != nil {
		return err
	}
	for _, reason := range slices.Sorted(maps.Keys(d.Excluded)) {
		page.Left = append(page.Left, views.ExplainLeft{
			Text: i18n.T(ctx, "panel.excluded."+reason, "n", d.Excluded[reason]), Href: page.Panel.LeftOut(ctx, reason),
		})
	}
	if d.N == 0 {
		return nil
	}
	e := explainer{printer: i18n.From(ctx), data: &d}
	if e.ranks, err = s.ranksOf(ctx, p, f, &d); err != nil {
		return err
	}
	if e.movers, err = s.rateMovers(ctx, p, f); err != nil {
		return err
	}
	for _, figure := range d.Headline {
		one, err := e.figure(ctx, figure)
		if err != nil {
			return err
		}
		if one != nil {
			page.Figures = append(page.Figures, *one)
		}
	}
	return nil
}

// explainer writes down how figures of a panel come about.
type explainer struct {
	printer *i18n.Printer
	data    *delivery.PanelData
	ranks   *ranks               // nil where its records cannot be put in order
	movers  []views.ExplainPlace // what moves its rate most
}

// quantiles are the shares of percentiles by the names of figures, and from how many
// records on they say something.
var quantiles = map[string]struct {
	p      float64
	enough int
}{
	"p50": {0.50, delivery.EnoughForP50}, "p80": {0.80, delivery.EnoughForP80},
	"p85": {0.85, delivery.EnoughForP85}, "p95": {0.95, delivery.EnoughForP95},
}

// figure explains a figure of the headline, nil where there is nothing to it.
func (e *explainer) figure(ctx context.Context, f delivery.Figure) (*views.ExplainFigure, error) {
	if f.Value == nil {
		return nil, nil //nolint:nilnil // nothing to explain
	}
	out := &views.ExplainFigure{Name: f.Name}
	quantile, isQuantile := quantiles[f.Name]
	switch {
	case e.data.Slug == "forecast":
		return e.forecast(out, f.Name, *f.Value), nil
	case e.data.Slug == "control-chart":
		return e.control(ctx, out, f.Name, *f.Value)
	case isQuantile && e.data.Quantity == delivery.Durations:
		out.Label = e.printer.T("explain.figure.quantile", "percent", e.printer.Percent(quantile.p, 0))
		if f.Name == "p50" {
			out.Label = e.printer.T("explain.figure.p50")
		}
		out.Value, out.Exact = e.short(*f.Value), e.exact(*f.Value)
		if n := e.measured(); n < quantile.enough {
			out.Few = e.printer.T("explain.few", "n", n, "enough", quantile.enough)
		}
		return out, e.quantile(ctx, out, quantile.p, *f.Value)
	case f.Name == "rate":
		e.rate(out, *f.Value)
	case f.Name == "p50" && e.data.Slug == "throughput":
		return e.medianCount(out, *f.Value), nil
	case f.Name == "mean":
		e.mean(out, *f.Value)
	default:
		return nil, nil //nolint:nilnil // its records are counted, and that is all
	}
	return out, nil
}

// short is a duration in its largest unit, exact one to the second.
func (e *explainer) short(seconds float64) string {
	return e.printer.Days(seconds, e.data.Day.Hours())
}

func (e *explainer) exact(seconds float64) string {
	return e.printer.T("explain.exact", "duration", e.printer.Duration(seconds, e.data.Day.Hours()), "seconds", e.number(seconds))
}

// number is written so that anybody can compute with it.
func (e *explainer) number(v float64) string { return e.printer.Number(v, 3) }

// aroundRank is how many of the longest records are told of as those that move a
// percentile most.
const aroundRank = 3

// measured is how many values percentiles are of: those of aging are of finished issues,
// while open ones are counted.
func (e *explainer) measured() int {
	if e.ranks != nil {
		return e.ranks.n
	}
	return e.data.N
}

func (e *explainer) quantile(ctx context.Context, out *views.ExplainFigure, p, value float64) error {
	n := e.measured()
	if e.data.Slug == "aging" {
		out.Steps = append(out.Steps, e.printer.T("explain.finished", "n", n))
	}
	steps := delivery.StepsOf(p, n)
	out.Steps = append(out.Steps, e.printer.T("explain.quantile", "n", n, "p", e.number(p), "less", e.printer.Number(float64(n-1), 0), "place", e.number(steps.Place)))
	if e.ranks == nil {
		return nil
	}
	around, err := e.ranks.span(ctx, steps.Below-1, 2)
	if err != nil || len(around) == 0 {
		return err
	}
	if steps.Part == 0 {
		around = around[:1]
		out.Steps = append(out.Steps, e.printer.T("explain.quantile.one"))
	} else {
		out.Steps = append(out.Steps, e.printer.T("explain.quantile.two", "part", e.printer.Percent(steps.Part, 1)))
	}
	for i, r := range around {
		out.Places = append(out.Places, e.place(steps.Below+i, r))
	}
	if len(around) == 2 {
		out.Sum = e.printer.T("explain.quantile.sum", "below", e.number(around[0].seconds), "above", e.number(around[1].seconds),
			"part", e.number(steps.Part), "value", e.number(value), "duration", e.short(value))
	}
	return e.longest(ctx, out, p)
}

func (e *explainer) place(at int, r ranked) views.ExplainPlace {
	return views.ExplainPlace{
		Place: at, Name: r.name, Title: r.title, Href: r.href,
		Value: e.printer.Duration(r.seconds, e.data.Day.Hours()), Seconds: e.number(r.seconds),
	}
}

// longest tells of the longest records, and what the percentile is without them.
func (e *explainer) longest(ctx context.Context, out *views.ExplainFigure, p float64) error {
	left := e.ranks.n - aroundRank
	if left < delivery.EnoughForP50 {
		return nil
	}
	longest, err := e.ranks.span(ctx, left, aroundRank)
	if err != nil {
		return err
	}
	steps := delivery.StepsOf(p, left)
	around, err := e.ranks.span(ctx, steps.Below-1, 2)
	if err != nil || len(around) < 2 {
		return err
	}
	without := steps.Value(around[0].seconds, around[1].seconds)
	out.Moves = e.printer.T("explain.moves.longest", "n", aroundRank, "value", e.short(without), "exact", e.exact(without))
	for i := range slices.Backward(longest) {
		out.Movers = append(out.Movers, e.place(left+1+i, longest[i]))
	}
	return nil
}

// rate explains a share: of deployments with the interval that it probably lies in.
func (e *explainer) rate(out *views.ExplainFigure, rate float64) {
	p, d := e.printer, e.data
	out.Label, out.Value, out.Exact = p.T("explain.figure.rate"), views.Share(p, rate), p.Percent(rate, 4)
	if d.N < delivery.EnoughForRate {
		out.Few = p.T("explain.few", "n", d.N, "enough", delivery.EnoughForRate)
	}
	if d.Share != nil {
		hours := func(millis int64) string { return p.T("explain.hours", "n", p.Number(float64(millis)/3_600_000, 1)) }
		out.Steps = []string{
			p.T("explain.rate."+d.Slug, "n", d.N),
			p.T("explain.rate.times", "part", hours(d.Share.Part), "whole", hours(d.Share.Whole), "rate", p.Percent(rate, 2)),
		}
		return
	}
	hits := int(rate*float64(d.N) + 0.5)
	out.Steps = []string{p.T("explain.rate", "hits", hits, "n", d.N, "rate", p.Percent(rate, 2))}
	low, high := d.Figure("low"), d.Figure("high")
	if low != nil && high != nil {
		out.Steps = append(out.Steps, p.T("explain.wilson", "hits", hits, "n", d.N, "low", p.Percent(*low, 1), "high", p.Percent(*high, 1)))
	}
	if len(e.movers) > 0 {
		out.Moves, out.Movers = p.T("explain.moves."+d.Slug, "share", p.Percent(1/float64(d.N), 2)), e.movers
	}
}

// mean explains a mean per complete week.
func (e *explainer) mean(out *views.ExplainFigure, mean float64) {
	p := e.printer
	out.Label, out.Value, out.Exact = p.T("explain.figure.mean"), p.T("figure.per_week", "n", p.Number(mean, 1)), p.T("figure.per_week", "n", p.Number(mean, 4))
	if weeks := e.data.Figure("weeks"); weeks != nil && *weeks > 0 {
		out.Steps = []string{p.T("explain.mean.weeks", "n", int(*weeks), "total", p.Number(mean**weeks, 0), "mean", p.Number(mean, 4))}
	} else {
		out.Steps = []string{p.T("explain.mean")}
	}
	e.busiest(out, p.T("explain.moves.busiest"))
}

// busiest adds the buckets that hold most records.
func (e *explainer) busiest(out *views.ExplainFigure, moves string) {
	d := e.data
	if len(d.Series) == 0 {
		return
	}
	type bucket struct {
		at    int
		total float64
	}
	var all []bucket
	for i := range d.Series[0].Points {
		b := bucket{at: i}
		for _, s := range d.Series {
			if i < len(s.Points) && s.Points[i].Value != nil && s.Name != "count" && s.Name != string(delivery.KindRollback) && s.Name != string(delivery.KindRedeploy) {
				b.total += *s.Points[i].Value
			}
		}
		all = append(all, b)
	}
	slices.SortStableFunc(all, func(a, b bucket) int { return int(b.total - a.total) })
	for _, b := range all[:min(len(all), aroundRank)] {
		slot := d.Series[0].Points[b.at].Slot
		if slot == nil || b.total == 0 {
			continue
		}
		out.Moves = moves
		out.Movers = append(out.Movers, views.ExplainPlace{Name: e.printer.T("explain.bucket."+string(d.Filter.Unit), "day", dayText(e.printer, slot.Label)), Value: e.printer.Number(b.total, 0)})
	}
}
