package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// exporterEnv is a tracker-exporter's .env with these lines at its end.
func exporterEnv(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), ".env")
	text := "EXPORTER_TRACKER__TOKEN=tell-nobody\nEXPORTER_TRACKER__ORG_ID=1\nEXPORTER_CLICKHOUSE__PASSWORD='tell-nobody/either'\n" + strings.Join(lines, "\n")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// discreet fails the test when a secret shows.
func discreet(t *testing.T, said ...string) {
	t.Helper()
	for _, text := range said {
		if strings.Contains(text, "tell-nobody") {
			t.Errorf("it tells a secret:\n%s", text)
		}
	}
}

func TestImportEnv(t *testing.T) {
	environ := dataDir(t)
	dir := dirOf(environ)
	file := exporterEnv(t, "EXPORTER_CLOSED_ISSUE_STATUSES=closed,Закрыт", "EXPORTER_TRACKER__SEARCH__QUERY='Исполнитель: \"Анна\"'", "EXPORTER_STATEFUL=true")
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "state.json"), []byte(`{"tracker_etl_default": "2026-01-31 12:00:00"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, dry, stderr := cli(t, environ, "import-env", "--dry-run", file)
	expect(t, code, exitDone, dry+stderr, "\nconnection tracker: made\nposition: made\ncalendar: made\nworkflow: made\nfile store.address: written\n\nDry run: nothing was written.\n")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("a dry run made the data directory: %v", err)
	}

	code, stdout, stderr := cli(t, environ, "import-env", file)
	expect(t, code, exitDone, stdout+stderr, "goes on from 2026-01-31 12:00:00 (+03:00)", "\n  THROUGHLINE_STORE_FILE="+filepath.Join(dir, "store.address")+"\n")
	report := func(text string) string { return text[:strings.LastIndex(text, "\n\n")] }
	if report(stdout) != report(dry) {
		t.Errorf("it said\n%s\nand the dry run\n%s", stdout, dry)
	}
	if got, want := read(t, filepath.Join(dir, "store.address")), "http://default:tell-nobody%2Feither@localhost:8123/throughline\n"; got != want {
		t.Errorf("the address is %q, want %q", got, want)
	}
	if info, err := os.Stat(filepath.Join(dir, "store.address")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	before := rowsIn(t, filepath.Join(dir, "control.db"))

	code, again, stderr := cli(t, environ, "import-env", file)
	expect(t, code, exitDone, again+stderr, "connection tracker: there already, as the file says\nposition: there already, as the file says\ncalendar: there already", "file store.address: there already")
	code, _, stderr = cli(t, environ, "import-env", file, "--replace")
	expect(t, code, exitDone, stderr)
	if after := rowsIn(t, filepath.Join(dir, "control.db")); !sameRows(before, after) {
		t.Error("importing again changed something")
	}

	other := exporterEnv(t, "EXPORTER_ETL_INTERVAL_MINUTES=5", "EXPORTER_WORKDAYS=[0]", "EXPORTER_CLICKHOUSE__HOST=clickhouse", "EXPORTER_TRACKER__LANGUAGE=ru")
	for _, dry := range []string{"--dry-run=false", "--dry-run"} {
		code, stdout, refusal := cli(t, environ, "import-env", other, dry)
		expect(t, code, exitError, stdout+refusal, "nothing was written:\n  the connection tracker is there and differs in: every, language, query; give --replace",
			"\n  the calendar default is there and differs in: ", "\n  the workflow is there and differs in: ", "store.address is there and says something else; give --replace")
		discreet(t, stdout, refusal)
	}
	if after := rowsIn(t, filepath.Join(dir, "control.db")); !sameRows(before, after) {
		t.Error("a refused import changed something")
	}
	code, stdout, stderr = cli(t, environ, "import-env", other, "--name", "second", "--skip", "calendar,workflow,store")
	expect(t, code, exitDone, stdout+stderr, "connection second: made\n")
	code, stdout, stderr = cli(t, environ, "import-env", other, "--replace")
	expect(t, code, exitDone, stdout+stderr, "connection tracker: replaced\ncalendar: replaced\nworkflow: replaced\nfile store.address: written\n")
	expect(t, code, exitDone, read(t, filepath.Join(dir, "store.address")), "@clickhouse:8123/")
	discreet(t, dry, stdout, again, stderr)
	if left, _ := filepath.Glob(filepath.Join(dir, ".store*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func sameRows(a, b map[string][]string) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func TestImportEnvRefusesWhatIsDeclared(t *testing.T) {
	_, server := company(t, simulator.Options{Issues: -1})
	environ := connected(t, server.URL)
	file := exporterEnv(t)
	for range 2 { // before the first start, and after it
		code, stdout, stderr := cli(t, environ, "import-env", file, "--replace")
		expect(t, code, exitError, stdout+stderr, "the connection tracker is declared in the provisioning file and read-only here: change it there, or give --name",
			"the workflow is declared in the provisioning file and read-only here: change it there, or give --skip workflow")
		code, _, stderr = cli(t, environ, "user", "add", "--invite", "--role", "admin", "ann@example.com")
		expect(t, code, exitDone, stderr)
		s := launch(t, environ, "serve")
		s.stop()
	}
	code, stdout, stderr := cli(t, environ, "import-env", file, "--name", "old", "--skip", "workflow")
	expect(t, code, exitDone, stdout+stderr, "connection old: made\ncalendar: made\nfile")
	discreet(t, stdout, stderr)
}

func TestImportEnvBadFiles(t *testing.T) {
	environ := dataDir(t)
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := exporterEnv(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"none":         {nil, "import-env: FILE is missing: its .env file"},
		"missing":      {[]string{filepath.Join(dir, "nowhere")}, "no such file or directory"},
		"directory":    {[]string{dir}, dir + " is a directory; name the file in it"},
		"device":       {[]string{"/dev/null"}, "/dev/null is not a file"},
		"large":        {[]string{file("A=" + strings.Repeat("b", maxSettings))}, "is larger than 5 MiB: not a file of settings"},
		"skip":         {[]string{good, "--skip", "holidays"}, `--skip: "holidays" is none of calendar, workflow, store, position`},
		"two moments":  {[]string{good, "--since", "2026-01-01", "--state", good}, "--since and --state exclude each other"},
		"no position":  {[]string{good, "--since", "2026-01-01", "--skip", "position"}, "--skip position goes with neither"},
		"since":        {[]string{good, "--since", "soon"}, "--since: not a time like"},
		"state":        {[]string{good, "--state", filepath.Join(dir, "nowhere")}, "--state: there is no such file"},
		"name":         {[]string{good, "--name", "Трекер"}, "--name: a name has 1 to 40 small letters"},
		"database":     {[]string{good, "--database", "a;b"}, "--database: not a name of up to 100 letters"},
		"its database": {[]string{good, "--database", "agile"}, "our own facts cannot go into the same database"},
		"flag":         {[]string{good, "--force"}, "flag provided but not defined: -force"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := cli(t, environ, append([]string{"import-env"}, c.args...)...)
			expect(t, code, exitUsage, stdout+stderr, c.want)
			discreet(t, stdout, stderr)
		})
	}
	for name, c := range map[string]struct{ text, want string }{
		"binary":   {"\x7fELF\x00\x01", "env: not a text in UTF-8"},
		"mistakes": {"EXPORTER_TRACKER__TOKEN='tell-nobody\nEXPORTER_WORKDAYS=x\n", "line 1: the quote at the beginning of the value is never closed\n"},
		"others":   {"SENTRY_URL=x\n", "it sets no variable of tracker-exporter"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := cli(t, environ, "import-env", file(c.text))
			expect(t, code, exitUsage, stdout+stderr, "import-env: nothing was written:\n  ", c.want)
			discreet(t, stdout, stderr)
		})
	}
	if _, err := os.Stat(dirOf(environ)); !os.IsNotExist(err) {
		t.Errorf("a file that cannot be used made the data directory: %v", err)
	}
}

// eavesdropper keeps the searches that are sent to a Tracker.
type eavesdropper struct {
	http.Handler
	mu      sync.Mutex
	queries []string
}

func (e *eavesdropper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	var search struct{ Query string }
	if json.Unmarshal(body, &search) == nil && search.Query != "" {
		e.mu.Lock()
		e.queries = append(e.queries, search.Query)
		e.mu.Unlock()
	}
	e.Handler.ServeHTTP(w, r)
}

// updates are when the issues of a Tracker were updated, in order.
func updates(t *testing.T, url string) (out []time.Time) {
	t.Helper()
	res, err := http.Post(url+"/v3/issues/_search?perPage=1000", "application/json", strings.NewReader(`{"query": "\"Sort By\": Updated ASC"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var issues []struct{ UpdatedAt string }
	if err := json.NewDecoder(res.Body).Decode(&issues); err != nil {
		t.Fatal(err)
	}
	for _, issue := range issues {
		at, err := time.Parse("2006-01-02T15:04:05.000-0700", issue.UpdatedAt)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, at)
	}
	return out
}

// TestImportedPosition: a first sync into a new fact store begins where
// tracker-exporter stood, and so it does again with another fact store.
func TestImportedPosition(t *testing.T) {
	tracker := &eavesdropper{Handler: simulator.New(7, moment, simulator.Options{Issues: 200}).Tracker()}
	server := httptest.NewServer(tracker)
	t.Cleanup(server.Close)
	all := updates(t, server.URL)
	since := all[len(all)/2].Truncate(time.Second)
	const slack = 15 * time.Hour // of the query, which Tracker reads in Moscow's time
	reached := since.Add(-slack - 3*time.Hour)
	want := len(all) - slices.IndexFunc(all, func(at time.Time) bool { return !at.Before(reached) })
	if len(all) != 200 || want < 50 || want > 150 {
		t.Fatalf("%d of %d issues are updated since", want, len(all))
	}

	environ := append(dataDir(t), "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8,::1/128")
	control := filepath.Join(dirOf(environ), "control.db")
	file := exporterEnv(t, "EXPORTER_STATEFUL_INITIAL_RANGE=4000d")
	code, stdout, stderr := cli(t, environ, "import-env", file, "--since", since.Format(time.RFC3339), "--skip", "store")
	expect(t, code, exitDone, stdout+stderr, "position: made\n")
	execIn(t, control, "UPDATE connections SET settings = json_set(settings, '$.base_url', ?)", server.URL)

	read := regexp.MustCompile(`done in \S+ (\d+) read, (\d+) new`)
	sync := func(times string) {
		t.Helper()
		tracker.queries = nil
		code, stdout, stderr := cli(t, environ, "sync", "--connection", "tracker")
		expect(t, code, exitDone, stdout+stderr, times)
		if first := `Updated: >= "` + since.Add(-slack).UTC().Format(time.DateTime) + `"`; len(tracker.queries) == 0 || !strings.HasPrefix(tracker.queries[0], first) {
			t.Errorf("it asked for %q, want %s first", tracker.queries, first)
		}
		if got := read.FindStringSubmatch(stdout); got == nil || got[1] != strconv.Itoa(want) || got[2] != strconv.Itoa(want) {
			t.Errorf("want %d issues:\n%s", want, stdout)
		}
	}
	sync("tracker: done in ")
	code, stdout, stderr = cli(t, environ, "import-env", file, "--since", since.Format(time.RFC3339), "--skip", "store")
	expect(t, code, exitDone, stdout+stderr, "connection tracker: there already", "position: there already")
	lose(t, environ)
	sync("the fact store is not the one that was synced into")
}

// TestImportEnvBesideServe: a server at work takes up what is imported, and the
// audit page says where it came from.
func TestImportEnvBesideServe(t *testing.T) {
	t.Parallel() // mostly waits
	_, server := company(t, simulator.Options{Issues: 10})
	environ := append(dataDir(t), "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8,::1/128", "THROUGHLINE_ADMIN_EMAIL=ann@example.com", "THROUGHLINE_ADMIN_PASSWORD=long enough 1")
	code, stdout, stderr := cli(t, environ, "import-env", exporterEnv(t), "--skip", "store,workflow")
	expect(t, code, exitDone, stdout+stderr, "connection tracker: made\n")
	execIn(t, filepath.Join(dirOf(environ), "control.db"),
		"UPDATE connections SET settings = json_set(settings, '$.base_url', ?), next_run_at = 9999999999999", server.URL)
	s := launch(t, environ, "serve")
	code, stdout, stderr = cli(t, environ, "import-env", exporterEnv(t, "EXPORTER_TRACKER__LANGUAGE=ru"), "--skip", "store", "--replace")
	expect(t, code, exitDone, stdout+stderr, "connection tracker: replaced\n", "workflow: made\n")
	s.logged(`msg="sync ended" connection=tracker sync=1 state=done`)
	admin := s.visitor()
	if code := admin.post("/login", map[string][]string{"email": {"ann@example.com"}, "password": {"long enough 1"}}); code != 303 {
		t.Fatalf("sign-in answers %d", code)
	}
	res, err := admin.client.Get(s.url + "/settings/audit")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	page := string(text)
	expect(t, res.StatusCode, 200, page, "The program, by import-env")
	discreet(t, s.log.String(), stdout, page)
}
