package clickhousestore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// timedRuns is what the statements that measure runs are made from.
type timedRuns struct {
	*askedRuns
	Starts     string // of buckets
	Millis     string // an expression; delivery.NotSaid where it is not said
	NoRestarts bool   // runs with restarts are left out
	KnownEnd   bool   // only what succeeded or failed is measured
	Builds     bool   // each build of a run is measured
}

// timedBy is how a measure is taken, as delivery.Run.Measured does it.
func timedBy(m delivery.RunMeasure) timedRuns {
	switch m {
	case delivery.RunE2E:
		return timedRuns{Millis: "duration_e2e", NoRestarts: true}
	case delivery.RunTotal:
		return timedRuns{Millis: "duration"}
	case delivery.RunQueue:
		return timedRuns{Millis: "if(created_at != 0 AND started_at != 0, greatest(0, started_at - created_at), -1)"}
	case delivery.RunBuild:
		return timedRuns{Millis: "built", Builds: true}
	}
	return timedRuns{Millis: "if(duration != -1 AND duration_e2e != -1, if(duration_e2e > duration, -2, duration - duration_e2e), duration)"}
}

// RunDurations measures the runs created in the query's range.
func (s *Store) RunDurations(ctx context.Context, q delivery.RunQuery, m delivery.RunMeasure) (delivery.RunDurations, error) {
	out := delivery.RunDurations{Sample: runSample(&q)}
	timed := timedBy(m)
	at := runBuckets(&q, &timed, func(b delivery.Bucket) {
		out.Buckets = append(out.Buckets, delivery.RunDurationBucket{Bucket: b})
	})
	if len(at) == 0 {
		return out, ctx.Err()
	}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("run_durations", timed), func(rows driver.Rows) error {
			var whole bool
			var bucket int64
			var reason string
			var n uint64
			var quantiles []float64
			if err := rows.Scan(&whole, &bucket, &reason, &n, &quantiles); err != nil {
				return err
			}
			p := runPercentiles(n, quantiles)
			switch {
			case whole && reason == "":
				out.Sample.N, out.RunPercentiles = p.N, p
			case whole:
				out.Excluded[reason] = p.N
			case reason == "":
				i, err := at.of(bucket)
				if err != nil {
					return err
				}
				out.Buckets[i].RunPercentiles = p
			}
			return nil
		}, timed.args...)
	})
	if err != nil {
		return delivery.RunDurations{}, fmt.Errorf("durations of runs: %w", err)
	}
	return out, nil
}

// RunCounts tallies the runs created in the query's range.
func (s *Store) RunCounts(ctx context.Context, q delivery.RunQuery) (delivery.RunCounts, error) {
	out := delivery.RunCounts{Sample: runSample(&q)}
	var timed timedRuns
	at := runBuckets(&q, &timed, func(b delivery.Bucket) {
		out.Buckets = append(out.Buckets, delivery.RunCountBucket{Bucket: b})
	})
	if len(at) == 0 {
		return out, ctx.Err()
	}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("run_counts", timed), func(rows driver.Rows) error {
			var whole bool
			var bucket int64
			var runs, success, failed, cancelled, skipped, unfinished, restarted uint64
			if err := rows.Scan(&whole, &bucket, &runs, &success, &failed, &cancelled, &skipped, &unfinished, &restarted); err != nil {
				return err
			}
			t := delivery.RunTally{
				Runs: int(runs), Success: int(success), Failed: int(failed), Cancelled: int(cancelled), Skipped: int(skipped),
				Unknown: int(runs - success - failed - cancelled - skipped - unfinished), Unfinished: int(unfinished), Restarted: int(restarted),
			}
			if whole {
				out.N, out.RunTally = t.Runs, t
				return nil
			}
			i, err := at.of(bucket)
			if err == nil {
				out.Buckets[i].RunTally = t
			}
			return err
		}, timed.args...)
	})
	if err != nil {
		return delivery.RunCounts{}, fmt.Errorf("counts of runs: %w", err)
	}
	return out, nil
}

// JobTimes measures the jobs of the runs created in the query's range, by name.
func (s *Store) JobTimes(ctx context.Context, q delivery.RunQuery) (delivery.NamedTimes, error) {
	out, err := s.namedTimes(ctx, &q, false)
	if err != nil {
		return delivery.NamedTimes{}, fmt.Errorf("times of jobs: %w", err)
	}
	return out, nil
}

// BuildTimes measures the builds of the runs created in the query's range, by
// name.
func (s *Store) BuildTimes(ctx context.Context, q delivery.RunQuery) (delivery.NamedTimes, error) {
	out, err := s.namedTimes(ctx, &q, true)
	if err != nil {
		return delivery.NamedTimes{}, fmt.Errorf("times of builds: %w", err)
	}
	return out, nil
}

func (s *Store) namedTimes(ctx context.Context, q *delivery.RunQuery, builds bool) (delivery.NamedTimes, error) {
	out := delivery.NamedTimes{Sample: runSample(q)}
	timed := timedRuns{askedRuns: askRuns(q), KnownEnd: !builds, Builds: builds}
	at := map[string]int{}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("run_parts", timed), func(rows driver.Rows) error {
			var name, reason string
			var n, failed uint64
			var millis int64
			var quantiles []float64
			if err := rows.Scan(&name, &reason, &n, &failed, &millis, &quantiles); err != nil {
				return err
			}
			i, met := at[name]
			if !met {
				i = len(out.Names)
				at[name] = i
				out.Names = append(out.Names, delivery.NamedTime{Name: name})
			}
			named := &out.Names[i]
			named.Failed += int(failed)
			if reason != "" {
				out.Excluded[reason] += int(n)
				return nil
			}
			out.N += int(n)
			named.RunPercentiles, named.Total = runPercentiles(n, quantiles), float64(millis)/millisPerSecond
			return nil
		}, timed.args...)
	})
	out.Names = slices.DeleteFunc(out.Names, func(n delivery.NamedTime) bool { return n.N == 0 && n.Failed == 0 })
	delivery.SortNamed(out.Names)
	return out, err
}

const millisPerSecond = 1000

// runPercentiles are p50, p80 and p95 as ClickHouse answers them, in milliseconds and
// to about the last digit; exactly they are whole hundredths.
func runPercentiles(n uint64, quantiles []float64) delivery.RunPercentiles {
	p := delivery.RunPercentiles{N: int(n)}
	if n > 0 {
		for i, q := range quantiles {
			quantiles[i] = math.Round(100*q) / (100 * millisPerSecond)
		}
		p.P50, p.P80, p.P95 = &quantiles[0], &quantiles[1], &quantiles[2]
	}
	return p
}

func runSample(q *delivery.RunQuery) delivery.Sample {
	return delivery.Sample{Excluded: map[string]int{}, AsOf: q.Now}
}

// bucketPlaces are the places of buckets by their start.
type bucketPlaces map[int64]int

func (p bucketPlaces) of(start int64) (int, error) {
	i, met := p[start]
	if !met {
		return 0, fmt.Errorf("a bucket that was not asked for: %s", strconv.FormatInt(start, 10))
	}
	return i, nil
}

// runBuckets cuts a query's range into buckets, and asks for them.
func runBuckets(q *delivery.RunQuery, timed *timedRuns, add func(delivery.Bucket)) bucketPlaces {
	at := bucketPlaces{}
	var starts []int64
	for i, b := range delivery.Buckets(q.From, q.To, q.Unit, q.Zone, q.Now) {
		starts = append(starts, int64(b.Start))
		at[int64(b.Start)] = i
		add(b)
	}
	timed.askedRuns, timed.Starts = askRuns(q), integers(starts)
	return at
}
