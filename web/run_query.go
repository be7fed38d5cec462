package web

import (
	"context"

	"throughline/internal/delivery"
)

// runQuery is the question that a narrowed filter asks about runs.
func (s *Server) runQuery(ctx context.Context, f *delivery.Filter, calendar *delivery.Calendar) (delivery.RunQuery, error) {
	defaults, err := s.defaultBranches(ctx)
	return delivery.NewRunQuery(f, defaults, calendar.Zone(), delivery.InstantOf(s.now())), err
}

// runFacets are the values to filter runs by, kept like panels.
func (s *Server) runFacets(ctx context.Context) (delivery.RunFacets, error) {
	return cached(ctx, s, "run facets", s.store.RunFacets)
}

func facetKeys(facets []delivery.Facet) []string {
	keys := make([]string, len(facets))
	for i, f := range facets {
		keys[i] = f.Key
	}
	return keys
}
