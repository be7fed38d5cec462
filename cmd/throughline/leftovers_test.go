package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// deadPID is the number of a process that was.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

// A backup removes what one that was killed left, and nothing else.
func TestBackupRemovesLeftovers(t *testing.T) {
	environ := synced(t, 3)
	dir := t.TempDir()
	live, release, err := makeTemp(dir)
	if err != nil {
		t.Fatal(err)
	}
	killed := fmt.Sprintf("%s%d-1", backupTemp, deadPID(t))
	young := fmt.Sprintf("%s%d-young", backupTemp, os.Getpid())
	plant(t, dir, map[string]string{killed + "/whole": "half", young + "/whole": "x", backupTemp + "mine/x": "x", "other": "x"})
	code, stdout, stderr := cli(t, environ, "backup", "--with-key", filepath.Join(dir, "b"))
	expect(t, code, exitDone, stdout+stderr)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	got := strings.Join(left, " ")
	want := map[string]bool{"b": true, "other": true, filepath.Base(live): true, young: true, backupTemp + "mine": true}
	if len(left) != len(want) {
		t.Errorf("left: %s", got)
	}
	for name := range want {
		if !strings.Contains(" "+got+" ", " "+name+" ") {
			t.Errorf("%s is gone: %s", name, got)
		}
	}
	later := time.Now().Add(2 * leftoverAge)
	if !leftover(filepath.Join(dir, young), later) || leftover(live, later) {
		t.Error("what nobody holds is a leftover in time, what is held is none")
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// The key is in the backup, and in no file beside it.
func TestKeyIsPackedFromMemory(t *testing.T) {
	dir := t.TempDir()
	m := manifest{Format: archiveFormat, Members: []member{inMemory(keyFile, []byte("the key\n"))}}
	var file strings.Builder
	if err := pack(t.Context(), &file, m, dir); err != nil {
		t.Fatal(err)
	}
	plant(t, dir, map[string]string{"b": file.String()})
	all := entriesOf(t, filepath.Join(dir, "b"))
	if len(all) != 2 || all[1].name != keyFile || all[1].body != "the key\n" {
		t.Errorf("packed %v", all)
	}
}
