package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

func (s *store) jobTimes(t *testing.T, q delivery.RunQuery) delivery.NamedTimes {
	t.Helper()
	r, err := s.JobTimes(t.Context(), q)
	if err != nil {
		t.Fatalf("job times: %v", err)
	}
	return r
}

func (s *store) buildTimes(t *testing.T, q delivery.RunQuery) delivery.NamedTimes {
	t.Helper()
	r, err := s.BuildTimes(t.Context(), q)
	if err != nil {
		t.Fatalf("build times: %v", err)
	}
	return r
}

func testJobTimes(t *testing.T, s *store) {
	s.writeRuns(t,
		ciRun("1", job("build", delivery.RunSuccess, 60_000), job("test", delivery.RunFailed, 30_500), job("test", delivery.RunSuccess, 10_500),
			job("deploy", delivery.RunSkipped, delivery.NotSaid), job("lint", delivery.RunSuccess, delivery.NotSaid),
			job("vet", delivery.RunSuccess, 5_000), job("fmt", delivery.RunSuccess, 5_000)),
		// What has ended of a run that has not.
		ciRun("2", ended(delivery.RunRunning), job("build", delivery.RunSuccess, 90_000), job("test", delivery.RunRunning, 5_000),
			job("e2e", delivery.RunWaiting, delivery.NotSaid)),
		ciRun("3", ended(delivery.RunCancelled), job("build", delivery.RunCancelled, 20_000), job("test", delivery.RunUnknown, 7_000),
			job("lint", delivery.RunFailed, delivery.NotSaid)),
		ciRun("on a branch", on("dev", "main"), job("build", delivery.RunSuccess, 1_000)),
		ciRun("without any"),
	)
	same(t, "jobs", s.jobTimes(t, askRuns()), delivery.NamedTimes{
		Sample: delivery.Sample{N: 6, AsOf: at("2026-04-10"), Excluded: map[string]int{
			delivery.RunUnfinished: 2, delivery.RunWithoutEnd: 2, delivery.RunSilent: 3,
		}},
		Names: []delivery.NamedTime{
			{Name: "build", RunPercentiles: runPercentiles(2, 75, 84, 88.5), Total: 150},
			{Name: "test", RunPercentiles: runPercentiles(2, 20.5, 26.5, 29.5), Total: 41, Failed: 1},
			{Name: "fmt", RunPercentiles: runPercentiles(1, 5, 5, 5), Total: 5},
			{Name: "vet", RunPercentiles: runPercentiles(1, 5, 5, 5), Total: 5},
			{Name: "lint", Failed: 1},
		},
	}, near())
	dev := s.jobTimes(t, askRuns(func(q *delivery.RunQuery) { q.Branches = []string{"dev"} }))
	same(t, "on a branch", dev.Names, []delivery.NamedTime{{Name: "build", RunPercentiles: runPercentiles(1, 1, 1, 1), Total: 1}}, near())
}

func testBuildTimes(t *testing.T, s *store) {
	s.writeRuns(t, measuredRuns()...)
	want := delivery.NamedTimes{
		Sample: delivery.Sample{N: 5, AsOf: at("2026-04-10"), Excluded: map[string]int{
			delivery.RunSilent: 1, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
		Names: []delivery.NamedTime{
			{Name: "lib", RunPercentiles: runPercentiles(1, 10.25, 10.25, 10.25), Total: 10.25},
			{Name: "api", RunPercentiles: runPercentiles(3, 4, 5.2, 5.8), Total: 11.5},
			{Name: "web", RunPercentiles: runPercentiles(1, 2.5, 2.5, 2.5), Total: 2.5},
		},
	}
	same(t, "builds", s.buildTimes(t, askRuns()), want, near())
	same(t, "jobs of runs without any", s.jobTimes(t, askRuns()), delivery.NamedTimes{Sample: delivery.Sample{AsOf: at("2026-04-10")}}, cmpopts.EquateEmpty())
	s.reopen(t)
	same(t, "builds, reopened", s.buildTimes(t, askRuns()), want, near())
}

func testRunCounts(t *testing.T, s *store) {
	s.writeRuns(t, measuredRuns()...)
	s.writeRuns(t, ciRun("i", ended(delivery.RunWaiting), created("2026-03-31 23:59"), restarted), ciRun("j", created("2026-04-01")))
	got := s.runCounts(t, askRuns())
	same(t, "sample", got.Sample, delivery.Sample{N: 9, AsOf: at("2026-04-10")}, cmpopts.EquateEmpty())
	same(t, "all", got.RunTally, delivery.RunTally{
		Runs: 9, Success: 2, Failed: 2, Cancelled: 1, Skipped: 1, Unknown: 1, Unfinished: 2, Restarted: 3,
	})
	if rate := got.Rate(); rate == nil || *rate != 0.5 {
		t.Errorf("rate %v, want 0.5", rate)
	}
	var runs []int
	for _, b := range got.Buckets {
		runs = append(runs, b.Runs)
	}
	same(t, "by week", runs, []int{0, 8, 0, 0, 0, 1})
	same(t, "last week", got.Buckets[5].RunTally, delivery.RunTally{Runs: 1, Unfinished: 1, Restarted: 1})
}
