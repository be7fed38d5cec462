package web

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"throughline/internal/delivery"
	"throughline/views"
)

// ranks are the records of a panel by what is measured of them, the least first.
type ranks struct {
	n    int
	span func(ctx context.Context, from, n int) ([]ranked, error) // those there are
}

// ranked is a record with what is measured of it.
type ranked struct {
	seconds           float64
	name, title, href string
}

// measuredIssues are the panels whose percentiles are of cycle time.
var measuredIssues = map[string]string{
	"cycle-time": "cycle-time", "cycle-time-trend": "cycle-time", "cycle-time-histogram": "cycle-time", "aging": "cycle-time", "control-chart": "cycle-time",
	"lead-time-trend": "lead-time-trend",
}

// measuredRuns is what panels measure of a run.
var measuredRuns = map[string]delivery.RunMeasure{
	"pipeline-duration": delivery.RunWithoutE2E, "pipeline-duration-e2e": delivery.RunE2E, "pipeline-duration-total": delivery.RunTotal,
	"queue-time": delivery.RunQueue,
}

// ranksOf puts the records of a panel in order, nil where they cannot be.
func (s *Server) ranksOf(ctx context.Context, p panel, f delivery.Filter, d *delivery.PanelData) (*ranks, error) {
	q, _, err := s.panelQuery(ctx, p, f)
	if err != nil {
		return nil, err
	}
	if slug, ok := measuredIssues[p.slug]; ok && (d.Figure("p50") != nil || d.Figure("mean") != nil) {
		return s.issueRanks(ctx, slug, q.flow)
	}
	if measure, ok := measuredRuns[p.slug]; ok {
		return s.runRanks(ctx, q.runs, measure)
	}
	switch p.slug {
	case "change-lead-time", "lead-time-stages":
		if p.slug == "lead-time-stages" {
			q.dora.Start = delivery.FromAuthored
		}
		return s.changeRanks(ctx, q.dora)
	case "recovery-time":
		return s.recoveryRanks(ctx, q.dora)
	case "incidents":
		return s.incidentRanks(ctx, q.dora)
	case "errors-resolve-time":
		return s.resolveRanks(ctx, &q.errors)
	}
	return nil, nil //nolint:nilnil // no panel has to have them
}

func (s *Server) issueRanks(ctx context.Context, slug string, q delivery.FlowQuery) (*ranks, error) {
	ask := func(ctx context.Context, from, n int) (delivery.Records, error) {
		return s.store.Records(ctx, delivery.RecordsQuery{FlowQuery: q, Panel: slug, Sort: delivery.ShortestFirst, Offset: from, Limit: n})
	}
	first, err := ask(ctx, 0, 1)
	if err != nil || first.Total == 0 {
		return nil, err
	}
	return &ranks{first.Total, func(ctx context.Context, from, n int) ([]ranked, error) {
		found, err := ask(ctx, from, n)
		if err != nil {
			return nil, err
		}
		var out []ranked
		for i := range found.Items {
			r := &found.Items[i]
			if r.Value != nil {
				out = append(out, ranked{*r.Value, r.Key, r.Title, views.URL(ctx, "/issues/"+url.PathEscape(r.Key))})
			}
		}
		return out, nil
	}}, nil
}

// rankedRun is a run with what is measured of it.
type rankedRun struct{ millis, seq int64 }

func (s *Server) runRanks(ctx context.Context, q delivery.RunQuery, m delivery.RunMeasure) (*ranks, error) {
	var all []rankedRun
	for r, err := range s.store.Runs(ctx, delivery.RunListQuery{RunQuery: q}) {
		if err != nil {
			return nil, fmt.Errorf("runs in order: %w", err)
		}
		if millis, reason := r.Measured(m); reason == "" {
			all = append(all, rankedRun{millis, r.Seq})
		}
	}
	slices.SortFunc(all, func(a, b rankedRun) int {
		if a.millis != b.millis {
			return int(min(1, max(-1, a.millis-b.millis)))
		}
		return int(min(1, max(-1, a.seq-b.seq)))
	})
	return &ranks{len(all), func(ctx context.Context, from, n int) ([]ranked, error) {
		var out []ranked
		for _, one := range cutSpan(all, from, n) {
			r, err := s.store.Run(ctx, one.seq)
			if err != nil {
				return nil, err
			}
			out = append(out, ranked{float64(one.millis) / 1000, r.ID, r.Project + " · " + r.Workflow, views.URL(ctx, "/runs/"+strconv.FormatInt(one.seq, 10))})
		}
		return out, nil
	}}, nil
}

// cutSpan are the elements from a place on, at most n, as many as there are.
func cutSpan[T any](all []T, from, n int) []T {
	from = min(max(0, from), len(all))
	return all[from:min(len(all), from+n)]
}

// ranksIn are those of records that are held.
func ranksIn(all []ranked) *ranks {
	slices.SortStableFunc(all, func(a, b ranked) int {
		switch {
		case a.seconds < b.seconds:
			return -1
		case a.seconds > b.seconds:
			return 1
		}
		return 0
	})
	return &ranks{len(all), func(_ context.Context, from, n int) ([]ranked, error) { return cutSpan(all, from, n), nil }}
}

func (s *Server) changeRanks(ctx context.Context, q delivery.DoraQuery) (*ranks, error) {
	if q.Start == delivery.FromCommit {
		return nil, nil //nolint:nilnil // a change has as many times as commits
	}
	data, err := delivery.LoadDora(ctx, s.store, q, delivery.PartChanges)
	if err != nil {
		return nil, err
	}
	var all []ranked
	for c, err := range data.Changes() {
		if err != nil {
			return nil, err
		}
		if c.DeployedAt < q.From || c.DeployedAt >= q.To {
			continue
		}
		if millis, reason := c.LeadTime(q.Start); reason == "" {
			all = append(all, ranked{float64(millis) / 1000, c.Name, c.Service, views.URL(ctx, "/deployments/"+c.Group)})
		}
	}
	return ranksIn(all), nil
}

func (s *Server) recoveryRanks(ctx context.Context, q delivery.DoraQuery) (*ranks, error) {
	data, err := delivery.LoadDora(ctx, s.store, q, delivery.PartGroups)
	if err != nil {
		return nil, err
	}
	var all []ranked
	for _, g := range data.Failed(q) {
		recovered := g.RecoveredAt
		if q.Suspected {
			recovered = g.RecoveredAtAny
		}
		if recovered >= g.FinishedAt && recovered != 0 && g.Failed(q.Suspected) && g.FinishedAt >= q.From && g.FinishedAt < q.To {
			all = append(all, ranked{float64(recovered-g.FinishedAt) / 1000, views.GroupName(&g), g.Service, views.URL(ctx, "/deployments/"+g.ID)})
		}
	}
	return ranksIn(all), nil
}

func (s *Server) incidentRanks(ctx context.Context, q delivery.DoraQuery) (*ranks, error) {
	data, err := delivery.LoadDora(ctx, s.store, q, delivery.PartIncidents)
	if err != nil {
		return nil, err
	}
	var all []ranked
	for _, i := range data.Incidents {
		if i.StartedAt >= q.From && i.StartedAt < q.To && i.ResolvedAt >= i.StartedAt && i.ResolvedAt != 0 {
			all = append(all, ranked{float64(i.ResolvedAt-i.StartedAt) / 1000, i.Title, i.Service, views.URL(ctx, "/incidents/"+strconv.FormatInt(i.Seq, 10))})
		}
	}
	return ranksIn(all), nil
}

func (s *Server) resolveRanks(ctx context.Context, q *delivery.ErrorsAsked) (*ranks, error) {
	var all []ranked
	err := q.Resolved(s.store.ErrorGroups(ctx, q.Facts(0, q.To)), func(g *delivery.ListedErrorGroup, r *delivery.Resolution, reason string) {
		if reason == "" {
			all = append(all, ranked{float64(r.Millis()) / 1000, cmp.Or(g.ShortID, g.ID), g.Title, views.URL(ctx, "/errors/groups/"+strconv.FormatInt(g.Seq, 10))})
		}
	})
	if err != nil {
		return nil, err
	}
	return ranksIn(all), nil
}
