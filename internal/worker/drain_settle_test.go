package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/inbox"
)

// waits are what is pushed to ci, and where the entries of it are.
func waits(t *testing.T, w *Worker, bodies ...string) (ids []int64) {
	t.Helper()
	for _, body := range bodies {
		id, _, err := w.Inbox.Put(t.Context(), inbox.Entry{Connection: "ci", Kind: "runs", Body: []byte(body)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func stands(t *testing.T, w *Worker, ids []int64, state inbox.State, attempts int) {
	t.Helper()
	for _, id := range ids {
		e, err := w.Inbox.Entry(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if e.State != state || e.Attempts != attempts || !e.RetryAt.IsZero() {
			t.Errorf("entry %d is %s after %d tries, to be tried at %s; want %s, %d", id, e.State, e.Attempts, e.RetryAt, state, attempts)
		}
	}
}

// A store that takes nothing is no fault of what waits for it: not one try is
// counted in hours, and all is stored soon after it takes something again.
func TestDrainWhileNothingIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := pushRig(t)
		store.full.Store(true)
		ids := waits(t, w, "1", "2", "3")
		done := make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		go func() { defer close(done); w.drains(ctx) }()
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		stands(t, w, ids, inbox.Waiting, 0)
		store.full.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		stands(t, w, ids, inbox.Done, 1)
		stop()
		<-done
	})
}

// Whether a lone entry or the store is at fault is not known until the store takes
// another one.
func TestDrainLoneEntry(t *testing.T) {
	w, store := pushRig(t)
	store.refuses = "bad"
	ids := waits(t, w, "bad")
	for range drainTries + 1 {
		if _, err := w.drain(t.Context()); err == nil {
			t.Error("a pass that stored nothing is no error")
		}
	}
	stands(t, w, ids, inbox.Waiting, 0)
	good := waits(t, w, "good")
	if _, err := w.drain(t.Context()); err != nil {
		t.Error(err)
	}
	stands(t, w, good, inbox.Done, 1)
	e, err := w.Inbox.Entry(t.Context(), ids[0])
	if err != nil || e.State != inbox.Waiting || e.Attempts != 1 || !e.RetryAt.After(time.Now()) {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestDrainPauses(t *testing.T) {
	pauses := drainPauses()
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 50, 50} {
		pause := pauses.NextBackOff()
		if want *= time.Second; pause < want*8/10 || pause > want*12/10 {
			t.Errorf("pause %d is %s, want about %s", i, pause, want)
		}
	}
	pauses.Reset()
	if pause := pauses.NextBackOff(); pause > 2*time.Second {
		t.Errorf("after a success the pause is %s", pause)
	}
}
