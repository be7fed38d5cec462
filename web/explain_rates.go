package web

import (
	"cmp"
	"context"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// rateMovers are what moves a panel's rate most: the deployments that failed last, or
// the workflows that fail most.
func (s *Server) rateMovers(ctx context.Context, p panel, f delivery.Filter) ([]views.ExplainPlace, error) {
	switch p.slug {
	case "change-fail-rate":
		return s.failedMovers(ctx, p, f)
	case "pipeline-success":
		return s.failingMovers(ctx, p, f)
	}
	return nil, nil
}

func (s *Server) failedMovers(ctx context.Context, p panel, f delivery.Filter) ([]views.ExplainPlace, error) {
	q, _, err := s.panelQuery(ctx, p, f)
	if err != nil {
		return nil, err
	}
	data, err := delivery.LoadDora(ctx, s.store, q.dora, delivery.PartGroups)
	if err != nil {
		return nil, err
	}
	var out []views.ExplainPlace
	for _, g := range data.Failed(q.dora) {
		if !g.Failed(q.dora.Suspected) || !data.Watched[g.Service] || len(out) == aroundRank {
			continue
		}
		out = append(out, views.ExplainPlace{
			Name: views.GroupName(&g), Title: g.Service, Href: views.URL(ctx, "/deployments/"+g.ID),
			Value: i18n.From(ctx).DateTime(g.FinishedAt.Time().In(q.dora.Zone)),
		})
	}
	return out, nil
}

func (s *Server) failingMovers(ctx context.Context, p panel, f delivery.Filter) ([]views.ExplainPlace, error) {
	q, _, err := s.panelQuery(ctx, p, f)
	if err != nil {
		return nil, err
	}
	type workflow struct{ project, name string }
	failed := map[workflow]int{}
	for r, err := range s.store.Runs(ctx, delivery.RunListQuery{RunQuery: q.runs, Statuses: []delivery.RunStatus{delivery.RunFailed}}) {
		if err != nil {
			return nil, err
		}
		failed[workflow{r.Project, r.Workflow}]++
	}
	var all []workflow
	for w := range failed {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b workflow) int {
		return cmp.Or(cmp.Compare(failed[b], failed[a]), cmp.Compare(a.project, b.project), cmp.Compare(a.name, b.name))
	})
	var out []views.ExplainPlace
	for _, w := range all[:min(len(all), aroundRank)] {
		out = append(out, views.ExplainPlace{Name: w.project, Title: w.name, Value: i18n.T(ctx, "explain.failed", "n", failed[w])})
	}
	return out, nil
}
