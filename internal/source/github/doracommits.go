package github

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

const (
	// maxHistory bounds the pages of commits of one pull.
	maxHistory  = 300
	historyPage = 100
	// commitSlack is how much older than its push a commit may be to be found by a
	// later pull: people commit offline.
	commitSlack = delivery.Instant(14 * day * 1000)
)

const commitsQuery = `query ThroughlineCommits($owner:String!,$name:String!,$branch:String!,$since:GitTimestamp,$first:Int!,$after:String){
 repository(owner:$owner,name:$name){ref(qualifiedName:$branch){target{... on Commit{
  history(first:$first,after:$after,since:$since){pageInfo{hasNextPage endCursor} nodes{` + commitFields + ` committedDate
   parents(first:3){nodes{oid}} associatedPullRequests(first:1){nodes{number mergedAt}}}}
 }}}}` + rateFields + `}`

// historyCommit is a commit of the default branch.
type historyCommit struct {
	graphCommit
	Parents list[struct {
		OID string `json:"oid"`
	}] `json:"parents"`
	Pulls *list[struct {
		Number int64  `json:"number"`
		Merged moment `json:"mergedAt"`
	}] `json:"associatedPullRequests"`
}

// commits reads the commits of the default branch: those that no pull request
// brought are changes of their own, and all of them say what deployments hold.
func (p *pull) commits(ctx context.Context, r *repo) error {
	if r.defaultBranch == "" {
		return nil
	}
	l := &r.dora().Commits
	news, err := p.news(ctx, r, l, "/commits", url.Values{"sha": {r.defaultBranch}, "per_page": {"1"}})
	if isStatus(err, http.StatusConflict) { // nothing was ever pushed
		return nil
	}
	if err != nil || !news {
		return err
	}
	if p.rest {
		return p.commitsREST(ctx, r, l)
	}
	whole := l.After == ""
	tree := ancestry{}
	for range maxHistory {
		var got struct {
			Repository struct {
				Ref *struct {
					Target struct {
						History *struct {
							Page  pageInfo        `json:"pageInfo"`
							Nodes []historyCommit `json:"nodes"`
						} `json:"history"`
					} `json:"target"`
				} `json:"ref"`
			} `json:"repository"`
		}
		q := graphQuery{operation: "ThroughlineCommits", text: commitsQuery, variables: r.on(map[string]any{
			"branch": "refs/heads/" + r.defaultBranch, "after": orNil(l.After), "since": l.since(p), "first": historyPage,
		})}
		_, err := p.client.graph(ctx, q, &got)
		if p.noGraph(err) {
			l.After = ""
			return p.commitsREST(ctx, r, l)
		}
		if err != nil && !isPartly(err) {
			return err
		}
		if got.Repository.Ref == nil || got.Repository.Ref.Target.History == nil {
			l.end() // there is no such branch any more
			return nil
		}
		h := got.Repository.Ref.Target.History
		var found []delivery.Change
		for i := range h.Nodes {
			c := &h.Nodes[i]
			tree.add(c.commit(), c.direct(), c.parents())
			if c.direct() {
				found = append(found, r.directChange(c.commit(), c.Committed.at()))
			}
		}
		l.After = h.Page.EndCursor
		done := !h.Page.HasNextPage || l.After == ""
		if done {
			l.end()
		}
		if err := p.emitChanges(r, &changed{changes: found}); err != nil {
			return err
		}
		if done {
			break
		}
	}
	if whole {
		r.tree = tree
	}
	return nil
}

// since is from what commit date on commits are asked for.
func (l *listing) since(p *pull) string {
	at := p.start()
	if l.Seen.Known() {
		at = max(l.Seen-commitSlack, at)
	}
	return at.Time().UTC().Truncate(time.Second).Format(time.RFC3339)
}

// direct reports whether no pull request brought a commit. What GitHub does not say is
// no direct commit.
func (c *historyCommit) direct() bool {
	if c.Pulls == nil || c.OID == "" || !c.Committed.at().Known() {
		return false
	}
	for _, n := range c.Pulls.Nodes {
		if n.Merged.at().Known() {
			return false
		}
	}
	return true
}

func (c *historyCommit) parents() (out []string) {
	for _, parent := range c.Parents.Nodes {
		out = append(out, parent.OID)
	}
	return out
}

// directChange is the change that a commit is.
func (r *repo) directChange(c delivery.Commit, at delivery.Instant) delivery.Change {
	return delivery.Change{
		Repository: r.name, ID: c.SHA, Title: cutText(firstLine(c.Message), maxTitle), Author: c.Author, Bot: c.Bot,
		Base: r.defaultBranch, CreatedAt: at, MergedAt: at, UpdatedAt: at, MergeSHA: c.SHA, Commits: []delivery.Commit{c},
	}
}

// commitsREST is commits without GraphQL. Whether a pull request brought a commit
// takes a request each: what names one, or is of one that was read, is not asked for.
func (p *pull) commitsREST(ctx context.Context, r *repo, l *listing) error {
	whole := l.After == ""
	tree := ancestry{}
	for page := l.page(); page <= maxHistory; page++ {
		list, more, err := getList[restCommit](ctx, p, r, "/commits", url.Values{"sha": {r.defaultBranch}, "since": {l.since(p)}}, page)
		if err != nil {
			return err
		}
		var found []delivery.Change
		for i := range list {
			c := &list[i]
			direct, err := p.isDirect(ctx, r, c)
			if err != nil {
				return err
			}
			tree.add(c.commit(), direct, c.parents())
			if direct {
				found = append(found, r.directChange(c.commit(), c.Commit.Committer.Date.at()))
			}
		}
		if l.After = strconv.Itoa(page + 1); !more {
			l.end()
		}
		if err := p.emitChanges(r, &changed{changes: found}); err != nil {
			return err
		}
		if !more {
			break
		}
	}
	if whole {
		r.tree = tree
	}
	return nil
}

// isDirect reports whether no pull request brought a commit.
func (p *pull) isDirect(ctx context.Context, r *repo, c *restCommit) (bool, error) {
	if len(c.Parents) > 1 || !c.Commit.Committer.Date.at().Known() || numbered(c.Commit.Message) > 0 || r.heads[c.SHA].Known() {
		return false, nil
	}
	pulls, err := p.pullsOf(ctx, r, c.SHA)
	return len(pulls) == 0, err
}

// pullsOf are the pull requests that a commit belongs to.
func (p *pull) pullsOf(ctx context.Context, r *repo, sha string) ([]restChange, error) {
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/commits/" + url.PathEscape(sha) + "/pulls", limit: maxOtherBody})
	if err != nil {
		return nil, err
	}
	var list []restChange
	if json.Unmarshal(a.body, &list) != nil {
		return nil, &answerError{path: a.path, id: "not_list", what: "is not a list"}
	}
	return list, nil
}
