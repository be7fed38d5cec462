package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"throughline/internal/delivery"
)

// closedLists makes statuses closed and leaves the rest to their types.
func closedLists(keys ...string) delivery.Workflow {
	return delivery.Workflow{StatusLists: delivery.StatusLists{Closed: keys}}
}

// closed is how many issues are closed in March.
func (s *store) closed(t *testing.T) int {
	t.Helper()
	return s.cycleTime(t, ask()).Sample.N
}

func testWorkflow(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04", "closed@2026-03-07"),
		issue("2", "DEV-2", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-05"),
		issue("3", "DEV-3", "open@2026-03-01", "ready@2026-03-02", "inProgress@2026-03-05", "rejected@2026-03-07"),
	)
	same(t, "closed by type", s.closed(t), 2)
	version := s.version(t)

	// Review ends the work, rejected does not any more, ready begins it.
	wf := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"review", "closed"}, Active: []string{"ready", "inProgress"}}}
	s.setWorkflow(t, wf)
	s.rebuilding(t, true)
	same(t, "closed until it is done", s.closed(t), 2)
	same(t, "class until it is done", s.timeInStatus(t, ask()).Statuses[3].Class, delivery.Active)
	s.rebuild(t)

	got := s.cycleTime(t, ask())
	same(t, "closed", got.Sample.N, 2)
	same(t, "points", []any{got.Points[0].Key, got.Points[0].Seconds, got.Points[1].Key, got.Points[1].Seconds},
		[]any{"DEV-1", int64(2 * day), "DEV-2", int64(3 * day)})
	listed := s.list(t, delivery.IssueQuery{Filter: ask().Filter})
	same(t, "open again", listed[2].Flow, delivery.Flow{CreatedAt: at("2026-03-01"), FirstActiveAt: at("2026-03-02")})
	for _, st := range s.timeInStatus(t, ask()).Statuses {
		same(t, st.Key, st.Class, wf.Class("DEV", "", st.Key, ""))
	}
	if s.version(t) == version {
		t.Error("the version is the same after a rebuild")
	}
	s.reopen(t)
	same(t, "reopened", s.closed(t), 2)
	s.write(t, issue("4", "DEV-4", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-05"))
	same(t, "a new issue", s.closed(t), 3)
}

func testWorkflowSame(t *testing.T, s *store) {
	s.write(t, issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"))
	// What the types say anyway, and statuses that are nowhere.
	wf := delivery.Workflow{
		StatusLists:         delivery.StatusLists{Closed: []string{"closed", "released"}, Active: []string{"inProgress", "testing"}},
		ExcludedResolutions: []string{"duplicate"},
		Queues:              map[string]delivery.StatusLists{"OPS": {Closed: []string{"open"}}},
	}
	s.setWorkflow(t, wf)
	s.rebuilding(t, false)
	version := s.version(t)
	s.setWorkflow(t, wf)
	same(t, "version", s.version(t), version)
	// It is in force for what comes.
	s.write(t, issue("2", "DEV-2", "open@2026-03-01", "testing@2026-03-02", "released@2026-03-05"),
		issue("3", "OPS-1", "inProgress@2026-03-01", "open@2026-03-05"))
	same(t, "closed", s.closed(t), 3)
	s.rebuilding(t, false)

	// Before there was any issue, every workflow is in force at once.
	empty := &store{Store: s.o.Open(t), o: s.o}
	defer func() {
		if err := empty.Close(); err != nil {
			t.Error(err)
		}
	}()
	empty.setWorkflow(t, closedLists("review"))
	empty.rebuilding(t, false)
	empty.write(t, issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04"))
	same(t, "closed", empty.closed(t), 1)
}

func testWorkflowQueues(t *testing.T, s *store) {
	life := []string{"open@2026-03-01", "inProgress@2026-03-02", "limbo@2026-03-04"}
	s.write(t, issue("1", "DEV-1", life...), issue("2", "OPS-1", life...), issue("3", "OPS-2", life...))
	wf := delivery.Workflow{Queues: map[string]delivery.StatusLists{"OPS": {Closed: []string{"limbo"}}}}
	s.setWorkflow(t, wf)
	s.rebuild(t)
	same(t, "closed", s.closed(t), 2)
	// Both queues together: limbo is what it is for most of its issues.
	same(t, "class of two queues", s.timeInStatus(t, ask()).Statuses[1].Class, delivery.Waiting) // not left yet in OPS
	s.write(t, with(issue("1", "OPS-9", life...), func(r *delivery.IssueRecord) { r.Fingerprint++ }))
	same(t, "moved into the queue", s.closed(t), 3)
	s.write(t, issue("4", "OPS-4", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"))
	same(t, "not in the list", s.closed(t), 3)
	wf.Queues["OPS"] = delivery.StatusLists{}
	s.setWorkflow(t, wf)
	s.rebuild(t)
	same(t, "without a list, by its type", s.closed(t), 1)
	// A list that is empty is not one that is left out.
	wf.Queues["OPS"] = delivery.StatusLists{Closed: []string{}}
	s.setWorkflow(t, wf)
	s.reopen(t)
	s.rebuild(t)
	same(t, "none closed", s.closed(t), 0)
}

// testExclusionsRebuilt asks with the workflow that is being worked in: numbers
// are by the one before in every respect.
func testExclusionsRebuilt(t *testing.T, s *store) {
	life := []string{"open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04", "closed@2026-03-06"}
	s.write(t, with(issue("1", "DEV-1", life...), resolved("fixed")), with(issue("2", "DEV-2", life...), resolved("duplicate")))
	before, after := closedLists("closed"), closedLists("review", "closed")
	before.ExcludedResolutions, after.ExcludedResolutions = []string{"duplicate"}, []string{"fixed", "duplicate"}
	s.setWorkflow(t, before)
	s.rebuild(t)
	s.setWorkflow(t, after)
	s.rebuilding(t, true)
	q := ask(func(q *delivery.FlowQuery) { excluding(q, after.ExcludedResolutions...) })
	got := s.cycleTime(t, q)
	same(t, "measured by the workflow before", got.Sample.N, 1)
	same(t, "left out by the workflow before", got.Excluded, map[string]int{delivery.ExcludedResolution: 1})
	s.rebuild(t)
	got = s.cycleTime(t, q)
	same(t, "measured by the new one", got.Sample.N, 0)
	same(t, "left out by the new one", got.Excluded, map[string]int{delivery.ExcludedResolution: 2})
}

// testWorkflowWrites writes while a rebuild is waiting.
func testWorkflowWrites(t *testing.T, s *store) {
	life := []string{"open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04"}
	s.write(t, issue("1", "DEV-1", life...), issue("2", "DEV-2", life...), issue("3", "DEV-3", life...))
	s.setWorkflow(t, closedLists("review"))
	s.write(t, issue("4", "DEV-4", life...), issue("1", "DEV-1", append(life, "closed@2026-03-06")...))
	s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"3"}})
	s.rebuilding(t, true)
	same(t, "by the workflow before", s.closed(t), 1) // DEV-1 in closed
	s.reopen(t)
	s.rebuilding(t, true)
	s.rebuild(t)
	// By the new one closed is active, so DEV-1 is open again.
	same(t, "by the new workflow", s.closed(t), 2)
	same(t, "keys", keys(s.list(t, delivery.IssueQuery{Filter: ask().Filter, State: delivery.ListClosed})), []string{"DEV-2", "DEV-4"})
	s.write(t, issue("3", "DEV-3", life...))
	same(t, "back again", s.closed(t), 3)
}

func testStatusTypes(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "unheard@2026-03-04"),
		issue("2", "DEV-2", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"),
	)
	same(t, "closed", s.closed(t), 1)
	types := func(statuses ...delivery.Status) {
		t.Helper()
		s.batch(t, delivery.Batch{Connection: tracker, Statuses: statuses})
		s.rebuild(t)
	}
	types(delivery.Status{Connection: tracker, Key: "unheard", Name: "Heard", Type: "done", Order: 9})
	same(t, "a known status gets a type", s.closed(t), 2)
	version := s.version(t)
	types(delivery.Status{Connection: tracker, Key: "unheard", Name: "Heard", Type: "done", Order: 9})
	same(t, "version", s.version(t), version)
	types(delivery.Status{Connection: tracker, Key: "closed", Name: "Closed", Type: "paused", Order: 6})
	same(t, "another type", s.closed(t), 1)
	s.batch(t, delivery.Batch{Connection: "other", Statuses: []delivery.Status{{Connection: "other", Key: "unheard", Type: "new"}}})
	s.rebuilding(t, false)
	same(t, "a type in another connection", s.closed(t), 1)

	// A workflow and a type that change together, and a write between.
	s.setWorkflow(t, delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{"open"}}})
	s.batch(t, delivery.Batch{Connection: tracker, Statuses: []delivery.Status{{Connection: tracker, Key: "closed", Name: "Closed", Type: "done", Order: 6}}})
	s.write(t, issue("3", "DEV-3", "open@2026-03-01", "closed@2026-03-02"))
	same(t, "until it is done", s.closed(t), 1)
	s.rebuild(t)
	same(t, "both", s.closed(t), 3)
	same(t, "from open on", *s.cycleTime(t, ask()).P95, 3.0*day, near())
}

// testInterrupted stops a rebuild after its first step, more than once.
func testInterrupted(t *testing.T, s *store) {
	const issues = 2500
	var records []delivery.IssueRecord
	for n := range issues {
		records = append(records, issue(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n), "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04"))
	}
	s.write(t, records...)
	s.setWorkflow(t, closedLists("review"))

	for want := 0; ; {
		ctx, cancel := context.WithCancel(t.Context())
		done, total := 0, 0
		err := s.Rebuild(ctx, func(d, all int) {
			if d < want {
				t.Errorf("the rebuild began again: %d done, %d before", d, want)
			}
			done, total, want = d, all, d
			cancel()
		})
		cancel()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("rebuild: %v", err)
		}
		same(t, "total", total, issues)
		s.reopen(t)
		if done < total {
			s.rebuilding(t, true)
			same(t, "closed until it is done", s.closed(t), 0)
			same(t, "class until it is done", s.timeInStatus(t, ask()).Statuses[2].Class, delivery.Active)
		}
	}
	s.rebuilding(t, false)
	same(t, "closed", s.closed(t), issues)
}

// testOvertaken changes the workflow again while a rebuild is half done.
func testOvertaken(t *testing.T, s *store) {
	const issues = 1500
	var records []delivery.IssueRecord
	for n := range issues {
		records = append(records, issue(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n), "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04"))
	}
	s.write(t, records...)
	half := func() {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if err := s.Rebuild(ctx, func(int, int) { cancel() }); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("rebuild: %v", err)
		}
	}
	s.setWorkflow(t, closedLists("review"))
	half()
	s.setWorkflow(t, delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"review"}, Active: []string{"open"}}})
	half()
	same(t, "closed by the first workflow", s.closed(t), 0)
	s.rebuild(t)
	got := s.cycleTime(t, ask())
	same(t, "closed", got.Sample.N, issues)
	same(t, "from open on", *got.P50, 3.0*day)

	// Back to what is in force: there is nothing to wait for.
	inForce := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"review"}, Active: []string{"open"}}}
	s.setWorkflow(t, closedLists("inProgress"))
	half()
	s.setWorkflow(t, inForce)
	same(t, "closed", s.closed(t), issues)
	s.rebuild(t)
	same(t, "closed", s.closed(t), issues)
	same(t, "time in status", s.timeInStatus(t, ask()).N, issues)
}
