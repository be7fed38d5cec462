package inbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// killedEnv makes the test binary the process to be killed.
const killedEnv = "INBOX_TEST_KILLED"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedEnv); path != "" {
		if err := receive(context.Background(), path, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const killedCallers = 16

// receive stores entries until it is killed, some of them in twos, and writes
// a line for each that is stored.
func receive(ctx context.Context, path string, out io.Writer) error {
	db, err := Open(ctx, path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for caller := range killedCallers {
		go func() {
			for n := 0; ; n++ {
				e := run(fmt.Sprint(os.Getpid(), caller, n), fmt.Sprint("body ", caller, n))
				twin := run(e.Key+" twin", string(e.Body))
				receipts, err := db.PutAll(ctx, []Entry{e, twin})
				if err != nil {
					failed <- err
					return
				}
				// One write for a line, which none of the others cuts in two.
				if _, err := fmt.Fprintf(out, "%d\t%s\t%s\n", receipts[0].ID, e.Key, e.Body); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// TestKilled kills a process that receives, several times over: what it said
// was stored is, and no half of what was stored together.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "inbox.db")
	var lines []string
	for lives := range 4 {
		lines = append(lines, receiveKilled(t, path, 40*(lives+1))...)
	}
	db := openAt(t, path)
	for _, line := range lines {
		f := strings.Split(line, "\t")
		id, err := strconv.ParseInt(f[0], 10, 64)
		must(t, err)
		e := db.entry(t, id)
		if e.Key != f[1] || string(e.Body) != f[2] || e.State != Waiting {
			t.Errorf("entry %+v, want %s", e, line)
		}
		if _, fresh, err := db.Put(db.ctx, run(f[1], "")); err != nil || fresh {
			t.Errorf("%s: fresh %v, %v", f[1], fresh, err)
		}
	}
	list, err := db.List(db.ctx, Query{Limit: 1 << 20})
	must(t, err)
	there := map[string]bool{}
	for _, e := range list {
		there[e.Key] = true
	}
	for key := range there {
		if first, isTwin := strings.CutSuffix(key, " twin"); !there[first+" twin"] || isTwin && !there[first] {
			t.Errorf("%q is alone", key)
		}
	}
	equal(t, db.counts(t), map[string]map[State]int{"gitlab": {Waiting: len(list)}})
	equal(t, db.bodies(t), len(list))
	if len(list) < 2*len(lines) {
		t.Errorf("%d entries after %d lines", len(list), len(lines))
	}
}

// receiveKilled runs receive in another process, kills it after so many lines
// and returns all that it wrote.
func receiveKilled(t *testing.T, path string, lines int) (out []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedEnv+"="+path)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	for s := bufio.NewScanner(pipe); s.Scan(); {
		if out = append(out, s.Text()); len(out) == lines {
			must(t, cmd.Process.Kill())
		}
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &killed) || killed.Exited() {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return out
}
