package github

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"throughline/internal/delivery"
)

const maxAgainPage = 50 // runs

// again asks by id for runs that went on, or could not be read.
func (p *pull) again(ctx context.Context, r *repo) error {
	todo := slices.Clone(r.Again)
	for len(todo) > 0 {
		p.progress.Phase = phaseRetry
		n := min(len(todo), maxAgainPage)
		if err := p.ask(ctx, r, todo[:n]); err != nil {
			return err
		}
		todo = todo[n:]
	}
	return nil
}

// ask takes in a page of runs by id.
func (p *pull) ask(ctx context.Context, r *repo, ids []int64) error {
	var o outcome
	var runs []delivery.Run
	for _, id := range ids {
		name := strconv.FormatInt(id, 10)
		a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/actions/runs/" + name, limit: maxOtherBody})
		switch {
		case isStatus(err, http.StatusNotFound, http.StatusGone):
			r.solved(id)
			continue
		case err != nil && (ofOne(err) || isServerFault(err)):
			o.problems = append(o.problems, problemOf(r.name+" run "+name, err))
			continue
		case err != nil:
			return p.partly(&o, err)
		}
		if run, ok := p.read(r, json.RawMessage(a.body), r.name+" run "+name, &o); ok {
			runs = append(runs, run)
		}
	}
	if err := p.resolve(ctx, r, runs, &o); err != nil {
		return p.partly(&o, err)
	}
	for i := range o.runs {
		p.taken[numberOf(&o.runs[i])] = o.runs[i].UpdatedAt
	}
	p.progress.Read += len(ids)
	return p.store(r, &o)
}
