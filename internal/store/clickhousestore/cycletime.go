package clickhousestore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// CycleTime measures the issues closed in the query's range.
func (s *Store) CycleTime(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTime, error) {
	if q.Supposed != nil {
		return delivery.CycleTimeOf(ctx, s, q)
	}
	var out delivery.CycleTime
	err := s.read(ctx, func(st *state) error {
		a, err := s.ask(ctx, st, &q)
		if err != nil {
			return err
		}
		measured, err := s.measure(ctx, a, q.Now)
		if err != nil {
			return err
		}
		out.Sample, out.Percentiles = measured.Sample, measured.Percentiles
		if out.Points, err = s.points(ctx, a, &out); err != nil {
			return err
		}
		// In order; they are few enough by now.
		out.Points = delivery.ThinPoints(out.Points, out.P95, delivery.MaxPoints)
		return s.namePoints(ctx, st, out.Points)
	})
	if err != nil {
		return delivery.CycleTime{}, fmt.Errorf("cycle time: %w", err)
	}
	return out, nil
}

// measure is the cycle time of the finished issues asked for.
func (s *Store) measure(ctx context.Context, a *asked, now delivery.Instant) (delivery.CycleSample, error) {
	out := delivery.CycleSample{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: now}}
	err := scanRows(ctx, s.conn, s.sql("cycle_time", a), func(rows driver.Rows) error {
		var reason string
		var n uint64
		var quantiles []float64
		if err := rows.Scan(&reason, &n, &quantiles); err != nil {
			return err
		}
		if reason != "" {
			out.Excluded[reason] = int(n)
			return nil
		}
		out.Sample.N, out.Percentiles = int(n), percentiles(n, quantiles)
		return nil
	}, a.args...)
	return out, err
}

// percentiles are p50, p85 and p95 as ClickHouse answers them.
func percentiles(n uint64, quantiles []float64) delivery.Percentiles {
	p := delivery.Percentiles{N: int(n)}
	if n > 0 {
		p.P50, p.P85, p.P95 = &quantiles[0], &quantiles[1], &quantiles[2]
	}
	return p
}

// points are the marks of the scatter, in no order and without names.
func (s *Store) points(ctx context.Context, a *asked, c *delivery.CycleTime) ([]delivery.CycleTimePoint, error) {
	data := struct {
		*asked
		Thin int
	}{asked: a}
	args := a.args
	if c.Sample.N > delivery.MaxPoints {
		data.Thin = delivery.MaxPoints
		args = append(args[:len(args):len(args)], clickhouse.Named("p95", *c.P95))
	}
	points := []delivery.CycleTimePoint{}
	err := scanRows(ctx, s.conn, s.sql("cycle_time_points", data), func(rows driver.Rows) error {
		var p delivery.CycleTimePoint
		err := rows.Scan(&p.ID, (*int64)(&p.ClosedAt), &p.Seconds)
		points = append(points, p)
		return err
	}, args...)
	return points, err
}

// namePoints adds what a mark says of its issue.
func (s *Store) namePoints(ctx context.Context, st *state, points []delivery.CycleTimePoint) error {
	byID := make(map[int64]*delivery.CycleTimePoint, len(points))
	ids := make([]int64, len(points))
	for i := range points {
		ids[i] = points[i].ID
		byID[ids[i]] = &points[i]
	}
	return inChunks(ids, func(ids []int64) error {
		return scanRows(ctx, s.conn, s.sql("names", nil), func(rows driver.Rows) error {
			var issue int64
			var key, title, typ string
			if err := rows.Scan(&issue, &key, &title, &typ); err != nil {
				return err
			}
			p := byID[issue]
			p.Key, p.Title, p.TypeKey, p.Type = key, title, typ, st.name(typeTerm, typ)
			return nil
		}, clickhouse.Named("issues", ids))
	})
}

// CycleTimeTrend measures the issues closed in the query's range per bucket.
func (s *Store) CycleTimeTrend(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTimeTrend, error) {
	if q.Supposed != nil {
		return delivery.CycleTimeTrendOf(ctx, s, q)
	}
	out := delivery.CycleTimeTrend{Sample: delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	buckets := delivery.Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now)
	at := map[int64]int{}
	starts := make([]int64, len(buckets))
	for i, b := range buckets {
		starts[i] = int64(b.Start)
		at[starts[i]] = i
		out.Buckets = append(out.Buckets, delivery.TrendBucket{Bucket: b})
	}
	if len(buckets) == 0 {
		return out, ctx.Err()
	}
	err := s.read(ctx, func(st *state) error {
		a, err := s.ask(ctx, st, &q)
		if err != nil {
			return err
		}
		data := struct {
			*asked
			Starts string
		}{a, integers(starts)}
		return scanRows(ctx, s.conn, s.sql("cycle_time_trend", data), func(rows driver.Rows) error {
			var whole bool
			var bucket int64
			var reason string
			var n uint64
			var quantiles []float64
			if err := rows.Scan(&whole, &bucket, &reason, &n, &quantiles); err != nil {
				return err
			}
			p := percentiles(n, quantiles)
			switch {
			case whole && reason == "":
				out.Sample.N, out.Percentiles = p.N, p
			case whole:
				out.Excluded[reason] = p.N
			case reason == "":
				i, met := at[bucket]
				if !met {
					return fmt.Errorf("a bucket that was not asked for: %s", strconv.FormatInt(bucket, 10))
				}
				out.Buckets[i].Percentiles = p
			}
			return nil
		}, a.args...)
	})
	if err != nil {
		return delivery.CycleTimeTrend{}, fmt.Errorf("cycle time trend: %w", err)
	}
	return out, nil
}
