package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
)

// maxListPages bounds the pages of what a pull request holds: GitHub shows 250 of
// its commits and 3,000 of its files.
const maxListPages = 30

// mergedREST is merged without GraphQL.
func (p *pull) mergedREST(ctx context.Context, r *repo, l *listing) error {
	known, err := p.changeStates(ctx, r)
	if err != nil {
		return err
	}
	for page := l.page(); ; page++ {
		list, more, err := getList[restChange](ctx, p, r, "/pulls", url.Values{"state": {"closed"}, "sort": {"updated"}, "direction": {"desc"}}, page)
		if err != nil {
			return err
		}
		found := changed{oldest: delivery.InstantOf(p.began) + 1}
		for i := range list {
			c := list[i].change(r)
			found.oldest = min(found.oldest, c.UpdatedAt)
			if !c.MergedAt.Known() || p.tooOld(r, &c) || !l.Seen.Known() && known[c.ID] == c.UpdatedAt {
				continue
			}
			if err := p.completeChange(ctx, r, &c); err != nil {
				if err := p.lackingChange(r, &c, err, &found); err != nil {
					return err
				}
				continue
			}
			found.changes = append(found.changes, c)
		}
		done := !more || found.oldest < l.until(p)
		if l.After = strconv.Itoa(page + 1); done {
			l.end()
		}
		if err := p.emitChanges(r, &found); err != nil || done {
			return err
		}
	}
}

// page is the number of the page of a list of REST that is read next.
func (l *listing) page() int {
	n, err := strconv.Atoi(l.After)
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// changeStates are the pull requests that are stored.
func (p *pull) changeStates(ctx context.Context, r *repo) (map[string]delivery.Instant, error) {
	if p.known == nil {
		return nil, nil //nolint:nilnil // nothing is
	}
	return p.known.ChangeStates(ctx, p.connection, r.name)
}

// getList asks for a page of a list below a repository, and whether another follows.
func getList[T any](ctx context.Context, p *pull, r *repo, path string, query url.Values, page int) (list []T, more bool, err error) {
	q := url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}}
	for name, values := range query {
		q[name] = values
	}
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + path, query: q, limit: maxListBody})
	if err != nil {
		return nil, false, err
	}
	return listIn[T](a)
}

// listIn is the list that an answer holds, and whether another page of it follows.
func listIn[T any](a *answer) (list []T, more bool, err error) {
	if json.Unmarshal(a.body, &list) != nil || list == nil {
		return nil, false, &answerError{path: a.path, id: "not_list", what: "is not a list"}
	}
	return list, len(list) > 0 && (len(list) == perPage || a.hasNext()), nil
}

// allOf are all pages of a list below a repository.
func allOf[T any](ctx context.Context, p *pull, r *repo, path string, most int) ([]T, error) {
	out := []T{}
	for page := 1; page <= most; page++ {
		list, more, err := getList[T](ctx, p, r, path, nil, page)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
		if !more {
			break
		}
	}
	return out, nil
}

// completeChange asks for what is lacking of a pull request.
func (p *pull) completeChange(ctx context.Context, r *repo, c *delivery.Change) error {
	path := "/pulls/" + c.ID
	if c.Commits == nil {
		commits, err := allOf[restCommit](ctx, p, r, path+"/commits", maxListPages)
		if err != nil {
			return err
		}
		c.Commits = []delivery.Commit{}
		for i := range commits {
			c.Commits = append(c.Commits, commits[i].commit())
		}
	}
	if !c.ReviewedAt.Known() {
		reviews, err := allOf[review](ctx, p, r, path+"/reviews", maxListPages)
		if err != nil {
			return err
		}
		reviewed(c, reviews)
	}
	if c.Paths == nil {
		files, err := allOf[struct {
			Name string `json:"filename"`
		}](ctx, p, r, path+"/files", maxListPages)
		if err != nil && !isStatus(err, http.StatusNotFound, http.StatusUnprocessableEntity) { // of a diff that is too large
			return err
		}
		for _, f := range files {
			c.Paths = append(c.Paths, f.Name)
		}
	}
	return nil
}

// changeOf asks for one pull request with all it holds.
func (p *pull) changeOf(ctx context.Context, r *repo, number int64) (delivery.Change, error) {
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/pulls/" + strconv.FormatInt(number, 10), limit: maxOtherBody})
	if err != nil {
		return delivery.Change{}, err
	}
	var got restChange
	if json.Unmarshal(a.body, &got) != nil || got.Number != number {
		return delivery.Change{}, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	c := got.change(r)
	if c.MergedAt.Known() || c.ClosedAt.Known() {
		err = p.completeChange(ctx, r, &c)
	}
	return c, err
}
