package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
	"throughline/views"
)

// errorsHeadlineSlug is the slug of the strip of figures of errors.
const errorsHeadlineSlug = "errors-headline"

func errorsMetrics() metricsPage {
	return metricsPage{delivery.OfErrors, "/errors", "errors.title", "errors", errorsHeadlineSlug, ""}
}

// errorsPanel is a panel of the page of errors.
func errorsPanel(slug, unit string) panel {
	return panel{
		slug: slug, page: "/errors", of: delivery.OfErrors, unit: unit, now: true,
		title: "panel." + slug + ".title", definition: "panel." + slug + ".definition",
		load: func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
			return delivery.ErrorsPanel(ctx, s, slug, q.errors)
		},
	}
}

// errorsEventsPanel is of events, with the deployments of the services that map its
// projects.
func errorsEventsPanel() panel {
	p := errorsPanel("errors-events", "events")
	count := p.load
	p.load = func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
		d, err := count(ctx, s, q)
		if err != nil || len(q.dora.Services) == 0 {
			return d, err
		}
		data, err := delivery.LoadDora(ctx, s, q.dora, delivery.PartGroups)
		if err != nil {
			return d, err
		}
		d.Markers = q.errors.Deployments(data.Groups)
		return d, nil
	}
	return p
}

// errorFacets are the values found in facts of errors, kept like panels.
func (s *Server) errorFacets(ctx context.Context) (delivery.ErrorFacets, error) {
	return cached(ctx, s, "error facets", func(ctx context.Context) (delivery.ErrorFacets, error) {
		return delivery.LoadErrorFacets(ctx, s.store)
	})
}

// errorsQuery is the question that a narrowed filter asks about errors, and about the
// deployments of the services that map their projects.
func (s *Server) errorsQuery(ctx context.Context, f *delivery.Filter, calendar *delivery.Calendar) (delivery.ErrorsAsked, delivery.DoraQuery, error) {
	q := delivery.NewErrorsAsked(f, calendar.Zone(), delivery.InstantOf(s.now()))
	dora := delivery.DoraQuery{Zone: q.Zone, Now: q.Now, Filter: delivery.Filter{From: f.From, To: f.To, Unit: f.Unit}}
	services, err := s.services(ctx)
	if err != nil {
		return q, dora, err
	}
	projects := q.Projects
	if projects == nil {
		facets, err := s.errorFacets(ctx)
		if err != nil {
			return q, dora, err
		}
		projects = facetKeys(facets.Projects)
	}
	for i := range services {
		if slices.ContainsFunc(projects, services[i].SentryProjects.Match) {
			dora.Services = append(dora.Services, services[i].Name)
		}
	}
	dora.Filter.Services = dora.Services // those alone
	return q, dora, nil
}

// narrowErrors sets what the teams and services of a filter come to.
func (s *Server) narrowErrors(ctx context.Context, f *delivery.Filter, teams delivery.Teams) error {
	if len(f.Teams) == 0 && len(f.Services) == 0 {
		return nil
	}
	services, err := s.services(ctx)
	if err != nil {
		return err
	}
	facets, err := s.errorFacets(ctx)
	if err != nil {
		return err
	}
	return f.NarrowErrors(teams, services, facetKeys(facets.Projects))
}

// errorGroupsOf are what errors are narrowed by.
func (s *Server) errorChoices(ctx context.Context, teams delivery.Teams) ([]facetGroup, error) {
	facets, err := s.errorFacets(ctx)
	if err != nil {
		return nil, err
	}
	services, err := s.services(ctx)
	if err != nil {
		return nil, err
	}
	connections, err := s.db.Connections(ctx)
	of := func(name string, has func(project string) bool) delivery.Facet {
		f := delivery.Facet{Key: name}
		for _, p := range facets.Projects {
			if has(p.Key) {
				f.Count += p.Count
			}
		}
		return f
	}
	var team, service, connection []delivery.Facet
	for i := range teams {
		if slices.ContainsFunc(facets.Projects, func(p delivery.Facet) bool { return teams[i].HasErrors(p.Key, services) }) {
			team = append(team, of(teams[i].Name, func(project string) bool { return teams[i].HasErrors(project, services) }))
		}
	}
	for i := range services {
		if slices.ContainsFunc(facets.Projects, func(p delivery.Facet) bool { return services[i].SentryProjects.Match(p.Key) }) {
			service = append(service, of(services[i].Name, services[i].SentryProjects.Match))
		}
	}
	for i := range connections {
		if connections[i].Kind == sentryKind {
			connection = append(connection, delivery.Facet{Key: connections[i].Name})
		}
	}
	return []facetGroup{
		{"team", team, 1}, {"connection", connection, 2}, {"project", facets.Projects, 2}, {"service", service, 1}, {"environment", facets.Environments, 1},
	}, err
}

// sentryKind is the kind of the connections that tell of errors.
const sentryKind = "sentry"

// noErrors says why nothing at all is known of errors, nil when something is.
func (s *Server) noErrors(ctx context.Context) (*views.Empty, error) {
	facets, err := s.errorFacets(ctx)
	if err != nil || facets.Groups+len(facets.Projects) > 0 {
		return nil, err
	}
	connections, err := s.db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	for i := range connections {
		switch c := &connections[i]; {
		case c.Kind != sentryKind:
		case c.Syncing || c.Paused == nil && !c.NextRunAt.After(s.now()):
			return &views.Empty{Reason: "syncing_errors", Fix: "/syncs", Again: true}, nil
		default:
			return &views.Empty{Reason: "no_errors", Fix: "/syncs"}, nil
		}
	}
	return &views.Empty{Reason: "no_sentry", Fix: settingsPath(ctx, "/settings/connections")}, nil
}
