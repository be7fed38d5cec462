package web

import (
	"context"
	"math"
	"slices"

	"throughline/internal/delivery"
	"throughline/views"
)

// forecast explains a day that is foreseen, or the mean of the history; nil for how many
// issues are asked about.
func (e *explainer) forecast(out *views.ExplainFigure, name string, v float64) *views.ExplainFigure {
	p, d := e.printer, e.data
	if name == "mean" {
		days := int(math.Round(float64(d.N) / v))
		out.Label, out.Value, out.Exact = p.T("explain.figure.mean.day"), p.T("explain.per_day", "n", p.Number(v, 1)), p.T("explain.per_day", "n", p.Number(v, 4))
		out.Steps = []string{p.T("explain.mean.days", "n", d.N, "days", p.T("explain.days", "n", days), "mean", p.Number(v, 4))}
		return out
	}
	share, known := quantiles[name]
	items := d.Figure("items")
	day, foreseen := views.ForecastDay(d, p, name)
	if !known || items == nil || *items == 0 || !foreseen {
		return nil
	}
	of := p.Percent(share.p, 0)
	out.Label, out.Value, out.Exact = p.T("explain.figure.forecast", "percent", of, "items", p.T("explain.issues", "n", int(*items))), day, p.T("explain.days", "n", int(v))
	out.Steps = []string{
		p.T("explain.forecast.runs", "runs", delivery.ForecastRuns, "items", p.T("explain.issues", "n", int(*items))),
		p.T("explain.forecast.days", "percent", of, "days", p.T("explain.days", "n", int(v)), "day", day),
	}
	return out
}

// control explains the lines of a control chart; nil for how many signals there are.
func (e *explainer) control(ctx context.Context, out *views.ExplainFigure, name string, v float64) (*views.ExplainFigure, error) {
	p, d := e.printer, e.data
	mean, moved := d.Figure("mean"), d.Figure("range")
	switch {
	case name == "mean":
		out.Steps = []string{p.T("explain.control.mean", "n", d.N, "total", e.number(v*float64(d.N)), "mean", e.number(v))}
		if err := e.meanMovers(ctx, out, v); err != nil {
			return nil, err
		}
	case name == "range":
		out.Steps = []string{p.T("explain.control.range", "n", d.N-1)}
	case (name == "upper" || name == "lower") && mean != nil && moved != nil:
		out.Steps = []string{p.T("explain.control."+name, "mean", e.number(*mean), "factor", e.number(delivery.LimitFactor), "range", e.number(*moved), "value", e.number(v))}
	default:
		return nil, nil //nolint:nilnil // points are counted, and that is all
	}
	out.Label, out.Value, out.Exact = p.T("explain.figure.control."+name), e.short(v), e.exact(v)
	return out, nil
}

// meanMovers adds the longest records, and what the mean is without them.
func (e *explainer) meanMovers(ctx context.Context, out *views.ExplainFigure, mean float64) error {
	if e.ranks == nil || e.ranks.n-aroundRank < delivery.EnoughForP50 {
		return nil
	}
	left := e.ranks.n - aroundRank
	longest, err := e.ranks.span(ctx, left, aroundRank)
	if err != nil {
		return err
	}
	total := mean * float64(e.ranks.n)
	for i := range slices.Backward(longest) {
		total -= longest[i].seconds
		out.Movers = append(out.Movers, e.place(left+1+i, longest[i]))
	}
	out.Moves = e.printer.T("explain.moves.longest", "n", aroundRank, "value", e.short(total/float64(left)), "exact", e.exact(total/float64(left)))
	return nil
}

// medianCount explains the middle of the counts of complete parts of the period.
func (e *explainer) medianCount(out *views.ExplainFigure, median float64) *views.ExplainFigure {
	p, d := e.printer, e.data
	unit := string(d.Filter.Unit)
	var counts []int64
	for i := range d.Series[0].Points {
		if slot := d.Series[0].Points[i].Slot; slot == nil || slot.Partial {
			continue
		}
		total := 0.0
		for _, s := range d.Series {
			if v := s.Points[i].Value; v != nil {
				total += *v
			}
		}
		counts = append(counts, int64(total))
	}
	slices.Sort(counts)
	out.Label, out.Value = p.T("explain.figure.median."+unit), e.number(median)
	out.Exact = out.Value
	out.Steps = []string{p.T("explain.median."+unit, "n", len(counts))}
	if n := len(counts); n > 0 {
		steps := delivery.StepsOf(0.5, n)
		around := cutSpan(counts, steps.Below-1, 2)
		for i := range around[:min(len(around), 1+int(math.Ceil(steps.Part)))] {
			out.Places = append(out.Places, views.ExplainPlace{Place: steps.Below + i, Name: p.T("explain.middle"), Value: p.Number(float64(around[i]), 0)})
		}
	}
	return out
}
