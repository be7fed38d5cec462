package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// entry is a file in an archive under test.
type entry struct {
	name string
	kind byte
	body string
}

// entriesOf are the files of a backup.
func entriesOf(t *testing.T, file string) (all []entry) {
	t.Helper()
	zip, err := gzip.NewReader(strings.NewReader(read(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	in := tar.NewReader(zip)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{header.Name, header.Typeflag, string(body)})
	}
}

func archiveOf(t *testing.T, all []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	out := tar.NewWriter(zip)
	for _, e := range all {
		header := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.body)), Mode: 0o600}
		if e.kind == tar.TypeSymlink {
			header.Linkname, header.Size, e.body = e.body, 0, ""
		}
		_, err := 0, out.WriteHeader(header)
		if err == nil {
			_, err = out.Write([]byte(e.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRestoreRefuses: of what is not a backup, or not all of one, nothing
// reaches the data directory.
func TestRestoreRefuses(t *testing.T) {
	environ := synced(t, 5)
	dir := t.TempDir()
	good, sealed := filepath.Join(dir, "good"), filepath.Join(dir, "sealed")
	for _, args := range [][]string{{"backup", good}, {"backup", "--seal", sealed}} {
		if code, stdout, stderr := cli(t, environ, args...); code != exitDone {
			t.Fatal(stdout, stderr)
		}
	}
	whole, wholeSealed := []byte(read(t, good)), []byte(read(t, sealed))
	entries := entriesOf(t, good)
	edited := func(change func(m *manifest)) []byte {
		var m manifest
		if err := json.Unmarshal([]byte(entries[0].body), &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return archiveOf(t, append([]entry{{manifestName, tar.TypeReg, string(text)}}, entries[1:]...))
	}
	control := entries[2].body
	// put is the backup with another file where control.db belongs.
	put := func(e entry) []byte { return archiveOf(t, []entry{entries[0], entries[1], e, entries[3]}) }
	flipped := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[i] ^= 1
		return b
	}
	for _, tt := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no backup made by throughline"},
		{"text", []byte("no backup at all"), "no backup made by throughline"},
		{"cut", whole[:len(whole)/2], "no backup made by throughline"},
		{"without its end", whole[:len(whole)-4], "no backup made by throughline"},
		{"changed", flipped(whole, len(whole)/2), "no backup made by throughline"},
		{"sealed, cut", wholeSealed[:len(wholeSealed)-5], "it is sealed with another secret key than "},
		{"sealed, without its beginning", wholeSealed[:30], "its end is missing"},
		{"sealed, changed", flipped(wholeSealed, len(wholeSealed)/2), "it is sealed with another secret key than "},
		{"no manifest", archiveOf(t, entries[1:]), `it holds "inbox.db" where manifest.json belongs`},
		{"manifest is a list", archiveOf(t, []entry{{manifestName, tar.TypeReg, "[]"}}), "no backup made by throughline"},
		{"large manifest", archiveOf(t, []entry{{manifestName, tar.TypeReg, strings.Repeat(" ", maxManifest+1)}}), "no backup made by throughline"},
		{"missing database", archiveOf(t, entries[:3]), "no backup made by throughline"},
		{"more than listed", archiveOf(t, append(bytesOf(entries), entry{"more", tar.TypeReg, "x"})), "it holds more than it lists"},
		{"other order", archiveOf(t, []entry{entries[0], entries[1], entries[3], entries[2]}), `it holds "facts.db" where control.db belongs`},
		{"path", put(entry{"../control.db", tar.TypeReg, control}), `it holds "../control.db" where control.db belongs`},
		{"link", put(entry{"control.db", tar.TypeSymlink, "/etc/passwd"}), "control.db in it is a link or something else that is no plain file"},
		{"longer", put(entry{"control.db", tar.TypeReg, control + "x"}), "control.db in it has " + fmt.Sprint(len(control)+1) + " bytes, where at most " + fmt.Sprint(len(control)) + " belong"},
		{"shorter", put(entry{"control.db", tar.TypeReg, control[1:]}), "control.db is not what the backup says it is"},
		{"other bytes", put(entry{"control.db", tar.TypeReg, string(flipped([]byte(control), 5000))}), "control.db is not what the backup says it is"},
		{"newer format", edited(func(m *manifest) { m.Format, m.Program = 3, "v9" }), `the backup has format 3, this version reads up to 2: restore it with the version that made it, "v9"`},
		{"no format", edited(func(m *manifest) { m.Format = 0 }), "the backup has format 0"},
		{"inbox in a format without", edited(func(m *manifest) { m.Format = inboxless }), `list of contents is wrong at "inbox.db"`},
		{"no inbox", edited(func(m *manifest) { m.Members = m.Members[1:] }), `list of contents is wrong at "control.db"`},
		{"path in the manifest", edited(func(m *manifest) { m.Members[2].Name = "../facts.db" }), `list of contents is wrong at "../facts.db"`},
		{"unknown member", edited(func(m *manifest) { m.Members = append(m.Members, member{Name: "x", SHA256: m.Members[0].SHA256}) }), `list of contents is wrong at "x"`},
		{"member twice", edited(func(m *manifest) { m.Members = append(m.Members, m.Members[2]) }), `list of contents is wrong at "facts.db"`},
		{"lacking in the manifest", edited(func(m *manifest) { m.Members = m.Members[:2] }), "the backup lacks facts.db"},
		{"facts in two places", edited(func(m *manifest) { m.Facts = inClickHouse }), `list of contents is wrong at "facts.db"`},
		{"facts elsewhere", edited(func(m *manifest) { m.Facts = "postgres" }), `facts that are in "postgres"`},
		{"negative size", edited(func(m *manifest) { m.Members[1].Size = -1 }), `list of contents is wrong at "control.db"`},
		{"more than the disk holds", edited(func(m *manifest) { m.Members[2].Size = 1 << 49 }), "it needs 563 TB of disk in "},
		{"bytes after its end", append(bytes.Clone(whole), "more"...), "something follows its end"},
		{"another backup after its end", append(bytes.Clone(whole), whole...), "something follows its end"},
		{"another schema in the manifest", edited(func(m *manifest) { m.Members[2].Schema++ }), "facts.db has not the tables that belong there"},
		{"no tables", noTables(t, entries), "control.db has not the tables that belong there: its schema is 0, and the backup says 1"},
		{"no database", noDatabase(t, entries), "control.db is damaged"},
		{"newer schema", newerSchema(t, good, entries), "was written by a newer version of Throughline (its schema is 999"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "b")
			if err := os.WriteFile(file, tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
			before := tree(t, dirOf(environ))
			code, stdout, stderr := cli(t, environ, "restore", file)
			expect(t, code, exitError, stderr, "throughline: restore: "+file+": ", tt.want, "; nothing was changed")
			if stdout != "" {
				t.Errorf("it said:\n%s", stdout)
			}
			if d := cmp.Diff(before, tree(t, dirOf(environ))); d != "" {
				t.Errorf("the data directory changed:\n%s", d)
			}
		})
	}
	code, _, stderr := cli(t, environ, "restore", filepath.Join(dir, "none"))
	expect(t, code, exitError, stderr, "no such file or directory")
}

func bytesOf(all []entry) []entry { return append([]entry(nil), all...) }

// repacked is a backup whose control.db is another file, and whose manifest
// knows that.
func repacked(t *testing.T, entries []entry, dir string) []byte {
	t.Helper()
	var m manifest
	if err := json.Unmarshal([]byte(entries[0].body), &m); err != nil {
		t.Fatal(err)
	}
	plant(t, dir, map[string]string{"inbox.db": entries[1].body, "facts.db": entries[3].body})
	for i := range m.Members {
		f, err := describe(t.Context(), dir, m.Members[i].Name, 1)
		if err != nil {
			t.Fatal(err)
		}
		m.Members[i] = f
	}
	var b bytes.Buffer
	if err := pack(t.Context(), &b, m, dir); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func noDatabase(t *testing.T, entries []entry) []byte {
	t.Helper()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"control.db": strings.Repeat("no database ", 1000)})
	return repacked(t, entries, dir)
}

func noTables(t *testing.T, entries []entry) []byte {
	t.Helper()
	dir := t.TempDir()
	execIn(t, filepath.Join(dir, "control.db"), "CREATE TABLE other (n INTEGER)")
	return repacked(t, entries, dir)
}

func newerSchema(t *testing.T, _ string, entries []entry) []byte {
	t.Helper()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"control.db": entries[2].body})
	execIn(t, filepath.Join(dir, "control.db"), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	return repacked(t, entries, dir)
}

// TestRestoreOver: what was there is put aside, with what SQLite had beside it,
// and a second restore brings it back.
func TestRestoreOver(t *testing.T) {
	first, second := synced(t, 5), synced(t, 9)
	file := filepath.Join(t.TempDir(), "b")
	if code, stdout, stderr := cli(t, first, "backup", "--with-key", file); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	want := contents(t, dirOf(first))
	plant(t, dirOf(second), map[string]string{"facts.db-wal": "left by a killed process", "facts.db-shm": "likewise", "restore.staging/half": "of a killed restore"})
	before := tree(t, dirOf(second))
	code, stdout, stderr := cli(t, second, "restore", file)
	expect(t, code, exitDone, stdout+stderr)
	if d := cmp.Diff(want, contents(t, dirOf(second))); d != "" {
		t.Errorf("(-backup +restored):\n%s", d)
	}
	aside, err := filepath.Glob(filepath.Join(dirOf(second), "before-restore-*"))
	if err != nil || len(aside) != 1 {
		t.Fatal(aside, err)
	}
	delete(before, "restore.staging/half")
	delete(before, "throughline.lock")
	if d := cmp.Diff(before, tree(t, aside[0])); d != "" {
		t.Errorf("put aside (-want +got):\n%s", d)
	}
	// A key in the environment counts, whatever the backup holds.
	code, stdout, stderr = cli(t, append(second, "THROUGHLINE_SECRET_KEY="+strings.Repeat("A", 43)+"="), "restore", file)
	expect(t, code, exitDone, stdout+stderr, "THROUGHLINE_SECRET_KEY is set and counts", "credentials were sealed with: tracker.")
	if d := cmp.Diff(want, contents(t, dirOf(second))); d != "" {
		t.Errorf("restored again:\n%s", d)
	}
}

// buildProgram is the program as it is released.
func buildProgram(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "throughline")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// TestKilledRestore: a restore that is killed has happened wholly or not at all,
// as soon as the data directory is opened again.
func TestKilledRestore(t *testing.T) {
	binary := buildProgram(t)
	old, other := synced(t, 20), synced(t, 30)
	file := filepath.Join(t.TempDir(), "b")
	if code, stdout, stderr := cli(t, other, "backup", "--with-key", file); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	oldFacts, newFacts := readFacts(t, old), readFacts(t, other)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	whole := map[bool]int{}
	start := time.Now()
	runRestore(t, context.Background(), binary, elsewhere(t, old), file)
	took := time.Since(start)
	for range 25 {
		environ := elsewhere(t, old)
		if err := os.CopyFS(dirOf(environ), os.DirFS(dirOf(old))); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dirOf(environ), "secret.key"), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(dice.Int64N(int64(took)*5/4)))
		runRestore(t, ctx, binary, environ, file)
		cancel()
		// Opens it; without the file that declares it the connection is not due.
		code, stdout, stderr := cli(t, append(environ, "THROUGHLINE_PROVISION="), "sync")
		expect(t, code, exitDone, stdout+stderr, "nothing is due")
		got := readFacts(t, environ)
		restored := reflect.DeepEqual(newFacts, got)
		if !restored && !reflect.DeepEqual(oldFacts, got) {
			t.Fatalf("%d issues, neither what was there nor what was restored", len(got.Issues))
		}
		whole[restored]++
		if names, err := filepath.Glob(filepath.Join(dirOf(environ), "restore.*")); err != nil || names != nil {
			t.Errorf("left behind: %v, %v", names, err)
		}
	}
	t.Logf("restored %d times, not %d times", whole[true], whole[false])
}

// runRestore restores until ctx ends, which kills it.
func runRestore(t *testing.T, ctx context.Context, binary string, environ []string, file string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, "restore", file)
	cmd.Env = append(os.Environ(), environ...)
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestBesideServe: beside a running server some commands refuse and name its
// process, the others work.
func TestBesideServe(t *testing.T) {
	environ := synced(t, 3)
	file := filepath.Join(t.TempDir(), "b")
	if code, stdout, stderr := cli(t, environ, "backup", file); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	s := launch(t, environ, "serve")
	environ = append(environ, "THROUGHLINE_ADDR="+strings.TrimPrefix(s.url, "http://"))
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"serve"}, exitError},
		{[]string{"sync"}, exitError},
		{[]string{"restore", file}, exitError},
		{[]string{"backup", file + "2"}, exitDone},
		{[]string{"check"}, exitDone},
		{[]string{"user", "list"}, exitDone},
		{[]string{"healthcheck"}, exitDone},
		{[]string{"version"}, exitDone},
	} {
		code, stdout, stderr := cli(t, environ, tt.args...)
		if refused := fmt.Sprintf("in use by another throughline, process %d; stop it first", os.Getpid()); strings.Contains(stderr, refused) != (tt.code == exitError) {
			t.Errorf("%v: %s", tt.args, stderr)
		}
		expect(t, code, tt.code, stdout+stderr)
	}
}
