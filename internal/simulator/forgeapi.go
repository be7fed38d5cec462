package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// forge serves the REST API of GitHub.
type forge struct{ g *GitHub }

func newForge(g *GitHub) http.Handler {
	f := &forge{g}
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /user":                                        f.user,
		"GET /rate_limit":                                  f.rateLimit,
		"GET /orgs/{org}":                                  f.org,
		"GET /orgs/{org}/repos":                            f.orgRepos,
		"GET /users/{user}/repos":                          f.userRepos,
		"GET /repos/{owner}/{repo}":                        f.repo,
		"GET /repos/{owner}/{repo}/actions/runs":           f.runs,
		"GET /repos/{owner}/{repo}/actions/runs/{id}":      f.run,
		"GET /repos/{owner}/{repo}/actions/runs/{id}/jobs": f.jobs,
	} {
		mux.HandleFunc(pattern, h)
	}
	for pattern, h := range f.workRoutes() {
		mux.HandleFunc(pattern, h)
	}
	mux.HandleFunc("/", notThere)
	return f.browsed(g.faults.wrap(g.c.wait(f.authorized(f.counted(mux)))))
}

func forgeKind(path string) Kind {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case parts[0] == "graphql":
		return GraphQL
	case len(parts) == 3 && parts[2] == "repos":
		return ListRepos
	case parts[0] != "repos":
		return Account
	case len(parts) == 3:
		return OneRepo
	case len(parts) > 3 && parts[3] != "actions":
		return Work
	case len(parts) == 5:
		return ListRuns
	case len(parts) == 6:
		return OneRun
	case len(parts) == 7:
		return ListJobs
	}
	return Account
}

// refused answers an error in GitHub's form.
func refused(rw http.ResponseWriter, status int, message string) {
	var o object
	o.text("message", message).text("documentation_url", "https://docs.github.com/rest").text("status", strconv.Itoa(status))
	sendForge(rw, status, o.end())
}

func notThere(rw http.ResponseWriter, _ *http.Request) {
	refused(rw, http.StatusNotFound, "Not Found")
}

// refuseForge answers a fault in GitHub's form.
func refuseForge(rw http.ResponseWriter, fault *Fault) {
	fault.retryAfter(rw)
	switch {
	case fault.Secondary:
		refused(rw, http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	case fault.Status == http.StatusForbidden:
		refused(rw, fault.Status, "Resource not accessible by personal access token")
	case fault.Status == http.StatusUnauthorized:
		refused(rw, fault.Status, "Bad credentials")
	default:
		refused(rw, fault.Status, http.StatusText(fault.Status))
	}
}

func sendForge(rw http.ResponseWriter, status int, body []byte) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
	rw.WriteHeader(status)
	_, _ = rw.Write(body) // who has gone reads nothing
}

// authorized checks the token.
func (f *forge) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch want := f.g.o.Token; {
		case want == "":
		case scheme == "":
			refused(rw, http.StatusUnauthorized, "Requires authentication")
			return
		case !equalFold(scheme, "Bearer") && !equalFold(scheme, "token") || token != want:
			refused(rw, http.StatusUnauthorized, "Bad credentials")
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// book is that of the address the request was sent to.
func (f *forge) book(r *http.Request) *forgeBook {
	if f.g.o.URL != "" {
		return f.g.bookOf(f.g.o.URL)
	}
	return f.g.bookOf("http://" + r.Host)
}

// user answers GET /user: the token is the robot's.
func (f *forge) user(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("X-OAuth-Scopes", "read:org, repo")
	sendForge(rw, http.StatusOK, f.book(r).accounts[robot])
}

func (f *forge) org(rw http.ResponseWriter, r *http.Request) {
	if !equalFold(r.PathValue("org"), Organization) {
		notThere(rw, r)
		return
	}
	sendForge(rw, http.StatusOK, f.book(r).org)
}

// orgRepos answers GET /orgs/{org}/repos.
func (f *forge) orgRepos(rw http.ResponseWriter, r *http.Request) {
	if !equalFold(r.PathValue("org"), Organization) {
		notThere(rw, r)
		return
	}
	f.sendRepos(rw, r, f.g.seen())
}

// userRepos answers GET /users/{user}/repos: people own none, the organisation
// is asked for in this way too.
func (f *forge) userRepos(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("user")
	if equalFold(name, Organization) {
		f.sendRepos(rw, r, f.g.seen())
		return
	}
	for i := range staff[1:] {
		if equalFold(staff[i+1].login, name) {
			f.sendRepos(rw, r, nil)
			return
		}
	}
	notThere(rw, r)
}

func (f *forge) sendRepos(rw http.ResponseWriter, r *http.Request, all []*repo) {
	p := pageOf(r.URL.Query())
	f.links(rw, r, p, len(all))
	from, to := p.of(len(all))
	out := []byte{'['}
	for i, one := range all[from:to] {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, f.repository(r, one)...)
	}
	sendForge(rw, http.StatusOK, append(out, ']'))
}

// repository is a repository; it was pushed to when its last run began.
func (f *forge) repository(r *http.Request, one *repo) []byte {
	pushed := f.g.start
	if runs := f.g.runsOf(one, f.g.now()); len(runs) > 0 {
		pushed = runs[len(runs)-1].created
	}
	return f.book(r).repository(one, forgeTime(f.g.start-delivery.Instant(400*day)), forgeTime(pushed))
}

// repo answers GET /repos/{owner}/{repo}.
func (f *forge) repo(rw http.ResponseWriter, r *http.Request) {
	one, ok := f.g.repoNamed(r.PathValue("owner"), r.PathValue("repo"))
	if !ok {
		notThere(rw, r)
		return
	}
	sendForge(rw, http.StatusOK, f.repository(r, one))
}

// forgePage is a page of a list.
type forgePage struct{ n, size int }

const (
	forgeSize = 30  // when nothing is asked
	forgeMost = 100 // more is not given
)

func pageOf(q url.Values) forgePage {
	p := forgePage{1, forgeSize}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 {
		p.n = min(n, 1_000_000)
	}
	if n, err := strconv.Atoi(q.Get("per_page")); err == nil && n > 0 {
		p.size = min(n, forgeMost)
	}
	return p
}

// of is which of so many a page holds.
func (p forgePage) of(total int) (from, to int) {
	from = min((p.n-1)*p.size, total)
	return from, min(from+p.size, total)
}

// links sends the Link header of a page of a list of so many.
func (f *forge) links(rw http.ResponseWriter, r *http.Request, p forgePage, total int) {
	last := max((total+p.size-1)/p.size, 1)
	var out []string
	link := func(rel string, n int) {
		q := r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		out = append(out, "<"+f.book(r).base+r.URL.EscapedPath()+"?"+q.Encode()+`>; rel="`+rel+`"`)
	}
	if p.n > 1 {
		link("prev", min(p.n-1, last))
	}
	if p.n < last {
		link("next", p.n+1)
		link("last", last)
	}
	if p.n > 1 {
		link("first", 1)
	}
	if len(out) > 0 {
		rw.Header().Set("Link", strings.Join(out, ", "))
	}
}
