package worker

import (
	"context"
	"database/sql"
	"iter"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

// However long the control database takes no writes, a sync ends and the next
// one begins as soon as it does again, without a restart.
func TestEndIsKeptAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		pulled := 0
		r := newRigIn(t, dir, map[string]pullFunc{
			"a": func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
				pulled++
				return script("a", step{issues: []string{"1"}})(ctx, cursor)
			},
		})
		defer r.close()
		r.connect("a")
		file, err := sql.Open("sqlite", filepath.Join(dir, "control.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close() //nolint:errcheck // of the test
		do := func(statement string) {
			t.Helper()
			if _, err := file.ExecContext(context.Background(), statement); err != nil {
				t.Fatal(err)
			}
		}
		do(`CREATE TRIGGER refuse BEFORE UPDATE ON syncs BEGIN SELECT raise(ABORT, 'the disk is full'); END`)
		stop := r.running()
		time.Sleep(20 * time.Minute)
		if s := r.lastSync("a"); pulled != 1 || s.State != control.Running {
			t.Errorf("pulled %d times while nothing could be written, the last is %s", pulled, s.State)
		}
		do(`DROP TRIGGER refuse`)
		time.Sleep(time.Hour)
		stop()
		if s := r.lastSync("a"); pulled < 2 || s.State != control.Done {
			t.Errorf("pulled %d times, the last is %s", pulled, s.State)
		}
	})
}

// A stop does not wait for a disk that stays full.
func TestStopWhileTheEndIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := newRigIn(t, dir, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}})})
		defer r.close()
		r.connect("a")
		file, err := sql.Open("sqlite", filepath.Join(dir, "control.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close() //nolint:errcheck // of the test
		_, err = file.ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE UPDATE ON syncs BEGIN SELECT raise(ABORT, 'the disk is full'); END`)
		if err != nil {
			t.Fatal(err)
		}
		stop := r.running()
		time.Sleep(20 * time.Minute)
		before := time.Now()
		stop()
		if took := time.Since(before); took > stopGrace+time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}
