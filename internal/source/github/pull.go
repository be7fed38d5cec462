package github

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Phases of a pull.
const (
	phaseChanges = "changes" // what was created in the last 30 days
	phaseRetry   = "retry"   // runs that go on, or could not be read before
	phaseHistory = "history" // what was created before
)

var errStopped = errors.New("the consumer wants no more")

// Pull lists the runs of each repository created in the last 30 days, in which they
// may still change, and then goes back through what was created before.
func (s *Source) Pull(ctx context.Context, raw source.Cursor) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) {
		p := &pull{
			Source: s, cursor: cursorOf(raw), yield: yield, began: s.now(),
			requests: s.client.requests.Load(), taken: map[int64]delivery.Instant{},
		}
		err := p.run(ctx)
		if err != nil && !errors.Is(err, errStopped) && ctx.Err() == nil && len(p.repos) > 0 {
			err = cmp.Or(p.emit(delivery.Batch{}, nil), err) // what was found unchanged is not asked for again
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(source.Page{}, err)
		}
	}
}

// pull is one pull under way.
type pull struct {
	*Source
	cursor   cursor
	yield    func(source.Page, error) bool
	began    time.Time
	requests int64 // sent before this pull
	progress source.Progress
	repos    []*repo
	// taken are runs asked for by id, by their last update.
	taken    map[int64]delivery.Instant
	troubled int  // runs in turn whose jobs GitHub failed to give
	size     int  // of pages of GraphQL, a place in pageSizes
	rest     bool // there is no GraphQL
	waits    *graphLimit
}

// repo is a repository being read.
type repo struct {
	repository
	*state
	err error // why its runs are not read on

	defaultBranch string // as GitHub says it
	served        bool   // something but runs could be read
	refused       bool   // not all of that, which was said
	partial       bool   // nor was all of it
	// What was read in this pull: when work on commits began, the commits of the
	// default branch, and deployments with their statuses.
	heads map[string]delivery.Instant
	tree  ancestry
	fresh map[int64]bool
}

func (p *pull) run(ctx context.Context) error {
	if len(p.repositories)+len(p.organizations) == 0 {
		return p.onlyTold(ctx)
	}
	if err := p.find(ctx); err != nil {
		return err
	}
	runs := func(step func(context.Context, *repo) error) func(context.Context, *repo) error {
		return func(ctx context.Context, r *repo) error { return p.of(ctx, r, step) }
	}
	// The history of runs takes by far the most requests.
	for i, step := range []func(context.Context, *repo) error{runs(p.changes), p.dora, runs(p.history)} {
		for _, r := range p.repos {
			if err := step(ctx, r); err != nil {
				return err
			}
		}
		if i == 1 {
			if err := p.told(ctx); err != nil {
				return err
			}
		}
	}
	if err := p.emit(delivery.Batch{}, nil); err != nil {
		return err
	}
	return cmp.Or(p.waits.orNil(), p.failure())
}

// find looks the repositories up, and forgets those that are no longer asked for.
func (p *pull) find(ctx context.Context) error {
	f := finder{Source: p.Source, known: func(name string) *found {
		id, st := p.cursor.named(name)
		if st == nil {
			return nil
		}
		return &found{ID: id, FullName: st.Name, DefaultBranch: st.Branch, Archived: st.Archived, etag: st.ETag}
	}}
	if err := f.find(ctx); err != nil {
		return err
	}
	var problems []source.Problem
	for _, u := range f.unseen {
		m := u.message()
		problems = append(problems, source.Problem{Record: u.name, Path: "$", Message: m.Text, Phrase: m.Phrase})
		p.repos = append(p.repos, &repo{err: u.err})
	}
	for _, r := range f.all {
		st := p.cursor.Repositories[r.ID]
		if st == nil {
			st = &state{}
			p.cursor.Repositories[r.ID] = st
		}
		st.Name, st.Branch, st.Archived, st.ETag = r.FullName, r.DefaultBranch, r.Archived, r.etag
		p.repos = append(p.repos, &repo{
			repository: p.repositoryOf(r.FullName, r.DefaultBranch), state: st, defaultBranch: r.DefaultBranch,
		})
	}
	if len(f.unseen) == 0 {
		for id := range p.cursor.Repositories {
			if !f.ids[id] {
				delete(p.cursor.Repositories, id)
			}
		}
	}
	// Those first that had to wait when the last pull was cut short.
	slices.SortStableFunc(p.repos, func(a, b *repo) int { return cmp.Compare(a.listed(), b.listed()) })
	if len(problems) > 0 {
		return p.emit(delivery.Batch{}, problems)
	}
	return nil
}

func (r *repo) listed() delivery.Instant {
	if r.state == nil {
		return 0
	}
	return r.Listed
}

// of carries out a step for a repository. What is wrong with it alone is a problem,
// and the others go on.
func (p *pull) of(ctx context.Context, r *repo, step func(context.Context, *repo) error) error {
	if r.err != nil {
		return nil //nolint:nilerr // it was reported
	}
	err := step(ctx, r)
	if err == nil || !ofOne(err) {
		return err
	}
	r.err = err
	problem := problemOf(r.name, err)
	if isStatus(err, http.StatusForbidden, http.StatusNotFound) {
		m := noActions(r.name, err)
		problem.Message, problem.Phrase = m.Text, m.Phrase
	}
	return p.emit(delivery.Batch{}, []source.Problem{problem})
}

// noActions says that the runs of a repository are not to be seen.
func noActions(name string, err error) source.Message {
	return source.Message{
		Text:   "The runs of " + name + " cannot be read: Actions may be off, or the token may not read them: " + err.Error(),
		Phrase: source.Phrase{ID: "github.actions", Args: []string{"name", name, "said", err.Error()}},
	}
}

// failure is what is wrong when nothing of any repository could be read.
func (p *pull) failure() error {
	var last error
	for _, r := range p.repos {
		switch {
		case r.err == nil || r.served:
			return nil
		case last == nil || !isStatus(r.err, http.StatusNotFound):
			last = r.err
		}
	}
	switch {
	case isStatus(last, http.StatusForbidden):
		return forbidden(last)
	case isStatus(last, http.StatusNotFound): // each is a problem of its own
		return nil
	}
	return last
}

// emit yields a page with the cursor as it stands.
func (p *pull) emit(b delivery.Batch, problems []source.Problem) error {
	b.Connection = p.connection
	p.progress.Requests = int(p.client.requests.Load() - p.requests)
	p.progress.REST, p.progress.GraphQL = p.client.budget.said(), p.client.graphs.said()
	p.progress.Found = max(p.progress.Found, p.progress.Read)
	page := source.Page{Batch: b, Cursor: p.cursor.raw(), Progress: p.progress, Problems: problems}
	if !p.yield(page, nil) {
		return errStopped
	}
	return nil
}
