package chtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMissing is what a test says that finds no engine.
func TestMissing(t *testing.T) {
	bare := t.TempDir()
	if err := os.WriteFile(filepath.Join(bare, "go.mod"), []byte("module bare\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ lib, want string }{
		"not where it is said to be": {filepath.Join(bare, "libchdb.so"), "libchdb.so: no such file"},
		"nowhere":                    {"", "run .ci/chdb once"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := program(); err != nil { // built where the module is
				t.Fatal(err)
			}
			t.Chdir(bare)
			t.Setenv("CHDB_LIB", c.lib)
			p, err := start("", "127.0.0.1:0")
			if err == nil {
				p.kill()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// TestOrphan closes what an engine has of the process that started it, as the
// end of that process does.
func TestOrphan(t *testing.T) {
	if _, err := program(); err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	p, err := start("", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	execute(t, p.dsn("default"), "CREATE DATABASE rows")
	if err := p.alive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Wait(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range left {
		t.Errorf("%s is left", file.Name())
	}
}
