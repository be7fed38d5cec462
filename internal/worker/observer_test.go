package worker

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// notes are what an Observer was told.
type notes struct {
	mu    sync.Mutex
	pages []PageReport
	syncs []SyncReport
}

func (n *notes) PageWritten(p PageReport) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pages = append(n.pages, p)
}

func (n *notes) SyncEnded(s SyncReport) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.syncs = append(n.syncs, s)
}

// TestObserver: what is told of a sync, with a clock that only the source moves.
func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func() { time.Sleep(3 * time.Second) }
		r := newRig(t, map[string]pullFunc{
			"a": script("a", step{issues: []string{"1", "2"}, before: slow}, step{issues: []string{"2"}, before: slow, problems: []source.Problem{{Record: "DEV-9", Path: "$", Message: "broken"}}}),
			"b": script("b", step{before: slow, err: &source.AuthError{Code: "expired", Message: "the token has expired"}}),
		})
		defer r.close()
		told := &notes{}
		r.Observe(told)
		r.connect("a", "b")
		for _, name := range []string{"a", "b"} {
			if _, err := r.SyncOnce(t.Context(), name, nil); err != nil {
				t.Fatal(err)
			}
		}
		if len(told.pages) != 2 || len(told.syncs) != 2 {
			t.Fatalf("told of %d pages and %d syncs", len(told.pages), len(told.syncs))
		}
		first, second := told.pages[0], told.pages[1]
		if first.Connection != "a" || first.Kind != "fake" || len(first.Batch.Issues) != 2 || first.Written != (delivery.Written{Inserted: 2}) || first.Problems != 0 || first.Err != nil {
			t.Errorf("%+v", first)
		}
		if second.Written != (delivery.Written{Unchanged: 1}) || second.Problems != 1 {
			t.Errorf("%+v", second)
		}
		a, b := told.syncs[0], told.syncs[1]
		if a.Connection != "a" || a.Kind != "fake" || a.State != control.Problems || a.Waited != 6*time.Second || a.Took != 6*time.Second || a.EndedAt.IsZero() {
			t.Errorf("%+v", a)
		}
		if b.Connection != "b" || b.State != control.Paused || b.Waited != 3*time.Second {
			t.Errorf("%+v", b)
		}
	})
}
