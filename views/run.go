package views

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// RunView is a CI run with its jobs.
type RunView struct {
	Run    delivery.Run
	Report delivery.RunReport
	Jobs   []RunJob
	Source string // address in the source, "" when there is none to open
	Zone   *time.Location
	Now    delivery.Instant
}

// RunJob is a job of a run, with its address in the source where that may be opened.
type RunJob struct {
	delivery.Job
	Source string
}

// Name is what people call the run.
func (v RunView) Name() string { return runName(&v.Report) }

func (v RunView) moment(ctx context.Context, i delivery.Instant) string {
	if !i.Known() {
		return ""
	}
	return i18n.From(ctx).DateTime(i.Time().In(v.Zone))
}

// clock is a moment to the second, with its day where that is not the run's.
func (v RunView) clock(ctx context.Context, i delivery.Instant) string {
	if !i.Known() {
		return ""
	}
	at, text := i.Time().In(v.Zone), i.Time().In(v.Zone).Format(time.TimeOnly)
	if dayOf(i, v.Zone) == dayOf(v.Run.CreatedAt, v.Zone) {
		return text
	}
	return i18n.From(ctx).Date(at) + " " + text
}

// runFigure is a duration of a run.
type runFigure struct {
	name    string // of its messages
	seconds *int64
}

func (v RunView) figures() []runFigure {
	return []runFigure{
		{"duration", v.Report.Duration},
		{"without_e2e", wholeSeconds(v.Run.WithoutE2E())},
		{"e2e", v.Report.DurationE2E},
		{"queue", v.Report.QueueTime},
	}
}

func wholeSeconds(millis int64) *int64 {
	if millis < 0 {
		return nil
	}
	s := millis / 1000
	return &s
}

// runFact is a line of what is known of a run.
type runFact struct{ id, text string }

// facts are those that are known.
func (v RunView) facts(ctx context.Context) []runFact {
	r := v.Report
	branch := string(r.Branch)
	if branch != "" && r.DefaultBranch == r.Branch {
		branch = t(ctx, "run.branch.default", "branch", branch)
	}
	all := []runFact{
		{"run.project", r.Project},
		{"run.workflow", string(r.Workflow)},
		{"run.branch", branch},
		{"run.sha", string(r.SHA)},
		{"run.event", string(r.Event)},
		{"run.actor", string(r.Actor)},
		{"run.created", v.moment(ctx, r.CreatedAt)},
		{"run.attempt_at", v.moment(ctx, v.Run.AttemptAt)},
		{"run.started", v.moment(ctx, r.StartedAt)},
		{"run.finished", v.moment(ctx, r.FinishedAt)},
		{"run.updated", v.moment(ctx, r.UpdatedAt)},
		{"run.id", r.ID},
		{"run.connection", r.Connection},
	}
	return slices.DeleteFunc(all, func(f runFact) bool { return f.text == "" })
}

// labels are those of the run by name.
func (v RunView) labels() []runFact {
	var out []runFact
	for _, name := range slices.Sorted(maps.Keys(v.Report.Labels)) {
		out = append(out, runFact{name, v.Report.Labels[name]})
	}
	return out
}

// shortSHA is as much of a commit's as people read.
func shortSHA(sha delivery.Word) string { return string(sha[:min(len(sha), 9)]) }

// jobColumn is a column of the table of jobs. One in which nothing is said is left
// out.
type jobColumn struct {
	id   string // message of its name
	num  bool
	cell func(j *RunJob) string
}

// jobColumns are those behind name and status.
func (v RunView) jobColumns(ctx context.Context) []jobColumn {
	millis := func(ms int64) string {
		if ms < 0 {
			return ""
		}
		return elapsed(ctx, ms/1000)
	}
	all := []jobColumn{
		{"run.queued", false, func(j *RunJob) string { return v.clock(ctx, j.CreatedAt) }},
		{"run.job.started", false, func(j *RunJob) string { return v.clock(ctx, j.StartedAt) }},
		{"run.job.finished", false, func(j *RunJob) string { return v.clock(ctx, j.FinishedAt) }},
		{"run.queue", true, func(j *RunJob) string { return millis(j.queued()) }},
		{"run.duration", true, func(j *RunJob) string { return millis(j.Duration) }},
		{"run.column.up", true, func(j *RunJob) string { return millis(j.Up) }},
		{"run.column.pull", true, func(j *RunJob) string { return millis(j.Pull) }},
		{"run.column.rest", true, func(j *RunJob) string { return millis(j.UpWithoutPull) }},
		{"run.column.e2e", true, func(j *RunJob) string { return millis(j.DurationE2E) }},
		{"run.runner", false, func(j *RunJob) string { return j.Runner }},
	}
	return slices.DeleteFunc(all, func(c jobColumn) bool {
		return !slices.ContainsFunc(v.Jobs, func(j RunJob) bool { return c.cell(&j) != "" })
	})
}

// circumstances are the attempt, and what the run came from.
func (v RunView) circumstances(ctx context.Context) string {
	var out []string
	if v.Report.Attempt > 1 {
		out = append(out, t(ctx, "run.job.attempt", "n", v.Report.Attempt))
	}
	if v.Report.HasRestarts {
		out = append(out, t(ctx, "run.restarted"))
	}
	if v.Report.Event != "" {
		out = append(out, string(v.Report.Event))
	}
	if v.Report.Actor != "" {
		out = append(out, t(ctx, "run.by", "who", string(v.Report.Actor)))
	}
	return strings.Join(out, " · ")
}

// ordered are the jobs by when the first of each name began; what ran again is below
// what it repeats, and what does not say when it ran comes last.
func (v RunView) ordered() []*RunJob {
	var out []*RunJob
	first := map[string]delivery.Instant{}
	for i := range v.Jobs {
		j := &v.Jobs[i]
		out = append(out, j)
		at := j.span(v.end()).start
		if !at.Known() {
			at = math.MaxInt64
		}
		if known, ok := first[j.Name]; !ok || at < known {
			first[j.Name] = at
		}
	}
	slices.SortStableFunc(out, func(a, b *RunJob) int {
		return cmp.Or(cmp.Compare(first[a.Name], first[b.Name]), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.StartedAt, b.StartedAt))
	})
	return out
}

// queued is how long a job waited in milliseconds, or NotSaid.
func (j *RunJob) queued() int64 {
	if !j.CreatedAt.Known() || !j.StartedAt.Known() {
		return delivery.NotSaid
	}
	return max(0, int64(j.StartedAt-j.CreatedAt))
}

// tags are what a job is besides its name.
func (v RunView) tags(ctx context.Context, j *RunJob) string {
	var out []string
	if j.E2E {
		out = append(out, t(ctx, "run.job.e2e"))
	}
	again := slices.ContainsFunc(v.Jobs, func(o RunJob) bool { return o.Name == j.Name && o.Attempt != j.Attempt })
	if again || j.Attempt > 1 {
		out = append(out, t(ctx, "run.job.attempt", "n", max(j.Attempt, 1)))
	}
	return strings.Join(out, ", ")
}
