package github

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	maxLost       = 500 // commits of a repository that are remembered as unknown
	maxUnfinished = 30  // deployments whose statuses are asked for one at a time
	maxTold       = 100 // pull requests that hooks told of
	completedAt   = 100 // deployments, in a page
	// lostAfter is how long an unknown commit is asked for again.
	lostAfter = delivery.Instant(7 * day * 1000)
)

// safeName is what may stand in a path as it is: a sha, a tag without slashes.
var safeName = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z._-]{0,99}$`)

// complete asks for what is lacking of stored deployments, whoever told of them: how
// they went on, what they brought, and when the work on it began.
func (p *pull) complete(ctx context.Context, r *repo) error {
	if p.known == nil {
		return nil
	}
	stored, err := p.known.DeploymentsOf(ctx, p.connection, r.name)
	if err != nil {
		return err
	}
	slices.SortStableFunc(stored, func(a, b delivery.Deployment) int {
		return cmp.Or(cmp.Compare(a.FinishedAt, b.FinishedAt), cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	c := &completing{pull: p, repo: r, stored: stored, recent: map[string]bool{}, starts: map[string]delivery.Instant{}}
	for _, step := range []func(context.Context) error{c.unfinished, c.releases} {
		if err := step(ctx); err != nil {
			return c.flush(err)
		}
	}
	before := c.before()
	for to := len(stored); to > 0; to -= completedAt { // the latest first
		from := max(to-completedAt, 0)
		err := c.ranges(ctx, before, from, to)
		if err == nil {
			err = c.heads(ctx, from, to)
		}
		if err := c.flush(err); err != nil {
			return err
		}
	}
	return nil
}

// completing is what is found out about the deployments of a repository.
type completing struct {
	*pull
	*repo
	stored   []delivery.Deployment // in the order of their ends
	found    []delivery.Deployment
	at       map[*delivery.Deployment]int // of those stored, in found
	problems []source.Problem
	recent   map[string]bool             // commits that were deployed, or told of, not long ago
	starts   map[string]delivery.Instant // of commits; 0 when that cannot be found out
	compared int                         // by request
	headed   int                         // so
}

// say adds to what is known of a deployment that is stored: only what add sets is said.
func (c *completing) say(d *delivery.Deployment, add func(d *delivery.Deployment)) {
	at, ok := c.at[d]
	if !ok {
		if c.at == nil {
			c.at = map[*delivery.Deployment]int{}
		}
		at = len(c.found)
		c.at[d] = at
		c.found = append(c.found, delivery.Deployment{
			Connection: c.connection, Repository: d.Repository, Service: d.Service, ID: d.ID, Part: true,
		})
	}
	add(&c.found[at])
}

// flush yields what was found, before err if that is not nil.
func (c *completing) flush(err error) error {
	if len(c.found)+len(c.problems) > 0 {
		b := delivery.Batch{Deployments: c.found}
		problems := c.problems
		c.found, c.problems, c.at = nil, nil, nil
		if e := c.emit(b, problems); e != nil {
			return e
		}
	}
	return err
}

// fails makes a problem of an error that concerns one record, and returns others.
func (c *completing) fails(record string, err error) error {
	if !ofOne(err) && !c.bearable(err) {
		return err
	}
	c.problems = append(c.problems, problemOf(record, err))
	return nil
}

// bearable reports whether an error is a fault of GitHub's, of which there were not
// too many.
func (p *pull) bearable(err error) bool {
	if !isServerFault(err) {
		return false
	}
	p.troubled++
	return p.troubled <= maxTroubled
}

// unfinished asks how deployments went on that have not ended.
func (c *completing) unfinished(ctx context.Context) error {
	oldest, n := delivery.InstantOf(c.began)-deploySlack, 0
	for i := len(c.stored) - 1; i >= 0 && n < maxUnfinished; i-- {
		d := &c.stored[i]
		id, err := strconv.ParseInt(d.ID, 10, 64)
		if err != nil || ended(d.Status) || d.Rule != "" || d.CreatedAt < oldest || c.fresh[id] {
			continue
		}
		n++
		states, err := c.restStatuses(ctx, c.repo, id)
		if isStatus(err, http.StatusNotFound) { // it was deleted
			continue
		}
		if err != nil {
			if err := c.fails(c.name+" deployment "+d.ID, err); err != nil {
				return err
			}
			continue
		}
		c.say(d, func(said *delivery.Deployment) { said.States = states })
	}
	return nil
}

func ended(s delivery.DeploymentStatus) bool {
	return slices.Contains([]delivery.DeploymentStatus{
		delivery.DeploySuccess, delivery.DeployFailure, delivery.DeployError, delivery.DeployInactive,
	}, s)
}

// releases asks for the commits of releases that hooks told of.
func (c *completing) releases(ctx context.Context) error {
	for i := range c.stored {
		d := &c.stored[i]
		if d.SHA != "" || !strings.HasPrefix(d.ID, "release:") || !safeName.MatchString(d.Ref) {
			continue
		}
		commit, err := c.commitOf(ctx, c.repo, d.Ref)
		if err != nil {
			if err := c.fails(c.name+" "+d.ID, err); err != nil {
				return err
			}
			continue
		}
		d.SHA = commit.SHA
		c.say(d, func(said *delivery.Deployment) { said.SHA = commit.SHA })
	}
	return nil
}
