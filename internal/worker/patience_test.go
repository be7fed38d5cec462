package worker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// awayStore is a fact store that does not answer while it is away.
type awayStore struct {
	delivery.Store
	away   atomic.Bool
	breaks atomic.Int32 // issues that IssueIDs yields before it goes away; 0 for all
}

func (s *awayStore) gone() error {
	if s.away.Load() {
		return fmt.Errorf("%w: connection refused", delivery.ErrUnavailable)
	}
	return nil
}

func (s *awayStore) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	if err := s.gone(); err != nil {
		return delivery.Written{}, err
	}
	return s.Store.Write(ctx, b)
}

func (s *awayStore) SetWorkflow(ctx context.Context, w delivery.Workflows) error {
	if err := s.gone(); err != nil {
		return err
	}
	return s.Store.SetWorkflow(ctx, w)
}

func (s *awayStore) Rebuilding(ctx context.Context) (bool, error) {
	if err := s.gone(); err != nil {
		return false, err
	}
	return s.Store.Rebuilding(ctx)
}

func (s *awayStore) IssueStates(ctx context.Context, connection string, ids []string) (map[string]delivery.IssueState, error) {
	if err := s.gone(); err != nil {
		return nil, err
	}
	return s.Store.IssueStates(ctx, connection, ids)
}

func (s *awayStore) IssueIDs(ctx context.Context, connection string) iter.Seq2[delivery.IssueState, error] {
	return func(yield func(delivery.IssueState, error) bool) {
		n := int32(0)
		for issue, err := range s.Store.IssueIDs(ctx, connection) {
			if s.breaks.CompareAndSwap(n, 0) && n > 0 {
				s.away.Store(true)
			}
			if gone := s.gone(); gone != nil {
				yield(delivery.IssueState{}, gone)
				return
			}
			if n++; !yield(issue, err) {
				return
			}
		}
	}
}

// patient is a rig with a store that can go away.
func patient(t *testing.T, pulls map[string]pullFunc) (*rig, *awayStore) {
	r := newRig(t, pulls)
	s := &awayStore{Store: r.facts}
	r.store = s
	return r, s
}

// A fact store that is away when the program starts and again in the middle of
// a sync holds everything up and loses nothing.
func TestStoreIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store *awayStore
		leave := func() { store.away.Store(true) }
		steps := []step{{issues: []string{"1", "2"}}, {issues: []string{"3"}, before: leave}, {issues: []string{"4"}}}
		r, s := patient(t, map[string]pullFunc{"a": script("a", steps...)})
		store = s
		defer r.close()
		r.connect("a")
		var ready atomic.Int32
		r.Ready = func(context.Context) error { ready.Add(1); return s.gone() }
		leave()
		stop := r.running()
		time.Sleep(time.Hour)
		if n := len(r.keys()); n != 0 || !r.Waiting() {
			t.Errorf("%d issues of a store that is away, waiting is %t", n, r.Waiting())
		}
		if tries := ready.Load(); tries < 120 || tries > 130 {
			t.Errorf("tried %d times in an hour", tries)
		}
		s.away.Store(false)
		time.Sleep(maxPause)
		if last := r.lastSync("a"); last.State != control.Running || r.cursor("a") != "1" || !r.Waiting() {
			t.Errorf("in the middle: %s at cursor %s, waiting is %t", last.State, r.cursor("a"), r.Waiting())
		}
		time.Sleep(time.Hour)
		s.away.Store(false)
		time.Sleep(maxPause)
		first, err := r.db.Sync(t.Context(), 1)
		if err != nil || first.State != control.Done || first.Written.Inserted != 4 || r.Waiting() {
			t.Errorf("after it came back: %s, %+v, waiting is %t, %v", first.State, first.Written, r.Waiting(), err)
		}
		if got := r.keys(); !slices.Equal(got, []string{"DEV-1", "DEV-2", "DEV-3", "DEV-4"}) {
			t.Errorf("stored are %v", got)
		}
		stop()
	})
}

// A stop does not wait for the fact store.
func TestStopWhileAwaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, s := patient(t, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}})})
		defer r.close()
		r.connect("a")
		stop := r.running()
		s.away.Store(true)
		time.Sleep(time.Minute)
		began := time.Now()
		stop()
		if d := time.Since(began); d > 2*stopGrace {
			t.Errorf("stopped after %s", d)
		}
	})
}

// Who looks on is told after a while.
func TestForegroundGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var store *awayStore
		r, s := patient(t, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}, before: func() { store.away.Store(true) }})})
		store = s
		defer r.close()
		r.connect("a")
		began := time.Now()
		last, err := r.SyncOnce(t.Context(), "a", nil)
		if !errors.Is(err, delivery.ErrUnavailable) || last.State != control.Failed || last.Error.Text == "" {
			t.Errorf("%+v, %v", last, err)
		}
		if d := time.Since(began); d < 20*time.Second || d > time.Minute {
			t.Errorf("gave up after %s", d)
		}
	})
}

// What a source asks of the store it is told in full, once.
func TestKnownIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var known source.Known
		var seen []string // read once the worker has stopped
		kind := fakeKind(map[string]pullFunc{"a": func(ctx context.Context, _ source.Cursor) iter.Seq2[source.Page, error] {
			return func(yield func(source.Page, error) bool) {
				if !yield(page("a", step{issues: []string{"1", "2", "3"}}, 1, source.Progress{}), nil) {
					return
				}
				for issue, err := range known.IssueIDs(ctx, "a") {
					if err != nil {
						yield(source.Page{}, err)
						return
					}
					seen = append(seen, issue.ID)
				}
				if states, err := known.IssueStates(ctx, "a", []string{"2"}); err != nil || len(states) != 1 {
					t.Errorf("states %v, %v", states, err)
				}
			}
		}})
		r, s := patient(t, nil)
		defer r.close()
		open := kind.New
		kind.New = func(cfg source.Config, client *http.Client) (source.Source, error) {
			known = cfg.Known
			return open(cfg, client)
		}
		r.kinds = []source.Kind{kind}
		r.connect("a")
		s.breaks.Store(2)
		stop := r.running()
		time.Sleep(time.Minute)
		s.away.Store(false)
		time.Sleep(time.Minute)
		stop()
		if last := r.lastSync("a"); last.State != control.Done || !slices.Equal(seen, []string{"1", "2", "3"}) {
			t.Errorf("%s, seen %v, %s", last.State, seen, last.Error.Text)
		}
	})
}
