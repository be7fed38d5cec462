package web

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

func TestAPIRun(t *testing.T) {
	s := withRuns(t, aRun("7", aWholeRun), aRun("8", func(r *delivery.Run) {
		*r = delivery.Run{
			Connection: "ci", Project: "p", ID: "bare", Status: delivery.RunWaiting, CreatedAt: at("01:00:00"),
			Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid,
		}
	}))
	number := s.runNumbered("7")
	whole := read[map[string]any](s, "/api/v1/runs/"+number)
	jobs := whole["jobs"].([]any)
	delete(whole, "jobs")
	n, _ := strconv.Atoi(number)
	if d := cmp.Diff(map[string]any{
		"id": "7", "connection": "ci", "project": "acme/shop", "workflow": "CI", "branch": "main",
		"sha":        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"created_at": "2026-03-04T09:00:00.000Z", "started_at": "2026-03-04T09:00:30.000Z", "finished_at": "2026-03-04T09:20:00.000Z",
		"duration": 1200.0, "duration_e2e": 300.0, "queue_time": 30.0, "attempt": 2.0, "has_restarts": true, "conclusion": "failed",
		"url": "https://ci.example.com/runs/7", "labels": map[string]any{"size": "large", "=1+1": ""},
		"builds": []any{map[string]any{"name": "web", "duration": 61.0}, map[string]any{"name": "api", "duration": nil}},
		"run":    float64(n), "number": 7.0, "title": "Title of 7", "status": "failed", "event": "push", "actor": "ann",
		"default_branch": "main", "updated_at": "2026-03-04T09:20:01.000Z",
	}, whole); d != "" {
		t.Errorf("a run (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]any{
		"name": "e2e 1/2", "started_at": "2026-03-04T09:04:00.000Z", "finished_at": "2026-03-04T09:10:00.000Z",
		"duration": 360.0, "conclusion": "failed", "up": 60.0, "e2e": 240.0, "pull": 20.0, "up_without_pull": 40.0,
		"id": "j-e2e 1/2", "status": "failed", "attempt": 1.0, "created_at": "2026-03-04T09:00:00.000Z",
		"url": "https://ci.example.com/jobs/e2e 1/2", "runner": "runner-1", "is_e2e": true,
	}, jobs[3]); d != "" || len(jobs) != 5 {
		t.Errorf("one of %d jobs (-want +got):\n%s", len(jobs), d)
	}
	bare := read[map[string]any](s, "/api/v1/runs/"+s.runNumbered("bare"))
	for _, name := range []string{"workflow", "branch", "sha", "started_at", "finished_at", "duration", "duration_e2e", "queue_time", "conclusion", "url", "number", "title"} {
		if v, ok := bare[name]; !ok || v != nil {
			t.Errorf("%s is %v, want null", name, v)
		}
	}
	if d := cmp.Diff([]any{map[string]any{}, []any{}, []any{}}, []any{bare["labels"], bare["builds"], bare["jobs"]}); d != "" {
		t.Error(d)
	}
	for _, path := range []string{"/api/v1/runs/0", "/api/v1/runs/x", "/api/v1/runs/01", "/api/v1/runs/99999999999999999999"} {
		if res := s.api(http.MethodGet, path, readToken); res.status != http.StatusNotFound || errorOf(t, res).Error.Path != "run" {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
	if res := s.api(http.MethodGet, "/api/v1/runs/"+number+"?colour=red", readToken); res.status != http.StatusBadRequest || errorOf(t, res).Error.Path != "colour" {
		t.Errorf("a parameter: %d", res.status)
	}
}

// What is pushed is read back, a list with all that one run has.
func TestAPIRunsReadBack(t *testing.T) {
	s := withRuns(t)
	for _, status := range delivery.RunStatuses() {
		run := aRun("of "+string(status), aWholeRun, func(r *delivery.Run) {
			r.Status = status
			r.Jobs[4].URL = "" // is no address, and refused when it is pushed
		})
		body, err := json.Marshal(ci.EncodeRun(run))
		if err != nil {
			t.Fatal(err)
		}
		items, _, err := ci.ParseRuns(body)
		if err != nil || items[0].Err != nil {
			t.Fatal(err, items[0].Err)
		}
		pushed := items[0].Run
		pushed.Connection = "ci"
		s.addRuns(pushed)
	}
	for _, r := range read[apiList[json.RawMessage]](s, "/api/v1/runs").Items {
		var item delivery.RunReport
		if err := json.Unmarshal(r, &item); err != nil {
			t.Fatal(err)
		}
		status, _ := strings.CutPrefix(item.ID, "of ")
		conclusion := delivery.Word(status)
		if status == "waiting" || status == "running" {
			conclusion = ""
		}
		if string(item.Status) != status || item.Conclusion != conclusion || len(item.Jobs) != 5 || len(item.Builds) != 2 {
			t.Errorf("%s: status %s, conclusion %s, %d jobs, %d builds", item.ID, item.Status, item.Conclusion, len(item.Jobs), len(item.Builds))
		}
		again, _, err := ci.ParseRuns(r)
		if err != nil || again[0].Err != nil || again[0].Run.Status != item.Status || len(again[0].Run.Jobs) != 5 {
			t.Errorf("%s: what is read cannot be pushed: %v %+v", item.ID, err, again)
		}
		one := read[delivery.RunReport](s, "/api/v1/runs/"+strconv.FormatInt(item.Run, 10))
		if d := cmp.Diff(one, item); d != "" {
			t.Errorf("%s: in a list it is another (-one +list):\n%s", item.ID, d)
		}
	}
}

// idsOf are the runs that a list answers.
func (s *site) idsOf(query string) []string {
	s.t.Helper()
	ids := []string{}
	for _, r := range read[apiList[delivery.RunReport]](s, "/api/v1/runs?"+query).Items {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestAPIRunsFilters(t *testing.T) {
	s := withRuns(t, manyRuns(6, func(i int, r *delivery.Run) {
		r.Branch = []string{"main", "feature", "release"}[i%3]
		r.Workflow = []string{"CI", "Deploy"}[i%2]
		r.HasRestarts = i == 5
		r.Status = delivery.RunStatuses()[i]
		if i == 0 {
			r.Project = "acme/api"
		}
	})...)
	for query, ids := range map[string]string{
		"":                                      "6 5 4 3 2 1",
		"branch=":                               "4 1",
		"branch=*":                              "6 5 4 3 2 1",
		"branch=feature&branch=release":         "6 5 3 2",
		"workflow=Deploy":                       "6 4 2",
		"project=acme/api":                      "1",
		"repository=acme/api":                   "1",
		"repository=acme/api&project=acme/shop": "6 5 4 3 2 1",
		"restarts=true":                         "6",
		"restarts=false&limit=2":                "5 4",
		"status=failed&status=waiting":          "4 1",
		"status=&branch=main":                   "4 1",
		"connection=elsewhere":                  "",
		"from=2026-03-04T02:04:00Z":             "6 5",
		"to=2026-03-04T02:02:00Z&lang=ru":       "2 1",
	} {
		if got := strings.Join(s.idsOf(query), " "); got != ids {
			t.Errorf("%s: %s, want %s", query, got, ids)
		}
	}
	s.provision("teams: [{name: api, ci_projects: [acme/api]}]\ntokens: [{name: reader, scopes: [read], token: reads-and-nothing-else}]\n")
	if got := s.idsOf("team=api"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("of the team: %s", got)
	}
}

func TestAPIRunsPaging(t *testing.T) {
	s := withRuns(t, manyRuns(25, func(i int, r *delivery.Run) { r.CreatedAt = at("02:00:00") + delivery.Instant(i/3) })...)
	var ids []string
	pages, cursor := 0, ""
	for pages == 0 || cursor != "" {
		list := read[apiList[delivery.RunReport]](s, "/api/v1/runs?limit=10&cursor="+url.QueryEscape(cursor))
		for _, r := range list.Items {
			ids = append(ids, r.ID)
		}
		cursor, pages = list.NextCursor, pages+1
	}
	want := s.idsOf("limit=1000")
	if len(want) != 25 || pages != 3 || !slices.Equal(ids, want) {
		t.Errorf("%d pages of %s, want %s", pages, ids, want)
	}
	if got := read[apiList[delivery.RunReport]](s, "/api/v1/runs?limit=25"); got.NextCursor != "" || len(got.Items) != 25 {
		t.Errorf("%d runs that all fit, and behind them %q", len(got.Items), got.NextCursor)
	}
	none := s.api(http.MethodGet, "/api/v1/runs?project=nobody", readToken)
	if strings.TrimSpace(none.body) != `{"items":[],"next_cursor":""}` {
		t.Errorf("nothing is %s", none.body)
	}
}

// A page of enormous runs ends early, and the next one goes on.
func TestAPIRunsOfManyJobs(t *testing.T) {
	s := withRuns(t, manyRuns(40, func(_ int, r *delivery.Run) {
		r.Jobs = slices.Repeat([]delivery.Job{{Name: "job"}}, 2000)
	})...)
	first := read[apiList[delivery.RunReport]](s, "/api/v1/runs?limit=1000")
	rest := read[apiList[delivery.RunReport]](s, "/api/v1/runs?limit=1000&cursor="+url.QueryEscape(first.NextCursor))
	if len(first.Items) != 26 || len(rest.Items) != 14 || rest.NextCursor != "" || rest.Items[0].ID != "14" {
		t.Errorf("%d and %d runs, the second from %s", len(first.Items), len(rest.Items), rest.Items[0].ID)
	}
}

func TestAPIRunsRefuses(t *testing.T) {
	s := withRuns(t, aRun("1"))
	for query, path := range map[string]string{
		"limit=0":                            "limit",
		"limit=1001":                         "limit",
		"limit=1&limit=2":                    "limit",
		"cursor=x":                           "cursor",
		"cursor=1:2&cursor=1:2":              "cursor",
		"status=x":                           "status",
		"status=success&status=green":        "status",
		"queue=DEV":                          "queue",
		"colour=red":                         "colour",
		"restarts=yes":                       "restarts",
		"restarts=true&restarts=true":        "restarts",
		"branch=" + strings.Repeat("x", 401): "branch",
		"team=nobody":                        "team",
		"clock=business":                     "clock",
		"from=tomorrow":                      "from",
		"lang=xx":                            "lang",
		"a%zz":                               "$",
	} {
		for _, suffix := range []string{"", ".csv"} {
			res := s.api(http.MethodGet, "/api/v1/runs"+suffix+"?"+query, readToken)
			if res.status != http.StatusBadRequest || errorOf(t, res).Error.Path != path {
				t.Errorf("%s %.40s: %d %s", suffix, query, res.status, res.body)
			}
		}
	}
	several := errorOf(t, s.api(http.MethodGet, "/api/v1/runs?limit=0&status=x&colour=red", readToken))
	if len(several.Error.Details) != 3 {
		t.Errorf("%+v", several)
	}
	for path, status := range map[string]int{"/api/v1/runs": 403, "/api/v1/runs.csv": 403, "/api/v1/runs/1": 403} {
		if res := s.api(http.MethodGet, path, ingestToken); res.status != status {
			t.Errorf("%s with another scope: %d", path, res.status)
		}
		if res := s.api(http.MethodGet, path, ""); res.status != http.StatusUnauthorized {
			t.Errorf("%s by nobody: %d", path, res.status)
		}
	}
}

func TestAPIRunsCSV(t *testing.T) {
	s := withRuns(t, append(manyRuns(120), aRun("strange", func(r *delivery.Run) {
		r.Title, r.Branch, r.Workflow, r.Actor, r.Event = "=1+1", "+b", "-w", "@a", "\te"
		r.ID, r.Project, r.SHA, r.URL = "=id", "=p", "=s", "=u"
		r.Labels = map[string]string{"=a": "=b"}
		r.Status, r.Duration, r.StartedAt = delivery.RunRunning, delivery.NotSaid, 0
	}))...)
	res := s.api(http.MethodGet, "/api/v1/runs.csv", readToken)
	if res.status != http.StatusOK || !strings.HasPrefix(res.header.Get("Content-Type"), "text/csv") {
		t.Fatal(res.status, res.header)
	}
	rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
	if err != nil || len(rows) != 122 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	if d := cmp.Diff([]string{
		"run", "id", "connection", "project", "workflow", "number", "title", "branch", "default_branch", "sha", "event", "actor",
		"status", "conclusion", "attempt", "has_restarts", "created_at", "started_at", "finished_at", "updated_at",
		"duration_seconds", "duration_e2e_seconds", "queue_time_seconds", "labels", "url",
	}, rows[0]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"'=id", "ci", "'=p", "'-w", "", "'=1+1", "'+b", "main", "'=s", "'\te", "'@a", "running", "", "1", "false",
		"2026-03-04T09:00:00.000Z", "", "2026-03-04T09:20:00.000Z", "2026-03-04T09:20:01.000Z", "", "300", "", `{"=a":"=b"}`, "'=u",
	}, rows[1][1:]); d != "" {
		t.Errorf("a strange run (-want +got):\n%s", d)
	}
	if got := s.api(http.MethodGet, "/api/v1/runs.csv?project=nobody", readToken); strings.Count(got.body, "\n") != 1 {
		t.Errorf("of nothing: %s", got.body)
	}
}
