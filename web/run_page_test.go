package web

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

// aWholeRun has jobs of every kind.
func aWholeRun(r *delivery.Run) {
	r.Status, r.Attempt, r.HasRestarts = delivery.RunFailed, 2, true
	r.Labels = map[string]string{"size": "large", "=1+1": ""}
	r.Builds = []delivery.Build{{Name: "web", Duration: 61_900}, {Name: "api", Duration: delivery.NotSaid}}
	lint := aJob("lint", delivery.RunSuccess, "09:00:30", "09:02:30")
	first := aJob("e2e 1/2", delivery.RunFailed, "09:04:00", "09:10:00")
	first.E2E, first.Up, first.Pull, first.UpWithoutPull, first.DurationE2E = true, 60_000, 20_000, 40_000, 240_000
	again := first
	again.ID, again.Status, again.Attempt = "again", delivery.RunSuccess, 2
	again.StartedAt, again.FinishedAt, again.Duration = at("09:12:00"), at("09:20:00"), 480_000
	silent := aJob("deploy", delivery.RunSkipped, "", "")
	silent.CreatedAt = 0
	told := aJob("report", delivery.RunSuccess, "", "")
	told.Duration, told.URL = 42_000, "javascript:alert(1)"
	r.Jobs = []delivery.Job{again, silent, lint, first, told}
}

// labelOf is what a drawing says of itself.
func labelOf(drawing *goquery.Selection) string {
	return strings.ReplaceAll(drawing.AttrOr("aria-label", ""), "\u00a0", " ")
}

func TestRunPage(t *testing.T) {
	s := withRuns(t, aRun("7", aWholeRun))
	d := s.page("/runs/" + s.runNumbered("7"))
	want(t, d, "h1", "CI #7")
	want(t, d, ".issue-head", "acme/shop · main · da39a3ee5CI #7Title of 7×failedattempt 2 · jobs ran more than once · push · by ann")
	out := d.Find(".issue-head a.button")
	if out.AttrOr("href", "") != "https://ci.example.com/runs/7" || out.AttrOr("rel", "") != "noopener noreferrer" {
		t.Errorf("the source is at %q", out.AttrOr("href", ""))
	}
	for n, text := range []string{"Duration20 min", "Without e2e14 min 59 s", "E2E5 min", "In queue30 s"} {
		want(t, d, fmt.Sprintf(".figure:nth-child(%d)", n+1), text)
	}
	want(t, d, "#run-jobs", "5 jobs")
	wantCells(t, d, ".waterfall .wf-name", "lint (in a new tab)", "e2e 1/2 (in a new tab) e2e, attempt 1", "e2e 1/2 (in a new tab) e2e, attempt 2")
	wantCells(t, d, ".waterfall .wf-time", "2 min", "6 min ×failed", "8 min")
	wantCells(t, d, ".waterfall li:first-child text", "0 s", "5 min", "10 min", "15 min", "20 min")
	bar := d.Find(".waterfall li:nth-child(3) > svg")
	if got, want := labelOf(bar), "e2e 1/2: failed, 12:04:00 – 12:10:00, 6 min; images 20 s; start-up 40 s; e2e tests 4 min"; got != want {
		t.Errorf("a bar is %q, want %q", got, want)
	}
	for selector, place := range map[string]string{
		".wf-queue": "0.000% 20.000%", ".wf-job": "20.000% 30.000%", ".wf-pull": "20.000% 1.667%",
		".wf-up": "21.667% 3.333%", ".wf-e2e": "25.000% 20.000%",
	} {
		if got := bar.Find(selector).AttrOr("x", "") + " " + bar.Find(selector).AttrOr("width", ""); got != place {
			t.Errorf("%s is at %s, want %s", selector, got, place)
		}
	}
	if got := d.Find(".wf-row .wf-cross").Length(); got != 1 {
		t.Errorf("%d jobs are crossed out", got)
	}
	want(t, d, "main", "2 jobs do not say when they ran.")
	if _, open := d.Find(".job-table").Attr("open"); !open {
		t.Error("the table is shut, though only it has all jobs")
	}
	wantCells(t, d, ".jobs thead th", "Job", "Status", "Queued", "Started", "Finished", "In queue", "Duration",
		"Start-up", "Images", "Less images", "E2E tests", "Runner")
	wantCells(t, d, ".jobs tbody tr:nth-child(2) > *", "e2e 1/2 (in a new tab) e2e, attempt 1", "×failed", "12:00:00", "12:04:00", "12:10:00", "4 min", "6 min",
		"1 min", "20 s", "40 s", "4 min", "runner-1")
	wantCells(t, d, ".jobs tbody tr:nth-child(5) > *", "report", "✓success", "12:00:00", "–", "–", "–", "42 s", "–", "–", "–", "–", "runner-1")
	want(t, d, ".facts", "Branchmain (default)")
	want(t, d, ".facts:nth-of-type(2)", "sizelarge")
	wantCells(t, d, "[aria-labelledby=run-builds] tbody td", "web", "1 min 1 s", "api", "–")
	ru := s.page("/runs/" + s.runNumbered("7") + "?lang=ru")
	want(t, ru, ".issue-head", "с ошибкой")
	if text := ru.Find("main").Text(); strings.Contains(text, "run.") || strings.Contains(text, "{") {
		t.Error("a message is missing")
	}
}

// What goes on is drawn until now.
func TestRunThatGoesOn(t *testing.T) {
	s := withRuns(t, aRun("1", func(r *delivery.Run) {
		r.Status, r.FinishedAt, r.Duration, r.DurationE2E, r.CreatedAt = delivery.RunRunning, 0, delivery.NotSaid, delivery.NotSaid, at("11:00:00")
		r.StartedAt = 0
		running := aJob("test", delivery.RunRunning, "11:30:00", "")
		waiting := aJob("deploy", delivery.RunWaiting, "", "")
		running.CreatedAt, waiting.CreatedAt = at("11:00:00"), at("11:45:00")
		r.Jobs = []delivery.Job{running, waiting}
	}))
	d := s.page("/runs/" + s.runNumbered("1"))
	want(t, d, ".figure:nth-child(1)", "not known while the run goes on")
	wantCells(t, d, ".waterfall .wf-time", "30 min …running", "– …waiting")
	bars := d.Find(".waterfall .wf-row > svg")
	running, waiting := bars.Eq(1), bars.Eq(2)
	if got := running.Find(".wf-job.wf-open").AttrOr("width", ""); got != "50.000%" {
		t.Errorf("what runs is %s wide", got)
	}
	if got := waiting.Find(".wf-queue"); got.AttrOr("x", "")+got.AttrOr("width", "") != "75.000%25.000%" || waiting.Find(".wf-job").Length() != 0 {
		t.Error("what waits is not drawn as waiting until now")
	}
	if _, open := d.Find(".job-table").Attr("open"); open {
		t.Error("the table is open, though all is drawn")
	}
}

// What a GitLab worker pushes is drawn with its steps.
func TestRunOfWorker(t *testing.T) {
	s := withRuns(t)
	for _, c := range []struct{ file, cells, steps string }{
		{"01", "e2e e2e", "start-up 42 s; e2e tests 1 min 10 s"},
		{"03", "e2e e2e, attempt 1e2e e2e, attempt 2", "start-up 20 s; e2e tests 1 min 30 s"},
		{"07", "e2e e2e", "images 25 s; start-up 35 s; e2e tests 6 s"},
	} {
		body, err := os.ReadFile("../internal/source/ci/testdata/gitlab-worker/" + c.file + "-save_metrics.json")
		if err != nil {
			t.Fatal(err)
		}
		run, err := ci.ParseSaveMetrics(body)
		if err != nil {
			t.Fatal(err)
		}
		run.Connection = "ci"
		s.addRuns(run)
		detail := s.page("/runs/" + s.runNumbered(run.ID))
		if got := textOf(detail, ".wf-name"); got != c.cells {
			t.Errorf("%s: jobs %q", c.file, got)
		}
		if got := labelOf(detail.Find(".wf-row > svg").Last()); !strings.HasSuffix(got, c.steps) {
			t.Errorf("%s: %q", c.file, got)
		}
		want(t, detail, ".issue-head", "end not said")
	}
}

func TestRunOfManyJobs(t *testing.T) {
	for _, n := range []int{0, 1, 60, 300} {
		s := withRuns(t, aRun("1", func(r *delivery.Run) {
			for i := range n {
				r.Jobs = append(r.Jobs, aJob(fmt.Sprintf("test %d/%d", i, n), delivery.RunSuccess, "09:01:00", "09:03:00"))
			}
		}))
		d := s.page("/runs/" + s.runNumbered("1"))
		if rows, bars := d.Find(".jobs tbody tr").Length(), d.Find(".wf-job").Length(); rows != n || n > 0 && bars != n+1 {
			t.Errorf("%d jobs: %d rows, %d bars and one of the legend", n, rows, bars)
		}
	}
}

func TestStrangeRuns(t *testing.T) {
	s := withRuns(t, aRun("1", func(r *delivery.Run) {
		r.URL, r.Title, r.Workflow = "javascript:alert(1)", "<script>alert(1)</script>", "=cmd()"
		job := aJob("<b>&\"", delivery.RunFailed, "08:00:00", "07:00:00") // before the run, and ends before it begins
		job.URL, job.Up = "data:text/html,x", 1<<50
		r.Jobs = []delivery.Job{job}
	}), aRun("2", func(r *delivery.Run) {
		*r = delivery.Run{Connection: "ci", Project: "p", ID: strings.Repeat("long-", 80), CreatedAt: at("01:00:00"), Branch: "x"}
		r.Jobs = []delivery.Job{{Name: ""}}
	}))
	d := s.page("/runs/" + s.runNumbered("1"))
	if d.Find("main a[target]").Length() != 0 || d.Find("main script, main b").Length() != 0 || d.Find("[style]").Length() != 0 {
		t.Error("what the source says is run")
	}
	want(t, d, ".run-title", "<script>alert(1)</script>")
	want(t, d, ".wf-name", `<b>&"`)
	list := s.page("/runs?branch=*")
	want(t, list, "tbody tr:first-child .meta", "<script>alert(1)</script>")
	want(t, s.page("/runs/"+s.runNumbered(strings.Repeat("long-", 80))), "#run-jobs", "1 job")
	for _, path := range []string{"/runs/0", "/runs/-1", "/runs/x", "/runs/01", "/runs/99", "/runs/99999999999999999999"} {
		res := s.get(path)
		if res.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.status)
		}
		want(t, res.doc, "main", "There is no such run")
	}
	for _, path := range []string{"/runs/1?colour=red", "/runs/1?lang=xx"} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, res.status)
		}
	}
	s.demote("viewer")
	s.page("/runs/" + s.runNumbered("1"))
}
