package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// second is an instant so many seconds after 10:00 on 2 March.
func second(n int) delivery.Instant { return at("2026-03-02 10:00") + delivery.Instant(n)*1000 }

// runTold is what a hook tells of a run: by an update, in seconds.
func runTold(id string, attempt int, status delivery.RunStatus, updated int) delivery.Run {
	return ciRun(id, ended(status), func(r *delivery.Run) {
		r.Part, r.Attempt, r.UpdatedAt, r.AttemptAt, r.Title = true, attempt, second(updated), second(100*(attempt-1)), "ёлка"
	})
}

// jobTold is what a hook tells of a job and its run.
func jobTold(id string, attempt int, j delivery.Job) delivery.Run {
	return delivery.Run{
		Part: true, Connection: ci, Project: shop, ID: id, Branch: "main", CreatedAt: j.CreatedAt, Attempt: attempt,
		Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{j},
	}
}

// toldJobs are a job's three states.
func toldJobs(id string, attempt int, name string, created, from, to int, status delivery.RunStatus) []delivery.Run {
	waits := delivery.Job{
		ID: fmt.Sprint(name, attempt), Name: name, Attempt: attempt, Status: delivery.RunWaiting, CreatedAt: second(created), E2E: name == "e2e",
		Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid, Up: delivery.NotSaid, UpWithoutPull: delivery.NotSaid, Pull: delivery.NotSaid,
	}
	runs := waits
	runs.Status, runs.StartedAt, runs.Runner = delivery.RunRunning, second(from), "runner-7"
	ends := runs
	ends.Status, ends.FinishedAt, ends.Duration = status, second(to), int64(to-from)*1000
	return []delivery.Run{jobTold(id, attempt, waits), jobTold(id, attempt, runs), jobTold(id, attempt, ends)}
}

// toldOf is all that hooks tell of a run that failed and was started again, in order.
func toldOf(id string) []delivery.Run {
	build, e2e := toldJobs(id, 1, "build", 0, 4, 30, delivery.RunFailed), toldJobs(id, 1, "e2e", 0, 5, 20, delivery.RunSuccess)
	again, last := toldJobs(id, 2, "build", 100, 110, 150, delivery.RunSuccess), toldJobs(id, 2, "e2e", 101, 120, 180, delivery.RunSuccess)
	return []delivery.Run{
		runTold(id, 1, delivery.RunWaiting, 0), build[0], e2e[0], build[1], runTold(id, 1, delivery.RunRunning, 4), e2e[1], e2e[2], build[2],
		runTold(id, 1, delivery.RunFailed, 31),
		runTold(id, 2, delivery.RunWaiting, 100), again[0], runTold(id, 2, delivery.RunRunning, 100), last[0], again[1], last[1], again[2], last[2],
		runTold(id, 2, delivery.RunSuccess, 182),
	}
}

// toldWhole is what toldOf comes to.
func toldWhole(id string) delivery.Run {
	r := runTold(id, 2, delivery.RunSuccess, 182)
	r.Part, r.HasRestarts, r.StartedAt, r.FinishedAt, r.Duration, r.DurationE2E = false, true, second(4), second(180), 80_000, 60_000
	r.Jobs = slices.Concat(
		toldJobs(id, 2, "build", 100, 110, 150, delivery.RunSuccess)[2].Jobs, toldJobs(id, 2, "e2e", 101, 120, 180, delivery.RunSuccess)[2].Jobs,
	)
	return r
}

// storedRun is the stored run of an id.
func (s *store) storedRun(t *testing.T, id string) delivery.Run {
	t.Helper()
	for _, r := range s.stored(t) {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("no run %s", id)
	return delivery.Run{}
}

// testRunParts: runs told in parts are whole once all is told, in any order, in any
// batches and however often.
func testRunParts(t *testing.T, s *store) {
	random := rand.New(rand.NewPCG(3, 4))
	var want []delivery.Run
	for n := range 10 {
		id := fmt.Sprint(n)
		parts := toldOf(id)
		if n > 0 {
			parts = append(parts, parts[random.IntN(len(parts))], parts[random.IntN(len(parts))])
			random.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		}
		total := delivery.Written{}
		for size := []int{1, 100, 2, 5}[n%4]; len(parts) > 0; {
			size = min(size, len(parts))
			w := s.writeRuns(t, parts[:size]...)
			total.Inserted, total.Updated, total.Unchanged = total.Inserted+w.Inserted, total.Updated+w.Updated, total.Unchanged+w.Unchanged
			parts = parts[size:]
		}
		if told := len(toldOf(id)) + 2*min(n, 1); total.Inserted != 1 || total.Inserted+total.Updated+total.Unchanged != told {
			t.Errorf("run %s: %+v of %d parts", id, total, told)
		}
		want = append(want, toldWhole(id))
		version := s.version(t)
		same(t, "again", s.writeRuns(t, toldOf(id)...), delivery.Written{Unchanged: 18})
		same(t, "version", s.version(t), version)
	}
	slices.Reverse(want) // created at once: the last one first
	same(t, "runs", s.stored(t), want, cmpopts.EquateEmpty())
	s.reopen(t)
	same(t, "runs, reopened", s.stored(t), want, cmpopts.EquateEmpty())
}

// testRunPartsSteps: what is stored and answered while a run goes on.
func testRunPartsSteps(t *testing.T, s *store) {
	inserted, updated, unchanged := delivery.Written{Inserted: 1}, delivery.Written{Updated: 1}, delivery.Written{Unchanged: 1}
	build, e2e := toldJobs("1", 1, "build", 1, 4, 30, delivery.RunSuccess), toldJobs("1", 1, "e2e", 2, 5, 20, delivery.RunFailed)
	for _, step := range []struct {
		what                       string
		part                       delivery.Run
		written                    delivery.Written
		status                     delivery.RunStatus
		created, started, finished delivery.Instant
		duration, e2e              int64
	}{
		{"a job before its run", e2e[1], inserted, delivery.RunRunning, second(2), second(5), 0, delivery.NotSaid, delivery.NotSaid},
		{"its wait", e2e[0], unchanged, delivery.RunRunning, second(2), second(5), 0, delivery.NotSaid, delivery.NotSaid},
		{"all jobs known end", e2e[2], updated, delivery.RunFailed, second(2), second(5), second(20), 18_000, 15_000},
		{"another job", build[0], updated, delivery.RunRunning, second(1), second(5), 0, delivery.NotSaid, delivery.NotSaid},
		{"the run", runTold("1", 1, delivery.RunRunning, 3), updated, delivery.RunRunning, second(0), second(5), 0, delivery.NotSaid, delivery.NotSaid},
		{"its beginning", runTold("1", 1, delivery.RunWaiting, 3), unchanged, delivery.RunRunning, second(0), second(5), 0, delivery.NotSaid, delivery.NotSaid},
		{"its end", runTold("1", 1, delivery.RunFailed, 31), updated, delivery.RunFailed, second(0), second(5), second(20), 20_000, 15_000},
		{"the job's end", build[2], updated, delivery.RunFailed, second(0), second(4), second(30), 30_000, 15_000},
		{"the job's start", build[1], unchanged, delivery.RunFailed, second(0), second(4), second(30), 30_000, 15_000},
	} {
		same(t, step.what+": written", s.writeRuns(t, step.part), step.written)
		got := s.storedRun(t, "1")
		same(t, step.what, []any{got.Status, got.CreatedAt, got.StartedAt, got.FinishedAt, got.Duration, got.DurationE2E},
			[]any{step.status, step.created, step.started, step.finished, step.duration, step.e2e})
	}
	same(t, "total", s.runDurations(t, askRuns(), delivery.RunTotal).RunPercentiles, runPercentiles(1, 30, 30, 30), near())
	same(t, "e2e", s.runDurations(t, askRuns(), delivery.RunE2E).RunPercentiles, runPercentiles(1, 15, 15, 15), near())
	same(t, "without e2e", s.runDurations(t, askRuns(), delivery.RunWithoutE2E).RunPercentiles, runPercentiles(1, 15, 15, 15), near())
	same(t, "queue", s.runDurations(t, askRuns(), delivery.RunQueue).RunPercentiles, runPercentiles(1, 4, 4, 4), near())
	same(t, "counts", s.runCounts(t, askRuns()).RunTally, delivery.RunTally{Runs: 1, Failed: 1})
	same(t, "jobs", s.jobTimes(t, askRuns()).Names, []delivery.NamedTime{
		{Name: "build", RunPercentiles: runPercentiles(1, 26, 26, 26), Total: 26},
		{Name: "e2e", RunPercentiles: runPercentiles(1, 15, 15, 15), Total: 15, Failed: 1},
	}, near())
	same(t, "started again", s.writeRuns(t, runTold("1", 2, delivery.RunWaiting, 100)), updated)
	same(t, "counts of another attempt", s.runCounts(t, askRuns()).RunTally, delivery.RunTally{Runs: 1, Unfinished: 1, Restarted: 1})
	same(t, "jobs of another attempt", s.jobTimes(t, askRuns()).N, 0)
}

// testRunPartsPulled: a pull that read a run at some time and is stored at a later
// one undoes nothing, and what hooks did not tell is as pulled.
func testRunPartsPulled(t *testing.T, s *store) {
	n, want := 0, []delivery.Run{}
	for _, read := range []int{1, 6, 9, 12, 15, 18} {
		for stored := read; stored <= 18; stored += 3 {
			id := fmt.Sprint(n)
			n++
			parts := toldOf(id)
			var whole delivery.Run
			for _, p := range parts[:read] {
				whole = delivery.MergeRun(whole, p)
			}
			if stored%2 == 0 {
				s.writeRuns(t, parts[:stored]...)
				s.writeRuns(t, append([]delivery.Run{whole}, parts[stored:]...)...)
			} else {
				s.writeRuns(t, slices.Insert(parts, stored, whole)...)
			}
			// A pull alone, and one after the last hook that was not lost.
			s.writeRuns(t, whole, toldWhole(id))
			want = append(want, toldWhole(id))
		}
	}
	slices.Reverse(want)
	same(t, "runs", s.stored(t), want, cmpopts.EquateEmpty())

	pulled := toldWhole("lost")
	s.writeRuns(t, toldOf("lost")[4], toldOf("lost")[10], pulled)
	same(t, "after lost hooks", s.storedRun(t, "lost"), pulled, cmpopts.EquateEmpty())
	same(t, "pulled again", s.writeRuns(t, pulled), delivery.Written{Unchanged: 1})
	same(t, "a late hook", s.writeRuns(t, toldOf("lost")[14]), delivery.Written{Unchanged: 1})

	// Read before the last two hooks, of the same update, and stored after them.
	parts := toldOf("behind")
	behind := delivery.Run{}
	for _, p := range parts[:6] {
		behind = delivery.MergeRun(behind, p)
	}
	s.writeRuns(t, parts[:8]...)
	ahead := s.storedRun(t, "behind")
	same(t, "jobs that have ended", []delivery.RunStatus{ahead.Jobs[0].Status, ahead.Jobs[1].Status}, []delivery.RunStatus{delivery.RunFailed, delivery.RunSuccess})
	same(t, "pulled behind", s.writeRuns(t, behind), delivery.Written{Unchanged: 1})
	same(t, "after a pull behind", s.storedRun(t, "behind"), ahead, cmpopts.EquateEmpty())
}
