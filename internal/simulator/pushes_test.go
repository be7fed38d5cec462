package simulator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/simulator"
	"throughline/internal/source/ci"
)

// What the company's CI sends is the same whenever it is asked for, ended before
// then, and can be read but for one body.
func TestPushes(t *testing.T) {
	now := time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)
	pushes := simulator.New(7, now, simulator.Options{Issues: -1}).Pushes(60)
	if diff := cmp.Diff(pushes, simulator.New(7, now, simulator.Options{Issues: -1}).Pushes(60)); diff != "" {
		t.Errorf("differs the second time\n%s", diff)
	}
	bad, restarts, pulls := 0, 0, 0
	seen := map[string]bool{}
	for _, p := range pushes {
		items, _, err := ci.ParseRuns(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		run := items[0].Run
		if items[0].Err != nil {
			bad++
			continue
		}
		if seen[run.ID] || run.FinishedAt.Time().After(now) || len(run.Builds) != 2 || run.Project != simulator.PushedProject {
			t.Errorf("%s is there twice, of another project, without its builds, or not over: %s", run.ID, p.Body)
		}
		seen[run.ID] = true
		if run.HasRestarts {
			restarts++
		}
		for _, j := range run.Jobs {
			if j.E2E && j.Pull > 0 && j.Up == j.Pull+j.UpWithoutPull {
				pulls++
			}
		}
	}
	if bad != 1 || len(pushes) < 150 || restarts == 0 || pulls < 300 {
		t.Errorf("of %d pushes %d cannot be read, %d have restarts; %d jobs pull images", len(pushes), bad, restarts, pulls)
	}
}
