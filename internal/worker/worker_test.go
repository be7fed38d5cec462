package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/secret"
	"throughline/internal/source"
	"throughline/internal/store/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pullFunc is what a fake source does.
type pullFunc func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error]

type fakeSource struct{ pull pullFunc }

func (s fakeSource) Pull(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
	return s.pull(ctx, cursor)
}

func (fakeSource) Check(context.Context) (source.Report, error) { return source.Report{}, nil }

// fakeKind makes the sources of each connection from pulls, by name.
func fakeKind(pulls map[string]pullFunc) source.Kind {
	return source.Kind{Name: "fake", Title: "Fake", New: func(cfg source.Config, _ *http.Client) (source.Source, error) {
		pull, ok := pulls[cfg.Connection]
		if !ok {
			return nil, &source.SettingError{Field: "queues", Message: "none of them exists"}
		}
		return fakeSource{pull}, nil
	}}
}

// step is what a scripted source yields: a page of issues, or an error.
type step struct {
	issues   []string
	problems []source.Problem
	err      error
	before   func() // called before it is yielded
}

// script yields steps; the cursor counts those that are stored.
func script(connection string, steps ...step) pullFunc {
	return func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
		return func(yield func(source.Page, error) bool) {
			at, read := cursorAt(cursor), 0
			for i := at; i < len(steps); i++ {
				s := steps[i]
				if s.before != nil {
					s.before()
				}
				if s.err != nil {
					yield(source.Page{}, s.err)
					return
				}
				read += len(s.issues)
				if !yield(page(connection, s, i+1, source.Progress{Phase: "history", Read: read, Requests: i - at + 1}), nil) {
					return
				}
			}
		}
	}
}

func cursorAt(cursor source.Cursor) int {
	var at int
	if len(cursor) > 0 {
		if err := json.Unmarshal(cursor, &at); err != nil {
			panic(err)
		}
	}
	return at
}

func page(connection string, s step, cursor int, progress source.Progress) source.Page {
	batch := delivery.Batch{Connection: connection}
	for _, id := range s.issues {
		batch.Issues = append(batch.Issues, record(connection, id))
	}
	return source.Page{Batch: batch, Cursor: fmt.Appendf(nil, "%d", cursor), Progress: progress, Problems: s.problems}
}

// record is an issue that was opened, taken up and closed.
func record(connection, id string) delivery.IssueRecord {
	open, progress, closed := delivery.Ref{Key: "open"}, delivery.Ref{Key: "inProgress"}, delivery.Ref{Key: "closed"}
	const day = 24 * 60 * 60 * 1000
	created := delivery.Instant(1_700_000_000_000)
	return delivery.IssueRecord{
		Issue: delivery.Issue{
			Connection: connection, ID: id, Key: "DEV-" + id, Queue: "DEV", Title: "Issue " + id,
			Type: delivery.Ref{Key: "task"}, Status: closed, Version: 3, CreatedAt: created, UpdatedAt: created + 2*day,
		},
		Fingerprint: 7, Replace: true, Full: true,
		Events: []delivery.Event{
			{ID: id + "a", Ordinal: 0, At: created + day, Type: "IssueWorkflow", Transition: &delivery.Transition{From: open, To: progress}},
			{ID: id + "b", Ordinal: 1, At: created + 2*day, Type: "IssueWorkflow", Transition: &delivery.Transition{From: progress, To: closed}},
		},
	}
}

// rig is a worker over real databases.
type rig struct {
	*Worker
	t     *testing.T
	db    *control.DB
	facts *sqlitestore.Store
}

func newRig(t *testing.T, pulls map[string]pullFunc) *rig {
	t.Helper()
	return newRigIn(t, t.TempDir(), pulls)
}

func newRigIn(t *testing.T, dir string, pulls map[string]pullFunc) *rig {
	t.Helper()
	box, err := secret.NewBox(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := control.Open(t.Context(), filepath.Join(dir, "control.db"), box)
	if err != nil {
		t.Fatal(err)
	}
	facts, err := sqlitestore.Open(t.Context(), filepath.Join(dir, "facts.db"))
	if err != nil {
		t.Fatal(errors.Join(err, db.Close()))
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	return &rig{New(db, facts, []source.Kind{fakeKind(pulls)}, http.DefaultClient, log), t, db, facts}
}

func (r *rig) close() {
	r.t.Helper()
	if err := errors.Join(r.db.Close(), r.facts.Close()); err != nil {
		r.t.Error(err)
	}
}

// connect makes connections that are due at once.
func (r *rig) connect(names ...string) {
	r.t.Helper()
	for _, name := range names {
		c := control.Connection{Name: name, Kind: "fake", Every: 30 * time.Minute, Settings: source.Settings{}}
		if _, err := r.db.SaveConnection(r.t.Context(), c, nil); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) connection(name string) control.Connection {
	r.t.Helper()
	c, err := r.db.Connection(context.Background(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) cursor(name string) string {
	r.t.Helper()
	cursor, err := r.db.Cursor(context.Background(), r.connection(name).ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(cursor)
}

func (r *rig) lastSync(name string) control.Sync {
	r.t.Helper()
	syncs, err := r.db.Syncs(context.Background(), control.SyncQuery{Connection: name, Limit: 1})
	if err != nil || len(syncs) == 0 {
		r.t.Fatalf("syncs of %s: %v, %v", name, syncs, err)
	}
	return syncs[0]
}

// keys are the keys of all stored issues.
func (r *rig) keys() []string {
	r.t.Helper()
	var keys []string
	for issue := range r.issues() {
		keys = append(keys, issue.Key)
	}
	slices.Sort(keys)
	return keys
}

func (r *rig) issues() iter.Seq[delivery.ListedIssue] {
	all := delivery.IssueQuery{Filter: delivery.Filter{From: 1, To: 4_000_000_000_000}}
	return func(yield func(delivery.ListedIssue) bool) {
		for issue, err := range r.facts.Issues(context.Background(), all) {
			if err != nil {
				r.t.Fatal(err)
			}
			if !yield(issue) {
				return
			}
		}
	}
}
