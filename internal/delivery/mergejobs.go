package delivery

import (
	"cmp"
	"math"
	"slices"
)

// jobKey tells the jobs of an attempt apart.
type jobKey struct {
	id, name string
	attempt  int
}

func (j *Job) key() jobKey {
	if j.ID != "" {
		return jobKey{id: j.ID}
	}
	return jobKey{name: j.Name, attempt: j.Attempt}
}

// mergeJobs are all jobs of two tellings of one attempt, each in its furthest state,
// in an order that does not depend on who told what first.
func mergeJobs(stored, said []Job) []Job {
	jobs := make([]Job, 0, len(stored)+len(said))
	at := make(map[jobKey]int, len(stored)+len(said))
	for _, job := range slices.Concat(stored, said) {
		i, met := at[job.key()]
		switch {
		case !met:
			at[job.key()] = len(jobs)
			jobs = append(jobs, job)
		case jobs[i].compare(&job) <= 0:
			jobs[i] = job
		}
	}
	SortJobs(jobs)
	return jobs
}

// SortJobs puts jobs in the order of their starts, those without one last.
func SortJobs(jobs []Job) {
	slices.SortStableFunc(jobs, func(a, b Job) int {
		return cmp.Or(
			cmp.Compare(a.begins(), b.begins()), cmp.Compare(a.CreatedAt, b.CreatedAt),
			cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Attempt, b.Attempt),
		)
	})
}

// begins is StartedAt, after all others when it is not said.
func (j *Job) begins() Instant {
	if !j.StartedAt.Known() {
		return math.MaxInt64
	}
	return j.StartedAt
}

// compare is positive if j is further along than another telling of the job.
func (j *Job) compare(other *Job) int {
	return cmp.Or(
		cmp.Compare(j.Status.progress(), other.Status.progress()),
		cmp.Compare(j.FinishedAt, other.FinishedAt), cmp.Compare(j.StartedAt, other.StartedAt),
	)
}

// keepAhead are the said jobs, but as stored those with an ID that were further
// along; ahead reports whether there are any.
func keepAhead(stored, said []Job) (jobs []Job, ahead bool) {
	at := make(map[string]*Job, len(stored))
	for i := range stored {
		at[stored[i].ID] = &stored[i]
	}
	jobs = slices.Clone(said)
	for i := range jobs {
		old := at[jobs[i].ID]
		if jobs[i].ID != "" && old != nil && old.Status.progress() > jobs[i].Status.progress() {
			jobs[i], ahead = *old, true
		}
	}
	return jobs, ahead
}

// hasOthers reports whether a job with an ID is stored that is not said.
func hasOthers(stored, said []Job) bool {
	met := make(map[string]bool, len(said))
	for i := range said {
		met[said[i].ID] = true
	}
	return slices.ContainsFunc(stored, func(j Job) bool { return j.ID != "" && !met[j.ID] })
}

// progress is how far along a status is: 0 before it runs, 2 once it has ended.
func (s RunStatus) progress() int {
	switch s {
	case RunWaiting:
		return 0
	case RunRunning:
		return 1
	}
	return 2
}

// statusOf is that of a run of which only jobs tell, and without any as said.
func statusOf(jobs []Job, said RunStatus) RunStatus {
	if len(jobs) == 0 {
		return said
	}
	n := map[RunStatus]int{}
	for i := range jobs {
		n[jobs[i].Status]++
	}
	switch waiting := n[RunWaiting]; {
	case waiting == len(jobs):
		return RunWaiting
	case waiting+n[RunRunning] > 0:
		return RunRunning
	}
	for _, s := range [...]RunStatus{RunFailed, RunCancelled, RunSuccess, RunSkipped} {
		if n[s] > 0 {
			return s
		}
	}
	return RunUnknown
}
