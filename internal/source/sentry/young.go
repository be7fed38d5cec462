package sentry

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// areas are what groups are asked for by: an environment's name costs one query,
// however many projects have it.
func (p *pull) areas() []area {
	var out []area
	none := false
	for i := range p.projects {
		none = none || len(p.projects[i].Environments) == 0
		for _, name := range p.projects[i].Environments {
			if p.wants(name) && !slices.Contains(out, area{name: name}) {
				out = append(out, area{name: name})
			}
		}
	}
	slices.SortFunc(out, func(a, b area) int { return strings.Compare(a.name, b.name) })
	if none && len(p.environments) == 0 {
		out = append(out, area{none: true})
	}
	return out
}

func (a area) record() string {
	if a.none {
		return "projects without environments"
	}
	return "environment " + strconv.Quote(a.name)
}

// listArea reads the young groups of an environment.
func (p *pull) listArea(ctx context.Context, c *collected, a area) error {
	var out []seen
	cut := false
	for _, query := range p.areaQueries(a) {
		query.Set("query", "age:-14d")
		more, err := p.listGroups(ctx, query, maxPages, func(list []seen, _ string) (bool, error) {
			out = append(out, list...)
			return true, nil
		})
		cut = cut || more
		if err != nil {
			return err
		}
	}
	if cut {
		p.problem(tooMany(a.record()))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists[a], c.whole[a] = out, !cut
	return nil
}

// areaQueries say of which groups an area is, in one query mostly.
func (p *pull) areaQueries(a area) []url.Values {
	if !a.none {
		return []url.Values{p.scope(url.Values{"environment": {a.name}})}
	}
	var numbers []string
	for i := range p.projects {
		if len(p.projects[i].Environments) == 0 {
			numbers = append(numbers, p.projects[i].number)
		}
	}
	var out []url.Values
	for chunk := range slices.Chunk(numbers, maxNamedIDs) {
		out = append(out, url.Values{"project": chunk})
	}
	return out
}

// listGroups lists groups. What is wrong with one is a problem of its own.
func (p *pull) listGroups(ctx context.Context, query url.Values, most int, take func(list []seen, next string) (bool, error)) (cut bool, err error) {
	if query.Get("sort") == "" {
		query.Set("sort", "date")
	}
	query.Set("limit", strconv.Itoa(perPage))
	query.Set("collapse", "stats")
	r := request{to: toGroups, path: p.org("issues/"), query: query}
	var told delivery.Instant // before the answer: a hook may come meanwhile
	get := func(r request) (*answer, error) {
		told = delivery.InstantOf(p.now())
		return p.client.do(ctx, r)
	}
	return pages(get, r, most, func(list []json.RawMessage, next string) (bool, error) {
		var out []seen
		began := p.now()
		for _, raw := range list {
			if s, ok := p.readListed(raw); ok && !s.going && p.chosen(s.group.Project) {
				s.told = told
				out = append(out, s)
			}
		}
		if len(list) > 0 {
			p.mapped(p.now().Sub(began) / time.Duration(len(list)))
		}
		return take(out, next)
	})
}

// readListed reads a group of a list; false of one that cannot be read, which is said
// and tried again.
func (p *pull) readListed(raw json.RawMessage) (seen, bool) {
	var wrong faults
	o := openObject(raw, "$", &wrong)
	s := readGroup(o)
	if len(wrong) == 0 {
		return s, true
	}
	record := "error group"
	if s.group.ID != "" {
		record += " " + s.group.ID
	}
	p.problem(wrong.problems(record)...)
	if s.group.ID != "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.cursor.Unread) < maxAlone && !slices.Contains(p.cursor.Unread, s.group.ID) {
			p.cursor.Unread = append(p.cursor.Unread, s.group.ID)
		}
	}
	return s, false
}

// youngGroups are the groups listed, each once with all its environments.
func (p *pull) youngGroups(c *collected) map[string]delivery.ErrorGroup {
	out := map[string]delivery.ErrorGroup{}
	all := true // areas were read
	for _, a := range p.areas() {
		all = all && c.whole[a]
		for i := range c.lists[a] {
			s := &c.lists[a][i]
			g, known := out[s.group.ID]
			if !known {
				g = s.group
				g.ToldAt, g.Events = c.at, 0
			}
			if !a.none && p.hasNone(g.Project) || environmentOf(&g, a.name) != nil { // or it moved to another page
				continue
			}
			s.into(&g, a, c.at)
			out[g.ID] = g
		}
	}
	for id, g := range out {
		stored, known := p.stored[id]
		g.Events, g.Users = max(g.Events, stored.Events), max(g.Users, stored.Users)
		g.AllEnvironments = all && (known || g.FirstSeen > c.at-millis(remembered))
		for i := range stored.Environments {
			e := &stored.Environments[i]
			switch listed := environmentOf(&g, e.Name); {
			case listed != nil: // the release stays until another is known
				listed.Release = e.Release
			case p.keeps(c, e): // it is not young there, and not listed
				g.Environments = append(g.Environments, *e)
			}
		}
		p.giveReleases(c, &g)
		out[id] = g
	}
	return out
}

// into adds to a group what was said of it in an environment. In all of them it has
// at least as many events as in those that were asked for.
func (s *seen) into(g *delivery.ErrorGroup, a area, told delivery.Instant) {
	g.Environments = append(g.Environments, delivery.GroupEnvironment{
		Name: a.name, None: a.none, Events: s.events, Users: s.users, FirstSeen: s.first, LastSeen: s.last, ToldAt: told,
	})
	sum := int64(0)
	for i := range g.Environments {
		sum += g.Environments[i].Events
	}
	g.Events, g.Users = max(g.Events, s.group.Events, sum), max(g.Users, s.group.Users)
	g.FirstSeen, g.LastSeen = earliest(g.FirstSeen, s.group.FirstSeen), max(g.LastSeen, s.group.LastSeen)
}

// environmentOf is what a group says of an environment, nil when it does not.
func environmentOf(g *delivery.ErrorGroup, name string) *delivery.GroupEnvironment {
	for i := range g.Environments {
		if g.Environments[i].Name == name {
			return &g.Environments[i]
		}
	}
	return nil
}

// hasNone reports whether a project has no environments: its groups are asked for by
// themselves.
func (p *pull) hasNone(slug string) bool {
	for i := range p.projects {
		if p.projects[i].ID == slug {
			return len(p.projects[i].Environments) == 0
		}
	}
	return false
}

// keeps reports whether a group stays in an environment that it is not listed in.
func (p *pull) keeps(c *collected, e *delivery.GroupEnvironment) bool {
	return (e.None || p.wants(e.Name)) && e.FirstSeen <= c.at-millis(young-slack)
}
