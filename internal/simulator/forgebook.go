package simulator

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// forgeBook is what is the same in all of GitHub's answers at one address.
type forgeBook struct {
	base     string
	accounts [][]byte // by index of a person; dependabot is the first
	owner    []byte
	repos    [][]byte // as runs name them
	org      []byte   // as hooks name it
}

const organizationID = 71040000

// bookOf is the book of an address; that of the last one is kept.
func (g *GitHub) bookOf(base string) *forgeBook {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.book == nil || g.book.base != base {
		g.book = newForgeBook(base, g.repos)
	}
	return g.book
}

func newForgeBook(base string, repos []*repo) *forgeBook {
	b := &forgeBook{base: base}
	b.accounts = append(b.accounts, b.account("dependabot[bot]", 49699333, "Bot"))
	for i := range staff[1:] {
		p := &staff[i+1]
		b.accounts = append(b.accounts, b.account(p.login, accountID(index(i+1)), "User"))
	}
	b.owner = b.account(Organization, organizationID, "Organization")
	for _, r := range repos {
		var o object
		b.describe(&o, r)
		b.repos = append(b.repos, o.end())
	}
	var o object
	api := base + "/orgs/" + Organization
	o.text("login", Organization).number("id", organizationID).text("node_id", nodeID("Organization", organizationID)).text("url", api)
	o.text("repos_url", api+"/repos").text("events_url", api+"/events").text("hooks_url", api+"/hooks").text("issues_url", api+"/issues")
	o.text("members_url", api+"/members{/member}").text("public_members_url", api+"/public_members{/member}")
	b.org = o.text("avatar_url", avatar(base, organizationID)).text("description", "").end()
	return b
}

// accountID is the id of a person's account.
func accountID(who index) int { return 71040100 + int(who) }

func avatar(base string, id int) string { return base + "/avatars/u/" + strconv.Itoa(id) + "?v=4" }

// nodeID is an id of GitHub's other API.
func nodeID(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString([]byte("0" + strconv.Itoa(len(kind)) + ":" + kind + strconv.FormatInt(id, 10)))
}

// account is a person, a robot or an organisation.
func (b *forgeBook) account(login string, id int, kind string) []byte {
	var o object
	api := b.base + "/users/" + login
	o.text("login", login).number("id", id).text("node_id", nodeID(kind, int64(id))).text("avatar_url", avatar(b.base, id))
	o.text("gravatar_id", "").text("url", api).text("html_url", b.base+"/"+strings.TrimSuffix(login, "[bot]"))
	o.text("followers_url", api+"/followers").text("following_url", api+"/following{/other_user}")
	o.text("gists_url", api+"/gists{/gist_id}").text("starred_url", api+"/starred{/owner}{/repo}")
	o.text("subscriptions_url", api+"/subscriptions").text("organizations_url", api+"/orgs").text("repos_url", api+"/repos")
	o.text("events_url", api+"/events{/privacy}").text("received_events_url", api+"/received_events")
	return o.text("type", kind).bool("site_admin", false).end()
}

// repoLinks are the addresses below a repository, by field.
var repoLinks = [][2]string{
	{"forks_url", "/forks"},
	{"keys_url", "/keys{/key_id}"},
	{"collaborators_url", "/collaborators{/collaborator}"},
	{"teams_url", "/teams"},
	{"hooks_url", "/hooks"},
	{"issue_events_url", "/issues/events{/number}"},
	{"events_url", "/events"},
	{"assignees_url", "/assignees{/user}"},
	{"branches_url", "/branches{/branch}"},
	{"tags_url", "/tags"},
	{"blobs_url", "/git/blobs{/sha}"},
	{"git_tags_url", "/git/tags{/sha}"},
	{"git_refs_url", "/git/refs{/sha}"},
	{"trees_url", "/git/trees{/sha}"},
	{"statuses_url", "/statuses/{sha}"},
	{"languages_url", "/languages"},
	{"stargazers_url", "/stargazers"},
	{"contributors_url", "/contributors"},
	{"subscribers_url", "/subscribers"},
	{"subscription_url", "/subscription"},
	{"commits_url", "/commits{/sha}"},
	{"git_commits_url", "/git/commits{/sha}"},
	{"comments_url", "/comments{/number}"},
	{"issue_comment_url", "/issues/comments{/number}"},
	{"contents_url", "/contents/{+path}"},
	{"compare_url", "/compare/{base}...{head}"},
	{"merges_url", "/merges"},
	{"archive_url", "/{archive_format}{/ref}"},
	{"downloads_url", "/downloads"},
	{"issues_url", "/issues{/number}"},
	{"pulls_url", "/pulls{/number}"},
	{"milestones_url", "/milestones{/number}"},
	{"notifications_url", "/notifications{?since,all,participating}"},
	{"labels_url", "/labels{/name}"},
	{"releases_url", "/releases{/id}"},
	{"deployments_url", "/deployments"},
}

// api is the address of a repository in the API, page that for people.
func (b *forgeBook) api(r *repo) string  { return b.base + "/repos/" + Organization + "/" + r.name }
func (b *forgeBook) page(r *repo) string { return b.base + "/" + Organization + "/" + r.name }

// describe writes a repository as runs name it.
func (b *forgeBook) describe(o *object, r *repo) {
	o.number("id", r.id).text("node_id", nodeID("Repository", int64(r.id))).text("name", r.name).text("full_name", Organization+"/"+r.name)
	o.bool("private", true).raw("owner", b.owner).text("html_url", b.page(r)).text("description", r.about).bool("fork", false).text("url", b.api(r))
	for _, l := range repoLinks {
		o.text(l[0], b.api(r)+l[1])
	}
}

// repository writes all of a repository, pushed to at the given time.
func (b *forgeBook) repository(r *repo, created, pushed string) []byte {
	var o object
	b.describe(&o, r)
	o.text("created_at", created).text("updated_at", pushed).text("pushed_at", pushed)
	host := strings.TrimPrefix(strings.TrimPrefix(b.base, "https://"), "http://")
	o.text("git_url", "git://"+host+"/"+Organization+"/"+r.name+".git").text("ssh_url", "git@"+host+":"+Organization+"/"+r.name+".git")
	o.text("clone_url", b.page(r)+".git").text("svn_url", b.page(r)).raw("homepage", nothing).number("size", 504+97*r.n)
	o.number("stargazers_count", 0).number("watchers_count", 0)
	if r.language == "" {
		o.raw("language", nothing)
	} else {
		o.text("language", r.language)
	}
	o.bool("has_issues", false).bool("has_projects", false).bool("has_downloads", true).bool("has_wiki", false).bool("has_pages", false)
	o.number("forks_count", 0).raw("mirror_url", nothing).bool("archived", false).bool("disabled", false).number("open_issues_count", 0)
	o.raw("license", nothing).bool("allow_forking", false).bool("is_template", false).raw("topics", []byte("[]")).text("visibility", "private")
	o.number("forks", 0).number("open_issues", 0).number("watchers", 0).text("default_branch", r.branch)
	return o.raw("permissions", []byte(`{"admin":false,"maintain":false,"push":false,"triage":false,"pull":true}`)).end()
}

// nothing is null.
var nothing = []byte("null")
