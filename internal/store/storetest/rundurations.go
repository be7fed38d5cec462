package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// askRuns asks for the runs of March 2026 by week, on 10 April.
func askRuns(change ...func(*delivery.RunQuery)) delivery.RunQuery {
	q := delivery.RunQuery{From: at("2026-03-01"), To: at("2026-04-01"), Unit: delivery.Week, Zone: time.UTC, Now: at("2026-04-10")}
	for _, c := range change {
		c(&q)
	}
	return q
}

func (s *store) runDurations(t *testing.T, q delivery.RunQuery, m delivery.RunMeasure) delivery.RunDurations {
	t.Helper()
	r, err := s.RunDurations(t.Context(), q, m)
	if err != nil {
		t.Fatalf("run durations: %v", err)
	}
	return r
}

func (s *store) runCounts(t *testing.T, q delivery.RunQuery) delivery.RunCounts {
	t.Helper()
	r, err := s.RunCounts(t.Context(), q)
	if err != nil {
		t.Fatalf("run counts: %v", err)
	}
	return r
}

// runPercentiles are those of so many seconds.
func runPercentiles(n int, p50, p80, p95 float64) delivery.RunPercentiles {
	return delivery.RunPercentiles{N: n, P50: &p50, P80: &p80, P95: &p95}
}

// measuredRuns are of every kind that is measured, or left out.
func measuredRuns() []delivery.Run {
	return []delivery.Run{
		ciRun("a", lasting(90_500, 60_000), started(30_000), built("api", 1_500), built("web", 2_500)),
		ciRun("b", lasting(120_000, delivery.NotSaid), ended(delivery.RunFailed), started(1_500), built("api", 4_000), built("api", 6_000)),
		ciRun("c", lasting(45_250, 50_000), ended(delivery.RunUnknown), restarted), // clocks that disagree
		ciRun("d", lasting(delivery.NotSaid, 30_000), started(-5_000), built("web", delivery.NotSaid)),
		ciRun("e", lasting(99_000, 1_000), ended(delivery.RunRunning), started(1_000), built("api", 9_000)),
		ciRun("f", lasting(99_000, 1_000), ended(delivery.RunCancelled), started(1_000), built("web", 1_000), built("api", 2_000)),
		ciRun("g", lasting(99_000, 1_000), ended(delivery.RunSkipped), started(1_000)),
		ciRun("h", lasting(300_000, 100_000), ended(delivery.RunFailed), restarted, started(60_000), built("lib", 10_250)),
	}
}

func testRunDurations(t *testing.T, s *store) {
	s.writeRuns(t, measuredRuns()...)
	for measure, want := range map[delivery.RunMeasure]struct {
		delivery.RunPercentiles
		excluded map[string]int
	}{
		// 30.5, 120, 200
		delivery.RunWithoutE2E: {runPercentiles(3, 120, 168, 192), map[string]int{
			delivery.RunContradicts: 1, delivery.RunSilent: 1, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
		// 30, 60
		delivery.RunE2E: {runPercentiles(2, 45, 54, 58.5), map[string]int{
			delivery.RunSilent: 1, delivery.RunRestarted: 2, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
		// 45.25, 90.5, 120, 300
		delivery.RunTotal: {runPercentiles(4, 105.25, 192, 273), map[string]int{
			delivery.RunSilent: 1, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
		// 0, 1.5, 30, 60
		delivery.RunQueue: {runPercentiles(4, 15.75, 42, 55.5), map[string]int{
			delivery.RunSilent: 1, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
		// 1.5, 2.5, 4, 6, 10.25; builds are left out one by one
		delivery.RunBuild: {runPercentiles(5, 4, 6.85, 9.4), map[string]int{
			delivery.RunSilent: 1, delivery.RunUnfinished: 1, delivery.RunWithoutEnd: 2,
		}},
	} {
		got := s.runDurations(t, askRuns(), measure)
		same(t, string(measure)+": sample", got.Sample, delivery.Sample{N: want.N, Excluded: want.excluded, AsOf: at("2026-04-10")})
		same(t, string(measure), got.RunPercentiles, want.RunPercentiles, near())
		same(t, string(measure)+": buckets", len(got.Buckets), 6)
		same(t, string(measure)+": week of 2 March", got.Buckets[1].RunPercentiles, want.RunPercentiles, near())
		same(t, string(measure)+": week of 9 March", got.Buckets[2].RunPercentiles, delivery.RunPercentiles{})
	}
}

// testRunBuckets has days around a change of clocks in Berlin: 29 March has 23 hours.
func testRunBuckets(t *testing.T, s *store) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s.writeRuns(t,
		ciRun("before", created("2026-03-28 22:59"), lasting(1_000, delivery.NotSaid)),
		ciRun("first", created("2026-03-28 23:00"), lasting(10_000, delivery.NotSaid)),
		ciRun("last", created("2026-03-29 21:59"), lasting(20_000, delivery.NotSaid), ended(delivery.RunFailed), restarted),
		ciRun("next", created("2026-03-29 22:00"), lasting(40_000, delivery.NotSaid)),
		ciRun("going on", created("2026-03-30 21:59"), ended(delivery.RunWaiting)),
		ciRun("after", created("2026-03-31 22:00"), lasting(1_000, delivery.NotSaid)),
	)
	q := delivery.RunQuery{From: at("2026-03-28 23:00"), To: at("2026-03-31 22:00"), Unit: delivery.Day, Zone: berlin, Now: at("2026-03-31 12:00")}
	days := []delivery.Bucket{
		{Label: delivery.Date{Year: 2026, Month: 3, Day: 29}, Start: at("2026-03-28 23:00"), End: at("2026-03-29 22:00")},
		{Label: delivery.Date{Year: 2026, Month: 3, Day: 30}, Start: at("2026-03-29 22:00"), End: at("2026-03-30 22:00")},
		{Label: delivery.Date{Year: 2026, Month: 3, Day: 31}, Start: at("2026-03-30 22:00"), End: at("2026-03-31 22:00"), Partial: true},
	}
	same(t, "durations", s.runDurations(t, q, delivery.RunTotal), delivery.RunDurations{
		Sample:         delivery.Sample{N: 3, Excluded: map[string]int{delivery.RunUnfinished: 1}, AsOf: q.Now},
		RunPercentiles: runPercentiles(3, 20, 32, 38),
		Buckets: []delivery.RunDurationBucket{
			{Bucket: days[0], RunPercentiles: runPercentiles(2, 15, 18, 19.5)},
			{Bucket: days[1], RunPercentiles: runPercentiles(1, 40, 40, 40)},
			{Bucket: days[2]},
		},
	}, near(), cmpopts.EquateEmpty())
	same(t, "counts", s.runCounts(t, q), delivery.RunCounts{
		Sample:   delivery.Sample{N: 4, AsOf: q.Now},
		RunTally: delivery.RunTally{Runs: 4, Success: 2, Failed: 1, Unfinished: 1, Restarted: 1},
		Buckets: []delivery.RunCountBucket{
			{Bucket: days[0], RunTally: delivery.RunTally{Runs: 2, Success: 1, Failed: 1, Restarted: 1}},
			{Bucket: days[1], RunTally: delivery.RunTally{Runs: 2, Success: 1, Unfinished: 1}},
			{Bucket: days[2]},
		},
	}, cmpopts.EquateEmpty())
}

func testRunsEmpty(t *testing.T, s *store) {
	sample := delivery.Sample{AsOf: at("2026-04-10")}
	check := func(what string, q delivery.RunQuery, buckets int) {
		t.Helper()
		for _, m := range []delivery.RunMeasure{
			delivery.RunWithoutE2E, delivery.RunE2E, delivery.RunTotal, delivery.RunQueue, delivery.RunBuild,
		} {
			d := s.runDurations(t, q, m)
			same(t, what+": buckets", len(d.Buckets), buckets)
			for _, b := range d.Buckets {
				same(t, what+": bucket", b.RunPercentiles, delivery.RunPercentiles{})
			}
			d.Buckets = nil
			same(t, what+": durations", d, delivery.RunDurations{Sample: sample}, cmpopts.EquateEmpty())
		}
		c := s.runCounts(t, q)
		same(t, what+": buckets", len(c.Buckets), buckets)
		c.Buckets = nil
		same(t, what+": counts", c, delivery.RunCounts{Sample: sample}, cmpopts.EquateEmpty())
		same(t, what+": jobs", s.jobTimes(t, q), delivery.NamedTimes{Sample: sample}, cmpopts.EquateEmpty())
		same(t, what+": builds", s.buildTimes(t, q), delivery.NamedTimes{Sample: sample}, cmpopts.EquateEmpty())
		same(t, what+": list", len(s.listRuns(t, delivery.RunListQuery{RunQuery: q})), 0)
	}
	check("without runs", askRuns(), 6)
	same(t, "facets", s.runFacets(t), delivery.RunFacets{}, cmpopts.EquateEmpty())
	s.writeRuns(t, measuredRuns()...)
	check("an empty range", askRuns(func(q *delivery.RunQuery) { q.To = q.From }), 0)
	check("a range of nothing", askRuns(func(q *delivery.RunQuery) { q.From = at("2026-03-23") }), 2)
	check("of no project", askRuns(func(q *delivery.RunQuery) { q.Projects = []string{"no/such"} }), 6)
}
