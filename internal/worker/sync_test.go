package worker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

func TestSyncOnce(t *testing.T) {
	r := newRig(t, map[string]pullFunc{
		"a": script("a", step{issues: []string{"1", "2"}}, step{issues: []string{"2", "3"}}, step{}),
	})
	defer r.close()
	r.connect("a")
	var seen []source.Progress
	s, err := r.SyncOnce(t.Context(), "a", func(p source.Progress) { seen = append(seen, p) })
	if err != nil {
		t.Fatal(err)
	}
	if s.State != control.Done || s.Written != (delivery.Written{Inserted: 3, Unchanged: 1}) || s.FinishedAt.IsZero() {
		t.Errorf("sync is %+v", s)
	}
	want := []source.Progress{
		{Phase: "history", Read: 2, Requests: 1},
		{Phase: "history", Read: 4, Requests: 2},
		{Phase: "history", Read: 4, Requests: 3},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
	if got := r.cursor("a"); got != "3" {
		t.Errorf("cursor is %s", got)
	}
	if got := r.keys(); !slices.Equal(got, []string{"DEV-1", "DEV-2", "DEV-3"}) {
		t.Errorf("stored are %v", got)
	}
	stored := r.lastSync("a")
	if stored.State != control.Done || stored.Written != s.Written || stored.Progress != want[2] {
		t.Errorf("stored sync is %+v", stored)
	}
	if c := r.connection("a"); !c.NextRunAt.Equal(stored.StartedAt.Add(30 * time.Minute)) {
		t.Errorf("next run at %v, started at %v", c.NextRunAt, stored.StartedAt)
	}
}

func TestSyncOnceUnknown(t *testing.T) {
	r := newRig(t, nil)
	defer r.close()
	if _, err := r.SyncOnce(t.Context(), "nobody", nil); !errors.Is(err, control.ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

func TestOutcomes(t *testing.T) {
	const minute = time.Minute
	auth := &source.AuthError{Code: "expired", Message: "The token has expired."}
	problem := source.Problem{Record: "DEV-9", Path: "$.createdAt", Message: "not a time"}
	one := step{issues: []string{"1"}}
	for _, c := range []struct {
		name     string
		steps    []step
		state    control.SyncState
		text     string
		from, to time.Duration // of the next run
		failures int
		cursor   string
	}{
		{"auth", []step{one, {err: fmt.Errorf("search: %w", auth)}}, control.Paused, "The token has expired.", 30 * minute, 30 * minute, 0, "1"},
		// The clock of a bubble begins at midnight of the year 2000.
		{
			"limit",
			[]step{one, {err: &source.RateLimitError{RetryAfter: time.Date(2000, 1, 1, 0, 7, 0, 0, time.UTC)}}},
			control.Failed, "rate limit reached; trying again at 2000-01-01T00:07:00Z", 7 * minute, 7 * minute, 0, "1",
		},
		{"error", []step{one, {err: errors.New("no route\nto host")}}, control.Failed, "no route to host", minute, 72 * time.Second, 1, "1"},
		{"panic", []step{{before: func() { panic("boom: secret") }}}, control.Failed, errPanic.Error(), minute, 72 * time.Second, 1, ""},
		{"problems", []step{{issues: []string{"1"}, problems: []source.Problem{problem}}}, control.Problems, "", 30 * minute, 30 * minute, 0, "1"},
		{"setting", nil, control.Failed, "queues: none of them exists", minute, 72 * time.Second, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pulls := map[string]pullFunc{}
				if c.steps != nil {
					pulls["a"] = script("a", c.steps...)
				}
				r := newRig(t, pulls)
				defer r.close()
				r.connect("a")
				start := time.Now()
				s, err := r.db.StartSync(t.Context(), r.connection("a").ID, start)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.pull(t.Context(), r.connection("a"), s, nil); err != nil {
					t.Fatal(err)
				}
				got, after := r.lastSync("a"), r.connection("a")
				if got.State != c.state || got.Error.Text != c.text {
					t.Errorf("state %s with %q, want %s with %q", got.State, got.Error, c.state, c.text)
				}
				if next := after.NextRunAt.Sub(start); next < c.from || next > c.to {
					t.Errorf("next run in %v, want from %v to %v", next, c.from, c.to)
				}
				if after.Failures != c.failures || r.cursor("a") != c.cursor {
					t.Errorf("%d failures, cursor %q; want %d, %q", after.Failures, r.cursor("a"), c.failures, c.cursor)
				}
				if (after.Paused != nil) != (c.state == control.Paused) ||
					after.Paused != nil && (after.Paused.Code != "expired" || after.Paused.Message != c.text) {
					t.Errorf("paused: %+v", after.Paused)
				}
				problems, err := r.db.Problems(t.Context(), got.ID, 0)
				if err != nil || len(problems) != got.Problems || got.Problems > 0 && !reflect.DeepEqual(problems[0], problem) {
					t.Errorf("problems %v of %d, %v", problems, got.Problems, err)
				}
			})
		})
	}
}

func TestProgressOverPhases(t *testing.T) {
	var p pulling
	for _, c := range []struct{ says, want source.Progress }{
		{source.Progress{Phase: "retry", Found: 2, Read: 2, Requests: 4}, source.Progress{Phase: "retry", Found: 2, Read: 2, Requests: 4}},
		{source.Progress{Phase: "history", Found: 300, Requests: 5}, source.Progress{Phase: "history", Found: 302, Read: 2, Requests: 5}},
		{source.Progress{Phase: "history", Found: 300, Read: 100, Requests: 9}, source.Progress{Phase: "history", Found: 302, Read: 102, Requests: 9}},
		{source.Progress{Phase: "sweep", Requests: 10}, source.Progress{Phase: "sweep", Read: 102, Requests: 10}},
		{source.Progress{Phase: "sweep", Found: 1, Read: 1, Requests: 11}, source.Progress{Phase: "sweep", Found: 103, Read: 103, Requests: 11}},
	} {
		if got := p.sum(c.says); got != c.want {
			t.Errorf("%+v is %+v, want %+v", c.says, got, c.want)
		}
	}
}

func TestPause(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 4: 8 * time.Minute, 7: 50 * time.Minute, 1000: 50 * time.Minute} {
		for range 100 {
			if got := pause(failures); got < want || got >= want*6/5 || got > maxBackoff {
				t.Fatalf("pause after %d failures is %v, want %v and up to a fifth more", failures, got, want)
			}
		}
	}
}

func TestForegroundWaitsForLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := time.Now().Add(3 * time.Minute)
		pull := func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
			second := step{issues: []string{"3"}}
			if time.Now().Before(limit) {
				second = step{err: &source.RateLimitError{RetryAfter: limit}}
			}
			return script("a", step{issues: []string{"1", "2"}}, second)(ctx, cursor)
		}
		r := newRig(t, map[string]pullFunc{"a": pull})
		defer r.close()
		r.connect("a")
		s, err := r.SyncOnce(t.Context(), "a", nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.State != control.Done || s.Progress.Read != 3 || s.Progress.Requests != 2 || s.Written.Inserted != 3 {
			t.Errorf("sync is %+v", s)
		}
		if s.FinishedAt.Before(limit) {
			t.Errorf("finished at %v, before the limit ended at %v", s.FinishedAt, limit)
		}
	})
}

func TestForegroundResumesPaused(t *testing.T) {
	r := newRig(t, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}})})
	defer r.close()
	r.connect("a")
	if err := r.db.Pause(t.Context(), r.connection("a").ID, "expired", "The token has expired.", time.Now()); err != nil {
		t.Fatal(err)
	}
	s, err := r.SyncOnce(t.Context(), "a", nil)
	if err != nil || s.State != control.Done {
		t.Fatalf("%+v, %v", s, err)
	}
	if c := r.connection("a"); c.Paused != nil || time.Until(c.NextRunAt) < 29*time.Minute {
		t.Errorf("connection is %+v", c)
	}
}

// TestChangedMeanwhile: a connection that was edited during its sync is synced
// anew from the start, and the old sync leaves no cursor behind.
func TestChangedMeanwhile(t *testing.T) {
	var r *rig
	edit := func() {
		c := r.connection("a")
		c.Settings = source.Settings{"queues": []byte(`["DEV"]`)}
		if _, err := r.db.SaveConnection(t.Context(), c, nil); err != nil {
			t.Error(err)
		}
	}
	r = newRig(t, map[string]pullFunc{
		"a": script("a", step{issues: []string{"1"}}, step{issues: []string{"2"}, before: edit}, step{issues: []string{"3"}}),
	})
	defer r.close()
	r.connect("a")
	s, err := r.SyncOnce(t.Context(), "a", nil)
	if err != nil || s.State != control.Interrupted {
		t.Errorf("%+v, %v", s, err)
	}
	if got := r.cursor("a"); got != "" {
		t.Errorf("cursor is %q", got)
	}
	if got := r.keys(); !slices.Equal(got, []string{"DEV-1", "DEV-2"}) {
		t.Errorf("stored are %v", got)
	}
	due, err := r.db.Due(t.Context(), time.Now())
	if err != nil || len(due) != 1 {
		t.Errorf("due are %v, %v", due, err)
	}
}

func TestDeletedMeanwhile(t *testing.T) {
	var r *rig
	r = newRig(t, map[string]pullFunc{
		"a": script("a", step{issues: []string{"1"}}, step{issues: []string{"2"}, before: func() {
			if err := r.db.DeleteConnection(t.Context(), "a"); err != nil {
				t.Error(err)
			}
		}}, step{issues: []string{"3"}}),
	})
	defer r.close()
	r.connect("a")
	s, err := r.SyncOnce(t.Context(), "a", nil)
	if err != nil || s.State != control.Interrupted {
		t.Errorf("%+v, %v", s, err)
	}
	if got := r.keys(); slices.Contains(got, "DEV-3") {
		t.Errorf("stored are %v", got)
	}
}
