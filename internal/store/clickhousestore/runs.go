package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// runKey tells the runs of a connection apart.
type runKey struct{ project, id string }

// runWriter is what a batch changes of runs.
type runWriter struct {
	numbers map[runKey]int64   // given before
	stored  map[runKey]*runRow // of the batch's connection; the last one counts
	put     map[runKey]bool    // of stored, those to be written
	order   []runKey           // of put
}

func newRunWriter() runWriter {
	return runWriter{map[runKey]int64{}, map[runKey]*runRow{}, map[runKey]bool{}, nil}
}

// takeRuns works runs into what is stored of them.
func (w *writer) takeRuns(connection string, runs []delivery.Run, out *delivery.Written) error {
	runs, joined := delivery.JoinParts(runs)
	out.Unchanged += joined
	if err := w.readRuns(connection, runs); err != nil {
		return fmt.Errorf("stored runs: %w", err)
	}
	for i := range runs {
		if err := w.takeRun(connection, &runs[i], out); err != nil {
			return fmt.Errorf("run %s of %s: %w", runs[i].ID, runs[i].Project, err)
		}
	}
	return nil
}

func (w *writer) takeRun(connection string, run *delivery.Run, out *delivery.Written) error {
	if err := run.Validate(); err != nil {
		return err
	}
	key := runKey{run.Project, run.ID}
	old := w.runs.stored[key]
	if old != nil && !run.Part && !run.Overtakes(int(old.attempt), old.updatedAt) {
		out.Unchanged++
		return nil
	}
	run, err := mergedRun(old, run)
	if err != nil {
		return err
	}
	row, err := newRunRow(connection, run)
	if err != nil {
		return err
	}
	switch {
	case old == nil:
		row.run = w.runNumber(key)
		out.Inserted++
	case row.same(old):
		out.Unchanged++
		return nil
	default:
		row.run = old.run
		out.Updated++
	}
	w.changed = true
	w.runs.stored[key] = row
	if !w.runs.put[key] {
		w.runs.put[key] = true
		w.runs.order = append(w.runs.order, key)
	}
	return nil
}

// mergedRun is what a run makes of what is stored of it, nil if nothing is.
func mergedRun(old *runRow, said *delivery.Run) (*delivery.Run, error) {
	var stored delivery.Run
	if old != nil {
		if err := old.into(&stored); err != nil {
			return nil, err
		}
	}
	merged := delivery.MergeRun(stored, *said)
	return &merged, nil
}

// runNumber is that of a run that is new, like number.
func (w *writer) runNumber(key runKey) int64 {
	if n, ok := w.runs.numbers[key]; ok {
		return n
	}
	w.st.runs++
	w.runs.numbers[key] = w.st.runs
	return w.st.runs
}

// readRuns reads what is stored of the runs of a batch.
func (w *writer) readRuns(connection string, runs []delivery.Run) error {
	err := inChunks(runs, func(runs []delivery.Run) error {
		asked, met := make(map[runKey]bool, len(runs)), map[string]bool{}
		var projects, ids []string
		for i := range runs {
			r := &runs[i]
			if !met[r.Project] {
				met[r.Project] = true
				projects = append(projects, r.Project)
			}
			asked[runKey{r.Project, r.ID}] = true
			ids = append(ids, r.ID)
		}
		return scanRows(w.ctx, w.s.conn, w.s.sql("run_numbers", nil), func(rows driver.Rows) error {
			var key runKey
			var n int64
			err := rows.Scan(&key.project, &key.id, &n)
			if asked[key] {
				w.runs.numbers[key] = n
			}
			return err
		}, clickhouse.Named("connection", connection), clickhouse.Named("projects", projects), clickhouse.Named("ids", ids))
	})
	if err != nil {
		return err
	}
	numbers := make([]int64, 0, len(w.runs.numbers))
	for _, n := range w.runs.numbers {
		numbers = append(numbers, n)
	}
	return w.s.runRows(w.ctx, numbers, func(r *runRow) error {
		w.runs.stored[runKey{r.project, r.id}] = r
		return nil
	})
}

// runRows calls f for the rows of these runs.
func (s *Store) runRows(ctx context.Context, runs []int64, f func(*runRow) error) error {
	return inChunks(runs, func(runs []int64) error {
		return scanRows(ctx, s.conn, s.sql("run_rows", nil), func(rows driver.Rows) error {
			r, err := scanRunRow(rows, true)
			if err != nil {
				return err
			}
			return f(r)
		}, clickhouse.Named("runs", runs))
	})
}

func (w *writer) writeRunNumbers() error {
	n := len(w.runs.order)
	connections, projects, ids, numbers := texts(n), texts(n), texts(n), make([]int64, n)
	for i, key := range w.runs.order {
		r := w.runs.stored[key]
		connections[i], projects[i], ids[i], numbers[i] = r.connection, r.project, r.id, r.run
	}
	return w.insert("run_numbers", n, column{"connection", connections}, column{"project", projects},
		column{"id", ids}, column{"run", numbers})
}

func (w *writer) writeRuns() error {
	n := len(w.runs.order)
	var (
		numbers, attempts                                    = make([]int64, n), make([]int64, n)
		connections, projects, workflows, branches, defaults = texts(n), texts(n), texts(n), texts(n), texts(n)
		ids, statuses, details, parts                        = texts(n), texts(n), texts(n), texts(n)
		created, started, finished, updated                  = make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
		durations, e2e                                       = make([]int64, n), make([]int64, n)
		jobNames, jobStatuses, buildNames                    = make([][]string, n), make([][]string, n), make([][]string, n)
		jobDurations, buildDurations                         = make([][]int64, n), make([][]int64, n)
		restarts                                             = make([]bool, n)
	)
	for i, key := range w.runs.order {
		r := w.runs.stored[key]
		numbers[i], connections[i], projects[i], ids[i], restarts[i] = r.run, r.connection, r.project, r.id, r.restarts
		workflows[i], branches[i], defaults[i], statuses[i], attempts[i] = r.workflow, r.branch, r.defaultBranch, r.status, r.attempt
		created[i], started[i], finished[i], updated[i] = int64(r.createdAt), int64(r.startedAt), int64(r.finishedAt), int64(r.updatedAt)
		durations[i], e2e[i], details[i], parts[i] = r.duration, r.durationE2E, r.details, r.parts
		for k := range r.jobs {
			j := &r.jobs[k]
			jobNames[i], jobStatuses[i] = append(jobNames[i], j.Name), append(jobStatuses[i], string(j.Status))
			jobDurations[i] = append(jobDurations[i], j.Duration)
		}
		for _, b := range r.builds {
			buildNames[i], buildDurations[i] = append(buildNames[i], b.Name), append(buildDurations[i], b.Duration)
		}
	}
	return w.insert("runs", n,
		column{"run", numbers}, column{"connection", connections}, column{"project", projects}, column{"id", ids},
		column{"workflow", workflows}, column{"branch", branches}, column{"default_branch", defaults}, column{"status", statuses},
		column{"restarts", restarts}, column{"attempt", attempts}, column{"created_at", created}, column{"started_at", started},
		column{"finished_at", finished}, column{"updated_at", updated}, column{"duration", durations}, column{"duration_e2e", e2e},
		column{"job_names", jobNames}, column{"job_statuses", jobStatuses}, column{"job_durations", jobDurations},
		column{"build_names", buildNames}, column{"build_durations", buildDurations},
		column{"details", details}, column{"parts", parts}, w.written(n))
}
