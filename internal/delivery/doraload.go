package delivery

import (
	"context"
	"iter"
	"slices"
	"strings"
)

// DoraParts are the parts that a panel is made from.
func DoraParts(slug string) []DoraPart {
	switch slug {
	case "change-lead-time":
		return []DoraPart{PartChanges, PartUndeployed}
	case "lead-time-stages":
		return []DoraPart{PartChanges}
	case "incidents":
		return []DoraPart{PartIncidents}
	}
	return []DoraPart{PartGroups}
}

// groupFilter is what a query wants of groups, besides their class.
type groupFilter struct {
	environments []string // in lower case
	connections  []string
	groups       map[string]bool // of those that pass, nil for all
}

// passes reports whether a query wants a group of a class.
func (f *groupFilter) passes(g *Group) bool {
	if len(f.connections) > 0 && !slices.ContainsFunc(g.Connections, func(c string) bool { return slices.Contains(f.connections, c) }) {
		return false
	}
	if len(f.environments) == 0 || slices.Contains(f.environments, g.Environment) {
		return true
	}
	return slices.ContainsFunc(g.Names, func(name string) bool { return slices.Contains(f.environments, strings.ToLower(name)) })
}

// first is when what a query wants was first deployed to, by when classes were. A
// name that is no class may be one of production's.
func (f *groupFilter) first(classes map[string]Instant) Instant {
	var out Instant
	for class, at := range classes {
		if len(f.environments) == 0 || slices.Contains(f.environments, class) {
			out = earliest(out, at)
		}
	}
	for _, name := range f.environments {
		if _, ok := classes[name]; !ok {
			out = earliest(out, classes[Production])
		}
	}
	return out
}

// LoadDora reads what a query needs of the parts: of the query's services, over its
// range. Without environments it is production.
func LoadDora(ctx context.Context, s DoraStore, q DoraQuery, parts ...DoraPart) (*DoraData, error) {
	d := &DoraData{Services: q.Services, Watched: map[string]bool{}, Firsts: map[string]Instant{}, Linked: map[int64]bool{}, seen: map[int64]bool{}}
	chunkQuery := ChunkQuery{Services: q.Services, Parts: slices.Clone(parts), From: MonthOf(q.From), To: MonthOf(q.To - 1)}
	if len(q.Teams) == 0 && len(q.Filter.Services) == 0 {
		chunkQuery.Services = nil // the incidents of no service too
	} else if len(q.Services) == 0 {
		return d, nil
	}
	d.pass.connections = q.Connections
	for _, name := range q.Environments {
		d.pass.environments = append(d.pass.environments, strings.ToLower(name))
	}
	chunkQuery.Environments = append([]string{""}, d.pass.environments...)
	byName := slices.ContainsFunc(d.pass.environments, func(name string) bool { return name != Production })
	if byName || len(d.pass.environments) == 0 {
		chunkQuery.Environments = append(chunkQuery.Environments, Production)
	}
	if len(d.pass.connections) > 0 || byName {
		d.pass.groups = map[string]bool{}
		if !slices.Contains(parts, PartGroups) {
			chunkQuery.Parts = append(chunkQuery.Parts, PartGroups)
		}
	}
	for chunk, err := range s.DoraChunks(ctx, chunkQuery) {
		if err != nil {
			return nil, err
		}
		// Incidents are of no environment; what else is of none is unspecified.
		if chunk.Environment == "" && chunk.Part != PartIncidents && !slices.Contains(d.pass.environments, "") {
			continue
		}
		if err := d.AddChunk(chunk); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// AddChunk decodes a chunk into data.
func (d *DoraData) AddChunk(ch DoraChunk) error {
	switch {
	case ch.Part == PartGroups && ch.Month == 0:
		return decodeRows(&ch, (*classNote).code, func(n *classNote) bool {
			if ch.Environment == Production {
				d.Watched[ch.Service] = n.Watched
				if d.Firsts != nil && n.First.Known() {
					d.Firsts[ch.Service] = n.First
				}
			}
			if d.firsts == nil {
				d.firsts = map[string]Instant{}
			}
			d.firsts[ch.Environment] = earliest(d.firsts[ch.Environment], n.First)
			d.First = d.pass.first(d.firsts)
			return true
		})
	case ch.Part == PartGroups:
		return decodeRows(&ch, (*Group).code, func(g *Group) bool {
			row := *g
			row.Deployments, row.Names, row.Connections = slices.Clone(g.Deployments), slices.Clone(g.Names), slices.Clone(g.Connections)
			row.Evidence = slices.Clone(g.Evidence)
			row.Service, row.Environment = ch.Service, ch.Environment
			if d.pass.passes(&row) {
				d.Groups = append(d.Groups, row)
				if d.pass.groups != nil {
					d.pass.groups[row.Service+" "+row.ID] = true
				}
			}
			return true
		})
	case ch.Part == PartChanges:
		d.changes = append(d.changes, ch)
		return nil
	case ch.Part == PartUndeployed:
		return decodeRows(&ch, (*WaitingChange).code, func(w *WaitingChange) bool {
			row := *w
			row.Service = ch.Service
			d.Waiting = append(d.Waiting, row)
			return true
		})
	}
	return decodeRows(&ch, (*LinkedIncident).code, func(i *LinkedIncident) bool {
		if d.Linked != nil && i.Group != "" {
			d.Linked[i.Seq] = true
		}
		if d.seen[i.Seq] || !i.Own {
			return true
		}
		d.seen[i.Seq] = true
		row := *i
		row.Service = ch.Service
		if len(d.pass.connections) == 0 || slices.Contains(d.pass.connections, row.Connection) {
			d.Incidents = append(d.Incidents, row)
		}
		return true
	})
}

// Changes are those deployed, in no order. A row is good until the next one.
func (d *DoraData) Changes() iter.Seq2[*DeployedChange, error] {
	return func(yield func(*DeployedChange, error) bool) {
		for i := range d.changes {
			ch := &d.changes[i]
			stopped := false
			err := decodeRows(ch, (*DeployedChange).code, func(c *DeployedChange) bool {
				if d.pass.groups != nil && !d.pass.groups[ch.Service+" "+c.Group] {
					return true
				}
				c.Service, c.Environment = ch.Service, ch.Environment
				stopped = !yield(c, nil)
				return !stopped
			})
			if stopped || err != nil && !yield(nil, err) {
				return
			}
		}
	}
}

// Failed are the groups of the query with evidence, newest first, also those whose
// evidence was rejected.
func (d *DoraData) Failed(q DoraQuery) []Group {
	var out []Group
	for i := range d.Groups {
		g := &d.Groups[i]
		if g.counts() && q.within(g.FinishedAt) && len(g.Evidence) > 0 {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(a, b Group) int { return compareAt(b.FinishedAt, a.FinishedAt, b.ID, a.ID) })
	return out
}

func (q *DoraQuery) within(at Instant) bool { return at >= q.From && at < q.To && at != 0 }
