package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const changesQuery = `query ThroughlineChanges($owner:String!,$name:String!,$first:Int!,$after:String){
 repository(owner:$owner,name:$name){pullRequests(states:[MERGED],first:$first,after:$after,orderBy:{field:UPDATED_AT,direction:DESC}){
  pageInfo{hasNextPage endCursor} nodes{...change}
 }}` + rateFields + `}` + changeFields

// news asks whether a list has changed since it was read, with a request that costs
// nothing when it has not, and begins to read it. It is true, too, when a reading
// goes on.
func (p *pull) news(ctx context.Context, r *repo, l *listing, path string, query url.Values) (bool, error) {
	_, news, err := p.newsOf(ctx, r, l, path, query)
	return news, err
}

// newsOf is news with the answer, nil when a reading goes on.
func (p *pull) newsOf(ctx context.Context, r *repo, l *listing, path string, query url.Values) (a *answer, news bool, err error) {
	if l.Began.Known() {
		return nil, true, nil
	}
	if r.Archived && l.Seen.Known() {
		return nil, false, nil
	}
	a, err = p.client.do(ctx, request{path: "/repos/" + r.name + path, query: query, limit: maxListBody, etag: l.ETag})
	if err != nil || a.same {
		return nil, false, err
	}
	l.New = ""
	if etag := a.header.Get("ETag"); len(etag) <= maxETag {
		l.New = etag
	}
	l.begin(p.dateOf(a))
	return a, true, nil
}

// merged reads the pull requests that were updated since they were read.
func (p *pull) merged(ctx context.Context, r *repo) error {
	l := &r.dora().Changes
	news, err := p.news(ctx, r, l, "/pulls", url.Values{
		"state": {"closed"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"1"},
	})
	if err != nil || !news {
		return err
	}
	if p.rest {
		return p.mergedREST(ctx, r, l)
	}
	for {
		var got struct {
			Repository struct {
				Pulls *struct {
					Page  pageInfo          `json:"pageInfo"`
					Nodes []json.RawMessage `json:"nodes"`
				} `json:"pullRequests"`
			} `json:"repository"`
		}
		q := graphQuery{operation: "ThroughlineChanges", text: changesQuery, variables: r.on(map[string]any{"after": orNil(l.After)})}
		_, err := p.graphPage(ctx, q, &got)
		if p.noGraph(err) {
			l.After = ""
			return p.mergedREST(ctx, r, l)
		}
		if err != nil && !isPartly(err) {
			return err
		}
		if got.Repository.Pulls == nil {
			return &answerError{path: "/graphql", id: "shape", what: "does not hold what was asked for"}
		}
		found := p.changePage(ctx, r, got.Repository.Pulls.Nodes, err)
		if found.err != nil {
			return found.err
		}
		page := got.Repository.Pulls.Page
		done := !page.HasNextPage || page.EndCursor == "" || page.EndCursor == l.After || found.oldest < l.until(p)
		if l.After = page.EndCursor; done {
			l.end()
		}
		if err := p.emitChanges(r, &found); err != nil || done {
			return err
		}
	}
}

// changed is what a page of pull requests came to.
type changed struct {
	changes  []delivery.Change
	problems []source.Problem
	oldest   delivery.Instant // update in it
	err      error
}

// changePage reads a page. partly is what GitHub said was lacking.
func (p *pull) changePage(ctx context.Context, r *repo, nodes []json.RawMessage, partly error) changed {
	out := changed{oldest: delivery.InstantOf(p.began) + 1}
	lacking := partly != nil
	for i, raw := range nodes {
		var g graphChange
		if err := json.Unmarshal(raw, &g); err != nil || g.Number == 0 {
			out.problems = append(out.problems, source.Problem{
				Record: fmt.Sprintf("%s pull request %d", r.name, g.Number), Path: fmt.Sprintf("$.nodes[%d]", i),
				Message: "does not hold what was asked for", Phrase: source.Phrase{ID: "github.shape", Args: []string{"path", "/graphql"}},
			})
			continue
		}
		c := g.change(r)
		out.oldest = min(out.oldest, c.UpdatedAt)
		if !c.MergedAt.Known() || p.tooOld(r, &c) {
			continue
		}
		if c.Commits == nil || c.Paths == nil || g.Reviews == nil {
			lacking = false // it is completed, or noted
			if err := p.completeChange(ctx, r, &c); err != nil {
				if out.err = p.lackingChange(r, &c, err, &out); out.err != nil {
					return out
				}
				continue
			}
		}
		out.changes = append(out.changes, c)
	}
	if lacking {
		out.problems = append(out.problems, problemOf(r.name, partly))
	}
	return out
}

// tooOld reports whether a pull request lies before the range, or is in as it stands.
func (p *pull) tooOld(r *repo, c *delivery.Change) bool {
	until := r.dora().Changes.until(p)
	return c.UpdatedAt < until && c.MergedAt < until
}

// lackingChange notes that a pull request is to be asked for again. It returns what
// ends the pull.
func (p *pull) lackingChange(r *repo, c *delivery.Change, err error, out *changed) error {
	if !ofOne(err) {
		return err
	}
	out.problems = append(out.problems, problemOf(r.name+" pull request "+c.ID, err))
	if st := r.dora(); len(st.Again) < maxAgain && !slices.Contains(st.Again, c.Number) {
		st.Again = append(st.Again, c.Number)
	}
	return nil
}

// emitChanges yields pull requests, and what rules make of them.
func (p *pull) emitChanges(r *repo, found *changed) error {
	var b delivery.Batch
	for _, c := range found.changes {
		c.Connection = p.connection
		b.Changes = append(b.Changes, c)
		r.learn(&c)
		if d, ok := p.mergeDeployment(&c); ok {
			d.Connection = p.connection
			b.Deployments = append(b.Deployments, d)
		}
	}
	p.progress.Read += len(found.changes)
	if len(found.changes)+len(found.problems) == 0 {
		return nil
	}
	return p.emit(b, found.problems)
}

// learn keeps when the work on commits began that were deployed.
func (r *repo) learn(c *delivery.Change) {
	first := earliest(c.Commits)
	if !first.Known() {
		return
	}
	if r.heads == nil {
		r.heads = map[string]delivery.Instant{}
	}
	if c.MergeSHA != "" {
		r.heads[c.MergeSHA] = first
	}
	for i := range c.Commits {
		r.heads[c.Commits[i].SHA] = first
	}
}

// again asks by number for pull requests that could not be read.
func (p *pull) changesAgain(ctx context.Context, r *repo) error {
	st := r.dora()
	todo := st.Again
	if len(todo) == 0 {
		return nil
	}
	p.progress.Phase = phaseRetry
	st.Again = nil
	var out changed
	for i, n := range todo {
		c, err := p.changeOf(ctx, r, n)
		if err != nil {
			if e := p.lackingChange(r, &delivery.Change{ID: strconv.FormatInt(n, 10), Number: n}, err, &out); e != nil {
				st.Again = append(st.Again, todo[i:]...)
				return e
			}
			continue
		}
		if c.MergedAt.Known() {
			out.changes = append(out.changes, c)
		}
	}
	return p.emitChanges(r, &out)
}
