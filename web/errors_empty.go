package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
	"throughline/views"
)

// errorsEmpty finds what keeps a panel of errors empty that nothing else does: projects
// tell nothing of what it shows, or all of it is left out.
func (s *Server) errorsEmpty(ctx context.Context, p panel, d delivery.PanelData) (*views.Empty, error) {
	if p.of != delivery.OfErrors {
		return nil, nil
	}
	connections := settingsPath(ctx, "/settings/connections")
	switch p.slug {
	case "crash-free":
		if any, err := anyFact(s.store.SessionDays(ctx, delivery.ErrorQuery{Limit: 1})); err != nil || !any {
			return &views.Empty{Reason: "no_sessions"}, err
		}
	case "errors-by-release":
		if any, err := anyFact(s.store.Releases(ctx, delivery.ErrorQuery{Limit: 1})); err != nil || !any {
			return &views.Empty{Reason: "no_releases"}, err
		}
	case "errors-events":
		if any, err := anyFact(s.store.EventDays(ctx, delivery.ErrorQuery{Limit: 1})); err != nil || !any {
			return &views.Empty{Reason: "no_event_counts", Fix: connections}, err
		}
		for _, point := range d.Series[0].Points {
			if point.Value != nil { // some hours are known, of no event
				return nil, nil
			}
		}
		if n := d.Left(); n > 0 {
			return &views.Empty{Reason: delivery.HoursUnknown, N: n}, nil
		}
	case "rate-limits":
		return s.noLimits(ctx, d, connections)
	case "errors-open", "errors-resolve-time":
		for _, reason := range []string{delivery.StatusUnknown, delivery.ResolvedBefore} {
			if n := d.Excluded[reason]; n > 0 {
				return &views.Empty{Reason: reason, N: n}, nil
			}
		}
		if p.slug == "errors-open" {
			return s.noneOpen(ctx, d)
		}
	}
	return nil, nil
}

// noneOpen says that of projects that there are nothing is open; nil when there are none
// such, or the filter asks for more.
func (s *Server) noneOpen(ctx context.Context, d delivery.PanelData) (*views.Empty, error) {
	if len(d.Filter.Connections)+len(d.Filter.Environments) > 0 {
		return nil, nil
	}
	facets, err := s.errorFacets(ctx)
	keys, all := d.Filter.ErrorProjectKeys()
	known := slices.ContainsFunc(facets.Projects, func(p delivery.Facet) bool { return all || slices.Contains(keys, p.Key) })
	if err != nil || !known {
		return nil, err
	}
	return &views.Empty{Reason: "none_open"}, nil
}

// noLimits says why no project is compared with its limit.
func (s *Server) noLimits(ctx context.Context, d delivery.PanelData, connections string) (*views.Empty, error) {
	if n := d.Excluded[delivery.LoadUnknown]; n > 0 {
		return &views.Empty{Reason: delivery.LoadUnknown, N: n}, nil
	}
	projects, err := s.store.ErrorProjects(ctx)
	if err != nil {
		return nil, err
	}
	known := false
	for i := range projects {
		known = known || len(projects[i].Keys) > 0
		if limit, limited := projects[i].Limit(); limited && limit > 0 {
			return nil, nil // another filter would show it
		}
	}
	if !known {
		return &views.Empty{Reason: "limits_unknown", Fix: connections}, nil
	}
	return &views.Empty{Reason: delivery.NoLimit, N: d.Excluded[delivery.NoLimit]}, nil
}

func anyFact[T any](facts func(yield func(T, error) bool)) (any bool, err error) {
	for _, err := range facts {
		return err == nil, err
	}
	return false, nil
}
