package delivery

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// toldRun is what a workflow_run hook tells.
func toldRun(attempt int, status RunStatus, updatedAt Instant) Run {
	r := Run{
		Part: true, Connection: "gh", Project: "acme/shop", ID: "7", Workflow: "ci", Number: 12, Title: "Add a cart", Event: "push",
		Actor: "ada", Branch: "main", SHA: "abc", URL: "https://x/7", Status: status, CreatedAt: 1000, UpdatedAt: updatedAt,
		Attempt: attempt, AttemptAt: 1000, Duration: NotSaid, DurationE2E: NotSaid,
	}
	if attempt > 1 {
		r.AttemptAt = Instant(attempt) * 10_000
	}
	return r
}

// toldJob is what a workflow_job hook tells.
func toldJob(attempt int, job Job) Run {
	job.Attempt = attempt
	return Run{
		Part: true, Connection: "gh", Project: "acme/shop", ID: "7", Workflow: "ci", Branch: "main", SHA: "abc",
		CreatedAt: job.CreatedAt, Attempt: attempt, Jobs: []Job{job}, Duration: NotSaid, DurationE2E: NotSaid,
	}
}

// life is a job told of as it waits, runs and ends.
func life(attempt int, id string, created, from, to Instant, end RunStatus, isE2E bool) []Run {
	job := func(status RunStatus, from, to Instant) Run {
		d := NotSaid
		if to.Known() {
			d = int64(to - from)
		}
		return toldJob(attempt, Job{
			ID: id, Name: "job " + id, Status: status, CreatedAt: created, StartedAt: from, FinishedAt: to, E2E: isE2E, Duration: d,
		})
	}
	// What waits is said to have started when it was created.
	return []Run{job(RunWaiting, created, 0), job(RunRunning, from, 0), job(end, from, to)}
}

// recorded is everything told of a run that failed and was started again, as it
// happened.
func recorded() []Run {
	j11 := life(1, "11", 1000, 1500, 2500, RunSuccess, false)
	j12 := life(1, "12", 1000, 1600, 4900, RunFailed, true)
	j21 := life(2, "21", 20_000, 20_500, 22_000, RunSuccess, false)
	j22 := life(2, "22", 20_100, 20_400, 25_000, RunSuccess, true)
	j23 := life(2, "23", 20_200, 21_000, 25_900, RunSuccess, true)
	return []Run{
		toldRun(1, RunWaiting, 1000), j11[0], j12[0], j11[1], j12[1], toldRun(1, RunRunning, 2000), j11[2], j12[2],
		toldRun(1, RunFailed, 5000),
		toldRun(2, RunWaiting, 20_000), toldRun(2, RunRunning, 20_000), j21[0], j22[0], j23[0], j22[1], j21[1], j23[1],
		j21[2], j22[2], j23[2], toldRun(2, RunSuccess, 26_000),
	}
}

func told(parts ...Run) Run {
	var stored Run
	for _, said := range parts {
		stored = MergeRun(stored, said)
	}
	return stored
}

func TestMergeRunRecorded(t *testing.T) {
	parts := recorded()
	got := told(parts...)
	var jobs []string
	for _, j := range got.Jobs {
		jobs = append(jobs, fmt.Sprint(j.ID, " ", j.Status, " ", j.Duration))
	}
	if want := []string{"22 success 4600", "21 success 1500", "23 success 4900"}; !slices.Equal(jobs, want) {
		t.Errorf("jobs %q, want %q", jobs, want)
	}
	got.Jobs = nil
	want := toldRun(2, RunSuccess, 26_000)
	want.Part, want.StartedAt, want.FinishedAt, want.HasRestarts = false, 1500, 25_900, true
	want.Duration, want.DurationE2E = 5_900, 5_500
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	first := told(parts[:9]...)
	if first.StartedAt != 1500 || first.FinishedAt != 4900 || first.Duration != 3900 || first.DurationE2E != 3300 || first.HasRestarts {
		t.Errorf("first attempt: %+v", first)
	}
}

// TestMergeRunAnyOrder: what was told decides, not when, in what order or how often.
func TestMergeRunAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		parts := recorded()
		// Some get lost, of the last attempt too, and some come again.
		if n%2 == 1 {
			parts = slices.DeleteFunc(parts, func(Run) bool { return random.IntN(5) == 0 })
		}
		want := told(parts...)
		for range random.IntN(10) {
			parts = append(parts, parts[random.IntN(len(parts))])
		}
		random.Shuffle(len(parts), func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		got := told(parts...)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d, in the order %s:\ngot  %+v\nwant %+v", n, brief(parts), got, want)
		}
		for _, said := range parts {
			if again := MergeRun(got, said); !reflect.DeepEqual(again, got) {
				t.Fatalf("round %d, %s again:\ngot  %+v\nwant %+v", n, brief([]Run{said}), again, got)
			}
		}
	}
}

// brief names parts.
func brief(parts []Run) (out []string) {
	for _, p := range parts {
		s := fmt.Sprint(p.Attempt, " ", p.Status)
		for _, j := range p.Jobs {
			s = fmt.Sprint(p.Attempt, " job ", j.ID, " ", j.Status)
		}
		out = append(out, s)
	}
	return out
}

// TestMergeRunLeavesArguments: neither jobs nor labels of an argument change.
func TestMergeRunLeavesArguments(t *testing.T) {
	stored := told(recorded()[:8]...)
	before := slices.Clone(stored.Jobs)
	MergeRun(stored, life(1, "12", 1000, 1200, 4900, RunFailed, true)[2])
	if !reflect.DeepEqual(stored.Jobs, before) {
		t.Errorf("stored jobs became %+v", stored.Jobs)
	}
}

// TestJoinParts: parts joined come to the same, with whole runs between them and
// whatever is stored.
func TestJoinParts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 1000 {
		runs := recorded()
		random.Shuffle(len(runs), func(i, k int) { runs[i], runs[k] = runs[k], runs[i] })
		stored := told(runs[:random.IntN(len(runs))]...)
		runs = slices.Insert(runs, random.IntN(len(runs)), pulled(1+random.IntN(2), RunRunning, Instant(random.IntN(30_000))))
		runs = runs[random.IntN(len(runs)):]
		other := toldRun(1, RunWaiting, 5)
		other.ID = "8"
		out, joined := JoinParts(append(runs, other))
		if last := out[len(out)-1]; joined != len(runs)+1-len(out) || len(out) > 4 || last.ID != "8" || !last.Part {
			t.Fatalf("%d of %d joined, %s", joined, len(runs)+1, brief(out))
		}
		want, got := stored, stored
		for _, said := range runs {
			want = MergeRun(want, said)
		}
		for _, said := range out[:len(out)-1] {
			got = MergeRun(got, said)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d, %s:\ngot  %+v\nwant %+v", n, brief(runs), got, want)
		}
	}
}
