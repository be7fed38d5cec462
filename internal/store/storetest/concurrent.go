package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"throughline/internal/delivery"
)

// testConcurrent reads while batches are written and a workflow is worked in:
// every answer is of the store between two batches.
func testConcurrent(t *testing.T, s *store) {
	const batches, size = 30, 10
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for ctx.Err() == nil {
				s.readWhole(t, size)
			}
		})
	}
	for b := range batches {
		var records []delivery.IssueRecord
		for n := range size {
			id := fmt.Sprintf("%03d", b*size+n)
			records = append(records, issue(id, "DEV-"+id, "open@2026-03-01", "inProgress@2026-03-02", "review@2026-03-04", "closed@2026-03-05"))
		}
		s.write(t, records...)
		if b == batches/2 {
			s.setWorkflow(t, closedLists("review"))
			if err := s.Rebuild(t.Context(), nil); err != nil {
				t.Errorf("rebuild: %v", err)
			}
		}
	}
	cancel()
	readers.Wait()
	same(t, "in the end", len(s.list(t, delivery.IssueQuery{Filter: ask().Filter})), batches*size)
}

// readWhole fails the test when an answer holds a part of a batch, or some
// issues by one workflow and some by another.
func (s *store) readWhole(t *testing.T, size int) {
	c, err := s.CycleTime(t.Context(), ask())
	if err != nil {
		t.Errorf("cycle time: %v", err)
		return
	}
	if c.Sample.N%size != 0 {
		t.Errorf("cycle time of %d issues", c.Sample.N)
	}
	for _, p := range c.Points {
		if p.Seconds != c.Points[0].Seconds {
			t.Errorf("cycle times of %d and %d seconds", c.Points[0].Seconds, p.Seconds)
		}
	}
	in, err := s.TimeInStatus(t.Context(), ask())
	if err != nil || in.N%size != 0 {
		t.Errorf("time in status of %d issues, %v", in.N, err)
	}
	n := 0
	for _, err := range s.Issues(t.Context(), delivery.IssueQuery{Filter: ask().Filter}) {
		if err != nil {
			t.Errorf("issues: %v", err)
		}
		n++
	}
	if n%size != 0 {
		t.Errorf("a list of %d issues", n)
	}
}

// testWriters writes from several connections at once.
func testWriters(t *testing.T, s *store) {
	const writers, batches = 4, 5
	var running sync.WaitGroup
	for c := range writers {
		running.Go(func() {
			connection := fmt.Sprintf("connection %d", c)
			for b := range batches {
				key := fmt.Sprintf("Q%d-%d", c, b)
				w, err := s.Write(t.Context(), delivery.Batch{
					Connection: connection, Statuses: dictionary,
					Issues: []delivery.IssueRecord{issue(fmt.Sprint(b), key, "open@2026-03-01", "closed@2026-03-02"), issue("same", key+"0", "open@2026-03-01")},
				})
				if err != nil || w.Inserted+w.Updated != 2 {
					t.Errorf("%s: %+v, %v", connection, w, err)
				}
			}
		})
	}
	running.Wait()
	facets, err := s.Facets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "connections", len(facets.Connections), writers)
	for _, f := range facets.Connections {
		same(t, f.Key, f.Count, batches+1)
	}
}

// testPanics lets whoever reads or writes panic, as a faulty page would: the
// store goes on working.
func testPanics(t *testing.T, s *store) {
	s.write(t, issue("1", "DEV-1", "open@2026-03-01"), issue("2", "DEV-2", "open@2026-03-01"))
	panics := func(f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		f()
	}
	for range 20 { // more than there may be connections
		panics(func() {
			for range s.Issues(t.Context(), delivery.IssueQuery{Filter: ask().Filter}) { //nolint:errcheck // panics first
				panic("in a list")
			}
		})
		panics(func() {
			for range s.IssueIDs(t.Context(), tracker) { //nolint:errcheck // panics first
				panic("in a list of ids")
			}
		})
		panics(func() {
			_, err := s.TimeInStatus(t.Context(), ask(business, func(q *delivery.FlowQuery) { q.Calendar = nil }))
			t.Errorf("without a calendar: %v", err)
		})
		panics(func() {
			_, err := s.CycleTimeTrend(t.Context(), ask(func(q *delivery.FlowQuery) { q.Calendar = nil }))
			t.Errorf("without a calendar: %v", err)
		})
	}
	same(t, "written", s.write(t, issue("3", "DEV-3", "open@2026-03-01")), delivery.Written{Inserted: 1})
	same(t, "time in status", s.timeInStatus(t, ask()).N, 3)
}
