package github

import "throughline/internal/delivery"

// setTimes gives a run with all its jobs its times. Those of jobs that its last
// attempt took over from the one before do not count, nor do skipped ones.
func setTimes(run *delivery.Run) {
	began := run.CreatedAt
	if run.AttemptAt.Known() {
		began = run.AttemptAt
	}
	var all, e2e span
	for _, job := range run.Jobs {
		if job.Status == delivery.RunSkipped || job.FinishedAt.Known() && job.FinishedAt < began {
			continue
		}
		all.add(job)
		if job.E2E {
			e2e.add(job)
		}
	}
	run.StartedAt = all.from
	if !run.Status.Finished() {
		return
	}
	run.FinishedAt = all.to
	if all.to >= began {
		run.Duration = int64(all.to - began)
	}
	if e2e.from.Known() && e2e.to.Known() && !e2e.open {
		run.DurationE2E = int64(e2e.to - e2e.from)
	}
}

// span is from the start of the first of some jobs to the end of the last.
type span struct {
	from, to delivery.Instant
	open     bool // some have not ended
}

func (s *span) add(job delivery.Job) {
	if job.StartedAt.Known() && (!s.from.Known() || job.StartedAt < s.from) {
		s.from = job.StartedAt
	}
	s.to = max(s.to, job.FinishedAt)
	s.open = s.open || !job.FinishedAt.Known()
}
