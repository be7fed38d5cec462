package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/simulator"
	"throughline/internal/store/clickhousestore/chtest"
)

const clickHouseEmbed = "embed-of-payments-0123"

// within is an environment with its facts in ClickHouse.
func within(environ []string, address string) []string {
	return append(append([]string{}, environ...), "THROUGHLINE_STORE="+address)
}

// askable is connected with a token to ask by.
func askable(t *testing.T, api string) []string {
	t.Helper()
	environ := connected(t, api)
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	plant(t, filepath.Dir(file), map[string]string{"provision.yaml": read(t, file) +
		"teams:\n  - {name: payments, tracker_queues: [PAY]}\ntokens:\n  - {name: scripts, scopes: [read], token: " + upgradeToken + "}\n" +
		"embeds:\n  - {name: payments, panel: cycle-time, filter: {team: payments, from: 2024-09-01, to: 2026-03-01}, lang: en, token: " + clickHouseEmbed + "}\n"})
	return environ
}

// ask is what a program is answered.
func (s *site) ask(path string) (status int, body string) {
	s.t.Helper()
	return s.askAs(upgradeToken, path)
}

// askAs asks for a path with a token.
func (s *site) askAs(token, path string) (status int, body string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// companySpan are all of the company's days.
const companySpan = "from=2024-09-01&to=2026-03-01"

// answers are those to everything that programs may ask about facts.
func (s *site) answers() map[string]any {
	s.t.Helper()
	out := map[string]any{}
	paths := []string{"/api/v1/issues/PAY-3?as_of=2026-03-01T12:00:00Z"}
	for _, query := range []string{companySpan, companySpan + "&team=payments&clock=business&bucket=month", companySpan + "&queue=APP&type=bug"} {
		for _, panel := range []string{"cycle-time", "cycle-time-trend", "time-in-status"} {
			paths = append(paths, "/api/v1/panels/"+panel+"?"+query, "/api/v1/panels/"+panel+".csv?"+query)
			if panel != "time-in-status" { // stays that last are as long as they are now
				paths = append(paths, "/api/v1/panels/"+panel+"/records?"+query)
			}
		}
		for _, state := range []string{"", "state=closed&", "state=open&"} {
			paths = append(paths, "/api/v1/issues?limit=1000&"+state+query, "/api/v1/issues.csv?"+state+query)
		}
	}
	for _, path := range paths {
		status, body := s.ask(path)
		if status != http.StatusOK {
			s.t.Errorf("%s: %d %.300s", path, status, body)
			continue
		}
		var answer any
		if strings.Contains(path, ".csv") {
			answer = withoutAges(s.t, body)
		} else if err := json.Unmarshal([]byte(body), &answer); err != nil {
			s.t.Errorf("%s: %v", path, err)
		}
		out[path] = timeless(answer)
	}
	_, page := s.get("/embed/" + clickHouseEmbed)
	_, rest, found := strings.Cut(page, `<script id="chart-embed"`)
	if !found || !strings.Contains(rest, "PAY-") {
		s.t.Errorf("no chart in the embed: %.300s", page)
	}
	out["embed"], _, _ = strings.Cut(rest, "<footer") // which says of when it is
	for _, ext := range []string{"svg", "png"} {
		if status, body := s.get("/embed/" + clickHouseEmbed + "." + ext); status != http.StatusOK || len(body) < 1000 {
			s.t.Errorf("the embed as %s: %d, %d bytes", ext, status, len(body))
		}
	}
	return out
}

// withoutAges is a CSV without its columns of ages.
func withoutAges(t *testing.T, text string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("no CSV: %v\n%s", err, text)
	}
	header := slices.Clone(rows[0])
	for i, row := range rows {
		var kept []string
		for k, cell := range row {
			if !strings.Contains(header[k], "age_") {
				kept = append(kept, cell)
			}
		}
		rows[i] = kept
	}
	return fmt.Sprint(rows)
}

// timeless is an answer without what depends on when it was given.
func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range []string{"as_of", "age", "wip_age", "next_cursor"} {
			delete(v, name)
		}
		for name := range v {
			v[name] = timeless(v[name])
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

// TestClickHouse: a company synced into ClickHouse gives every answer that the
// same sync into SQLite gives, is checked, backed up and put back.
func TestClickHouse(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 60})
	built := askable(t, api.URL)
	dsn := chtest.Open(t)
	environ := within(askable(t, api.URL), dsn)
	code, stdout, stderr := cli(t, built, "sync")
	expect(t, code, exitDone, stdout+stderr, " 60 new, ")
	code, stdout, stderr = cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, " 60 new, ")

	s := launch(t, built, "serve")
	want := s.answers()
	s.stop()
	s = launch(t, environ, "serve")
	if d := cmp.Diff(want, s.answers()); d != "" {
		t.Errorf("answers (-SQLite +ClickHouse):\n%.4000s", d)
	}
	if status, body := s.get("/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	s.stop()
	if strings.Contains(s.log.String(), "p%40ss") || strings.Contains(s.log.String(), "p@ss") {
		t.Error("the password is in the log")
	}

	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "✓ ClickHouse http://throughline@127.0.0.1:", " rows, schema ")
	plant(t, dirOf(environ), map[string]string{factsFile: "of long ago"})
	file := filepath.Join(t.TempDir(), "backup")
	code, stdout, stderr = cli(t, environ, "backup", file)
	expect(t, code, exitDone, stdout+stderr, "control.db ", "The facts are not in it: they are in ClickHouse, http://throughline@127", "of the time before ClickHouse, is not used")
	if strings.Contains(stdout, "facts.db    ") {
		t.Errorf("the unused facts are in the backup:\n%s", stdout)
	}

	target := within(elsewhere(t, environ), dsn)
	plant(t, dirOf(target), map[string]string{"secret.key": read(t, filepath.Join(dirOf(environ), "secret.key"))})
	code, stdout, stderr = cli(t, target, "restore", file)
	expect(t, code, exitDone, stdout+stderr, "The facts are not in it: they are in ClickHouse")
	code, stdout, stderr = cli(t, target, "sync")
	expect(t, code, exitDone, stdout+stderr, "nothing is due")

	// With another store the cursors are of no use.
	target[len(target)-1] = "THROUGHLINE_STORE=sqlite"
	code, stdout, stderr = cli(t, target, "restore", file)
	expect(t, code, exitDone, stdout+stderr, "they were in ClickHouse, and THROUGHLINE_STORE says sqlite")
	code, stdout, stderr = cli(t, target, "sync")
	expect(t, code, exitDone, stdout+stderr, "the fact store is not the one that was synced into", " 60 new, ")
}

func TestClickHouseRefuses(t *testing.T) {
	dsn := chtest.Open(t)
	environ := dataDir(t)
	wrong := within(environ, strings.Replace(dsn, "//throughline:", "//throughline:tell-nobody", 1))
	for command, code := range map[string]int{"serve": exitError, "sync": exitError, "check": exitError} {
		got, stdout, stderr := cli(t, wrong, command)
		expect(t, got, code, stdout+stderr, "the name or the password is wrong")
		if strings.Contains(stdout+stderr, "tell-nobody") {
			t.Errorf("%s tells the password:\n%s", command, stdout+stderr)
		}
	}
	bad := append(within(environ, "clickhouse://u:tell-nobody/@h/d"), "THROUGHLINE_LOG_FORMAT=xml")
	code, _, stderr := cli(t, bad, "serve")
	expect(t, code, exitUsage, stderr, "THROUGHLINE_STORE: ", "(example: THROUGHLINE_STORE=clickhouse://", "THROUGHLINE_LOG_FORMAT: ")
	if strings.Contains(stderr, "tell-nobody") {
		t.Errorf("it tells the password:\n%s", stderr)
	}
}

// TestClickHouseIsAwaited: an engine that is not there at the start, and killed in
// the middle of the sync, holds everything up; then the facts are those of an
// undisturbed sync.
func TestClickHouseIsAwaited(t *testing.T) {
	t.Parallel() // mostly waits
	c, _ := company(t, simulator.Options{Issues: 120})
	folder := t.TempDir()
	engine := chtest.Start(t, folder, "127.0.0.1:0")
	dsn, addr := engine.DSN(), engine.Addr()
	engine.Stop()

	var kill sync.Once
	running := make(chan *chtest.Server, 1)
	const before = 60 // requests of the sync
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.Faults().Requests("") >= before {
			kill.Do(func() { (<-running).Stop() })
		}
		c.Tracker().ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	environ := within(askable(t, api.URL), dsn)
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitError, stdout+stderr, "nothing was fetched", "the fact store does not answer")
	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitError, stdout+stderr, "✗ ClickHouse http://throughline@127", "the fact store does not answer", "see that it runs")

	checked := c.Faults().Requests("")
	s := launch(t, environ, "serve")
	s.logged(`the fact store does not answer: starting without it.*store=http://throughline@127`)
	s.logged(`msg="the fact store does not answer, waiting for it"`)
	if status, _ := s.get("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("readyz without a store: %d", status)
	}
	if status, body := s.ask("/api/v1/issues"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"unavailable"`) {
		t.Errorf("issues without a store: %d %s", status, body)
	}
	if n := c.Faults().Requests("") - checked; n != 0 {
		t.Errorf("%d requests before the store was there", n)
	}
	running <- chtest.Start(t, folder, addr)
	s.logged(`msg="sync started"`)
	eventually(t, "the engine is missed", func() bool {
		return strings.Count(s.log.String(), "the fact store does not answer, waiting for it") == 2
	}, s.log)
	if status, body := s.ask("/api/v1/syncs"); status != http.StatusOK || !strings.Contains(body, string(control.Running)) {
		t.Errorf("syncs in the middle: %d %s", status, body)
	}
	chtest.Start(t, folder, addr)
	s.logged(`msg="sync ended" connection=tracker sync=1 state=done`)
	eventually(t, "readiness", func() bool { status, _ := s.get("/readyz"); return status == http.StatusOK }, s.log)
	got := s.answers()
	s.stop()

	calm := askable(t, api.URL)
	code, stdout, stderr = cli(t, calm, "sync")
	expect(t, code, exitDone, stdout+stderr, " 120 new, ")
	s = launch(t, calm, "serve")
	if d := cmp.Diff(s.answers(), got); d != "" {
		t.Errorf("answers (-undisturbed +killed):\n%.4000s", d)
	}
}
