package delivery

import (
	"cmp"
	"strings"
)

// MergeRun is what a store keeps of a run of which it has stored, a zero Run when
// it has nothing, once said is told of it. It is never a Part.
//
// A part adds to what is stored, in whatever order the parts come and however often:
//
//   - Of the attempts the later one is kept. Of one attempt, an update of the run
//     goes before what only jobs tell of it, which is what is without UpdatedAt; and
//     of two updates the one that says the run has ended, then the later one, then
//     the one that is further along, then said.
//   - A field that the one does not say is as the other says it, but AttemptAt and
//     builds, which are of one attempt. So an older attempt adds what is missing.
//     A branch with its owner, as fork:main, goes before main: jobs do not say whose
//     theirs is.
//   - CreatedAt is an update's. Where only jobs tell of the attempt, it is the
//     earliest one told, and the status follows from the jobs.
//   - Jobs are those of the attempt that is kept, by ID, or by name and attempt
//     without one. Of one job the further state is kept, and of two ends the later.
//     They are in the order of their starts.
//   - What follows from jobs is by Clock, the first start by those of all attempts.
//
// A whole run takes the place of what is stored if it Overtakes it. But what it says
// was read some time before, and must not undo what parts have told since. So of a
// source with a clock (UpdatedAt), which alone can tell what parts tell, of one
// attempt: a job with an ID never goes back to an earlier state, and a whole run
// that goes on, of the update that is stored or the first one, is merged as a part
// if jobs or the end of the run are known that it does not have. The first start of
// a run, once known, is kept in its later attempts if the source says AttemptAt. Of a
// source without a clock, an attempt that has ended does not go on again, and what
// does not know how it ended adds to what does.
func MergeRun(stored, said Run) Run {
	known := stored.ID != ""
	switch {
	case said.Part && known:
		return mergeParts(stored, said)
	case said.Part:
		return mergeParts(Run{}, said)
	case !known:
		return said
	case !said.Overtakes(stored.Attempt, stored.UpdatedAt):
		return stored
	case said.UpdatedAt.Known():
		return replaceRun(stored, said)
	case said.Attempt == stored.Attempt:
		return toldAgain(stored, said)
	}
	return said
}

// toldAgain is a whole run of an attempt that is told once more, by a source that has
// no clock.
func toldAgain(stored, said Run) Run {
	switch {
	case !stored.Status.Finished():
		return said
	case !said.Status.Finished():
		return stored
	case said.Status != RunUnknown || stored.Status == RunUnknown:
		return said
	}
	said.Status = stored.Status
	said.fill(&stored)
	said.StartedAt, said.FinishedAt = cmp.Or(said.StartedAt, stored.StartedAt), cmp.Or(said.FinishedAt, stored.FinishedAt)
	for _, d := range [...]struct {
		to   *int64
		from int64
	}{{&said.Duration, stored.Duration}, {&said.DurationE2E, stored.DurationE2E}} {
		if *d.to == NotSaid {
			*d.to = d.from
		}
	}
	if len(said.Jobs) == 0 {
		said.Jobs = stored.Jobs
	}
	if len(said.Builds) == 0 {
		said.Builds = stored.Builds
	}
	return said
}

// mergeParts merges what two tell of a run, by the rules for parts.
func mergeParts(stored, said Run) Run {
	r, other := said, stored
	if stored.goesBefore(&said) > 0 {
		r, other = stored, said
	}
	r.Part = false
	r.StartedAt = earliest(r.StartedAt, other.StartedAt, r.FirstStart(), other.FirstStart())
	if !r.UpdatedAt.Known() || !r.CreatedAt.Known() {
		r.CreatedAt = earliest(r.CreatedAt, other.CreatedAt)
	}
	if r.Attempt == other.Attempt {
		r.AttemptAt = cmp.Or(r.AttemptAt, other.AttemptAt)
		r.Status = cmp.Or(r.Status, other.Status)
		r.FinishedAt = cmp.Or(r.FinishedAt, other.FinishedAt)
		if len(r.Builds) == 0 {
			r.Builds = other.Builds
		}
		r.Jobs = mergeJobs(stored.Jobs, said.Jobs)
	} else {
		r.Jobs = mergeJobs(nil, r.Jobs)
	}
	if r.Branch != "" && strings.HasSuffix(other.Branch, ":"+r.Branch) {
		r.Branch = other.Branch
	}
	r.fill(&other)
	if !r.UpdatedAt.Known() {
		r.Status = statusOf(r.Jobs, r.Status)
	}
	r.Clock()
	return r
}

// goesBefore is positive if what r says of the run goes before what said does.
func (r *Run) goesBefore(said *Run) int {
	if c := cmp.Compare(r.Attempt, said.Attempt); c != 0 {
		return c
	}
	if !r.UpdatedAt.Known() || !said.UpdatedAt.Known() {
		return cmp.Compare(r.UpdatedAt, said.UpdatedAt)
	}
	if ended := r.Status.Finished(); ended != said.Status.Finished() {
		if ended {
			return 1
		}
		return -1
	}
	return cmp.Or(
		cmp.Compare(r.UpdatedAt, said.UpdatedAt),
		cmp.Compare(r.Status.progress(), said.Status.progress()),
	)
}

// fill takes what the run does not say from another telling of it.
func (r *Run) fill(other *Run) {
	for _, f := range [...]struct {
		to   *string
		from string
	}{
		{&r.Workflow, other.Workflow},
		{&r.Title, other.Title},
		{&r.Event, other.Event},
		{&r.Actor, other.Actor},
		{&r.Branch, other.Branch},
		{&r.SHA, other.SHA},
		{&r.URL, other.URL},
		{&r.DefaultBranch, other.DefaultBranch},
	} {
		*f.to = cmp.Or(*f.to, f.from)
	}
	r.Number = cmp.Or(r.Number, other.Number)
	r.HasRestarts = r.HasRestarts || other.HasRestarts
	if len(r.Labels) == 0 {
		r.Labels = other.Labels
	}
}

// replaceRun is a whole run in the place of what is stored, without what it would undo.
func replaceRun(stored, said Run) Run {
	if said.AttemptAt.Known() && said.Attempt > 1 {
		said.StartedAt = earliest(stored.StartedAt, said.StartedAt)
	}
	if said.Attempt != stored.Attempt {
		return said
	}
	jobs, ahead := keepAhead(stored.Jobs, said.Jobs)
	if !said.Status.Finished() && (stored.UpdatedAt == said.UpdatedAt || !stored.UpdatedAt.Known()) {
		ended := stored.UpdatedAt.Known() && stored.Status.Finished()
		if ahead || ended || hasOthers(stored.Jobs, said.Jobs) {
			return mergeParts(stored, said)
		}
	}
	if ahead {
		said.Jobs = jobs
		SortJobs(said.Jobs)
		said.Clock()
	}
	return said
}
