package delivery

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"
)

// DoraMetrics are the slugs of the panels of the five metrics, in their order.
func DoraMetrics() []string {
	return []string{"deployment-frequency", "change-lead-time", "change-fail-rate", "recovery-time", "rework-rate"}
}

// DoraChange compares deployments by the rules in force with deployments by others.
type DoraChange struct {
	// Before and After are the panels of the five metrics by their slugs, without
	// their series.
	Before, After map[string]PanelData
	// Of the successful groups of the range that the query asks for: those that would
	// be among them, those that would not, those that would have failed and those that
	// would not have, and the others whose kind would be another, or that would be one
	// deployment with another.
	Entered, Left, Failed, Mended, Other int
	// Was and Is are the environments that are production, by name, with the number of
	// groups of the range there.
	Was, Is map[string]int
	Items   []DoraFlip // of these, at most MaxFlips, the newest first
}

// DoraFlip is a group that would be something else. Group is as it would be, or as it
// is when it would not be at all.
type DoraFlip struct {
	Group
	Was, Is DoraClass
}

// DoraClass is what a group is by some rules.
type DoraClass struct {
	Counts bool // it is of those that the query asks for
	Kind   DeployKind
	Failed bool
	With   string // the Group that it is a part of, "" when it is one of its own
}

// DoraWhatIf compares what the facts come to by the setup in force, now, with what they
// come to by another one, which differs in rules. Nothing is stored.
func DoraWhatIf(ctx context.Context, s DoraStore, q DoraQuery, now, then DoraSetup) (DoraChange, error) {
	var out DoraChange
	was, is, err := deriveBoth(ctx, s, q.Services, now, then)
	if err != nil {
		return out, err
	}
	parts := []DoraPart{PartGroups, PartChanges, PartUndeployed}
	before, err := LoadDora(ctx, was, q, parts...)
	if err != nil {
		return out, err
	}
	after, err := LoadDora(ctx, is, q, parts...)
	if err != nil {
		return out, err
	}
	if out.Before, err = before.metrics(q); err != nil {
		return out, err
	}
	if out.After, err = after.metrics(q); err != nil {
		return out, err
	}
	out.compare(&q, before.Groups, after.Groups)
	return out, nil
}

func (d *DoraData) metrics(q DoraQuery) (map[string]PanelData, error) {
	out := map[string]PanelData{}
	for _, slug := range DoraMetrics() {
		panel, err := d.Panel(slug, q)
		if err != nil {
			return nil, err
		}
		panel.Series = nil
		out[slug] = panel
	}
	return out, nil
}

// rederived is a store of which some services are derived anew.
type rederived struct {
	DoraStore
	chunks map[string][]DoraChunk // by service
}

// deriveBoth derives those services for which two setups differ, by both: what is
// stored may be of facts before.
func deriveBoth(ctx context.Context, s DoraStore, services []string, now, then DoraSetup) (was, is *rederived, err error) {
	d := Deriver{Store: s}
	if now, _, _, err = d.services(ctx, now); err != nil {
		return nil, nil, err
	}
	then, all, projects, err := d.services(ctx, then)
	if err != nil {
		return nil, nil, err
	}
	var differing []*Service
	for i := range all {
		if slices.Contains(services, all[i].Name) && now.digest(&all[i]) != then.digest(&all[i]) {
			differing = append(differing, &all[i])
		}
	}
	chunks := make([][2][]DoraChunk, len(differing))
	err = atOnce(ctx, len(differing), func(ctx context.Context, i int) error {
		facts, err := d.facts(ctx, differing[i], projects)
		for side, setup := range []*DoraSetup{&now, &then} {
			if err == nil {
				chunks[i][side], err = DeriveService(*differing[i], setup, facts)
			}
		}
		if err != nil {
			return fmt.Errorf("deployments of %s: %w", differing[i].Name, err)
		}
		return nil
	})
	was, is = &rederived{s, map[string][]DoraChunk{}}, &rederived{s, map[string][]DoraChunk{}}
	for i, service := range differing {
		was.chunks[service.Name], is.chunks[service.Name] = chunks[i][0], chunks[i][1]
	}
	return was, is, err
}

// atOnce does each of n pieces of work, as many at a time as there are processors, and
// stops at the first error.
func atOnce(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0), 4) {
		workers.Go(func() {
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// DoraChunks yields chunks of the store, and those derived anew in place of its own;
// they are ordered within a service only.
func (s *rederived) DoraChunks(ctx context.Context, q ChunkQuery) iter.Seq2[DoraChunk, error] {
	return func(yield func(DoraChunk, error) bool) {
		for chunk, err := range s.DoraStore.DoraChunks(ctx, q) {
			if _, instead := s.chunks[chunk.Service]; instead && err == nil {
				continue
			}
			if !yield(chunk, err) {
				return
			}
		}
		for service, chunks := range s.chunks {
			if q.Services != nil && !slices.Contains(q.Services, service) {
				continue
			}
			for i := range chunks {
				if q.wants(&chunks[i]) && !yield(chunks[i], nil) {
					return
				}
			}
		}
	}
}

// wants reports whether a chunk of a service that is asked for is, too.
func (q *ChunkQuery) wants(c *DoraChunk) bool {
	return slices.Contains(q.Parts, c.Part) && (q.Environments == nil || slices.Contains(q.Environments, c.Environment)) &&
		(c.Month == 0 || c.Month >= q.From && c.Month <= q.To)
}

// placed are the groups of one side: by service and deployment, as services may share
// one, and those of the range.
type placed struct {
	of      map[place]*Group
	inRange []*Group
}

type place struct {
	service string
	number  int64
}

func (q *DoraQuery) placed(groups []Group) placed {
	p := placed{of: map[place]*Group{}}
	for i := range groups {
		g := &groups[i]
		for _, number := range g.Deployments {
			p.of[place{g.Service, number}] = g
		}
		if g.Succeeded && q.within(g.FinishedAt) {
			p.inRange = append(p.inRange, g)
		}
	}
	return p
}

// production counts the groups of production by the names of their environments.
func (p *placed) production() map[string]int {
	out := map[string]int{}
	for _, g := range p.inRange {
		if g.Environment == Production {
			for _, name := range g.Names {
				out[name]++
			}
		}
	}
	return out
}

// class is what one side says of a group of either.
func (p *placed) class(of *Group, suspected bool) DoraClass {
	g := p.of[place{of.Service, groupNumber(of.ID)}]
	if g == nil || !g.Succeeded {
		return DoraClass{}
	}
	c := DoraClass{Counts: true, Kind: g.Kind, Failed: g.counts() && g.Failed(suspected)}
	if g.ID != of.ID {
		c.With = g.ID
	}
	return c
}

// compare finds the groups that would be something else.
func (c *DoraChange) compare(q *DoraQuery, before, after []Group) {
	was, is := q.placed(before), q.placed(after)
	c.Was, c.Is = was.production(), is.production()
	seen := map[place]bool{}
	for _, g := range slices.Concat(is.inRange, was.inRange) {
		at := place{g.Service, groupNumber(g.ID)}
		if seen[at] {
			continue
		}
		seen[at] = true
		c.note(DoraFlip{Group: *g, Was: was.class(g, q.Suspected), Is: is.class(g, q.Suspected)})
	}
	slices.SortFunc(c.Items, func(a, b DoraFlip) int {
		return cmp.Or(cmp.Compare(b.FinishedAt, a.FinishedAt), cmp.Compare(a.Service, b.Service), cmp.Compare(a.ID, b.ID))
	})
	c.Items = c.Items[:min(len(c.Items), MaxFlips)]
}

func (c *DoraChange) note(f DoraFlip) {
	switch {
	case f.Was == f.Is:
		return
	case !f.Was.Counts:
		c.Entered++
	case !f.Is.Counts:
		c.Left++
	case f.Is.With != f.Was.With:
		c.Other++ // whether it failed was another's, or would be
	case f.Is.Failed && !f.Was.Failed:
		c.Failed++
	case f.Was.Failed && !f.Is.Failed:
		c.Mended++
	default:
		c.Other++
	}
	c.Items = append(c.Items, f)
}
