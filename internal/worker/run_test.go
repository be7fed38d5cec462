package worker

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// running runs the worker until the test calls the function it returns.
func (r *rig) running() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		r := newRig(t, map[string]pullFunc{
			"a": func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
				at = append(at, time.Since(start))
				return script("a", step{issues: []string{"1"}})(ctx, cursor)
			},
		})
		defer r.close()
		stop := r.running()
		time.Sleep(45 * time.Second)
		r.connect("a") // nobody pokes: found at the next look
		time.Sleep(65 * time.Minute)
		if err := r.db.RunNow(t.Context(), "a", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.Poke()
		synctest.Wait()
		stop()
		want := []time.Duration{60 * time.Second, 31 * time.Minute, 61 * time.Minute, 65*time.Minute + 45*time.Second}
		if d := cmp.Diff(want, at); d != "" {
			t.Errorf("pulled at (-want +got):\n%s", d)
		}
	})
}

func TestFailuresBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		r := newRig(t, map[string]pullFunc{
			"a": func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
				at = append(at, time.Now())
				if len(at) == 4 {
					return script("a", step{issues: []string{"1"}})(ctx, cursor)
				}
				return script("a", step{err: errors.New("no route to host")})(ctx, cursor)
			},
		})
		defer r.close()
		r.connect("a")
		stop := r.running()
		time.Sleep(20 * time.Minute)
		stop()
		if len(at) != 4 {
			t.Fatalf("pulled at %v", at)
		}
		for i, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			if got := at[i+1].Sub(at[i]); got < want || got > want*6/5+minIdle {
				t.Errorf("try %d came %v after the one before, want %v and up to a fifth more", i+2, got, want)
			}
		}
		if c := r.connection("a"); c.Failures != 0 {
			t.Errorf("%d failures after success", c.Failures)
		}
	})
}

func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, total atomic.Int32
		busy := map[string]int{}
		var mu sync.Mutex
		pulls := map[string]pullFunc{}
		names := []string{"a", "b", "c", "d", "e", "f"}
		for _, name := range names {
			pulls[name] = func(ctx context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
				return func(yield func(source.Page, error) bool) {
					mu.Lock()
					busy[name]++
					if busy[name] > 1 {
						t.Errorf("%s is synced twice at a time", name)
					}
					mu.Unlock()
					most.Store(max(most.Load(), now.Add(1)))
					total.Add(1)
					time.Sleep(10 * time.Minute)
					now.Add(-1)
					mu.Lock()
					busy[name]--
					mu.Unlock()
					script(name, step{issues: []string{"1"}})(ctx, cursor)(yield)
				}
			}
		}
		r := newRig(t, pulls)
		defer r.close()
		r.connect(names...)
		stop := r.running()
		time.Sleep(time.Minute)
		r.Poke()
		time.Sleep(24 * time.Minute)
		stop()
		if most.Load() != maxSyncs || total.Load() != 6 {
			t.Errorf("%d at once, %d in all", most.Load(), total.Load())
		}
	})
}

// troubled is a store that can be made to misbehave.
type troubled struct {
	delivery.Store
	write   func(ctx context.Context, b delivery.Batch) (delivery.Written, error)
	rebuild func(ctx context.Context) error
	set     func(w delivery.Workflows)
}

func (s *troubled) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	if s.write == nil {
		return s.Store.Write(ctx, b)
	}
	return s.write(ctx, b)
}

func (s *troubled) SetWorkflow(ctx context.Context, w delivery.Workflows) error {
	if s.set != nil {
		s.set(w)
	}
	return s.Store.SetWorkflow(ctx, w)
}

func (s *troubled) Rebuilding(ctx context.Context) (bool, error) {
	if s.rebuild == nil {
		return s.Store.Rebuilding(ctx)
	}
	return true, nil
}

func (s *troubled) Rebuild(ctx context.Context, progress func(done, total int)) error {
	if s.rebuild == nil {
		return s.Store.Rebuild(ctx, progress)
	}
	return s.rebuild(ctx)
}

// TestStopFinishesPage: the worker is stopped while the store takes a page.
func TestStopFinishesPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, map[string]pullFunc{
			"a": script("a", step{issues: []string{"1"}}, step{issues: []string{"2"}}, step{issues: []string{"3"}}),
		})
		defer r.close()
		r.connect("a")
		ctx, cancel := context.WithCancel(context.Background())
		r.store = &troubled{Store: r.facts, write: func(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
			if b.Issues[0].ID == "2" {
				cancel()
				time.Sleep(stopGrace - time.Second)
				if ctx.Err() != nil {
					t.Error("the page in hand was cut off")
				}
			}
			return r.facts.Write(ctx, b)
		}}
		r.Run(ctx)
		s := r.lastSync("a")
		if s.State != control.Interrupted || s.Written.Inserted != 2 {
			t.Errorf("sync is %+v", s)
		}
		if got := r.cursor("a"); got != "2" {
			t.Errorf("cursor is %s", got)
		}
		due, err := r.db.Due(t.Context(), time.Now())
		if err != nil || len(due) != 1 {
			t.Errorf("due are %v, %v", due, err)
		}
	})
}

// TestStopDoesNotWaitForStore: a store that hangs is given up after stopGrace.
func TestStopDoesNotWaitForStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}})})
		defer r.close()
		r.connect("a")
		ctx, cancel := context.WithCancel(context.Background())
		r.store = &troubled{Store: r.facts, write: func(ctx context.Context, _ delivery.Batch) (delivery.Written, error) {
			cancel()
			<-ctx.Done()
			return delivery.Written{}, ctx.Err()
		}}
		start := time.Now()
		r.Run(ctx)
		if took := time.Since(start); took != stopGrace {
			t.Errorf("stopped after %v", took)
		}
		if s := r.lastSync("a"); s.State != control.Interrupted || r.cursor("a") != "" {
			t.Errorf("sync is %+v, cursor %q", s, r.cursor("a"))
		}
	})
}

func TestStoreDown(t *testing.T) {
	for _, c := range []struct {
		name   string
		fails  int
		state  control.SyncState
		cursor string
		text   string
	}{
		{"for a while", saveTries - 1, control.Done, "2", ""},
		{"for long", saveTries, control.Failed, "1", "the facts could not be stored: disk full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, map[string]pullFunc{"a": script("a", step{issues: []string{"1"}}, step{issues: []string{"2"}})})
				defer r.close()
				r.connect("a")
				left := c.fails
				r.store = &troubled{Store: r.facts, write: func(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
					if b.Issues[0].ID == "2" && left > 0 {
						left--
						return delivery.Written{}, errors.New("disk full")
					}
					return r.facts.Write(ctx, b)
				}}
				s, err := r.SyncOnce(t.Context(), "a", nil)
				if err != nil {
					t.Fatal(err)
				}
				if s.State != c.state || s.Error.Text != c.text || r.cursor("a") != c.cursor || left != 0 {
					t.Errorf("%+v, cursor %s, %d tries left", s, r.cursor("a"), left)
				}
			})
		})
	}
}

// TestKilled: a process that dies between a page and its cursor leaves a sync
// that the next process repeats, with the same result.
func TestKilled(t *testing.T) {
	steps := []step{{issues: []string{"1", "2"}}, {issues: []string{"3"}}, {issues: []string{"2", "4"}}}
	facts := func(r *rig) []delivery.ListedIssue {
		issues := slices.Collect(r.issues())
		for i := range issues {
			issues[i].Cursor = "" // holds numbers of the store's own
		}
		slices.SortFunc(issues, func(a, b delivery.ListedIssue) int { return len(a.ID) - len(b.ID) })
		return issues
	}
	undisturbed := newRig(t, map[string]pullFunc{"a": script("a", steps...)})
	defer undisturbed.close()
	undisturbed.connect("a")
	if _, err := undisturbed.SyncOnce(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	for dead := range steps {
		dir := filepath.Join(t.TempDir())
		killed := newRigIn(t, dir, map[string]pullFunc{"a": script("a", steps...)})
		killed.connect("a")
		c := killed.connection("a")
		s, err := killed.db.StartSync(t.Context(), c.ID, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for i, st := range steps[:dead+1] {
			p := page("a", st, i+1, source.Progress{})
			if _, err := killed.facts.Write(t.Context(), p.Batch); err != nil {
				t.Fatal(err)
			}
			if i == dead {
				break // died here
			}
			if err := killed.db.SaveProgress(t.Context(), s.ID, p.Cursor, p.Progress, delivery.Written{}, nil, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		killed.close()

		again := newRigIn(t, dir, map[string]pullFunc{"a": script("a", steps...)})
		if err := again.db.InterruptRunning(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if s, err := again.SyncOnce(t.Context(), "a", nil); err != nil || s.State != control.Done {
			t.Fatalf("%+v, %v", s, err)
		}
		if d := cmp.Diff(facts(undisturbed), facts(again)); d != "" {
			t.Errorf("killed in page %d (-undisturbed +killed):\n%s", dead, d)
		}
		again.close()
	}
}

func TestWorkflowChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer r.close()
		var set []int // closed statuses of each workflow that was set
		var rebuilds, interrupted int
		r.store = &troubled{
			Store: r.facts,
			set:   func(w delivery.Workflows) { set = append(set, len(w.At(0).Closed)) },
			rebuild: func(ctx context.Context) error {
				rebuilds++
				select {
				case <-time.After(time.Hour):
					return nil
				case <-ctx.Done():
					interrupted++
					return ctx.Err()
				}
			},
		}
		save := func(closed ...string) {
			t.Helper()
			if err := r.db.SaveWorkflow(t.Context(), delivery.Workflow{StatusLists: delivery.StatusLists{Closed: closed}}); err != nil {
				t.Fatal(err)
			}
			r.WorkflowChanged()
		}
		stop := r.running()
		time.Sleep(2 * time.Hour) // the one at the start ends
		save("closed")
		time.Sleep(time.Minute)
		save("closed", "resolved") // interrupts
		time.Sleep(2 * time.Hour)
		save("closed", "resolved", "done")
		time.Sleep(time.Minute)
		stop() // interrupts, too
		if want := []int{0, 0, 1, 2, 3}; !slices.Equal(set, want) {
			t.Errorf("workflows set with %v closed statuses, want %v", set, want)
		}
		if rebuilds != 4 || interrupted != 2 {
			t.Errorf("%d rebuilds, %d interrupted", rebuilds, interrupted)
		}
	})
}
