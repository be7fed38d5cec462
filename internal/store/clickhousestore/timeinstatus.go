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
	if q.Supposed != nil {
		return delivery.TimeInStatusOf(ctx, s, q)
	}
	out := delivery.TimeInStatus{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	known := q.KnownTo(q.Now)
	err := s.read(ctx, func(st *state) error {
		a, err := s.ask(ctx, st, &q)
		if err != nil || known <= q.From {
			return err
		}
		meaning := st.meaning()
		return scanRows(ctx, s.conn, s.sql("time_in_status", a), func(rows driver.Rows) error {
			var status string
			var quantiles []float64
			var connections, queues []string
			var counts []uint64
			var began uint64
			if err := rows.Scan(&status, &quantiles, &connections, &queues, &counts, &began); err != nil {
				return err
			}
			out.N += int(began)
			n, places := uint64(0), map[delivery.Place]int{}
			for i, count := range counts {
				n += count
				places[delivery.Place{Connection: connections[i], Queue: queues[i]}] = int(count)
			}
			named := delivery.NameStatus(status, st.name(statusTerm, status), delivery.Home(places), st.known, meaning, known-1)
			named.Percentiles = percentiles(n, quantiles)
			out.Statuses = append(out.Statuses, named)
			return nil
		}, a.args...)
	})
	if err != nil {
		return delivery.TimeInStatus{}, fmt.Errorf("time in status: %w", err)
	}
	delivery.SortStatuses(out.Statuses)
	return out, nil
}
