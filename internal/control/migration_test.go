package control

import (
	"context"
	"io/fs"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
	"throughline/migrations"
)

// A workflow of the first release becomes the first version, with whatever it
// said and whoever declared it.
func TestWorkflowOfTheFirstRelease(t *testing.T) {
	const released = "00001_control.sql"
	script, err := fs.ReadFile(migrations.Control(), released)
	must(t, err)
	for _, provisioned := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "control.db")
		ctx := context.Background()
		old, err := sqlite.Open(ctx, path, "NORMAL", fstest.MapFS{released: {Data: script}})
		must(t, err)
		_, err = old.Writer.ExecContext(ctx, `INSERT INTO workflow (id, body, provisioned) VALUES (1, ?, ?)`,
			`{"waiting":null,"active":[],"closed":["done"],"excluded_resolutions":["dup"],"queues":{"OPS":{"waiting":["x"],"active":null,"closed":null}}}`, provisioned)
		must(t, err)
		must(t, old.Close())
		db := openAt(t, path, testBox(t, 1))
		got, err := db.WorkflowVersions(db.ctx)
		must(t, err)
		want := []WorkflowVersion{{Provisioned: provisioned, Workflow: delivery.Workflow{
			StatusLists:         delivery.StatusLists{Active: []string{}, Closed: []string{"done"}},
			ExcludedResolutions: []string{"dup"}, Queues: map[string]delivery.StatusLists{"OPS": {Waiting: []string{"x"}}},
		}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("versions %+v, want %+v", got, want)
		}
	}
}
