package main

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/inbox"
)

// openInbox opens the inbox of a data directory that nobody uses.
func openInbox(t *testing.T, dir string) *inbox.DB {
	t.Helper()
	db, err := inbox.Open(t.Context(), filepath.Join(dir, inboxFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// fillInbox adds to the inbox entries that wait, and then as many given up.
func fillInbox(t *testing.T, dir string, waiting, failed int) {
	t.Helper()
	db := openInbox(t, dir)
	for n := range waiting + failed {
		x := savedRun(fmt.Sprint(n))
		id, _, err := db.Put(t.Context(), inbox.Entry{Connection: "ci", Kind: "save_metrics", Key: x.ids[0], Body: []byte(x.body)})
		if err == nil && n >= waiting {
			err = db.GiveUp(t.Context(), id, "no\nspace")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBackupOfInbox: it comes back whole, over another one of which nothing is
// left, also when the facts are elsewhere.
func TestBackupOfInbox(t *testing.T) {
	first := synced(t, 3)
	fillInbox(t, dirOf(first), 2, 1)
	want := contents(t, dirOf(first))
	if n := len(want["inbox"]["entries"]); n != 3 {
		t.Fatalf("%d entries", n)
	}
	for _, tt := range []struct{ name, store, says string }{
		{"facts in SQLite", "sqlite", "facts.db "},
		{"facts in ClickHouse", "clickhouse://u:tell-nobody@127.0.0.1:1/d", "Back them up after this, which holds the inbox"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environ := within(first, tt.store)
			file := filepath.Join(t.TempDir(), "b")
			code, stdout, stderr := cli(t, environ, "backup", file)
			expect(t, code, exitDone, stdout+stderr, "inbox.db ", "hooks and pushes received (schema 1)", tt.says)
			second := synced(t, 4)
			fillInbox(t, dirOf(second), 9, 0)
			plant(t, dirOf(second), map[string]string{"inbox.db-wal": "left by a killed process", "inbox.db-shm": "likewise"})
			code, stdout, stderr = cli(t, append(second, environ[len(environ)-1]), "restore", file)
			expect(t, code, exitDone, stdout+stderr, "inbox.db ", "hooks and pushes received\n")
			got := contents(t, dirOf(second))
			if d := cmp.Diff(want["inbox"], got["inbox"]); d != "" {
				t.Errorf("inbox (-backup +restored):\n%s", d)
			}
			if left, err := filepath.Glob(filepath.Join(dirOf(second), "inbox.db*")); err != nil || len(left) != 1 {
				t.Errorf("beside the inbox: %v, %v", left, err)
			}
		})
	}
}

// TestRestoreWithoutInbox: a backup of before there was an inbox leaves an empty
// one, and puts the other aside.
func TestRestoreWithoutInbox(t *testing.T) {
	environ := synced(t, 3)
	file := filepath.Join(t.TempDir(), "b")
	if code, stdout, stderr := cli(t, environ, "backup", "--with-key", file); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	entries := entriesOf(t, file)
	var m manifest
	if err := json.Unmarshal([]byte(entries[0].body), &m); err != nil {
		t.Fatal(err)
	}
	if names := names(m); !slices.Equal(names, []string{"inbox.db", "control.db", "facts.db", "secret.key"}) {
		t.Errorf("members %s", names)
	}
	m.Format, m.Members = inboxless, m.Members[1:]
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	old := archiveOf(t, append([]entry{{manifestName, tar.TypeReg, string(text)}}, entries[2:]...))
	plant(t, filepath.Dir(file), map[string]string{"old": string(old)})
	fillInbox(t, dirOf(environ), 2, 0)
	before := read(t, filepath.Join(dirOf(environ), inboxFile))
	code, stdout, stderr := cli(t, environ, "restore", filepath.Join(filepath.Dir(file), "old"))
	expect(t, code, exitDone, stdout+stderr, "  inbox.db         empty  the backup holds none: it was made before there was one\n")
	if rows := contents(t, dirOf(environ))["inbox"]; len(rows["entries"])+len(rows["bodies"]) != 0 || len(rows["goose_db_version"]) == 0 {
		t.Errorf("the inbox is not an empty one: %v", rows)
	}
	aside, err := filepath.Glob(filepath.Join(dirOf(environ), "before-restore-*", inboxFile))
	if err != nil || len(aside) != 1 || read(t, aside[0]) != before {
		t.Errorf("put aside: %v, %v", aside, err)
	}
	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "✓ inbox.db: ")
}

func names(m manifest) (all []string) {
	for _, f := range m.Members {
		all = append(all, f.Name)
	}
	return all
}

// TestBackupBeforeInbox: a data directory that only an earlier version has used is
// backed up as that version would.
func TestBackupBeforeInbox(t *testing.T) {
	environ := released(t, "schema1")
	file := filepath.Join(t.TempDir(), "b")
	code, stdout, stderr := cli(t, environ, "backup", file)
	expect(t, code, exitDone, stdout+stderr, "control.db ", "facts.db ", "No inbox is in it: there is none yet")
	code, stdout, stderr = cli(t, elsewhere(t, environ), "restore", file)
	expect(t, code, exitDone, stdout+stderr, "the backup holds none")
}

// TestBackupBesidePushes: in a backup made while runs are pushed, nothing that was
// answered before is missing, and what its inbox calls done is among its facts.
func TestBackupBesidePushes(t *testing.T) {
	t.Parallel()
	environ := pushable(t)
	s := launch(t, environ, "serve")
	p := pushTo(t, s.url)
	var mu sync.Mutex
	var kept []string
	answered := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(kept)
	}
	var next atomic.Int64
	stop := make(chan struct{})
	var pushing sync.WaitGroup
	pushing.Go(func() {
		atOnce(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				x := savedRun(fmt.Sprint(next.Add(1)))
				if status, err := p.post(x); status != http.StatusOK || err != nil {
					t.Errorf("run %s: %d, %v", x.ids, status, err)
					return
				}
				mu.Lock()
				kept = append(kept, x.ids...)
				mu.Unlock()
			}
		})
	})
	before := map[string][]string{}
	for n := range 3 {
		eventually(t, "pushes", func() bool { return len(answered()) > 300*(n+1) }, s.log)
		file := filepath.Join(t.TempDir(), "b")
		before[file] = answered()
		code, stdout, stderr := cli(t, environ, "backup", file)
		expect(t, code, exitDone, stdout+stderr)
	}
	close(stop)
	pushing.Wait()
	s.stop()
	for file, sent := range before {
		target := elsewhere(t, environ)
		code, stdout, stderr := cli(t, target, "restore", file)
		expect(t, code, exitDone, stdout+stderr)
		nothingMissing(t, target, sent)
	}
}

// nothingMissing looks for the runs in a data directory that was restored.
func nothingMissing(t *testing.T, environ, sent []string) {
	t.Helper()
	stored := fileRuns(t, environ)
	db := openInbox(t, dirOf(environ))
	all, err := db.List(t.Context(), inbox.Query{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	received := map[string]bool{}
	waiting := 0
	for _, e := range all {
		id := e.Key[strings.LastIndexByte(e.Key, '#')+1:]
		received[id] = true
		switch {
		case e.State == inbox.Waiting:
			waiting++
		case stored[id] == 0:
			t.Errorf("run %s is done in the inbox, and no fact", id)
		}
	}
	for _, id := range sent {
		if !received[id] {
			t.Errorf("run %s is not in the inbox", id)
		}
	}
	t.Logf("%d sent before, %d received, of which %d wait, %d stored", len(sent), len(all), waiting, len(stored))
}
