package clickhousestore_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
)

// anyRuns are runs of every status within ten days, of odd durations.
func anyRuns(n int, from delivery.Instant) []delivery.Run {
	random := rand.New(rand.NewPCG(1, 2))
	statuses := []delivery.RunStatus{
		delivery.RunSuccess, delivery.RunFailed, delivery.RunUnknown, delivery.RunRunning, delivery.RunCancelled, "of another program",
	}
	status := func() delivery.RunStatus { return statuses[random.IntN(len(statuses))] }
	duration := func() int64 { return max(delivery.NotSaid, random.Int64N(9_000_001)-1_000_000) }
	runs := make([]delivery.Run, n)
	for i := range runs {
		r := delivery.Run{
			Connection: "ci", Project: "p", ID: fmt.Sprint(i), Status: status(), CreatedAt: from + delivery.Instant(random.Int64N(864_000_000)),
			HasRestarts: random.IntN(3) == 0, Duration: duration(), DurationE2E: duration(),
			Builds: []delivery.Build{{Name: "b", Duration: duration()}},
			Jobs:   []delivery.Job{{Name: "j", Status: status(), Duration: duration()}},
		}
		if random.IntN(4) > 0 {
			r.StartedAt = r.CreatedAt + delivery.Instant(random.Int64N(90_000)-5_000)
		}
		runs[i] = r
	}
	return runs
}

// Numbers are those of the package delivery to the last digit.
func TestRunNumbers(t *testing.T) {
	s := open(t, chtest.Open(t))
	defer func() { _ = s.Close() }()
	q := delivery.RunQuery{AllBranches: true, From: 1_772_000_000_000, To: 1_772_864_000_000, Unit: delivery.Day, Zone: time.UTC}
	runs := anyRuns(800, q.From)
	if _, err := s.Write(t.Context(), delivery.Batch{Connection: "ci", Runs: runs}); err != nil {
		t.Fatal(err)
	}
	measures := map[delivery.RunMeasure]func(*delivery.Run) (int64, string){
		delivery.RunBuild: func(r *delivery.Run) (int64, string) { return r.MeasuredBuild(&r.Builds[0]) },
	}
	for _, m := range []delivery.RunMeasure{delivery.RunWithoutE2E, delivery.RunE2E, delivery.RunTotal, delivery.RunQueue} {
		measures[m] = func(r *delivery.Run) (int64, string) { return r.Measured(m) }
	}
	for m, measured := range measures {
		got, err := s.RunDurations(t.Context(), q, m)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, string(m), runs, measured, got.RunPercentiles, got.Excluded)
		for _, b := range got.Buckets {
			var in []delivery.Run
			for i := range runs {
				if at := runs[i].CreatedAt; at >= b.Start && at < b.End {
					in = append(in, runs[i])
				}
			}
			compare(t, string(m)+" of "+b.Label.String(), in, measured, b.RunPercentiles, nil)
		}
	}
	jobs, err := s.JobTimes(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "jobs", runs, func(r *delivery.Run) (int64, string) { return r.Jobs[0].Measured() }, jobs.Names[0].RunPercentiles, jobs.Excluded)
}

// compare checks what is made of runs; excluded is nil where it is not said.
func compare(t *testing.T, what string, runs []delivery.Run, measured func(*delivery.Run) (int64, string),
	got delivery.RunPercentiles, excluded map[string]int,
) {
	t.Helper()
	var millis []int64
	reasons := map[string]int{}
	for i := range runs {
		took, reason := measured(&runs[i])
		if reason != "" {
			reasons[reason]++
			continue
		}
		millis = append(millis, took)
	}
	if diff := cmp.Diff(delivery.RunPercentilesOf(millis), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
	if diff := cmp.Diff(reasons, excluded); excluded != nil && diff != "" {
		t.Errorf("%s: left out (-want +got)\n%s", what, diff)
	}
}
