package simulator_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"throughline/internal/simulator"
)

var update = flag.Bool("update", false, "write what is found as the expected results")

// minutesOf is how long a run's attempt took, and how long it waited.
func minutesOf(r simulator.RunTruth) (took, waited float64) {
	from := max(r.CreatedAt, r.AttemptAt)
	return float64(r.FinishedAt-from) / 60000, float64(r.StartedAt-from) / 60000
}

// quantile is R7.
func quantile(v []float64, q float64) float64 {
	slices.Sort(v)
	at := q * float64(len(v)-1)
	i := min(int(at), len(v)-1)
	return v[i] + (at-float64(i))*(v[min(i+1, len(v)-1)]-v[i])
}

// TestGitHubDurations keeps the percentiles that follow from what really
// happened: by workflow and month, of runs that succeeded on all branches.
func TestGitHubDurations(t *testing.T) {
	g := simulator.New(2026, now, simulator.Options{Issues: -1}).GitHub(simulator.GitHubOptions{})
	took, waited := map[string][]float64{}, map[string][]float64{}
	for _, r := range g.Runs() {
		if r.Conclusion != "success" {
			continue
		}
		key := fmt.Sprintf("%-10s %-17s %s", r.Repository, r.Workflow, r.CreatedAt.Time().UTC().Format("2006-01"))
		d, w := minutesOf(r)
		took[key], waited[key] = append(took[key], d), append(waited[key], w)
	}
	keys := make([]string, 0, len(took))
	for k := range took {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out strings.Builder
	out.WriteString("repository workflow          month   runs     p50     p85  queue p85 (minutes)\n")
	for _, k := range keys {
		v := took[k]
		fmt.Fprintf(&out, "%s %4d %7.1f %7.1f %10.2f\n", k, len(v), quantile(v, .5), quantile(v, .85), quantile(waited[k], .85))
	}
	golden := filepath.Join("testdata", "durations.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("durations are\n%s\nwant\n%s", out.String(), want)
	}
}

// TestGitHubIsPlausible holds the company's runs against what such a company
// would see.
func TestGitHubIsPlausible(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		g := simulator.New(seed, now, simulator.Options{Issues: -1}).GitHub(simulator.GitHubOptions{})
		runs := g.Runs()
		counts := map[string]float64{}
		var early, late, before, after, quiet, peak []float64
		for _, r := range runs {
			counts[cmp.Or(r.Conclusion, r.Status)]++
			counts[fmt.Sprint("attempt ", r.Attempt)]++
			counts[r.Repository]++
			checkOrder(t, r)
			if r.Conclusion != "success" || r.Attempt > 1 {
				continue
			}
			took, waited := minutesOf(r)
			ago := now.Sub(r.CreatedAt.Time()).Hours() / 24
			switch {
			case r.Repository == "payments" && r.Workflow == "E2E" && ago > 90:
				early = append(early, took-waited)
			case r.Repository == "payments" && r.Workflow == "E2E" && ago < 30:
				late = append(late, took-waited)
			case r.Repository == "web-shop" && r.Workflow == "E2E" && ago > 46:
				before = append(before, took-waited)
			case r.Repository == "web-shop" && r.Workflow == "E2E" && ago < 44:
				after = append(after, took-waited)
			}
			if r.Workflow == "E2E" {
				if h := r.CreatedAt.Time().UTC().Hour() + 3; h == 11 || h == 12 {
					peak = append(peak, waited)
				} else if h < 10 || h > 19 {
					quiet = append(quiet, waited)
				}
			}
		}
		n := float64(len(runs))
		for name, is := range map[string]struct{ got, from, to float64 }{
			"runs":                   {n, 3000, 4200},
			"failed":                 {counts["failure"] / n, .07, .12},
			"cancelled":              {counts["cancelled"] / n, .01, .06},
			"skipped":                {counts["skipped"] / n, .005, .04},
			"without jobs":           {counts["startup_failure"], 1, 30},
			"second attempts":        {counts["attempt 2"] / n, .02, .1},
			"third attempts":         {counts["attempt 3"], 5, 100},
			"runbooks":               {counts["runbooks"], 0, 0},
			"the slower one":         {quantile(late, .5) / quantile(early, .5), 1.3, 2.2},
			"the faster one":         {quantile(after, .5) / quantile(before, .5), .5, .75},
			"queue at the peak":      {quantile(peak, .5), 1, 6},
			"queue at quiet hours":   {quantile(quiet, .5), .05, .6},
			"E2E of the shop before": {quantile(before, .5), 12, 25},
		} {
			if is.got < is.from || is.got > is.to {
				t.Errorf("seed %d: %s is %.3f, not within %g and %g", seed, name, is.got, is.from, is.to)
			}
		}
	}
}

// checkOrder checks that a run's times make a waterfall.
func checkOrder(t *testing.T, r simulator.RunTruth) {
	t.Helper()
	if r.AttemptAt < r.CreatedAt || r.Attempt == 1 && r.AttemptAt != r.CreatedAt || r.FinishedAt.Known() && r.FinishedAt < r.AttemptAt && len(r.Jobs) > 0 {
		t.Errorf("run %+v", r)
	}
	for _, j := range r.Jobs {
		if j.Carried {
			continue
		}
		if j.CreatedAt < r.AttemptAt || j.StartedAt.Known() && j.StartedAt < j.CreatedAt || j.FinishedAt.Known() && j.FinishedAt < max(j.CreatedAt, j.StartedAt) {
			t.Errorf("job %+v of %+v", j, r)
		}
	}
	// What needs the build begins after it.
	var built simulator.JobTruth
	for _, j := range r.Jobs {
		if j.Name == "build" || j.Name == "image" {
			built = j
		}
		if strings.HasPrefix(j.Name, "e2e (") && !j.Carried && j.CreatedAt < built.FinishedAt {
			t.Errorf("%+v begins before %+v has ended", j, built)
		}
	}
}
