package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/simulator"
)

// dirOf is the data directory of an environment.
func dirOf(environ []string) string {
	return strings.TrimPrefix(environ[0], "THROUGHLINE_DATA_DIR=")
}

// rowsIn is every row of every table of a database, as text, except tables that
// are named.
func rowsIn(t *testing.T, path string, except ...string) map[string][]string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	all := map[string][]string{}
	for _, table := range column(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_stat%'") {
		if slices.Contains(except, table) {
			continue
		}
		columns := column(t, db, "SELECT 'quote(' || name || ')' FROM pragma_table_info('"+table+"') ORDER BY cid")
		all[table] = column(t, db, "SELECT "+strings.Join(columns, " || '|' || ")+` AS r FROM "`+table+`" ORDER BY r`)
	}
	return all
}

func column(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// contents is what a data directory's databases hold, without what a backup
// leaves out.
func contents(t *testing.T, dir string) map[string]map[string][]string {
	t.Helper()
	all := map[string]map[string][]string{
		"control": rowsIn(t, filepath.Join(dir, "control.db"), "sessions", "setup_token", "invites"),
		"facts":   rowsIn(t, filepath.Join(dir, "facts.db")),
	}
	if path := filepath.Join(dir, inboxFile); exists(path) { // not of an earlier version
		all["inbox"] = rowsIn(t, path)
	}
	return all
}

// synced is a data directory with issues in it, and a first user.
func synced(t *testing.T, issues int) []string {
	t.Helper()
	_, api := company(t, simulator.Options{Issues: issues})
	environ := append(connected(t, api.URL), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD=tell-nobody-of-it")
	if code, stdout, stderr := cli(t, environ, "sync"); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	return environ
}

// elsewhere is the environment with another, empty data directory.
func elsewhere(t *testing.T, environ []string) []string {
	t.Helper()
	return append(dataDir(t), environ[1:]...)
}

func TestBackupAndRestore(t *testing.T) {
	environ := synced(t, 30)
	execIn(t, filepath.Join(dirOf(environ), "control.db"), "INSERT INTO sessions VALUES ('hash-of-a-session', x'00', 9999999999999)")
	if code, _, stderr := cli(t, environ, "user", "add", "--invite", "new@example.com"); code != exitDone {
		t.Fatal(stderr)
	}
	want := contents(t, dirOf(environ))
	key, err := os.ReadFile(filepath.Join(dirOf(environ), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		flags   []string
		says    string
		withKey bool
	}{
		{nil, "Credentials in it are sealed and of no use without the secret key, which is not in it. Keep a copy of the key elsewhere: " + dirOf(environ) + "/secret.key", false},
		{[]string{"--with-key"}, "The secret key is in it: whoever has the file can open every credential", true},
		{[]string{"--seal"}, "sealed with the secret key, without which nobody can read it", false},
	} {
		t.Run("with"+strings.Join(tt.flags, ""), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "backup.tar.gz")
			code, stdout, stderr := cli(t, environ, append(append([]string{"backup"}, tt.flags...), file)...)
			expect(t, code, exitDone, stdout+stderr, tt.says, "control.db ", "facts.db ", "sessions are left out")
			info, err := os.Stat(file)
			if err != nil || info.Mode() != 0o600 {
				t.Fatalf("%v, %v", info, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if sealed := bytes.HasPrefix(whole, []byte("throughline sealed 1\n")); sealed != slices.Contains(tt.flags, "--seal") {
				t.Errorf("sealed: %v", sealed)
			}
			// Not a second time onto the same file, unless it is meant.
			code, _, stderr = cli(t, environ, append(append([]string{"backup"}, tt.flags...), file)...)
			expect(t, code, exitError, stderr, file+" exists; choose another name, or replace it with --force")
			if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, whole) {
				t.Errorf("the refused backup changed the file: %v", err)
			}
			code, stdout, stderr = cli(t, environ, append(append([]string{"backup", "--force"}, tt.flags...), file)...)
			expect(t, code, exitDone, stdout+stderr)

			target := elsewhere(t, environ)
			if slices.Contains(tt.flags, "--seal") {
				code, _, stderr := cli(t, target, "restore", file)
				expect(t, code, exitError, stderr, "it is sealed with the secret key, and there is none: put the key into "+dirOf(target)+"/secret.key", "nothing was changed")
				plant(t, dirOf(target), map[string]string{"secret.key": base64.StdEncoding.EncodeToString(make([]byte, 32))})
				code, _, stderr = cli(t, target, "restore", file)
				expect(t, code, exitError, stderr, "it is sealed with another secret key than "+dirOf(target)+"/secret.key, or it was changed or not copied completely; nothing was changed")
				plant(t, dirOf(target), map[string]string{"secret.key": string(key)})
			}
			code, stdout, stderr = cli(t, target, "restore", file)
			expect(t, code, exitDone, stdout+stderr, "restored the backup of ", "What was there before is in "+dirOf(target)+"/before-restore-", "Everybody has to sign in again")
			if d := cmp.Diff(want, contents(t, dirOf(target))); d != "" {
				t.Errorf("(-before +restored):\n%s", d)
			}
			restored := rowsIn(t, filepath.Join(dirOf(target), "control.db"))
			if n := len(restored["sessions"]) + len(restored["invites"]); n != 0 {
				t.Errorf("%d sessions and links are restored", n)
			}
			got, err := os.ReadFile(filepath.Join(dirOf(target), "secret.key"))
			if hasKey := err == nil; hasKey != (tt.withKey || slices.Contains(tt.flags, "--seal")) || hasKey && !bytes.Equal(got, key) {
				t.Errorf("key %q, %v", got, err)
			}
			paused := strings.Contains(stdout, "credentials were sealed with: tracker.\nThey will be paused until that key is put back")
			if paused == (err == nil) {
				t.Errorf("of the key it says:\n%s", stdout)
			}
			// What is restored works on.
			if err == nil {
				code, stdout, stderr := cli(t, target, "sync", "--connection", "tracker")
				expect(t, code, exitDone, stdout+stderr, "tracker: done in ", " 0 new, 0 changed, ")
			}
		})
	}
}

// execIn changes a database behind the program's back.
func execIn(t *testing.T, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), query, args...)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestBackupRefuses(t *testing.T) {
	environ := synced(t, 3)
	dir := t.TempDir()
	file := filepath.Join(dir, "b")
	for _, tt := range []struct {
		name    string
		environ []string
		args    []string
		code    int
		want    string
	}{
		{"no file", environ, []string{"backup"}, exitUsage, "backup: FILE is missing"},
		{"standard output", environ, []string{"backup", "-"}, exitUsage, "not written to standard output"},
		{"two files", environ, []string{"backup", "a", "b"}, exitUsage, `unknown argument "b"`},
		{"directory", environ, []string{"backup", "--force", dir}, exitUsage, dir + " is not a file"},
		{"no such directory", environ, []string{"backup", filepath.Join(dir, "none", "b")}, exitError, "no such file or directory"},
		{"sealed with its key", environ, []string{"backup", "--seal", "--with-key", file}, exitUsage, "--seal and --with-key exclude each other"},
		{"nothing there", dataDir(t), []string{"backup", file}, exitError, "control.db is not there: is THROUGHLINE_DATA_DIR right"},
		{"no key", dataDir(t), []string{"backup", "--seal", file}, exitError, "there is no secret key in "},
		{"wrong configuration", []string{"THROUGHLINE_ADRR=1"}, []string{"backup", file}, exitUsage, "THROUGHLINE_ADRR: unknown variable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, _, stderr := cli(t, tt.environ, tt.args...)
			expect(t, code, tt.code, stderr, tt.want)
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
		})
	}
	plant(t, dirOf(environ), map[string]string{"restore.ready/restore.json": "{}"})
	code, _, stderr := cli(t, environ, "backup", file)
	expect(t, code, exitError, stderr, "was cut off; start the server, which finishes it")
}

// TestBackupOfNewerSchema: what this version does not know it does not copy.
func TestBackupOfNewerSchema(t *testing.T) {
	environ := synced(t, 3)
	execIn(t, filepath.Join(dirOf(environ), "facts.db"), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	code, _, stderr := cli(t, environ, "backup", filepath.Join(t.TempDir(), "b"))
	expect(t, code, exitError, stderr, "was written by a newer version of Throughline (its schema is 999")
}

// TestBackupBesideSync: a backup made while a sync writes holds no cursor that
// is newer than its facts, and from it a sync ends with the same facts.
func TestBackupBesideSync(t *testing.T) {
	t.Parallel() // mostly waits
	c, api := company(t, simulator.Options{Issues: 300})
	environ := connected(t, api.URL)
	s := launch(t, environ, "serve")
	dir := t.TempDir()
	var files []string
	for i, requests := range []int{230} {
		eventually(t, "a part of the sync", func() bool {
			return c.Faults().Requests("") >= requests || strings.Contains(s.log.String(), "sync ended")
		}, s.log)
		file := filepath.Join(dir, fmt.Sprint(i))
		code, stdout, stderr := cli(t, environ, "backup", file)
		expect(t, code, exitDone, stdout+stderr)
		files = append(files, file)
	}
	s.logged(`msg="sync ended" connection=tracker sync=1 state=done`)
	s.stop()
	want := readFacts(t, environ)
	for _, file := range files {
		target := elsewhere(t, environ)
		plant(t, dirOf(target), map[string]string{"secret.key": read(t, filepath.Join(dirOf(environ), "secret.key"))})
		code, stdout, stderr := cli(t, target, "restore", file)
		expect(t, code, exitDone, stdout+stderr)
		read := contents(t, dirOf(target))
		if n := len(read["facts"]["issues"]); n == 0 || n == 300 {
			t.Logf("%d issues are in the backup: not made in the middle", n)
		}
		code, stdout, stderr = cli(t, target, "sync", "--connection", "tracker")
		expect(t, code, exitDone, stdout+stderr, "tracker: done in ")
		if d := cmp.Diff(want, readFacts(t, target)); d != "" {
			t.Errorf("facts (-undisturbed +restored):\n%s", d)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBackupStopped(t *testing.T) {
	environ := synced(t, 3)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log bytes.Buffer
	code := run(ctx, []string{"throughline", "backup", filepath.Join(dir, "b")}, environ, strings.NewReader(""), &out, &log)
	expect(t, code, exitError, log.String())
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
