package clickhousestore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Facets counts the values of the issue filters, by key.
func (s *Store) Facets(ctx context.Context) (delivery.Facets, error) {
	var out delivery.Facets
	err := s.read(ctx, func(st *state) error {
		connections, queues, types, resolutions := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
		err := scanRows(ctx, s.conn, s.sql("facets", nil), func(rows driver.Rows) error {
			var connection, queue, typ, resolution string
			var n uint64
			err := rows.Scan(&connection, &queue, &typ, &resolution, &n)
			connections[connection] += int(n)
			queues[queue] += int(n)
			types[typ] += int(n)
			resolutions[resolution] += int(n)
			return err
		}, clickhouse.Named("generation", st.current().id))
		out = delivery.Facets{
			Connections: facets(connections, nil),
			Queues:      facets(queues, st.names(queueTerm)),
			Types:       facets(types, st.names(typeTerm)),
			Resolutions: facets(resolutions, st.names(resolutionTerm)),
		}
		return err
	})
	if err != nil {
		return delivery.Facets{}, fmt.Errorf("facets: %w", err)
	}
	return out, nil
}

// facets names counts. Issues without a value are not counted: they cannot be
// filtered for.
func facets(counts map[string]int, names map[string]string) []delivery.Facet {
	var out []delivery.Facet
	for key, n := range counts {
		if key != "" {
			out = append(out, delivery.Facet{Key: key, Name: cmp.Or(names[key], key), Count: n})
		}
	}
	slices.SortFunc(out, func(a, b delivery.Facet) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// Queues are the keys of all queues that issues are or were in, in order.
func (s *Store) Queues(ctx context.Context) ([]string, error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("queues: %w", err)
	}
	keys := []string{}
	for key := range st.names(queueTerm) {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys, nil
}

// StatusTypes are the types of a connection's statuses by key.
func (s *Store) StatusTypes(ctx context.Context, connection string) (map[string]string, error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("status types: %w", err)
	}
	return st.known.Types(connection), nil
}
