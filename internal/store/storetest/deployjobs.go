package storetest

import (
	"strings"
	"testing"

	"throughline/internal/delivery"
)

func (s *store) deployJobs(t *testing.T, q delivery.RunQuery, rules delivery.DeployRules) delivery.RunCounts {
	t.Helper()
	r, err := s.DeployJobs(t.Context(), q, rules)
	if err != nil {
		t.Fatalf("deployment jobs: %v", err)
	}
	return r
}

// byPrefix takes what begins like this.
func byPrefix(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

func ofWorkflow(name string) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Workflow = name }
}

func testDeployJobs(t *testing.T, s *store) {
	elsewhere := func(r *delivery.Run) { r.Connection = "other" }
	s.writeRuns(t,
		ciRun("1", ofWorkflow("CI"), job("deploy api", delivery.RunSuccess, 1_000), job("deploy web", delivery.RunFailed, delivery.NotSaid),
			job("deploy web", delivery.RunFailed, 1_000), job("test", delivery.RunFailed, 1_000), job("deploy", delivery.RunSkipped, delivery.NotSaid)),
		// What has ended of a run that has not.
		ciRun("2", ofWorkflow("Release"), ended(delivery.RunRunning), created("2026-03-10 10:00"), job("deploy api", delivery.RunCancelled, 1_000),
			job("deploy web", delivery.RunRunning, delivery.NotSaid), job("deploy", delivery.RunWaiting, delivery.NotSaid)),
		ciRun("3", ofWorkflow("Release"), ended(delivery.RunFailed), created("2026-03-11 10:00"), restarted, job("deploy", delivery.RunUnknown, 1_000)),
		ciRun("on a branch", on("dev", "main"), job("deploy api", delivery.RunSuccess, 1_000)),
		ciRun("before", created("2026-02-28 23:59"), job("deploy api", delivery.RunSuccess, 1_000)),
		ciRun("without any", ofWorkflow("deploy")), // no job of this name
	)
	s.writeRuns(t, ciRun("1", elsewhere, ofWorkflow("Release"), job("deploy api", delivery.RunSuccess, 1_000), job("ship", delivery.RunFailed, 1_000)))
	jobs := delivery.DeployRule{Job: byPrefix("deploy")}
	both := delivery.DeployRule{Job: byPrefix("deploy"), Workflow: byPrefix("Release")}
	for _, tt := range []struct {
		name           string
		q              delivery.RunQuery
		rules          delivery.DeployRules
		all            delivery.RunTally
		second, middle delivery.RunTally // the weeks of 2 and 9 March
	}{
		{
			"by jobs", askRuns(),
			delivery.DeployRules{ci: jobs},
			delivery.RunTally{Runs: 8, Success: 1, Failed: 2, Cancelled: 1, Skipped: 1, Unknown: 1, Unfinished: 2},
			delivery.RunTally{Runs: 4, Success: 1, Failed: 2, Skipped: 1},
			delivery.RunTally{Runs: 4, Cancelled: 1, Unknown: 1, Unfinished: 2},
		},
		{
			"by jobs and workflows", askRuns(),
			delivery.DeployRules{ci: both},
			delivery.RunTally{Runs: 10, Success: 1, Failed: 3, Cancelled: 1, Skipped: 1, Unknown: 1, Unfinished: 3},
			delivery.RunTally{Runs: 4, Success: 1, Failed: 2, Skipped: 1},
			delivery.RunTally{Runs: 6, Failed: 1, Cancelled: 1, Unknown: 1, Unfinished: 3},
		},
		{
			"by workflows", askRuns(),
			delivery.DeployRules{ci: {Workflow: byPrefix("Release")}},
			delivery.RunTally{Runs: 2, Failed: 1, Unfinished: 1},
			delivery.RunTally{},
			delivery.RunTally{Runs: 2, Failed: 1, Unfinished: 1},
		},
		{
			"of each connection its own", askRuns(),
			delivery.DeployRules{ci: {Workflow: byPrefix("Release")}, "other": {Job: byPrefix("ship")}},
			delivery.RunTally{Runs: 3, Failed: 2, Unfinished: 1},
			delivery.RunTally{Runs: 1, Failed: 1},
			delivery.RunTally{Runs: 2, Failed: 1, Unfinished: 1},
		},
		{
			"of a connection", askRuns(func(q *delivery.RunQuery) { q.Connections = []string{"other"} }),
			delivery.DeployRules{ci: both, "other": both},
			delivery.RunTally{Runs: 2, Success: 2},
			delivery.RunTally{Runs: 2, Success: 2},
			delivery.RunTally{},
		},
		{
			"of a branch", askRuns(func(q *delivery.RunQuery) { q.Branches = []string{"dev"} }),
			delivery.DeployRules{ci: jobs},
			delivery.RunTally{Runs: 1, Success: 1},
			delivery.RunTally{Runs: 1, Success: 1},
			delivery.RunTally{},
		},
		{
			"of a connection without rules", askRuns(func(q *delivery.RunQuery) { q.Connections = []string{"other"} }),
			delivery.DeployRules{ci: both},
			delivery.RunTally{},
			delivery.RunTally{},
			delivery.RunTally{},
		},
		{"without rules", askRuns(), delivery.DeployRules{ci: {}}, delivery.RunTally{}, delivery.RunTally{}, delivery.RunTally{}},
	} {
		got := s.deployJobs(t, tt.q, tt.rules)
		same(t, tt.name+": sample", got.Sample, delivery.Sample{N: tt.all.Runs, AsOf: at("2026-04-10"), Excluded: map[string]int{}})
		same(t, tt.name, got.RunTally, tt.all)
		same(t, tt.name+": buckets", len(got.Buckets), 6)
		same(t, tt.name+": week of 2 March", got.Buckets[1].RunTally, tt.second)
		same(t, tt.name+": week of 9 March", got.Buckets[2].RunTally, tt.middle)
	}
}
