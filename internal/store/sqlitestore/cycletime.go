package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sort"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// CycleTime measures the issues closed in the query's range.
func (s *Store) CycleTime(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTime, error) {
	if q.Supposed != nil || !s.held.disabled() {
		return delivery.CycleTimeOf(ctx, s, q)
	}
	var out delivery.CycleTime
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		type mark struct {
			id       int64
			closedAt delivery.Instant
		}
		var marks []mark
		var seconds []int64
		out.Sample, err = finished(ctx, tx, &q, func(i delivery.FinishedIssue, s int64) {
			marks, seconds = append(marks, mark{i.ID, i.ClosedAt}), append(seconds, s)
		}, nil)
		if err != nil {
			return err
		}
		out.Points = make([]delivery.CycleTimePoint, len(marks))
		for i, m := range marks {
			out.Points[i] = delivery.CycleTimePoint{ID: m.id, ClosedAt: m.closedAt, Seconds: seconds[i]}
		}
		out.Percentiles = delivery.PercentilesOf(seconds)
		out.Points = delivery.ThinPoints(out.Points, out.P95, delivery.MaxPoints)
		return namePoints(ctx, tx, out.Points)
	})
	if err != nil {
		return delivery.CycleTime{}, fmt.Errorf("cycle time: %w", err)
	}
	return out, nil
}

// CycleTimeTrend measures the issues closed in the query's range per bucket.
func (s *Store) CycleTimeTrend(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTimeTrend, error) {
	if q.Supposed != nil || !s.held.disabled() {
		return delivery.CycleTimeTrendOf(ctx, s, q)
	}
	var out delivery.CycleTimeTrend
	buckets := delivery.Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now)
	seconds := make([][]int64, len(buckets))
	err := s.read(ctx, func(tx *sql.Tx) (err error) {
		out.Sample, err = finished(ctx, tx, &q, func(i delivery.FinishedIssue, s int64) {
			b := sort.Search(len(buckets), func(b int) bool { return buckets[b].End > i.ClosedAt })
			seconds[b] = append(seconds[b], s)
		}, nil)
		return err
	})
	if err != nil {
		return delivery.CycleTimeTrend{}, fmt.Errorf("cycle time trend: %w", err)
	}
	out.Percentiles = delivery.PercentilesOf(slices.Concat(seconds...))
	for i, b := range buckets {
		out.Buckets = append(out.Buckets, delivery.TrendBucket{Bucket: b, Percentiles: delivery.PercentilesOf(seconds[i])})
	}
	return out, nil
}

// finished calls keep for the issues that count and left for those left out, in
// no order.
func finished(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery,
	keep func(delivery.FinishedIssue, int64), left func(delivery.FinishedIssue, string),
) (delivery.Sample, error) {
	q, err := inForce(ctx, tx, q)
	if err != nil {
		return delivery.Sample{}, err
	}
	resolutions, err := readTerms(ctx, tx, resolutionTerm)
	if err != nil {
		return delivery.Sample{}, err
	}
	var queues map[int64]term
	if q.ByQueue() {
		if queues, err = readTerms(ctx, tx, queueTerm); err != nil {
			return delivery.Sample{}, err
		}
	}
	sample := q.CycleTimes(func(yield func(delivery.FinishedIssue) bool) {
		err = sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
			issue := delivery.FinishedIssue{
				ID: row.Int(0), Resolution: resolutions[row.Int(1)].key,
				FirstActiveAt: delivery.Instant(row.Int(2)), ClosedAt: delivery.Instant(row.Int(3)),
			}
			if queues != nil {
				issue.Queue = queues[row.Int(4)].key
			}
			if !yield(issue) {
				return errStop
			}
			return nil
		}, finishedSQL, append(filterArgs(&q.Filter), ms(q.From), ms(q.To))...)
	}, keep, left)
	return sample, err
}

// inForce is q with the resolutions left out by the workflow that answers come
// from: while another one is being worked in, numbers must not be by both.
func inForce(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery) (*delivery.FlowQuery, error) {
	var generations []*generation
	rows, err := tx.QueryContext(ctx, generationsSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		g, err := scanGeneration(rows.Scan)
		generations = append(generations, g)
		return err
	})
	if err != nil || len(generations) < 2 || q.Workflows == nil {
		return q, err
	}
	former := *q
	former.Workflows = &generations[0].Workflows
	return &former, nil
}

// namePoints adds what a mark says of its issue.
func namePoints(ctx context.Context, tx *sql.Tx, points []delivery.CycleTimePoint) error {
	byID := make(map[int64]*delivery.CycleTimePoint, len(points))
	ids := make([]int64, len(points))
	for i := range points {
		ids[i] = points[i].ID
		byID[ids[i]] = &points[i]
	}
	slices.Sort(ids)
	rows, err := tx.QueryContext(ctx, pointsSQL, jsonList(ids))
	return each(rows, err, func(rows *sql.Rows) error {
		var pk int64
		var p delivery.CycleTimePoint
		if err := rows.Scan(&pk, &p.Key, &p.Title, &p.TypeKey, &p.Type); err != nil {
			return err
		}
		named := byID[pk]
		named.Key, named.Title, named.TypeKey, named.Type = p.Key, p.Title, p.TypeKey, p.Type
		return nil
	})
}
