package ci

import "throughline/internal/delivery"

// EncodedRun is a run as ParseRuns reads it. Times are RFC 3339 in UTC with
// milliseconds, durations seconds with up to three decimals; both are null when not
// said.
type EncodedRun struct {
	ID            string             `json:"id"`
	Project       string             `json:"project"`
	Workflow      string             `json:"workflow"`
	Number        *int64             `json:"number"` // null when not said
	Title         string             `json:"title"`
	Status        delivery.RunStatus `json:"status"`
	Conclusion    delivery.Word      `json:"conclusion"`
	Event         string             `json:"event"`
	Actor         string             `json:"actor"`
	Branch        string             `json:"branch"`
	DefaultBranch string             `json:"default_branch"`
	SHA           string             `json:"sha"`
	URL           string             `json:"url"`
	CreatedAt     delivery.Instant   `json:"created_at"`
	StartedAt     delivery.Instant   `json:"started_at"`
	FinishedAt    delivery.Instant   `json:"finished_at"`
	UpdatedAt     delivery.Instant   `json:"updated_at"`
	Attempt       int                `json:"attempt"`
	HasRestarts   bool               `json:"has_restarts"`
	Duration      seconds            `json:"duration"`
	DurationE2E   seconds            `json:"duration_e2e"`
	Labels        map[string]string  `json:"labels"`
	Jobs          []EncodedJob       `json:"jobs"`
	Builds        []EncodedBuild     `json:"builds"`
}

// EncodedJob is a job of an EncodedRun.
type EncodedJob struct {
	ID            string             `json:"id"` // "" when it has none
	Name          string             `json:"name"`
	Status        delivery.RunStatus `json:"status"`
	Conclusion    delivery.Word      `json:"conclusion"`
	Attempt       int                `json:"attempt"`
	URL           string             `json:"url"`
	Runner        string             `json:"runner"`
	CreatedAt     delivery.Instant   `json:"created_at"`
	StartedAt     delivery.Instant   `json:"started_at"`
	FinishedAt    delivery.Instant   `json:"finished_at"`
	IsE2E         bool               `json:"is_e2e"`
	Duration      seconds            `json:"duration"`
	Up            seconds            `json:"up"`
	E2E           seconds            `json:"e2e"`
	UpWithoutPull seconds            `json:"up_without_pull"`
	Pull          seconds            `json:"pull"`
}

// EncodedBuild is a build of an EncodedRun.
type EncodedBuild struct {
	Name     string  `json:"name"`
	Duration seconds `json:"duration"`
}

// EncodeRun is run in the shape that ParseRuns reads, and reads back as the same
// run. The connection is left out: it is the token's, and no part of a body.
func EncodeRun(run delivery.Run) EncodedRun {
	encoded := EncodedRun{
		ID:            run.ID,
		Project:       run.Project,
		Workflow:      run.Workflow,
		Title:         run.Title,
		Status:        run.Status,
		Conclusion:    run.Status.Conclusion(),
		Event:         run.Event,
		Actor:         run.Actor,
		Branch:        run.Branch,
		DefaultBranch: run.DefaultBranch,
		SHA:           run.SHA,
		URL:           run.URL,
		CreatedAt:     run.CreatedAt,
		StartedAt:     run.StartedAt,
		FinishedAt:    run.FinishedAt,
		UpdatedAt:     run.UpdatedAt,
		Attempt:       max(run.Attempt, 1),
		HasRestarts:   run.HasRestarts,
		Duration:      seconds(run.Duration),
		DurationE2E:   seconds(run.DurationE2E),
		Labels:        run.Labels,
		Jobs:          make([]EncodedJob, 0, len(run.Jobs)),
		Builds:        make([]EncodedBuild, 0, len(run.Builds)),
	}
	if run.Number != 0 {
		encoded.Number = &run.Number
	}
	if encoded.Labels == nil {
		encoded.Labels = map[string]string{}
	}
	for _, job := range run.Jobs {
		encoded.Jobs = append(encoded.Jobs, encodeJob(job))
	}
	for _, build := range run.Builds {
		encoded.Builds = append(encoded.Builds, EncodedBuild{build.Name, seconds(build.Duration)})
	}
	return encoded
}

func encodeJob(job delivery.Job) EncodedJob {
	return EncodedJob{
		ID:            job.ID,
		Name:          job.Name,
		Status:        job.Status,
		Conclusion:    job.Status.Conclusion(),
		Attempt:       max(job.Attempt, 1),
		URL:           job.URL,
		Runner:        job.Runner,
		CreatedAt:     job.CreatedAt,
		StartedAt:     job.StartedAt,
		FinishedAt:    job.FinishedAt,
		IsE2E:         job.E2E,
		Duration:      seconds(job.Duration),
		Up:            seconds(job.Up),
		E2E:           seconds(job.DurationE2E),
		UpWithoutPull: seconds(job.UpWithoutPull),
		Pull:          seconds(job.Pull),
	}
}
