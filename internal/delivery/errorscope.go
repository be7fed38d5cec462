package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// HasErrors reports whether a project of errors is the team's: it maps the project, or
// one of its services does.
func (t *Team) HasErrors(project string, services []Service) bool {
	return t.SentryProjects.Match(project) || slices.ContainsFunc(services, func(s Service) bool {
		return s.SentryProjects.Match(project) && t.HasService(&s)
	})
}

// NarrowErrors is Narrow for errors: the scope are those of projects that a team and a
// service asked for have, where either is asked for. Services may be named by their
// repositories.
func (f *Filter) NarrowErrors(teams Teams, services []Service, projects []string) error {
	err := f.narrow(teams, projects, func(t *Team, project string) bool { return t.HasErrors(project, services) })
	if len(f.Services) == 0 {
		return err
	}
	f.Services = asked(f.Services, services)
	if len(f.Teams) == 0 {
		f.Scope = slices.Clone(projects)
		slices.Sort(f.Scope)
		f.Scope = slices.Compact(f.Scope)
	}
	f.Scope = slices.DeleteFunc(f.Scope, func(project string) bool {
		return !slices.ContainsFunc(services, func(s Service) bool {
			return slices.Contains(f.Services, s.Name) && s.SentryProjects.Match(project)
		})
	})
	return err
}

// ErrorProjectKeys are the only projects whose errors count, like QueueKeys.
func (f *Filter) ErrorProjectKeys() (keys []string, all bool) {
	if f.Scope == nil && len(f.Services) > 0 {
		return nil, false // not narrowed
	}
	return f.within(f.Projects)
}

// ErrorsAsked is the question of a panel or list of errors.
type ErrorsAsked struct {
	Filter   // narrowed
	Zone     *time.Location
	Now      Instant
	Projects []string // that count: slugs; nil for all
}

// NewErrorsAsked is the question that a narrowed filter asks about errors.
func NewErrorsAsked(f *Filter, zone *time.Location, now Instant) ErrorsAsked {
	q := ErrorsAsked{Filter: *f, Zone: zone, Now: now}
	if keys, all := f.ErrorProjectKeys(); !all {
		q.Projects = append([]string{}, keys...)
	}
	return q
}

// Until is the last moment that the question knows of: the end of its range, or now.
func (q *ErrorsAsked) Until() Instant { return min(q.To, q.Now) }

// Facts asks a store for facts of [from, to), of the connections and projects asked for.
func (q *ErrorsAsked) Facts(from, to Instant) ErrorQuery {
	return ErrorQuery{From: from, To: to, Connections: q.Connections, Projects: q.Projects}
}

// wants reports whether a project counts.
func (q *ErrorsAsked) wants(connection, project string) bool {
	return (len(q.Connections) == 0 || slices.Contains(q.Connections, connection)) && (q.Projects == nil || slices.Contains(q.Projects, project))
}

// inEnvironment reports whether an environment counts.
func (q *ErrorsAsked) inEnvironment(name string) bool {
	return len(q.Environments) == 0 || slices.ContainsFunc(q.Environments, func(e string) bool { return strings.EqualFold(e, name) })
}

// FirstSeen is when a group was first seen where the question looks: in the
// environments asked for; false when it was not.
func (q *ErrorsAsked) FirstSeen(g *ErrorGroup) (Instant, bool) {
	if len(q.Environments) == 0 {
		return g.FirstSeen, true
	}
	first, found := Instant(0), false
	for _, e := range g.Environments {
		if !e.None && q.inEnvironment(e.Name) {
			first, found = earliest(first, e.FirstSeen), true
		}
	}
	if first == 0 {
		first = g.FirstSeen
	}
	return first, found
}

// environmentUnknown reports whether environments are asked for, and nothing says in
// which a group was seen.
func (q *ErrorsAsked) environmentUnknown(g *ErrorGroup) bool {
	return len(q.Environments) > 0 && len(g.Environments) == 0
}

// ErrorFacets are values found in facts of errors.
type ErrorFacets struct {
	Projects     []Facet // slugs, those without a group too
	Environments []Facet // with the number of groups seen in each
	Statuses     []Facet
	Levels       []Facet
	Groups       int
}

// LoadErrorFacets reads every group once.
func LoadErrorFacets(ctx context.Context, s ErrorStore) (ErrorFacets, error) {
	projects, environments, statuses, levels := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	all, err := s.ErrorProjects(ctx)
	for i := range all {
		projects[all[i].ID] += 0
		for _, name := range all[i].Environments {
			environments[name] += 0
		}
	}
	f := ErrorFacets{}
	for g, gerr := range s.ErrorGroups(ctx, ErrorQuery{}) {
		if gerr != nil {
			return f, errors.Join(err, gerr)
		}
		f.Groups++
		projects[g.Project]++
		statuses[string(g.Status)]++
		levels[g.Level]++
		for _, e := range g.Environments {
			if !e.None {
				environments[e.Name]++
			}
		}
	}
	f.Projects, f.Environments, f.Statuses, f.Levels = facetsOf(projects), facetsOf(environments), facetsOf(statuses), facetsOf(levels)
	return f, err
}

// facetsOf are counts by key, but that of no key, in the order of the keys.
func facetsOf(counts map[string]int) []Facet {
	delete(counts, "")
	out := make([]Facet, 0, len(counts))
	for key, n := range counts {
		out = append(out, Facet{Key: key, Count: n})
	}
	slices.SortFunc(out, func(a, b Facet) int { return strings.Compare(a.Key, b.Key) })
	return out
}
