package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

const (
	maxCompares     = 300 // in a pull, of a repository
	maxComparePages = 20
)

// elsewhere are parts of the names of environments that no team calls production.
var elsewhere = []string{"stag", "test", "dev", "qa", "preview", "review", "sandbox", "github-pages", "pr-", "pull-"}

// maybeProduction reports whether a team may call an environment production.
func maybeProduction(d *delivery.Deployment) bool {
	name := strings.ToLower(d.Environment)
	return d.Production || name != "" && !slices.ContainsFunc(elsewhere, func(part string) bool { return strings.Contains(name, part) })
}

// ranges finds out what successful deployments brought since the ones before them in
// the same environment: each once, of those from one place to another.
func (c *completing) ranges(ctx context.Context, before map[int]string, from, to int) error {
	if c.partial { // the one before may be missing
		return nil
	}
	for i := to - 1; i >= from; i-- {
		d := &c.stored[i]
		base, ok := before[i]
		if !ok || d.Range != nil {
			continue
		}
		got, known := c.tree.between(base, d.SHA)
		switch {
		case base == d.SHA:
			got = &delivery.CommitRange{Base: base}
		case known:
		case c.compared == maxCompares:
			continue
		default:
			var err error
			c.compared++
			if got, err = c.compare(ctx, c.repo, base, d.SHA); err != nil {
				if err := c.fails(c.name+" deployment "+d.ID, err); err != nil {
					return err
				}
				continue
			}
		}
		c.say(d, func(said *delivery.Deployment) { said.Range = got })
	}
	return nil
}

// before are the shas of the successful deployments before others, by the places of
// those.
func (c *completing) before() map[int]string {
	out, last := map[int]string{}, map[string]string{}
	for i := range c.stored {
		d := &c.stored[i]
		if d.Status != delivery.DeploySuccess || !safeName.MatchString(d.SHA) || !maybeProduction(d) {
			continue
		}
		// What a rule makes of one thing is not what came before another's.
		at := strings.ToLower(d.Environment) + "\x00" + d.Service
		if base := last[at]; base != "" {
			out[i] = base
		}
		last[at] = d.SHA
	}
	return out
}

// compare asks what is between two commits. Of one that is gone the range is cut.
func (p *pull) compare(ctx context.Context, r *repo, base, head string) (*delivery.CommitRange, error) {
	out := &delivery.CommitRange{Base: base}
	for page := 1; ; page++ {
		a, err := p.client.do(ctx, request{
			path: "/repos/" + r.name + "/compare/" + base + "..." + head, limit: maxListBody,
			query: url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}},
		})
		if isStatus(err, http.StatusNotFound, http.StatusUnprocessableEntity) {
			return &delivery.CommitRange{Base: base, Cut: true}, nil
		}
		if err != nil {
			return nil, err
		}
		var got struct {
			Status  string       `json:"status"`
			Total   int          `json:"total_commits"`
			Commits []restCommit `json:"commits"`
		}
		if json.Unmarshal(a.body, &got) != nil || got.Status == "" {
			return nil, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
		}
		out.Behind = got.Status == "behind"
		for i := range got.Commits {
			out.Commits = append(out.Commits, got.Commits[i].commit())
		}
		if len(out.Commits) >= got.Total || len(got.Commits) == 0 || page == maxComparePages {
			out.Cut = len(out.Commits) < got.Total
			return out, nil
		}
	}
}
