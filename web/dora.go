package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
)

// doraHeadlineSlug is the slug of the strip of figures of deployments.
const doraHeadlineSlug = "dora-headline"

func doraMetrics() metricsPage {
	return metricsPage{delivery.OfDora, "/dora", "dora.title", "dora", doraHeadlineSlug, doraWhatIfPath}
}

// doraSetup is what services are and how their deployments are read.
func (s *Server) doraSetup(ctx context.Context) (delivery.DoraSetup, error) {
	return cached(ctx, s, "dora setup", s.db.DoraSetup)
}

// doraFacets are the values found in the facts of deployments, kept like panels.
func (s *Server) doraFacets(ctx context.Context) (delivery.DoraFacets, error) {
	return cached(ctx, s, "dora facets", s.store.DoraFacets)
}

// services are all there are: those declared, and those that only facts name. They
// must not be changed.
func (s *Server) services(ctx context.Context) ([]delivery.Service, error) {
	setup, err := s.doraSetup(ctx)
	if err != nil {
		return nil, err
	}
	facets, err := s.doraFacets(ctx)
	if err != nil {
		return nil, err
	}
	return setup.AllServices(facets), nil
}

// doraQuery is the question that a narrowed filter asks of deployments.
func (s *Server) doraQuery(ctx context.Context, f delivery.Filter, calendar *delivery.Calendar) (delivery.DoraQuery, error) {
	q := delivery.DoraQuery{Filter: f, Zone: calendar.Zone(), Calendar: calendar, Now: delivery.InstantOf(s.now())}
	services, err := s.services(ctx)
	if err != nil {
		return q, err
	}
	asked, all := f.ServiceNames()
	for i := range services {
		if all || slices.Contains(asked, services[i].Name) {
			q.Services = append(q.Services, services[i].Name)
		}
	}
	return q, nil
}

// doraGroups are what deployments are narrowed by.
func (s *Server) doraGroups(ctx context.Context, teams delivery.Teams) ([]facetGroup, error) {
	services, err := s.services(ctx)
	if err != nil {
		return nil, err
	}
	facets, err := s.doraFacets(ctx)
	deployments := map[string]int{}
	for _, f := range slices.Concat(facets.Repositories, facets.Services) {
		deployments[f.Key] += f.Count
	}
	var of, named []delivery.Facet
	for i := range services {
		n := deployments[services[i].Name]
		if r := services[i].Repository; r != services[i].Name {
			n += deployments[r]
		}
		named = append(named, delivery.Facet{Key: services[i].Name, Count: n})
	}
	for i := range teams {
		team := delivery.Facet{Key: teams[i].Name}
		for _, service := range teams.ServicesOf(teams[i].Name, services) {
			at := slices.IndexFunc(named, func(f delivery.Facet) bool { return f.Key == service.Name })
			team.Count += named[at].Count
		}
		of = append(of, team)
	}
	return []facetGroup{{"team", of, 1}, {"service", named, 2}, {"environment", facets.Environments, 1}}, err
}

// loadDora reads what was derived, and asks a panel of it.
func loadDora(slug string) loader {
	return func(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
		data, err := delivery.LoadDora(ctx, s, q.dora, delivery.DoraParts(slug)...)
		if err != nil {
			return delivery.PanelData{}, err
		}
		return data.Panel(slug, q.dora)
	}
}

// loadTickets reads the tickets of the projects that count.
func loadTickets(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
	f := &q.filter
	var tickets []delivery.Ticket
	for t, err := range s.Tickets(ctx, delivery.DoraListQuery{From: f.From, To: f.To, Connections: f.Connections}) {
		if err != nil {
			return delivery.PanelData{}, err
		}
		if q.projects == nil || q.projects.Match(t.Project) {
			tickets = append(tickets, t)
		}
	}
	return delivery.TicketsPanel(tickets, q.dora), nil
}

// ticketProjects are the projects whose tickets count: those of the teams and
// services asked for, nil for every one.
func (s *Server) ticketProjects(ctx context.Context, f *delivery.Filter, teams delivery.Teams) (delivery.Patterns, error) {
	if len(f.Teams) == 0 && len(f.Services) == 0 {
		return nil, nil
	}
	services, err := s.services(ctx)
	if err != nil {
		return nil, err
	}
	projects := delivery.Patterns{}
	asked, all := f.ServiceNames()
	for i := range services {
		if all || slices.Contains(asked, services[i].Name) {
			projects = append(projects, services[i].JiraProjects...)
		}
	}
	if len(f.Services) > 0 {
		return projects, nil
	}
	for _, name := range f.Teams {
		team, _ := teams.Named(name)
		projects = append(projects, team.JiraProjects...)
	}
	return projects, nil
}
