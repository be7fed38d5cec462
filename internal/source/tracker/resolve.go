package tracker

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// maxTrouble is how many histories in a row may fail for reasons that concern
// them all until the pull gives up.
const maxTrouble = 5

// outcome is what became of the records of a sheet.
type outcome struct {
	records []delivery.IssueRecord
	// incidents are what some of the records are, or are no more.
	incidents []delivery.Incident
	problems  []source.Problem
	bad       []unread
	read      int
	// err ended the sheet; records are those that were ready by then.
	err error
}

// batch is what is to be stored.
func (o *outcome) batch() delivery.Batch {
	return delivery.Batch{Issues: o.records, Incidents: o.incidents}
}

func (o *outcome) failed(e *entry, problem source.Problem) {
	problem.Record = e.name()
	o.problems = append(o.problems, problem)
	o.bad = append(o.bad, unread{ID: e.id, Key: e.key})
}

// task is a record with what is stored of it.
type task struct {
	*entry
	state delivery.IssueState
	want  want
}

// resolve compares records with what is stored, and returns what fetches what
// is new of their histories.
func (p *pull) resolve(ctx context.Context, entries []entry) func() outcome {
	var out outcome
	todo := p.fresh(entries, &out)
	ids := make([]string, len(todo))
	for i, e := range todo {
		ids[i] = e.issue.ID
	}
	var tasks []task
	states, err := p.known.IssueStates(ctx, p.connection, ids)
	if err != nil {
		out.err = err
		return func() outcome { return out }
	}
	for _, e := range todo {
		state, stored := states[e.issue.ID]
		if w := p.plan(e, state, stored); w != wantNothing {
			tasks = append(tasks, task{e, state, w})
		}
	}
	return func() outcome {
		p.fetch(ctx, tasks, &out)
		return out
	}
}

// fetch makes the records of tasks, several at once.
func (p *pull) fetch(ctx context.Context, tasks []task, out *outcome) {
	records := make([]delivery.IssueRecord, len(tasks))
	ready := make([]bool, len(tasks))
	errs := make([]error, len(tasks))
	var trouble trouble
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, t := range tasks {
		group.Go(func() (err error) {
			if err := p.workers.Acquire(within, 1); err != nil {
				return err // not the first: the sheet comes again
			}
			defer p.workers.Release(1)
			records[i], err = p.record(within, t.entry, t.state, t.want)
			if err == nil {
				ready[i] = true
				trouble.over()
				return nil
			}
			if _, systemic, ok := ofRecord(err); !ok || systemic && trouble.more() {
				return err
			}
			errs[i] = err
			return nil
		})
	}
	if out.err = group.Wait(); out.err == nil {
		out.err = context.Cause(ctx)
	}
	for i, t := range tasks {
		if ready[i] {
			out.records = append(out.records, records[i])
			if incident, ok := p.incident(t); ok {
				out.incidents = append(out.incidents, incident)
			}
		} else if errs[i] != nil {
			problem, _, _ := ofRecord(errs[i])
			out.failed(t.entry, problem)
		}
	}
}

// fresh are the readable records that this pull has not dealt with, the last
// of each issue; broken ones become problems.
func (p *pull) fresh(entries []entry, out *outcome) []*entry {
	var todo []*entry
	at := map[string]int{}
	for i := range entries {
		e := &entries[i]
		if e.fault != nil {
			out.failed(e, e.fault.problem(e.name()))
			continue
		}
		stamp, done := p.done[e.issue.ID]
		if done && stamp == e.stamp {
			continue
		}
		if !done {
			out.read++
		}
		p.done[e.issue.ID] = e.stamp
		if j, twice := at[e.issue.ID]; twice {
			todo[j] = e
			continue
		}
		at[e.issue.ID] = len(todo)
		todo = append(todo, e)
	}
	return todo
}

// trouble counts failures in a row.
type trouble struct {
	mu sync.Mutex
	n  int
}

func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n = 0
}

// more counts one, and reports whether they are too many.
func (t *trouble) more() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	return t.n >= maxTrouble
}
