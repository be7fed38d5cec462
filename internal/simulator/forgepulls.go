package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// workRoutes are the REST answers about pull requests, commits and deployments.
func (f *forge) workRoutes() map[string]http.HandlerFunc {
	const repo = "GET /repos/{owner}/{repo}"
	return map[string]http.HandlerFunc{
		"POST /graphql":                     f.graphQL,
		repo + "/pulls":                     f.about((*about).pulls),
		repo + "/pulls/{number}":            f.about((*about).pull),
		repo + "/pulls/{number}/commits":    f.about((*about).pullCommits),
		repo + "/pulls/{number}/reviews":    f.about((*about).reviews),
		repo + "/pulls/{number}/files":      f.about((*about).files),
		repo + "/commits":                   f.about((*about).commits),
		repo + "/commits/{sha}":             f.about((*about).commit),
		repo + "/commits/{sha}/pulls":       f.about((*about).commitPulls),
		repo + "/git/commits/{sha}":         f.about((*about).gitCommit),
		repo + "/compare/{what}":            f.about((*about).compare),
		repo + "/deployments":               f.about((*about).deployments),
		repo + "/deployments/{id}":          f.about((*about).deployment),
		repo + "/deployments/{id}/statuses": f.about((*about).statuses),
		repo + "/releases":                  f.about((*about).releases),
		repo + "/tags":                      f.about((*about).tags),
	}
}

// about answers a request about a repository.
type about struct {
	*graphAnswerer
	rw http.ResponseWriter
	q  *http.Request
}

func (f *forge) about(answer func(*about)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		one, ok := f.g.repoNamed(r.PathValue("owner"), r.PathValue("repo"))
		if !ok {
			notThere(rw, r)
			return
		}
		now := f.g.now()
		answer(&about{&graphAnswerer{f: f, r: one, book: f.book(r), now: now, story: f.g.storyAt(one, now)}, rw, r})
	}
}

func (a *about) send(v any) {
	body, err := json.Marshal(v)
	if err != nil { // texts and numbers only
		panic(err)
	}
	sendForge(a.rw, http.StatusOK, body)
}

// list sends a page of n things.
func (a *about) list(n int, one func(i int) any) {
	p := pageOf(a.q.URL.Query())
	a.f.links(a.rw, a.q, p, n)
	from, to := p.of(n)
	out := []any{}
	for i := from; i < to; i++ {
		out = append(out, one(i))
	}
	a.send(out)
}

func (a *about) account(who index) json.RawMessage { return a.book.accounts[who] }

// restPull is a merged pull request.
func (a *about) restPull(p *pull) fieldsOf {
	labels := []any{}
	for _, l := range p.labels() {
		labels = append(labels, fieldsOf{"name": l, "color": "ededed"})
	}
	merged, repo := forgeTime(p.landed.at), json.RawMessage(a.book.repos[a.r.n])
	number := strconv.Itoa(p.number)
	return fieldsOf{
		"id": 1_900_000_000 + 1000*a.r.n*1000 + p.number, "number": p.number, "title": p.title, "state": "closed", "draft": false, "locked": false,
		"url": a.book.api(a.r) + "/pulls/" + number, "html_url": a.book.page(a.r) + "/pull/" + number, "user": a.account(p.author), "labels": labels,
		"created_at": forgeTime(p.opened), "updated_at": merged, "closed_at": merged, "merged_at": merged, "merge_commit_sha": shaOf(p.landed.commit),
		"body": nil, "head": fieldsOf{"ref": p.branch, "label": Organization + ":" + p.branch, "sha": shaOf(p.pushes[len(p.pushes)-1].commit), "repo": repo},
		"base": fieldsOf{"ref": a.r.branch, "label": Organization + ":" + a.r.branch, "repo": repo},
	}
}

// pulls lists those that are merged, the latest first; no others are shown.
func (a *about) pulls() {
	all := a.story.pulls
	if a.q.URL.Query().Get("state") == "open" {
		all = nil
	}
	a.list(len(all), func(i int) any { return a.restPull(all[len(all)-1-i]) })
}

// named is the pull request of the path.
func (a *about) named() (*pull, bool) {
	for _, p := range a.story.pulls {
		if strconv.Itoa(p.number) == a.q.PathValue("number") {
			return p, true
		}
	}
	notThere(a.rw, a.q)
	return nil, false
}

func (a *about) pull() {
	if p, ok := a.named(); ok {
		out := a.restPull(p)
		out["merged"], out["merged_by"], out["commits"] = true, a.account(p.landed.by), len(a.story.of(p))
		a.send(out)
	}
}

func (a *about) pullCommits() {
	if p, ok := a.named(); ok {
		all := a.story.of(p)
		a.list(len(all), func(i int) any { return a.restCommit(all[i]) })
	}
}

func (a *about) reviews() {
	if p, ok := a.named(); ok {
		all := p.reviews(a.r)
		a.list(len(all), func(i int) any {
			v := all[i]
			return fieldsOf{"id": 3_000_000_000 + p.number*10 + i, "user": a.account(v.by), "body": "", "state": v.state, "submitted_at": forgeTime(v.at)}
		})
	}
}

func (a *about) files() {
	if p, ok := a.named(); ok {
		all := p.paths(a.r)
		a.list(len(all), func(i int) any {
			return fieldsOf{"filename": all[i], "status": "modified", "additions": 3, "deletions": 1, "changes": 4}
		})
	}
}

func (a *about) restCommit(c *shaCommit) fieldsOf {
	parents := []any{}
	for _, p := range c.parents {
		parents = append(parents, fieldsOf{"sha": p.sha, "url": a.book.api(a.r) + "/commits/" + p.sha})
	}
	return fieldsOf{
		"sha": c.sha, "node_id": nodeID("Commit", int64(c.n)), "url": a.book.api(a.r) + "/commits/" + c.sha, "html_url": a.book.page(a.r) + "/commit/" + c.sha,
		"commit": gitCommit(c), "author": a.account(c.author), "committer": a.account(c.author), "parents": parents,
	}
}

func gitCommit(c *shaCommit) fieldsOf {
	name := authorName(c.author)
	mail := "support@github.example.org"
	if c.author != dependabot {
		mail = staff[c.author].login + "@users.noreply.example.org"
	}
	return fieldsOf{
		"message": c.message, "author": fieldsOf{"name": name, "email": mail, "date": forgeTime(c.authored)},
		"committer": fieldsOf{"name": name, "email": mail, "date": forgeTime(c.committed)},
	}
}

// commits lists those of the default branch, the latest first.
func (a *about) commits() {
	q := a.q.URL.Query()
	if sha := q.Get("sha"); sha != "" && sha != a.r.branch {
		notThere(a.rw, a.q)
		return
	}
	var all []*shaCommit
	for _, c := range slices.Backward(a.story.commits) {
		if forgeTime(c.committed) >= q.Get("since") {
			all = append(all, c)
		}
	}
	a.list(len(all), func(i int) any { return a.restCommit(all[i]) })
}

// resolved is the commit of the path, which may be named by a branch or a tag.
func (a *about) resolved() (*shaCommit, bool) {
	name := a.q.PathValue("sha")
	if c := a.find(name); c != nil {
		return c, true
	}
	refused(a.rw, http.StatusUnprocessableEntity, "No commit found for SHA: "+name)
	return nil, false
}

func (a *about) find(name string) *shaCommit {
	if name == a.r.branch {
		return a.story.head()
	}
	for _, run := range a.tagged() {
		if run.branch == name {
			name = run.sha()
		}
	}
	return a.story.bySHA[name]
}

func (a *about) commit() {
	if c, ok := a.resolved(); ok {
		a.send(a.restCommit(c))
	}
}

func (a *about) commitPulls() {
	if c, ok := a.resolved(); ok {
		out := []any{}
		if c.pull != nil {
			out = append(out, a.restPull(c.pull))
		}
		a.send(out)
	}
}

func (a *about) gitCommit() {
	c := a.story.bySHA[a.q.PathValue("sha")]
	if c == nil {
		notThere(a.rw, a.q)
		return
	}
	out := gitCommit(c)
	out["sha"], out["url"] = c.sha, a.book.api(a.r)+"/git/commits/"+c.sha
	a.send(out)
}

// compare answers GET …/compare/{base}...{head}.
func (a *about) compare() {
	from, to, ok := strings.Cut(a.q.PathValue("what"), "...")
	base, head := a.find(from), a.find(to)
	if !ok || base == nil || head == nil {
		notThere(a.rw, a.q)
		return
	}
	old, all := reach(base), reach(head)
	ahead, behind := []*shaCommit{}, 0
	for c := range all {
		if !old[c] {
			ahead = append(ahead, c)
		}
	}
	for c := range old {
		if !all[c] {
			behind++
		}
	}
	slices.SortFunc(ahead, func(a, b *shaCommit) int { return a.order() - b.order() })
	status := "identical"
	switch {
	case len(ahead) > 0 && behind > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case behind > 0:
		status = "behind"
	}
	p := pageOf(a.q.URL.Query())
	a.f.links(a.rw, a.q, p, len(ahead))
	first, last := p.of(len(ahead))
	commits := []any{}
	for _, c := range ahead[first:last] {
		commits = append(commits, a.restCommit(c))
	}
	a.send(fieldsOf{
		"status": status, "ahead_by": len(ahead), "behind_by": behind, "total_commits": len(ahead), "commits": commits,
		"base_commit": a.restCommit(base), "files": []any{},
	})
}

// order is that of commits: a branch that is not merged has none, and comes last.
func (c *shaCommit) order() int {
	if c.n == 0 {
		return 1 << 30
	}
	return c.n
}

// tagged are the releases' runs, in order: each is of a tag.
func (a *graphAnswerer) tagged() []*actRun {
	var out []*actRun
	for _, run := range a.f.g.runsOf(a.r, a.now) {
		if run.event == "release" && a.story.bySHA[run.sha()] != nil {
			out = append(out, run)
		}
	}
	slices.Reverse(out)
	return out
}

// releases of GraphQL and REST.
func (a *graphAnswerer) releases() fieldsOf {
	all := a.tagged()
	return fieldsOf{"releases": a.page(len(all), func(i int) any {
		run := all[i]
		at := forgeTime(run.created - delivery.Instant(3*second))
		return fieldsOf{
			"databaseId": run.id, "tagName": run.branch, "name": run.branch, "isDraft": false, "isPrerelease": false, "createdAt": at, "publishedAt": at,
			"url": a.book.page(a.r) + "/releases/tag/" + run.branch, "author": graphActor(run.actor), "tagCommit": fieldsOf{"oid": run.sha()},
		}
	})}
}

func (a *about) releases() {
	all := a.tagged()
	a.list(len(all), func(i int) any {
		run := all[i]
		at := forgeTime(run.created - delivery.Instant(3*second))
		return fieldsOf{
			"id": run.id, "tag_name": run.branch, "target_commitish": a.r.branch, "name": run.branch, "draft": false, "prerelease": false, "created_at": at,
			"published_at": at, "html_url": a.book.page(a.r) + "/releases/tag/" + run.branch, "author": a.account(run.actor), "body": "",
		}
	})
}

// tags of GraphQL and REST.
func (a *graphAnswerer) tags() fieldsOf {
	all := a.tagged()
	return fieldsOf{"refs": a.page(len(all), func(i int) any {
		at := forgeTime(a.story.bySHA[all[i].sha()].committed)
		return fieldsOf{"name": all[i].branch, "target": fieldsOf{"oid": all[i].sha(), "committedDate": at}}
	})}
}

func (a *about) tags() {
	all := a.tagged()
	a.list(len(all), func(i int) any {
		sha := all[i].sha()
		return fieldsOf{"name": all[i].branch, "commit": fieldsOf{"sha": sha, "url": a.book.api(a.r) + "/commits/" + sha}}
	})
}

// existing are the deployments that are there, the latest first.
func (a *about) existing() []*actDeployment {
	var out []*actDeployment
	for _, d := range slices.Backward(a.f.g.deploysOf(a.r, a.now).all) {
		if d.created <= a.now && d.created >= a.f.g.start {
			out = append(out, d)
		}
	}
	return out
}

func (a *about) restDeployment(d *actDeployment) fieldsOf {
	id := strconv.FormatInt(d.id, 10)
	api := a.book.api(a.r) + "/deployments/" + id
	task := "deploy"
	if d.back {
		task = "deploy:rollback"
	}
	var description any
	if d.description != "" {
		description = d.description
	}
	return fieldsOf{
		"id": d.id, "node_id": nodeID("Deployment", d.id), "url": api, "statuses_url": api + "/statuses", "repository_url": a.book.api(a.r),
		"sha": shaOf(d.commit), "ref": d.branch, "task": task, "payload": fieldsOf{}, "description": description, "creator": a.account(d.creator),
		"environment": d.environment, "original_environment": d.environment, "production_environment": d.production(), "transient_environment": false,
		"created_at": forgeTime(d.created), "updated_at": forgeTime(d.updated(a.now)), "performed_via_github_app": nil,
	}
}

func (a *about) deployments() {
	all := a.existing()
	if want := a.q.URL.Query().Get("environment"); want != "" {
		all = slices.DeleteFunc(all, func(d *actDeployment) bool { return d.environment != want })
	}
	a.list(len(all), func(i int) any { return a.restDeployment(all[i]) })
}

func (a *about) one() (*actDeployment, bool) {
	id, err := strconv.ParseInt(a.q.PathValue("id"), 10, 64)
	d := a.f.g.deploysOf(a.r, a.now).byID[id]
	if err != nil || d == nil || d.created > a.now {
		notThere(a.rw, a.q)
		return nil, false
	}
	return d, true
}

func (a *about) deployment() {
	if d, ok := a.one(); ok {
		a.send(a.restDeployment(d))
	}
}

func (a *about) statuses() {
	d, ok := a.one()
	if !ok {
		return
	}
	var all []deployedState
	for _, s := range slices.Backward(d.states) {
		if s.at <= a.now {
			all = append(all, s)
		}
	}
	a.list(len(all), func(i int) any {
		at := forgeTime(all[i].at)
		return fieldsOf{
			"id": d.id*16 + int64(len(all)-i), "state": all[i].state, "creator": a.account(d.creator), "description": "", "environment": d.environment,
			"target_url": "", "log_url": "", "created_at": at, "updated_at": at,
		}
	})
}
