package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// api asks as a program does, with a token and no cookies.
func (s *site) api(method, path, token string) answer {
	s.t.Helper()
	req := s.request(method, path, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return answer{status: res.StatusCode, header: res.Header, body: readAll(s.t, res)}
}

// read asks with a token that may read, and wants an answer.
func read[T any](s *site, path string) T {
	s.t.Helper()
	res := s.api(http.MethodGet, path, readToken)
	var v T
	if err := json.Unmarshal([]byte(res.body), &v); err != nil || res.status != http.StatusOK {
		s.t.Fatalf("GET %s: %d, %v: %.300s", path, res.status, err, res.body)
	}
	return v
}

const (
	readToken   = "reads-and-nothing-else"
	ingestToken = "pushes-and-nothing-else"
)

type errorAnswer struct {
	Error struct {
		Code, Message, Path string
		Details             []struct{ Path, Message string }
	}
}

func errorOf(t *testing.T, res answer) errorAnswer {
	t.Helper()
	var e errorAnswer
	if err := json.Unmarshal([]byte(res.body), &e); err != nil {
		t.Fatalf("not an error: %v: %.200s", err, res.body)
	}
	if got := res.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("an error of type %q", got)
	}
	return e
}

func TestAPILetsInTokensAndSessions(t *testing.T) {
	s := inCompany(t, 3, nil)
	tests := []struct {
		name, method, path, token string
		status                    int
		code                      string
	}{
		{"no token", "GET", "/api/v1/issues", "", 401, "unauthorized"},
		{"unknown token", "GET", "/api/v1/issues", "no-such-token", 401, "unauthorized"},
		{"scope missing", "GET", "/api/v1/issues", ingestToken, 403, "forbidden"},
		{"reader", "GET", "/api/v1/issues", readToken, 200, ""},
		{"reader wants to push", "POST", "/api/v1/connections/x/sync", readToken, 403, "forbidden"},
		{"pusher", "POST", "/api/v1/connections/x/sync", ingestToken, 404, "not_found"},
		{"method", "DELETE", "/api/v1/issues", readToken, 405, "method_not_allowed"},
		{"method of a call", "GET", "/api/v1/connections/x/sync", readToken, 405, "method_not_allowed"},
		{"path", "GET", "/api/v1/nothing", readToken, 404, "not_found"},
		{"path outside", "GET", "/api/nothing", readToken, 404, "not_found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := s.api(tt.method, tt.path, tt.token)
			if res.status != tt.status {
				t.Fatalf("%d, want %d: %s", res.status, tt.status, res.body)
			}
			if tt.code == "" {
				return
			}
			if e := errorOf(t, res).Error; e.Code != tt.code || e.Path == "" || e.Details == nil {
				t.Errorf("%+v, want the code %s, a path and details", e, tt.code)
			}
			if want := map[bool]string{true: "Bearer"}[tt.status == 401]; res.header.Get("WWW-Authenticate") != want {
				t.Errorf("WWW-Authenticate is %q, want %q", res.header.Get("WWW-Authenticate"), want)
			}
		})
	}
	if res := s.get("/api/v1/issues"); res.status != 200 {
		t.Errorf("the browser of somebody signed in gets %d", res.status)
	}
	head := s.api("HEAD", "/api/v1/issues", readToken)
	if head.status != 200 || head.body != "" {
		t.Errorf("HEAD: %d with %d bytes", head.status, len(head.body))
	}
}

// A form on another site cannot use somebody's session, and the session
// of a lead or a viewer cannot start anything.
func TestAPIStartSyncBySession(t *testing.T) {
	s := inCompany(t, 1, nil)
	s.makeUp("tracker")
	cross := s.request(http.MethodPost, "/api/v1/connections/tracker/sync", nil)
	cross.Header.Set("Origin", "https://evil.example.com")
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	if res := s.do(cross); res.status != http.StatusForbidden {
		t.Errorf("a form of another site: %d", res.status)
	}
	if res := s.post("/api/v1/connections/tracker/sync", nil); res.status != http.StatusAccepted {
		t.Errorf("an admin: %d %s", res.status, res.body)
	}
	s.demote("lead")
	if res := s.post("/api/v1/connections/tracker/sync", nil); res.status != http.StatusForbidden {
		t.Errorf("a lead: %d", res.status)
	}
	s.demote("viewer")
	if res := s.post("/api/v1/connections/tracker/sync", nil); res.status != http.StatusForbidden {
		t.Errorf("a viewer: %d", res.status)
	}
	if res := s.get("/api/v1/syncs"); res.status != http.StatusOK {
		t.Errorf("a viewer reads: %d", res.status)
	}
}

func (s *site) makeUp(name string) control.Connection {
	s.t.Helper()
	c, err := s.db.SaveConnection(s.t.Context(), control.Connection{
		Name: name, Kind: "tracker", Every: time.Hour, Settings: source.Settings{"org_id": json.RawMessage(`"1"`)},
	}, map[string]string{"token": "good"})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestAPIStartSync(t *testing.T) {
	s := inCompany(t, 1, nil)
	c := s.makeUp("tracker")
	start := func() answer { return s.api(http.MethodPost, "/api/v1/connections/tracker/sync", ingestToken) }

	res := start()
	want := map[string]any{
		"name": "tracker", "kind": "tracker", "every_seconds": 3600.0, "next_run_at": "2026-03-04T12:00:00.000Z",
		"failures": 0.0, "syncing": false, "paused": false,
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(res.body), &got); err != nil || res.status != http.StatusAccepted {
		t.Fatalf("%d, %v: %s", res.status, err, res.body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if s.worker.pokes.Load() != 1 {
		t.Errorf("the worker was poked %d times", s.worker.pokes.Load())
	}

	sync, err := s.db.StartSync(t.Context(), c.ID, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if res := start(); res.status != http.StatusConflict || errorOf(t, res).Error.Code != "running" {
		t.Errorf("while one runs: %d %s", res.status, res.body)
	}
	if err := s.db.FinishSync(t.Context(), sync.ID, control.Paused, source.Message{Text: "expired"}, testNow, 1, testNow); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Pause(t.Context(), c.ID, "expired", "the token has expired", testNow); err != nil {
		t.Fatal(err)
	}
	if res := start(); res.status != http.StatusConflict || errorOf(t, res).Error.Code != "paused" {
		t.Errorf("while paused: %d %s", res.status, res.body)
	}
	if err := s.db.Pause(t.Context(), c.ID, userPause, "", testNow); err != nil {
		t.Fatal(err)
	}
	if got := errorOf(t, start()).Error.Message; got != "the connection is paused by hand" {
		t.Errorf("while paused by hand: %q", got)
	}
	long := s.request(http.MethodPost, "/api/v1/connections/tracker/sync", strings.NewReader(strings.Repeat("x", maxBody+1)))
	long.Header.Set("Authorization", "Bearer "+ingestToken)
	if res := s.do(long); res.status != http.StatusRequestEntityTooLarge || errorOf(t, res).Error.Code != "too_large" {
		t.Errorf("a long body: %d %s", res.status, res.body)
	}
	if res := s.api(http.MethodPost, "/api/v1/connections/tracker/sync?fast=1", ingestToken); res.status != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d", res.status)
	}
}

func TestAPISyncs(t *testing.T) {
	s := inCompany(t, 1, nil)
	c := s.makeUp("tracker")
	for range 3 {
		sync, err := s.db.StartSync(t.Context(), c.ID, testNow)
		if err != nil {
			t.Fatal(err)
		}
		p := source.Progress{Phase: "changes", Found: 10, Read: 9, Requests: 12}
		w := delivery.Written{Inserted: 4, Updated: 3, Unchanged: 2, Gone: 1}
		problems := []source.Problem{{Record: "DEV-1", Path: "$", Message: "broken"}}
		if err := s.db.SaveProgress(t.Context(), sync.ID, nil, p, w, problems, testNow); err != nil {
			t.Fatal(err)
		}
		if err := s.db.FinishSync(t.Context(), sync.ID, control.Problems, source.Message{}, testNow.Add(time.Hour), 0, testNow.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	type list = apiList[map[string]any]
	first := read[list](s, "/api/v1/syncs?limit=2&connection=tracker")
	want := map[string]any{
		"id": 3.0, "connection": "tracker", "state": "problems", "started_at": "2026-03-04T12:00:00.000Z", "finished_at": "2026-03-04T12:01:00.000Z",
		"progress": map[string]any{"phase": "changes", "found": 10.0, "read": 9.0, "requests": 12.0},
		"written":  map[string]any{"inserted": 4.0, "updated": 3.0, "unchanged": 2.0, "gone": 1.0},
		"problems": 1.0, "error": nil, "retry_at": "2026-03-04T13:00:00.000Z",
	}
	if diff := cmp.Diff(want, first.Items[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	rest := read[list](s, "/api/v1/syncs?limit=2&cursor="+first.NextCursor)
	if len(first.Items) != 2 || len(rest.Items) != 1 || rest.NextCursor != "" || rest.Items[0]["id"] != 1.0 {
		t.Errorf("pages of %d and %d, then %q", len(first.Items), len(rest.Items), rest.NextCursor)
	}
	if none := read[list](s, "/api/v1/syncs?connection=other"); len(none.Items) != 0 || none.Items == nil {
		t.Errorf("syncs of another connection: %v", none.Items)
	}
}

// Every wrong parameter is named, all at once.
func TestAPIWrongParameters(t *testing.T) {
	s := inCompany(t, 3, nil)
	tests := []struct {
		path  string
		wrong []string
	}{
		{"/api/v1/issues?team=a&clock=sundial&range=3x&limit=0&state=done", []string{"clock", "range", "team", "limit", "state"}},
		{"/api/v1/issues?limit=1001", []string{"limit"}},
		{"/api/v1/issues?limit=5&limit=6", []string{"limit"}},
		{"/api/v1/issues?cursor=nonsense", []string{"cursor"}},
		{"/api/v1/issues.csv?limit=5", []string{"limit"}},
		{"/api/v1/issues?range=7d&from=2026-01-01", []string{"range"}},
		{"/api/v1/issues?from=2026-02-01&to=2026-01-01", []string{"from"}},
		{"/api/v1/issues/DEV-1?as_of=yesterday", []string{"as_of"}},
		{"/api/v1/issues/DEV-1?at=2026-01-01T00:00:00Z", []string{"at"}},
		{"/api/v1/panels?page=2", []string{"page"}},
		{"/api/v1/panels?cursor=x", []string{"cursor"}},
		{"/api/v1/panels/cycle-time?limit=3&bucket=year&lang=xx", []string{"bucket", "limit", "lang"}},
		{"/api/v1/panels/cycle-time.csv?q=x", []string{"q"}},
		{"/api/v1/panels/cycle-time?a=%zz", []string{"$"}},
		{"/api/v1/syncs?limit=x&cursor=-1&q=", []string{"q", "limit", "cursor"}},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			res := s.api(http.MethodGet, tt.path, readToken)
			if res.status != http.StatusBadRequest {
				t.Fatalf("%d: %.200s", res.status, res.body)
			}
			e := errorOf(t, res).Error
			var wrong []string
			for _, d := range e.Details {
				wrong = append(wrong, d.Path)
				if d.Message == "" {
					t.Errorf("%s is wrong without a reason", d.Path)
				}
			}
			if diff := cmp.Diff(tt.wrong, wrong); diff != "" {
				t.Errorf("details (-want +got)\n%s", diff)
			}
			if e.Code != "bad_request" || e.Path != tt.wrong[0] || e.Message == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}
