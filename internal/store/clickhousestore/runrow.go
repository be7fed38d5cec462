package clickhousestore

import (
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// runRow is a row of runs.
type runRow struct {
	runValues
	jobs   []delivery.Job   // of parts, like the builds; nil when read from the
	builds []delivery.Build // database
}

// runValues are equal when nothing changed.
type runValues struct {
	run                                         int64
	connection, project, id                     string
	workflow, branch, defaultBranch             string
	status                                      string
	restarts                                    bool
	attempt                                     int64
	createdAt, startedAt, finishedAt, updatedAt delivery.Instant
	duration, durationE2E                       int64
	details, parts                              string // JSON
}

func newRunRow(connection string, r *delivery.Run) (*runRow, error) {
	details, parts, err := delivery.EncodeRun(r)
	if err != nil {
		return nil, err
	}
	return &runRow{
		runValues: runValues{
			connection: connection, project: r.Project, id: r.ID,
			workflow: r.Workflow, branch: r.Branch, defaultBranch: r.DefaultBranch,
			status: string(r.Status), restarts: r.HasRestarts, attempt: int64(r.Attempt),
			createdAt: r.CreatedAt, startedAt: r.StartedAt, finishedAt: r.FinishedAt, updatedAt: r.UpdatedAt,
			duration: r.Duration, durationE2E: r.DurationE2E, details: details, parts: parts,
		},
		jobs: r.Jobs, builds: r.Builds,
	}, nil
}

// same reports whether a row says what another one does, by whatever number.
func (r *runRow) same(old *runRow) bool {
	values := r.runValues
	values.run = old.run
	return values == old.runValues
}

// into reads a row into a run, with its jobs and builds where they were read.
func (r *runRow) into(run *delivery.Run) error {
	*run = delivery.Run{
		Connection: r.connection, Project: r.project, ID: r.id, Workflow: r.workflow, Status: delivery.RunStatus(r.status),
		Branch: r.branch, DefaultBranch: r.defaultBranch,
		CreatedAt: r.createdAt, StartedAt: r.startedAt, FinishedAt: r.finishedAt, UpdatedAt: r.updatedAt,
		Attempt: int(r.attempt), HasRestarts: r.restarts, Duration: r.duration, DurationE2E: r.durationE2E,
	}
	return delivery.DecodeRun([]byte(r.details), []byte(r.parts), run)
}

// scanRunRow reads the columns that every statement on runs begins with, and the
// parts of the run where they are asked for.
func scanRunRow(rows driver.Rows, whole bool) (*runRow, error) {
	var r runRow
	dest := []any{
		&r.run, &r.connection, &r.project, &r.id, &r.workflow, &r.branch, &r.defaultBranch, &r.status, &r.restarts, &r.attempt,
		(*int64)(&r.createdAt), (*int64)(&r.startedAt), (*int64)(&r.finishedAt), (*int64)(&r.updatedAt),
		&r.duration, &r.durationE2E, &r.details,
	}
	if whole {
		dest = append(dest, &r.parts)
	}
	return &r, rows.Scan(dest...)
}
