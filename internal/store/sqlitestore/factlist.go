package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"

	"throughline/internal/delivery"
)

// ServiceFacts are all facts of keys.
func (s *Store) ServiceFacts(ctx context.Context, keys delivery.ServiceKeys) (delivery.ServiceFacts, error) {
	var out delivery.ServiceFacts
	err := s.read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, serviceFactsSQL,
			jsonList(delivery.Keys(keys.Repositories)), jsonList(delivery.Keys(keys.Services)), jsonList(keys.ErrorProjects))
		return eachFact(rows, err, out.Add)
	})
	if err != nil {
		return delivery.ServiceFacts{}, fmt.Errorf("facts of services: %w", err)
	}
	return out, nil
}

// listFacts binds ?1 to ?13 of factsSQL; flag is 0 or 1, or nil for both.
func listFacts(kind delivery.FactKind, q *delivery.DoraListQuery, flag any) ([]any, error) {
	before := delivery.Cursor{At: forever, Number: math.MaxInt64}
	if q.After != "" {
		var err error
		if before, err = delivery.ParseCursor(q.After); err != nil {
			return nil, err
		}
	}
	to, limit := q.To, q.Limit
	if to == 0 {
		to = forever
	}
	if limit <= 0 {
		limit = -1
	}
	var repositories, services any
	if q.Keys != nil {
		repositories, services = jsonList(delivery.Keys(q.Keys.Repositories)), jsonList(delivery.Keys(q.Keys.Services))
	}
	return []any{
		kind, ms(q.From), ms(to), ms(before.At), before.Number, jsonList(q.Connections),
		q.Keys == nil && len(q.Projects) == 0, repositories, services, jsonList(q.Projects), jsonList(delivery.Keys(q.Environments)), flag, limit,
	}, nil
}

// factsOf yields the facts of a kind that a query asks for.
func factsOf[T any](ctx context.Context, s *Store, kind delivery.FactKind, q *delivery.DoraListQuery, flag any, read func(*delivery.FactRow) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		args, err := listFacts(kind, q, flag)
		if err == nil {
			err = s.read(ctx, func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, factsSQL, args...)
				return eachFact(rows, err, func(r *delivery.FactRow) error {
					fact, err := read(r)
					if err == nil && !yield(fact, nil) {
						return errStop
					}
					return err
				})
			})
		}
		if err != nil && !errors.Is(err, errStop) {
			var none T
			yield(none, fmt.Errorf("%ss: %w", kind, err))
		}
	}
}

// Deployments lists deployments, newest first.
func (s *Store) Deployments(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedDeployment, error] {
	return factsOf(ctx, s, delivery.DeploymentFact, &q, nil, (*delivery.FactRow).ListedDeployment)
}

// Changes lists changes, newest first.
func (s *Store) Changes(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedChange, error] {
	var merged any
	if q.Merged {
		merged = 1
	}
	return factsOf(ctx, s, delivery.ChangeFact, &q, merged, (*delivery.FactRow).ListedChange)
}

// Incidents lists incidents that are not gone, newest first.
func (s *Store) Incidents(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error] {
	return factsOf(ctx, s, delivery.IncidentFact, &q, 0, (*delivery.FactRow).ListedIncident)
}

// Tickets are those created or closed in the range.
func (s *Store) Tickets(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error] {
	return func(yield func(delivery.Ticket, error) bool) {
		to, limit := q.To, q.Limit
		if to == 0 {
			to = forever
		}
		if limit <= 0 {
			limit = -1
		}
		rows, err := s.db.Reader.QueryContext(ctx, ticketsSQL, ms(max(q.From, 1)), ms(to), jsonList(q.Connections), jsonList(q.Projects), limit)
		err = eachFact(rows, err, func(r *delivery.FactRow) error {
			t, err := r.Ticket()
			if err == nil && !yield(t, nil) {
				return errStop
			}
			return err
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.Ticket{}, fmt.Errorf("tickets: %w", err))
		}
	}
}

// fact is the one of a number and kind; ErrNotFound.
func (s *Store) fact(ctx context.Context, kind delivery.FactKind, number int64) (*delivery.FactRow, error) {
	var found *delivery.FactRow
	rows, err := s.db.Reader.QueryContext(ctx, factSQL, number)
	err = eachFact(rows, err, func(r *delivery.FactRow) error {
		if r.Kind == kind {
			found = r
		}
		return nil
	})
	if err == nil && found == nil {
		err = delivery.ErrNotFound
	}
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
	rows, err := s.db.Reader.QueryContext(ctx, doraFacetsSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var kind string
		var f delivery.Facet
		err := rows.Scan(&kind, &f.Key, &f.Count)
		out.Add(kind, f)
		return err
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
	rows, err := s.db.Reader.QueryContext(ctx, repositoryFactsSQL, delivery.DeploymentFact, delivery.Key(repository), connection)
	err = eachFact(rows, err, func(r *delivery.FactRow) error {
		d, err := r.Deployment()
		if d.Range != nil {
			d.Range.Commits = nil
		}
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("deployments of %s: %w", repository, err)
	}
	return out, nil
}

// DeployedRepositories are those of a connection that deployments were told of.
func (s *Store) DeployedRepositories(ctx context.Context, connection string) ([]string, error) {
	var out []string
	rows, err := s.db.Reader.QueryContext(ctx, deployedRepositoriesSQL, connection)
	err = each(rows, err, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		out = append(out, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("deployed repositories: %w", err)
	}
	return out, nil
}

// ChangeStates are the states of the changes of a repository, by ID.
func (s *Store) ChangeStates(ctx context.Context, connection, repository string) (map[string]delivery.Instant, error) {
	out := map[string]delivery.Instant{}
	rows, err := s.db.Reader.QueryContext(ctx, changeStatesSQL, connection, delivery.Key(repository))
	err = each(rows, err, func(rows *sql.Rows) error {
		var id string
		var at delivery.Instant
		err := rows.Scan(&id, &at)
		out[id] = at
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("changes of %s: %w", repository, err)
	}
	return out, nil
}

// exportFacts reads the next facts of one connection behind a place, and where it
// stopped.
func exportFacts(ctx context.Context, tx *sql.Tx, last delivery.Exported, limit int, b *delivery.Batch) (delivery.Exported, error) {
	size, next := 0, delivery.Exported{}
	rows, err := tx.QueryContext(ctx, exportFactsSQL, last.Connection, last.Number, limit)
	err = eachFact(rows, err, func(r *delivery.FactRow) error {
		if next.Facts && r.Connection != b.Connection || size >= delivery.ExportBytes {
			return errStop
		}
		b.Connection, next = r.Connection, delivery.Exported{Facts: true, Connection: r.Connection, Number: r.Number}
		size += len(r.Body)
		return b.AddFact(r)
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return next, err
}
