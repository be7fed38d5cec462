package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// graphRequest is a query of the GraphQL API. It is told by its operation: no query
// but those of our client is understood.
type graphRequest struct {
	Operation string         `json:"operationName"`
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

type fieldsOf = map[string]any

const (
	maxGraphBody = 1 << 20
	graphPoints  = 5000 // in an hour
	maxNodes     = 100  // of one list
)

// graphErrors is an answer in GitHub's form when a query cannot be answered.
func graphErrors(kind, message string, path ...any) fieldsOf {
	e := fieldsOf{"message": message, "locations": []any{fieldsOf{"line": 1, "column": 1}}}
	if kind != "" {
		e["type"] = kind
	}
	if len(path) > 0 {
		e["path"] = path
	}
	return fieldsOf{"errors": []any{e}}
}

// graphQL answers POST /graphql.
func (f *forge) graphQL(rw http.ResponseWriter, r *http.Request) {
	var q graphRequest
	body, err := io.ReadAll(io.LimitReader(r.Body, maxGraphBody))
	if err != nil || json.Unmarshal(body, &q) != nil || q.Query == "" {
		refused(rw, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	quota := f.g.points.take(0)
	if quota.left() == 0 {
		quota.say(rw.Header(), "graphql")
		f.sendGraph(rw, graphErrors("RATE_LIMITED", "API rate limit exceeded for user ID "+strconv.Itoa(accountID(robot))+"."))
		return
	}
	quota = f.g.points.take(1)
	quota.say(rw.Header(), "graphql")
	out := f.answerGraph(r, &q)
	if data, ok := out["data"].(fieldsOf); ok && strings.Contains(q.Query, "rateLimit") {
		data["rateLimit"] = fieldsOf{
			"cost": 1, "limit": quota.most, "remaining": quota.left(), "used": min(quota.used, quota.most), "resetAt": quota.until.UTC().Format(time.RFC3339),
		}
	}
	f.sendGraph(rw, out)
}

func (f *forge) sendGraph(rw http.ResponseWriter, out fieldsOf) {
	body, err := json.Marshal(out)
	if err != nil { // texts and numbers only
		panic(err)
	}
	sendForge(rw, http.StatusOK, body)
}

// answerGraph answers a query that is let in.
func (f *forge) answerGraph(r *http.Request, q *graphRequest) fieldsOf {
	if q.Operation == "ThroughlineStatuses" {
		return fieldsOf{"data": fieldsOf{"nodes": f.statusNodes(q.Variables["ids"])}}
	}
	owner, _ := q.Variables["owner"].(string)
	name, _ := q.Variables["name"].(string)
	one, ok := f.g.repoNamed(owner, name)
	if !ok {
		out := graphErrors("NOT_FOUND", "Could not resolve to a Repository with the name '"+owner+"/"+name+"'.", "repository")
		out["data"] = fieldsOf{"repository": nil}
		return out
	}
	a := &graphAnswerer{f: f, r: one, book: f.book(r), now: f.g.now(), vars: q.Variables}
	a.story = f.g.storyAt(one, a.now)
	ways := map[string]func() fieldsOf{
		"ThroughlineChanges": a.changes, "ThroughlineCommits": a.commits, "ThroughlineHeads": a.heads,
		"ThroughlineReleases": a.releases, "ThroughlineTags": a.tags,
	}
	way := ways[q.Operation]
	if way == nil {
		return graphErrors("", fmt.Sprintf("No operation named %q", q.Operation))
	}
	if first, ok := a.vars["first"].(float64); ok && first > maxNodes {
		return graphErrors("EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %.0f records on the connection exceeds the `first` limit of %d records.", first, maxNodes), "repository")
	}
	return fieldsOf{"data": fieldsOf{"repository": way()}}
}

// graphAnswerer answers a query about a repository.
type graphAnswerer struct {
	f     *forge
	r     *repo
	book  *forgeBook
	now   delivery.Instant
	vars  map[string]any
	story *story
}

// page is the page of a list of n that is asked for, and what makes it one.
func (a *graphAnswerer) page(n int, node func(i int) any) fieldsOf {
	from := 0
	if after, ok := a.vars["after"].(string); ok {
		raw, _ := base64.StdEncoding.DecodeString(after) // what is no cursor of ours begins anew
		from, _ = strconv.Atoi(strings.TrimPrefix(string(raw), "cursor:"))
	}
	size := maxNodes
	if first, ok := a.vars["first"].(float64); ok {
		size = int(first)
	}
	from = min(max(from, 0), n)
	to := min(from+size, n)
	nodes := []any{}
	for i := from; i < to; i++ {
		nodes = append(nodes, node(i))
	}
	var end any
	if to > from {
		end = base64.StdEncoding.EncodeToString([]byte("cursor:" + strconv.Itoa(to)))
	}
	return fieldsOf{"totalCount": n, "nodes": nodes, "pageInfo": fieldsOf{"hasNextPage": to < n, "endCursor": end}}
}

// graphActor is who did something.
func graphActor(who index) fieldsOf {
	if who == dependabot {
		return fieldsOf{"__typename": "Bot", "login": "dependabot"}
	}
	return fieldsOf{"__typename": "User", "login": staff[who].login}
}

// changes are the merged pull requests, the latest update first.
func (a *graphAnswerer) changes() fieldsOf {
	all := a.story.pulls
	return fieldsOf{"pullRequests": a.page(len(all), func(i int) any { return a.pull(all[len(all)-1-i]) })}
}

func (a *graphAnswerer) pull(p *pull) any {
	labels, files, reviews := []any{}, []any{}, []any{}
	for _, l := range p.labels() {
		labels = append(labels, fieldsOf{"name": l})
	}
	for _, path := range p.paths(a.r) {
		files = append(files, fieldsOf{"path": path})
	}
	for _, v := range p.reviews(a.r) {
		reviews = append(reviews, fieldsOf{"state": v.state, "submittedAt": forgeTime(v.at), "author": graphActor(v.by)})
	}
	merged := forgeTime(p.landed.at)
	return fieldsOf{
		"number": p.number, "title": p.title, "url": a.book.page(a.r) + "/pull/" + strconv.Itoa(p.number), "state": "MERGED",
		"createdAt": forgeTime(p.opened), "updatedAt": merged, "mergedAt": merged, "closedAt": merged,
		"headRefName": p.branch, "baseRefName": a.r.branch, "author": graphActor(p.author), "mergeCommit": fieldsOf{"oid": shaOf(p.landed.commit)},
		"labels": fieldsOf{"nodes": labels}, "reviews": fieldsOf{"totalCount": len(reviews), "nodes": reviews},
		"commits": a.pullCommits(p), "files": fieldsOf{"totalCount": len(files), "nodes": files},
	}
}

func (a *graphAnswerer) pullCommits(p *pull) any {
	nodes := []any{}
	for _, c := range a.story.of(p) {
		nodes = append(nodes, fieldsOf{"commit": graphCommit(c)})
	}
	return fieldsOf{"totalCount": len(nodes), "nodes": nodes}
}

// of are the commits of a pull request itself, in order.
func (s *story) of(p *pull) []*shaCommit {
	var out []*shaCommit
	last := s.bySHA[shaOf(p.pushes[len(p.pushes)-1].commit)]
	for last != nil && last.pull == p {
		out = append(out, last)
		if len(last.parents) == 0 {
			break
		}
		last = last.parents[0]
	}
	slices.Reverse(out)
	return out
}

func graphCommit(c *shaCommit) fieldsOf {
	author := fieldsOf{"name": authorName(c.author), "user": nil}
	if c.author != dependabot {
		author["user"] = fieldsOf{"login": staff[c.author].login}
	}
	return fieldsOf{"oid": c.sha, "authoredDate": forgeTime(c.authored), "committedDate": forgeTime(c.committed), "message": c.message, "author": author}
}

func authorName(who index) string {
	if who == dependabot {
		return "dependabot[bot]"
	}
	return staff[who].display
}

// commits is the history of a branch.
func (a *graphAnswerer) commits() fieldsOf {
	branch, _ := a.vars["branch"].(string)
	if strings.TrimPrefix(branch, "refs/heads/") != a.r.branch {
		return fieldsOf{"ref": nil}
	}
	since, _ := a.vars["since"].(string)
	all := []*shaCommit{}
	for _, c := range slices.Backward(a.story.commits) {
		if forgeTime(c.committed) >= since {
			all = append(all, c)
		}
	}
	history := a.page(len(all), func(i int) any { return a.linked(all[i]) })
	return fieldsOf{"ref": fieldsOf{"target": fieldsOf{"history": history}}}
}

// linked is a commit with its parents and its pull request.
func (a *graphAnswerer) linked(c *shaCommit) fieldsOf {
	out := graphCommit(c)
	parents, pulls := []any{}, []any{}
	for _, p := range c.parents {
		parents = append(parents, fieldsOf{"oid": p.sha})
	}
	if c.pull != nil {
		pulls = append(pulls, fieldsOf{"number": c.pull.number, "mergedAt": forgeTime(c.pull.landed.at), "commits": a.pullCommits(c.pull)})
	}
	out["parents"], out["associatedPullRequests"] = fieldsOf{"nodes": parents}, fieldsOf{"nodes": pulls}
	return out
}

// heads are single commits: those that the variables s0, s1 … name.
func (a *graphAnswerer) heads() fieldsOf {
	out := fieldsOf{}
	for name, v := range a.vars {
		n, ok := strings.CutPrefix(name, "s")
		sha, isText := v.(string)
		if _, err := strconv.Atoi(n); !ok || err != nil || !isText {
			continue
		}
		out["c"+n] = nil
		if c := a.story.bySHA[sha]; c != nil {
			out["c"+n] = a.linked(c)
		}
	}
	return out
}

// statusNodes are deployments by their node ids, with their statuses.
func (f *forge) statusNodes(ids any) []any {
	list, _ := ids.([]any)
	now := f.g.now()
	out := []any{}
	for _, id := range list {
		text, _ := id.(string)
		raw, _ := base64.StdEncoding.DecodeString(text) // what is no id is of nothing
		n, err := strconv.ParseInt(strings.TrimPrefix(string(raw), "010:Deployment"), 10, 64)
		var node any
		if r, ok := f.g.repoOfDeployment(n); ok && err == nil {
			if d := f.g.deploysOf(r, now).byID[n]; d != nil && d.created <= now {
				node = fieldsOf{"databaseId": d.id, "statuses": statusList(d, now)}
			}
		}
		out = append(out, node)
	}
	return out
}

func statusList(d *actDeployment, now delivery.Instant) fieldsOf {
	nodes := []any{}
	for _, s := range slices.Backward(d.states) {
		if s.at <= now {
			nodes = append(nodes, fieldsOf{"state": strings.ToUpper(s.state), "createdAt": forgeTime(s.at), "logUrl": nil, "environmentUrl": nil})
		}
	}
	return fieldsOf{"totalCount": len(nodes), "nodes": nodes}
}
