package sqlitestore_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
	"throughline/internal/store/sqlitestore"
	"throughline/internal/store/storetest"
	"throughline/migrations"
)

// killedEnv makes the test binary the process to be killed.
const killedEnv = "SQLITESTORE_TEST_KILLED"

const (
	killedBatches = 12
	killedSize    = 150
)

func TestMain(m *testing.M) {
	if path := os.Getenv(killedEnv); path != "" {
		if err := work(context.Background(), path, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// work writes all batches, changes the workflow half-way and rebuilds. It writes
// a line after each step, and may be begun anew at any time.
func work(ctx context.Context, path string, out io.Writer) error {
	s, err := sqlitestore.Open(ctx, path)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(5, 6))
	for b := range killedBatches {
		batch := delivery.Batch{Connection: "tracker", Statuses: storetest.LargeStatuses}
		for n := range killedSize {
			batch.Issues = append(batch.Issues, storetest.LargeRecord(r, b*killedSize+n, killedBatches*killedSize, 10))
		}
		if b == killedBatches-1 {
			batch.Gone = []string{batch.Issues[0].ID}
			batch.Issues = batch.Issues[1:]
		}
		if _, err := s.Write(ctx, batch); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, "batch", b); err != nil {
			return err
		}
		if b == killedBatches/2 {
			w := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"testing", "released"}}}
			// From the middle of all lives on.
			versions := []delivery.WorkflowVersion{{}, {From: storetest.LargeStart + storetest.LargeSpan/2, Workflow: w}}
			if err := s.SetWorkflow(ctx, delivery.Workflows{Versions: versions}); err != nil {
				return err
			}
		}
	}
	// Nobody may be reading any more: the lines do not matter then.
	if err := s.Rebuild(ctx, func(done, _ int) { _, _ = fmt.Fprintln(out, "derived", done) }); err != nil {
		return err
	}
	return s.Close()
}

// TestKilled kills a process at its work, after each of its steps and between
// them, and begins it anew: in the end every row is as if it had not been
// disturbed.
func TestKilled(t *testing.T) {
	t.Parallel()
	undisturbed := filepath.Join(t.TempDir(), "facts.db")
	if err := work(t.Context(), undisturbed, io.Discard); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "facts.db")
	kills := 0
	for steps := 0; !workKilled(t, path, steps); steps += 2 {
		kills++
	}
	if kills < killedBatches/2 {
		t.Errorf("killed %d times only", kills)
	}
	if diff := cmp.Diff(rows(t, undisturbed), rows(t, path)); diff != "" {
		t.Errorf("rows (-undisturbed +killed):\n%s", diff)
	}
}

// workKilled runs work in another process and kills it after so many steps. It
// reports whether the work was done before.
func workKilled(t *testing.T, path string, steps int) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range steps {
		lines.Scan()
	}
	done := !lines.Scan() // one more line: the next step has begun or ended
	if !done {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	err = cmd.Wait()
	if done && err != nil {
		t.Fatalf("undisturbed work: %v", err)
	}
	return done
}

// rows are all rows of a store but its version, as texts by table.
func rows(t *testing.T, path string) map[string][]string {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, "NORMAL", migrations.SQLite())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	out := map[string][]string{}
	for _, table := range []string{"terms", "refs", "statuses", "issues", "aliases", "events", "histories", "flow"} {
		found, err := db.Reader.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		out[table] = texts(t, found)
	}
	return out
}

func texts(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	var out []string
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i, v := range values {
			if columns[i] != "generation" {
				fmt.Fprintf(&b, "%s=%v ", columns[i], v)
			}
		}
		out = append(out, b.String())
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}
