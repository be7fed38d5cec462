package web

import (
	"context"

	"throughline/internal/delivery"
	"throughline/views"
)

// pipelineFigures are median and p80 of a run without its e2e jobs, the success
// rate, the wait for a runner and the number of runs, each against the period of the
// same length before.
func (s *Server) pipelineFigures(ctx context.Context, f delivery.Filter, view views.Panel) ([]views.Figure, error) {
	var all []comparison
	for _, slug := range []string{"pipeline-duration", "pipeline-success", "queue-time", "pipeline-count"} {
		c, err := s.compare(ctx, view, slug, f)
		if err != nil {
			return nil, err
		}
		c.counted = view.Records(ctx, slug)
		all = append(all, c)
	}
	times, success, queue, count := all[0], all[1], all[2], all[3]
	return []views.Figure{
		times.duration("figure.run.p50", "p50", delivery.EnoughForP50),
		times.duration("figure.run.p80", "p80", delivery.EnoughForP80),
		success.rate("figure.run.success", delivery.EnoughForRate),
		queue.duration("figure.run.queue", "p80", delivery.EnoughForP80),
		count.runs(view.Records(ctx, "", "restarts", "true")),
	}, nil
}

// rate is a share of which more is better.
func (c comparison) rate(label string, enough int) views.Figure {
	p, now := c.p, c.now
	f := views.Figure{Label: p.T(label), How: c.how + "#rate", Notes: noteOf(p, "figure.of.runs", now.N, c.counted), Few: now.N < enough, Trend: sparkOf(now, "rate")}
	v := now.Figure("rate")
	if v == nil {
		f.Missing = missingDuration(p, now)
		return f
	}
	f.Value, f.Exact = p.Percent(*v, 1), p.Percent(*v, 4)
	before := c.before.Figure("rate")
	f.Change = changeOf(*v, before, false, min(now.N, c.before.N) < enough)
	if before != nil {
		f.Before = c.was(p.Percent(*before, 1))
	}
	return f
}

// runs is how many there were, of which neither more nor fewer is better.
func (c comparison) runs(restarts string) views.Figure {
	p := c.p
	n := float64(c.now.N)
	f := views.Figure{Label: p.T("figure.run.count"), How: c.how, Value: p.Number(n, 0), Exact: p.Number(n, 0), Trend: sparkOf(c.now, "count")}
	if before := c.before.N; before > 0 {
		f.Before = c.was(p.Number(float64(before), 0))
	}
	if restarted := c.now.Figure("restarted"); restarted != nil && *restarted > 0 {
		f.Notes = append(f.Notes, views.Note{Text: p.T("figure.run.restarted", "n", int(*restarted)), Href: restarts})
	}
	return f
}

// noRuns says why there are no runs at all, nil when there are some.
func (s *Server) noRuns(ctx context.Context) (*views.Empty, error) {
	facets, err := s.runFacets(ctx)
	if err != nil || len(facets.Projects) > 0 {
		return nil, err
	}
	return &views.Empty{Reason: "no_runs", Fix: settingsPath(ctx, "/settings/tokens")}, nil
}

// noParts says that there are runs which tell nothing of what a panel measures of
// them; nil when that is not what keeps it empty.
func (s *Server) noParts(ctx context.Context, p panel, f delivery.Filter) (*views.Empty, error) {
	if p.parts == "" {
		return nil, nil
	}
	counts, _ := panelBySlug("pipeline-count")
	runs, err := s.loadPanel(ctx, counts, f)
	if err != nil || runs.N == 0 {
		return nil, err
	}
	empty := &views.Empty{Reason: "no_" + p.parts, N: runs.N}
	if p.parts == deployJobs {
		empty.Fix, err = s.deployRulesPath(ctx)
	}
	return empty, err
}

// otherBranches reports whether only the default branches, which count unless others
// are asked for, keep a panel empty.
func (s *Server) otherBranches(ctx context.Context, p panel, d delivery.PanelData) (bool, error) {
	if d.Of != delivery.OfRuns || len(d.Filter.Branches) > 0 {
		return false, nil
	}
	f := d.Filter
	f.Branches = []string{delivery.AnyBranch}
	all, err := s.loadPanel(ctx, p, f)
	return all.N > 0, err
}
