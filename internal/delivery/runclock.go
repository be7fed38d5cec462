package delivery

// Clock works out what follows from the jobs of a run whose source says when each
// of them ran and no more: StartedAt, FinishedAt, Duration, DurationE2E and
// HasRestarts. It changes nothing when called again.
//
//   - StartedAt is the earliest of what it was and of the starts of jobs. What a
//     job that waits or was skipped says is no start. Of the second attempt only jobs
//     kept from the first count, and of later ones none: they tell nothing of when
//     the run's first job started.
//   - FinishedAt is the end of the last job that was not skipped, or what it was when
//     none says one; 0 while the run goes on.
//   - Duration is from the beginning of the attempt, AttemptAt or CreatedAt, to
//     FinishedAt, and 0 for clocks that disagree.
//   - DurationE2E is from the start of the first e2e job to the end of the last one,
//     once all of them have ended. Skipped ones are left out, and those kept from
//     before the attempt.
//   - HasRestarts holds for all attempts but the first.
func (r *Run) Clock() {
	r.HasRestarts = r.HasRestarts || r.Attempt > 1
	r.StartedAt = earliest(r.StartedAt, r.FirstStart())
	r.Duration, r.DurationE2E = NotSaid, NotSaid
	if !r.Status.Finished() {
		r.FinishedAt = 0
		return
	}
	if end := lastEnd(r.Jobs); end.Known() {
		r.FinishedAt = end
	}
	begin := r.CreatedAt
	if r.Attempt > 1 && r.AttemptAt.Known() {
		begin = r.AttemptAt
	}
	r.Duration = elapsed(begin, r.FinishedAt)
	r.DurationE2E = r.spanE2E()
}

// FirstStart is when the first job of the run started, as far as the jobs of its
// last attempt say; 0 when they do not.
func (r *Run) FirstStart() Instant {
	first := Instant(0)
	for i := range r.Jobs {
		job := &r.Jobs[i]
		if job.started() && (r.Attempt <= 1 || r.Attempt == 2 && r.keeps(job)) {
			first = earliest(first, job.StartedAt)
		}
	}
	return first
}

// keeps reports whether a job ran in an attempt before the last.
func (r *Run) keeps(job *Job) bool {
	return r.Attempt > 1 && job.StartedAt.Known() && job.StartedAt < r.AttemptAt
}

// started reports whether the job says when it did.
func (j *Job) started() bool {
	return j.StartedAt.Known() && j.Status != RunWaiting && j.Status != RunSkipped
}

// lastEnd is when the last of the jobs ended that have; 0 when none says so.
func lastEnd(jobs []Job) Instant {
	last := Instant(0)
	for i := range jobs {
		if jobs[i].Status.Finished() && jobs[i].Status != RunSkipped {
			last = max(last, jobs[i].FinishedAt)
		}
	}
	return last
}

func (r *Run) spanE2E() int64 {
	var first, last Instant
	for i := range r.Jobs {
		job := &r.Jobs[i]
		if !job.E2E || job.Status == RunSkipped || r.keeps(job) {
			continue
		}
		if !job.Status.Finished() {
			return NotSaid
		}
		first, last = earliest(first, job.StartedAt), max(last, job.FinishedAt)
	}
	return elapsed(first, last)
}

// elapsed is the time from one instant to another, never negative, and NotSaid unless
// both are known.
func elapsed(from, to Instant) int64 {
	if !from.Known() || !to.Known() {
		return NotSaid
	}
	return max(0, int64(to-from))
}

// earliest is the first of the instants that are known.
func earliest(instants ...Instant) Instant {
	first := Instant(0)
	for _, at := range instants {
		if at.Known() && (!first.Known() || at < first) {
			first = at
		}
	}
	return first
}
