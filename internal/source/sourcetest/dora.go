package sourcetest

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// doraFacts are what a Memory holds of deployments, by what tells them apart.
type doraFacts struct {
	deployments map[string]delivery.Deployment
	changes     map[string]delivery.Change
	incidents   map[string]delivery.Incident
	tickets     map[string]delivery.Ticket
}

func (f *doraFacts) write(b *delivery.Batch) delivery.Written {
	if f.deployments == nil {
		*f = doraFacts{map[string]delivery.Deployment{}, map[string]delivery.Change{}, map[string]delivery.Incident{}, map[string]delivery.Ticket{}}
	}
	var w delivery.Written
	for _, d := range b.Deployments {
		d.Connection = b.Connection
		w = add(w, put(f.deployments, name(b.Connection, name(d.Repository, name(d.Service, d.ID))), d, delivery.MergeDeployment))
	}
	for _, c := range b.Changes {
		c.Connection = b.Connection
		w = add(w, put(f.changes, name(b.Connection, name(c.Repository, c.ID)), c, delivery.MergeChange))
	}
	for _, i := range b.Incidents {
		i.Connection = b.Connection
		w = add(w, put(f.incidents, name(b.Connection, i.ID), i, delivery.MergeIncident))
	}
	for _, t := range b.Tickets {
		t.Connection = b.Connection
		w = add(w, put(f.tickets, name(b.Connection, t.ID), t, delivery.MergeTicket))
	}
	return w
}

// put stores what merge makes of what is stored and what was said.
func put[T any](facts map[string]T, at string, said T, merge func(stored, said T) T) delivery.Written {
	before, stored := facts[at]
	after := merge(before, said)
	facts[at] = after
	switch {
	case !stored:
		return delivery.Written{Inserted: 1}
	case reflect.DeepEqual(before, after):
		return delivery.Written{Unchanged: 1}
	}
	return delivery.Written{Updated: 1}
}

func sorted[T any](facts map[string]T) []T {
	var out []T
	for _, at := range slices.Sorted(maps.Keys(facts)) {
		out = append(out, facts[at])
	}
	return out
}

// DeploymentsOf is part of source.Known.
func (m *Memory) DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.DeleteFunc(sorted(m.dora.deployments), func(d delivery.Deployment) bool {
		return d.Connection != connection || !strings.EqualFold(d.Repository, repository)
	})
	slices.SortStableFunc(out, func(a, b delivery.Deployment) int {
		return cmp.Or(cmp.Compare(a.FinishedAt, b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, ctx.Err()
}

// DeployedRepositories is part of source.Known.
func (m *Memory) DeployedRepositories(ctx context.Context, connection string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, d := range m.dora.deployments {
		if d.Connection == connection && d.Repository != "" {
			out = append(out, d.Repository)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), ctx.Err()
}

// ChangeStates is part of source.Known.
func (m *Memory) ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]delivery.Instant{}
	for _, c := range m.dora.changes {
		if c.Connection != connection || !strings.EqualFold(c.Repository, repository) || c.Number == 0 {
			continue
		}
		out[c.ID] = c.UpdatedAt
		if c.Commits == nil {
			out[c.ID] = 0
		}
	}
	return out, ctx.Err()
}
