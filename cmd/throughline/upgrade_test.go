package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/secret"
)

const upgradeToken = "token-of-the-upgrade-fixture-0123456789"

// released is the environment of a data directory that an earlier version left.
func released(t *testing.T, schema string) []string {
	t.Helper()
	from := filepath.Join("testdata", "upgrade", schema)
	environ := dataDir(t)
	file := filepath.Join(t.TempDir(), "provision.yaml")
	plant(t, filepath.Dir(file), map[string]string{"provision.yaml": "tokens:\n  - {name: scripts, scopes: [read], token: " + upgradeToken + "}\n"})
	plant(t, dirOf(environ), map[string]string{"secret.key": read(t, filepath.Join(from, "key.txt"))})
	for _, name := range []string{"control", "facts"} {
		execIn(t, filepath.Join(dirOf(environ), name+".db"), read(t, filepath.Join(from, name+".sql")))
	}
	return append(environ, "THROUGHLINE_PROVISION="+file)
}

// renamedTables are those of earlier schemas that are called otherwise now.
var renamedTables = map[string]string{"workflow": "workflow_versions"}

// TestUpgrade: what an earlier version stored is all there, and gives the same
// numbers.
func TestUpgrade(t *testing.T) {
	for _, schema := range []string{"schema1"} {
		t.Run(schema, func(t *testing.T) {
			environ := released(t, schema)
			before := contents(t, dirOf(environ))
			code, stdout, stderr := cli(t, append(environ, "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8"), "check")
			expect(t, code, exitError, stdout+stderr, "✓ control.db: ", "✓ facts.db: ", "opens the credentials of 1 connection", "✗ connection tracker: ")
			if d := cmp.Diff(before, contents(t, dirOf(environ))); d != "" {
				t.Errorf("check changed:\n%s", d)
			}
			s := launch(t, environ, "serve")
			sameAnswers(t, s, schema)
			s.stop()
			after := contents(t, dirOf(environ))
			for name, tables := range before {
				for table, rows := range tables {
					if table == "goose_db_version" || table == "sqlite_sequence" {
						continue
					}
					if to, ok := renamedTables[table]; ok {
						table = to
					}
					if got := len(after[name][table]); got < len(rows) {
						t.Errorf("%s: %s has %d rows, and had %d", name, table, got, len(rows))
					}
				}
			}
			stillKnown(t, environ)
		})
	}
}

// sameAnswers asks for what was asked for then. Answers may have grown.
func sameAnswers(t *testing.T, s *site, schema string) {
	t.Helper()
	var answers map[string]any
	if err := json.Unmarshal([]byte(read(t, filepath.Join("testdata", "upgrade", schema, "answers.json"))), &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) < 10 {
		t.Fatalf("%d answers", len(answers))
	}
	for _, path := range slices.Sorted(maps.Keys(answers)) {
		req, err := http.NewRequest(http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+upgradeToken)
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s, %v", path, res.Status, body, err)
			continue
		}
		var got any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if d := lost("$", answers[path], got); d != "" {
			t.Errorf("%s: %s", path, d)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

// lost says what of want is not in got, which may hold more.
func lost(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v", path, got)
		}
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if d := lost(path+"."+k, want[k], have[k]); d != "" {
				return d
			}
		}
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) {
			return fmt.Sprintf("%s has %d items, and had %d", path, len(have), len(want))
		}
		for i := range want {
			if d := lost(fmt.Sprintf("%s[%d]", path, i), want[i], have[i]); d != "" {
				return d
			}
		}
	default:
		if !cmp.Equal(want, got) {
			return fmt.Sprintf("%s is %v, and was %v", path, got, want)
		}
	}
	return ""
}

// stillKnown looks at what the control database of schema 1 was given.
func stillKnown(t *testing.T, environ []string) {
	t.Helper()
	key, err := secret.LoadKey(filepath.Join(dirOf(environ), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	db, err := control.Open(t.Context(), filepath.Join(dirOf(environ), "control.db"), box)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if u, err := db.Authenticate(t.Context(), "lead@example.com", "a password of long ago"); err != nil || u.Role != control.Admin {
		t.Errorf("user %+v, %v", u, err)
	}
	c, err := db.Connection(t.Context(), "tracker")
	if err != nil {
		t.Fatal(err)
	}
	settings, secrets, err := db.Config(t.Context(), c)
	if err != nil || secrets["token"] != "y0_sealed-token" || string(settings["initial_range"]) != `"200w"` {
		t.Errorf("settings %s, %d secrets, %v", settings, len(secrets), err)
	}
	if cursor, err := db.Cursor(t.Context(), c.ID); err != nil || len(cursor) < 10 {
		t.Errorf("cursor %s, %v", cursor, err)
	}
	calendars, err := db.Calendars(t.Context())
	if err != nil || len(calendars) != 2 || calendars[1].From.String() != "2025-07-01" || calendars[1].Hours[0] != "10:00-19:00" {
		t.Errorf("calendars %+v, %v", calendars, err)
	}
	syncs, err := db.Syncs(t.Context(), control.SyncQuery{Limit: 10})
	if err != nil || len(syncs) != 1 || syncs[0].State != control.Done || syncs[0].Written.Inserted != 50 {
		t.Errorf("syncs %+v, %v", syncs, err)
	}
}

// TestDowngrade: a version that is older than the databases leaves them as they
// are.
func TestDowngrade(t *testing.T) {
	for _, name := range []string{"control.db", "facts.db"} {
		t.Run(name, func(t *testing.T) {
			environ := released(t, "schema1")
			path := filepath.Join(dirOf(environ), name)
			execIn(t, path, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
			before := read(t, path)
			for _, command := range []string{"serve", "sync"} {
				code, _, stderr := cli(t, environ, command)
				expect(t, code, exitError, stderr, path+" was written by a newer version of Throughline (its schema is 999, this version knows up to ",
					"run that version again, or restore a backup that was made before the upgrade")
			}
			if read(t, path) != before {
				t.Error("the file changed")
			}
			if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
				t.Errorf("it was opened for writing: %v", err)
			}
		})
	}
}
