package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fakeDora is what a repository of the fake has besides runs.
type fakeDora struct {
	pulls       []*fakePull
	commits     []*fakeCommit // of the default branch, the latest first
	deployments []*fakeDeployment
	releases    []any
	tags        []*fakeCommit // with a name
}

type fakePull struct {
	number  int64
	title   string
	author  string // dependabot[bot] is one
	updated time.Time
	merged  time.Time
	merge   string
	base    string
	commits []*fakeCommit
	reviews []fakeReview
}

type fakeReview struct {
	by, state string
	at        time.Time
}

type fakeCommit struct {
	sha, message, author string
	at                   time.Time
	parents              []string
	pull                 *fakePull
	name                 string // of a tag
}

type fakeDeployment struct {
	id         int64
	sha        string
	env        string
	created    time.Time
	updated    time.Time
	states     []fakeState
	production bool
}

type fakeState struct {
	state string
	at    time.Time
}

type fields = map[string]any

func ago(d time.Duration) time.Time { return testNow.Add(-d).Truncate(time.Second) }

// history is a squashed pull request and its deployment each day, n of them.
func history(n int) *fakeDora {
	d := &fakeDora{}
	last := ""
	for i := range n {
		at := ago(time.Duration(n-i) * 6 * time.Hour)
		p := &fakePull{
			number: int64(i + 1), title: fmt.Sprintf("Pay %d", i+1), author: "ann", updated: at, merged: at, base: "main", merge: fmt.Sprintf("m%04d", i+1),
			reviews: []fakeReview{{"ann", "COMMENTED", at.Add(-3 * time.Hour)}, {"bob", "APPROVED", at.Add(-time.Hour)}},
		}
		for k := range 2 {
			p.commits = append(p.commits, &fakeCommit{
				sha: fmt.Sprintf("c%04d-%d", i+1, k), message: "Work", author: "ann", at: at.Add(time.Duration(k-5) * time.Hour), pull: p,
			})
		}
		m := &fakeCommit{sha: p.merge, message: fmt.Sprintf("%s (#%d)", p.title, p.number), author: "ann", at: at, pull: p}
		if last != "" {
			m.parents = []string{last}
		}
		last = m.sha
		d.pulls = append(d.pulls, p)
		d.commits = append([]*fakeCommit{m}, d.commits...)
		done := at.Add(30 * time.Minute)
		d.deployments = append(d.deployments, &fakeDeployment{
			id: int64(9000 + i), sha: m.sha, env: "production", production: true, created: at.Add(20 * time.Minute), updated: done,
			states: []fakeState{{"in_progress", at.Add(21 * time.Minute)}, {"success", done}},
		})
	}
	return d
}

// direct pushes a commit without a pull request.
func (d *fakeDora) direct(sha string, at time.Time) {
	c := &fakeCommit{sha: sha, message: "Quick", author: "bob", at: at}
	if len(d.commits) > 0 {
		c.parents = []string{d.commits[0].sha}
	}
	d.commits = append([]*fakeCommit{c}, d.commits...)
}

func (d *fakeDora) deploy(id int64, sha, env string, at time.Time, states ...string) {
	one := &fakeDeployment{id: id, sha: sha, env: env, created: at, updated: at}
	for i, s := range states {
		one.updated = at.Add(time.Duration(i+1) * time.Minute)
		one.states = append(one.states, fakeState{s, one.updated})
	}
	d.deployments = append(d.deployments, one)
}

func (d *fakeDora) commit(sha string) *fakeCommit {
	for _, c := range d.commits {
		if c.sha == sha {
			return c
		}
	}
	for _, p := range d.pulls {
		for _, c := range p.commits {
			if c.sha == sha {
				return c
			}
		}
	}
	return nil
}

// held are the commits that one holds.
func (d *fakeDora) held(sha string) map[string]bool {
	out := map[string]bool{}
	for todo := []string{sha}; len(todo) > 0; {
		at := todo[0]
		todo = todo[1:]
		if c := d.commit(at); c != nil && !out[at] {
			out[at] = true
			todo = append(todo, c.parents...)
		}
	}
	return out
}

func (c *fakeCommit) rest() any {
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, fields{"sha": p})
	}
	who := fields{"name": c.author + " name", "date": stamp(c.at)}
	return fields{
		"sha": c.sha, "parents": parents, "author": fields{"login": c.author, "type": "User"},
		"commit": fields{"message": c.message, "author": who, "committer": who},
	}
}

func (c *fakeCommit) graph() fields {
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, fields{"oid": p})
	}
	pulls := []any{}
	if c.pull != nil {
		pulls = append(pulls, fields{"number": c.pull.number, "mergedAt": stamp(c.pull.merged), "commits": c.pull.graphCommits()})
	}
	return fields{
		"oid": c.sha, "authoredDate": stamp(c.at), "committedDate": stamp(c.at), "message": c.message,
		"author":  fields{"name": c.author + " name", "user": fields{"login": c.author}},
		"parents": fields{"nodes": parents}, "associatedPullRequests": fields{"nodes": pulls},
	}
}

func (p *fakePull) graphCommits() any {
	nodes := []any{}
	for _, c := range p.commits {
		bare := *c
		bare.pull = nil
		nodes = append(nodes, fields{"commit": bare.graph()})
	}
	return fields{"totalCount": len(nodes), "nodes": nodes[:min(len(nodes), 100)]}
}

func (c *fakeCommit) plain() any {
	return fields{"sha": c.sha, "message": c.message, "author": fields{"name": c.author, "date": stamp(c.at)}}
}

func (p *fakePull) page() string { return fmt.Sprintf("https://github.com/acme/pay/pull/%d", p.number) }

func (p *fakePull) rest() any {
	kind := "User"
	if strings.HasSuffix(p.author, "[bot]") {
		kind = "Bot"
	}
	return fields{
		"number": p.number, "title": p.title, "html_url": p.page(), "state": "closed", "created_at": stamp(p.merged.Add(-4 * time.Hour)),
		"updated_at": stamp(p.updated), "merged_at": stamp(p.merged), "closed_at": stamp(p.merged), "merge_commit_sha": p.merge,
		"user": fields{"login": p.author, "type": kind}, "head": fields{"ref": "work"}, "base": fields{"ref": p.base},
		"labels": []any{fields{"name": "pay"}},
	}
}

func (p *fakePull) graph() fields {
	author := fields{"__typename": "User", "login": p.author}
	if name, bot := strings.CutSuffix(p.author, "[bot]"); bot {
		author = fields{"__typename": "Bot", "login": name}
	}
	reviews := []any{}
	for _, v := range p.reviews {
		reviews = append(reviews, fields{"state": v.state, "submittedAt": stamp(v.at), "author": fields{"__typename": "User", "login": v.by}})
	}
	return fields{
		"number": p.number, "title": p.title, "url": p.page(), "state": "MERGED", "createdAt": stamp(p.merged.Add(-4 * time.Hour)),
		"updatedAt": stamp(p.updated), "mergedAt": stamp(p.merged), "closedAt": stamp(p.merged), "headRefName": "work", "baseRefName": p.base,
		"author": author, "mergeCommit": fields{"oid": p.merge}, "labels": fields{"nodes": []any{fields{"name": "pay"}}},
		"reviews": fields{"nodes": reviews}, "commits": p.graphCommits(),
		"files": fields{"totalCount": 1, "nodes": []any{fields{"path": "pay/main.go"}}},
	}
}

func (d *fakeDeployment) rest() any {
	return fields{
		"id": d.id, "node_id": fmt.Sprintf("DE_%d", d.id), "sha": d.sha, "ref": "main", "environment": d.env, "original_environment": d.env,
		"production_environment": d.production, "description": nil, "payload": fields{}, "creator": fields{"login": "ann", "type": "User"},
		"created_at": stamp(d.created), "updated_at": stamp(d.updated),
	}
}

// rest answers below a repository.
func (d *fakeDora) rest(path []string, r *http.Request) (int, any) {
	switch at := strings.Join(path, "/"); {
	case at == "pulls":
		list := []any{}
		for _, p := range d.updatedPulls() {
			list = append(list, p.rest())
		}
		return http.StatusOK, paged(list, r)
	case at == "commits":
		list := []any{}
		for _, c := range d.commits {
			if stamp(c.at) >= r.URL.Query().Get("since") {
				list = append(list, c.rest())
			}
		}
		return http.StatusOK, paged(list, r)
	case at == "deployments":
		list := []any{}
		for _, one := range d.newestDeployments() {
			list = append(list, one.rest())
		}
		return http.StatusOK, paged(list, r)
	case at == "releases":
		return http.StatusOK, paged(append([]any{}, d.releases...), r)
	case at == "tags":
		list := []any{}
		for _, c := range d.tags {
			list = append(list, fields{"name": c.name, "commit": fields{"sha": c.sha}})
		}
		return http.StatusOK, paged(list, r)
	case path[0] == "pulls" && len(path) > 1:
		return d.restPull(path, r)
	case path[0] == "compare":
		return d.compare(path[1], r)
	case path[0] == "deployments" && len(path) == 3:
		return d.restStates(path[1], r)
	}
	return d.restCommit(path)
}

func (d *fakeDora) restStates(id string, r *http.Request) (int, any) {
	for _, one := range d.deployments {
		if strconv.FormatInt(one.id, 10) == id {
			list := []any{}
			for _, s := range one.states {
				list = append(list, fields{"state": s.state, "created_at": stamp(s.at)})
			}
			return http.StatusOK, paged(list, r)
		}
	}
	return http.StatusNotFound, message("Not Found")
}

func (d *fakeDora) restPull(path []string, r *http.Request) (int, any) {
	for _, p := range d.pulls {
		if strconv.FormatInt(p.number, 10) != path[1] {
			continue
		}
		list := []any{}
		switch {
		case len(path) == 2:
			return http.StatusOK, p.rest()
		case path[2] == "commits":
			for _, c := range p.commits {
				list = append(list, c.rest())
			}
		case path[2] == "reviews":
			for _, v := range p.reviews {
				list = append(list, fields{"state": v.state, "submitted_at": stamp(v.at), "user": fields{"login": v.by, "type": "User"}})
			}
		case path[2] == "files":
			list = append(list, fields{"filename": "pay/main.go"})
		}
		return http.StatusOK, paged(list, r)
	}
	return http.StatusNotFound, message("Not Found")
}

func (d *fakeDora) compare(what string, r *http.Request) (int, any) {
	base, head, _ := strings.Cut(what, "...")
	if d.commit(base) == nil || d.commit(head) == nil {
		return http.StatusNotFound, message("Not Found")
	}
	before, after := d.held(base), d.held(head)
	list := []any{}
	for _, c := range slices.Backward(d.commits) {
		if after[c.sha] && !before[c.sha] {
			list = append(list, c.rest())
		}
	}
	status := "ahead"
	switch {
	case base == head:
		status = "identical"
	case before[head]:
		status = "behind"
	}
	return http.StatusOK, fields{"status": status, "total_commits": len(list), "commits": paged(list, r)}
}

func (d *fakeDora) restCommit(path []string) (int, any) {
	at := len(path) - 1
	if path[at] == "pulls" {
		at--
	}
	sha := path[at]
	for _, c := range d.tags {
		if c.name == sha && path[0] != "git" {
			sha = c.sha
		}
	}
	c := d.commit(sha)
	switch {
	case c == nil:
		return http.StatusUnprocessableEntity, message("No commit found for SHA: " + sha)
	case path[0] == "git":
		return http.StatusOK, c.plain()
	case path[len(path)-1] == "pulls":
		list := []any{}
		if c.pull != nil {
			list = append(list, c.pull.rest())
		}
		return http.StatusOK, list
	}
	return http.StatusOK, c.rest()
}

func (d *fakeDora) updatedPulls() []*fakePull {
	return slices.SortedFunc(slices.Values(d.pulls), func(a, b *fakePull) int {
		return cmp.Or(b.updated.Compare(a.updated), cmp.Compare(b.number, a.number))
	})
}

func (d *fakeDora) newestDeployments() []*fakeDeployment {
	return slices.SortedFunc(slices.Values(d.deployments), func(a, b *fakeDeployment) int {
		return cmp.Or(b.created.Compare(a.created), cmp.Compare(b.id, a.id))
	})
}

// graphQL answers a query of ours.
func (f *fake) graphQL(r *http.Request) (int, any) {
	var q struct {
		Operation string         `json:"operationName"`
		Variables map[string]any `json:"variables"`
	}
	if f.noGraph || json.NewDecoder(r.Body).Decode(&q) != nil {
		return http.StatusNotFound, message("Not Found")
	}
	if f.graph != nil {
		if instead := f.graph(q.Operation); instead != nil {
			return http.StatusOK, instead
		}
	}
	rate := fields{"limit": 5000, "remaining": 4900, "cost": 1, "resetAt": stamp(testNow.Add(time.Hour))}
	if q.Operation == "ThroughlineStatuses" {
		return http.StatusOK, fields{"data": fields{"nodes": f.graphStates(q.Variables["ids"].([]any)), "rateLimit": rate}}
	}
	repo := f.repos[fmt.Sprint(q.Variables["owner"], "/", q.Variables["name"])]
	if repo == nil || repo.hidden {
		return http.StatusOK, fields{"data": fields{"repository": nil}, "errors": []any{fields{"type": "NOT_FOUND", "message": "Could not resolve"}}}
	}
	return http.StatusOK, fields{"data": fields{"repository": repo.listed().graph(q.Operation, q.Variables), "rateLimit": rate}}
}

func (f *fake) graphStates(ids []any) []any {
	out := []any{}
	for _, id := range ids {
		for _, repo := range f.repos {
			for _, d := range repo.listed().deployments {
				if fmt.Sprintf("DE_%d", d.id) != id {
					continue
				}
				nodes := []any{}
				for _, s := range d.states {
					nodes = append(nodes, fields{"state": strings.ToUpper(s.state), "createdAt": stamp(s.at)})
				}
				out = append(out, fields{"databaseId": d.id, "statuses": fields{"totalCount": len(nodes), "nodes": nodes}})
			}
		}
	}
	return out
}

func (d *fakeDora) graph(operation string, vars map[string]any) any {
	nodes := []any{}
	switch operation {
	case "ThroughlineChanges":
		for _, p := range d.updatedPulls() {
			nodes = append(nodes, p.graph())
		}
		return fields{"pullRequests": connection(nodes, vars)}
	case "ThroughlineCommits":
		for _, c := range d.commits {
			if stamp(c.at) >= vars["since"].(string) {
				nodes = append(nodes, c.graph())
			}
		}
		return fields{"ref": fields{"target": fields{"history": connection(nodes, vars)}}}
	case "ThroughlineReleases":
		for _, r := range d.releases {
			rest := r.(fields)
			nodes = append(nodes, fields{
				"databaseId": rest["id"], "tagName": rest["tag_name"], "name": rest["name"], "isDraft": false, "isPrerelease": rest["prerelease"],
				"createdAt": rest["created_at"], "publishedAt": rest["published_at"], "url": rest["html_url"], "tagCommit": fields{"oid": d.tagged(rest["tag_name"])},
			})
		}
		return fields{"releases": connection(nodes, vars)}
	case "ThroughlineTags":
		for _, c := range d.tags {
			nodes = append(nodes, fields{"name": c.name, "target": fields{"oid": c.sha, "committedDate": stamp(c.at)}})
		}
		return fields{"refs": connection(nodes, vars)}
	case "ThroughlineHeads":
		out := fields{}
		for name, sha := range vars {
			if n, ok := strings.CutPrefix(name, "s"); ok {
				out["c"+n] = nil
				if c := d.commit(sha.(string)); c != nil {
					out["c"+n] = c.graph()
				}
			}
		}
		return out
	}
	panic(operation)
}

func (d *fakeDora) tagged(name any) string {
	for _, c := range d.tags {
		if c.name == name {
			return c.sha
		}
	}
	return ""
}

// connection is a page of nodes.
func connection(nodes []any, vars map[string]any) any {
	from := 0
	if after, ok := vars["after"].(string); ok {
		from, _ = strconv.Atoi(after)
	}
	to := min(from+int(vars["first"].(float64)), len(nodes))
	return fields{
		"pageInfo": fields{"hasNextPage": to < len(nodes), "endCursor": strconv.Itoa(to)}, "totalCount": len(nodes),
		"nodes": nodes[min(from, len(nodes)):to],
	}
}
