package delivery

import (
	"slices"
	"time"
)

// DeployRule says which jobs of a connection are taken for deployments by their names,
// and which runs by their workflows. A nil function takes none.
type DeployRule struct {
	Job, Workflow func(name string) bool
}

// Empty reports whether nothing is taken for a deployment.
func (r DeployRule) Empty() bool { return r.Job == nil && r.Workflow == nil }

// Takes reports whether a job of a name, or with whole a run of a workflow, is taken
// for a deployment.
func (r DeployRule) Takes(name string, whole bool) bool {
	takes := r.Job
	if whole {
		takes = r.Workflow
	}
	return takes != nil && takes(name)
}

// DeployRules are the rules by connection: of one that is not among them nothing is a
// deployment.
type DeployRules map[string]DeployRule

// Narrowed is a question about the runs of those connections only that have rules;
// ok is false when it asks for none of them.
func (rules DeployRules) Narrowed(q RunQuery) (narrow RunQuery, ok bool) {
	var connections []string
	for name, rule := range rules {
		if !rule.Empty() && (len(q.Connections) == 0 || slices.Contains(q.Connections, name)) {
			connections = append(connections, name)
		}
	}
	slices.Sort(connections)
	q.Connections = connections
	return q, len(connections) > 0
}

// NewRunCounts are counts of nothing yet, for a store to add to.
func NewRunCounts(q *RunQuery) RunCounts {
	c := RunCounts{Sample: Sample{Excluded: map[string]int{}, AsOf: q.Now}}
	for _, b := range Buckets(q.From, q.To, q.Unit, q.Zone, q.Now) {
		c.Buckets = append(c.Buckets, RunCountBucket{Bucket: b})
	}
	return c
}

// AddTimes counts so many runs, or jobs, that stand alike.
func (t *RunTally) AddTimes(status RunStatus, n int) {
	var one RunTally
	one.Add(status, false)
	t.Runs += n
	t.Success += n * one.Success
	t.Failed += n * one.Failed
	t.Cancelled += n * one.Cancelled
	t.Skipped += n * one.Skipped
	t.Unfinished += n * one.Unfinished
	t.Unknown += n * one.Unknown
}

// broken is how many did not get through, of how many that ended: a deployment that
// was cancelled did not happen either.
func (t *RunTally) broken() (k, n int) {
	return t.Failed + t.Cancelled, t.Success + t.Failed + t.Cancelled
}

// FailurePanel is the share of deployment jobs that failed or were cancelled, of those
// that ended, as the panel job-failure-rate shows it.
func (c RunCounts) FailurePanel(f *Filter, zone *time.Location) PanelData {
	k, n := c.broken()
	s := c.Sample
	s.N, s.Excluded = n, map[string]int{}
	for reason, left := range map[string]int{
		string(RunSkipped): c.Skipped, RunUnfinished: c.Unfinished, RunSilent: c.Unknown,
	} {
		if left > 0 {
			s.Excluded[reason] = left
		}
	}
	low, high := Wilson(k, n)
	panel := runData("job-failure-rate", Trend, Rates, f, zone, s, Figure{"rate", rate(k, n)}, Figure{"low", low}, Figure{"high", high},
		Figure{string(RunFailed), number(c.Failed)}, Figure{string(RunCancelled), number(c.Cancelled)})
	share, count := Series{"rate", []Point{}}, Series{"count", []Point{}}
	for i := range c.Buckets {
		b := &c.Buckets[i]
		k, n := b.broken()
		share.Points = append(share.Points, b.slot(zone, rate(k, n), n, EnoughForRate))
		count.Points = append(count.Points, b.slot(zone, number(n), n, 0))
	}
	panel.Series = []Series{share, count}
	return panel
}
