package sqlitestore

import "throughline/internal/delivery"

// runRow is a run as it is stored; rows are equal when nothing changed. What runs
// repeats of the jobs and builds follows from parts.
type runRow struct {
	connection, project, workflow, branch, defaultBranch, status int64
	id                                                           string
	restarts                                                     bool
	attempt, createdAt, startedAt, finishedAt, updatedAt         int64
	duration, durationE2E                                        int64
	details, parts                                               string
}

// storedRun is a run that is there already.
type storedRun struct {
	runRow
	pk int64
}

// runRow makes the row of a run.
func (w *writer) runRow(connection int64, run *delivery.Run) (runRow, error) {
	r := runRow{
		connection: connection, id: run.ID, restarts: run.HasRestarts, attempt: int64(run.Attempt),
		createdAt: ms(run.CreatedAt), startedAt: ms(run.StartedAt), finishedAt: ms(run.FinishedAt), updatedAt: ms(run.UpdatedAt),
		duration: run.Duration, durationE2E: run.DurationE2E,
	}
	var err error
	for _, t := range []struct {
		kind, key string
		id        *int64
	}{
		{projectTerm, run.Project, &r.project},
		{workflowTerm, run.Workflow, &r.workflow},
		{branchTerm, run.Branch, &r.branch},
		{branchTerm, run.DefaultBranch, &r.defaultBranch},
		{runStatusTerm, string(run.Status), &r.status},
	} {
		if *t.id, err = w.term(t.kind, t.key); err != nil {
			return r, err
		}
	}
	r.details, r.parts, err = delivery.EncodeRun(run)
	return r, err
}

// storedRun looks for a run, and adds no term for it.
func (w *writer) storedRun(connection int64, project, id string) (s storedRun, found bool, err error) {
	s.connection, s.id = connection, id
	if s.project, err = w.knownTerm(projectTerm, project); s.project == 0 || err != nil {
		return s, false, err
	}
	found, err = w.row(storedRunSQL, []any{connection, s.project, id}, []any{
		&s.pk, &s.workflow, &s.branch, &s.defaultBranch, &s.status, &s.restarts, &s.attempt, &s.createdAt, &s.startedAt,
		&s.finishedAt, &s.updatedAt, &s.duration, &s.durationE2E, &s.details, &s.parts,
	})
	return s, found, err
}

func (w *writer) putRun(r *runRow, jobs, builds []byte) error {
	var pk int64
	_, err := w.row(putRunSQL, []any{
		r.connection, r.project, r.workflow, r.branch, r.defaultBranch, r.status, r.id, r.restarts, r.attempt, r.createdAt,
		r.startedAt, r.finishedAt, r.updatedAt, r.duration, r.durationE2E, jobs, builds,
	}, []any{&pk})
	if err != nil {
		return err
	}
	_, err = w.exec(putRunTextsSQL, pk, r.details, r.parts)
	return err
}
