package github

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
)

const releasesQuery = `query ThroughlineReleases($owner:String!,$name:String!,$first:Int!,$after:String){
 repository(owner:$owner,name:$name){releases(first:$first,after:$after,orderBy:{field:CREATED_AT,direction:DESC}){
  pageInfo{hasNextPage endCursor}
  nodes{databaseId tagName name isDraft isPrerelease createdAt publishedAt url author{login} tagCommit{oid}}
 }}` + rateFields + `}`

const tagsQuery = `query ThroughlineTags($owner:String!,$name:String!,$first:Int!,$after:String){
 repository(owner:$owner,name:$name){refs(refPrefix:"refs/tags/",first:$first,after:$after,orderBy:{field:TAG_COMMIT_DATE,direction:DESC}){
  pageInfo{hasNextPage endCursor}
  nodes{name target{oid ... on Commit{committedDate} ... on Tag{tagger{date} target{oid ... on Commit{committedDate}}}}}
 }}` + rateFields + `}`

// releaseSlack is how long after its creation a release may be published.
const releaseSlack = delivery.Instant(30 * day * 1000)

// graphRelease is a release of GraphQL.
type graphRelease struct {
	ID         int64    `json:"databaseId"`
	Tag        string   `json:"tagName"`
	Name       string   `json:"name"`
	Draft      bool     `json:"isDraft"`
	Prerelease bool     `json:"isPrerelease"`
	Created    moment   `json:"createdAt"`
	Published  moment   `json:"publishedAt"`
	URL        string   `json:"url"`
	Author     *account `json:"author"`
	Commit     *struct {
		OID string `json:"oid"`
	} `json:"tagCommit"`
}

func (g *graphRelease) release() release {
	out := release{
		id: g.ID, tag: g.Tag, name: cutText(g.Name, maxTitle), author: g.Author.name(), url: g.URL,
		publishedAt: g.Published.at(), draft: g.Draft, before: g.Prerelease,
	}
	if g.Commit != nil {
		out.sha = g.Commit.OID
	}
	return out
}

// released reads the releases that rules take for deployments.
func (p *pull) released(ctx context.Context, r *repo) error {
	if !p.hasRule(ruleRelease) {
		return nil
	}
	l := &r.dora().Releases
	news, err := p.news(ctx, r, l, "/releases", url.Values{"per_page": {strconv.Itoa(perPage)}})
	if err != nil || !news {
		return err
	}
	for !p.rest {
		var got struct {
			Repository struct {
				Releases struct {
					Page  pageInfo       `json:"pageInfo"`
					Nodes []graphRelease `json:"nodes"`
				} `json:"releases"`
			} `json:"repository"`
		}
		q := graphQuery{operation: "ThroughlineReleases", text: releasesQuery, variables: r.on(map[string]any{"after": orNil(l.After)})}
		_, err := p.graphPage(ctx, q, &got)
		if p.noGraph(err) {
			l.After = ""
			break
		}
		if err != nil && !isPartly(err) {
			return err
		}
		page := got.Repository.Releases
		var found []delivery.Deployment
		oldest := delivery.InstantOf(p.began) + 1
		for i := range page.Nodes {
			one := page.Nodes[i].release()
			oldest = min(oldest, page.Nodes[i].Created.at())
			if d, ok := p.releaseDeployment(r.name, &one); ok {
				found = append(found, d)
			}
		}
		l.After = page.Page.EndCursor
		done := !page.Page.HasNextPage || l.After == "" || oldest < l.until(p)-releaseSlack
		if done {
			l.end()
		}
		if err := p.emitRuled(found); err != nil || done {
			return err
		}
	}
	return p.releasedREST(ctx, r, l)
}

// restRelease is a release of the REST API.
type restRelease struct {
	ID         int64    `json:"id"`
	Tag        string   `json:"tag_name"`
	Name       string   `json:"name"`
	Draft      bool     `json:"draft"`
	Prerelease bool     `json:"prerelease"`
	Created    moment   `json:"created_at"`
	Published  moment   `json:"published_at"`
	URL        string   `json:"html_url"`
	Author     *account `json:"author"`
}

// releasedREST is released without GraphQL: the commits of the tags come later.
func (p *pull) releasedREST(ctx context.Context, r *repo, l *listing) error {
	for page := l.page(); ; page++ {
		list, more, err := getList[restRelease](ctx, p, r, "/releases", nil, page)
		if err != nil {
			return err
		}
		var found []delivery.Deployment
		oldest := delivery.InstantOf(p.began) + 1
		for i := range list {
			g := &list[i]
			oldest = min(oldest, g.Created.at())
			one := release{
				id: g.ID, tag: g.Tag, name: cutText(g.Name, maxTitle), author: g.Author.name(), url: g.URL,
				publishedAt: g.Published.at(), draft: g.Draft, before: g.Prerelease,
			}
			if d, ok := p.releaseDeployment(r.name, &one); ok {
				found = append(found, d)
			}
		}
		done := !more || oldest < l.until(p)-releaseSlack
		if l.After = strconv.Itoa(page + 1); done {
			l.end()
		}
		if err := p.emitRuled(found); err != nil || done {
			return err
		}
	}
}

// emitRuled yields what rules take for deployments.
func (p *pull) emitRuled(found []delivery.Deployment) error {
	for i := range found {
		found[i].Connection = p.connection
	}
	p.progress.Read += len(found)
	if len(found) == 0 {
		return nil
	}
	return p.emit(delivery.Batch{Deployments: found}, nil)
}

// tagged reads the tags that rules take for deployments.
func (p *pull) tagged(ctx context.Context, r *repo) error {
	if !p.hasRule(ruleTag) {
		return nil
	}
	l := &r.dora().Tags
	news, err := p.news(ctx, r, l, "/tags", url.Values{"per_page": {strconv.Itoa(perPage)}})
	if err != nil || !news {
		return err
	}
	for !p.rest {
		var got struct {
			Repository struct {
				Refs struct {
					Page  pageInfo `json:"pageInfo"`
					Nodes []tagRef `json:"nodes"`
				} `json:"refs"`
			} `json:"repository"`
		}
		q := graphQuery{operation: "ThroughlineTags", text: tagsQuery, variables: r.on(map[string]any{"after": orNil(l.After)})}
		_, err := p.graphPage(ctx, q, &got)
		if p.noGraph(err) {
			l.After = ""
			break
		}
		if err != nil && !isPartly(err) {
			return err
		}
		page := got.Repository.Refs
		var found []delivery.Deployment
		oldest := delivery.InstantOf(p.began) + 1
		for i := range page.Nodes {
			sha, at := page.Nodes[i].points()
			oldest = min(oldest, at)
			if d, ok := p.tagDeployment(r.name, page.Nodes[i].Name, sha, at); ok && at >= p.start() {
				found = append(found, d)
			}
		}
		l.After = page.Page.EndCursor
		done := !page.Page.HasNextPage || l.After == "" || oldest < l.until(p)-releaseSlack
		if done {
			l.end()
		}
		if err := p.emitRuled(found); err != nil || done {
			return err
		}
	}
	return p.taggedREST(ctx, r, l)
}

// tagRef is a tag, of a commit or with a text of its own.
type tagRef struct {
	Name   string `json:"name"`
	Target *struct {
		OID       string `json:"oid"`
		Committed moment `json:"committedDate"`
		Tagger    *struct {
			Date moment `json:"date"`
		} `json:"tagger"`
		Target *struct {
			OID       string `json:"oid"`
			Committed moment `json:"committedDate"`
		} `json:"target"`
	} `json:"target"`
}

// points is the commit of a tag, and when it was made, as far as that is known.
func (t *tagRef) points() (sha string, at delivery.Instant) {
	switch {
	case t.Target == nil:
		return "", 0
	case t.Target.Target == nil:
		return t.Target.OID, t.Target.Committed.at()
	}
	at = t.Target.Target.Committed.at()
	if t.Target.Tagger != nil {
		at = max(at, t.Target.Tagger.Date.at())
	}
	return t.Target.Target.OID, at
}

// restTag is a tag of the REST API.
type restTag struct {
	Name   string     `json:"name"`
	Commit restCommit `json:"commit"`
}

// taggedREST is tagged without GraphQL: of each tag that a rule names, and that is
// not stored, the commit is asked for. The list is in the order of names.
func (p *pull) taggedREST(ctx context.Context, r *repo, l *listing) error {
	known := map[string]bool{}
	if p.known != nil {
		stored, err := p.known.DeploymentsOf(ctx, p.connection, r.name)
		if err != nil {
			return err
		}
		for i := range stored {
			known[stored[i].ID] = true
		}
	}
	for page := l.page(); ; page++ {
		list, more, err := getList[restTag](ctx, p, r, "/tags", nil, page)
		if err != nil {
			return err
		}
		var found []delivery.Deployment
		for i := range list {
			t := &list[i]
			if p.rule(ruleTag, t.Name) == nil || known["tag:"+t.Name] || !safeName.MatchString(t.Commit.SHA) {
				continue
			}
			at, err := p.committed(ctx, r, t.Commit.SHA)
			if err != nil {
				return err
			}
			if d, ok := p.tagDeployment(r.name, t.Name, t.Commit.SHA, at); ok && at >= p.start() {
				found = append(found, d)
			}
		}
		done := !more
		if l.After = strconv.Itoa(page + 1); done {
			l.end()
		}
		if err := p.emitRuled(found); err != nil || done {
			return err
		}
	}
}

// committed is when a commit was made.
func (p *pull) committed(ctx context.Context, r *repo, sha string) (delivery.Instant, error) {
	a, err := p.client.do(ctx, request{path: "/repos/" + r.name + "/commits/" + sha, limit: maxOtherBody})
	if err != nil {
		return 0, err
	}
	var got restCommit
	if json.Unmarshal(a.body, &got) != nil {
		return 0, &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	}
	return got.Commit.Committer.Date.at(), nil
}
