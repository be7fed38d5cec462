package web

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// at is a moment of the day of testNow, at which it is 12:00 in UTC and 15:00 in
// Moscow.
func at(clock string) delivery.Instant {
	t, err := time.Parse(time.RFC3339, "2026-03-04T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return delivery.InstantOf(t)
}

// aRun is a finished run on the default branch of acme/shop.
func aRun(id string, change ...func(*delivery.Run)) delivery.Run {
	n, _ := strconv.ParseInt(id, 10, 64)
	r := delivery.Run{
		Connection: "ci", Project: "acme/shop", ID: id, Workflow: "CI", Number: n, Title: "Title of " + id,
		Status: delivery.RunSuccess, Event: "push", Actor: "ann", Branch: "main", DefaultBranch: "main",
		SHA: "da39a3ee5e6b4b0d3255bfef95601890afd80709", URL: "https://ci.example.com/runs/" + id,
		CreatedAt: at("09:00:00"), StartedAt: at("09:00:30"), FinishedAt: at("09:20:00"), UpdatedAt: at("09:20:01"),
		Attempt: 1, Duration: 1_200_000, DurationE2E: 300_500,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

// aJob is a job that was queued as the run began, and says nothing of its steps.
func aJob(name string, status delivery.RunStatus, started, finished string) delivery.Job {
	j := delivery.Job{
		ID: "j-" + name, Name: name, Status: status, Attempt: 1, URL: "https://ci.example.com/jobs/" + name, Runner: "runner-1",
		CreatedAt: at("09:00:00"), Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid,
		Up: delivery.NotSaid, UpWithoutPull: delivery.NotSaid, Pull: delivery.NotSaid,
	}
	if started != "" {
		j.StartedAt = at(started)
	}
	if finished != "" {
		j.FinishedAt = at(finished)
		j.Duration = int64(j.FinishedAt - j.StartedAt)
	}
	return j
}

// addRuns stores runs, each of its connection.
func (s *site) addRuns(runs ...delivery.Run) {
	s.t.Helper()
	for _, r := range runs {
		if _, err := s.store.Write(s.t.Context(), delivery.Batch{Connection: r.Connection, Runs: []delivery.Run{r}}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// withRuns is a site in Moscow, with a token that may read.
func withRuns(t *testing.T, runs ...delivery.Run) *site {
	t.Helper()
	s := signedIn(t, nil)
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none}
tokens:
  - {name: reader, scopes: [read], token: reads-and-nothing-else}
  - {name: pusher, scopes: [ingest], token: pushes-and-nothing-else}
`)
	s.addRuns(runs...)
	return s
}

// runNumbered is the store's number of a run.
func (s *site) runNumbered(id string) string {
	s.t.Helper()
	for _, r := range read[apiList[delivery.RunReport]](s, "/api/v1/runs?limit=1000&from=2026-01-01&to=2026-12-31").Items {
		if r.ID == id {
			return strconv.FormatInt(r.Run, 10)
		}
	}
	s.t.Fatalf("no run %s", id)
	return ""
}

// manyRuns were created a minute after another, the last one first in lists.
func manyRuns(n int, change ...func(i int, r *delivery.Run)) []delivery.Run {
	var runs []delivery.Run
	for i := range n {
		runs = append(runs, aRun(strconv.Itoa(i+1), func(r *delivery.Run) {
			r.CreatedAt = at("02:00:00") + delivery.Instant(i*60_000)
			r.StartedAt = r.CreatedAt + 30_000
			for _, c := range change {
				c(i, r)
			}
		}))
	}
	return runs
}

func TestRunsPage(t *testing.T) {
	s := withRuns(t, manyRuns(130, func(i int, r *delivery.Run) {
		if i == 129 {
			r.Status, r.HasRestarts, r.Attempt = delivery.RunFailed, true, 3
		}
	})...)
	d := s.page("/runs?range=30d&project=acme%2Fshop")
	want(t, d, "h1", "CI runs")
	want(t, d, "#runs h2", "The newest 100 of the runs created 3 Feb – 4 Mar 2026, project acme/shop, default branches")
	if got := d.Find("tbody tr").Length(); got != 100 {
		t.Errorf("%d rows", got)
	}
	wantCells(t, d, "tbody tr:first-child > *", "CI #130 Title of 130", "4 Mar 2026 07:09", "acme/shop main", "×failed", "20 min", "5 min", "30 s", "3 ↻")
	link := d.Find("tbody tr:first-child a").AttrOr("href", "")
	if link != "/runs/"+s.runNumbered("130") {
		t.Errorf("the first row leads to %s", link)
	}
	want(t, s.page(link), "h1", "CI #130")
	for selector, href := range map[string]string{
		".page-head a":                     "/pipelines?project=acme%2Fshop&range=30d",
		"#runs .panel-foot a:nth-child(1)": "/api/v1/runs.csv?branch=&project=acme%2Fshop&range=30d",
		"#runs .panel-foot a:nth-child(2)": "/api/v1/runs?branch=&project=acme%2Fshop&range=30d",
		".tabs a:nth-child(5)":             "/runs?project=acme%2Fshop&range=30d&status=failed",
	} {
		if got := d.Find(selector).AttrOr("href", ""); got != href {
			t.Errorf("%s leads to %s", selector, got)
		}
	}
	older := s.page(d.Find("a[rel=next]").AttrOr("href", "no next page"))
	want(t, older, "#runs h2", "30 older runs of those created")
	want(t, older, "tbody tr:last-child", "CI #1 ")
	if older.Find("a[rel=next]").Length() != 0 || older.Find(".pages a").AttrOr("href", "") != "/runs?project=acme%2Fshop&range=30d" {
		t.Error("the ways out of the last page are wrong")
	}
	failed := s.page("/runs?status=failed&branch=*&restarts=true&lang=ru")
	want(t, failed, "#runs h2", "1 прогон, созданный за 05.12.2025 – 04.03.2026, с ошибкой, все ветки, только с перезапусками")
	want(t, failed, ".tabs a[aria-current=page]", "с ошибкой")
	two := s.page("/runs?status=failed&status=success")
	if got := two.Find(".tabs a[aria-current=page]").Length(); got != 0 {
		t.Errorf("%d statuses are chosen of two", got)
	}
	want(t, two, "#runs h2", "failed, success")
}

func TestRunsPageRefuses(t *testing.T) {
	s := withRuns(t, aRun("1"))
	for path, text := range map[string]string{
		"/runs?cursor=x":                 "cursor: Not a place in this list",
		"/runs?cursor=1:2&cursor=1:2":    "cursor: ",
		"/runs?status=green":             "status: Not how a run can stand",
		"/runs?queue=DEV":                "queue: ",
		"/runs?limit=5":                  "limit: There is no such filter",
		"/runs?restarts=maybe":           "restarts: ",
		"/runs?clock=business":           "clock: ",
		"/runs?restarts=true&restarts=0": "restarts: Given more than once",
		"/runs?status=green&colour=red":  "colour: There is no such filter",
		"/runs?team=nobody":              "team: There is no such team",
		"/runs?%zz":                      "$: ",
	} {
		res := s.get(path)
		if res.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, res.status)
		}
		want(t, res.doc, ".banner.bad", text)
		if res.doc.Find("#runs").Length() != 0 {
			t.Errorf("%s lists something", path)
		}
	}
}

func TestEmptyRuns(t *testing.T) {
	s := withRuns(t)
	empty := func(path, text, fix string) {
		t.Helper()
		d := s.page(path)
		want(t, d, "#runs", text)
		if got := d.Find("#runs a.button").AttrOr("href", ""); got != fix {
			t.Errorf("%s: mended at %s", path, got)
		}
	}
	empty("/runs", "No CI run is known yet", "/settings/connections")
	s.addRuns(aRun("1", func(r *delivery.Run) { r.Branch = "feature" }))
	empty("/runs", "Nothing was run on these branches", "/runs?branch=%2A")
	empty("/runs?status=failed", "Nothing matches this filter", "/runs?branch=%2A")
	empty("/runs?project=nobody&range=7d", "Nothing matches this filter", "/runs?branch=%2A&range=7d")
	empty("/runs?from=2025-01-01&to=2025-02-01", "Nothing was run in this period", "/runs?range=12m")
	empty(fmt.Sprintf("/runs?branch=*&cursor=%d:1", at("01:00:00")), "There is nothing older", "/runs?branch=%2A")
	want(t, s.page("/runs?branch=*"), "#runs h2", "1 run created")
}
