package github

import (
	"bytes"
	"cmp"
	"encoding/json"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Receive is part of source.Receiver. A hook tells a part of a run: all of it but
// its jobs, or one job and little of the run; of a deployment one of its states, of
// a pull request all but what is in it. Of an ignored one nothing is made.
func (s *Source) Receive(h source.Hook) (source.Pushed, error) {
	body := bytes.ToValidUTF8(h.Body, []byte("\ufffd"))
	var wrong faults
	o := &object{path: "$", wrong: &wrong}
	if json.Unmarshal(body, &o.fields) != nil || o.fields == nil {
		return source.Pushed{}, wrongBody("is not a JSON object")
	}
	var run delivery.Run
	switch h.Event {
	case eventRun:
		run = readRun(o.object("workflow_run"), s.told(o))
		run.UpdatedAt = cmp.Or(run.UpdatedAt, run.AttemptAt, run.CreatedAt) // never taken for a job's
		if run.Status.Finished() {
			run.FinishedAt = run.UpdatedAt // until its jobs say it better
		}
	case eventJob:
		run = s.readJobHook(o.object("workflow_job"), s.told(o))
	default:
		if !taken[h.Event] {
			return source.Pushed{}, nil
		}
		facts := s.hookFacts(h, o)
		if err := wrong.bodyError(); err != nil {
			return source.Pushed{}, err
		}
		return source.Pushed{Items: s.hookItems(&facts)}, nil
	}
	if err := wrong.bodyError(); err != nil {
		return source.Pushed{}, err
	}
	if s.excludes(run.Project) {
		return source.Pushed{}, nil
	}
	run.Part, run.Connection = true, s.connection
	item := source.PushedItem{ID: run.ID, Told: func(b *delivery.Batch) any { return toldOf(&b.Runs[0]) }}
	item.Add = func(b *delivery.Batch) {
		run := run
		if b.Connection != "" {
			run.Connection = b.Connection
		}
		b.Runs = append(b.Runs, run)
	}
	return source.Pushed{Items: append([]source.PushedItem{item}, s.ofRules(&run, h.ReceivedAt)...)}, nil
}

// told is the repository that a hook is about.
func (s *Source) told(o *object) repository {
	repo := o.object("repository")
	name := repo.required("full_name")
	if name != "" && !isRepository(name) {
		repo.refuse("full_name", "repository", "is not a repository like acme/pay")
	}
	r := s.repositoryOf(name, repo.text("default_branch"))
	r.workflow = o.optional("workflow").text("name")
	return r
}

// readJobHook is what a job says of its run: not how it stands, nor when it was
// created, but not later than its job.
func (s *Source) readJobHook(o *object, repo repository) delivery.Run {
	run := delivery.Run{
		Project:       repo.name,
		ID:            idText(o.id("run_id")),
		Workflow:      o.text("workflow_name"),
		Branch:        o.text("head_branch"),
		SHA:           o.text("head_sha"),
		DefaultBranch: repo.branch,
		CreatedAt:     jobCreated(o),
		Attempt:       o.attempt("run_attempt"),
		Duration:      delivery.NotSaid,
		DurationE2E:   delivery.NotSaid,
	}
	run.HasRestarts = run.Attempt > 1
	run.Jobs = []delivery.Job{s.readJob(o)}
	return run
}

// jobCreated is when a job was created, or began where an old server says no more.
func jobCreated(o *object) delivery.Instant {
	if !o.has("created_at") && o.has("started_at") {
		return o.instant("started_at")
	}
	return o.requiredInstant("created_at")
}

// told is what a hook comes to, for people.
type told struct {
	ID       string             `json:"id"`
	Project  string             `json:"project"`
	Workflow string             `json:"workflow,omitempty"`
	Status   delivery.RunStatus `json:"status,omitempty"`
	Branch   string             `json:"branch,omitempty"`
	SHA      string             `json:"sha,omitempty"`
	Attempt  int                `json:"attempt"`
	Jobs     []delivery.Job     `json:"jobs,omitempty"`
}

func toldOf(run *delivery.Run) told {
	return told{run.ID, run.Project, run.Workflow, run.Status, run.Branch, run.SHA, run.Attempt, run.Jobs}
}
