package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// JobTimes measures the jobs of the runs that were created in the query's range.
func (s *Store) JobTimes(ctx context.Context, q delivery.RunQuery) (delivery.NamedTimes, error) {
	times := newNamedTimes(&q)
	err := s.read(ctx, func(tx *sql.Tx) error {
		err := eachJob(ctx, tx, &q, func(j *delivery.Job, name int64) {
			took, reason := j.Measured()
			times.add(name, took, reason, j.Status == delivery.RunFailed)
		})
		if err != nil {
			return err
		}
		return times.finish(ctx, tx, jobTerm)
	})
	if err != nil {
		return delivery.NamedTimes{}, fmt.Errorf("job times: %w", err)
	}
	return times.out, nil
}

// BuildTimes measures the builds of the runs that were created in the query's range.
func (s *Store) BuildTimes(ctx context.Context, q delivery.RunQuery) (delivery.NamedTimes, error) {
	times := newNamedTimes(&q)
	err := s.read(ctx, func(tx *sql.Tx) error {
		err := eachBuild(ctx, tx, &q, func(_ *delivery.Run, name, took int64, reason string) { times.add(name, took, reason, false) })
		if err != nil {
			return err
		}
		return times.finish(ctx, tx, buildTerm)
	})
	if err != nil {
		return delivery.NamedTimes{}, fmt.Errorf("build times: %w", err)
	}
	return times.out, nil
}

// namedTimes gathers times by name.
type namedTimes struct {
	out    delivery.NamedTimes
	byName map[int64]*named // by term
}

type named struct {
	millis []int64
	failed int
}

func newNamedTimes(q *delivery.RunQuery) *namedTimes {
	return &namedTimes{out: delivery.NamedTimes{Sample: runSample(q)}, byName: map[int64]*named{}}
}

func (t *namedTimes) add(name, took int64, reason string, failed bool) {
	counts := measured(&t.out.Sample, reason)
	if !counts && !failed {
		return
	}
	n := t.byName[name]
	if n == nil {
		n = &named{}
		t.byName[name] = n
	}
	if counts {
		n.millis = append(n.millis, took)
	}
	if failed {
		n.failed++
	}
}

// finish names the times, whose names are terms of a kind, and puts them in order.
func (t *namedTimes) finish(ctx context.Context, tx *sql.Tx, kind string) error {
	terms, err := readTerms(ctx, tx, kind)
	if err != nil {
		return err
	}
	for id, n := range t.byName {
		total := int64(0)
		for _, took := range n.millis {
			total += took
		}
		t.out.Names = append(t.out.Names, delivery.NamedTime{
			Name: terms[id].key, RunPercentiles: delivery.RunPercentilesOf(n.millis), Total: float64(total) / 1000, Failed: n.failed,
		})
	}
	delivery.SortNamed(t.out.Names)
	return nil
}

// eachJob calls f for the jobs of the runs asked for, in no order, with what is
// measured of each and the term of its name. The job is valid until f returns.
func eachJob(ctx context.Context, tx *sql.Tx, q *delivery.RunQuery, f func(j *delivery.Job, name int64)) error {
	statuses, err := runStatuses(ctx, tx)
	if err != nil {
		return err
	}
	var j delivery.Job
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		return eachPart(row.Bytes(2), func(p part) {
			j.Status, j.Duration = statuses[p.status], p.duration
			f(&j, p.name)
		})
	}, runPartsSQL, runArgs(q)...)
}

// eachBuild calls f for the builds of the runs asked for, in no order, with the term
// of its name and with what it took, or why it is left out. The run is valid until f
// returns.
func eachBuild(ctx context.Context, tx *sql.Tx, q *delivery.RunQuery, f func(r *delivery.Run, name, took int64, reason string)) error {
	statuses, err := runStatuses(ctx, tx)
	if err != nil {
		return err
	}
	var r delivery.Run
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		r.CreatedAt, r.Status = delivery.Instant(row.Int(0)), statuses[row.Int(1)]
		return eachPart(row.Bytes(3), func(p part) {
			took, reason := r.MeasuredBuild(&delivery.Build{Duration: p.duration})
			f(&r, p.name, took, reason)
		})
	}, runPartsSQL, runArgs(q)...)
}
