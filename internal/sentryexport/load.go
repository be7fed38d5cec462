package sentryexport

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// loaded is what is shown of one connection.
type loaded struct {
	projects []project
	seen     []seen // by project and environment
}

// project is one that is not gone, in the source's order.
type project struct {
	slug         string
	environments []string // as labels
	month        delivery.EventTotals
	groupsKnown  bool
	keys         []delivery.KeyLimit
	keysKnown    bool
	limit        float64
	limited      bool
}

// seen is an error group in one environment of a project.
type seen struct {
	project, environment string // as labels
	first, last          delivery.Instant
	events               int64
	status               delivery.GroupStatus
	nowhere              bool // in no environment, or nobody knows in which: the exporter did not count it
	*label                    // nil of one that was first seen too long ago for its labels
}

// label is what the labels of a group say besides.
type label struct{ id, logger, level, platform, release, unhandled string }

// none is what the exporter says of what there is not: Python's word.
const none = "None"

// load reads the connections that were touched, and takes the others from before; nil
// is before anything was read.
func load(ctx context.Context, facts Facts, connections []Connection, touched []string, before map[string]*loaded) (map[string]*loaded, error) {
	out := map[string]*loaded{}
	var fresh []string
	for _, c := range connections {
		if old := before[c.Name]; old != nil && !slices.Contains(touched, c.Name) {
			out[c.Name] = old
			continue
		}
		out[c.Name] = &loaded{}
		fresh = append(fresh, c.Name)
	}
	if len(fresh) == 0 {
		return out, nil
	}
	all, err := facts.ErrorProjects(ctx)
	if err != nil {
		return nil, fmt.Errorf("projects of errors: %w", err)
	}
	here := map[string]map[string]*project{} // by connection and slug
	for _, p := range sortedByPlace(all) {
		l := out[p.Connection]
		if l == nil || p.Gone || !slices.Contains(fresh, p.Connection) {
			continue
		}
		c := connections[slices.IndexFunc(connections, func(c Connection) bool { return c.Name == p.Connection })]
		l.projects = append(l.projects, projectOf(&p, &c))
	}
	for _, name := range fresh {
		here[name] = map[string]*project{}
		for i := range out[name].projects {
			here[name][out[name].projects[i].slug] = &out[name].projects[i]
		}
	}
	recent := delivery.InstantOf(time.Now().Add(-2 * ages[0].span))
	for g, err := range facts.ErrorGroups(ctx, delivery.ErrorQuery{Connections: fresh}) {
		if err != nil {
			return nil, fmt.Errorf("error groups: %w", err)
		}
		if p := here[g.Connection][g.Project]; p != nil {
			out[g.Connection].add(p, &g.ErrorGroup, recent)
		}
	}
	return out, nil
}

func sortedByPlace(all []delivery.ErrorProject) []delivery.ErrorProject {
	slices.SortStableFunc(all, func(a, b delivery.ErrorProject) int {
		return cmp.Or(strings.Compare(a.Connection, b.Connection), cmp.Compare(a.Place, b.Place), strings.Compare(a.ID, b.ID))
	})
	return all
}

func projectOf(p *delivery.ErrorProject, c *Connection) project {
	out := project{slug: p.ID, month: p.Month, groupsKnown: p.GroupsAt != 0, keys: p.Keys, keysKnown: p.KeysAt != 0}
	out.limit, out.limited = p.Limit()
	for _, name := range p.Environments {
		if len(c.Environments) == 0 || slices.Contains(c.Environments, name) {
			out.environments = append(out.environments, name)
		}
	}
	switch {
	case p.GroupsAt == 0:
		out.environments = nil // nobody knows how many groups there are
	case len(p.Environments) == 0:
		out.environments = []string{none}
	}
	return out
}

// add adds a group; recent is since when those are first seen whose labels matter.
func (l *loaded) add(p *project, g *delivery.ErrorGroup, recent delivery.Instant) {
	without := slices.Contains(p.environments, none)
	if p.groupsKnown && !slices.ContainsFunc(g.Environments, func(e delivery.GroupEnvironment) bool { return !e.None || without }) {
		l.seen = append(l.seen, seen{project: p.slug, first: g.FirstSeen, last: g.LastSeen, events: g.Events, status: g.Status, nowhere: true})
	}
	for _, e := range g.Environments {
		name := e.Name
		if e.None {
			name = none
		}
		if !slices.Contains(p.environments, name) {
			continue
		}
		first := cmp.Or(e.FirstSeen, g.FirstSeen)
		s := seen{project: p.slug, environment: name, first: first, last: cmp.Or(e.LastSeen, g.LastSeen), events: e.Events, status: g.Status}
		if first > recent {
			s.label = &label{
				g.ID, python(g.Logger), cmp.Or(g.Level, none), python(g.Platform), cmp.Or(e.Release, none), pythonBool(g.Unhandled),
			}
		}
		l.seen = append(l.seen, s)
	}
}

// python is a text as the exporter writes it.
func python(text *string) string {
	if text == nil {
		return none
	}
	return *text
}

func pythonBool(b *bool) string {
	switch {
	case b == nil:
		return none
	case *b:
		return "True"
	}
	return "False"
}
