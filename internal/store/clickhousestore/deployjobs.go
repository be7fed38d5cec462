package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// DeployJobs counts the jobs, and the runs, that rules take for deployments.
func (s *Store) DeployJobs(ctx context.Context, q delivery.RunQuery, rules delivery.DeployRules) (delivery.RunCounts, error) {
	out := delivery.NewRunCounts(&q)
	q, some := rules.Narrowed(q)
	var timed timedRuns
	at := runBuckets(&q, &timed, func(delivery.Bucket) {})
	if !some || len(at) == 0 {
		return out, ctx.Err()
	}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("deploy_jobs", timed), func(rows driver.Rows) error {
			var connection, name, status string
			var whole bool
			var start int64
			var n uint64
			if err := rows.Scan(&connection, &whole, &name, &status, &start, &n); err != nil {
				return err
			}
			if !rules[connection].Takes(name, whole) {
				return nil
			}
			i, err := at.of(start)
			if err == nil {
				out.AddTimes(delivery.RunStatus(status), int(n))
				out.Buckets[i].AddTimes(delivery.RunStatus(status), int(n))
			}
			return err
		}, timed.args...)
	})
	if err != nil {
		return delivery.RunCounts{}, fmt.Errorf("deployment jobs: %w", err)
	}
	out.N = out.Runs
	return out, nil
}
