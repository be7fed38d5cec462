package clickhousestore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// runRow is a row of runs.
type runRow struct {
	runValues
	builds []delivery.Build
	told   []delivery.Job // what jobs is JSON of; nil when read from the database
}

// runValues are equal when nothing but builds changed.
type runValues struct {
	run                                         int64
	connection, project, id                     string
	workflow, branch, defaultBranch             string
	status                                      string
	restarts                                    bool
	attempt                                     int64
	createdAt, startedAt, finishedAt, updatedAt delivery.Instant
	duration, durationE2E                       int64
	details, jobs                               string // JSON; jobs is "" for none
}

// runDetails is runs.details.
type runDetails struct {
	Number int64             `json:"number,omitempty"`
	Title  string            `json:"title,omitempty"`
	Event  string            `json:"event,omitempty"`
	Actor  string            `json:"actor,omitempty"`
	SHA    string            `json:"sha,omitempty"`
	URL    string            `json:"url,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

func newRunRow(connection string, r *delivery.Run) (*runRow, error) {
	details, err := delivery.PlainJSON(runDetails{r.Number, r.Title, r.Event, r.Actor, r.SHA, r.URL, r.Labels})
	if err != nil {
		return nil, err
	}
	jobs := ""
	if len(r.Jobs) > 0 {
		if jobs, err = delivery.PlainJSON(r.Jobs); err != nil {
			return nil, err
		}
	}
	return &runRow{
		runValues: runValues{
			connection: connection, project: r.Project, id: r.ID,
			workflow: r.Workflow, branch: r.Branch, defaultBranch: r.DefaultBranch,
			status: string(r.Status), restarts: r.HasRestarts, attempt: int64(r.Attempt),
			createdAt: r.CreatedAt, startedAt: r.StartedAt, finishedAt: r.FinishedAt, updatedAt: r.UpdatedAt,
			duration: r.Duration, durationE2E: r.DurationE2E, details: details, jobs: jobs,
		},
		builds: r.Builds, told: r.Jobs,
	}, nil
}

// older reports whether a row says less than another one of its run.
func (r *runRow) older(old *runRow) bool {
	return cmp.Or(cmp.Compare(r.attempt, old.attempt), cmp.Compare(r.updatedAt, old.updatedAt)) < 0
}

// same reports whether a row says what another one does, by whatever number.
func (r *runRow) same(old *runRow) bool {
	values := r.runValues
	values.run = old.run
	return values == old.runValues && slices.Equal(r.builds, old.builds)
}

// into reads a row into a run, with the jobs and builds that were read.
func (r *runRow) into(run *delivery.Run) error {
	var d runDetails
	if err := json.Unmarshal([]byte(r.details), &d); err != nil {
		return fmt.Errorf("stored details of run %s: %w", r.id, err)
	}
	*run = delivery.Run{
		Connection: r.connection, Project: r.project, ID: r.id, Workflow: r.workflow,
		Number: d.Number, Title: d.Title, Status: delivery.RunStatus(r.status), Event: d.Event, Actor: d.Actor,
		Branch: r.branch, SHA: d.SHA, URL: d.URL, DefaultBranch: r.defaultBranch,
		CreatedAt: r.createdAt, StartedAt: r.startedAt, FinishedAt: r.finishedAt, UpdatedAt: r.updatedAt,
		Attempt: int(r.attempt), HasRestarts: r.restarts,
		Duration: r.duration, DurationE2E: r.durationE2E, Labels: d.Labels, Builds: r.builds,
	}
	if r.jobs == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(r.jobs), &run.Jobs); err != nil {
		return fmt.Errorf("stored jobs of run %s: %w", r.id, err)
	}
	return nil
}

// scanRunRow reads the columns of run_columns.sql, and those of run_whole.sql
// where the whole run is asked for.
func scanRunRow(rows driver.Rows, whole bool) (*runRow, error) {
	var r runRow
	dest := []any{
		&r.run, &r.connection, &r.project, &r.id, &r.workflow, &r.branch, &r.defaultBranch, &r.status, &r.restarts, &r.attempt,
		(*int64)(&r.createdAt), (*int64)(&r.startedAt), (*int64)(&r.finishedAt), (*int64)(&r.updatedAt),
		&r.duration, &r.durationE2E, &r.details,
	}
	var names []string
	var durations []int64
	if whole {
		dest = append(dest, &r.jobs, &names, &durations)
	}
	err := rows.Scan(dest...)
	for i, name := range names {
		r.builds = append(r.builds, delivery.Build{Name: name, Duration: durations[i]})
	}
	return &r, err
}
