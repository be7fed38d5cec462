package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/simulator"
	"throughline/internal/store/clickhousestore/chtest"
)

// recorded is an issue whose history is strange, as the API gives it.
type recorded struct {
	Input struct {
		Issue     json.RawMessage
		Changelog []struct{ UpdatedAt string }
	}
}

// office has recorded issues, and the moments just before and at each of their
// changes, by key.
type office struct {
	*simulator.Company
	api     string
	moments map[string][]time.Time
}

// recordedOffices have all recorded issues; those of the same key cannot be in one.
func recordedOffices(t *testing.T) (offices []office) {
	t.Helper()
	files, err := filepath.Glob("../../internal/source/tracker/testdata/vectors/*.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d histories: %v", len(files), err)
	}
	for _, file := range files {
		var r recorded
		var raw struct {
			Input struct{ Changelog json.RawMessage }
		}
		var issue struct{ Key string }
		text := []byte(read(t, file))
		for _, into := range []any{&r, &raw} {
			if err := json.Unmarshal(text, into); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		if err := json.Unmarshal(r.Input.Issue, &issue); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		taken := func(o office) bool { return o.Load(r.Input.Issue, raw.Input.Changelog) == nil }
		at := slices.IndexFunc(offices, taken)
		if at < 0 {
			c, server := company(t, simulator.Options{Issues: -1})
			at, offices = len(offices), append(offices, office{c, server.URL, map[string][]time.Time{}})
			if !taken(offices[at]) {
				t.Fatalf("%s is not loaded", file)
			}
		}
		moments := offices[at].moments
		moments[issue.Key] = append(moments[issue.Key], moment)
		for _, e := range r.Input.Changelog {
			when, err := time.Parse("2006-01-02T15:04:05.000-0700", e.UpdatedAt)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			moments[issue.Key] = append(moments[issue.Key], when, when.Add(-time.Millisecond))
		}
	}
	return offices
}

// TestHistories: recorded histories, each strange in its own way, are told alike
// from both stores, as they were known at any moment.
func TestHistories(t *testing.T) {
	offices := recordedOffices(t)
	if len(offices) > 3 {
		t.Errorf("%d offices", len(offices))
	}
	asked := 0
	for _, o := range offices {
		want := o.told(t, askable(t, o.api))
		got := o.told(t, within(askable(t, o.api), chtest.Open(t)))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("answers (-SQLite +ClickHouse):\n%.4000s", d)
		}
		asked += len(want)
	}
	if asked < 200 {
		t.Errorf("%d answers only", asked)
	}
}

// told is what is answered of all issues at all moments, and over all of them.
func (o *office) told(t *testing.T, environ []string) map[string]any {
	t.Helper()
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, " new, ")
	s := launch(t, environ, "serve")
	defer s.stop()
	out := map[string]any{}
	ask := func(path string) {
		status, body := s.ask(path)
		var answer any
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK && status != http.StatusNotFound {
			t.Errorf("%s: %d %v %.300s", path, status, err, body)
		}
		out[path] = timeless(answer)
	}
	for key, moments := range o.moments {
		for _, at := range moments {
			ask("/api/v1/issues/" + key + "?as_of=" + url.QueryEscape(at.UTC().Format("2006-01-02T15:04:05.000Z")))
		}
	}
	for _, clock := range []string{"elapsed", "business"} {
		for _, panel := range []string{"cycle-time", "cycle-time-trend", "cycle-time/records"} {
			ask("/api/v1/panels/" + panel + "?from=2020-01-01&to=2026-03-01&clock=" + clock)
		}
	}
	return out
}
