package github

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

const hours = time.Hour

func TestPullMapsARun(t *testing.T) {
	f := &fake{}
	one := run(7, 2*hours)
	one.jobs, one.attempt = 2, 2
	one.updated = one.created.Add(time.Hour)
	f.add(1, "acme/pay", one)
	r := newRig(f, "acme/pay")
	r.settings["e2e_jobs"] = []string{"e2e*"}
	r.mustPull(t)
	created := delivery.InstantOf(one.created)
	const minute = 60_000
	end := created + 60*minute
	job := func(id, name string, started delivery.Instant, e2e bool, link string) delivery.Job {
		return delivery.Job{
			ID: id, Name: name, Status: delivery.RunSuccess, Attempt: 2, URL: link, Runner: "r1", CreatedAt: created,
			StartedAt: started, FinishedAt: end, E2E: e2e, Duration: int64(end - started),
			DurationE2E: -1, Up: -1, UpWithoutPull: -1, Pull: -1,
		}
	}
	want := delivery.Run{
		Connection: "gh", Project: "acme/pay", ID: "7", Workflow: "CI", Number: 7, Title: "Pay #7",
		Status: delivery.RunSuccess, Event: "push", Actor: "ann", Branch: "main", SHA: "abc7",
		URL: "https://github.com/acme/pay/actions/runs/7", DefaultBranch: "main",
		CreatedAt: created, FinishedAt: end, UpdatedAt: end,
		Attempt: 2, AttemptAt: created + 55*minute, HasRestarts: true,
		Duration: 5 * minute, DurationE2E: 3 * minute,
		Jobs: []delivery.Job{
			job("7000", "build", created+56*minute, false, "https://github.com/j/0"),
			job("7001", "E2E / chrome", created+57*minute, true, "https://github.com/j/1"),
		},
	}
	if diff := cmp.Diff(want, r.run(t, "7")); diff != "" {
		t.Error(diff)
	}
	r.settings["default_branches"] = []string{"trunk"}
	r.cursor, r.memory = nil, sourcetest.Memory{}
	r.mustPull(t)
	if got := r.run(t, "7").DefaultBranch; got != "" {
		t.Errorf("default branch %q, though the settings say it", got)
	}
}

// TestPullReadsAllPages takes recent runs first, and says so.
func TestPullReadsAllPages(t *testing.T) {
	f := &fake{}
	many := run(1, hours)
	many.jobs = 130
	f.add(1, "acme/pay", append(append(runs(1000, 250, 2*hours, time.Hour), many), runs(5000, 210, 31*24*hours, 36*hours)...)...)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if r.count() != 461 {
		t.Errorf("%d runs", r.count())
	}
	if got := len(r.run(t, "1").Jobs); got != 130 {
		t.Errorf("%d jobs", got)
	}
	last := delivery.Instant(1 << 60)
	for _, page := range r.pages {
		if len(page.Batch.Runs) > perPage {
			t.Errorf("a page of %d runs", len(page.Batch.Runs))
		}
		for _, run := range page.Batch.Runs {
			if run.CreatedAt > last {
				t.Errorf("run %s is later than one before it", run.ID)
			}
			last = run.CreatedAt
		}
	}
	if first, last := r.pages[0].Progress.Phase, r.pages[len(r.pages)-1].Progress.Phase; first != "changes" || last != "history" {
		t.Errorf("phases %s to %s", first, last)
	}
}

func TestPullSplitsWindowsOfTooManyRuns(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", append(runs(10_000, 2300, time.Minute, 10*time.Minute), runs(50_000, 1500, 40*24*hours, time.Minute)...)...)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if r.count() != 3800 || len(r.problems) != 0 {
		t.Errorf("%d runs, problems %v", r.count(), r.problems)
	}
	f.repos["acme/pay"].runs = append(f.repos["acme/pay"].runs, run(99_999, 0))
	r.now = r.now.Add(time.Hour)
	r.mustPull(t)
	if r.count() != 3801 {
		t.Errorf("%d runs after another", r.count())
	}
}

func TestPullReportsASecondOfTooManyRuns(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", runs(10_000, 1100, hours, 0)...)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if r.count() != 1000 || len(r.problems) != 1 || r.problems[0].Path != "$.total_count" {
		t.Errorf("%d runs, problems %v", r.count(), r.problems)
	}
}

// TestPullAsksOnlyForWhatChanged costs nothing when nothing has, and takes a run
// that was run again.
func TestPullAsksOnlyForWhatChanged(t *testing.T) {
	f := &fake{}
	repo := f.add(1, "acme/pay", runs(1, 150, hours, hours)...)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	r.now = r.now.Add(10 * time.Minute)
	r.mustPull(t)
	if f.answered[http.StatusOK] != 0 || f.answered[http.StatusNotModified] == 0 {
		t.Errorf("without news: %v to %q", f.answered, f.asked)
	}
	again := repo.runs[120]
	again.attempt, again.updated, again.outcome = 2, r.now, "failure"
	r.now = r.now.Add(10 * time.Minute)
	r.mustPull(t)
	if got := r.run(t, "121"); got.Attempt != 2 || got.Status != delivery.RunFailed {
		t.Errorf("run again: %+v", got)
	}
	if f.answered[http.StatusOK] != 2 { // its page, and its jobs
		t.Errorf("for one run: %v to %q", f.answered, f.asked)
	}
}

func TestPullFollowsAnUnfinishedRun(t *testing.T) {
	f := &fake{}
	going := run(5, hours)
	going.status, going.outcome = "in_progress", ""
	f.add(1, "acme/pay", going, run(6, 2*hours))
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if got := r.run(t, "5"); got.Status != delivery.RunRunning || got.Duration != delivery.NotSaid || got.Jobs[0].FinishedAt != 0 {
		t.Errorf("going on: %+v", got)
	}
	going.status, going.outcome = "completed", "success"
	going.updated = going.updated.Add(time.Minute) // an update that the list's time would hide
	r.mustPull(t)
	if got := r.run(t, "5"); got.Status != delivery.RunSuccess || got.Duration != 360_000 {
		t.Errorf("ended: %+v", got)
	}
	r.mustPull(t)
	if slices.ContainsFunc(f.asked, func(a string) bool { return strings.HasSuffix(a, "/runs/5") }) {
		t.Errorf("asked again for a run that has ended: %q", f.asked)
	}
}

func TestPullTriesABrokenRunAgain(t *testing.T) {
	f := &fake{}
	raw, job := run(5, hours), run(6, 2*hours)
	raw.raw = `{"id":5,"status":"completed","created_at":"2026-09-20T10:00:00Z","updated_at":"2026-09-20T09:00:00Z","head_branch":7}`
	job.brokenBy = `,"completed_at":"2001-01-01T00:00:00Z"`
	f.add(1, "acme/pay", raw, job, run(7, 3*hours))
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	r.mustPull(t)
	var got []string
	for _, p := range r.problems {
		got = append(got, p.Record+" "+p.Path+" "+p.ID)
	}
	want := []string{
		"acme/pay run 5 $.head_branch field.text", "acme/pay run 5 $.updated_at field.before",
		"acme/pay run 6 $.jobs[0].completed_at field.before",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	raw.raw, job.brokenBy = "", ""
	r.mustPull(t)
	if r.count() != 3 || len(r.problems) != 0 {
		t.Errorf("%d runs, problems %v", r.count(), r.problems)
	}
}

func TestPullGoesOnWithoutWhatItCannotSee(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", run(1, hours))
	f.add(2, "acme/secret", run(2, hours)).hidden = true
	f.add(3, "acme/old", run(3, hours))
	f.repos["acme/old"].movedTo = "acme/new"
	f.add(3, "acme/new", run(3, hours))
	f.orgs = map[string][]string{"users/ann": {"acme/pay", "acme/new"}}
	r := newRig(f, "acme/gone", "acme/secret", "acme/old", "acme/pay")
	r.settings["organizations"] = []string{"ann", "nobody"}
	r.mustPull(t)
	var got []string
	for _, p := range r.problems {
		got = append(got, p.Record+" "+p.ID)
	}
	want := []string{"acme/gone github.repository", "nobody github.organization", "acme/secret github.actions", "acme/secret github.dora"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.count() != 2 || r.run(t, "3").Project != "acme/new" {
		t.Errorf("%d runs, of %s", r.count(), r.run(t, "3").Project)
	}
}

func TestPullLeavesOutAndRefuses(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", run(1, hours)).hidden = true
	f.add(2, "acme/old-pay", run(2, hours))
	f.orgs = map[string][]string{"orgs/acme": {"acme/pay", "acme/old-pay"}}
	r := newRig(f)
	r.settings = map[string]any{"organizations": "acme", "exclude": "OLD-*"}
	err := r.pull(t, -1)
	var auth *source.AuthError
	if !errors.As(err, &auth) || auth.Code != "forbidden" || source.MessageOf(err, "").ID != "github.forbidden" {
		t.Errorf("nothing may be read: %v", err)
	}
	if r.count() != 0 {
		t.Error("a repository that is left out was read")
	}
}

func TestArchivedRepositoriesAreReadOnce(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", run(1, hours), run(2, 100*24*hours)).archived = true
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if r.count() != 2 {
		t.Errorf("%d runs", r.count())
	}
	r.now = r.now.Add(hours)
	r.mustPull(t)
	if lists := strings.Count(fmt.Sprint(f.asked), "actions/runs"); lists > 1 { // the hour that history has moved on by
		t.Errorf("asked again: %q", f.asked)
	}
}

// TestPullSurvivesLongPauses takes what was created while nobody asked.
func TestPullSurvivesLongPauses(t *testing.T) {
	f := &fake{}
	repo := f.add(1, "acme/pay", runs(1, 10, hours, hours)...)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	for i := range 40 {
		at := run(int64(100+i), -time.Duration(i)*2*24*hours)
		repo.runs = append(repo.runs, at)
	}
	r.now = r.now.Add(90 * 24 * hours)
	r.mustPull(t)
	if r.count() != 50 {
		t.Errorf("%d runs", r.count())
	}
}
