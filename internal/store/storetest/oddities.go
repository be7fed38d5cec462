package storetest

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

func (s *store) oddities(t *testing.T, q delivery.FlowQuery) delivery.Oddities {
	t.Helper()
	r, err := s.Oddities(t.Context(), q)
	if err != nil {
		t.Fatalf("oddities: %v", err)
	}
	return r
}

// named are odd issues by key, as "KEY reason day n".
func (s *store) named(t *testing.T, odd []delivery.OddIssue) []string {
	t.Helper()
	var ids []int64
	for _, o := range odd {
		ids = append(ids, o.ID)
	}
	issues, err := s.IssuesNumbered(t.Context(), ids)
	if err != nil {
		t.Fatalf("issues by number: %v", err)
	}
	var out []string
	for _, o := range odd {
		text := issues[o.ID].Key
		if o.Reason != "" {
			text += " " + o.Reason
		}
		out = append(out, text+" "+o.At.String()[:10]+[]string{"", "", " twice", " three times"}[min(o.N, 3)])
	}
	return out
}

// hidden makes the n-th event of an issue leave a status that no event entered.
func hidden(n int, from, since string) func(*delivery.IssueRecord) {
	return func(r *delivery.IssueRecord) {
		r.Events[n].Transition.From = status(from)
		if since != "" {
			r.Events[n].Transition.FromStartedAt = at(since)
		}
	}
}

func oddIssues() []delivery.IssueRecord {
	return []delivery.IssueRecord{
		issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-05"),
		with(issue("2", "DEV-2", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-09"), hidden(1, "review", "2026-03-06")),
		with(issue("3", "OPS-1", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-03-09", "open@2026-03-10"), func(r *delivery.IssueRecord) {
			hidden(1, "review", "")(r) // when it began is not told
			r.Status, r.StatusStartedAt, r.UpdatedAt = status("ready"), at("2026-03-20"), at("2026-03-20")
		}),
		// Hidden before the range and after it, and found out in it.
		with(issue("4", "DEV-4", "open@2026-02-02", "inProgress@2026-02-03", "closed@2026-03-09"), hidden(1, "review", "2026-02-06")),
		with(issue("5", "DEV-5", "open@2026-03-02", "inProgress@2026-03-03", "closed@2026-04-09"), hidden(1, "review", "2026-04-02")),
		// A clock that ran backwards, and two changes of one moment, which is nothing.
		with(issue("6", "DEV-6", "open@2026-03-02", "inProgress@2026-03-12", "closed@2026-03-13"), func(r *delivery.IssueRecord) {
			r.Events[1].Transition.ToStartedAt, r.StatusStartedAt = at("2026-03-11"), at("2026-03-11")
		}),
		issue("7", "DEV-7", "open@2026-03-02", "inProgress@2026-03-12 10:00", "closed@2026-03-12 10:00"),
		// Before it was created, by the event and by the resolution.
		with(issue("8", "DEV-8", "open@2026-03-02", "closed@2026-03-04"), func(r *delivery.IssueRecord) {
			r.Events[0].Transition.ToStartedAt, r.StatusStartedAt = at("2026-03-01"), at("2026-03-01")
		}),
		with(issue("9", "OPS-2", "open@2026-03-22", "closed@2026-03-24"), func(r *delivery.IssueRecord) {
			r.Resolution, r.ResolvedAt = delivery.Ref{ID: "1", Key: "fixed", Name: "Fixed"}, at("2026-03-21")
		}),
		with(issue("10", "DEV-10", "open@2026-03-22", "closed@2026-03-24"), func(r *delivery.IssueRecord) {
			r.Resolution, r.ResolvedAt = delivery.Ref{ID: "1", Key: "fixed", Name: "Fixed"}, r.CreatedAt-900 // rounding
		}),
		issue("11", "DEV-11", "open@2026-04-12"),
		// Statuses of no type: in the range, before it, at its edge, and one not in the dictionary.
		issue("12", "DEV-12", "limbo@2026-02-20", "closed@2026-03-02"),
		issue("13", "DEV-13", "limbo@2026-02-02", "closed@2026-02-20"),
		issue("14", "DEV-14", "open@2026-03-30", "limbo@2026-04-01"),
		issue("15", "OPS-15", "open@2026-03-02", "limbo@2026-03-03", "open@2026-03-04", "limbo@2026-03-05"),
		issue("16", "OPS-16", "somewhere@2026-03-02"),
		with(issue("17", "OPS-17", "limbo@2026-03-02"), func(r *delivery.IssueRecord) { r.Gone = true }),
		// Created by an event, as some sources tell it.
		with(issue("18", "DEV-18", "open@2026-03-02", "open@2026-03-02", "closed@2026-03-04"), func(r *delivery.IssueRecord) {
			r.Events[0].Transition.From = delivery.Ref{}
		}),
	}
}

func testOddities(t *testing.T, s *store) {
	got := s.oddities(t, ask())
	same(t, "of nothing", []int{len(got.Statuses), len(got.Hidden), len(got.Times)}, []int{0, 0, 0})
	s.write(t, oddIssues()...)
	limbo := delivery.OddStatus{Connection: tracker, Queue: "DEV", Key: "limbo", Name: "Limbo", Issues: 1}
	ops, other := limbo, limbo
	ops.Queue, other.Queue, other.Key, other.Name = "OPS", "OPS", "somewhere", "SOMEWHERE"

	got = s.oddities(t, ask())
	same(t, "statuses", got.Statuses, []delivery.OddStatus{limbo, ops, other})
	same(t, "hidden", s.named(t, got.Hidden), []string{"OPS-1 2026-03-09 twice", "DEV-2 2026-03-06"})
	same(t, "times", s.named(t, got.Times), []string{"OPS-2 closed_before_created 2026-03-22", "DEV-6 clock_skew 2026-03-13", "DEV-8 clock_skew 2026-03-04"})

	all := s.oddities(t, ask(everything))
	limbo.Issues = 3
	same(t, "statuses of all time", all.Statuses, []delivery.OddStatus{limbo, ops, other})
	same(t, "hidden of all time", s.named(t, all.Hidden), []string{"DEV-5 2026-04-02", "OPS-1 2026-03-09 twice", "DEV-2 2026-03-06", "DEV-4 2026-02-06"})
	same(t, "times up to now", s.named(t, all.Times)[0], "DEV-11 created_in_future 2026-04-12")

	queue := s.oddities(t, ask(func(q *delivery.FlowQuery) { q.Queues = []string{"OPS"} }))
	same(t, "statuses of a queue", queue.Statuses, []delivery.OddStatus{ops, other})
	same(t, "issues of a queue", append(s.named(t, queue.Hidden), s.named(t, queue.Times)...), []string{"OPS-1 2026-03-09 twice", "OPS-2 closed_before_created 2026-03-22"})
	none := s.oddities(t, ask(func(q *delivery.FlowQuery) { q.Teams, q.Scope = []string{"nobody"}, []string{} }))
	same(t, "of no queue", none, delivery.Oddities{}, cmpopts.EquateEmpty())
	other2 := s.oddities(t, ask(func(q *delivery.FlowQuery) { q.Connections = []string{"elsewhere"} }))
	same(t, "of another connection", other2, delivery.Oddities{}, cmpopts.EquateEmpty())
	missing, err := s.IssuesNumbered(t.Context(), []int64{1 << 40})
	same(t, "no such number", []any{len(missing), err}, []any{0, nil})
}

// testOdditiesVersions lists a status from a day on, and leaves another one out of a
// list that its type would have it in.
func testOdditiesVersions(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-01", "limbo@2026-03-02", "closed@2026-03-05"),
		issue("2", "DEV-2", "open@2026-03-01", "limbo@2026-03-20", "closed@2026-03-22"),
		issue("3", "DEV-3", "open@2026-03-01", "limbo@2026-03-10", "open@2026-03-12", "limbo@2026-03-20"),
		issue("4", "DEV-4", "open@2026-03-01", "review@2026-03-02", "review@2026-03-20"),
		issue("5", "OPS-5", "review@2026-03-20"),
	)
	s.setWorkflows(t, delivery.Workflows{Versions: []delivery.WorkflowVersion{
		{},
		{From: at("2026-03-15"), Workflow: delivery.Workflow{
			StatusLists: delivery.StatusLists{Waiting: []string{"limbo"}, Active: []string{"inProgress"}},
			Queues:      map[string]delivery.StatusLists{"OPS": {Waiting: []string{"review"}}},
		}},
	}})
	s.rebuild(t)
	got := s.oddities(t, ask())
	same(t, "statuses", got.Statuses, []delivery.OddStatus{
		{Connection: tracker, Queue: "DEV", Key: "limbo", Name: "Limbo", Issues: 2},
		{Connection: tracker, Queue: "DEV", Key: "review", Name: "Review", Type: "inProgress", Issues: 1},
	})
	later := s.oddities(t, ask(func(q *delivery.FlowQuery) { q.From = at("2026-03-15") }))
	same(t, "later", later.Statuses, []delivery.OddStatus{{Connection: tracker, Queue: "DEV", Key: "review", Name: "Review", Type: "inProgress", Issues: 1}})
}

// testOdditiesCompany compares with the same, found one issue at a time.
func testOdditiesCompany(t *testing.T, s *store) {
	records := company(400)
	for i := range records {
		events := records[i].Events
		switch n := len(events); {
		case i%7 == 0 && n > 1:
			events[n-1].Transition.From = status("review")
		case i%11 == 0 && n > 1:
			events[n-1].Transition.ToStartedAt = records[i].CreatedAt
		case i%13 == 0 && n > 0:
			records[i].Status = status("ready")
		}
	}
	for batch := range slices.Chunk(records, 90) {
		s.write(t, batch...)
	}
	q := ask(func(q *delivery.FlowQuery) {
		q.From, q.To, q.Queues = at("2025-09-01"), at("2026-02-01"), []string{"DEV", "WEB"}
		excluding(q)
	})
	var hidden, skewed []string
	issues := map[string]int{}
	lives(records, &q, func(rec *delivery.IssueRecord, _ []delivery.Period, _ delivery.Classes) {
		h := delivery.HistoryOf(&rec.Issue, rec.Events, math.MaxInt64)
		limbo := false
		for _, p := range h.Periods {
			if p.Inferred && p.Start >= q.From && p.Start < q.To && !slices.Contains(hidden, rec.Key) {
				hidden = append(hidden, rec.Key)
			}
			limbo = limbo || p.Status.Key == "limbo" && p.Start < q.To && (!p.End.Known() || p.End > q.From)
		}
		if limbo {
			issues[rec.Queue]++
		}
		for _, a := range h.Anomalies {
			if at := a.Event; a.Kind == delivery.ClockSkew && rec.Events[*at].At >= q.From && rec.Events[*at].At < q.To {
				skewed = append(skewed, rec.Key)
			}
		}
	})
	got := s.oddities(t, q)
	keys := func(odd []delivery.OddIssue) (out []string) {
		for _, text := range s.named(t, odd) {
			key, _, _ := strings.Cut(text, " ")
			out = append(out, key)
		}
		slices.Sort(out)
		return out
	}
	slices.Sort(hidden)
	slices.Sort(skewed)
	same(t, "hidden", keys(got.Hidden), hidden)
	same(t, "skewed", keys(got.Times), skewed)
	same(t, "numbers", []int{len(hidden), len(skewed)}, []int{24, 7})
	for _, st := range got.Statuses {
		same(t, st.Queue+" "+st.Key, []any{st.Key, st.Issues}, []any{"limbo", issues[st.Queue]})
	}
	same(t, "queues", len(got.Statuses), 2)
}

func testOddRuns(t *testing.T, s *store) {
	run := func(id, created, started, finished string) delivery.Run {
		r := delivery.Run{Project: "acme/pay", ID: id, Status: delivery.RunSuccess, CreatedAt: at(created), Duration: delivery.NotSaid, DurationE2E: delivery.NotSaid}
		if started != "" {
			r.StartedAt = at(started)
		}
		if finished != "" {
			r.FinishedAt = at(finished)
		}
		return r
	}
	s.batch(t, delivery.Batch{Connection: "ci", Runs: []delivery.Run{
		run("1", "2026-03-02 10:00", "2026-03-02 10:01", "2026-03-02 10:05"),
		run("2", "2026-03-03 10:00", "2026-03-03 10:05", "2026-03-03 10:04"),
		run("3", "2026-03-04 10:00", "", "2026-03-04 09:00"),
		run("4", "2026-03-05 10:00", "2026-03-05 10:01", ""),
		run("5", "2026-02-05 10:00", "2026-02-05 10:05", "2026-02-05 10:04"),
		run("6", "2026-04-12 10:00", "", ""),
	}})
	ask := func(q delivery.RunQuery) (out []string) {
		t.Helper()
		q.Now = at("2026-04-10")
		found, err := s.OddRuns(t.Context(), q)
		if err != nil {
			t.Fatalf("odd runs: %v", err)
		}
		for i := range found {
			out = append(out, found[i].ID+" "+found[i].Project+" "+found[i].Reason(q.Now))
		}
		return out
	}
	march := delivery.RunQuery{From: at("2026-03-01"), To: at("2026-04-01")}
	same(t, "march", ask(march), []string{"3 acme/pay finished_before_started", "2 acme/pay finished_before_started"})
	all := delivery.RunQuery{From: at("2026-01-01"), To: at("2027-01-01"), Projects: []string{"acme/pay"}, Connections: []string{"ci"}}
	same(t, "all", ask(all), []string{
		"6 acme/pay created_in_future", "3 acme/pay finished_before_started", "2 acme/pay finished_before_started", "5 acme/pay finished_before_started",
	})
	march.Projects = []string{"acme/web"}
	same(t, "of another project", len(ask(march)), 0)
}
