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
