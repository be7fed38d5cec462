package delivery

import (
	"errors"
	"slices"
	"strings"
)

// NarrowDora is Narrow for deployments: the scope are names of services, of those
// that there are. Services is taken for names of services or repositories, which
// become the names of the services that are of them.
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

// ServicesOf are the services of a team, in their order.
func (t Teams) ServicesOf(team string, all []Service) []Service {
	named, ok := t.Named(team)
	if !ok {
		return nil
	}
	var out []Service
	for _, s := range all {
		if s.Repository != "" && named.Repositories.Match(s.Repository) {
			out = append(out, s)
		}
	}
	return out
}

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
