package web

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"throughline/internal/delivery"
)

// incidentsAsked is what a list of incidents is asked for.
type incidentsAsked struct {
	list   delivery.DoraListQuery
	f      delivery.Filter
	status string // open, resolved, "" for both
	none   bool   // nothing can match: a team without services, say
	setup  delivery.DoraSetup
	names  []string // of services that count, nil for all
	zone   *delivery.Calendar
}

// askedIncidents reads the query of a list of incidents; extra names parameters that
// are not its business. What cannot be used are *delivery.FilterError, joined.
func (s *Server) askedIncidents(ctx context.Context, q url.Values, extra ...string) (asked incidentsAsked, err error) {
	setup, err := s.db.DoraSetup(ctx)
	if err != nil {
		return asked, err
	}
	calendar, err := s.teamCalendar(ctx, setup.Teams, delivery.AskedTeams(q))
	if err != nil {
		return asked, err
	}
	facets, away, err := s.incidentFacets(ctx)
	if err != nil {
		return asked, err
	}
	if away {
		facets = delivery.DoraFacets{}
	}
	all := setup.AllServices(facets)
	f, err := delivery.ParseFilter(q, delivery.OfDora, calendar.Zone(), delivery.InstantOf(s.now()), append(extra, "project", "status", "lang")...)
	err = errors.Join(err, f.NarrowDora(setup.Teams, all), checkLang(q), single(q, append(extra, "status")...))
	asked = incidentsAsked{f: f, status: q.Get("status"), setup: setup, zone: calendar}
	if !slices.Contains([]string{"", delivery.StandsOpen, delivery.StandsResolved}, asked.status) {
		err = errors.Join(err, &delivery.FilterError{Param: "status", Code: "incident_status", Message: "not open or resolved"})
	}
	asked.list = delivery.DoraListQuery{From: f.From, To: f.To, Connections: f.Connections}
	asked.narrow(q["project"], all, facetKeys(facets.Projects))
	return asked, err
}

// narrow says by which services and projects incidents are listed. Those of a service
// name it, or are of a project that is its; of a team are those of its projects, too.
func (a *incidentsAsked) narrow(projects []string, all []delivery.Service, known []string) {
	projects = slices.DeleteFunc(slices.Clone(projects), func(p string) bool { return p == "" })
	names, every := a.f.ServiceNames()
	if every {
		a.list.Projects = projects
		return
	}
	a.names = names
	keys := &delivery.ServiceKeys{}
	var own []string
	for i := range all {
		service := &all[i]
		if !slices.Contains(names, service.Name) {
			continue
		}
		keys.Services = append(keys.Services, service.Name)
		if service.Repository != "" && service.Repository != service.Name {
			keys.Services = append(keys.Services, service.Repository)
		}
		for _, project := range known {
			if service.JiraProjects.Match(project) || service.Queues.Match(project) || service.SentryProjects.Match(project) {
				own = append(own, project)
			}
		}
	}
	if len(a.f.Services) == 0 {
		own = append(own, a.ofTeams(known)...)
	}
	slices.Sort(own)
	own = slices.Compact(own)
	if len(projects) > 0 {
		own = slices.DeleteFunc(own, func(p string) bool { return !slices.Contains(projects, p) })
		keys = &delivery.ServiceKeys{}
	}
	a.list.Keys, a.list.Projects = keys, own
	a.none = len(keys.Services) == 0 && len(own) == 0
}

// ofTeams are the projects that the teams asked for map.
func (a *incidentsAsked) ofTeams(known []string) (out []string) {
	for _, name := range a.f.Teams {
		team, ok := a.setup.Teams.Named(name)
		for _, project := range known {
			if ok && (team.JiraProjects.Match(project) || team.Queues.Match(project)) {
				out = append(out, project)
			}
		}
	}
	return out
}

// incidentFacets are the values found in incidents, none while the fact store does not
// answer.
func (s *Server) incidentFacets(ctx context.Context) (delivery.DoraFacets, bool, error) {
	return unlessAway(cached(ctx, s, "incident facets", s.store.DoraFacets))
}

// incidentsOf are a page of a list, and the cursor of the next one, "" at the end.
// Without a limit it is all of it.
func (s *Server) incidentsOf(ctx context.Context, asked *incidentsAsked, limit int, after string) (found []delivery.ListedIncident, next string, err error) {
	if asked.none {
		return nil, "", nil
	}
	list := asked.list
	list.After = after
	if asked.status == "" && limit > 0 {
		list.Limit = limit + 1 // one more, to know whether there is a next page
	}
	for i, err := range s.store.Incidents(ctx, list) {
		if err != nil {
			return nil, "", err
		}
		if asked.status != "" && i.Standing() != asked.status {
			continue
		}
		if limit > 0 && len(found) == limit {
			return found, found[limit-1].Cursor, nil
		}
		found = append(found, i)
	}
	return found, "", nil
}

// incidentLinks are what incidents of a range are linked to, by number.
func (s *Server) incidentLinks(ctx context.Context, from, to delivery.Instant) (map[int64][]delivery.LinkedIncident, error) {
	data, err := delivery.LoadDora(ctx, s.store, delivery.DoraQuery{Filter: delivery.Filter{From: from, To: to}}, delivery.PartIncidents)
	if err != nil {
		return nil, err
	}
	links := map[int64][]delivery.LinkedIncident{}
	for _, l := range data.Incidents {
		links[l.Seq] = append(links[l.Seq], l)
	}
	return links, nil
}

// reportIncidents are incidents as programs and pages see them.
func (s *Server) reportIncidents(ctx context.Context, found []delivery.ListedIncident) ([]delivery.IncidentReport, error) {
	out := make([]delivery.IncidentReport, 0, len(found))
	if len(found) == 0 {
		return out, nil
	}
	links, err := s.incidentLinks(ctx, found[len(found)-1].StartedAt, found[0].StartedAt+1)
	for i := range found {
		out = append(out, delivery.ReportIncident(&found[i].Incident, links[found[i].Seq]))
	}
	return out, err
}
