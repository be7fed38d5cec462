package sourcetest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"throughline/internal/delivery"
)

// writeErrors stores what a batch says of errors.
func (m *Memory) writeErrors(b *delivery.Batch) (w delivery.Written) {
	if m.errors == nil {
		m.errors = map[int64]delivery.FactRow{}
	}
	only := delivery.Batch{
		Connection: b.Connection, ErrorGroups: b.ErrorGroups, ErrorProjects: b.ErrorProjects,
		EventDays: b.EventDays, SessionDays: b.SessionDays, Releases: b.Releases,
	}
	said, err := only.Facts()
	must(err)
	for i := range said {
		var stored *delivery.FactRow
		before, found := m.errors[said[i].Number]
		if found {
			stored = &before
		}
		row, err := said[i].Merge(stored)
		must(err)
		m.errors[said[i].Number] = row
		switch {
		case !found:
			w.Inserted++
		case row == before:
			w.Unchanged++
		default:
			w.Updated++
		}
	}
	return w
}

// must stops a test that a source made facts for that no store takes.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("facts that no store takes: %v", err))
	}
}

// errorFacts are those of errors without when they were told, which depends on when
// they were asked for.
func (m *Memory) errorFacts(f *Facts) {
	all := m.errorBatch()
	for i := range all.ErrorGroups {
		g := &all.ErrorGroups[i]
		g.ToldAt = 0
		for e := range g.Environments {
			g.Environments[e].ToldAt = 0
		}
		for s := range g.States {
			if g.States[s].Before {
				g.States[s].At = 0
			}
		}
	}
	for i := range all.ErrorProjects {
		p := &all.ErrorProjects[i]
		p.ToldAt, p.KeysAt, p.GroupsAt, p.Month.At = 0, 0, 0, 0
	}
	for i := range all.EventDays {
		all.EventDays[i].ToldAt = 0
	}
	for i := range all.SessionDays {
		all.SessionDays[i].ToldAt = 0
	}
	for i := range all.Releases {
		all.Releases[i].ToldAt = 0
		if h := all.Releases[i].Health; h != nil {
			h.At = 0
		}
	}
	f.ErrorGroups, f.ErrorProjects, f.EventDays = all.ErrorGroups, all.ErrorProjects, all.EventDays
	f.SessionDays, f.Releases = all.SessionDays, all.Releases
}

// errorBatch is all that is stored of errors, by number.
func (m *Memory) errorBatch() (b delivery.Batch) {
	for _, number := range slices.Sorted(maps.Keys(m.errors)) {
		row := m.errors[number]
		must(b.AddFact(&row))
	}
	return b
}

// ErrorGroups is part of source.Known. Of a query it heeds the connections and the
// range.
func (m *Memory) ErrorGroups(ctx context.Context, q delivery.ErrorQuery) iter.Seq2[delivery.ListedErrorGroup, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.DeleteFunc(m.errorBatch().ErrorGroups, func(g delivery.ErrorGroup) bool {
		return g.Gone || len(q.Connections) > 0 && !slices.Contains(q.Connections, g.Connection) || g.FirstSeen < q.From || q.To != 0 && g.FirstSeen >= q.To
	})
	slices.SortStableFunc(out, func(a, b delivery.ErrorGroup) int { return cmp.Compare(b.FirstSeen, a.FirstSeen) })
	return func(yield func(delivery.ListedErrorGroup, error) bool) {
		for _, g := range out {
			if !yield(delivery.ListedErrorGroup{ErrorGroup: g, Seq: g.Number()}, ctx.Err()) {
				return
			}
		}
	}
}

// ErrorProjects is part of source.Known.
func (m *Memory) ErrorProjects(ctx context.Context) ([]delivery.ErrorProject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.errorBatch().ErrorProjects
	slices.SortFunc(out, delivery.CompareErrorProjects)
	return out, ctx.Err()
}
