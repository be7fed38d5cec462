package delivery

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// HasService reports whether a service is the team's: it maps the service by name,
// or the repository that the service is of.
func (t *Team) HasService(s *Service) bool {
	return t.Services.Match(s.Name) || s.Repository != "" && t.Repositories.Match(s.Repository)
}

// ServicesOf are the services of a team, in their order; none of a team that there
// is not.
func (t Teams) ServicesOf(team string, all []Service) []Service {
	named, ok := t.Named(team)
	if !ok {
		return nil
	}
	var out []Service
	for i := range all {
		if named.HasService(&all[i]) {
			out = append(out, all[i])
		}
	}
	return out
}

// OfService names the teams that have a service, in their order.
func (t Teams) OfService(s *Service) []string {
	var out []string
	for i := range t {
		if t[i].HasService(s) {
			out = append(out, t[i].Name)
		}
	}
	return out
}

// NarrowDora is Narrow for deployments: the scope are names of services, of those
// that there are. Services is taken for names of services or repositories, which
// become the names of the services that are of them. The error is a *FilterError
// for each team that there is not, joined.
func (f *Filter) NarrowDora(teams Teams, services []Service) error {
	f.Services = asked(f.Services, services)
	f.Scope = nil
	if len(f.Teams) == 0 {
		return nil
	}
	f.Scope = []string{}
	var errs []error
	for _, name := range f.Teams {
		if _, ok := teams.Named(name); !ok {
			errs = append(errs, &FilterError{Param: "team", Code: "team", Message: "no such team: " + quote(name)})
		}
		for _, s := range teams.ServicesOf(name, services) {
			f.Scope = append(f.Scope, s.Name)
		}
	}
	slices.Sort(f.Scope)
	f.Scope = slices.Compact(f.Scope)
	return errors.Join(errs...)
}

// asked are the names of the services that are called so, or are of a repository
// that is. What nothing is called stays: it is a name without deployments.
func asked(keys []string, services []Service) []string {
	var out []string
	for _, key := range keys {
		found := false
		for i := range services {
			if strings.EqualFold(services[i].Name, key) || services[i].Repository != "" && strings.EqualFold(services[i].Repository, key) {
				out, found = append(out, services[i].Name), true
			}
		}
		if !found {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ServiceNames are the only services that count, like QueueKeys.
func (f *Filter) ServiceNames() (names []string, all bool) { return f.within(f.Services) }

// WithOwners are teams that have, besides what they map, the repositories that a
// catalogue says are theirs: owners are by repository, and name a team, or refer to
// it as in group:default/platform. An owner that no team is called is a team by the
// last part of its name, and maps nothing else. t is left as it is.
func (t Teams) WithOwners(owners map[string]string) Teams {
	out := slices.Clone(t)
	for _, repository := range slices.Sorted(maps.Keys(owners)) {
		owner, found := owners[repository], false
		for i := range out {
			if refersTo(owner, out[i].Name) {
				out[i].Repositories = append(slices.Clip(out[i].Repositories), repository)
				found = true
			}
		}
		if name := lastPart(owner); !found && name != "" {
			out = append(out, Team{Name: name, Repositories: Patterns{repository}})
		}
	}
	slices.SortStableFunc(out[len(t):], func(a, b Team) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// lastPart is what a reference such as group:default/platform is to.
func lastPart(ref string) string { return ref[strings.LastIndexAny(ref, ":/")+1:] }

// refersTo reports whether a reference such as group:default/platform is to a name.
func refersTo(ref, name string) bool {
	last := lastPart(ref)
	return strings.EqualFold(ref, name) || last != "" && strings.EqualFold(last, name)
}
