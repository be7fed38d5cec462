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
	records  []delivery.IssueRecord
	problems []source.Problem
	bad      []unread
	read     int
	// err ended the sheet; records are those that were ready by then.
	err error
}

func (o *outcome) failed(e *entry, problem source.Problem) {
	problem.Record = e.name()
	o.problems = append(o.problems, problem)
	o.bad = append(o.bad, unread{ID: e.id, Key: e.key})
}

// resolve compares records with what is stored and fetches what is new of
// their histories.
func (p *pull) resolve(ctx context.Context, entries []entry) (out outcome) {
	todo := p.fresh(entries, &out)
	ids := make([]string, len(todo))
	for i, e := range todo {
		ids[i] = e.issue.ID
	}
	states, err := p.known.IssueStates(ctx, p.connection, ids)
	if err != nil {
		out.err = err
		return out
	}
	records := make([]*delivery.IssueRecord, len(todo))
	errs := make([]error, len(todo))
	trouble := trouble{}
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, e := range todo {
		state, stored := states[e.issue.ID]
		want := p.plan(e, state, stored)
		if want == wantNothing {
			continue
		}
		group.Go(func() error {
			if within.Err() != nil {
				return nil // another has failed; the sheet comes again
			}
			r, err := p.record(within, e, state, want)
			if err == nil {
				records[i] = &r
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
	out.err = group.Wait()
	for i, e := range todo {
		switch {
		case records[i] != nil:
			out.records = append(out.records, *records[i])
		case errs[i] != nil:
			problem, _, _ := ofRecord(errs[i])
			out.failed(e, problem)
		case out.err != nil:
			delete(p.done, e.issue.ID)
		}
	}
	return out
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
