package worker

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
	"throughline/internal/store/sqlitestore"
)

// pickyStore refuses batches with a run of this id.
type pickyStore struct {
	delivery.Store
	refuses string
}

func (s *pickyStore) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
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

func drainAll(t *testing.T, refuses string, entries ...inbox.Entry) (states map[string]inbox.Entry, stored []string) {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "facts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // of a test
	box, err := inbox.Open(t.Context(), filepath.Join(t.TempDir(), "inbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close() //nolint:errcheck // of a test
	w := New(nil, &pickyStore{store, refuses}, nil, nil, slog.New(slog.DiscardHandler))
	w.Inbox, w.Pushes = box, map[string]source.Push{"runs": pushedRun}
	for _, e := range entries {
		e.ReceivedAt = time.Now()
		if _, _, err := box.Put(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n > 0; {
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
		stored = append(stored, run.Connection+" "+run.ID)
	}
	slices.Sort(stored)
	return states, stored
}

func TestDrain(t *testing.T) {
	entry := func(connection, kind, body string) inbox.Entry {
		return inbox.Entry{Connection: connection, Kind: kind, Body: []byte(body), Bytes: len(body)}
	}
	states, stored := drainAll(t, "bad", entry("ci", "runs", "1"), entry("gitlab", "runs", "2"), entry("ci", "runs", "bad"),
		entry("ci", "unheard", "3"), entry("ci", "runs", ""), entry("ci", "runs", "4"))
	if d := cmp.Diff([]string{"ci 1", "ci 4", "gitlab 2"}, stored); d != "" {
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
