package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/tracker"
)

// recording is an issue as Tracker answered it, and what is to be made of it.
type recording struct {
	ID       string
	Settings struct {
		Zone     string   `json:"business_timezone"`
		Workdays []int    `json:"workdays"` // 0 is Monday
		Start    string   `json:"business_hours_start"`
		End      string   `json:"business_hours_end"`
		Closed   []string `json:"closed_status_keys"`
		Active   []string `json:"active_status_keys"`
		Holidays []delivery.Date
		Working  []delivery.Date `json:"working_days_override"`
		Language string
		Now      string
	}
	Input struct {
		Issue     json.RawMessage
		Changelog []json.RawMessage
		PageSize  int `json:"changelog_page_size"`
	}
	Expected map[string]any
}

func (r *recording) now(t *testing.T) time.Time {
	t.Helper()
	now, err := time.Parse("2006-01-02T15:04:05.000-0700", r.Settings.Now)
	if err != nil {
		t.Fatal(err)
	}
	return now.UTC()
}

// ServeHTTP answers as Tracker does that holds this one issue.
func (r *recording) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path := strings.TrimPrefix(req.URL.Path, "/v3")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case path == "/issues/_search":
		w.Header().Set("X-Total-Count", "1")
		w.Header().Set("X-Total-Pages", "1")
		issues := []json.RawMessage{r.Input.Issue}
		if req.URL.Query().Has("scrollId") || req.URL.Query().Get("page") == "2" {
			issues = nil
		}
		respond(w, issues)
	case path == "/issues/_count":
		respond(w, 1)
	case strings.HasSuffix(path, "/changelog"):
		r.changelog(w, req)
	case path == "/myself":
		respond(w, map[string]any{"uid": 1, "display": "Alice Anderson"})
	default:
		respond(w, []any{})
	}
}

func (r *recording) changelog(w http.ResponseWriter, req *http.Request) {
	from := 0
	for i, event := range r.Input.Changelog {
		var e struct{ ID string }
		if json.Unmarshal(event, &e) == nil && e.ID == req.URL.Query().Get("id") {
			from = i + 1
		}
	}
	to := min(from+r.Input.PageSize, len(r.Input.Changelog))
	if to < len(r.Input.Changelog) {
		var last struct{ ID string }
		if err := json.Unmarshal(r.Input.Changelog[to-1], &last); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		next := "http://" + req.Host + req.URL.Path + "?id=" + last.ID + "&perPage=" + strconv.Itoa(r.Input.PageSize)
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	respond(w, r.Input.Changelog[from:to])
}

func respond(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

// sync pulls the recording into the store.
func (r *recording) sync(t *testing.T, s *site) {
	t.Helper()
	api := httptest.NewServer(r)
	t.Cleanup(api.Close)
	text := func(v string) json.RawMessage { return json.RawMessage(strconv.Quote(v)) }
	kind := tracker.Kind()
	src, err := kind.New(source.Config{
		Connection: "tracker", Known: s.store, Now: func() time.Time { return r.now(t) },
		Settings: source.Settings{"base_url": text(api.URL + "/v3"), "org_id": text("1"), "language": text(r.Settings.Language), "initial_range": text("3650d")},
		Secrets:  map[string]string{"token": "secret"},
	}, api.Client())
	if err != nil {
		t.Fatal(err)
	}
	for page, err := range src.Pull(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Problems) > 0 {
			t.Errorf("problems: %v", page.Problems)
		}
		if _, err := s.store.Write(t.Context(), page.Batch); err != nil {
			t.Fatal(err)
		}
	}
}

// configure gives the site the recording's calendar and workflow.
func (r *recording) configure(t *testing.T, s *site) {
	t.Helper()
	set := r.Settings
	calendar := control.Calendar{
		Name: "default", Zone: set.Zone, Hours: []string{set.Start + "-" + set.End}, Holidays: "none",
		DaysOff: set.Holidays, WorkingDays: set.Working,
	}
	for _, d := range set.Workdays {
		calendar.Workdays = append(calendar.Workdays, time.Weekday((d+1)%7))
	}
	if err := s.db.SaveCalendar(t.Context(), calendar); err != nil {
		t.Fatal(err)
	}
	workflow := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: set.Closed, Active: set.Active}}
	if err := s.db.SaveWorkflow(t.Context(), workflow); err != nil {
		t.Fatal(err)
	}
	if err := s.store.SetWorkflow(t.Context(), delivery.OneWorkflow(workflow)); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// Each recording, pulled over HTTP, stored and asked for over HTTP, is answered
// exactly as expected.
func TestAPIIssueRecordings(t *testing.T) {
	files, err := filepath.Glob("../internal/delivery/testdata/tracker/v*.json")
	if err != nil || len(files) < 28 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel() // the source paces its requests
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var r recording
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			s := newSite(t, nil)
			s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
			r.sync(t, s)
			r.configure(t, s)
			r.compare(t, s)
		})
	}
}

func (r *recording) compare(t *testing.T, s *site) {
	t.Helper()
	want := r.Expected
	fields, _ := want["issue_fields"].(map[string]any)
	delete(want, "issue_fields")
	for name, value := range fields {
		want[name] = value
	}
	names := []string{want["key"].(string)}
	for _, alias := range want["aliases"].([]any) {
		names = append(names, alias.(string))
	}
	for _, name := range names {
		got := read[map[string]any](s, "/api/v1/issues/"+name+"?as_of="+r.now(t).Format(time.RFC3339Nano))
		for field, value := range want {
			found, ok := got[field]
			if !ok {
				t.Errorf("%s: no %s", name, field)
			}
			if diff := cmp.Diff(value, found); diff != "" {
				t.Errorf("%s: %s (-want +got)\n%s", name, field, diff)
			}
		}
	}
}
