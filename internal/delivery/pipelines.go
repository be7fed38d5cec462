package delivery

import (
	"cmp"
	"slices"
	"time"
)

// Reasons for which a run is left out of a duration.
const (
	// RunUnfinished: it goes on.
	RunUnfinished = "unfinished"
	// RunWithoutEnd: it was cancelled or skipped, and says nothing of how long one
	// takes.
	RunWithoutEnd = "cancelled"
	// RunRestarted: jobs were run again, which stretches what is measured.
	RunRestarted = "restarted"
	// RunSilent: its source does not say how long it took.
	RunSilent = "not_said"
	// RunContradicts: its e2e jobs took longer than all of it.
	RunContradicts = "contradicts"
)

// RunMeasure is which time of a run is measured.
type RunMeasure string

const (
	// RunWithoutE2E is duration − duration_e2e; all of it where there is no e2e.
	RunWithoutE2E RunMeasure = "without_e2e"
	// RunE2E is duration_e2e, of runs without restarts.
	RunE2E RunMeasure = "e2e"
	// RunTotal is duration.
	RunTotal RunMeasure = "total"
	// RunQueue is from a run's creation to the start of its first job.
	RunQueue RunMeasure = "queue"
	// RunBuild is the duration of each build, of which a run may have several.
	RunBuild RunMeasure = "build"
)

// RunQuery asks a Store about CI runs: those that were created in the range.
type RunQuery struct {
	Connections, Projects, Workflows []string // none: all
	// Branches that count. Without any, those of the default branch do, or all of
	// them with AllBranches.
	Branches    []string
	AllBranches bool
	// DefaultBranches are those of the projects whose source does not say, by
	// connection.
	DefaultBranches map[string][]string
	// Restarts says whether only runs with restarts count, or only those without;
	// nil for all.
	Restarts *bool

	From, To Instant // [From, To)
	Unit     Unit
	Zone     *time.Location // of the buckets
	Now      Instant
}

// NewRunQuery is the question that a narrowed filter asks about runs.
func NewRunQuery(f *Filter, defaults map[string][]string, zone *time.Location, now Instant) RunQuery {
	q := RunQuery{
		Connections: f.Connections, Workflows: f.Workflows, DefaultBranches: defaults, Restarts: f.Restarts,
		From: f.From, To: f.To, Unit: f.Unit, Zone: zone, Now: now,
	}
	var all bool
	if q.Projects, all = f.ProjectKeys(); len(q.Projects) == 0 && !all {
		q.Projects = []string{noProject}
	}
	if q.AllBranches = slices.Contains(f.Branches, AnyBranch); !q.AllBranches {
		q.Branches = f.Branches
	}
	return q
}

// noProject is what no project is called: where none counts.
const noProject = ""

// RunListQuery asks for a list of runs, newest first.
type RunListQuery struct {
	RunQuery
	Statuses []RunStatus // none: all
	Jobs     bool        // with the jobs and builds of each
	Limit    int         // 0: all
	After    string      // cursor of the page before, "" for the first
}

// ListedRun is a run, without jobs and builds unless they were asked for.
type ListedRun struct {
	Run
	Seq    int64  // the store's own number of it, stable: what /runs/{id} names
	Cursor string // pass as RunListQuery.After to go on behind this one
}

// RunDetail is a run as it is stored.
type RunDetail struct {
	Run
	Seq int64 // as in ListedRun
}

// RunFacets are the values of the run filters found in the data.
type RunFacets struct {
	Projects, Workflows, Branches []Facet
}

// RunPercentiles are R7 quantiles of durations in seconds; nil when N is 0.
type RunPercentiles struct {
	N             int
	P50, P80, P95 *float64
}

// RunPercentilesOf sorts milliseconds in place and returns their percentiles in
// seconds.
func RunPercentilesOf(millis []int64) RunPercentiles {
	p := RunPercentiles{N: len(millis)}
	if p.N == 0 {
		return p
	}
	slices.Sort(millis)
	at := func(percent int) *float64 { v := percentile(millis, percent); return &v }
	p.P50, p.P80, p.P95 = at(50), at(80), at(95)
	return p
}

// percentile is Quantile in seconds of sorted milliseconds, of which there are some. A
// whole percentage of whole numbers is a whole number of hundredths: it is exact but
// for the last division.
func percentile(sorted []int64, percent int) float64 {
	h := percent * (len(sorted) - 1)
	lo, part := h/100, int64(h%100)
	hundredths := 100 * sorted[lo]
	if part > 0 {
		hundredths += part * (sorted[lo+1] - sorted[lo])
	}
	return float64(hundredths) / (100 * msPerSecond)
}

// RunDurations are percentiles of one measure, per bucket of created_at and over
// the whole range, from pooled values.
type RunDurations struct {
	Sample
	RunPercentiles
	Buckets []RunDurationBucket
}

// RunDurationBucket is one bucket of RunDurations.
type RunDurationBucket struct {
	Bucket
	RunPercentiles
}

// RunTally counts runs by how they ended.
type RunTally struct {
	Runs                                int // all of them
	Success, Failed, Cancelled, Skipped int
	Unknown, Unfinished                 int
	Restarted                           int // of all; beside the others
}

// Rate is the success rate, succeeded ÷ (succeeded + failed): cancelled and skipped
// runs are out. It is nil when none ended either way.
func (t *RunTally) Rate() *float64 {
	ended := t.Success + t.Failed
	if ended == 0 {
		return nil
	}
	rate := float64(t.Success) / float64(ended)
	return &rate
}

// Add counts a run.
func (t *RunTally) Add(status RunStatus, restarted bool) {
	t.Runs++
	if restarted {
		t.Restarted++
	}
	switch status {
	case RunSuccess:
		t.Success++
	case RunFailed:
		t.Failed++
	case RunCancelled:
		t.Cancelled++
	case RunSkipped:
		t.Skipped++
	case RunWaiting, RunRunning:
		t.Unfinished++
	default:
		t.Unknown++
	}
}

// RunCounts are tallies per bucket of created_at and over the whole range.
type RunCounts struct {
	Sample
	RunTally
	Buckets []RunCountBucket
}

// RunCountBucket is one bucket of RunCounts.
type RunCountBucket struct {
	Bucket
	RunTally
}

// NamedTime is how long the jobs, or builds, of one name took.
type NamedTime struct {
	Name string
	RunPercentiles
	Total  float64 // seconds, of all that are counted
	Failed int     // of all of the name, counted or not; of builds it is not known
}

// NamedTimes are the times of jobs or builds by name, the slowest p80 first. Names
// of which none is counted, nor failed, are not among them.
type NamedTimes struct {
	Sample // of jobs or builds
	Names  []NamedTime
}

// SortNamed orders names by p80, the slowest first.
func SortNamed(names []NamedTime) {
	slices.SortFunc(names, func(a, b NamedTime) int {
		p80 := func(n NamedTime) float64 {
			if n.P80 == nil {
				return -1
			}
			return *n.P80
		}
		return cmp.Or(cmp.Compare(p80(b), p80(a)), cmp.Compare(a.Name, b.Name))
	})
}

// LeftOut is the reason for which a run that stands like this, or its builds, are
// left out of every duration; "" when it is not.
func (s RunStatus) LeftOut() string {
	switch s {
	case RunWaiting, RunRunning:
		return RunUnfinished
	case RunCancelled, RunSkipped:
		return RunWithoutEnd
	default:
		return ""
	}
}

// Measured is what a run takes by a measure in milliseconds, or the reason for
// which it is left out.
func (r *Run) Measured(m RunMeasure) (millis int64, reason string) {
	if reason := r.Status.LeftOut(); reason != "" {
		return 0, reason
	}
	switch m { // builds are measured by themselves
	case RunE2E:
		if r.HasRestarts {
			return 0, RunRestarted
		}
		millis = r.DurationE2E
	case RunTotal:
		millis = r.Duration
	case RunQueue:
		millis = r.QueueTime()
	default:
		if r.Duration != NotSaid && r.DurationE2E > r.Duration {
			return 0, RunContradicts
		}
		millis = r.WithoutE2E()
	}
	return said(millis)
}

// Measured is what a job takes in milliseconds, or the reason for which it is left
// out: only those count that are known to have succeeded or failed.
func (j *Job) Measured() (millis int64, reason string) {
	switch reason := j.Status.LeftOut(); {
	case reason != "":
		return 0, reason
	case j.Status != RunSuccess && j.Status != RunFailed:
		return 0, RunSilent
	}
	return said(j.Duration)
}

// MeasuredBuild is what a build of a run takes in milliseconds, or the reason for
// which it is left out.
func (r *Run) MeasuredBuild(b *Build) (millis int64, reason string) {
	if reason := r.Status.LeftOut(); reason != "" {
		return 0, reason
	}
	return said(b.Duration)
}

func said(millis int64) (int64, string) {
	if millis == NotSaid {
		return 0, RunSilent
	}
	return millis, ""
}

// OnDefault reports whether a run is of its project's default branch.
func (q *RunQuery) OnDefault(connection, branch, said string) bool {
	if said != "" {
		return branch == said
	}
	return slices.Contains(q.DefaultBranches[connection], branch)
}
