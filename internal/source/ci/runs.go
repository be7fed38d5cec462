package ci

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"

	"throughline/internal/delivery"
)

// Item is one run of a body, or what is wrong with it.
type Item struct {
	Run delivery.Run
	// Err is of the type Errors, with paths from the body's root; of Run only the ID
	// is read then, "" when it is wrong itself. nil when Run holds.
	Err error
}

var (
	runFields = []string{
		"id", "project", "workflow", "number", "title", "status", "conclusion", "event", "actor", "branch",
		"default_branch", "sha", "url", "created_at", "started_at", "finished_at", "updated_at", "queue_time",
		"attempt", "has_restarts", "duration", "duration_e2e", "labels", "jobs", "builds",
		"connection", "run", // of what GET /api/v1/runs answers
	}
	jobFields = []string{
		"id", "name", "status", "conclusion", "attempt", "url", "runner", "created_at", "started_at", "finished_at",
		"is_e2e", "duration", "up", "e2e", "up_without_pull", "pull",
	}
	buildFields = []string{"name", "duration"}
)

// ParseRuns reads the body of POST /api/v1/runs: one run, or a batch of 1 to 1,000
// in an array. The error, of the type Errors, is of a body that is neither; what is
// wrong with one run is in its item and harms no other.
//
// A run is an object of the names that GET /api/v1/runs answers. Required are id,
// project and created_at, of a job its name, of a build both name and duration. An
// unknown name is an error, as is one given twice. What is not required may be null,
// and if it is a text, but no time or status, empty. outcome says how status and
// conclusion are read.
//
// Durations are seconds. Without them, duration is from created_at to finished_at,
// that of a job from started_at, and duration_e2e from the start of the first job
// with is_e2e to the end of the last; null says that they are not known. A run
// without started_at started queue_time after created_at, or in its first attempt
// with the first of its jobs. Without has_restarts, a run
// has them when it or a job of it is at a later attempt than the first. The e2e of a
// job is how long its e2e tests took, or true for is_e2e.
func ParseRuns(body []byte) (items []Item, batch bool, err error) {
	batch, err = eachOf(body, "runs", func(v any, at string) { items = append(items, readItem(v, at)) })
	return items, batch, err
}

func readItem(v any, at string) Item {
	wrong := &problems{root: at}
	f, ok := fieldsOf(v, at, wrong)
	if !ok {
		return Item{Err: wrong.err()}
	}
	run := readRun(f)
	if err := wrong.err(); err != nil {
		return Item{Run: delivery.Run{ID: run.ID}, Err: err} // so that it can be told which
	}
	return Item{Run: run}
}

func readRun(f fields) delivery.Run {
	f.only(runFields)
	f.require("created_at")
	run := delivery.Run{
		Connection:    f.text("connection", maxName),
		Project:       f.name("project"),
		ID:            f.requiredID("id"),
		Workflow:      f.text("workflow", maxName),
		Number:        f.whole("number", 0, math.MaxInt64, 0),
		Title:         f.text("title", maxLong),
		Status:        f.outcome(),
		Event:         f.text("event", maxName),
		Actor:         f.text("actor", maxName),
		Branch:        f.branch("branch"),
		SHA:           f.sha("sha"),
		URL:           f.url("url"),
		DefaultBranch: f.branch("default_branch"),
		CreatedAt:     f.time("created_at"),
		StartedAt:     f.time("started_at"),
		FinishedAt:    f.time("finished_at"),
		UpdatedAt:     f.time("updated_at"),
		Attempt:       int(f.whole("attempt", 1, math.MaxInt32, 1)),
		Duration:      f.seconds("duration"),
		DurationE2E:   f.seconds("duration_e2e"),
		Labels:        f.labels("labels"),
		Jobs:          readJobs(f),
		Builds:        readBuilds(f),
	}
	queue := f.seconds("queue_time")
	switch {
	case f.has("started_at") && f.value("started_at") != nil || !run.CreatedAt.Known():
	case queue != delivery.NotSaid:
		run.StartedAt = run.CreatedAt + delivery.Instant(queue)
	case !f.has("started_at") && run.Attempt == 1:
		run.StartedAt = run.FirstStart()
	}
	f.ordered(run.CreatedAt, run.StartedAt, run.FinishedAt)
	run.HasRestarts = f.flag("has_restarts")
	if f.value("has_restarts") == nil {
		run.HasRestarts = run.Attempt > 1 ||
			slices.ContainsFunc(run.Jobs, func(job delivery.Job) bool { return job.Attempt > 1 })
	}
	if !f.has("duration") {
		run.Duration = between(run.CreatedAt, run.FinishedAt)
	}
	if !f.has("duration_e2e") {
		run.DurationE2E = spanE2E(run.Jobs)
	}
	return run
}

func readJobs(f fields) []delivery.Job {
	var jobs []delivery.Job
	for _, job := range f.objects("jobs", maxJobs) {
		jobs = append(jobs, readJob(job))
	}
	return jobs
}

func readJob(f fields) delivery.Job {
	f.only(jobFields)
	job := delivery.Job{
		ID:            f.id("id"),
		Name:          f.name("name"),
		Status:        f.outcome(),
		Attempt:       int(f.whole("attempt", 1, math.MaxInt32, 1)),
		URL:           f.url("url"),
		Runner:        f.text("runner", maxName),
		CreatedAt:     f.time("created_at"),
		StartedAt:     f.time("started_at"),
		FinishedAt:    f.time("finished_at"),
		E2E:           f.flag("is_e2e"),
		Duration:      f.seconds("duration"),
		DurationE2E:   delivery.NotSaid,
		Up:            f.seconds("up"),
		UpWithoutPull: f.seconds("up_without_pull"),
		Pull:          f.seconds("pull"),
	}
	if mark, ok := f.value("e2e").(bool); ok {
		job.E2E = job.E2E || mark
	} else {
		job.DurationE2E = f.seconds("e2e")
	}
	f.ordered(job.CreatedAt, job.StartedAt, job.FinishedAt)
	if !f.has("duration") {
		job.Duration = between(job.StartedAt, job.FinishedAt)
	}
	return job
}

// readBuilds reads an array of builds, or an object of their seconds by name.
func readBuilds(f fields) []delivery.Build {
	var builds []delivery.Build
	o, ok := f.value("builds").(*object)
	if !ok {
		for _, build := range f.objects("builds", maxBuilds) {
			build.only(buildFields)
			build.requireKeys("duration")
			builds = append(builds, delivery.Build{Name: build.name("name"), Duration: build.seconds("duration")})
		}
		return builds
	}
	if len(o.keys) > maxBuilds {
		f.reject("builds", fmt.Sprintf("has more than %d builds", maxBuilds))
		return nil
	}
	byName, _ := fieldsOf(o, f.path("builds"), f.wrong)
	for _, name := range o.keys {
		builds = append(builds, byName.build(name, byName.seconds(name)))
	}
	return builds
}

// id is text or a whole number, "" when not said.
func (f fields) id(name string) string {
	switch v := f.value(name).(type) {
	case nil:
		return ""
	case string:
		return f.text(name, maxName)
	case json.Number:
		if id, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return strconv.FormatUint(id, 10)
		}
	}
	f.reject(name, "must be text, or a whole number of at most 64 bits")
	return ""
}

// requiredID is an id that is not blank.
func (f fields) requiredID(name string) string {
	if _, ok := f.value(name).(json.Number); ok {
		return f.id(name)
	}
	return f.name(name)
}

// url is one that a browser may be sent to, "" when not said.
func (f fields) url(name string) string {
	s := f.text(name, maxLong)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		f.reject(name, "must be an address that begins with http:// or https://")
		return ""
	}
	return s
}

// labels reads an object of texts; nil when there are none.
func (f fields) labels(name string) map[string]string {
	v := f.value(name)
	if v == nil {
		return nil
	}
	members, ok := fieldsOf(v, f.path(name), f.wrong)
	if !ok {
		return nil
	}
	if len(members.object.keys) > maxLabels {
		f.reject(name, fmt.Sprintf("has more than %d labels", maxLabels))
		return nil
	}
	var labels map[string]string
	for _, key := range members.object.keys {
		members.require(key)
		if message := wrongName(key, maxLabelKey); message != "" {
			members.reject(key, "name "+message)
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = members.text(key, maxLabelValue)
	}
	return labels
}
