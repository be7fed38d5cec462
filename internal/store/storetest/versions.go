package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"throughline/internal/delivery"
)

// since adds a version to workflows.
func since(w delivery.Workflows, day string, next delivery.Workflow) delivery.Workflows {
	versions := append([]delivery.WorkflowVersion{}, w.Versions...)
	return delivery.Workflows{
		Versions: append(versions, delivery.WorkflowVersion{From: at(day), Workflow: next}), Teams: w.Teams,
	}
}

func testVersions(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04"),
		issue("2", "DEV-2", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-10"),
		issue("3", "DEV-3", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"),
		issue("4", "DEV-4", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-12"),
		issue("5", "DEV-5", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04", "closed@2026-03-11", "review@2026-03-13"),
	)
	same(t, "closed by type", s.closed(t), 2)
	version := s.version(t)

	// From 10 March on review closes and closed does not.
	wf := since(delivery.OneWorkflow(delivery.Workflow{}), "2026-03-10", closedLists("review"))
	s.setWorkflows(t, wf)
	s.rebuilding(t, true)
	same(t, "closed until it is done", s.closed(t), 2)
	s.reopen(t)
	s.rebuild(t)
	if s.version(t) == version {
		t.Error("the version is the same after a rebuild")
	}
	flows := map[string]delivery.Flow{}
	for _, i := range s.list(t, delivery.IssueQuery{Filter: ask().Filter}) {
		flows[i.Key] = i.Flow
	}
	flow := func(closed delivery.Instant, reopened int) delivery.Flow {
		return delivery.Flow{CreatedAt: at("2026-03-01"), FirstActiveAt: at("2026-03-02"), ClosedAt: closed, ReopenCount: reopened}
	}
	same(t, "flows", flows, map[string]delivery.Flow{
		"DEV-1": flow(0, 0),                // in review since before the day
		"DEV-2": flow(at("2026-03-10"), 0), // on the day
		"DEV-3": flow(at("2026-03-04"), 0), // as before
		"DEV-4": flow(0, 0),                // after the day
		"DEV-5": flow(at("2026-03-13"), 1), // reopened by what closed came to mean
	})
	s.write(t, issue("6", "DEV-6", "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-11"),
		issue("7", "DEV-7", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-09"))
	same(t, "new issues", s.closed(t), 5)
	same(t, "review is closed at the end of the range", s.classAt(t, "review", "2026-04-01"), delivery.Closed)
	same(t, "and was active before the day", s.classAt(t, "review", "2026-03-10"), delivery.Active)

	// Resolutions are left out by the day of closing.
	q := ask()
	q.Workflows = &delivery.Workflows{}
	*q.Workflows = since(delivery.OneWorkflow(delivery.Workflow{}), "2026-03-08", delivery.Workflow{ExcludedResolutions: []string{"duplicate"}})
	s.write(t,
		with(issue("8", "DEV-8", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-07"), resolved("duplicate")),
		with(issue("9", "DEV-9", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-08"), resolved("duplicate")))
	same(t, "left out", s.cycleTime(t, q).Excluded, map[string]int{delivery.ExcludedResolution: 1})
	same(t, "counted", s.cycleTime(t, q).Sample.N, 6)
}

// classAt is the class of a status of time in status in a range up to a day.
func (s *store) classAt(t *testing.T, key, to string) delivery.Class {
	t.Helper()
	q := ask(func(q *delivery.FlowQuery) { q.To = at(to) })
	for _, st := range s.timeInStatus(t, q).Statuses {
		if st.Key == key {
			return st.Class
		}
	}
	t.Fatalf("%s is not there", key)
	return 0
}

// testVersionsSame sets versions that change the class of no stay.
func testVersionsSame(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"),
		issue("2", "DEV-2", "open@2026-03-05", "inProgress@2026-03-06", "review@2026-03-09"),
	)
	one := delivery.OneWorkflow(delivery.Workflow{})
	for _, c := range []struct {
		name    string
		w       delivery.Workflows
		rebuild bool
	}{
		{"from a day after all", since(one, "2026-03-09 00:01", closedLists("review")), false},
		{"of what is not met again", since(one, "2026-03-05", closedLists("other")), false},
		{"from the last stay on", since(one, "2026-03-09", closedLists("review")), true},
		{"the same from another day", since(one, "2026-03-07", closedLists("review")), false},
		{"a third from a day to come", since(since(one, "2026-03-07", closedLists("review")), "2027-01-01", closedLists("open")), false},
		{"a version between that ends before it matters", since(since(one, "2026-03-05 12:00", closedLists("inProgress", "review")), "2026-03-06", closedLists("review")), false},
		{"one that does matter", since(since(one, "2026-03-06", closedLists("inProgress", "review")), "2026-03-07", closedLists("review")), true},
		{"no version at all", delivery.Workflows{}, true},
		{"is the one that says nothing", one, false},
	} {
		s.setWorkflows(t, c.w)
		if got, err := s.Rebuilding(t.Context()); got != c.rebuild || err != nil {
			t.Errorf("%s: rebuilding %v, %v", c.name, got, err)
		}
		s.rebuild(t)
		version := s.version(t)
		s.setWorkflows(t, c.w)
		same(t, c.name+": version", s.version(t), version)
	}
	disorder := since(since(one, "2026-03-07", closedLists("open")), "2026-03-06", closedLists("review"))
	if err := s.SetWorkflow(t.Context(), disorder); err == nil {
		t.Error("versions out of order are set")
	}
	if _, err := s.WhatIf(t.Context(), ask(), delivery.Supposition{Workflows: disorder}); err == nil {
		t.Error("versions out of order are supposed")
	}
	// What is to come is in force for what comes.
	s.setWorkflows(t, since(one, "2026-03-10", closedLists("limbo")))
	s.rebuild(t)
	s.write(t, issue("3", "DEV-3", "open@2026-03-01", "inProgress@2026-03-02", "limbo@2026-03-10"))
	same(t, "closed", s.closed(t), 2)
	s.rebuilding(t, false)
}

// testVersionsInterrupted ends in the middle of a rebuild, as a process might.
func testVersionsInterrupted(t *testing.T, s *store) {
	const issues = 2200
	var records []delivery.IssueRecord
	for n := range issues {
		day := 2 + n%20
		records = append(records, issue(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n), "open@2026-03-01", "inProgress@2026-03-01 12:00",
			fmt.Sprintf("review@2026-03-%02d", day)))
	}
	s.write(t, records...)
	s.setWorkflows(t, since(delivery.OneWorkflow(delivery.Workflow{}), "2026-03-12", closedLists("review")))
	for steps := 0; ; steps++ {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Rebuild(ctx, func(done, total int) {
			if done < total {
				cancel()
			}
		})
		cancel()
		if err == nil {
			if steps == 0 {
				t.Error("it was done in one go")
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		s.reopen(t)
		s.rebuilding(t, true)
		same(t, "by the former", s.closed(t), 0)
	}
	same(t, "those that began since the day", s.closed(t), issues/2)
}

func testTeamWorkflow(t *testing.T, s *store) {
	life := []string{"open@2026-03-01", "inProgress@2026-03-02", "limbo@2026-03-04"}
	s.write(t, issue("1", "DEV-1", life...), issue("2", "OPS-1", life...), issue("3", "OPS-2", life...))
	wf := delivery.OneWorkflow(delivery.Workflow{Teams: map[string]delivery.StatusLists{"A": {Closed: []string{"limbo"}}}})
	a := delivery.Team{Name: "A", Queues: delivery.Patterns{"O*"}}
	b := delivery.Team{Name: "B", Queues: delivery.Patterns{"OPS", "DEV"}}
	for _, c := range []struct {
		name    string
		teams   delivery.Teams
		rebuild bool
		closed  int
	}{
		{"a rule of no team", nil, false, 0},
		{"its team", delivery.Teams{a}, true, 2},
		{"what is no matter of queues", delivery.Teams{{Name: "A", Queues: delivery.Patterns{"O*"}, Calendar: "c", Repositories: delivery.Patterns{"x/*"}}}, false, 2},
		{"a queue that two teams share", delivery.Teams{a, b}, true, 0},
		{"under another name", delivery.Teams{{Name: "C", Queues: a.Queues}}, false, 0},
		{"of every queue", delivery.Teams{{Name: "A", Queues: delivery.Patterns{"**"}}}, true, 3},
		{"but one", delivery.Teams{{Name: "A", Queues: delivery.Patterns{"**", "!ops"}}}, true, 1},
	} {
		wf.Teams = c.teams
		s.setWorkflows(t, wf)
		if got, err := s.Rebuilding(t.Context()); got != c.rebuild || err != nil {
			t.Errorf("%s: rebuilding %v, %v", c.name, got, err)
		}
		s.rebuild(t)
		s.reopen(t)
		same(t, c.name, s.closed(t), c.closed)
	}
	s.write(t, issue("4", "OPS-4", life...), issue("5", "WEB-5", life...))
	same(t, "and of queues to come", s.closed(t), 2)
}
