package storetest

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// said is what a run says, in an attempt and by an update.
func said(title string, attempt int, updatedAt delivery.Instant) delivery.Run {
	return ciRun("1", func(r *delivery.Run) { r.Title, r.Attempt, r.UpdatedAt = title, attempt, updatedAt })
}

func testRunUpsert(t *testing.T, s *store) {
	inserted, updated, unchanged := delivery.Written{Inserted: 1}, delivery.Written{Updated: 1}, delivery.Written{Unchanged: 1}
	for _, step := range []struct {
		name string
		run  delivery.Run
		want delivery.Written
		left string // title
	}{
		{"first", said("a", 1, 100), inserted, "a"},
		{"the same", said("a", 1, 100), unchanged, "a"},
		{"updated later", said("b", 1, 200), updated, "b"},
		{"updated later and nothing else", said("b", 1, 201), updated, "b"},
		{"updated earlier", said("a", 1, 150), unchanged, "b"},
		{"updated at once", said("c", 1, 201), updated, "c"},
		{"of no clock", said("d", 1, 0), unchanged, "c"},
		{"a later attempt, updated earlier", said("e", 2, 50), updated, "e"},
		{"an older attempt, updated later", said("f", 1, 900), unchanged, "e"},
		{"a later attempt of no clock", said("g", 3, 0), updated, "g"},
		{"the last said of those without a clock", said("h", 3, 0), updated, "h"},
		{"the same without a clock", said("h", 3, 0), unchanged, "h"},
		{"with a clock again", said("i", 3, 1), updated, "i"},
	} {
		version := s.version(t)
		same(t, step.name, s.writeRuns(t, step.run), step.want)
		runs := s.stored(t)
		if len(runs) != 1 || runs[0].Title != step.left {
			t.Fatalf("%s: %+v is left, want %q", step.name, runs, step.left)
		}
		if changed := s.version(t) != version; changed != (step.want != unchanged) {
			t.Errorf("%s: the version changed is %v", step.name, changed)
		}
	}
	seq := s.listRuns(t, delivery.RunListQuery{RunQuery: allRuns()})[0].Seq
	s.writeRuns(t, said("j", 4, 0), said("late", 3, 5))
	same(t, "number after another attempt", s.listRuns(t, delivery.RunListQuery{RunQuery: allRuns()})[0].Seq, seq)
	same(t, "twice in a batch", s.stored(t)[0].Title, "j")
}

// testRunReplaced: an update takes the place of all that was said, jobs and builds
// too, and every answer is by it.
func testRunReplaced(t *testing.T, s *store) {
	s.writeRuns(t, wholeRun(), ciRun("2", created("2026-03-01")))
	later := wholeRun()
	later.Workflow, later.Branch, later.DefaultBranch, later.Status = "", "main", "main", delivery.RunSuccess
	later.UpdatedAt, later.CreatedAt, later.HasRestarts, later.Labels = later.UpdatedAt+1, at("2026-03-03"), false, nil
	later.Jobs = nil
	job("deploy", delivery.RunSuccess, 2_000)(&later)
	later.Builds = nil
	same(t, "written", s.writeRuns(t, later, ciRun("2", created("2026-03-01"))), delivery.Written{Updated: 1, Unchanged: 1})
	same(t, "runs", s.stored(t), []delivery.Run{later, ciRun("2", created("2026-03-01"))}, cmpopts.EquateEmpty())
	same(t, "jobs", s.jobTimes(t, askRuns()).N, 1)
	same(t, "builds", s.buildTimes(t, askRuns()).N, 0)
	same(t, "on its former branch", s.runCounts(t, askRuns(func(q *delivery.RunQuery) { q.Branches = []string{"feature/ёлка"} })).Runs, 0)
	same(t, "on its branch", s.runCounts(t, askRuns()).Success, 2)

	// Only a job, and only the order of builds.
	for _, change := range []func(){
		func() { later.Jobs[0].Runner = "runner-18" },
		func() { job("deploy", delivery.RunFailed, 2_000)(&later) },
		func() { built("b", 1)(&later); built("a", 1)(&later) },
		func() { slices.Reverse(later.Builds) },
	} {
		change()
		same(t, "a part of it", s.writeRuns(t, later), delivery.Written{Updated: 1})
		same(t, "parts", s.stored(t)[0], later, cmpopts.EquateEmpty())
		same(t, "the same parts", s.writeRuns(t, later), delivery.Written{Unchanged: 1})
	}
}

// testRunsApart: an id is a run's own within its project and connection only.
func testRunsApart(t *testing.T, s *store) {
	inShop := ciRun("7", created("2026-03-03"))
	inShop.Title = "shop"
	inBlog := ciRun("7", created("2026-03-02"))
	inBlog.Title, inBlog.Project = "blog", "acme/blog"
	elsewhere := ciRun("7", created("2026-03-01"))
	elsewhere.Title, elsewhere.Connection = "elsewhere", "ci-2"
	same(t, "two projects", s.writeRuns(t, inShop, inBlog), delivery.Written{Inserted: 2})
	same(t, "another connection", s.writeRuns(t, elsewhere), delivery.Written{Inserted: 1})
	same(t, "runs", s.stored(t), []delivery.Run{inShop, inBlog, elsewhere}, cmpopts.EquateEmpty())
	inBlog.Attempt, inBlog.Title = 2, "blog again"
	same(t, "one of them", s.writeRuns(t, inBlog, inShop), delivery.Written{Updated: 1, Unchanged: 1})
	same(t, "runs", s.stored(t), []delivery.Run{inShop, inBlog, elsewhere}, cmpopts.EquateEmpty())

	// Issues and runs of a batch are counted together.
	same(t, "with an issue", s.batch(t, delivery.Batch{
		Connection: ci, Issues: []delivery.IssueRecord{with(issue("7", "DEV-7", "open@2026-03-02"), func(r *delivery.IssueRecord) { r.Connection = ci })},
		Runs: []delivery.Run{inShop, ciRun("8")},
	}), delivery.Written{Inserted: 2, Unchanged: 1})
}
