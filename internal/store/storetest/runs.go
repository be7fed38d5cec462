package storetest

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// ci is the connection that most runs come from, shop their project.
const (
	ci   = "ci"
	shop = "acme/shop"
)

// ciRun is a run on the default branch that says nothing of how long it took.
func ciRun(id string, change ...func(*delivery.Run)) delivery.Run {
	r := delivery.Run{
		Connection: ci, Project: shop, ID: id, Status: delivery.RunSuccess, Branch: "main", DefaultBranch: "main",
		CreatedAt: at("2026-03-02 10:00"), UpdatedAt: at("2026-03-02 11:00"), Attempt: 1,
		Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func lasting(millis, e2e int64) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Duration, r.DurationE2E = millis, e2e }
}

func created(s string) func(*delivery.Run) {
	return func(r *delivery.Run) { r.CreatedAt = at(s) }
}

func ended(status delivery.RunStatus) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Status = status }
}

func restarted(r *delivery.Run) { r.HasRestarts = true }

// started is how many milliseconds after its creation the first job starts.
func started(millis int64) func(*delivery.Run) {
	return func(r *delivery.Run) { r.StartedAt = r.CreatedAt + delivery.Instant(millis) }
}

func on(branch, byDefault string) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Branch, r.DefaultBranch = branch, byDefault }
}

func built(name string, millis int64) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Builds = append(r.Builds, delivery.Build{Name: name, Duration: millis}) }
}

func job(name string, status delivery.RunStatus, millis int64) func(*delivery.Run) {
	return func(r *delivery.Run) {
		r.Jobs = append(r.Jobs, delivery.Job{
			Name: name, Status: status, Duration: millis,
			DurationE2E: delivery.NotSaid, Up: delivery.NotSaid, UpWithoutPull: delivery.NotSaid, Pull: delivery.NotSaid,
		})
	}
}

// wholeRun is a run in which nothing is zero.
func wholeRun() delivery.Run {
	return delivery.Run{
		Connection: ci, Project: "группа/магазин", ID: "18446744073709551615", Workflow: ".github/workflows/Сборка & тест.yml",
		Number: math.MaxInt64, Title: "Обед <b>по расписанию</b> 🍲", Status: delivery.RunFailed, Event: "push", Actor: "ada[bot]",
		Branch: "feature/ёлка", SHA: "da39a3ee5e6b4b0d3255bfef95601890afd80709", URL: "https://ci.example.com/runs/1?a=b&c=d",
		DefaultBranch: "główny", CreatedAt: at("2026-03-02 10:00") + 1, StartedAt: at("2026-03-02 10:01") + 2,
		FinishedAt: at("2026-03-02 11:00") + 3, UpdatedAt: at("2026-03-02 11:01") + 4, Attempt: 3, HasRestarts: true,
		AttemptAt: at("2026-03-02 10:40") + 8,
		Duration:  3_540_001, DurationE2E: 600_007,
		Labels: map[string]string{"runner": "большой", "empty": "", "": "of no name", "a&b": "<c>"},
		Jobs: []delivery.Job{
			{
				ID: "9223372036854775808", Name: "test (ubuntu, 1.26)", Status: delivery.RunFailed, Attempt: 3,
				URL: "https://ci.example.com/jobs/1", Runner: "runner-17", CreatedAt: at("2026-03-02 10:00") + 5,
				StartedAt: at("2026-03-02 10:01") + 6, FinishedAt: at("2026-03-02 10:59") + 7, E2E: true,
				Duration: 3_480_001, DurationE2E: 600_007, Up: 40_003, UpWithoutPull: 10_001, Pull: 30_002,
			},
			{Name: "test (ubuntu, 1.26)", Status: delivery.RunSkipped, Duration: delivery.NotSaid},
			{ID: "3", Status: delivery.RunWaiting},
		},
		Builds: []delivery.Build{{Name: "образ", Duration: 65_500}, {Name: "web", Duration: 0}, {Name: "web", Duration: delivery.NotSaid}},
	}
}

// writeRuns writes runs of the connection of the first one.
func (s *store) writeRuns(t *testing.T, runs ...delivery.Run) delivery.Written {
	t.Helper()
	return s.batch(t, delivery.Batch{Connection: runs[0].Connection, Runs: runs})
}

// allRuns asks for every run.
func allRuns() delivery.RunQuery {
	return askRuns(func(q *delivery.RunQuery) { q.From, q.To, q.AllBranches = math.MinInt64+1, math.MaxInt64, true })
}

func (s *store) listRuns(t *testing.T, q delivery.RunListQuery) []delivery.ListedRun {
	t.Helper()
	var out []delivery.ListedRun
	for r, err := range s.Runs(t.Context(), q) {
		if err != nil {
			t.Fatalf("runs: %v", err)
		}
		out = append(out, r)
	}
	return out
}

func runIDs(runs []delivery.ListedRun) []string {
	out := []string{}
	for i := range runs {
		out = append(out, runs[i].ID)
	}
	return out
}

// stored is every run as it is kept, in the order of lists.
func (s *store) stored(t *testing.T) []delivery.Run {
	t.Helper()
	out := []delivery.Run{}
	whole := s.listRuns(t, delivery.RunListQuery{RunQuery: allRuns(), Jobs: true})
	for i, l := range s.listRuns(t, delivery.RunListQuery{RunQuery: allRuns()}) {
		d, err := s.Run(t.Context(), l.Seq)
		if err != nil {
			t.Fatalf("run %d: %v", l.Seq, err)
		}
		same(t, "number of run "+l.ID, d.Seq, l.Seq)
		bare := d.Run
		bare.Jobs, bare.Builds = nil, nil
		same(t, "listed run "+l.ID, l.Run, bare, cmpopts.EquateEmpty())
		same(t, "run listed with jobs "+l.ID, whole[i], delivery.ListedRun{Run: d.Run, Seq: l.Seq, Cursor: l.Cursor}, cmpopts.EquateEmpty())
		out = append(out, d.Run)
	}
	return out
}

func testRunFields(t *testing.T, s *store) {
	whole := wholeRun()
	// Nothing but what tells it apart, and not even when it was.
	bare := delivery.Run{Connection: ci, Project: "p", ID: "0"}
	silent := ciRun("silent", created("2026-03-01"), func(r *delivery.Run) { r.Labels = map[string]string{} },
		job("", delivery.RunUnknown, 0), job("zero", delivery.RunCancelled, delivery.NotSaid))
	same(t, "written", s.writeRuns(t, silent, whole, bare), delivery.Written{Inserted: 3})
	want := []delivery.Run{whole, silent, bare}
	same(t, "runs", s.stored(t), want, cmpopts.EquateEmpty())
	version := s.version(t)
	same(t, "again", s.writeRuns(t, silent, whole, bare), delivery.Written{Unchanged: 3})
	same(t, "version", s.version(t), version)
	s.reopen(t)
	same(t, "reopened", s.stored(t), want, cmpopts.EquateEmpty())

	for _, seq := range []int64{-1, 0, math.MaxInt64} {
		if _, err := s.Run(t.Context(), seq); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("run %d: %v, want not found", seq, err)
		}
	}
}

// testRunRefused: a batch with a run that cannot be kept stores nothing.
func testRunRefused(t *testing.T, s *store) {
	s.writeRuns(t, ciRun("1"))
	version, runs := s.version(t), s.stored(t)
	for what, bad := range map[string]delivery.Run{
		"no id":      ciRun(""),
		"no project": ciRun("3", func(r *delivery.Run) { r.Project = "" }),
	} {
		_, err := s.Write(t.Context(), delivery.Batch{
			Connection: ci, Issues: []delivery.IssueRecord{issue("1", "DEV-1", "open@2026-03-02")}, Mark: "stored",
			Runs: []delivery.Run{ciRun("1", ended(delivery.RunFailed)), ciRun("2"), bad},
		})
		if err == nil {
			t.Fatalf("a run with %s is taken", what)
		}
		same(t, what+": version", s.version(t), version)
		same(t, what+": runs", s.stored(t), runs)
		same(t, what+": issues", len(s.ids(t, ci)), 0)
		s.marked(t, "")
	}
	same(t, "mended", s.writeRuns(t, ciRun("1", ended(delivery.RunFailed)), ciRun("2"), ciRun("3")),
		delivery.Written{Inserted: 2, Updated: 1})
}
