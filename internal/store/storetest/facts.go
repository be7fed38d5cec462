package storetest

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

func testEmpty(t *testing.T, s *store) {
	c := s.cycleTime(t, ask())
	same(t, "cycle time", c, delivery.CycleTime{Sample: delivery.Sample{AsOf: at("2026-04-10")}}, cmpopts.EquateEmpty())
	trend := s.trend(t, ask())
	same(t, "buckets", len(trend.Buckets), 6)
	for _, b := range trend.Buckets {
		same(t, "bucket of nothing", b.Percentiles, delivery.Percentiles{})
	}
	same(t, "time in status", s.timeInStatus(t, ask()),
		delivery.TimeInStatus{Sample: delivery.Sample{AsOf: at("2026-04-10")}}, cmpopts.EquateEmpty())
	same(t, "list", len(s.list(t, delivery.IssueQuery{Filter: ask().Filter})), 0)
	same(t, "ids", len(s.ids(t, tracker)), 0)
	same(t, "states", len(s.states(t, "1")), 0)
	if f, err := s.Facets(t.Context()); err != nil || len(f.Connections)+len(f.Queues)+len(f.Types) != 0 {
		t.Errorf("facets: %v, %v", f, err)
	}
	if u, err := s.StatusesInUse(t.Context()); err != nil || len(u) != 0 {
		t.Errorf("statuses: %v, %v", u, err)
	}
	if _, err := s.Issue(t.Context(), "DEV-1"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("issue: %v, want not found", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
	version := s.version(t)
	same(t, "empty batch", s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"1"}}), delivery.Written{})
	same(t, "version", s.version(t), version)
	s.rebuild(t)
}

// everyField is an issue in which nothing is zero.
func everyField() delivery.IssueRecord {
	points := 2.5
	rec := issue("5f00000000000000000000a1", "DEV-1", "open@2026-03-02 10:00", "inProgress@2026-03-03 11:00")
	i := &rec.Issue
	i.Title = "Обед <b>по расписанию</b> & прочее"
	i.Aliases = []string{"OLD-7", "ANCIENT-1"}
	i.Priority = delivery.Ref{ID: "2", Key: "critical", Name: "Критичный"}
	i.Resolution = delivery.Ref{ID: "3", Key: "fixed", Name: "Решён"}
	i.Project = delivery.Ref{ID: "p", Name: "Project"}
	i.Assignee, i.Author = delivery.Ref{ID: "10", Key: "ada", Name: "Ada"}, delivery.Ref{ID: "11", Name: "Боб"}
	i.QAEngineer = delivery.Ref{ID: "12", Name: "Eve"}
	i.Tags, i.Components, i.Sprints = []string{"b", "a"}, []string{"core"}, []string{"Sprint 1", "Sprint 2"}
	i.StoryPoints = &points
	i.Deadline = delivery.Date{Year: 2026, Month: 5, Day: 1}
	i.StartDate, i.EndDate = delivery.Date{Year: 2026, Month: 3, Day: 1}, delivery.Date{Year: 2026, Month: 4, Day: 30}
	i.ParentKey, i.EpicKey, i.Comments, i.URL = "DEV-2", "DEV-3", 4, "https://tracker.example.com/DEV-1"
	i.Custom = map[string]json.RawMessage{"severity": json.RawMessage(`{"key":"<high>"}`), "customers": json.RawMessage(`["a","b"]`)}
	i.Version, i.ResolvedAt = 17, at("2026-03-03 10:00")
	rec.Fingerprint = 1<<64 - 1
	rec.Full = true
	rec.Events = append(rec.Events, delivery.Event{
		ID: "zz", Ordinal: 1, At: at("2026-03-04"), Type: "IssueMoved", Transport: "api", Moved: true,
		Actor: delivery.Ref{ID: "9", Key: "cyd", Name: "Cyd"},
		Fields: []delivery.FieldChange{
			{Field: "queue", From: json.RawMessage(`{"key":"OLD"}`), To: json.RawMessage(`{"key":"DEV"}`)},
			{Field: "tags", From: json.RawMessage(`null`), To: json.RawMessage(`["a","b"]`)},
		},
	}, delivery.Event{
		ID: "zzz", Ordinal: 2, At: at("2026-03-05"), Type: "IssueCreated",
		Transition: &delivery.Transition{
			From: delivery.Ref{ID: "1", Key: "inProgress", Name: "В работе"}, To: status("inProgress"),
			FromStartedAt: at("2026-03-03 11:00"), ToStartedAt: at("2026-03-05"),
		},
		Fields: []delivery.FieldChange{},
	})
	i.StatusStartedAt, i.UpdatedAt = at("2026-03-05"), at("2026-03-06")
	return rec
}

func testRoundTrip(t *testing.T, s *store) {
	rec := everyField()
	same(t, "written", s.write(t, rec), delivery.Written{Inserted: 1})
	same(t, "issue", s.issue(t, "DEV-1"), delivery.IssueDetail{Issue: rec.Issue, Full: true, Events: rec.Events})
	listed := s.list(t, delivery.IssueQuery{Filter: ask().Filter})
	same(t, "listed", len(listed), 1)
	same(t, "listed issue", listed[0].Issue, rec.Issue)
	same(t, "flow", listed[0].Flow, delivery.Flow{CreatedAt: at("2026-03-02 10:00"), FirstActiveAt: at("2026-03-03 11:00")})
	same(t, "moved", []any{listed[0].MovedAt, listed[0].MovedBy}, []any{at("2026-03-04"), delivery.Ref{ID: "9", Key: "cyd", Name: "Cyd"}})

	bare := delivery.IssueRecord{Issue: delivery.Issue{Connection: tracker, ID: "2", CreatedAt: at("2026-03-01")}}
	same(t, "written", s.write(t, bare), delivery.Written{Inserted: 1})
	same(t, "bare issue", s.list(t, delivery.IssueQuery{Filter: ask().Filter})[0].Issue, bare.Issue)
}

func testWrittenTwice(t *testing.T, s *store) {
	records := company(40)
	same(t, "first", s.write(t, records...), delivery.Written{Inserted: 40})
	version, facts := s.version(t), s.dump(t)
	same(t, "again", s.write(t, records...), delivery.Written{Unchanged: 40})
	same(t, "version", s.version(t), version)
	same(t, "facts", s.dump(t), facts)

	records[3].Title = "Another"
	records[4].Fingerprint++
	same(t, "two changed", s.write(t, records...), delivery.Written{Updated: 2, Unchanged: 38})
	if s.version(t) == version {
		t.Error("the version is the same after a change")
	}
}

func testAnyOrder(t *testing.T, s *store) {
	records := company(40)
	s.write(t, records...)
	want := s.dump(t)

	other := &store{Store: s.o.Open(t), o: s.o}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	shuffled := slices.Clone(records)
	slices.Reverse(shuffled)
	for i := range shuffled {
		events := slices.Clone(shuffled[i].Events)
		slices.Reverse(events)
		shuffled[i].Events = append(events, events...)
	}
	other.write(t, shuffled[:25]...)
	other.write(t, shuffled[15:]...)
	other.write(t, shuffled[20:30]...)
	same(t, "facts", other.dump(t), want)
}

func testTail(t *testing.T, s *store) {
	whole := company(40)
	s.write(t, whole...)
	want := s.dump(t)

	other := &store{Store: s.o.Open(t), o: s.o}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, rec := range whole {
		// What the source said when half of the changelog had happened.
		before := rec
		before.Events = rec.Events[:len(rec.Events)/2]
		if n := len(before.Events); n < len(rec.Events) {
			before.Status = rec.Events[n].Transition.From
			before.StatusStartedAt, before.Fingerprint = 0, 1
			before.Resolution, before.ResolvedAt = delivery.Ref{}, 0
		}
		other.write(t, before)
	}
	other.reopen(t) // nothing of the first half is in memory
	for _, rec := range whole {
		tail := rec
		tail.Replace, tail.Events = false, rec.Events[len(rec.Events)/2:]
		other.write(t, tail)
	}
	same(t, "facts", other.dump(t), want)

	// Nothing new in the changelog: its events stay.
	rec := whole[0]
	rec.Events, rec.Replace, rec.Title = nil, false, "Another"
	same(t, "title only", other.write(t, rec), delivery.Written{Updated: 1})
	same(t, "events", other.issue(t, rec.Key).Events, whole[0].Events, cmpopts.EquateEmpty())
	same(t, "same title", other.write(t, rec), delivery.Written{Unchanged: 1})
}

func testReplace(t *testing.T, s *store) {
	rec := issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05")
	s.write(t, rec)
	same(t, "cycle time", *s.cycleTime(t, ask()).P50, 2.0*day)

	// The source has dropped the first event and moved the other.
	rec.Events = slices.Clone(rec.Events[1:])
	rec.Events[0].At = at("2026-03-06")
	rec.Events[0].Transition = &delivery.Transition{From: status("inProgress"), To: status("closed")}
	rec.StatusStartedAt = at("2026-03-06")
	same(t, "written", s.write(t, rec), delivery.Written{Updated: 1})
	same(t, "events", s.issue(t, "DEV-1").Events, rec.Events)
	same(t, "cycle time", *s.cycleTime(t, ask()).P50, 4.0*day)
}

func testFull(t *testing.T, s *store) {
	full := func(want bool) {
		t.Helper()
		if got := s.issue(t, "DEV-1").Full; got != want {
			t.Errorf("full: %v, want %v", got, want)
		}
		if got := s.states(t, "1")["1"].Full; got != want {
			t.Errorf("full by state: %v, want %v", got, want)
		}
	}
	whole := issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05")
	tail := with(whole, func(r *delivery.IssueRecord) { r.Replace, r.Full, r.Events = false, true, r.Events[1:] })

	s.write(t, whole)
	full(false)
	s.write(t, tail) // does not make up for what was left out
	full(false)
	s.write(t, with(whole, func(r *delivery.IssueRecord) { r.Full = true }))
	full(true)
	s.write(t, tail)
	full(true)
	s.write(t, with(tail, func(r *delivery.IssueRecord) { r.Full, r.Events = false, nil }))
	full(true)
	s.write(t, with(tail, func(r *delivery.IssueRecord) { r.Full = false }))
	full(false)
}

func testStates(t *testing.T, s *store) {
	closed := with(issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05"), resolved("fixed"))
	closed.Version = 9
	fresh := issue("2", "OPS-1", "open@2026-03-04")
	s.write(t, closed, fresh)
	s.batch(t, delivery.Batch{Connection: "other", Issues: []delivery.IssueRecord{issue("3", "X-1", "open@2026-03-04")}})

	got := s.states(t, "1", "2", "3", "4")
	same(t, "states", got, map[string]delivery.IssueState{
		"1": {
			ID: "1", Key: "DEV-1", Queue: "DEV", Version: 9, UpdatedAt: at("2026-03-05"), StatusStartedAt: at("2026-03-05"),
			StatusKey: "closed", Fingerprint: closed.Fingerprint, Events: 2, LastEventID: "1-e01", LastOrdinal: 1,
		},
		"2": {
			ID: "2", Key: "OPS-1", Queue: "OPS", UpdatedAt: at("2026-03-04"), StatusStartedAt: at("2026-03-04"),
			StatusKey: "open", Fingerprint: fresh.Fingerprint, LastOrdinal: -1,
		},
	})
	same(t, "ids", s.ids(t, tracker), []string{"1 DEV-1", "2 OPS-1"})
	same(t, "no ids", len(s.states(t)), 0)
	for st, err := range s.IssueIDs(t.Context(), tracker) {
		same(t, "first of the ids", []any{st.ID, err}, []any{"1", nil})
		break
	}
}

func testMoved(t *testing.T, s *store) {
	before := issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05")
	s.write(t, before, issue("2", "DEV-2", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-04"))

	moved := before
	moved.Key, moved.Queue, moved.Fingerprint = "OPS-9", "OPS", 1
	moved.Events = append(slices.Clone(before.Events), delivery.Event{
		ID: "1-m", Ordinal: 2, At: at("2026-03-08"), Type: "IssueMoved", Moved: true, Actor: delivery.Ref{ID: "8", Name: "Bea"},
	})
	same(t, "written", s.write(t, moved), delivery.Written{Updated: 1})

	same(t, "counted once", s.cycleTime(t, ask()).Sample.N, 2)
	same(t, "in the old queue", s.cycleTime(t, ask(func(q *delivery.FlowQuery) { q.Queues = []string{"DEV"} })).Sample.N, 1)
	same(t, "in the new queue", s.cycleTime(t, ask(func(q *delivery.FlowQuery) { q.Queues = []string{"OPS"} })).Sample.N, 1)
	same(t, "ids", s.ids(t, tracker), []string{"1 OPS-9", "2 DEV-2"})
	same(t, "by old key", s.issue(t, "DEV-1").Key, "OPS-9")
	same(t, "former keys", s.issue(t, "OPS-9").Aliases, []string{"DEV-1"})
	listed := s.list(t, delivery.IssueQuery{Filter: delivery.Filter{From: at("2026-03-01"), To: at("2026-04-01"), Queues: []string{"OPS"}}})
	same(t, "listed", len(listed), 1)
	same(t, "moved", []any{listed[0].MovedAt, listed[0].MovedBy, listed[0].Aliases},
		[]any{at("2026-03-08"), delivery.Ref{ID: "8", Name: "Bea"}, []string{"DEV-1"}})
}

func testAliases(t *testing.T, s *store) {
	rec := issue("1", "DEV-1", "open@2026-03-02")
	rec.Aliases = []string{"OLD-1", "DEV-1"}
	s.write(t, rec, issue("2", "DEV-2", "open@2026-03-02"))
	same(t, "by alias", s.issue(t, "OLD-1").ID, "1")

	// Back and forth, and the old key taken by another.
	rec.Key = "NEW-1"
	s.write(t, rec)
	same(t, "by former key", s.issue(t, "DEV-1").ID, "1")
	s.write(t, issue("3", "DEV-1", "open@2026-03-09"))
	same(t, "a current key wins", s.issue(t, "DEV-1").ID, "3")
	rec.Key = "DEV-1"
	s.write(t, rec)
	same(t, "by the key between", s.issue(t, "NEW-1").ID, "1")
	same(t, "former keys", s.issue(t, "NEW-1").Aliases, []string{"OLD-1", "DEV-1", "NEW-1"})
	if _, err := s.Issue(t.Context(), "DEV"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("part of a key: %v", err)
	}
}

func testGone(t *testing.T, s *store) {
	one := issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05")
	one.Aliases = []string{"OLD-1"}
	two := issue("2", "DEV-2", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-04")
	s.write(t, one, two)
	want := s.dump(t)

	gone := delivery.Batch{Connection: tracker, Gone: []string{"1", "404"}}
	same(t, "gone", s.batch(t, gone), delivery.Written{Gone: 1})
	version := s.version(t)
	same(t, "gone again", s.batch(t, gone), delivery.Written{})
	same(t, "of another connection", s.batch(t, delivery.Batch{Connection: "other", Gone: []string{"2"}}), delivery.Written{})
	same(t, "version", s.version(t), version)

	for _, key := range []string{"DEV-1", "OLD-1"} {
		if _, err := s.Issue(t.Context(), key); !errors.Is(err, delivery.ErrNotFound) {
			t.Errorf("%s: %v, want not found", key, err)
		}
	}
	same(t, "cycle time", s.cycleTime(t, ask()).Sample.N, 1)
	same(t, "time in status", s.timeInStatus(t, ask()).N, 1)
	same(t, "list", len(s.list(t, delivery.IssueQuery{Filter: ask().Filter})), 1)
	same(t, "ids", s.ids(t, tracker), []string{"2 DEV-2"})
	if f, err := s.Facets(t.Context()); err != nil || f.Queues[0].Count != 1 {
		t.Errorf("facets: %v, %v", f, err)
	}
	if u, err := s.StatusesInUse(t.Context()); err != nil || len(u) != 3 || u[0].Visits != 1 {
		t.Errorf("statuses: %v, %v", u, err)
	}
	states := s.states(t, "1", "2")
	same(t, "gone by state", []bool{states["1"].Gone, states["2"].Gone}, []bool{true, false})
	same(t, "its events", states["1"].Events, 2)

	same(t, "back", s.write(t, one), delivery.Written{Updated: 1})
	same(t, "facts", s.dump(t), want)
}

func testAtomic(t *testing.T, s *store) {
	s.write(t, issue("1", "DEV-1", "open@2026-03-02"))
	version, facts := s.version(t), s.dump(t)
	bad := issue("3", "DEV-3", "new status@2026-03-02")
	bad.Custom = map[string]json.RawMessage{"field": json.RawMessage(`{"cut`)}
	_, err := s.Write(t.Context(), delivery.Batch{
		Connection: tracker, Gone: []string{"1"},
		Statuses: []delivery.Status{{Connection: tracker, Key: "open", Name: "Other", Type: "done"}},
		Issues:   []delivery.IssueRecord{issue("2", "DEV-2", "limbo@2026-03-02", "another@2026-03-04"), bad},
	})
	if err == nil {
		t.Fatal("broken JSON was stored")
	}
	same(t, "version", s.version(t), version)
	same(t, "facts", s.dump(t), facts)
	bad.Custom = nil
	same(t, "mended", s.write(t, issue("2", "DEV-2", "limbo@2026-03-02", "another@2026-03-04"), bad), delivery.Written{Inserted: 2})
	same(t, "status", s.issue(t, "DEV-2").Status.Key, "another")
}

func testPersistent(t *testing.T, s *store) {
	s.write(t, company(20)...)
	s.setWorkflow(t, delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{"ready"}}})
	s.rebuild(t)
	version, facts, identity := s.version(t), s.dump(t), identityOf(t, s)
	if identity == "" {
		t.Error("the store has no identity")
	}
	s.reopen(t)
	same(t, "version", s.version(t), version)
	same(t, "identity", identityOf(t, s), identity)
	same(t, "facts", s.dump(t), facts)
	same(t, "again", s.write(t, company(20)...), delivery.Written{Unchanged: 20})
}

func identityOf(t *testing.T, s *store) string {
	t.Helper()
	id, err := s.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return id
}
