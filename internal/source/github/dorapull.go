package github

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// dora reads all that has to do with deployments of a repository. What goes wrong
// with one part is a problem, and the others go on.
func (p *pull) dora(ctx context.Context, r *repo) error {
	if r.state == nil || p.waits != nil { // nobody sees it, or GraphQL wants a pause
		return nil //nolint:nilerr // none that is here
	}
	p.progress.Phase = phaseChanges
	if !r.dora().Deployments.Seen.Known() {
		p.progress.Phase = phaseHistory
	}
	for _, step := range []func(context.Context, *repo) error{
		p.changesAgain, p.merged, p.commits, p.deployments, p.released, p.tagged, p.complete,
	} {
		if err := p.part(ctx, r, step); err != nil {
			return err
		}
	}
	r.heads, r.tree, r.fresh = nil, nil, nil // they were for what is done
	return nil
}

// part carries out a step. It returns what ends the pull.
func (p *pull) part(ctx context.Context, r *repo, step func(context.Context, *repo) error) error {
	if p.waits != nil {
		return nil //nolint:nilerr // it is returned at the end
	}
	before := p.client.requests.Load()
	err := step(ctx, r)
	if limit, ok := errors.AsType[*graphLimit](err); ok {
		p.waits = limit // the REST API has a budget of its own, for what else there is to read
		return nil
	}
	if err == nil {
		r.served = r.served || p.client.requests.Load() > before
		return nil
	}
	if !ofOne(err) && !p.bearable(err) {
		return err
	}
	r.partial = true
	if isStatus(err, http.StatusForbidden, http.StatusNotFound) {
		if r.refused { // one permission, or one feature, and so many steps
			return nil
		}
		r.refused = true
		m := noDora(r.name, err)
		return p.emit(delivery.Batch{}, []source.Problem{{Record: r.name, Path: "$", Message: m.Text, Phrase: m.Phrase}})
	}
	return p.emit(delivery.Batch{}, []source.Problem{problemOf(r.name, err)})
}

// onlyTold completes what hooks told of, when nothing else is to be fetched.
func (p *pull) onlyTold(ctx context.Context) error {
	if err := p.told(ctx); err != nil {
		return err
	}
	if p.client.requests.Load() == p.requests {
		return p.waits.orNil()
	}
	return cmp.Or(p.emit(delivery.Batch{}, nil), p.waits.orNil())
}

// told completes what hooks told of repositories that are not listed.
func (p *pull) told(ctx context.Context) error {
	if p.token == "" && p.app == nil || p.known == nil {
		return nil
	}
	listed := map[string]bool{}
	for _, r := range p.repos {
		listed[strings.ToLower(r.name)] = r.state != nil
	}
	names, err := p.known.DeployedRepositories(ctx, p.connection)
	if err != nil {
		return err
	}
	p.progress.Phase = phaseChanges
	for _, name := range names {
		if !isRepository(name) || p.excludes(name) || listed[strings.ToLower(name)] {
			continue
		}
		st := p.cursor.Told[strings.ToLower(name)]
		if st == nil {
			st = &doraState{}
		}
		r := &repo{repository: p.repositoryOf(name, ""), state: &state{Name: name, Dora: st}}
		for _, step := range []func(context.Context, *repo) error{p.toldChanges, p.complete} {
			if err := p.part(ctx, r, step); err != nil {
				return err
			}
		}
		if len(st.Lost) > 0 {
			if p.cursor.Told == nil {
				p.cursor.Told = map[string]*doraState{}
			}
			p.cursor.Told[strings.ToLower(name)] = st
		}
	}
	return nil
}

// toldChanges asks for the commits of pull requests that hooks told of, the latest
// first.
func (p *pull) toldChanges(ctx context.Context, r *repo) error {
	states, err := p.changeStates(ctx, r)
	if err != nil {
		return err
	}
	var todo []int64
	for id, at := range states {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && !at.Known() {
			todo = append(todo, n)
		}
	}
	slices.Sort(todo)
	slices.Reverse(todo)
	var out changed
	for _, n := range todo[:min(len(todo), maxTold)] {
		c, err := p.changeOf(ctx, r, n)
		switch {
		case err != nil && !ofOne(err) && !p.bearable(err):
			return errors.Join(p.emitChanges(r, &out), err)
		case err != nil:
			out.problems = append(out.problems, problemOf(r.name+" pull request "+idText(n), err))
		case c.Commits != nil: // the others go on
			out.changes = append(out.changes, c)
		}
	}
	if len(out.changes)+len(out.problems) == 0 {
		return nil
	}
	return p.emitChanges(r, &out)
}
