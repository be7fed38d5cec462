package storetest

import (
	"errors"
	"fmt"
	"testing"

	"throughline/internal/delivery"
)

func (s *store) runFacets(t *testing.T) delivery.RunFacets {
	t.Helper()
	f, err := s.RunFacets(t.Context())
	if err != nil {
		t.Fatalf("run facets: %v", err)
	}
	return f
}

// asked checks that every answer is of the runs with these ids, newest first, of
// which each has one job and one build.
func (s *store) asked(t *testing.T, what string, change func(*delivery.RunQuery), want ...string) {
	t.Helper()
	q := askRuns(change)
	if want == nil {
		want = []string{}
	}
	same(t, what+": list", runIDs(s.listRuns(t, delivery.RunListQuery{RunQuery: q})), want)
	same(t, what+": numbers", map[string]int{
		"total": s.runDurations(t, q, delivery.RunTotal).Sample.N, "builds of runs": s.runDurations(t, q, delivery.RunBuild).Sample.N,
		"counts": s.runCounts(t, q).Runs, "jobs": s.jobTimes(t, q).N, "builds": s.buildTimes(t, q).N,
	}, map[string]int{
		"total": len(want), "builds of runs": len(want), "counts": len(want), "jobs": len(want), "builds": len(want),
	})
}

// filtered is the n-th run to filter, created in the n-th minute of 2 March.
func filtered(n int, change ...func(*delivery.Run)) delivery.Run {
	change = append(change, created(fmt.Sprintf("2026-03-02 00:%02d", n)), lasting(1_000, delivery.NotSaid),
		job("j", delivery.RunSuccess, 1_000), built("b", 1_000))
	return ciRun(fmt.Sprint(n), change...)
}

func testRunBranches(t *testing.T, s *store) {
	s.writeRuns(t,
		filtered(1),
		filtered(2, on("dev", "main")),
		filtered(3, on("main", "")),
		filtered(4, on("релиз/1", "")),
		filtered(5, on("dev", "")),
		filtered(7, on("main", "trunk")), // what the source says goes before the setting
		filtered(8, on("", "")),
	)
	other := filtered(6, on("main", ""))
	other.Connection = "ci-2"
	s.writeRuns(t, other)
	setting := func(q *delivery.RunQuery) {
		q.DefaultBranches = map[string][]string{ci: {"main", "релиз/1"}, "none": {"dev"}}
	}
	s.asked(t, "no setting", func(*delivery.RunQuery) {}, "1")
	s.asked(t, "setting", setting, "4", "3", "1")
	s.asked(t, "settings", func(q *delivery.RunQuery) {
		q.DefaultBranches = map[string][]string{ci: {"релиз/1"}, "ci-2": {"main"}}
	}, "6", "4", "1")
	s.asked(t, "branch", func(q *delivery.RunQuery) { setting(q); q.Branches = []string{"dev"} }, "5", "2")
	s.asked(t, "branches", func(q *delivery.RunQuery) { q.Branches = []string{"main", "релиз/1", "none"} }, "7", "6", "4", "3", "1")
	s.asked(t, "branches before all", func(q *delivery.RunQuery) { q.Branches, q.AllBranches = []string{"dev"}, true }, "5", "2")
	s.asked(t, "all branches", func(q *delivery.RunQuery) { setting(q); q.AllBranches = true }, "8", "7", "6", "5", "4", "3", "2", "1")
	s.asked(t, "no such branch", func(q *delivery.RunQuery) { q.Branches = []string{"none"} })
}

func testRunFilters(t *testing.T, s *store) {
	project := func(p string) func(*delivery.Run) { return func(r *delivery.Run) { r.Project = p } }
	workflow := func(w string) func(*delivery.Run) { return func(r *delivery.Run) { r.Workflow = w } }
	s.writeRuns(t,
		filtered(1, workflow("тест")), filtered(2, workflow("тест"), restarted), filtered(3, project("acme/blog"), workflow("тест")),
		filtered(4, project("acme/blog"), workflow("nightly"), restarted), filtered(5),
	)
	other := filtered(6, workflow("nightly"))
	other.Connection = "ci-2"
	s.writeRuns(t, other)
	// A connection, a project and a branch of one name are not mixed up.
	s.writeRuns(t, filtered(7, project("main"), workflow("ci"), restarted))

	yes, no := true, false
	s.asked(t, "connection", func(q *delivery.RunQuery) { q.Connections = []string{"ci-2"} }, "6")
	s.asked(t, "connections", func(q *delivery.RunQuery) { q.Connections = []string{"ci-2", ci} }, "7", "6", "5", "4", "3", "2", "1")
	s.asked(t, "no such connection", func(q *delivery.RunQuery) { q.Connections = []string{shop} })
	s.asked(t, "project", func(q *delivery.RunQuery) { q.Projects = []string{"acme/blog"} }, "4", "3")
	s.asked(t, "projects", func(q *delivery.RunQuery) { q.Projects = []string{"acme/blog", "main"} }, "7", "4", "3")
	s.asked(t, "workflow", func(q *delivery.RunQuery) { q.Workflows = []string{"тест"} }, "3", "2", "1")
	s.asked(t, "all three", func(q *delivery.RunQuery) {
		q.Connections, q.Projects, q.Workflows = []string{ci}, []string{shop, "acme/blog"}, []string{"nightly"}
	}, "4")
	s.asked(t, "with restarts", func(q *delivery.RunQuery) { q.Restarts = &yes }, "7", "4", "2")
	s.asked(t, "without restarts", func(q *delivery.RunQuery) { q.Restarts = &no }, "6", "5", "3", "1")
	s.asked(t, "range", func(q *delivery.RunQuery) { q.From, q.To = at("2026-03-02 00:02"), at("2026-03-02 00:05") }, "4", "3", "2")
	s.asked(t, "around an instant", func(q *delivery.RunQuery) { q.From, q.To = at("2026-03-02 00:03"), at("2026-03-02 00:03")+1 }, "3")
}

func testRunPages(t *testing.T, s *store) {
	var runs []delivery.Run
	for n := range 25 {
		r := filtered(n / 5) // five at a time are created at once
		r.ID = fmt.Sprint("r", n)
		r.Status = []delivery.RunStatus{delivery.RunSuccess, delivery.RunFailed, delivery.RunRunning}[n%3]
		runs = append(runs, r)
	}
	s.writeRuns(t, runs[:12]...)
	s.writeRuns(t, runs[12:]...)
	q := delivery.RunListQuery{RunQuery: askRuns()}
	all := s.listRuns(t, q)
	same(t, "all", len(all), len(runs))
	for i := range all[1:] {
		a, b := &all[i], &all[i+1]
		if a.CreatedAt < b.CreatedAt || a.CreatedAt == b.CreatedAt && a.Seq <= b.Seq {
			t.Errorf("run %s comes before %s", a.ID, b.ID)
		}
	}
	for _, limit := range []int{1, 4, 5, 25, 100} {
		q := delivery.RunListQuery{RunQuery: askRuns(), Limit: limit}
		var got []delivery.ListedRun
		for range 26 {
			page := s.listRuns(t, q)
			if len(page) > limit {
				t.Fatalf("%d runs, want at most %d", len(page), limit)
			}
			got = append(got, page...)
			if len(page) < limit {
				break
			}
			q.After = page[len(page)-1].Cursor
		}
		same(t, fmt.Sprint("by ", limit), got, all)
	}
	q.Statuses, q.Limit = []delivery.RunStatus{delivery.RunRunning, delivery.RunFailed}, 3
	page := s.listRuns(t, q)
	q.After, q.Limit = page[2].Cursor, 0
	page = append(page, s.listRuns(t, q)...)
	same(t, "not successful", len(page), 16)
	for i := range page {
		if page[i].Status == delivery.RunSuccess {
			t.Errorf("run %s succeeded", page[i].ID)
		}
	}
	n := 0
	for _, err := range s.Runs(t.Context(), delivery.RunListQuery{RunQuery: askRuns()}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	same(t, "stopped", n, 3)
	s.wrongRunCursors(t, all[0].Cursor)
}

func (s *store) wrongRunCursors(t *testing.T, right string) {
	t.Helper()
	for _, cursor := range []string{"x", ":", "1:", ":1", "1:2:3", "01:2", "1: 2", "+1:2", "1:2 ", "9999999999999999999:1", right + "0a", "1:2'"} {
		var bad *delivery.FilterError
		for _, err := range s.Runs(t.Context(), delivery.RunListQuery{RunQuery: askRuns(), After: cursor}) {
			if !errors.As(err, &bad) || bad.Param != "cursor" {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		if bad == nil {
			t.Errorf("cursor %q is no error", cursor)
		}
	}
}

func testRunFacets(t *testing.T, s *store) {
	s.writeRuns(t, wholeRun(), ciRun("1"), ciRun("2", on("dev", "main"), ended(delivery.RunRunning)), ciRun("3", on("", "")))
	other := ciRun("1")
	other.Connection, other.Workflow = "ci-2", "nightly"
	s.writeRuns(t, other)
	facet := func(key string, n int) delivery.Facet { return delivery.Facet{Key: key, Name: key, Count: n} }
	same(t, "facets", s.runFacets(t), delivery.RunFacets{
		Projects:  []delivery.Facet{facet(shop, 4), facet("группа/магазин", 1)},
		Workflows: []delivery.Facet{facet(".github/workflows/Сборка & тест.yml", 1), facet("nightly", 1)},
		Branches:  []delivery.Facet{facet("dev", 1), facet("feature/ёлка", 1), facet("main", 2)},
	})
	if f, err := s.Facets(t.Context()); err != nil || len(f.Connections)+len(f.Queues)+len(f.Types) != 0 {
		t.Errorf("facets of issues: %v, %v", f, err)
	}
}
