package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// The endpoints of Sentry that are told apart; a request of one issue is OneIssue.
const (
	SentryOrganization   Kind = "organization"
	SentryProjects       Kind = "projects"
	SentryProject        Kind = "project"
	SentryEnvironments   Kind = "environments"     // of a project
	SentryOrgEnvs        Kind = "org-environments" // of all
	SentryIssues         Kind = "issues"
	SentryProjectIssues  Kind = "project-issues"
	SentryCurrentRelease Kind = "current-release"
	SentryEvents         Kind = "events"
	SentryStatsV2        Kind = "stats_v2"
	SentryStats          Kind = "stats" // of a project
	SentryKeys           Kind = "keys"  // of a project
	SentryOrgKeys        Kind = "project-keys"
	SentryReleases       Kind = "releases"
	SentryDeploys        Kind = "deploys"
	SentrySessions       Kind = "sessions"
)

const (
	organizationPath = "/api/0/organizations/{org}/"
	projectPath      = "/api/0/projects/{org}/{project}/"
)

// errRoutes are the endpoints.
var errRoutes = []struct {
	kind   Kind
	path   string
	answer func(*errAnswer)
}{
	{SentryOrganization, organizationPath, (*errAnswer).organization},
	{SentryProjects, organizationPath + "projects/", (*errAnswer).projects},
	{SentryOrgEnvs, organizationPath + "environments/", (*errAnswer).orgEnvironments},
	{SentryIssues, organizationPath + "issues/", (*errAnswer).issues},
	{OneIssue, organizationPath + "issues/{id}/", (*errAnswer).oneIssue},
	{SentryEvents, organizationPath + "events/", (*errAnswer).events},
	{SentryStatsV2, organizationPath + "stats_v2/", (*errAnswer).statsV2},
	{SentryOrgKeys, organizationPath + "project-keys/", (*errAnswer).orgKeys},
	{SentryReleases, organizationPath + "releases/", (*errAnswer).releases},
	{SentryDeploys, organizationPath + "releases/{version}/deploys/", (*errAnswer).deploys},
	{SentrySessions, organizationPath + "sessions/", (*errAnswer).sessions},
	{SentryProject, projectPath, (*errAnswer).project},
	{SentryEnvironments, projectPath + "environments/", (*errAnswer).environments},
	{SentryProjectIssues, projectPath + "issues/", (*errAnswer).issues},
	{SentryStats, projectPath + "stats/", (*errAnswer).stats},
	{SentryKeys, projectPath + "keys/", (*errAnswer).keys},
	{SentryCurrentRelease, "/api/0/issues/{id}/current-release/", (*errAnswer).currentRelease},
}

// sentryKind is the endpoint of a path.
func sentryKind(path string) Kind {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/api/0"), "/"), "/")
	n := len(parts)
	switch {
	case n == 3 && parts[0] == "issues":
		return SentryCurrentRelease
	case n == 2 && parts[0] == "organizations":
		return SentryOrganization
	case n > 4 && parts[2] == "releases" && parts[n-1] == "deploys": // a version may have any number of slashes
		return SentryDeploys
	case n == 4 && parts[2] == "issues":
		return OneIssue
	case n == 3 && parts[0] == "organizations" && parts[2] == "environments":
		return SentryOrgEnvs
	case n == 3 && parts[0] == "organizations":
		return Kind(parts[2])
	case n == 3 && parts[0] == "projects":
		return SentryProject
	case n == 4 && parts[3] == "issues":
		return SentryProjectIssues
	case n == 4 && parts[0] == "projects":
		return Kind(parts[3])
	}
	return Account
}

// newSentryAPI serves the endpoints: who asks is checked first, then how often.
func newSentryAPI(s *Sentry) http.Handler {
	mux := http.NewServeMux()
	for _, route := range errRoutes {
		if slices.Contains(s.o.Missing, route.kind) {
			continue
		}
		mux.HandleFunc("GET "+route.path+"{$}", func(rw http.ResponseWriter, r *http.Request) {
			if !s.limit.allow(rw, route.kind) {
				return
			}
			a := s.answering(rw, r)
			if !equalFold(cmp.Or(r.PathValue("org"), Organization), Organization) || slices.Contains(s.o.Gone, r.PathValue("project")) {
				a.notFound()
				return
			}
			route.answer(a)
		})
	}
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { refuseDetail(rw, http.StatusNotFound, errNotThere) })
	return s.faults.wrap(s.c.wait(s.authorized(mux)))
}

// What Sentry says of what one has no business with.
const (
	errNotThere = "The requested resource does not exist"
	errNoRight  = "You do not have permission to perform this action."
)

// refuseDetail answers an error in Sentry's form.
func refuseDetail(rw http.ResponseWriter, status int, detail string) {
	var o object
	sendSentry(rw, status, o.text("detail", detail).end())
}

func sendSentry(rw http.ResponseWriter, status int, body []byte) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(body) // who has gone reads nothing
}

// authorized checks the token.
func (s *Sentry) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch {
		case !equalFold(scheme, "Bearer") || token == "":
			refuseDetail(rw, http.StatusUnauthorized, "Authentication credentials were not provided.")
		case s.o.Token != "" && token != s.o.Token:
			refuseDetail(rw, http.StatusUnauthorized, "Invalid token")
		default:
			next.ServeHTTP(rw, r)
		}
	})
}

// errView is what there is at an instant, with links to an address.
type errView struct {
	w    *errWorld
	now  delivery.Instant
	base string
}

// errAnswer answers one request.
type errAnswer struct {
	errView
	rw http.ResponseWriter
	r  *http.Request
	q  url.Values
}

func (s *Sentry) answering(rw http.ResponseWriter, r *http.Request) *errAnswer {
	now := s.now()
	return &errAnswer{errView{s.world(now), now, cmp.Or(s.o.URL, "http://"+r.Host)}, rw, r, r.URL.Query()}
}

func (a *errAnswer) fail(status int, detail string) { refuseDetail(a.rw, status, detail) }
func (a *errAnswer) notFound()                      { a.fail(http.StatusNotFound, errNotThere) }

func (a *errAnswer) send(v any) {
	body, err := json.Marshal(v)
	if err != nil { // texts and numbers only
		panic(err)
	}
	sendSentry(a.rw, http.StatusOK, body)
}

// list sends a page of n things with the links to those beside it. The size is asked
// for by the parameter named size; hits says how many there are in all.
func (a *errAnswer) list(size string, n int, hits bool, one func(i int) any) {
	from, to, ok := a.page(size, n)
	if !ok {
		return
	}
	if hits {
		a.rw.Header().Set("X-Hits", strconv.Itoa(n))
		a.rw.Header().Set("X-Max-Hits", "1000")
	}
	out := []any{}
	for i := from; i < to; i++ {
		out = append(out, one(i))
	}
	a.send(out)
}

const sentryPage = 100 // at most, and when nothing is asked

// page is which of n things are asked for. A cursor is value:offset:previous.
func (a *errAnswer) page(size string, n int) (from, to int, ok bool) {
	most := sentryPage
	if v := a.q.Get(size); v != "" {
		k, err := strconv.Atoi(v)
		if size == "limit" {
			k = min(k, sentryPage) // of groups, more than a page is a page
		}
		if err != nil || k < 1 || k > sentryPage {
			a.fail(http.StatusBadRequest, "Invalid "+size+" value. Must be between 1 and 100.")
			return 0, 0, false
		}
		most = k
	}
	if c := a.q.Get("cursor"); c != "" {
		parts := strings.Split(c, ":")
		k, err := strconv.Atoi(parts[min(1, len(parts)-1)])
		if len(parts) != 3 || err != nil || k < 0 {
			a.fail(http.StatusBadRequest, "Invalid cursor parameter.")
			return 0, 0, false
		}
		from = k
	}
	link := func(rel, cursor string, results bool) string {
		kept := slices.DeleteFunc(strings.Split(a.r.URL.RawQuery, "&"), func(p string) bool { return strings.HasPrefix(p, "cursor=") })
		return "<" + a.base + a.r.URL.EscapedPath() + "?" + strings.Join(kept, "&") + "&cursor=" + cursor + `>; rel="` + rel +
			`"; results="` + strconv.FormatBool(results) + `"; cursor="` + cursor + `"`
	}
	before, after := "0:"+strconv.Itoa(max(from-most, 0))+":1", "0:"+strconv.Itoa(from+most)+":0"
	a.rw.Header().Set("Link", link("previous", before, from > 0)+", "+link("next", after, from+most < n))
	return min(from, n), min(from+most, n), true
}

// sentryTime is how most times are told.
func sentryTime(t delivery.Instant) any {
	if !t.Known() {
		return nil
	}
	return timeOf(t).Format(time.RFC3339)
}

// fine is a group's time, told to the microsecond when all of its times are.
func (g *errGroup) fine(t delivery.Instant) any {
	if !g.micros || !t.Known() {
		return sentryTime(t)
	}
	below := time.Duration((g.seed^uint64(t))%1000) * time.Microsecond
	return timeOf(t).Add(below).Format("2006-01-02T15:04:05.000000Z07:00")
}
