package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// term is a row of terms.
type term struct{ key, name string }

func readTerms(ctx context.Context, tx *sql.Tx, kind string) (map[int64]term, error) {
	out := map[int64]term{}
	rows, err := tx.QueryContext(ctx, termsOfKindSQL, kind)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id int64
		var t term
		err := rows.Scan(&id, &t.key, &t.name)
		out[id] = t
		return err
	})
	return out, err
}

// Facets counts the values of the issue filters, by key.
func (s *Store) Facets(ctx context.Context) (delivery.Facets, error) {
	var out delivery.Facets
	err := s.read(ctx, func(tx *sql.Tx) error {
		connections, queues, types, resolutions := map[int64]int{}, map[int64]int{}, map[int64]int{}, map[int64]int{}
		err := sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
			connections[row.Int(0)]++
			queues[row.Int(1)]++
			types[row.Int(2)]++
			resolutions[row.Int(3)]++
			return nil
		}, facetsSQL)
		if err != nil {
			return err
		}
		if out.Connections, err = facets(ctx, tx, connectionTerm, connections); err != nil {
			return err
		}
		if out.Queues, err = facets(ctx, tx, queueTerm, queues); err != nil {
			return err
		}
		if out.Types, err = facets(ctx, tx, typeTerm, types); err != nil {
			return err
		}
		out.Resolutions, err = facets(ctx, tx, resolutionTerm, resolutions)
		return err
	})
	if err != nil {
		return delivery.Facets{}, fmt.Errorf("facets: %w", err)
	}
	return out, nil
}

// Queues are the keys of all queues that issues are or were in, in order.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	keys := []string{}
	err := s.read(ctx, func(tx *sql.Tx) error {
		terms, err := readTerms(ctx, tx, queueTerm)
		for _, t := range terms {
			keys = append(keys, t.key)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("queues: %w", err)
	}
	slices.Sort(keys)
	return keys, nil
}

// StatusTypes are the types of a connection's statuses by key.
func (s *Store) StatusTypes(ctx context.Context, connection string) (map[string]string, error) {
	var types map[string]string
	err := s.read(ctx, func(tx *sql.Tx) error {
		known, err := readDictionaries(ctx, tx)
		types = known.Types(connection)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("status types: %w", err)
	}
	return types, nil
}

// facets names counts by term. Issues without a value are not counted: they
// cannot be filtered for.
func facets(ctx context.Context, tx *sql.Tx, kind string, counts map[int64]int) ([]delivery.Facet, error) {
	terms, err := readTerms(ctx, tx, kind)
	if err != nil {
		return nil, err
	}
	var out []delivery.Facet
	for id, n := range counts {
		if t, ok := terms[id]; ok {
			out = append(out, delivery.Facet{Key: t.key, Name: cmp.Or(t.name, t.key), Count: n})
		}
	}
	slices.SortFunc(out, func(a, b delivery.Facet) int { return cmp.Compare(a.Key, b.Key) })
	return out, nil
}
