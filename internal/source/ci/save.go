package ci

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"throughline/internal/delivery"
)

// buildE2E names the build of workers that know of one only.
const buildE2E = "build-e2e"

// ParseSaveMetrics reads the body of POST /save_metrics: a finished pipeline as a
// GitLab worker tells of it. Its error is of the type Errors and tells everything
// that is wrong at once. Fields that it does not know are ignored. One given twice is
// refused, for one of the two would be lost.
//
// Durations are seconds, as a number or decimal text. A worker that could not work
// one out sends null, and its run is kept: null is NotSaid, so that the run counts
// as a run and no percentile has it. A negative duration is refused, for it can
// only be a mistake and would pull every percentile down. A null ref is no branch.
//
// The run's status is RunUnknown: the worker does not say how a pipeline ended.
// Calling those with failed jobs failed, and nothing of the others, would make a
// success rate of 0 %.
//
// The worker lists e2e jobs only, so all are marked as such: in jobs those that
// passed, in jobs_failed each attempt that did not. A name in both is one job that
// ran again, and its attempts are counted from the first failed one.
func ParseSaveMetrics(body []byte) (delivery.Run, error) {
	root, err := decode(body)
	if err != nil {
		return delivery.Run{}, err
	}
	wrong := &problems{root: "$"}
	f, ok := fieldsOf(root, "$", wrong)
	if !ok {
		return delivery.Run{}, wrong.err()
	}
	run := savedRun(f)
	if err := wrong.err(); err != nil {
		return delivery.Run{}, err
	}
	return run, nil
}

func savedRun(f fields) delivery.Run {
	f.require("created_at", "has_restarts", "jobs", "jobs_failed")
	f.requireKeys("ref", "duration", "duration_e2e")
	run := delivery.Run{
		Project:     f.name("project"),
		ID:          f.pipelineID("pipeline_id"),
		Status:      delivery.RunUnknown,
		Branch:      f.branch("ref"),
		SHA:         f.sha("sha"),
		CreatedAt:   f.time("created_at"),
		StartedAt:   f.time("started_at"),
		FinishedAt:  f.time("finished_at"),
		Attempt:     1,
		HasRestarts: f.flag("has_restarts"),
		Duration:    f.secondsOrText("duration"),
		DurationE2E: f.secondsOrText("duration_e2e"),
		Jobs:        savedJobs(f),
		Builds:      savedBuilds(f),
	}
	f.ordered(run.CreatedAt, run.StartedAt, run.FinishedAt)
	return run
}

// pipelineID is a number of 64 bits, or its decimal text.
func (f fields) pipelineID(name string) string {
	f.require(name)
	digits := ""
	switch v := f.value(name).(type) {
	case nil:
		return ""
	case json.Number:
		digits = v.String()
	case string:
		digits = v
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		f.reject(name, "must be a whole number of at most 64 bits")
		return ""
	}
	return strconv.FormatUint(id, 10)
}

func savedJobs(f fields) []delivery.Job {
	var jobs, failed []delivery.Job
	for _, job := range f.objects("jobs", maxJobs) {
		jobs = append(jobs, savedJob(job, delivery.RunSuccess))
	}
	for _, job := range f.objects("jobs_failed", maxJobs) {
		failed = append(failed, savedJob(job, delivery.RunFailed))
	}
	if len(jobs)+len(failed) > maxJobs {
		f.reject("jobs_failed", fmt.Sprintf("makes more than %d jobs, with those of jobs", maxJobs))
		return nil
	}
	slices.SortStableFunc(failed, func(a, b delivery.Job) int { return cmp.Compare(a.StartedAt, b.StartedAt) })
	failures := map[string]int{}
	for i, job := range failed {
		failures[job.Name]++
		failed[i].Attempt = failures[job.Name]
	}
	for i, job := range jobs {
		jobs[i].Attempt = failures[job.Name] + 1
	}
	return append(jobs, failed...)
}

// savedJob reads a job of the worker, whose e2e is how long the tests ran in it.
func savedJob(f fields, status delivery.RunStatus) delivery.Job {
	f.requireKeys("duration")
	job := delivery.Job{
		Name:          f.name("name"),
		Status:        status,
		StartedAt:     f.time("started_at"),
		FinishedAt:    f.time("finished_at"),
		E2E:           true,
		Duration:      f.secondsOrText("duration"),
		DurationE2E:   f.secondsOrText("e2e"),
		Up:            f.secondsOrText("up"),
		UpWithoutPull: f.secondsOrText("up_without_pull"),
		Pull:          f.secondsOrText("pull"),
	}
	f.ordered(0, job.StartedAt, job.FinishedAt)
	return job
}

// savedBuilds reads builds, each key of each element being one. Where there are
// none told, build is that of the e2e images; otherwise it is their sum, and no
// news.
func savedBuilds(f fields) []delivery.Build {
	if f.value("builds") == nil {
		if !f.has("build") {
			f.reject("builds", "is required, or build")
			return nil
		}
		return []delivery.Build{{Name: buildE2E, Duration: f.secondsOrText("build")}}
	}
	var builds []delivery.Build
	for _, element := range f.objects("builds", maxBuilds) {
		if len(builds)+len(element.object.keys) > maxBuilds {
			f.reject("builds", fmt.Sprintf("has more than %d builds", maxBuilds))
			return nil
		}
		for _, name := range element.object.keys {
			builds = append(builds, element.build(name, element.secondsOrText(name)))
		}
	}
	return builds
}

// build is one whose name is that of a member.
func (f fields) build(name string, duration int64) delivery.Build {
	if message := wrongName(name, maxName); message != "" {
		f.reject(name, "name "+message)
	}
	return delivery.Build{Name: name, Duration: duration}
}
