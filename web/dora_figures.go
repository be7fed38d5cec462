package web

import (
	"context"

	"throughline/internal/delivery"
	"throughline/views"
)

// doraFigures are the five metrics, each against the period of the same length
// before, with its level by the benchmark asked for.
func (s *Server) doraFigures(ctx context.Context, f delivery.Filter, view views.Panel) ([]views.Figure, error) {
	var out []views.Figure
	for _, slug := range []string{"deployment-frequency", "change-lead-time", "change-fail-rate", "recovery-time", "rework-rate"} {
		c, err := s.compare(ctx, view, slug, f)
		if err != nil {
			return nil, err
		}
		c.counted = view.Records(ctx, slug)
		figure := c.deployments(slug)
		if figure.Value == "" {
			figure.Missing = c.missing(slug)
		} else {
			c.levelled(slug, f.Benchmark, &figure)
		}
		out = append(out, figure)
	}
	return out, nil
}

// deployments is the figure of a metric.
func (c comparison) deployments(slug string) views.Figure {
	switch slug {
	case "deployment-frequency":
		return c.frequency()
	case "change-lead-time", "recovery-time":
		figure := c.duration("figure."+slug, "p50", delivery.EnoughForDora)
		figure.Notes = noteOf(c.p, "figure.of."+slug, c.now.N, c.counted)
		figure.Notes = append(figure.Notes, c.besides(slug)...)
		return figure
	}
	return c.share(slug)
}

// besides tells of what a duration does not hold.
func (c comparison) besides(slug string) []views.Note {
	name := map[string]string{"change-lead-time": "waiting", "recovery-time": "open"}[slug]
	if v := c.now.Figure(name); v != nil && *v > 0 {
		return []views.Note{{Text: c.p.T("figure."+name, "n", int(*v))}}
	}
	return nil
}

// frequency is how many deployments a complete week has, of which more is better.
func (c comparison) frequency() views.Figure {
	p := c.p
	f := views.Figure{
		Label: p.T("figure.deployment-frequency"), How: c.how + "#mean", Notes: noteOf(p, "figure.of.deployment-frequency", c.now.N, c.counted),
		Few: c.now.N < delivery.EnoughForDora, Trend: sumOf(c.now),
	}
	v := c.now.Figure("mean")
	if v == nil {
		return f
	}
	f.Value, f.Exact = p.T("figure.per_week", "n", p.Number(*v, 1)), p.T("figure.per_week", "n", p.Number(*v, 4))
	if days := c.now.Figure("p50"); days != nil {
		f.Notes = append(f.Notes, views.Note{Text: p.T("figure.deploy_days", "n", p.Number(*days, 1))})
	}
	before := c.before.Figure("mean")
	f.Change = changeOf(*v, before, false, min(c.now.N, c.before.N) < delivery.EnoughForDora)
	if before != nil {
		f.Before = c.was(p.T("figure.per_week", "n", p.Number(*before, 1)))
	}
	return f
}

// sumOf are the deployments of a bucket that count, of all kinds.
func sumOf(d delivery.PanelData) []float64 {
	var out []float64
	for _, s := range d.Series {
		if s.Name == string(delivery.KindRollback) || s.Name == string(delivery.KindRedeploy) {
			continue
		}
		for i, point := range s.Points {
			if i == len(out) {
				out = append(out, 0)
			}
			if point.Value != nil {
				out[i] += *point.Value
			}
		}
	}
	return out
}

// share is a rate of deployments of which less is better, with its interval.
func (c comparison) share(slug string) views.Figure {
	f := c.rate("figure."+slug, delivery.EnoughForDora)
	f.Notes = noteOf(c.p, "figure.of."+slug, c.now.N, c.counted)
	if f.Change != nil && !f.Change.Few {
		f.Change.Better = f.Change.Ratio < 0
	}
	low, high := c.now.Figure("low"), c.now.Figure("high")
	if f.Value != "" && low != nil && high != nil {
		f.Interval = c.p.T("figure.interval", "low", c.p.Percent(*low, 0), "high", c.p.Percent(*high, 0))
	}
	return f
}

// missing says why a metric has no value.
func (c comparison) missing(slug string) string {
	id, n := c.missingReason(slug)
	return c.p.T(id, "n", n)
}

// missingReason is the message that says so, of n records.
func (c comparison) missingReason(slug string) (id string, n int) {
	switch {
	case c.now.Excluded[delivery.Unwatched] > 0:
		return "figure.missing.unwatched", 0
	case slug == "recovery-time" && c.now.Excluded[delivery.IncidentOpen] > 0:
		return "figure.missing.open", 0
	case slug == "recovery-time":
		return "figure.missing.no_failure", 0
	case slug == "deployment-frequency" && c.now.N > 0:
		return "figure.missing.week", 0
	case slug == "change-lead-time" && c.now.Left() > 0:
		return "figure.missing.excluded", c.now.Left()
	}
	return "figure.missing", 0
}

// levelled puts a benchmark's word on a figure.
func (c comparison) levelled(slug string, set delivery.Benchmark, f *views.Figure) {
	level, note := delivery.LevelOf(slug, c.now, set)
	if level == "" {
		return
	}
	f.Level = c.p.T("dora.level", "level", c.p.T("dora.level."+string(level)), "set", string(set))
	f.LevelKind = string(level)
	if note != "" {
		f.Remark = c.p.T("dora.level." + note)
	}
}
