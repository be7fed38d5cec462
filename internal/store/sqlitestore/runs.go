package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// ciRuns stores the runs of a batch.
func (w *writer) ciRuns(ctx context.Context, connection string, runs []delivery.Run, out *delivery.Written) error {
	runs, joined := delivery.JoinParts(runs)
	out.Unchanged += joined
	for i := range runs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.ciRun(connection, &runs[i], out); err != nil {
			return fmt.Errorf("run %s of %s: %w", runs[i].ID, runs[i].Project, err)
		}
	}
	return nil
}

// ciRun stores a run, merged with what is stored of it, unless that is the same or
// newer.
func (w *writer) ciRun(connection string, run *delivery.Run, out *delivery.Written) error {
	if err := run.Validate(); err != nil {
		return err
	}
	conn, err := w.term(connectionTerm, connection)
	if err != nil {
		return err
	}
	old, found, err := w.storedRun(conn, run.Project, run.ID)
	if err != nil {
		return err
	}
	if found && !run.Part && !run.Overtakes(int(old.attempt), delivery.Instant(old.updatedAt)) {
		out.Unchanged++
		return nil
	}
	if run, err = w.mergedRun(&old, run); err != nil {
		return err
	}
	row, err := w.runRow(conn, run)
	if err != nil {
		return err
	}
	switch {
	case found && old.runRow == row:
		out.Unchanged++
		return nil
	case found:
		out.Updated++
	default:
		out.Inserted++
	}
	w.changed = true
	jobs, builds, err := w.parts(run)
	if err != nil {
		return err
	}
	return w.putRun(&row, jobs, builds)
}

// mergedRun is what a run makes of what is stored of it.
func (w *writer) mergedRun(old *storedRun, said *delivery.Run) (*delivery.Run, error) {
	var stored delivery.Run
	if old.pk != 0 {
		err := w.rows(func(rows *sql.Rows) error {
			_, err := scanRun(rows, &stored, &sql.RawBytes{})
			return err
		}, runSQL, old.pk)
		if err != nil {
			return nil, err
		}
	}
	merged := delivery.MergeRun(stored, *said)
	return &merged, nil
}

// Runs lists runs by (CreatedAt, Seq), newest first. The runs of one call are
// those of one state of the store, however long reading them takes.
func (s *Store) Runs(ctx context.Context, q delivery.RunListQuery) iter.Seq2[delivery.ListedRun, error] {
	return func(yield func(delivery.ListedRun, error) bool) {
		args, err := runsArgs(&q)
		if err == nil {
			err = s.read(ctx, func(tx *sql.Tx) error {
				rows, err := tx.QueryContext(ctx, runsSQL, args...)
				return each(rows, err, func(rows *sql.Rows) error {
					var r delivery.ListedRun
					var parts sql.RawBytes
					var err error
					if r.Seq, err = scanRun(rows, &r.Run, &parts); err != nil {
						return err
					}
					r.Cursor = delivery.Cursor{At: r.CreatedAt, Number: r.Seq}.String()
					if !yield(r, nil) {
						return errStop
					}
					return nil
				})
			})
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(delivery.ListedRun{}, fmt.Errorf("runs: %w", err))
		}
	}
}

// runsArgs binds ?1 to ?14 of runsSQL.
func runsArgs(q *delivery.RunListQuery) ([]any, error) {
	before := delivery.Cursor{At: forever, Number: math.MaxInt64}
	if q.After != "" {
		var err error
		if before, err = delivery.ParseCursor(q.After); err != nil {
			return nil, err
		}
	}
	limit := q.Limit
	if limit <= 0 {
		limit = -1
	}
	args := append([]any{limit}, runArgs(&q.RunQuery)...)
	return append(args, jsonList(q.Statuses), ms(before.At), before.Number, q.Jobs), nil
}

// runArgs binds ?2 to ?10 of every statement that asks about runs.
func runArgs(q *delivery.RunQuery) []any {
	var defaults [][2]string
	for connection, branches := range q.DefaultBranches {
		for _, branch := range branches {
			defaults = append(defaults, [2]string{connection, branch})
		}
	}
	var restarts any
	if q.Restarts != nil {
		restarts = *q.Restarts
	}
	return []any{
		ms(q.From), ms(q.To), jsonList(q.Connections), jsonList(q.Projects), jsonList(q.Workflows), restarts,
		jsonList(q.Branches), q.AllBranches, jsonList(defaults),
	}
}

// Run is the run of a number.
func (s *Store) Run(ctx context.Context, seq int64) (delivery.RunDetail, error) {
	var d delivery.RunDetail
	rows, err := s.db.Reader.QueryContext(ctx, runSQL, seq)
	err = each(rows, err, func(rows *sql.Rows) (err error) {
		var parts sql.RawBytes
		d.Seq, err = scanRun(rows, &d.Run, &parts)
		return err
	})
	if err == nil && d.Seq == 0 {
		err = delivery.ErrNotFound
	}
	if err != nil {
		return delivery.RunDetail{}, fmt.Errorf("run %d: %w", seq, err)
	}
	return d, nil
}

// scanRun reads the columns of every statement on runs; parts, the text of the jobs
// and builds, is empty where they are not asked for.
func scanRun(rows *sql.Rows, r *delivery.Run, parts *sql.RawBytes) (seq int64, err error) {
	var details sql.RawBytes
	err = rows.Scan(
		&seq, &r.ID, &r.Connection, &r.Project, &r.Workflow, &r.Branch, &r.DefaultBranch, &r.Status, &r.HasRestarts, &r.Attempt,
		&r.CreatedAt, &r.StartedAt, &r.FinishedAt, &r.UpdatedAt, &r.Duration, &r.DurationE2E, &details, parts,
	)
	if err != nil {
		return 0, err
	}
	return seq, delivery.DecodeRun(details, *parts, r)
}

// RunFacets counts the values of the run filters, by key.
func (s *Store) RunFacets(ctx context.Context) (delivery.RunFacets, error) {
	var out delivery.RunFacets
	err := s.read(ctx, func(tx *sql.Tx) error {
		counts := [3]map[int64]int{{}, {}, {}}
		err := sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
			for i := range counts {
				counts[i][row.Int(i)]++
			}
			return nil
		}, runFacetsSQL)
		if err != nil {
			return err
		}
		for i, f := range []struct {
			kind string
			into *[]delivery.Facet
		}{{projectTerm, &out.Projects}, {workflowTerm, &out.Workflows}, {branchTerm, &out.Branches}} {
			if *f.into, err = facets(ctx, tx, f.kind, counts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return delivery.RunFacets{}, fmt.Errorf("run facets: %w", err)
	}
	return out, nil
}
