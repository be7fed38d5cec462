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

// RunDurations measures the runs that were created in the query's range.
func (s *Store) RunDurations(ctx context.Context, q delivery.RunQuery, m delivery.RunMeasure) (delivery.RunDurations, error) {
	out := delivery.RunDurations{Sample: runSample(&q)}
	buckets := delivery.Buckets(q.From, q.To, q.Unit, q.Zone, q.Now)
	millis := make([][]int64, len(buckets))
	add := func(r *delivery.Run, took int64, reason string) {
		if measured(&out.Sample, reason) {
			b := bucketOf(buckets, r.CreatedAt)
			millis[b] = append(millis[b], took)
		}
	}
	err := s.read(ctx, func(tx *sql.Tx) error {
		if m == delivery.RunBuild {
			return eachBuild(ctx, tx, &q, func(r *delivery.Run, _, took int64, reason string) { add(r, took, reason) })
		}
		return eachRun(ctx, tx, &q, func(r *delivery.Run) {
			took, reason := r.Measured(m)
			add(r, took, reason)
		})
	})
	if err != nil {
		return delivery.RunDurations{}, fmt.Errorf("run durations: %w", err)
	}
	out.RunPercentiles = delivery.RunPercentilesOf(slices.Concat(millis...))
	for i, b := range buckets {
		out.Buckets = append(out.Buckets, delivery.RunDurationBucket{Bucket: b, RunPercentiles: delivery.RunPercentilesOf(millis[i])})
	}
	return out, nil
}

// RunCounts counts the runs that were created in the query's range.
func (s *Store) RunCounts(ctx context.Context, q delivery.RunQuery) (delivery.RunCounts, error) {
	out := delivery.RunCounts{Sample: runSample(&q)}
	buckets := delivery.Buckets(q.From, q.To, q.Unit, q.Zone, q.Now)
	for _, b := range buckets {
		out.Buckets = append(out.Buckets, delivery.RunCountBucket{Bucket: b})
	}
	err := s.read(ctx, func(tx *sql.Tx) error {
		return eachRun(ctx, tx, &q, func(r *delivery.Run) {
			out.Add(r.Status, r.HasRestarts)
			out.Buckets[bucketOf(buckets, r.CreatedAt)].Add(r.Status, r.HasRestarts)
		})
	})
	if err != nil {
		return delivery.RunCounts{}, fmt.Errorf("run counts: %w", err)
	}
	out.N = out.Runs
	return out, nil
}

func runSample(q *delivery.RunQuery) delivery.Sample {
	return delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}
}

// measured counts what is measured, or left out for a reason.
func measured(s *delivery.Sample, reason string) bool {
	if reason != "" {
		s.Excluded[reason]++
		return false
	}
	s.N++
	return true
}

// bucketOf is the place of the bucket of an instant in the range.
func bucketOf(buckets []delivery.Bucket, at delivery.Instant) int {
	return sort.Search(len(buckets), func(b int) bool { return buckets[b].End > at })
}

// eachRun calls f for the runs asked for, in no order, with what is counted and
// measured of each. The run is valid until f returns.
func eachRun(ctx context.Context, tx *sql.Tx, q *delivery.RunQuery, f func(*delivery.Run)) error {
	statuses, err := runStatuses(ctx, tx)
	if err != nil {
		return err
	}
	var r delivery.Run
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		r.CreatedAt, r.Status, r.HasRestarts = delivery.Instant(row.Int(0)), statuses[row.Int(1)], row.Int(2) != 0
		r.StartedAt, r.Duration, r.DurationE2E = delivery.Instant(row.Int(3)), row.Int(4), row.Int(5)
		f(&r)
		return nil
	}, runTimesSQL, runArgs(q)...)
}

// runStatuses are the statuses of runs and jobs by term.
func runStatuses(ctx context.Context, tx *sql.Tx) (map[int64]delivery.RunStatus, error) {
	terms, err := readTerms(ctx, tx, runStatusTerm)
	out := make(map[int64]delivery.RunStatus, len(terms))
	for id, t := range terms {
		out[id] = delivery.RunStatus(t.key)
	}
	return out, err
}
