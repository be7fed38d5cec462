package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"throughline/internal/delivery"
)

// testAnyWorkflows sets made-up workflows one after the other. Whether a store
// says that it has to rebuild or not, what it answers is what the rules say: by
// the former ones until it is done.
func testAnyWorkflows(t *testing.T, s *store) {
	records := company(120)
	s.write(t, records...)
	r := rand.New(rand.NewPCG(3, 4))
	var inForce delivery.Workflows
	rebuilds := 0
	for n := range 40 {
		next := anyWorkflows(r)
		before, after := flowsBy(records, inForce), flowsBy(records, next)
		s.setWorkflows(t, next)
		pending, err := s.Rebuilding(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pending {
			rebuilds++
			same(t, fmt.Sprintf("%d: until it is done", n), s.allFlows(t), before)
			if n%3 == 0 {
				continue // overtaken by the next
			}
			s.rebuild(t)
		}
		same(t, fmt.Sprintf("%d: done", n), s.allFlows(t), after)
		inForce = next
	}
	if rebuilds < 10 {
		t.Errorf("%d rebuilds only", rebuilds)
	}
}

func (s *store) allFlows(t *testing.T) map[string]delivery.Flow {
	t.Helper()
	out := map[string]delivery.Flow{}
	for key, i := range s.flows(t, ask()) {
		out[key] = i.Flow
	}
	return out
}

// flowsBy are the flows of records by the rules of delivery.
func flowsBy(records []delivery.IssueRecord, w delivery.Workflows) map[string]delivery.Flow {
	types := map[string]string{}
	for _, st := range dictionary {
		types[st.Key] = st.Type
	}
	out := map[string]delivery.Flow{}
	for i := range records {
		rec := &records[i]
		var flow delivery.Flow
		flow.CreatedAt = rec.CreatedAt
		closed := false
		// Class by class, without what FlowOf and Classes remember.
		for _, p := range delivery.HistoryOf(&rec.Issue, rec.Events, math.MaxInt64).Periods {
			class := w.Class(p.Start, rec.Queue, p.Status.Key, types[p.Status.Key])
			switch {
			case class == delivery.Closed && !closed:
				flow.ClosedAt, closed = p.Start, true
			case class != delivery.Closed && closed:
				flow.ClosedAt, closed = 0, false
				flow.ReopenCount++
			}
			if class == delivery.Active && !flow.FirstActiveAt.Known() {
				flow.FirstActiveAt = p.Start
			}
		}
		out[rec.Key] = flow
	}
	return out
}

// anyWorkflows are up to three versions that begin within the company's life or
// a little outside of it, and up to two teams.
func anyWorkflows(r *rand.Rand) delivery.Workflows {
	lists := func() delivery.StatusLists {
		var l delivery.StatusLists
		for _, st := range dictionary {
			switch r.IntN(9) {
			case 0:
				l.Waiting = append(l.Waiting, st.Key)
			case 1:
				l.Active = append(l.Active, st.Key)
			case 2:
				l.Closed = append(l.Closed, st.Key)
			}
		}
		return l
	}
	var w delivery.Workflows
	from := at("2025-04-01")
	for range r.IntN(3) + 1 {
		v := delivery.WorkflowVersion{From: from, Workflow: delivery.Workflow{StatusLists: lists()}}
		if r.IntN(2) == 0 {
			v.Workflow.Queues = map[string]delivery.StatusLists{"DEV": lists()}
		}
		if r.IntN(2) == 0 {
			v.Workflow.Teams = map[string]delivery.StatusLists{"A": lists(), "B": lists()}
		}
		w.Versions = append(w.Versions, v)
		from += delivery.Instant(r.Int64N(300*day)) * 1000
	}
	for _, name := range []string{"A", "B"} {
		if r.IntN(2) == 0 {
			queues := []delivery.Patterns{{"*"}, {"DEV", "OPS"}, {"WEB"}, {"*", "!ops"}, nil}
			w.Teams = append(w.Teams, delivery.Team{Name: name, Queues: queues[r.IntN(len(queues))]})
		}
	}
	return w
}
