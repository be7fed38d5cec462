package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree is what a directory holds, by path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all[rel] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSwapCutOff: wherever a restore that is ready is cut off, the next one
// carries it to the same end.
func TestSwapCutOff(t *testing.T) {
	plan, err := json.Marshal(swapPlan{Aside: "before-restore-1", Files: []string{"control.db", "facts.db", "secret.key"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"control.db": "new c", "facts.db": "new f", "secret.key": "new k", "other": "stays",
		"before-restore-1/control.db": "old c", "before-restore-1/control.db-wal": "old cw", "before-restore-1/control.db-shm": "old cs",
		"before-restore-1/facts.db": "old f", "before-restore-1/facts.db-wal": "old fw",
	}
	errCut := errors.New("cut off")
	for renames := 0; ; renames++ {
		dir := t.TempDir()
		plant(t, dir, map[string]string{
			"control.db": "old c", "control.db-wal": "old cw", "control.db-shm": "old cs", "facts.db": "old f", "facts.db-wal": "old fw", "other": "stays",
			"restore.ready/control.db": "new c", "restore.ready/facts.db": "new f", "restore.ready/secret.key": "new k",
			"restore.ready/restore.json": string(plan), "restore.staging/control.db": "half of another",
		})
		left := renames
		cut := swap{dir, func(from, to string) error {
			if left--; left < 0 {
				return errCut
			}
			return os.Rename(from, to)
		}}
		_, err := cut.finish()
		if err == nil {
			if renames < 10 {
				t.Errorf("only %d renames", renames)
			}
			break
		}
		if !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		if err := settled(dir); err == nil {
			t.Errorf("after %d renames it counts as settled", renames)
		}
		aside, err := swap{dir, os.Rename}.finish()
		if err != nil || aside != filepath.Join(dir, "before-restore-1") {
			t.Fatalf("after %d renames: %q, %v", renames, aside, err)
		}
		if d := cmp.Diff(want, tree(t, dir)); d != "" {
			t.Errorf("after %d renames (-want +got):\n%s", renames, d)
		}
		if err := settled(dir); err != nil {
			t.Error(err)
		}
		if aside, err := (swap{dir, os.Rename}).finish(); aside != "" || err != nil {
			t.Errorf("finished twice: %q, %v", aside, err)
		}
	}
}

func TestDirErrorAdvises(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{syscall.EACCES, "; the directory and all in it must belong to user "},
		{syscall.EROFS, "; its disk is read-only"},
		{syscall.ENOSPC, "; the disk is full: free some space there"},
		{syscall.EDQUOT, "; the disk is full: free some space there"},
	} {
		err := &os.PathError{Op: "open", Path: "/data/throughline.lock", Err: tt.err}
		if got := dirError(err); !strings.HasPrefix(got.Error(), "data directory: open /data/throughline.lock: ") || !strings.Contains(got.Error(), tt.want) || !errors.Is(got, tt.err) {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}
