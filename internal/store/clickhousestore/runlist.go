package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// askedRuns is what the statements on runs are made from: which rows. Values are
// bound by name.
type askedRuns struct {
	Connections, Projects, Workflows, Branches, AllBranches bool
	Restarts, Restarted                                     bool
	Statuses, After, Jobs                                   bool
	Limit                                                   int

	args []any
}

func askRuns(q *delivery.RunQuery) *askedRuns {
	a := &askedRuns{
		Connections: len(q.Connections) > 0, Projects: len(q.Projects) > 0, Workflows: len(q.Workflows) > 0,
		Branches: len(q.Branches) > 0, AllBranches: q.AllBranches,
		Restarts: q.Restarts != nil, Restarted: q.Restarts != nil && *q.Restarts,
	}
	a.bind("from", int64(q.From))
	a.bind("to", int64(q.To))
	a.bind("connections", q.Connections)
	a.bind("projects", q.Projects)
	a.bind("workflows", q.Workflows)
	a.bind("branches", q.Branches)
	defaults := [][]string{}
	for connection, branches := range q.DefaultBranches {
		for _, branch := range branches {
			defaults = append(defaults, []string{connection, branch})
		}
	}
	a.bind("defaults", defaults)
	return a
}

func (a *askedRuns) bind(name string, value any) {
	a.args = append(a.args, clickhouse.Named(name, value))
}

// Runs lists runs by (CreatedAt, Seq), newest first. Those of one call are read
// by one statement.
func (s *Store) Runs(ctx context.Context, q delivery.RunListQuery) iter.Seq2[delivery.ListedRun, error] {
	return func(yield func(delivery.ListedRun, error) bool) {
		err := s.read(ctx, func(*state) error {
			a, err := listRuns(&q)
			if err != nil {
				return err
			}
			return scanRows(ctx, s.conn, s.sql("runs", a), func(rows driver.Rows) error {
				r, err := scanRunRow(rows, q.Jobs)
				if err != nil {
					return err
				}
				listed := delivery.ListedRun{Seq: r.run, Cursor: delivery.Cursor{At: r.createdAt, Number: r.run}.String()}
				err = r.into(&listed.Run)
				if err == nil && !yield(listed, nil) {
					return errStop
				}
				return err
			}, a.args...)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.ListedRun{}, fmt.Errorf("runs: %w", err))
		}
	}
}

// listRuns is what runs.sql needs to list what a query asks for.
func listRuns(q *delivery.RunListQuery) (*askedRuns, error) {
	a := askRuns(&q.RunQuery)
	a.Limit, a.Statuses, a.Jobs = q.Limit, len(q.Statuses) > 0, q.Jobs
	statuses := make([]string, len(q.Statuses))
	for i, status := range q.Statuses {
		statuses[i] = string(status)
	}
	a.bind("statuses", statuses)
	if q.After == "" {
		return a, nil
	}
	after, err := delivery.ParseCursor(q.After)
	a.After = true
	a.bind("after_at", int64(after.At))
	a.bind("after_run", after.Number)
	return a, err
}

// Run is the run of a number.
func (s *Store) Run(ctx context.Context, seq int64) (delivery.RunDetail, error) {
	var d delivery.RunDetail
	err := s.read(ctx, func(*state) error {
		found := false
		err := s.runRows(ctx, []int64{seq}, func(r *runRow) error {
			found, d.Seq = true, r.run
			return r.into(&d.Run)
		})
		if err == nil && !found {
			return delivery.ErrNotFound
		}
		return err
	})
	if err != nil {
		return delivery.RunDetail{}, fmt.Errorf("run %s: %w", strconv.FormatInt(seq, 10), err)
	}
	return d, nil
}

// RunFacets counts the values of the run filters, by key.
func (s *Store) RunFacets(ctx context.Context) (delivery.RunFacets, error) {
	counts := map[string]map[string]int{"project": {}, "workflow": {}, "branch": {}}
	err := s.read(ctx, func(*state) error {
		return scanRows(ctx, s.conn, s.sql("run_facets", nil), func(rows driver.Rows) error {
			var kind, key string
			var n uint64
			err := rows.Scan(&kind, &key, &n)
			if err == nil {
				counts[kind][key] = int(n)
			}
			return err
		})
	})
	if err != nil {
		return delivery.RunFacets{}, fmt.Errorf("facets of runs: %w", err)
	}
	return delivery.RunFacets{
		Projects: facets(counts["project"], nil), Workflows: facets(counts["workflow"], nil), Branches: facets(counts["branch"], nil),
	}, nil
}
