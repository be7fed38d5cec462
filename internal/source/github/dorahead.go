package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	headsAtOnce = 25
	maxHeads    = 300 // commits that are asked for one at a time in a pull
)

// headFields is what is asked of a deployed commit.
const headFields = `
fragment head on Commit{oid authoredDate message
 associatedPullRequests(first:1){nodes{number mergedAt commits(first:100){totalCount nodes{commit{oid authoredDate}}}}}}`

// headsQuery asks for n commits: those that the variables s0, s1 … name.
func headsQuery(n int) string {
	var vars, fields strings.Builder
	for i := range n {
		fmt.Fprintf(&vars, ",$s%d:String!", i)
		fmt.Fprintf(&fields, " c%d:object(expression:$s%d){...head}", i, i)
	}
	return "query ThroughlineHeads($owner:String!,$name:String!" + vars.String() + "){\n repository(owner:$owner,name:$name){" +
		fields.String() + "}" + rateFields + "}" + headFields
}

// head is a deployed commit.
type head struct {
	graphCommit
	Pulls *list[struct {
		Number  int64 `json:"number"`
		Commits *list[struct {
			Commit graphCommit `json:"commit"`
		}] `json:"commits"`
	}] `json:"associatedPullRequests"`
}

// errUnknownCommit says that a repository does not have a commit.
var errUnknownCommit = errors.New("GitHub does not know the commit")

// heads finds out when the work on deployed commits began. What is not known has no
// such time, and is asked for again in the next pull.
func (c *completing) heads(ctx context.Context, from, to int) error {
	var ask []string
	for _, sha := range c.headless(from, to) {
		if _, asked := c.starts[sha]; asked {
			continue
		}
		if c.starts[sha] = c.read(sha); !c.starts[sha].Known() {
			ask = append(ask, sha)
		}
	}
	err := c.askHeads(ctx, ask)
	for i := from; i < to; i++ {
		d := &c.stored[i]
		if at := c.starts[d.SHA]; at.Known() && !d.HeadStart.Known() {
			c.say(d, func(said *delivery.Deployment) { said.HeadStart = at })
		}
	}
	return err
}

// read is when the work on a commit began, if that was read anyway in this pull.
func (c *completing) read(sha string) delivery.Instant {
	if at := c.repo.heads[sha]; at.Known() {
		return at
	}
	if n := c.tree[sha]; n != nil && n.direct {
		return n.commit.AuthoredAt
	}
	return 0
}

// headless are the commits of those deployments whose beginning is not known, the latest
// first, without those that have long been unknown.
func (c *completing) headless(from, to int) []string {
	var out []string
	seen, lost := map[string]bool{}, map[string]bool{}
	for _, sha := range c.lost().Lost {
		lost[sha] = true
	}
	for i := to - 1; i >= from; i-- {
		d := &c.stored[i]
		if d.HeadStart.Known() || !safeName.MatchString(d.SHA) {
			continue
		}
		if delivery.InstantOf(c.began)-max(d.CreatedAt, d.UpdatedAt, d.ToldAt) <= lostAfter {
			c.recent[d.SHA] = true
		} else if lost[d.SHA] {
			continue
		}
		if !seen[d.SHA] {
			out = append(out, d.SHA)
		}
		seen[d.SHA] = true
	}
	return out
}

func (c *completing) lost() *doraState { return c.state.dora() }

// askHeads asks for commits, many at once where that is possible.
func (c *completing) askHeads(ctx context.Context, shas []string) error {
	for _, some := range chunks(shas, headsAtOnce) {
		rest := some
		if !c.rest {
			var err error
			if rest, err = c.graphHeads(ctx, some); err != nil {
				return err
			}
		}
		for _, sha := range rest {
			if c.headed++; c.headed > maxHeads {
				return nil
			}
			at, err := c.headStart(ctx, c.repo, sha)
			if err == nil {
				c.starts[sha] = at
			} else if err = c.unknown(sha, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// unknown notes that a commit's beginning could not be found out. That a commit of
// long ago is gone is nothing to tell anybody. It returns what ends the pull.
func (c *completing) unknown(sha string, err error) error {
	if errors.Is(err, errUnknownCommit) {
		if st := c.lost(); !slices.Contains(st.Lost, sha) {
			st.Lost = append(st.Lost[max(len(st.Lost)-maxLost+1, 0):], sha)
		}
		if !c.recent[sha] {
			return nil
		}
		c.problems = append(c.problems, source.Problem{
			Record: c.name + " commit " + sha, Path: "$", Message: "GitHub does not know the commit " + sha + " of a deployment",
			Phrase: source.Phrase{ID: "github.commit", Args: []string{"sha", sha}},
		})
		return nil
	}
	return c.fails(c.name+" commit "+sha, err)
}

// graphHeads asks for some commits at once. rest are those to ask for one by one.
func (c *completing) graphHeads(ctx context.Context, some []string) (rest []string, err error) {
	vars := map[string]any{}
	for i, sha := range some {
		vars["s"+strconv.Itoa(i)] = sha
	}
	var got struct {
		Repository map[string]*head `json:"repository"`
	}
	q := graphQuery{operation: "ThroughlineHeads", text: headsQuery(len(some)), variables: c.on(vars)}
	_, err = c.client.graph(ctx, q, &got)
	switch {
	case c.noGraph(err), isPartly(err), err != nil && isTooMuch(err) && c.bearable(err):
		if !isPartly(err) {
			return some, nil
		}
	case err != nil:
		return nil, err
	}
	for i, sha := range some {
		h := got.Repository["c"+strconv.Itoa(i)]
		switch {
		case h == nil && err != nil: // it may be what failed
			rest = append(rest, sha)
		case h == nil:
			if err := c.unknown(sha, errUnknownCommit); err != nil {
				return nil, err
			}
		default:
			if at := h.start(); at.Known() {
				c.starts[sha] = at
			} else {
				rest = append(rest, sha)
			}
		}
	}
	return rest, nil
}

// start is when the work on a commit began: on its pull request, else on itself; 0
// when that takes another request.
func (h *head) start() delivery.Instant {
	if h.Pulls == nil || len(h.Pulls.Nodes) == 0 {
		if h.Pulls == nil || numbered(h.Message) > 0 {
			return 0
		}
		return h.Authored.at()
	}
	of := h.Pulls.Nodes[0].Commits
	if of == nil || of.Total > len(of.Nodes) {
		return 0
	}
	commits := []delivery.Commit{}
	for i := range of.Nodes {
		commits = append(commits, of.Nodes[i].Commit.commit())
	}
	if at := earliest(commits); at.Known() {
		return at
	}
	return h.Authored.at()
}

// headStart is head.start by the REST API.
func (p *pull) headStart(ctx context.Context, r *repo, sha string) (delivery.Instant, error) {
	pulls, err := p.pullsOf(ctx, r, sha)
	if err != nil && !isStatus(err, http.StatusNotFound, http.StatusUnprocessableEntity) {
		return 0, err
	}
	if len(pulls) > 0 {
		n := pulls[0].Number
		if i := slices.IndexFunc(pulls, func(c restChange) bool { return c.Merged.at().Known() }); i >= 0 {
			n = pulls[i].Number
		}
		if at, err := p.pullStart(ctx, r, n); err != nil || at.Known() {
			return at, err
		}
	}
	c, err := p.commitOf(ctx, r, sha)
	if err != nil {
		return 0, err
	}
	if n := numbered(c.Message); n > 0 && len(pulls) == 0 {
		at, err := p.pullStart(ctx, r, n)
		if at.Known() || err != nil && !isStatus(err, http.StatusNotFound) { // it is an issue's number
			return at, err
		}
	}
	if !c.AuthoredAt.Known() {
		return 0, errUnknownCommit
	}
	return c.AuthoredAt, nil
}

// pullStart is the earliest author date of a pull request's commits.
func (p *pull) pullStart(ctx context.Context, r *repo, number int64) (delivery.Instant, error) {
	list, err := allOf[restCommit](ctx, p, r, "/pulls/"+strconv.FormatInt(number, 10)+"/commits", maxListPages)
	if err != nil {
		return 0, err
	}
	commits := []delivery.Commit{}
	for i := range list {
		commits = append(commits, list[i].commit())
	}
	return earliest(commits), nil
}

// commitOf asks for a commit by its sha, or by a tag.
func (p *pull) commitOf(ctx context.Context, r *repo, ref string) (delivery.Commit, error) {
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/git/commits/" + url.PathEscape(ref), limit: maxOtherBody})
	if isStatus(err, http.StatusNotFound, http.StatusUnprocessableEntity) {
		return p.refOf(ctx, r, ref)
	}
	if err != nil {
		return delivery.Commit{}, err
	}
	var got struct {
		SHA     string `json:"sha"`
		Message string `json:"message"`
		Author  struct {
			Name string `json:"name"`
			Date moment `json:"date"`
		} `json:"author"`
	}
	if json.Unmarshal(a.body, &got) != nil {
		return delivery.Commit{}, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	return madeCommit(got.SHA, got.Author.Date.at(), got.Author.Name, got.Message), nil
}

// refOf is commitOf for what is no sha.
func (p *pull) refOf(ctx context.Context, r *repo, ref string) (delivery.Commit, error) {
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/commits/" + url.PathEscape(ref), limit: maxOtherBody})
	if isStatus(err, http.StatusNotFound, http.StatusUnprocessableEntity) {
		return delivery.Commit{}, errUnknownCommit
	}
	if err != nil {
		return delivery.Commit{}, err
	}
	var got restCommit
	if json.Unmarshal(a.body, &got) != nil || got.SHA == "" {
		return delivery.Commit{}, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	return got.commit(), nil
}
