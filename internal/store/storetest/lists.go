package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

func keys(issues []delivery.ListedIssue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, i.Key)
	}
	return out
}

func testLists(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-01-05", "closed@2026-03-01"),                        // on the first instant
		issue("2", "DEV-2", "open@2026-01-04", "closed@2026-02-28 23:59"),                  // before the range
		issue("3", "DEV-3", "open@2026-03-01", "closed@2026-04-01"),                        // after the range
		issue("4", "DEV-4", "open@2026-03-31 23:59", "closed@2026-03-31 23:59"),            // in no time
		issue("5", "DEV-5", "open@2026-04-01"),                                             // after the range
		issue("6", "DEV-6", "open@2026-02-01"),                                             // all the time
		issue("7", "DEV-7", "open@2026-03-10", "closed@2026-03-11", "open@2026-03-12"),     // reopened
		issue("8", "OPS-1", "open@2026-03-01", "inProgress@2026-03-05"),                    // created with 3
		issue("9", "OPS-2", "open@2026-02-01", "ready@2026-02-02", "closed@2026-03-20"),    // never active
		issue("10", "OPS-3", "closed@2026-03-15"), issue("11", "DEV-8", "open@2020-01-01")) // born closed; old
	q := delivery.IssueQuery{Filter: ask().Filter}
	same(t, "created", keys(s.list(t, q)), []string{"DEV-3", "OPS-1", "DEV-7", "OPS-3", "DEV-4"})
	q.State = delivery.ListClosed
	same(t, "closed", keys(s.list(t, q)), []string{"DEV-1", "OPS-2", "OPS-3", "DEV-4"})
	q.State = delivery.ListOpen
	same(t, "open", keys(s.list(t, q)), []string{"DEV-8", "DEV-6", "OPS-2", "DEV-3", "OPS-1", "DEV-7", "DEV-4"})
	q.Queues = []string{"OPS"}
	same(t, "open in a queue", keys(s.list(t, q)), []string{"OPS-2", "OPS-1"})

	q.State = "half open"
	var bad *delivery.FilterError
	for _, err := range s.Issues(t.Context(), q) {
		if !errors.As(err, &bad) || bad.Param != "state" {
			t.Errorf("unknown state: %v", err)
		}
	}
	if bad == nil {
		t.Error("an unknown state is no error")
	}
}

func testPages(t *testing.T, s *store) {
	var records []delivery.IssueRecord
	var want []string
	for n := range 25 {
		// Five at a time have the same instant of creation.
		created := at("2026-03-01") + delivery.Instant(n/5)*hour*1000
		records = append(records, issue(fmt.Sprint(n), fmt.Sprintf("DEV-%d", n),
			"open@"+created.Time().Format("2006-01-02 15:04"), "inProgress@2026-03-20", "closed@2026-03-21"))
		want = append(want, fmt.Sprintf("DEV-%d", n))
	}
	s.write(t, records...)
	for _, state := range []delivery.ListState{delivery.ListCreated, delivery.ListClosed, delivery.ListOpen} {
		for _, limit := range []int{1, 4, 5, 25, 100} {
			q := delivery.IssueQuery{Filter: ask().Filter, State: state, Limit: limit}
			var got []string
			for range 26 {
				page := s.list(t, q)
				if len(page) > limit {
					t.Fatalf("%d issues, want at most %d", len(page), limit)
				}
				got = append(got, keys(page)...)
				if len(page) < limit {
					break
				}
				q.After = page[len(page)-1].Cursor
			}
			same(t, fmt.Sprintf("%q by %d", state, limit), got, want)
		}
	}
	n := 0
	for _, err := range s.Issues(t.Context(), delivery.IssueQuery{Filter: ask().Filter}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	same(t, "stopped", n, 3)
	q := delivery.IssueQuery{Filter: ask().Filter}
	first := s.list(t, q)
	same(t, "all", keys(first), want)

	for _, cursor := range []string{"x", ":", "1:", ":1", "1:2:3", "01:2", "1: 2", "+1:2", "1:2 ", "9999999999999999999:1", first[0].Cursor + "0a", "1:2'"} {
		q.After = cursor
		var bad *delivery.FilterError
		for _, err := range s.Issues(t.Context(), q) {
			if !errors.As(err, &bad) || bad.Param != "cursor" {
				t.Errorf("cursor %q: %v", cursor, err)
			}
		}
		if bad == nil {
			t.Errorf("cursor %q is no error", cursor)
		}
	}
	// A cursor of an issue that has been removed since goes on behind it.
	s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"3"}})
	q.After = first[3].Cursor
	same(t, "behind a removed one", keys(s.list(t, q)), want[4:])
	q.After = first[1].Cursor
	same(t, "over a removed one", keys(s.list(t, q)), slices.Concat(want[2:3], want[4:]))
}

func testFacets(t *testing.T, s *store) {
	s.write(t,
		with(issue("1", "DEV-1", "open@2026-03-02"), ofType("bug")),
		with(with(issue("2", "DEV-2", "open@2026-03-02"), ofType("bug")), resolved("fixed")),
		with(with(issue("3", "OPS-1", "open@2026-03-02"), ofType("task")), resolved("fixed")),
		with(issue("4", "OPS-2", "open@2026-03-02"), func(r *delivery.IssueRecord) { r.Type = delivery.Ref{} }),
	)
	// The type's newest name is taken, whichever is written last.
	renamed := issue("5", "DEV-5", "open@2026-03-08")
	renamed.Type = delivery.Ref{ID: "bug", Key: "bug", Name: "Defect"}
	s.batch(t, delivery.Batch{Connection: "other", Issues: []delivery.IssueRecord{renamed}})
	s.write(t, with(issue("6", "DEV-6", "open@2026-03-05"), ofType("bug")))
	got, err := s.Facets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "facets", got, delivery.Facets{
		Connections: []delivery.Facet{{Key: "other", Name: "other", Count: 1}, {Key: tracker, Name: tracker, Count: 5}},
		Queues:      []delivery.Facet{{Key: "DEV", Name: "DEV", Count: 4}, {Key: "OPS", Name: "OPS", Count: 2}},
		Types:       []delivery.Facet{{Key: "bug", Name: "Defect", Count: 4}, {Key: "task", Name: "TASK", Count: 1}},
		Resolutions: []delivery.Facet{{Key: "fixed", Name: "fixed", Count: 2}},
	})
	s.batch(t, delivery.Batch{Connection: tracker, Gone: []string{"3", "4"}})
	queues, err := s.Queues(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "queues, of gone issues too", queues, []string{"DEV", "OPS"})
}

func testDictionary(t *testing.T, s *store) {
	for connection, typ := range map[string]string{tracker: "new", "zoo": "done"} {
		s.batch(t, delivery.Batch{
			Connection: connection, Statuses: []delivery.Status{{Connection: connection, Key: "waits", Name: "Waits", Type: typ, Order: 1}},
		})
	}
	for connection, want := range map[string]string{tracker: "new", "zoo": "done", "none": ""} {
		types, err := s.StatusTypes(t.Context(), connection)
		if err != nil || types["waits"] != want {
			t.Errorf("%s: %v, %v; want %q", connection, types, err, want)
		}
	}
}

func testStatusesInUse(t *testing.T, s *store) {
	s.write(t,
		issue("1", "DEV-1", "open@2026-03-02", "inProgress@2026-03-03", "open@2026-03-04", "closed@2026-03-05"),
		issue("2", "DEV-2", "open@2026-03-02", "mystery@2026-03-03"),
		issue("3", "OPS-1", "open@2026-03-02"),
	)
	// The same queue and status in another connection.
	s.batch(t, delivery.Batch{
		Connection: "zoo", Statuses: []delivery.Status{{Connection: "zoo", Key: "open", Name: "Not this", Type: "done", Order: 8}},
		Issues: []delivery.IssueRecord{issue("1", "OPS-7", "open@2026-03-02")},
	})
	got, err := s.StatusesInUse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	used := func(queue, key, name, typ string, order, issues, visits int) delivery.StatusInUse {
		return delivery.StatusInUse{
			Status: delivery.Status{Key: key, Name: name, Type: typ, Order: order}, Queue: queue, Issues: issues, Visits: visits,
		}
	}
	same(t, "statuses", got, []delivery.StatusInUse{
		used("DEV", "mystery", "MYSTERY", "", 0, 1, 1),
		used("DEV", "open", "Open", "new", 1, 0, 3),
		used("DEV", "inProgress", "In progress", "inProgress", 3, 0, 1),
		used("DEV", "closed", "Closed", "done", 6, 1, 1),
		used("OPS", "open", "Open", "new", 1, 2, 2),
	})
}
