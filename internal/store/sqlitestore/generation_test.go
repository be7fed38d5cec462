package sqlitestore

import (
	"testing"

	"throughline/internal/delivery"
)

// releasedWorkflow is how the first release stored a workflow.
const releasedWorkflow = `{"active":["work"],"closed":[],"excluded_resolutions":["duplicate"],"queues":{"OPS":{"closed":["done"]}}}`

// A store of the first release, with a rebuild half done, is taken up.
func TestReleasedGenerations(t *testing.T) {
	s := openTest(t)
	issue := func(key, queue, last string) delivery.IssueRecord {
		return delivery.IssueRecord{Replace: true, Issue: delivery.Issue{
			ID: key, Key: key, Queue: queue, Status: delivery.Ref{Key: last}, CreatedAt: 1000, UpdatedAt: 2000, StatusStartedAt: 2000,
		}, Events: []delivery.Event{{ID: key, At: 2000, Transition: &delivery.Transition{
			From: delivery.Ref{Key: "work"}, To: delivery.Ref{Key: last}, ToStartedAt: 2000,
		}}}}
	}
	batch := delivery.Batch{Connection: "tracker", Issues: []delivery.IssueRecord{issue("OPS-1", "OPS", "done"), issue("DEV-1", "DEV", "done")}}
	if _, err := s.Write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`UPDATE generations SET workflow = '{}' WHERE stage = 'current'`,
		`INSERT INTO generations (stage, workflow, types, next_issue) VALUES ('filling', '` + releasedWorkflow + `', '{}', 0)`,
	} {
		if _, err := s.db.Writer.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	q := delivery.FlowQuery{Filter: delivery.Filter{From: 1, To: 10_000, Clock: delivery.Elapsed}, Calendar: delivery.NewCalendar(delivery.CalendarVersion{Zone: delivery.Instant(1).Time().Location()}), Now: 20_000}
	counted := func() int {
		t.Helper()
		c, err := s.CycleTime(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return c.Sample.N
	}
	if n := counted(); n != 0 {
		t.Errorf("%d counted by the former", n)
	}
	released, err := delivery.DecodeMeaning([]byte(releasedWorkflow), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The worker hands over the workflow in force when it starts.
	if err := s.SetWorkflow(t.Context(), released.Workflows); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Version(t.Context()); err != nil || after != before {
		t.Errorf("version %d, before %d, %v", after, before, err)
	}
	if err := s.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if n := counted(); n != 1 {
		t.Errorf("%d counted", n)
	}
}
