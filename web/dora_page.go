package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// Slugs of the lists on the page of deployments, which load like panels.
const (
	doraFailedSlug  = "dora-failed"
	doraWaitingSlug = "dora-waiting"
)

// linksWord is what the parameter links says.
func linksWord(suspected bool) string {
	if suspected {
		return "suspected"
	}
	return "confirmed"
}

// doraChoices completes a filter bar by what only deployments are read by.
func doraChoices(f *views.FlowFilter, q url.Values) {
	f.Clock = string(delivery.Elapsed)
	if q.Get("clock") == string(delivery.Business) {
		f.Clock = string(delivery.Business)
	}
	f.Selects = []views.FilterSelect{
		{Name: "links", Value: q.Get("links"), Values: []string{"confirmed", "suspected"}},
		{Name: "start", Value: q.Get("start"), Values: []string{string(delivery.FromAuthored), string(delivery.FromMerged), string(delivery.FromCommit)}},
		{Name: "benchmark", Value: q.Get("benchmark"), Values: []string{
			"none", string(delivery.Benchmark2021), string(delivery.Benchmark2023), string(delivery.Benchmark2024),
		}},
	}
	f.Dirty = f.Range != defaultRange || f.Bucket != "auto" || f.Clock == string(delivery.Business) ||
		slices.ContainsFunc(f.Groups, func(g views.FilterGroup) bool { return g.Chosen > 0 })
	for i := range f.Selects {
		s := &f.Selects[i]
		if s.Value == "" {
			s.Value = s.Values[0]
		}
		f.Dirty = f.Dirty || s.Value != s.Values[0]
	}
}

// noDeployments says why there are no deployments at all, nil when there are some.
func (s *Server) noDeployments(ctx context.Context) (*views.Empty, error) {
	facets, err := s.doraFacets(ctx)
	if err != nil || len(facets.Repositories)+len(facets.Services)+len(facets.Projects) > 0 {
		return nil, err
	}
	return &views.Empty{Reason: "no_deployments", Fix: settingsPath(ctx, "/settings/connections")}, nil
}

// doraEmpty finds what keeps a panel of deployments empty that nothing else does: no
// environment is production, or nobody watches.
func (s *Server) doraEmpty(ctx context.Context, p panel, d delivery.PanelData) (*views.Empty, error) {
	if p.of != delivery.OfDora || p.slug == "incidents" || p.slug == "tickets" {
		return nil, nil
	}
	if n := d.Excluded[delivery.Unwatched]; n > 0 && n == d.Left() {
		return &views.Empty{Reason: delivery.Unwatched, N: n, Fix: settingsPath(ctx, servicesPath)}, nil
	}
	if d.Left() > 0 || len(d.Filter.Environments) > 0 {
		return nil, nil
	}
	q, _, err := s.panelQuery(ctx, p, d.Filter)
	if err != nil {
		return nil, err
	}
	data, err := delivery.LoadDora(ctx, s.store, q.dora, delivery.PartGroups)
	if err != nil || data.First != 0 {
		return nil, err
	}
	facets, err := s.doraFacets(ctx)
	var names []string
	for _, e := range facets.Environments {
		if e.Key != "" {
			names = append(names, e.Key)
		}
	}
	if len(names) == 0 {
		return &views.Empty{Reason: "no_environment", Fix: settingsPath(ctx, rulesPath)}, err
	}
	return &views.Empty{Reason: "no_production", Names: strings.Join(names, ", "), Fix: settingsPath(ctx, rulesPath)}, err
}

// doraLists are the lists under the panels of deployments.
func doraLists(ctx context.Context, q url.Values) []views.Panel {
	var out []views.Panel
	for _, slug := range []string{doraFailedSlug, doraWaitingSlug} {
		out = append(out, views.Panel{Slug: slug, Of: delivery.OfDora, Title: i18n.T(ctx, "panel."+slug+".title"), Query: q.Encode()})
	}
	return out
}
