package sentry

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	young = 14 * 24 * time.Hour // groups first seen since are listed in each pull
	// slack is how far Sentry's clock and ours may differ in what is young.
	slack = 10 * time.Minute
	// remembered is how long ago groups were first seen that are looked up in each
	// pull: Sentry forgets those that are not seen.
	remembered = 90 * 24 * time.Hour
)

// collected is what a pull collects of what changes by the minute.
type collected struct {
	at     delivery.Instant // when it was asked for
	mu     sync.Mutex
	lists  map[area][]seen // groups by where they were seen
	whole  map[area]bool   // read to the end
	rows   []row
	said   bool // rows were answered
	sorted bool // rows, by group
	month  map[string]delivery.EventTotals
	keys   map[string][]delivery.KeyLimit
	groups map[string]delivery.ErrorGroup
	window time.Duration // that the rows are of
}

// area is an environment, or all projects that have none.
type area struct {
	name string
	none bool
}

// collect reads projects, young groups, the month's events and limits, each endpoint
// beside the others, as their limits are their own.
func (p *pull) collect(ctx context.Context) error {
	var err error
	all, problems, err := p.allProjects(ctx, false)
	if err != nil {
		return p.ofOrganization(err)
	}
	p.problem(problems...)
	p.choose(all)
	if p.stored, err = p.storedGroups(ctx, p.at()-millis(remembered)); err != nil {
		return err
	}
	c := &collected{
		at: delivery.InstantOf(p.now()), window: recent, lists: map[area][]seen{}, whole: map[area]bool{},
		month: map[string]delivery.EventTotals{}, keys: map[string][]delivery.KeyLimit{},
	}
	p.fresh = c
	whole := len(problems) == 0
	if len(all) == 0 {
		whole = false // rather a fault of the server's than that all are gone
		p.problem(source.Problem{
			Record: "projects", Path: "$", Message: "Sentry lists no project that the token may see: what is known of them stays as it was",
			Phrase: source.Phrase{ID: "sentry.no_projects"},
		})
	}
	failed := p.collectAll(ctx, c)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.groups = p.youngGroups(c)
	var batch delivery.Batch
	if batch.ErrorProjects, err = p.projectFacts(ctx, c, whole); err != nil {
		return err
	}
	if failed == nil { // of half of its environments a group would be another one
		batch.ErrorGroups = p.tellGroups(c.groups)
		p.missingGroups(c)
	}
	if err := p.emit(batch); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return p.widen(ctx, c)
}

// collectAll asks the endpoints at once. Its error ends the pull.
func (p *pull) collectAll(ctx context.Context, c *collected) error {
	if len(p.projects) == 0 {
		return nil
	}
	tasks, inner := errgroup.WithContext(ctx)
	for _, area := range p.areas() {
		tasks.Go(func() error { return p.alone(inner, "environment", area.record(), p.listArea(inner, c, area)) })
	}
	tasks.Go(func() error { return p.alone(inner, "rows", "", p.recentRows(inner, c)) })
	tasks.Go(func() error { return p.alone(inner, "month", "", p.monthTotals(inner, c)) })
	tasks.Go(func() error { return p.alone(inner, "keys", "", p.keyLimits(inner, c)) })
	err := tasks.Wait()
	if err == nil || ctx.Err() != nil || !errors.Is(err, context.Canceled) {
		return err
	}
	return context.Cause(inner)
}

// choose picks the projects that the settings ask for.
func (p *pull) choose(all []project) {
	p.projects = slices.DeleteFunc(all, func(q project) bool { return !p.chooses(q.ID) })
	for _, slug := range p.settings.projects {
		if !p.chosen(slug) {
			m := noProject(slug)
			p.problem(source.Problem{Record: "project " + slug, Path: "$", Message: m.Text, Phrase: m.Phrase})
		}
	}
}

func noProject(slug string) source.Message {
	return source.Message{
		Text:   "project " + strconv.Quote(slug) + " is not there, or the token does not see it",
		Phrase: source.Phrase{ID: "sentry.project", Args: []string{"name", slug}},
	}
}

// storedGroups are those that are known, by id.
func (p *pull) storedGroups(ctx context.Context, from delivery.Instant) (map[string]delivery.ErrorGroup, error) {
	out := map[string]delivery.ErrorGroup{}
	if p.known == nil {
		return out, nil
	}
	query := delivery.ErrorQuery{From: max(from, 0), Connections: []string{p.connection}}
	for g, err := range p.known.ErrorGroups(ctx, query) {
		if err != nil {
			return nil, &storeError{err}
		}
		out[g.ID] = g.ErrorGroup
	}
	return out, nil
}

// projectFacts are the projects with what is known of them, and those that are gone,
// unless the list of them is not whole.
func (p *pull) projectFacts(ctx context.Context, c *collected, whole bool) ([]delivery.ErrorProject, error) {
	var out []delivery.ErrorProject
	for i := range p.projects {
		fact := p.projects[i].ErrorProject
		fact.ToldAt = c.at
		if month, ok := c.month[fact.ID]; ok {
			fact.Month = month
		}
		if keys, ok := c.keys[fact.ID]; ok {
			fact.Keys, fact.KeysAt = keys, c.at
		}
		if p.readWhole(c, &fact) {
			fact.GroupsAt = c.at
		}
		out = append(out, fact)
	}
	if p.known == nil || !whole {
		return out, nil
	}
	stored, err := p.known.ErrorProjects(ctx)
	if err != nil {
		return nil, &storeError{err}
	}
	for _, s := range stored {
		if s.Connection == p.connection && !s.Gone && !p.chosen(s.ID) {
			out = append(out, delivery.ErrorProject{ID: s.ID, Gone: true, ToldAt: c.at})
		}
	}
	return out, nil
}

// readWhole reports whether the young groups of a project were read wherever they are
// asked for.
func (p *pull) readWhole(c *collected, project *delivery.ErrorProject) bool {
	if len(project.Environments) == 0 {
		return c.whole[area{none: true}]
	}
	return !slices.ContainsFunc(project.Environments, func(name string) bool { return p.wants(name) && !c.whole[area{name: name}] })
}

// tellGroups are groups in an order of their own, noted as told.
func (p *pull) tellGroups(groups map[string]delivery.ErrorGroup) []delivery.ErrorGroup {
	var out []delivery.ErrorGroup
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		p.listed[id] = true
		out = append(out, groups[id])
	}
	return out
}

// missingGroups asks for those alone that were young somewhere and are listed no more
// anywhere: they are gone, or were joined to others.
func (p *pull) missingGroups(c *collected) {
	for _, id := range slices.Sorted(maps.Keys(p.stored)) {
		g := p.stored[id]
		if _, listed := c.groups[id]; listed || g.Gone || !p.chooses(g.Project) {
			continue
		}
		if slices.ContainsFunc(g.Environments, func(e delivery.GroupEnvironment) bool { return c.dropped(&e) }) {
			p.cursor.ask(id)
		}
	}
}

// dropped reports whether a group should have been listed in an environment that it
// was seen in, had it not been listed at all.
func (c *collected) dropped(e *delivery.GroupEnvironment) bool {
	return c.whole[area{e.Name, e.None}] && e.FirstSeen > c.at-millis(young-slack)
}
