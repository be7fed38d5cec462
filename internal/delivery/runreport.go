package delivery

// RunReport is a CI run as the API answers it. Durations are whole seconds, floored,
// and null where they are not said, like texts and instants. Lists are never null.
type RunReport struct {
	ID          string            `json:"id"`
	Connection  string            `json:"connection"`
	Project     string            `json:"project"`
	Workflow    Word              `json:"workflow"`
	Branch      Word              `json:"branch"`
	SHA         Word              `json:"sha"`
	CreatedAt   Instant           `json:"created_at"`
	StartedAt   Instant           `json:"started_at"`
	FinishedAt  Instant           `json:"finished_at"`
	Duration    *int64            `json:"duration"`
	DurationE2E *int64            `json:"duration_e2e"`
	QueueTime   *int64            `json:"queue_time"`
	Attempt     int               `json:"attempt"`
	HasRestarts bool              `json:"has_restarts"`
	Conclusion  Word              `json:"conclusion"` // null while it goes on
	URL         Word              `json:"url"`
	Labels      map[string]string `json:"labels"`
	Builds      []BuildReport     `json:"builds"`
	Jobs        []JobReport       `json:"jobs"`

	Run           int64     `json:"run"`    // the store's number of it
	Number        *int64    `json:"number"` // that people name it by
	Title         Word      `json:"title"`
	Status        RunStatus `json:"status"`
	Event         Word      `json:"event"`
	Actor         Word      `json:"actor"`
	DefaultBranch Word      `json:"default_branch"`
	UpdatedAt     Instant   `json:"updated_at"`
}

// JobReport is a job of a RunReport.
type JobReport struct {
	Name          string  `json:"name"`
	StartedAt     Instant `json:"started_at"`
	FinishedAt    Instant `json:"finished_at"`
	Duration      *int64  `json:"duration"`
	Conclusion    Word    `json:"conclusion"`
	Up            *int64  `json:"up"`
	E2E           *int64  `json:"e2e"` // how long its e2e tests took
	Pull          *int64  `json:"pull"`
	UpWithoutPull *int64  `json:"up_without_pull"`

	ID        Word      `json:"id"`
	Status    RunStatus `json:"status"`
	Attempt   int       `json:"attempt"`
	CreatedAt Instant   `json:"created_at"`
	URL       Word      `json:"url"`
	Runner    Word      `json:"runner"`
	IsE2E     bool      `json:"is_e2e"`
}

// BuildReport is a build of a RunReport.
type BuildReport struct {
	Name     string `json:"name"`
	Duration *int64 `json:"duration"`
}

// ReportRun reports a run by the store's number of it, with the jobs and builds
// that it has.
func ReportRun(run *Run, seq int64) RunReport {
	r := RunReport{
		ID: run.ID, Connection: run.Connection, Project: run.Project,
		Workflow: Word(run.Workflow), Branch: Word(run.Branch), SHA: Word(run.SHA),
		CreatedAt: run.CreatedAt, StartedAt: run.StartedAt, FinishedAt: run.FinishedAt,
		Duration: wholeSeconds(run.Duration), DurationE2E: wholeSeconds(run.DurationE2E), QueueTime: wholeSeconds(run.QueueTime()),
		Attempt: max(run.Attempt, 1), HasRestarts: run.HasRestarts, Conclusion: run.Status.Conclusion(),
		URL: Word(run.URL), Labels: run.Labels, Builds: []BuildReport{}, Jobs: []JobReport{},
		Run: seq, Title: Word(run.Title), Status: run.Status, Event: Word(run.Event), Actor: Word(run.Actor),
		DefaultBranch: Word(run.DefaultBranch), UpdatedAt: run.UpdatedAt,
	}
	if run.Number != 0 {
		r.Number = &run.Number
	}
	if r.Labels == nil {
		r.Labels = map[string]string{}
	}
	for _, b := range run.Builds {
		r.Builds = append(r.Builds, BuildReport{b.Name, wholeSeconds(b.Duration)})
	}
	for i := range run.Jobs {
		r.Jobs = append(r.Jobs, reportJob(&run.Jobs[i]))
	}
	return r
}

func reportJob(j *Job) JobReport {
	return JobReport{
		Name: j.Name, StartedAt: j.StartedAt, FinishedAt: j.FinishedAt, Duration: wholeSeconds(j.Duration),
		Conclusion: j.Status.Conclusion(), Up: wholeSeconds(j.Up), E2E: wholeSeconds(j.DurationE2E),
		Pull: wholeSeconds(j.Pull), UpWithoutPull: wholeSeconds(j.UpWithoutPull),
		ID: Word(j.ID), Status: j.Status, Attempt: max(j.Attempt, 1), CreatedAt: j.CreatedAt,
		URL: Word(j.URL), Runner: Word(j.Runner), IsE2E: j.E2E,
	}
}

// wholeSeconds are those of milliseconds, nil when they are not said.
func wholeSeconds(millis int64) *int64 {
	if millis < 0 {
		return nil
	}
	s := millis / msPerSecond
	return &s
}

// Conclusion is how something ended, in the words of its status; "" while it goes on.
func (s RunStatus) Conclusion() Word {
	if !s.Finished() {
		return ""
	}
	return Word(s)
}

// RunStatuses are all there are, in the order in which a run comes by them.
func RunStatuses() []RunStatus {
	return []RunStatus{RunWaiting, RunRunning, RunSuccess, RunFailed, RunCancelled, RunSkipped, RunUnknown}
}

// QueueTime is from a run's creation to the start of its first job in milliseconds,
// or NotSaid.
func (r *Run) QueueTime() int64 {
	if !r.CreatedAt.Known() || !r.StartedAt.Known() {
		return NotSaid
	}
	return max(0, int64(r.StartedAt-r.CreatedAt))
}

// WithoutE2E is a run's duration less that of its e2e, in milliseconds; all of it
// where there is no e2e.
func (r *Run) WithoutE2E() int64 {
	if r.Duration == NotSaid || r.DurationE2E == NotSaid {
		return r.Duration
	}
	return max(0, r.Duration-r.DurationE2E)
}
