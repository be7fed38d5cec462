package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/sqlitestore"
)

// withClickHouse adds a variable TARGET that names an empty database.
func withClickHouse(t *testing.T, environ []string) []string {
	t.Helper()
	return append(environ, "TARGET="+chtest.Open(t))
}

// clickHouseOf is the store that TARGET names.
func clickHouseOf(t *testing.T, environ []string) *clickhousestore.Store {
	t.Helper()
	target, _ := lookupEnv(environ, "TARGET")
	address, err := clickhousestore.ParseAddress(target)
	if err != nil {
		t.Fatal(err)
	}
	s, err := clickhousestore.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// writeFacts writes into facts.db behind the program's back.
func writeFacts(t *testing.T, path string, batches ...delivery.Batch) {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if _, err := s.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestStoreCopy: there and back, every answer is the one that was given before.
func TestStoreCopy(t *testing.T) {
	environ := withClickHouse(t, released(t, "schema1"))
	launch(t, environ, "serve").stop()
	writeFacts(t, filepath.Join(dirOf(environ), "facts.db"), delivery.Batch{Connection: "tracker", Issues: []delivery.IssueRecord{{
		Issue:   delivery.Issue{Connection: "tracker", ID: "long gone", Key: "NEW-1", Queue: "NEW", CreatedAt: delivery.InstantOf(moment)},
		Replace: true, Gone: true, Former: []string{"OLD-1"},
	}}})
	want := readFacts(t, environ)
	code, stdout, stderr := cli(t, environ, "store", "copy", "sqlite", "env:TARGET")
	expect(t, code, exitDone, stdout+stderr, "copying "+dirOf(environ)+"/facts.db to http://throughline@127.0.0.1:", "Both hold the same. With THROUGHLINE_STORE naming http://",
		"connections", "of them gone", "checksum of flow")
	if strings.Contains(stdout+stderr, "ss:w") || strings.Contains(stdout+stderr, "p%40") || strings.Contains(stdout, "differs") {
		t.Errorf("it said:\n%s%s", stdout, stderr)
	}
	if d := cmp.Diff(want, factsOf(t, clickHouseOf(t, environ))); d != "" {
		t.Errorf("facts (-SQLite +ClickHouse):\n%s", d)
	}
	code, stdout, stderr = cli(t, environ, "store", "copy", "sqlite", "env:TARGET")
	expect(t, code, exitDone, stdout+stderr, " before; they are compared\n", "Both hold the same.\n")

	lose(t, environ)
	code, stdout, stderr = cli(t, environ, "store", "copy", "env:TARGET", "sqlite")
	expect(t, code, exitDone, stdout+stderr, "Both hold the same. With THROUGHLINE_STORE=sqlite the server")
	elsewhere := filepath.Join(t.TempDir(), "copied.db")
	code, stdout, stderr = cli(t, environ, "store", "copy", "env:TARGET", "sqlite:"+elsewhere)
	expect(t, code, exitDone, stdout+stderr, "With "+elsewhere+" as facts.db of the data directory and THROUGHLINE_STORE=sqlite the server")
	if d := cmp.Diff(want, readFacts(t, environ)); d != "" {
		t.Errorf("facts (-SQLite +SQLite again):\n%s", d)
	}
	s := launch(t, environ, "serve")
	sameAnswers(t, s, "schema1")
	s.stop()
	if strings.Contains(s.log.String(), "everything is fetched again") {
		t.Errorf("the copy is not taken for what it is:\n%s", s.log)
	}

	// They differ once one of them goes on.
	writeFacts(t, filepath.Join(dirOf(environ), "facts.db"), delivery.Batch{Connection: "tracker", Gone: []string{want.Issues[0].ID}})
	code, stdout, stderr = cli(t, environ, "store", "copy", "sqlite", "env:TARGET")
	expect(t, code, exitError, stdout+stderr, "of them gone                 2                 1  differs", "one of them has changed since it was copied")
}

func TestStoreCopyRefuses(t *testing.T) {
	environ := synced(t, 3)
	dir := t.TempDir()
	file := func(name, text string) string {
		plant(t, dir, map[string]string{name: text})
		return "file:" + filepath.Join(dir, name)
	}
	other := "sqlite:" + filepath.Join(dir, "other.db")
	writeFacts(t, filepath.Join(dir, "other.db"), delivery.Batch{Connection: "tracker", Issues: []delivery.IssueRecord{{Issue: delivery.Issue{ID: "1", Key: "A-1"}}}})
	environ = append(environ, "EMPTY=", "WRONG=clickhouse//u:secret@h/d", "HALF=clickhouse://u:secret@h", "SAME=http://u:secret@h/d")
	for _, tt := range []struct {
		name     string
		from, to string
		code     int
		want     string
	}{
		{"no store", "mysql://u:secret@h/d", "sqlite", exitUsage, "FROM: not a store: it is sqlite (facts.db"},
		{"nothing", "sqlite", "", exitUsage, "TO: not a store"},
		{"no file", "sqlite", "sqlite:", exitUsage, "TO: sqlite: names no file"},
		{"variable not set", "sqlite", "env:NONE", exitUsage, "TO: the variable NONE is not set"},
		{"variable empty", "sqlite", "env:EMPTY", exitUsage, "TO: the variable EMPTY is not set"},
		{"variable wrong", "sqlite", "env:WRONG", exitUsage, "TO: the variable WRONG: not a store"},
		{"variable without database", "sqlite", "env:HALF", exitUsage, "TO: the variable HALF: names no database"},
		{"no such file", "file:" + dir + "/none", "sqlite", exitUsage, "FROM: open " + dir + "/none: no such file"},
		{"file with nonsense", file("x", "secret\n"), "sqlite", exitUsage, dir + "/x: not a store"},
		{"file too large", file("y", strings.Repeat("secret", 20_000)), "sqlite", exitUsage, dir + "/y is larger than 65536 bytes"},
		{"file that names a file", file("z", file("x", "secret")), "sqlite", exitUsage, dir + "/z: not a store"},
		{"the same file", "sqlite", "sqlite:" + dirOf(environ) + "/../data/facts.db", exitUsage, "FROM and TO are the same store: " + dirOf(environ)},
		{"the same database", "http://another:secret@h:8123/d", "env:SAME", exitUsage, "FROM and TO are the same store: http://another@h:8123/d"},
		{"nothing to read", "sqlite:" + dir + "/missing.db", "sqlite", exitError, dir + "/missing.db is not there"},
		{"target in use", "sqlite", other, exitError, "TO: it holds facts already that are not the beginning of this copy: name a database or a file that is empty"},
		{"no answer", "sqlite", "http://u:secret@127.0.0.1:1/d", exitError, "TO: the fact store does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := cli(t, environ, "store", "copy", tt.from, tt.to)
			expect(t, code, tt.code, stdout+stderr, tt.want)
			if strings.Contains(stdout+stderr, "secret") {
				t.Errorf("it tells a secret: %s%s", stdout, stderr)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "missing.db")); err == nil {
		t.Error("a file was made to be read")
	}
	code, _, stderr := cli(t, environ, "store", "copy", "sqlite")
	expect(t, code, exitUsage, stderr, "store copy: TO is missing: the store to fill")
	code, _, stderr = cli(t, elsewhere(t, environ), "store", "copy", "sqlite", other)
	expect(t, code, exitError, stderr, "there is no database in it yet")
}

// TestStoreCopyBesideServe: nobody may write meanwhile, to either.
func TestStoreCopyBesideServe(t *testing.T) {
	environ, served := synced(t, 3), synced(t, 3)
	s := launch(t, served, "serve")
	file := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	inUse := fmt.Sprintf("the data directory %s is in use by another throughline, process %d; stop it first", dirOf(served), os.Getpid())
	code, _, stderr := cli(t, served, "store", "copy", "sqlite", file)
	expect(t, code, exitError, stderr, inUse)
	code, _, stderr = cli(t, environ, "store", "copy", "sqlite:"+filepath.Join(dirOf(served), "facts.db"), file)
	expect(t, code, exitError, stderr, inUse)
	s.stop()
	code, stdout, stderr := cli(t, environ, "store", "copy", "sqlite:"+filepath.Join(dirOf(served), "facts.db"), file)
	expect(t, code, exitDone, stdout+stderr, "Both hold the same.")
}

// killedIssues make several pages.
const killedIssues = 9000

// TestKilledCopy: however often a copy is killed, it goes on and ends with the
// whole.
func TestKilledCopy(t *testing.T) {
	t.Parallel() // mostly waits
	binary := filepath.Join(t.TempDir(), "throughline")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	environ := withClickHouse(t, dataDir(t))
	if code, stdout, stderr := cli(t, environ, "sync"); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	var batches []delivery.Batch
	for n := range killedIssues {
		if n%1000 == 0 {
			batches = append(batches, delivery.Batch{Connection: "tracker"})
		}
		at := delivery.InstantOf(moment) - delivery.Instant(n*1000)
		rec := delivery.IssueRecord{Issue: delivery.Issue{
			Connection: "tracker", ID: fmt.Sprint(n), Key: fmt.Sprintf("DEV-%d", n), Queue: "DEV", CreatedAt: at, Status: delivery.Ref{Key: "open"},
		}, Gone: n%10 == 3}
		b := &batches[len(batches)-1]
		b.Issues = append(b.Issues, rec)
	}
	writeFacts(t, filepath.Join(dirOf(environ), "facts.db"), batches...)

	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	back := filepath.Join(t.TempDir(), "back.db")
	target, _ := lookupEnv(environ, "TARGET")
	for _, tt := range []struct{ from, to, driver, dsn string }{
		{"sqlite", "env:TARGET", "clickhouse", target},
		{"env:TARGET", "sqlite:" + back, "sqlite", "file:" + back + "?mode=ro"},
	} {
		db, err := sql.Open(tt.driver, tt.dsn)
		if err != nil {
			t.Fatal(err)
		}
		kills := 0
		for kills < 6 && killCopy(t, binary, environ, tt.from, tt.to, db, rowsOf(db)+dice.IntN(2500)) {
			kills++
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		code, stdout, stderr := cli(t, environ, "store", "copy", tt.from, tt.to)
		expect(t, code, exitDone, stdout+stderr, "Both hold the same.")
		if kills == 0 {
			t.Errorf("%s: it was over before it could be killed", tt.to)
		}
		t.Logf("%s: %d kills; in the end it said:\n%s", tt.to, kills, stdout)
	}
	first, last := rowsIn(t, filepath.Join(dirOf(environ), "facts.db")), rowsIn(t, back)
	if n := len(last["issues"]); n != killedIssues {
		t.Errorf("%d issues", n)
	}
	for _, table := range []string{"identity", "aliases"} {
		if d := cmp.Diff(first[table], last[table]); d != "" {
			t.Errorf("%s (-first +last):\n%s", table, d)
		}
	}
}

// rowsOf is how many issues a database holds that somebody else may be making.
func rowsOf(db *sql.DB) (n int) {
	_ = db.QueryRow("SELECT count(*) FROM issues").Scan(&n) // 0 until there is the table
	return n
}

// killCopy starts a copy and kills it once so many issues are there; it reports
// whether it was under way then.
func killCopy(t *testing.T, binary string, environ []string, from, to string, target *sql.DB, issues int) bool {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	log := &screen{}
	cmd := exec.CommandContext(ctx, binary, "store", "copy", from, to) // killed by SIGKILL
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := false
	eventually(t, "issues", func() bool {
		select {
		case err := <-ended:
			ended <- err
			over = true
		default:
		}
		return over || rowsOf(target) >= issues
	}, log)
	kill()
	if err := <-ended; over && err != nil {
		t.Fatalf("the copy failed by itself: %v\n%s", err, log)
	}
	return !over
}
