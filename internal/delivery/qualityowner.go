package delivery

import (
	"cmp"
	"slices"
	"strings"
)

// Ownerless is what no team maps.
type Ownerless struct {
	Type    string // queue, repository, service, project of CI or error_project
	Key     string
	Service string // declared, that it is of or is named by
	N       int    // issues, runs, deployments or error groups that there are of it
}

// UnassignedOf are the queues, repositories, services and projects found in the data
// that no team maps, by type; of each, those first that there is most of. A repository
// is a team's if any service of it is, and a project of errors if it is of such a one;
// runs count for a team only that maps their project itself.
func UnassignedOf(teams Teams, services []Service, issues Facets, runs RunFacets, dora DoraFacets) []Ownerless {
	var out []Ownerless
	add := func(typ string, facets []Facet, owned func(key string) (service string, owned bool)) {
		first := len(out)
		for _, f := range facets {
			if service, is := owned(f.Key); !is && f.Key != "" {
				out = append(out, Ownerless{typ, f.Key, service, f.Count})
			}
		}
		slices.SortFunc(out[first:], func(a, b Ownerless) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Key, b.Key)) })
	}
	any := func(has func(t *Team) bool) bool {
		return slices.ContainsFunc(teams, func(t Team) bool { return has(&t) })
	}
	// of are the services that are of a key; whether one has a team, and which has none.
	of := func(is func(s *Service) bool) (declared string, owned bool) {
		for i := range services {
			if s := &services[i]; is(s) {
				if len(teams.OfService(s)) > 0 {
					return s.Name, true
				}
				if s.Name != s.Repository {
					declared = s.Name
				}
			}
		}
		return declared, false
	}
	repository := func(key string) (string, bool) {
		service, owned := of(func(s *Service) bool { return strings.EqualFold(s.Repository, key) })
		return service, owned || any(func(t *Team) bool { return t.Repositories.Match(key) })
	}
	add("queue", issues.Queues, func(key string) (string, bool) { return "", len(teams.Of(key)) > 0 })
	add("repository", dora.Repositories, repository)
	add("service", dora.Services, func(key string) (string, bool) {
		return of(func(s *Service) bool { return strings.EqualFold(s.Name, key) || strings.EqualFold(s.Repository, key) })
	})
	known := map[string]bool{} // a repository that is listed is not listed again for its runs
	for _, o := range out {
		known[Key(o.Key)] = true
	}
	add("project", runs.Projects, func(key string) (string, bool) {
		return "", known[Key(key)] || any(func(t *Team) bool { return t.RunsCI(key) })
	})
	add("error_project", dora.ErrorProjects, func(key string) (string, bool) {
		service, owned := of(func(s *Service) bool { return s.SentryProjects.Match(key) })
		return service, owned || any(func(t *Team) bool { return t.SentryProjects.Match(key) })
	})
	return out
}
