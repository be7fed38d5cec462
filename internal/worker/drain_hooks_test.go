package worker

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source"
)

// hooked is a source whose hooks are no more than the id of a run, of the event
// "run".
type hooked struct{ source.Source }

func (hooked) Verify(http.Header, []byte) error              { return nil }
func (hooked) Hook(http.Header, []byte) (source.Hook, error) { return source.Hook{}, nil }
func (hooked) Receive(h source.Hook) (p source.Pushed, err error) {
	if h.Event != "run" || h.Key == "" {
		return p, errors.New("not for this source")
	}
	if string(h.Body) == "panic" {
		panic("at the disco")
	}
	return pushedRun(h.Body)
}

// hookRig has a connection "gh" of a kind "hooks", an inbox, and a store that can
// go away. opens counts how often the connection was opened.
func hookRig(t *testing.T, opens *int) (*rig, *awayStore, *inbox.DB) {
	t.Helper()
	r, store := patient(t, map[string]pullFunc{"pulled": script("pulled")})
	r.kinds = append(r.kinds, source.Kind{Name: "hooks", New: func(source.Config, *http.Client) (source.Source, error) {
		*opens++
		return hooked{}, nil
	}})
	if _, err := r.db.SaveConnection(t.Context(), control.Connection{Name: "gh", Kind: "hooks", Every: time.Hour, Settings: source.Settings{}}, nil); err != nil {
		t.Fatal(err)
	}
	r.connect("pulled")
	box, err := inbox.Open(t.Context(), filepath.Join(t.TempDir(), "inbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	r.Inbox = box
	return r, store, box
}

func (r *rig) runs() (ids []string) {
	r.t.Helper()
	all := delivery.RunListQuery{RunQuery: delivery.RunQuery{AllBranches: true, To: 2_000_000_000_000}}
	for run, err := range r.facts.Runs(r.t.Context(), all) {
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, run.Connection+" "+run.ID)
	}
	slices.Sort(ids)
	return ids
}

func put(t *testing.T, box *inbox.DB, connection, kind, body string) int64 {
	t.Helper()
	id, _, err := box.Put(t.Context(), inbox.Entry{Connection: connection, Kind: kind, Key: "key " + body, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDrainHooks(t *testing.T) {
	opens := 0
	r, _, box := hookRig(t, &opens)
	defer r.close()
	defer box.Close() //nolint:errcheck // of a test
	cases := []struct {
		connection, kind, body string
		state                  inbox.State
		error                  string
	}{
		{"gh", "hooks.run", "1", inbox.Done, ""},
		{"gh", "hooks.run", "2", inbox.Done, ""},
		{"gh", "hooks.other", "3", inbox.Failed, "not for this source"},
		{"gh", "else.run", "4", inbox.Failed, "the connection gh is of the kind hooks now"},
		{"gh", "hooks.run", "panic", inbox.Failed, errPanic.Error()},
		{"gone", "hooks.run", "5", inbox.Failed, "there is no connection gone any more"},
		{"pulled", "fake.run", "6", inbox.Failed, "connections of the kind fake receive nothing"},
	}
	ids := make([]int64, len(cases))
	for i, c := range cases {
		ids[i] = put(t, box, c.connection, c.kind, c.body)
	}
	if n, err := r.drain(t.Context()); n != len(cases) || err != nil {
		t.Fatalf("%d entries, %v", n, err)
	}
	for i, c := range cases {
		e, err := box.Entry(t.Context(), ids[i])
		if err != nil || e.State != c.state || e.Error != c.error {
			t.Errorf("%s of %s: %s %q, %v", c.kind, c.connection, e.State, e.Error, err)
		}
	}
	if got := r.runs(); !slices.Equal(got, []string{"gh 1", "gh 2"}) {
		t.Errorf("stored are %v", got)
	}
	if opens != 1 {
		t.Errorf("the connection was opened %d times", opens)
	}
}

// A connection that cannot be opened now may be later.
func TestDrainHooksOfClosedConnection(t *testing.T) {
	opens := 0
	r, _, box := hookRig(t, &opens)
	defer r.close()
	defer box.Close() //nolint:errcheck // of a test
	r.kinds[len(r.kinds)-1].New = func(source.Config, *http.Client) (source.Source, error) { return nil, errors.New("no secret") }
	id := put(t, box, "gh", "hooks.run", "1")
	if _, err := r.drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := box.Entry(t.Context(), id)
	if err != nil || e.State != inbox.Waiting || e.Attempts != 1 || e.Error != "the connection cannot be opened: no secret" {
		t.Errorf("%s after %d attempts: %q, %v", e.State, e.Attempts, e.Error, err)
	}
}

// While the store does not answer nothing is given up, and no try counts.
func TestDrainWhileStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opens := 0
		r, store, box := hookRig(t, &opens)
		defer r.close()
		defer box.Close() //nolint:errcheck // of a test
		store.away.Store(true)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { r.drains(ctx); close(ended) }()
		ids := []int64{put(t, box, "gh", "hooks.run", "1"), put(t, box, "gh", "hooks.run", "2")}
		time.Sleep(24 * time.Hour)
		for _, id := range ids {
			e, err := box.Entry(t.Context(), id)
			if err != nil || e.State != inbox.Waiting || e.Attempts != 0 || e.Error != "" || !r.Waiting() {
				t.Errorf("away: %s after %d attempts, %q, %v", e.State, e.Attempts, e.Error, err)
			}
		}
		store.away.Store(false)
		time.Sleep(2*maxPause + maxIdle)
		for _, id := range ids {
			if e, err := box.Entry(t.Context(), id); err != nil || e.State != inbox.Done || e.Attempts != 1 {
				t.Errorf("back: %s after %d attempts, %v", e.State, e.Attempts, err)
			}
		}
		if got := r.runs(); !slices.Equal(got, []string{"gh 1", "gh 2"}) || r.Waiting() {
			t.Errorf("stored are %v, waiting is %t", got, r.Waiting())
		}
		stop()
		<-ended
	})
}
