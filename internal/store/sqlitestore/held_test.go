package sqlitestore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// livesOf are the lives of a query, by number.
func livesOf(t *testing.T, l *lives, want delivery.LivesWanted) []delivery.Life {
	t.Helper()
	var out []delivery.Life
	err := l.Each(t.Context(), want, func(l *delivery.Life) {
		c := *l
		c.Stays = slices.Clone(l.Stays)
		out = append(out, c)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out, func(a, b delivery.Life) int { return int(a.ID - b.ID) })
	return out
}

// sameLives compares what is held with what is in the file, and reports how it was got.
func (s *Store) sameLives(t *testing.T, what string) *snapshot {
	t.Helper()
	var held *snapshot
	for _, q := range []delivery.FlowQuery{{}, {Filter: delivery.Filter{Queues: []string{"B"}}}, {Filter: delivery.Filter{Types: []string{"bug"}, Connections: []string{"x"}}}, {Filter: delivery.Filter{Queues: []string{"none"}}}} {
		for _, want := range []delivery.LivesWanted{delivery.AllLives(), {CreatedBefore: 5000, Open: true}, {CreatedBefore: delivery.Forever, ClosedFrom: 2000, ClosedTo: 6000, Stays: true}} {
			err := s.read(t.Context(), func(tx *sql.Tx) error {
				l, err := s.readLives(t.Context(), tx, &q)
				if err != nil {
					return err
				}
				held = l.held
				got := livesOf(t, l, want)
				l.held = nil
				if diff := cmp.Diff(livesOf(t, l, want), got); diff != "" {
					t.Errorf("%s: -in the file +held\n%s", what, diff)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return held
}

// wander is an issue with some history.
func wander(r *rand.Rand, n int) delivery.IssueRecord {
	status := func() delivery.Ref { return delivery.Ref{Key: []string{"open", "work", "done"}[r.IntN(3)]} }
	rec := delivery.IssueRecord{Replace: true, Issue: delivery.Issue{
		ID: fmt.Sprint(n), Key: fmt.Sprintf("A-%d", n), Queue: []string{"A", "B"}[r.IntN(2)], Type: delivery.Ref{Key: []string{"task", "bug"}[r.IntN(2)]},
		CreatedAt: delivery.Instant(1000 + r.IntN(1000)), UpdatedAt: 9000,
	}}
	from := status()
	for k := range r.IntN(6) {
		to := status()
		rec.Events = append(rec.Events, delivery.Event{ID: fmt.Sprint(n, "-", k), Ordinal: k, At: delivery.Instant(2000 + 1000*k + r.IntN(900)), Transition: &delivery.Transition{From: from, To: to}})
		from = to
	}
	rec.Status = from
	return rec
}

// TestHeldLives: what is held is what is in the file, whatever is written.
func TestHeldLives(t *testing.T) {
	s := openTest(t)
	r := rand.New(rand.NewPCG(1, 2))
	write := func(b delivery.Batch) {
		t.Helper()
		b.Connection = []string{"x", "y"}[len(b.Issues)%2]
		if _, err := s.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	dictionary := []delivery.Status{{Key: "work", Type: "inProgress"}, {Key: "done", Type: "done"}}
	write(delivery.Batch{Statuses: dictionary})
	write(delivery.Batch{Statuses: dictionary, Issues: []delivery.IssueRecord{wander(r, 0)}})
	if err := s.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	first := s.sameLives(t, "at first")
	for round := range 60 {
		b := delivery.Batch{}
		for range r.IntN(pageIssues / 4) {
			b.Issues = append(b.Issues, wander(r, r.IntN(20+30*round)))
		}
		switch round % 4 {
		case 1:
			for range 5 {
				b.Gone = append(b.Gone, fmt.Sprint(r.IntN(30*round)))
			}
		case 2:
			b = delivery.Batch{} // nothing of issues
			b.Runs = []delivery.Run{{Project: "p", ID: fmt.Sprint(round), Workflow: "CI", Status: delivery.RunSuccess, CreatedAt: 1000, StartedAt: 1000, FinishedAt: 2000, UpdatedAt: 2000, Attempt: 1}}
		}
		write(b)
		if round%3 == 0 {
			continue // several batches at once
		}
		held := s.sameLives(t, fmt.Sprint("round ", round))
		if held == nil || held == first {
			t.Fatalf("round %d: nothing new is held", round)
		}
	}
	if n := len(s.held.newest.pages); n < 2 {
		t.Errorf("only %d pages", n)
	}

	// Other meanings, worked in beside.
	if err := s.SetWorkflow(t.Context(), delivery.OneWorkflow(delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"work"}}})); err != nil {
		t.Fatal(err)
	}
	s.sameLives(t, "while other meanings are worked in")
	write(delivery.Batch{Issues: []delivery.IssueRecord{wander(r, 3)}})
	s.sameLives(t, "written meanwhile")
	if err := s.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.sameLives(t, "by other meanings")

	// Another process writes, and one that was cut off.
	if _, err := s.db.Writer.ExecContext(t.Context(), "UPDATE state SET version = version + 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Writer.ExecContext(t.Context(), "UPDATE flow SET closed_at = closed_at + 1 WHERE closed_at > 0"); err != nil {
		t.Fatal(err)
	}
	s.sameLives(t, "written by another process")
	bad := delivery.Batch{Issues: []delivery.IssueRecord{wander(r, 1), {Issue: delivery.Issue{ID: "bad", Custom: map[string]json.RawMessage{"x": json.RawMessage("{")}}}}}
	bad.Connection = "x"
	if _, err := s.Write(t.Context(), bad); err == nil {
		t.Fatal("broken JSON is stored")
	}
	s.sameLives(t, "after a write that failed")

	s.held.most = s.held.newest.size()
	write(delivery.Batch{Issues: []delivery.IssueRecord{wander(r, 3)}})
	if held := s.sameLives(t, "as many as are held"); held == nil {
		t.Error("they are not held")
	}
	write(delivery.Batch{Issues: []delivery.IssueRecord{wander(r, 1_000_000)}})
	if held := s.sameLives(t, "one more"); held != nil || !s.held.disabled() {
		t.Error("too many are held when they come one by one")
	}
}

// TestHeldNotAtAll: more than are held are not begun with.
func TestHeldNotAtAll(t *testing.T) {
	s := openTest(t)
	s.held.most = 3
	b := delivery.Batch{Connection: "x"}
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 4 {
		b.Issues = append(b.Issues, wander(r, n))
	}
	if _, err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if held := s.sameLives(t, "too many"); held != nil || !s.held.disabled() {
		t.Error("too many are held")
	}
}

// TestHeldForgets: what nobody asks for is not remembered without end.
func TestHeldForgets(t *testing.T) {
	var h held
	h.known(1, 1) // somebody asks
	h.keep(&snapshot{version: 1, generation: 1})
	for v := range int64(heldChanges) {
		h.wrote(v+2, []int64{v, v + 1})
	}
	if h.newest != nil || len(h.changes) > 0 || h.issues != 0 {
		t.Errorf("%d changes of %d issues are remembered", len(h.changes), h.issues)
	}
}
