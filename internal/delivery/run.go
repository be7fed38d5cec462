package delivery

// RunStatus is how a CI run or one of its jobs stands, by whatever name the source
// gave it.
type RunStatus string

const (
	RunWaiting   RunStatus = "waiting" // queued, pending, waiting for an approval
	RunRunning   RunStatus = "running"
	RunSuccess   RunStatus = "success"
	RunFailed    RunStatus = "failed" // timed out, too
	RunCancelled RunStatus = "cancelled"
	RunSkipped   RunStatus = "skipped" // neutral, too
	// RunUnknown is that of a run whose source does not say how it ended.
	RunUnknown RunStatus = "unknown"
)

// Finished reports whether nothing more will happen by itself.
func (s RunStatus) Finished() bool { return s != RunWaiting && s != RunRunning }

// Run is a run of CI over one commit: what a CI user calls a pipeline, or a
// workflow run. It is told apart by (Connection, Project, ID); its attempts are one
// run, and what it says is of the last. Durations are in milliseconds, and NotSaid
// where the source says nothing of them.
type Run struct {
	Connection string
	Project    string // owner/repository or group/project
	ID         string // the source's, of the run and not of an attempt
	Workflow   string // "" where there is one only
	Number     int64  // that people name it by; 0 when not said
	Title      string
	Status     RunStatus
	Event      string // push, schedule, …
	Actor      string
	Branch     string
	SHA        string
	URL        string
	// DefaultBranch is the project's as the source says it, "" when it does not:
	// then the connection's setting says which branches are.
	DefaultBranch string

	CreatedAt  Instant
	StartedAt  Instant // of the first job; 0 when not said
	FinishedAt Instant // 0 while it goes on, or when not said
	UpdatedAt  Instant // by the source's clock; 0 when it has none
	Attempt    int     // the last one, from 1
	// AttemptAt is when the last attempt began; 0 when not said: when it was created.
	AttemptAt Instant
	// HasRestarts says that jobs ran more than once.
	HasRestarts bool

	Duration    int64 // from its creation to the end of the last job that counts
	DurationE2E int64 // from the start of the first e2e job to the end of the last
	Labels      map[string]string
	Jobs        []Job
	Builds      []Build

	// Part says that this is only a part of what its source knows of the run, as a
	// hook tells it: a store adds it to what it has. It is not stored.
	Part bool
}

// NotSaid is a duration that the source does not say.
const NotSaid = int64(-1)

// Job is a job of the last attempt of a run. One that ran several times in it is
// there once for each time that the source tells of, told apart by Attempt.
type Job struct {
	ID         string    `json:"id,omitempty"` // the source's; "" when it has none
	Name       string    `json:"name"`
	Status     RunStatus `json:"status"`
	Attempt    int       `json:"attempt,omitempty"`
	URL        string    `json:"url,omitempty"`
	Runner     string    `json:"runner,omitempty"`
	CreatedAt  Instant   `json:"created_at,omitempty"` // 0 when not said, like the next two
	StartedAt  Instant   `json:"started_at,omitempty"`
	FinishedAt Instant   `json:"finished_at,omitempty"`
	// E2E says that it is one of those whose time is told apart.
	E2E bool `json:"e2e,omitempty"`

	// Durations in milliseconds, NotSaid where it is not said. Up is the start of
	// its surroundings, of which Pull is spent on images.
	Duration      int64 `json:"duration"`
	DurationE2E   int64 `json:"duration_e2e"`
	Up            int64 `json:"up"`
	UpWithoutPull int64 `json:"up_without_pull"`
	Pull          int64 `json:"pull"`
}

// Build is a build of a run, by name.
type Build struct {
	Name     string `json:"name"`
	Duration int64  `json:"duration"` // milliseconds, or NotSaid
}
