package web

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/inbox"
)

// pushSite takes what programs push, and has a token for them.
func pushSite(t *testing.T) (s *site, box *inbox.DB, token string) {
	t.Helper()
	s = newSite(t, nil)
	token, err := s.db.CreateToken(t.Context(), control.Token{Name: "gitlab", Scopes: []string{"ingest"}})
	if err != nil {
		t.Fatal(err)
	}
	return s, s.inbox, token
}

// push sends a body and returns status and answer.
func (s *site) push(path, token, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func gitlabRun(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../internal/source/ci/testdata/gitlab-worker/01-save_metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSaveMetrics(t *testing.T) {
	s, box, token := pushSite(t)
	run := gitlabRun(t)
	for _, c := range []struct {
		name, path, token, body string
		status                  int
		answer                  string // "" for none
	}{
		{"by the header", "/save_metrics", token, run, 200, ""},
		{"again", "/save_metrics", token, run, 208, ""},
		{"by the address", "/save_metrics?token=" + token, "", run, 208, ""},
		{"nobody", "/save_metrics", "", run, 401, "send a token"},
		{"another token", "/save_metrics?token=wrong", "", run, 401, "no such token"},
		{"no JSON", "/save_metrics", token, "pipeline", 400, `"path":"$"`},
		{"everything at once", "/save_metrics", token, `{"jobs":[{"name":"e2e","duration":"x"}],"pipeline_id":null}`, 400, `"path":"$.jobs[0].duration"`},
		{"too large", "/save_metrics", token, `{"project":"` + strings.Repeat("a", maxBody) + `"}`, 413, `"code":"too_large"`},
		{"a parameter", "/save_metrics?dry=1", token, run, 400, `"path":"dry"`},
		{"dry run", "/save_metrics?dry_run=1", token, strings.Replace(run, "700001", "5", 1), 200, `"status":"would_store"`},
		{"dry run of what is there", "/save_metrics?dry_run=1", token, run, 200, `"status":"duplicate"`},
	} {
		status, answer := s.push(c.path, c.token, c.body)
		if status != c.status || c.answer == "" && answer != "" || !strings.Contains(answer, c.answer) {
			t.Errorf("%s: %d %.300s", c.name, status, answer)
		}
	}
	counts, err := box.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[inbox.State]int{"ci": {inbox.Waiting: 1, inbox.Refused: 2}}
	if d := cmp.Diff(want, counts); d != "" {
		t.Errorf("inbox (-want +got):\n%s", d)
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the token is in the log")
	}
}

// One of the same pushes that come at once is new.
func TestSaveMetricsAtOnce(t *testing.T) {
	s, _, token := pushSite(t)
	run := gitlabRun(t)
	var mu sync.Mutex
	statuses := map[int]int{}
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() {
			status, _ := s.push("/save_metrics", token, run)
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		})
	}
	running.Wait()
	if d := cmp.Diff(map[int]int{200: 1, 208: 19}, statuses); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

func TestPushRuns(t *testing.T) {
	s, box, token := pushSite(t)
	const good, bad = `{"id":"1","project":"a/b","status":"success","created_at":"2026-03-04T10:00:00Z"}`, `{"id":"2","project":"a/b","state":"success"}`
	type item struct {
		Status, ID string
		Error      *struct{ Path string }
	}
	for _, c := range []struct {
		name, path, body string
		status           int
		items            []item
	}{
		{"one", "/api/v1/runs", good, 200, []item{{Status: "accepted", ID: "1"}}},
		{"again", "/api/v1/runs", good, 200, []item{{Status: "accepted", ID: "1"}}},
		{"a list", "/api/v1/runs", "[" + good + "," + bad + "]", 200, []item{
			{Status: "accepted", ID: "1"}, {Status: "invalid", ID: "2", Error: &struct{ Path string }{"$[1].created_at"}},
		}},
		{"nothing good", "/api/v1/runs", "[" + bad + "]", 400, []item{{Status: "invalid", ID: "2", Error: &struct{ Path string }{"$[0].created_at"}}}},
		{"one that is wrong", "/api/v1/runs", bad, 400, nil},
		{"an empty list", "/api/v1/runs", "[]", 400, nil},
		{"dry", "/api/v1/runs?dry_run=1", "[" + good + "]", 200, []item{{Status: "would_store", ID: "1"}}},
	} {
		status, text := s.push(c.path, token, c.body)
		var answer struct{ Items []item }
		if err := json.Unmarshal([]byte(text), &answer); err != nil || status != c.status {
			t.Errorf("%s: %d %v %.300s", c.name, status, err, text)
		}
		if d := cmp.Diff(c.items, answer.Items); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	counts, err := box.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[inbox.State]int{"ci": {inbox.Waiting: 3, inbox.Refused: 3}}
	if d := cmp.Diff(want, counts); d != "" {
		t.Errorf("inbox (-want +got):\n%s", d)
	}
}

// What is pushed for a connection that was deleted is not taken, to be given up later.
func TestPushForDeletedConnection(t *testing.T) {
	s, _, _ := pushSite(t)
	s.connectKind("old", "tracker", map[string]string{"token": "good"})
	token, err := s.db.CreateToken(t.Context(), control.Token{Name: "gitlab-old", Scopes: []string{"ingest"}, Connection: "old"})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := s.push("/save_metrics", token, gitlabRun(t)); status != 200 {
		t.Errorf("while it is there: %d %s", status, answer)
	}
	if err := s.db.DeleteConnection(t.Context(), "old"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/save_metrics", "/save_metrics?dry_run=1", "/api/v1/runs"} {
		if status, answer := s.push(path, token, gitlabRun(t)); status != 403 || !strings.Contains(answer, "the connection old, which the token gitlab-old is for, was deleted") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
}

// A run that says that it is another connection's is refused, not stored as one's own.
func TestPushForAnotherConnection(t *testing.T) {
	s, box, token := pushSite(t)
	run := func(id, connection string) string {
		return `{"id":"` + id + `","project":"a/b","created_at":"2026-03-02T10:00:00Z","connection":"` + connection + `"}`
	}
	status, answer := s.push("/api/v1/runs", token, "["+run("1", "ci")+","+run("2", "gh")+"]")
	if status != 200 || !strings.Contains(answer, `"status":"accepted","id":"1"`) || !strings.Contains(answer, `"path":"$[1].connection"`) {
		t.Errorf("%d %s", status, answer)
	}
	if status, answer := s.push("/api/v1/runs", token, run("3", "gh")); status != 400 || !strings.Contains(answer, `"path":"$.connection"`) {
		t.Errorf("%d %s", status, answer)
	}
	entries, err := box.List(t.Context(), inbox.Query{State: inbox.Refused})
	if err != nil || len(entries) != 1 || entries[0].Error != `$.connection: is "gh", and this goes to "ci"` {
		t.Errorf("%+v, %v", entries, err)
	}
}

// The inbox shows all that is wrong with a body.
func TestRefusedBodyTellsAll(t *testing.T) {
	s, box, token := pushSite(t)
	s.push("/api/v1/runs", token, `{"id":"1","project":5,"created_at":"yesterday"}`)
	entries, err := box.List(t.Context(), inbox.Query{})
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0].Error, "$.created_at: must be a time like 2026-01-31T09:30:00Z; $.project: must be text") {
		t.Errorf("%+v, %v", entries, err)
	}
}

// Programs are answered as programs, at every path of theirs.
func TestWrongMethodsOfPushes(t *testing.T) {
	s, _, _ := pushSite(t)
	for path, want := range map[string]int{"/save_metrics": 405, "/hooks/x": 405, "/hooks/": 404, "/save_metrics/": 404, "/api/github": 405} {
		res := s.get(path)
		if res.status != want || !strings.Contains(res.body, `"error":`) {
			t.Errorf("%s: %d %.80s", path, res.status, res.body)
		}
	}
}
