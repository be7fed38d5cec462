package github

import (
	"cmp"
	"path"
	"strconv"

	"throughline/internal/delivery"
)

// repository is what is known of a repository while its runs are read.
type repository struct {
	name   string // owner/name
	branch string // the default one as GitHub says it; "" when the settings say it
	// workflow is the name of the run's, for when the run does not say it.
	workflow string
}

// readRun reads a run of the API, or of a hook, without its jobs.
func readRun(o *object, repo repository) delivery.Run {
	run := delivery.Run{
		Project:       repo.name,
		ID:            idText(o.id("id")),
		Workflow:      cmp.Or(o.text("name"), repo.workflow, workflowFile(o.text("path"))),
		Number:        o.number("run_number"),
		Title:         o.title("display_title"),
		Status:        statusOf(o.required("status"), o.text("conclusion")),
		Event:         o.text("event"),
		Branch:        branchOf(o),
		SHA:           o.text("head_sha"),
		URL:           o.link("html_url"),
		DefaultBranch: repo.branch,
		CreatedAt:     o.requiredInstant("created_at"),
		UpdatedAt:     o.instant("updated_at"),
		Attempt:       o.attempt("run_attempt"),
		Duration:      delivery.NotSaid,
		DurationE2E:   delivery.NotSaid,
	}
	run.Actor = o.optional("actor").text("login")
	run.HasRestarts = run.Attempt > 1
	began := o.instant("run_started_at")
	if run.Attempt > 1 {
		run.AttemptAt = began
	}
	o.order("updated_at", run.UpdatedAt, run.CreatedAt)
	o.order("run_started_at", run.AttemptAt, run.CreatedAt)
	return run
}

// workflowFile names a workflow by its file, .github/workflows/ci.yml@main, where it
// has no name.
func workflowFile(file string) string {
	if file == "" {
		return ""
	}
	return path.Base(file)
}

// branchOf is the branch of a run. One of a fork is told apart as GitHub does: the
// main branch of a fork is not that of the repository.
func branchOf(o *object) string {
	branch := o.text("head_branch")
	from, to := o.optional("head_repository"), o.optional("repository")
	head, base := from.number("id"), to.number("id")
	if branch == "" || head == 0 || base == 0 || head == base {
		return branch
	}
	if owner := from.optional("owner").text("login"); owner != "" {
		return owner + ":" + branch
	}
	return branch
}

// readJob reads a job of the API, or of a hook.
func (set *settings) readJob(o *object) delivery.Job {
	job := delivery.Job{
		ID:            idText(o.id("id")),
		Name:          o.required("name"),
		Status:        statusOf(o.required("status"), o.text("conclusion")),
		Attempt:       o.attempt("run_attempt"),
		URL:           o.link("html_url"),
		Runner:        o.text("runner_name"),
		CreatedAt:     o.instant("created_at"),
		StartedAt:     o.instant("started_at"),
		FinishedAt:    o.instant("completed_at"),
		Duration:      delivery.NotSaid,
		DurationE2E:   delivery.NotSaid,
		Up:            delivery.NotSaid,
		UpWithoutPull: delivery.NotSaid,
		Pull:          delivery.NotSaid,
	}
	job.E2E = set.isE2E(job.Name)
	switch job.Status {
	case delivery.RunWaiting:
		// GitHub gives the time when it was queued as its start.
		job.StartedAt, job.FinishedAt = 0, 0
	case delivery.RunRunning:
		job.FinishedAt = 0
	case delivery.RunSkipped, delivery.RunCancelled:
		// One that never ran may end a second before it began.
		job.FinishedAt = max(job.FinishedAt, job.StartedAt)
	}
	o.order("completed_at", job.FinishedAt, job.StartedAt)
	if job.StartedAt.Known() && job.FinishedAt.Known() {
		job.Duration = int64(job.FinishedAt - job.StartedAt)
	}
	return job
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }
