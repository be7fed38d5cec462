package worker

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// learning is a source whose dictionary gives "closed" another type on every
// pull, the issue staying as it is.
func learning(types ...string) pullFunc {
	return func(_ context.Context, cursor source.Cursor) iter.Seq2[source.Page, error] {
		return func(yield func(source.Page, error) bool) {
			n := cursorAt(cursor)
			p := page("a", step{issues: []string{"1"}}, n+1, source.Progress{})
			p.Batch.Statuses = []delivery.Status{{Connection: "a", Key: "closed", Name: "Closed", Type: types[n]}}
			yield(p, nil)
		}
	}
}

func (r *rig) closedIssues() (n int) {
	for issue := range r.issues() {
		if issue.IsClosed() {
			n++
		}
	}
	return n
}

func TestStatusTypesLearnedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, map[string]pullFunc{"a": learning("inProgress", "done")})
		defer r.close()
		r.connect("a")
		stop := r.running()
		time.Sleep(time.Minute)
		if n := r.closedIssues(); n != 0 {
			t.Errorf("%d issues closed in a status of a type in progress", n)
		}
		time.Sleep(30 * time.Minute)
		if n := r.closedIssues(); n != 1 {
			t.Errorf("%d issues closed once the status is of type done", n)
		}
		stop()
	})
}

func TestStatusTypesLearnedInTheForeground(t *testing.T) {
	r := newRig(t, map[string]pullFunc{"a": learning("inProgress", "done")})
	defer r.close()
	r.connect("a")
	for want := range 2 {
		if _, err := r.SyncOnce(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		if n := r.closedIssues(); n != want {
			t.Errorf("after sync %d: %d issues closed, want %d", want+1, n, want)
		}
	}
}

// A workflow that another process stores is noticed without being told of it.
func TestWorkflowOfAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, map[string]pullFunc{"a": learning("inProgress", "inProgress")})
		defer r.close()
		r.connect("a")
		stop := r.running()
		time.Sleep(time.Minute)
		if err := r.db.SaveWorkflow(t.Context(), delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"closed"}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*maxIdle + time.Second)
		if n := r.closedIssues(); n != 1 {
			t.Errorf("%d issues closed by the new workflow", n)
		}
		stop()
	})
}
