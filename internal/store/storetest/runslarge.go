package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// largeJobs are the jobs that each run of a large data set has.
var largeJobs = []string{"lint", "build", "unit", "integration", "e2e", "scan", "package", "deploy"}

// LargeRun is the n-th run, in order of creation, of a large data set of so many.
func LargeRun(rnd *rand.Rand, n, of int) delivery.Run {
	created := LargeStart + delivery.Instant(int64(n)*(LargeSpan/int64(of))+rnd.Int64N(LargeSpan/int64(of)))
	r := delivery.Run{
		Project: fmt.Sprintf("acme/service-%d", n%20), ID: fmt.Sprint(1_000_000_000 + n), Workflow: []string{"CI", "Nightly"}[n%2],
		Number: int64(n), Title: fmt.Sprintf("Something that was done, number %d", n), Event: "push", Actor: fmt.Sprintf("person-%d", n%40),
		Status: []delivery.RunStatus{delivery.RunSuccess, delivery.RunSuccess, delivery.RunFailed, delivery.RunCancelled}[n%4],
		Branch: "main", DefaultBranch: "main", SHA: fmt.Sprintf("%040x", n), URL: fmt.Sprintf("https://ci.example.com/runs/%d", n),
		CreatedAt: created, StartedAt: created + delivery.Instant(rnd.Int64N(60_000)), Attempt: 1, HasRestarts: n%10 == 0,
		Duration: rnd.Int64N(largeHour), DurationE2E: rnd.Int64N(largeHour / 4),
		Labels: map[string]string{"team": fmt.Sprint(n % 7)},
		Builds: []delivery.Build{{Name: "image", Duration: rnd.Int64N(largeHour / 6)}},
	}
	if n%3 == 0 {
		r.Branch = fmt.Sprintf("feature/%d", n%1000)
	}
	for k, name := range largeJobs {
		took := rnd.Int64N(largeHour / 2)
		r.Jobs = append(r.Jobs, delivery.Job{
			ID: fmt.Sprint(n*10 + k), Name: name, Status: r.Status, Attempt: 1, URL: fmt.Sprintf("%s/jobs/%d", r.URL, k),
			Runner: fmt.Sprintf("runner-%d", n%9), CreatedAt: created, StartedAt: r.StartedAt, FinishedAt: r.StartedAt + delivery.Instant(took),
			Duration: took, DurationE2E: delivery.NotSaid, Up: delivery.NotSaid, UpWithoutPull: delivery.NotSaid, Pull: delivery.NotSaid,
		})
	}
	r.FinishedAt = created + delivery.Instant(r.Duration)
	r.UpdatedAt = r.FinishedAt
	return r
}

// FillLargeRuns writes a large data set of so many runs of 8 jobs, in batches of a
// size. It returns how long the store took.
func FillLargeRuns(tb testing.TB, s delivery.Store, total, batch int) (took time.Duration) {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(3, 0))
	for n := 0; n < total; n += batch {
		b := delivery.Batch{Connection: ci}
		for k := n; k < min(n+batch, total); k++ {
			b.Runs = append(b.Runs, LargeRun(rnd, k, total))
		}
		start := time.Now()
		if _, err := s.Write(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
		took += time.Since(start)
	}
	return took
}

// LargeRunQuery asks for all runs of a large data set.
func LargeRunQuery() delivery.RunQuery {
	return delivery.RunQuery{
		AllBranches: true, From: LargeStart, To: LargeStart + LargeSpan, Unit: delivery.Month, Zone: time.UTC, Now: LargeStart + LargeSpan,
	}
}

// BenchRuns asks a store for each panel of runs, and for a page of the list: of all
// runs, of those on default branches and of the last 90 days.
func BenchRuns(b *testing.B, s delivery.Store) {
	onDefault, recent := LargeRunQuery(), LargeRunQuery()
	onDefault.AllBranches = false
	recent.From, recent.Unit = recent.To-90*24*largeHour, delivery.Week
	rules := delivery.DeployRules{ci: {Job: byPrefix("deploy")}}
	for _, asked := range []struct {
		name string
		q    delivery.RunQuery
	}{{"all", LargeRunQuery()}, {"default branch", onDefault}, {"90 days", recent}} {
		q := asked.q
		durations := func(m delivery.RunMeasure) func() (int, error) {
			return func() (int, error) { r, err := s.RunDurations(b.Context(), q, m); return r.Sample.N, err }
		}
		for _, panel := range []struct {
			name string
			ask  func() (int, error)
		}{
			{"RunDurations", durations(delivery.RunWithoutE2E)},
			{"RunDurations of builds", durations(delivery.RunBuild)},
			{"RunCounts", func() (int, error) { r, err := s.RunCounts(b.Context(), q); return r.N, err }},
			{"JobTimes", func() (int, error) { r, err := s.JobTimes(b.Context(), q); return r.N, err }},
			{"DeployJobs", func() (int, error) { r, err := s.DeployJobs(b.Context(), q, rules); return r.N, err }},
			{"BuildTimes", func() (int, error) { r, err := s.BuildTimes(b.Context(), q); return r.N, err }},
			{"Runs", func() (n int, err error) {
				for _, err = range s.Runs(b.Context(), delivery.RunListQuery{RunQuery: q, Limit: 50}) {
					n++
				}
				return n, err
			}},
		} {
			b.Run(panel.name+"/"+asked.name, func(b *testing.B) {
				for b.Loop() {
					if n, err := panel.ask(); err != nil || n == 0 {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
	b.Run("RunFacets", func(b *testing.B) {
		for b.Loop() {
			if f, err := s.RunFacets(b.Context()); err != nil || len(f.Projects) != 20 {
				b.Fatal(f.Projects, err)
			}
		}
	})
}
