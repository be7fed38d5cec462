package worker

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/secret"
	"throughline/internal/source"
	"throughline/internal/store/sqlitestore"
)

// pickyStore refuses batches with a run of this id, and all of them while it is full.
type pickyStore struct {
	delivery.Store
	refuses string
	full    atomic.Bool
}

func (s *pickyStore) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	if s.full.Load() {
		return delivery.Written{}, errors.New("no space left on device")
	}
	if slices.ContainsFunc(b.Runs, func(r delivery.Run) bool { return r.ID == s.refuses }) {
		return delivery.Written{}, errors.New("not this one")
	}
	return s.Store.Write(ctx, b)
}

// pushedRun reads a body that is no more than the id of a run.
func pushedRun(body []byte) (source.Pushed, error) {
	id := string(body)
	if id == "" {
		return source.Pushed{}, &source.BodyError{Path: "$", Message: "is empty"}
	}
	return source.Pushed{Items: []source.PushedItem{{ID: id, Add: func(b *delivery.Batch) {
		b.Runs = append(b.Runs, delivery.Run{
			Connection: b.Connection, Project: "shop/web", ID: id, Status: delivery.RunSuccess, CreatedAt: 1_700_000_000_000, Attempt: 1,
			Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid,
		})
	}}}}, nil
}

// pushRig is a worker over databases of its own, and what it stores into; the
// connection gitlab is one that is pushed to, with a kind that marks runs.
func pushRig(t *testing.T) (w *Worker, store *pickyStore) {
	t.Helper()
	dir := t.TempDir()
	key, err := secret.NewBox(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err1 := control.Open(t.Context(), filepath.Join(dir, "control.db"), key)
	facts, err2 := sqlitestore.Open(t.Context(), filepath.Join(dir, "facts.db"))
	box, err3 := inbox.Open(t.Context(), filepath.Join(dir, "inbox.db"))
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), facts.Close(), box.Close()); err != nil {
			t.Error(err)
		}
	})
	c := control.Connection{Name: "gitlab", Kind: "ci", Every: control.DefaultEvery, Settings: source.Settings{"title": []byte(`"nightly"`)}}
	if _, err := db.SaveConnection(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	kind := source.Kind{Name: "ci", Pushed: true, Settle: func(s source.Settings, b *delivery.Batch) error {
		title, err := s.Text(source.Field{Name: "title"})
		for i := range b.Runs {
			b.Runs[i].Title = title
		}
		return err
	}}
	store = &pickyStore{Store: facts}
	w = New(db, store, []source.Kind{kind}, nil, slog.New(slog.DiscardHandler))
	w.Inbox, w.Pushes = box, map[string]source.Push{"runs": pushedRun}
	return w, store
}

func drainAll(t *testing.T, refuses string, entries ...inbox.Entry) (states map[string]inbox.Entry, stored []string) {
	t.Helper()
	w, store := pushRig(t)
	store.refuses = refuses
	box := w.Inbox
	for _, e := range entries {
		e.ReceivedAt = time.Now()
		if _, _, err := box.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n > 0; {
		var err error
		if n, err = w.drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list, err := box.List(t.Context(), inbox.Query{})
	if err != nil {
		t.Fatal(err)
	}
	states = map[string]inbox.Entry{}
	for _, e := range list {
		full, err := box.Entry(t.Context(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		states[string(full.Body)] = full
	}
	for run, err := range store.Runs(t.Context(), delivery.RunListQuery{RunQuery: delivery.RunQuery{AllBranches: true, To: 2_000_000_000_000}}) {
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, strings.TrimSpace(run.Connection+" "+run.ID+" "+run.Title))
	}
	slices.Sort(stored)
	return states, stored
}

func TestDrain(t *testing.T) {
	entry := func(connection, kind, body string) inbox.Entry {
		return inbox.Entry{Connection: connection, Kind: kind, Body: []byte(body), Bytes: len(body)}
	}
	states, stored := drainAll(t, "bad", entry("ci", "runs", "1"), entry("gitlab", "runs", "2"), entry("ci", "runs", "bad"),
		entry("ci", "unheard", "3"), entry("ci", "runs", ""), entry("ci", "runs", "4"), entry("gone", "runs", "5"))
	if d := cmp.Diff([]string{"ci 1", "ci 4", "gitlab 2 nightly"}, stored); d != "" {
		t.Errorf("stored (-want +got):\n%s", d)
	}
	for body, want := range map[string]struct {
		state   inbox.State
		outcome string
		error   string
	}{
		"1":   {inbox.Done, `{"taken":1,"refused":0,"ids":["1"]}`, ""},
		"2":   {inbox.Done, `{"taken":1,"refused":0,"ids":["2"]}`, ""},
		"4":   {inbox.Done, `{"taken":1,"refused":0,"ids":["4"]}`, ""},
		"bad": {inbox.Waiting, "", "not this one"},
		"3":   {inbox.Failed, "", `nothing of this version reads "unheard"`},
		"5":   {inbox.Failed, "", "there is no connection gone any more"},
		"":    {inbox.Failed, "", "$: is empty"},
	} {
		got := states[body]
		if got.State != want.state || got.Outcome != want.outcome || got.Error != want.error {
			t.Errorf("%q: %s, %s, %s", body, got.State, got.Outcome, got.Error)
		}
	}
	if bad := states["bad"]; bad.Attempts != 1 || !bad.RetryAt.After(time.Now()) {
		t.Errorf("it is tried again at %s after %d attempts", bad.RetryAt, bad.Attempts)
	}
}
