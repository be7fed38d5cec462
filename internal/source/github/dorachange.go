package github

import (
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// changeFields is what is asked of a pull request; 16,500 nodes of fifty.
const changeFields = `
fragment change on PullRequest{
 number title url state createdAt updatedAt mergedAt closedAt headRefName baseRefName
 author{__typename login} mergeCommit{oid} labels(first:30){nodes{name}}
 reviews(first:100){nodes{state submittedAt author{__typename login}}}
 commits(first:100){totalCount nodes{commit{` + commitFields + `}}}
 files(first:100){totalCount nodes{path}}
}`

const rateFields = ` rateLimit{cost limit remaining resetAt} `

// list is the nodes of a connection of GraphQL.
type list[T any] struct {
	Total int `json:"totalCount"`
	Nodes []T `json:"nodes"`
}

// graphChange is a pull request as GraphQL has it.
type graphChange struct {
	Number  int64    `json:"number"`
	Title   string   `json:"title"`
	URL     string   `json:"url"`
	State   string   `json:"state"`
	Created moment   `json:"createdAt"`
	Updated moment   `json:"updatedAt"`
	Merged  moment   `json:"mergedAt"`
	Closed  moment   `json:"closedAt"`
	Head    string   `json:"headRefName"`
	Base    string   `json:"baseRefName"`
	Author  *account `json:"author"`
	Merge   *struct {
		OID string `json:"oid"`
	} `json:"mergeCommit"`
	Labels *list[struct {
		Name string `json:"name"`
	}] `json:"labels"`
	Reviews *list[review] `json:"reviews"`
	Commits *list[struct {
		Commit graphCommit `json:"commit"`
	}] `json:"commits"`
	Files *list[struct {
		Path string `json:"path"`
	}] `json:"files"`
}

// review is one of a pull request.
type review struct {
	State     string   `json:"state"`
	Submitted moment   `json:"submittedAt"`
	At        moment   `json:"submitted_at"` // of REST
	Author    *account `json:"author"`
	User      *account `json:"user"` // of REST
}

// change is the pull request, without commits or paths when there are more than were
// told.
func (g *graphChange) change(r *repo) delivery.Change {
	c := delivery.Change{
		Repository: r.name, ID: strconv.FormatInt(g.Number, 10), Number: g.Number, Title: cutText(strings.TrimSpace(g.Title), maxTitle),
		Author: g.Author.name(), Bot: g.Author.bot(), Head: g.Head, Base: g.Base, URL: webAddress(g.URL), Labels: []string{},
		CreatedAt: g.Created.at(), UpdatedAt: g.Updated.at(), MergedAt: g.Merged.at(), ClosedAt: g.Closed.at(),
	}
	if g.Merge != nil {
		c.MergeSHA = g.Merge.OID
	}
	if g.Labels != nil {
		for _, l := range g.Labels.Nodes {
			c.Labels = append(c.Labels, l.Name)
		}
	}
	if g.Reviews != nil {
		reviewed(&c, g.Reviews.Nodes)
	}
	if g.Commits != nil && g.Commits.Total <= len(g.Commits.Nodes) {
		c.Commits = []delivery.Commit{}
		for i := range g.Commits.Nodes {
			c.Commits = append(c.Commits, g.Commits.Nodes[i].Commit.commit())
		}
	}
	if g.Files != nil && g.Files.Total <= len(g.Files.Nodes) {
		c.Paths = []string{}
		for _, f := range g.Files.Nodes {
			c.Paths = append(c.Paths, f.Path)
		}
	}
	return c
}

// reviewed notes when somebody else first reviewed a change, and last approved it.
func reviewed(c *delivery.Change, reviews []review) {
	for i := range reviews {
		v := &reviews[i]
		at, by := max(v.Submitted, v.At).at(), v.Author
		if by == nil {
			by = v.User
		}
		if !at.Known() || by.name() == c.Author {
			continue
		}
		if !c.ReviewedAt.Known() || at < c.ReviewedAt {
			c.ReviewedAt = at
		}
		if v.State == "APPROVED" && at > c.ApprovedAt {
			c.ApprovedAt = at
		}
	}
}

// restChange is a pull request as the REST API lists them.
type restChange struct {
	Number  int64    `json:"number"`
	Title   string   `json:"title"`
	URL     string   `json:"html_url"`
	State   string   `json:"state"`
	Created moment   `json:"created_at"`
	Updated moment   `json:"updated_at"`
	Merged  moment   `json:"merged_at"`
	Closed  moment   `json:"closed_at"`
	Merge   string   `json:"merge_commit_sha"`
	User    *account `json:"user"`
	Head    struct {
		Ref string `json:"ref"`
	} `json:"head"`
	Base struct {
		Ref string `json:"ref"`
	} `json:"base"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
}

// change is the pull request without commits, paths and reviews.
func (g *restChange) change(r *repo) delivery.Change {
	c := delivery.Change{
		Repository: r.name, ID: strconv.FormatInt(g.Number, 10), Number: g.Number, Title: cutText(strings.TrimSpace(g.Title), maxTitle),
		Author: g.User.name(), Bot: g.User.bot(), Head: g.Head.Ref, Base: g.Base.Ref, URL: webAddress(g.URL), Labels: []string{},
		CreatedAt: g.Created.at(), UpdatedAt: g.Updated.at(), MergedAt: g.Merged.at(), ClosedAt: g.Closed.at(),
	}
	if c.MergedAt.Known() { // of others it is a commit to try the merge with
		c.MergeSHA = g.Merge
	}
	for _, l := range g.Labels {
		c.Labels = append(c.Labels, l.Name)
	}
	return c
}
