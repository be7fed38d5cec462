package simulator

import "throughline/internal/delivery"

// RunTruth is what really happened to a run of Actions until now.
type RunTruth struct {
	Repository string // without its owner
	Workflow   string
	ID         int64
	Number     int
	Event      string
	Branch     string
	Default    bool // the branch is the repository's default
	Status     string
	Conclusion string // "" while it goes on
	CreatedAt  delivery.Instant
	Attempt    int
	AttemptAt  delivery.Instant
	StartedAt  delivery.Instant // the first job of the attempt; 0 before
	FinishedAt delivery.Instant // the last one; 0 while it goes on
	Jobs       []JobTruth       // of the attempt, those that are there
}

// JobTruth is what really happened to a job.
type JobTruth struct {
	Name       string
	Conclusion string // "" while it goes on
	Carried    bool   // taken over from the attempt before
	CreatedAt  delivery.Instant
	StartedAt  delivery.Instant // 0 before, and for what was not run
	FinishedAt delivery.Instant // 0 before
}

// Runs is the truth about every run, by repository and in order of creation.
func (g *GitHub) Runs() []RunTruth {
	now := g.now()
	var out []RunTruth
	for _, r := range g.repos {
		for _, run := range g.runsOf(r, now) {
			out = append(out, g.truth(run, now))
		}
	}
	return out
}

func (g *GitHub) truth(run *actRun, now delivery.Instant) RunTruth {
	s := g.standingAt(run, now)
	t := RunTruth{
		Repository: run.r.name, Workflow: run.wf.name, ID: run.id, Number: run.number, Event: run.event, Branch: run.branch,
		Default: run.branch == run.r.branch, Status: s.status, Conclusion: s.conclusion, CreatedAt: run.created, Attempt: s.n, AttemptAt: s.try.at,
	}
	jobs := g.plan(run)[s.n-1].jobs
	for i := range jobs {
		j := &jobs[i]
		status := j.status(now)
		if status == "" {
			continue
		}
		of := JobTruth{Name: j.spec.name, Carried: j.carried, CreatedAt: j.created}
		if j.ran() && j.started <= now {
			of.StartedAt = j.started
			if !j.carried && (!t.StartedAt.Known() || j.started < t.StartedAt) {
				t.StartedAt = j.started
			}
		}
		if status == "completed" {
			of.Conclusion, of.FinishedAt = j.conclusion, j.ended
			t.FinishedAt = max(t.FinishedAt, j.ended)
		}
		t.Jobs = append(t.Jobs, of)
	}
	if s.status != "completed" {
		t.FinishedAt = 0
	}
	return t
}
