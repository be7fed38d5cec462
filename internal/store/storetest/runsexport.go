package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// testRunsExport: runs go along in a copy, behind the issues.
func testRunsExport(t *testing.T, s *store) {
	elsewhere := ciRun("1", created("2026-03-01"))
	elsewhere.Connection = "ci-2"
	// Two connections by turns, and issues written in between.
	s.writeRuns(t, wholeRun(), ciRun("1", created("2026-03-03")))
	s.write(t, company(5)...)
	s.writeRuns(t, elsewhere)
	s.writeRuns(t, measuredRuns()...)
	s.writeRuns(t, ciRun("1", created("2026-03-03"), func(r *delivery.Run) { r.Attempt = 2 }))
	runs, version := s.stored(t), s.version(t)
	same(t, "runs", len(runs), 11)

	whole := s.export(t, 1000)
	var read []string
	for _, b := range whole {
		if len(b.Issues)+len(b.Runs) > 0 {
			read = append(read, fmt.Sprintf("%s: %d issues, %d runs", b.Connection, len(b.Issues), len(b.Runs)))
		}
	}
	same(t, "batches", read, []string{"tracker: 5 issues, 0 runs", "ci: 0 issues, 2 runs", "ci-2: 0 issues, 1 runs", "ci: 0 issues, 8 runs"})
	for _, limit := range []int{1, 3, 1000} {
		other := s.another(t)
		batches := s.export(t, limit)
		for _, b := range batches {
			other.batch(t, b)
		}
		same(t, "runs of the copy", other.stored(t), runs, cmpopts.EquateEmpty())
		same(t, "export of the copy", other.export(t, 1000), whole, cmpopts.EquateEmpty())
		same(t, "jobs of the copy", other.jobTimes(t, allOfMarch()), s.jobTimes(t, allOfMarch()))
		same(t, "facets of the copy", other.runFacets(t), s.runFacets(t))
		copied := other.version(t)
		for _, b := range batches {
			same(t, "again", other.batch(t, b), delivery.Written{Unchanged: len(b.Issues) + len(b.Runs)})
		}
		same(t, "version after all again", other.version(t), copied)
	}
	same(t, "version", s.version(t), version)
}

func allOfMarch() delivery.RunQuery {
	return askRuns(func(q *delivery.RunQuery) { q.AllBranches = true })
}

// testRunsExportLarge: few runs are read at once when they are large.
func testRunsExportLarge(t *testing.T, s *store) {
	for n := range 5 {
		r := ciRun(fmt.Sprint(n))
		r.Title = strings.Repeat("x", 2*delivery.ExportBytes/5)
		s.writeRuns(t, r)
	}
	s.writeRuns(t, ciRun("5"), ciRun("6"))
	var read []int
	for _, b := range s.export(t, 1000) {
		if len(b.Runs) > 0 {
			read = append(read, len(b.Runs))
		}
	}
	same(t, "runs read at once", read, []int{3, 4})
}
