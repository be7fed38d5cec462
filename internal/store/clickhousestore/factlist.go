package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// askedFacts is what the statements on facts are made from. Values are bound by
// name.
type askedFacts struct {
	Connections, Narrowed, Repositories, Services, Projects, Environments, ErrorProjects bool
	Merged, Present                                                                      bool
	Limit                                                                                int

	args []any
}

func (a *askedFacts) bind(name string, value any) {
	a.args = append(a.args, clickhouse.Named(name, value))
}

// bindList binds values and reports whether there are any.
func (a *askedFacts) bindList(name string, values []string) bool {
	a.bind(name, values)
	return len(values) > 0
}

func askFacts(q *delivery.DoraListQuery) *askedFacts {
	a := &askedFacts{Limit: q.Limit, Merged: q.Merged, Narrowed: q.Keys != nil || len(q.Projects) > 0}
	to := q.To
	if to == 0 {
		to = forever
	}
	a.bind("from", int64(q.From))
	a.bind("to", int64(to))
	a.Connections = a.bindList("connections", q.Connections)
	a.Projects = a.bindList("projects", q.Projects)
	a.Environments = a.bindList("environments", delivery.Keys(q.Environments))
	if q.Keys != nil {
		a.keys(*q.Keys)
	}
	return a
}

func (a *askedFacts) keys(keys delivery.ServiceKeys) {
	a.Repositories = a.bindList("repositories", delivery.Keys(keys.Repositories))
	a.Services = a.bindList("services", delivery.Keys(keys.Services))
	a.ErrorProjects = a.bindList("error_projects", keys.ErrorProjects)
}

// ServiceFacts are all facts of keys.
func (s *Store) ServiceFacts(ctx context.Context, keys delivery.ServiceKeys) (delivery.ServiceFacts, error) {
	var out delivery.ServiceFacts
	err := s.read(ctx, func(*state) error {
		a := &askedFacts{}
		a.keys(keys)
		return s.scanFacts(ctx, s.sql("service_facts", a), out.Add, a.args...)
	})
	if err != nil {
		return delivery.ServiceFacts{}, fmt.Errorf("facts of services: %w", err)
	}
	return out, nil
}

// factsOf yields the facts of a kind that a query asks for.
func factsOf[T any](ctx context.Context, s *Store, kind delivery.FactKind, q *delivery.DoraListQuery, read func(*delivery.FactRow) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := s.read(ctx, func(*state) error {
			before := delivery.Cursor{At: forever, Number: math.MaxInt64}
			if q.After != "" {
				var err error
				if before, err = delivery.ParseCursor(q.After); err != nil {
					return err
				}
			}
			a := askFacts(q)
			a.Present = kind.Leaves()
			a.Merged = a.Merged && kind == delivery.ChangeFact
			a.bind("kind", string(kind))
			a.bind("before_at", int64(before.At))
			a.bind("before_number", before.Number)
			return s.scanFacts(ctx, s.sql("facts", a), func(r *delivery.FactRow) error {
				fact, err := read(r)
				if err == nil && !yield(fact, nil) {
					return errStop
				}
				return err
			}, a.args...)
		})
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, fmt.Errorf("%ss: %w", kind, err))
		}
	}
}

// Deployments lists deployments, newest first.
func (s *Store) Deployments(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedDeployment, error] {
	return factsOf(ctx, s, delivery.DeploymentFact, &q, (*delivery.FactRow).ListedDeployment)
}

// Changes lists changes, newest first.
func (s *Store) Changes(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedChange, error] {
	return factsOf(ctx, s, delivery.ChangeFact, &q, (*delivery.FactRow).ListedChange)
}

// Incidents lists incidents that are not gone, newest first.
func (s *Store) Incidents(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error] {
	return factsOf(ctx, s, delivery.IncidentFact, &q, (*delivery.FactRow).ListedIncident)
}

// Tickets are those created or closed in the range.
func (s *Store) Tickets(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error] {
	return func(yield func(delivery.Ticket, error) bool) {
		q.From = max(q.From, 1)
		err := s.read(ctx, func(*state) error {
			a := askFacts(&q)
			return s.scanFacts(ctx, s.sql("tickets", a), func(r *delivery.FactRow) error {
				t, err := r.Ticket()
				if err == nil && !yield(t, nil) {
					return errStop
				}
				return err
			}, a.args...)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.Ticket{}, fmt.Errorf("tickets: %w", err))
		}
	}
}

// fact is the one of a number and kind; ErrNotFound.
func (s *Store) fact(ctx context.Context, kind delivery.FactKind, number int64) (*delivery.FactRow, error) {
	var found *delivery.FactRow
	err := s.read(ctx, func(*state) error {
		err := s.scanFacts(ctx, s.sql("fact_of_kind", nil), func(r *delivery.FactRow) error {
			found = r
			return nil
		}, clickhouse.Named("kind", string(kind)), clickhouse.Named("number", number))
		if err == nil && found == nil {
			err = delivery.ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s %d: %w", kind, number, err)
	}
	return found, nil
}

// Deployment is the one of a number.
func (s *Store) Deployment(ctx context.Context, seq int64) (delivery.ListedDeployment, error) {
	r, err := s.fact(ctx, delivery.DeploymentFact, seq)
	if err != nil {
		return delivery.ListedDeployment{}, err
	}
	return r.ListedDeployment()
}

// Incident is the one of a number.
func (s *Store) Incident(ctx context.Context, seq int64) (delivery.ListedIncident, error) {
	r, err := s.fact(ctx, delivery.IncidentFact, seq)
	if err != nil {
		return delivery.ListedIncident{}, err
	}
	return r.ListedIncident()
}

// DoraFacets counts the values found in the facts, by key.
func (s *Store) DoraFacets(ctx context.Context) (delivery.DoraFacets, error) {
	var out delivery.DoraFacets
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("dora_facets", nil), func(rows driver.Rows) error {
			var kind string
			var f delivery.Facet
			var n uint64
			err := rows.Scan(&kind, &f.Key, &n)
			f.Count = int(n)
			out.Add(kind, f)
			return err
		})
	})
	if err != nil {
		return delivery.DoraFacets{}, fmt.Errorf("facets of deployments: %w", err)
	}
	out.Sort()
	return out, nil
}

// DeploymentsOf are those of a connection's repository, without the commits of their
// ranges.
func (s *Store) DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error) {
	var out []delivery.Deployment
	err := s.read(ctx, func(*state) error {
		return s.scanFacts(ctx, s.sql("repository_facts", nil), func(r *delivery.FactRow) error {
			d, err := r.Deployment()
			if d.Range != nil {
				d.Range.Commits = nil
			}
			out = append(out, d)
			return err
		}, clickhouse.Named("kind", string(delivery.DeploymentFact)), clickhouse.Named("repository", delivery.Key(repository)),
			clickhouse.Named("connection", connection))
	})
	if err != nil {
		return nil, fmt.Errorf("deployments of %s: %w", repository, err)
	}
	return out, nil
}

// DeployedRepositories are those of a connection that deployments were told of.
func (s *Store) DeployedRepositories(ctx context.Context, connection string) ([]string, error) {
	var out []string
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("deployed_repositories", nil), func(rows driver.Rows) error {
			var name string
			err := rows.Scan(&name)
			out = append(out, name)
			return err
		}, clickhouse.Named("connection", connection))
	})
	if err != nil {
		return nil, fmt.Errorf("deployed repositories: %w", err)
	}
	return out, nil
}

// ChangeStates are the states of the changes of a repository, by ID.
func (s *Store) ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error) {
	out := map[string]delivery.Instant{}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("change_states", nil), func(rows driver.Rows) error {
			var id string
			var at int64
			err := rows.Scan(&id, &at)
			out[id] = delivery.Instant(at)
			return err
		}, clickhouse.Named("connection", connection), clickhouse.Named("repository", delivery.Key(repository)))
	})
	if err != nil {
		return nil, fmt.Errorf("changes of %s: %w", repository, err)
	}
	return out, nil
}

// exportFacts reads the next facts of one connection behind a place, and returns
// where it stopped.
func (s *Store) exportFacts(ctx context.Context, last delivery.Exported, limit int64, b *delivery.Batch) (delivery.Exported, error) {
	size, next := 0, delivery.Exported{}
	err := s.scanFacts(ctx, s.sql("export_facts", nil), func(r *delivery.FactRow) error {
		if next.Facts && r.Connection != b.Connection || size >= delivery.ExportBytes {
			return errStop
		}
		b.Connection, next = r.Connection, delivery.Exported{Facts: true, Connection: r.Connection, Number: r.Number}
		size += len(r.Body)
		return b.AddFact(r)
	}, clickhouse.Named("connection", last.Connection), clickhouse.Named("number", last.Number), clickhouse.Named("limit", limit))
	if errors.Is(err, errStop) {
		err = nil
	}
	return next, err
}
