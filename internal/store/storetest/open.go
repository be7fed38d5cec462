package storetest

import (
	"testing"

	"throughline/internal/delivery"
)

// opened checks the issues that were open at some time in a range of days: the
// list gives their keys, whole and page by page, and the panel their number.
func (s *store) opened(t *testing.T, what, from, to, now string, want ...string) {
	t.Helper()
	q := ask(func(q *delivery.FlowQuery) { q.From, q.To, q.Now = at(from), at(to), at(now) })
	list := delivery.IssueQuery{Filter: q.Filter, State: delivery.ListOpen, Now: q.Now}
	same(t, what+": list", keys(s.list(t, list)), want)
	same(t, what+": panel", s.timeInStatus(t, q).N, len(want))
	var pages []string
	for list.Limit = 2; len(pages) <= len(want); {
		page := s.list(t, list)
		pages = append(pages, keys(page)...)
		if len(page) < list.Limit {
			break
		}
		list.After = page[len(page)-1].Cursor
	}
	same(t, what+": pages", pages, want)
}

// testOpen asks for ranges in and around the time in which issues were closed.
func testOpen(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-01-01", "closed@2026-03-01", "open@2026-06-01"),
		issue("2", "DEV-2", "open@2026-01-02", "closed@2026-03-01", "inProgress@2026-06-01", "closed@2026-07-01"),
		issue("3", "DEV-3", "open@2026-01-03", "closed@2026-02-01"),
		issue("4", "DEV-4", "open@2026-01-04"),
		// In a moment on 10 April, between two closed statuses and by itself.
		issue("5", "DEV-5", "open@2026-01-05", "closed@2026-02-01", "ready@2026-04-10", "rejected@2026-04-10"),
		issue("6", "DEV-6", "open@2026-04-10", "closed@2026-04-10"),
		// Never, and after it was created closed.
		issue("7", "DEV-7", "closed@2026-01-06"),
		issue("8", "DEV-8", "closed@2026-01-07", "open@2026-06-01"),
	)
	const later = "2027-01-01"
	s.opened(t, "in the gap", "2026-04-11", "2026-05-01", later, "DEV-4")
	s.opened(t, "the whole gap", "2026-03-01", "2026-06-01", later, "DEV-4", "DEV-5", "DEV-6")
	s.opened(t, "from the first stay's last instant", "2026-02-28 23:59", "2026-04-10", later, "DEV-1", "DEV-2", "DEV-4")
	s.opened(t, "to the second stay's first instant", "2026-05-01", "2026-06-01 00:01", later, "DEV-1", "DEV-2", "DEV-4", "DEV-8")
	s.opened(t, "around the gap", "2026-01-01", "2026-08-01", later, "DEV-1", "DEV-2", "DEV-3", "DEV-4", "DEV-5", "DEV-8", "DEV-6")
	s.opened(t, "after the second close", "2026-07-01", "2026-08-01", later, "DEV-1", "DEV-4", "DEV-8")
	s.opened(t, "from the moment on", "2026-04-10", "2026-05-01", later, "DEV-4", "DEV-5", "DEV-6")
	s.opened(t, "up to the moment", "2026-04-01", "2026-04-10", later, "DEV-4")
	s.opened(t, "before all", "2025-01-01", "2026-01-01", later)

	s.opened(t, "cut before the second stay", "2026-04-11", "2026-08-01", "2026-06-01", "DEV-4")
	s.opened(t, "cut in the second stay", "2026-04-11", "2026-08-01", "2026-06-02", "DEV-1", "DEV-2", "DEV-4", "DEV-8")
	s.opened(t, "from now on", "2026-08-01", "2026-09-01", "2026-08-01")
	s.opened(t, "in the future", "2026-09-01", "2026-10-01", "2026-08-01")

	// Without a now nothing is cut.
	q := delivery.IssueQuery{Filter: delivery.Filter{From: at("2030-01-01"), To: at("2030-02-01")}, State: delivery.ListOpen}
	same(t, "without now", keys(s.list(t, q)), []string{"DEV-1", "DEV-4", "DEV-8"})
}

// testOpenWorkflow has a status that is closed in one queue only.
func testOpenWorkflow(t *testing.T, s *store) {
	for _, key := range []string{"DEV-1", "OPS-1"} {
		s.write(t, issue(key, key, "open@2026-01-01", "limbo@2026-02-01", "inProgress@2026-05-01", "closed@2026-06-01"))
	}
	const later = "2027-01-01"
	s.opened(t, "by type", "2026-03-01", "2026-04-01", later, "DEV-1", "OPS-1")
	s.setWorkflow(t, delivery.Workflow{Queues: map[string]delivery.StatusLists{"OPS": {Closed: []string{"limbo", "closed"}}}})
	s.opened(t, "until it is rebuilt", "2026-03-01", "2026-04-01", later, "DEV-1", "OPS-1")
	s.rebuild(t)
	s.opened(t, "closed in a queue", "2026-03-01", "2026-04-01", later, "DEV-1")
	s.opened(t, "and reopened in it", "2026-03-01", "2026-05-02", later, "DEV-1", "OPS-1")
}
