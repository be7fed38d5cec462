package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// TimeInStatus measures the stays of issues that were open at some time in the
// query's range.
func (s *Store) TimeInStatus(ctx context.Context, q delivery.FlowQuery) (delivery.TimeInStatus, error) {
	out := delivery.TimeInStatus{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	type sums struct {
		percentiles delivery.Percentiles
		places      map[delivery.Place]int
	}
	statuses := map[string]*sums{}
	known := q.KnownTo(q.Now)
	err := s.read(ctx, func(st *state) error {
		a, err := s.ask(ctx, st, &q)
		if err != nil || known <= q.From {
			return err
		}
		var n uint64
		if err := s.conn.QueryRow(ctx, s.sql("opened_count", a), a.args...).Scan(&n); err != nil {
			return err
		}
		out.N = int(n)
		err = scanRows(ctx, s.conn, s.sql("time_in_status", a), func(rows driver.Rows) error {
			var whole bool
			var status string
			var at delivery.Place
			var n uint64
			var quantiles []float64
			if err := rows.Scan(&whole, &status, &at.Connection, &at.Queue, &n, &quantiles); err != nil {
				return err
			}
			if statuses[status] == nil {
				statuses[status] = &sums{places: map[delivery.Place]int{}}
			}
			if whole {
				statuses[status].percentiles = percentiles(n, quantiles)
			} else {
				statuses[status].places[at] = int(n)
			}
			return nil
		}, a.args...)
		meaning := st.meaning()
		for key, sum := range statuses {
			named := delivery.NameStatus(key, st.name(statusTerm, key), delivery.Home(sum.places), st.known, meaning, known-1)
			named.Percentiles = sum.percentiles
			out.Statuses = append(out.Statuses, named)
		}
		return err
	})
	if err != nil {
		return delivery.TimeInStatus{}, fmt.Errorf("time in status: %w", err)
	}
	delivery.SortStatuses(out.Statuses)
	return out, nil
}
