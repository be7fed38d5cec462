package sentry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var testNow = time.Date(2026, 11, 20, 12, 34, 58, 500_000_000, time.UTC)

type m = map[string]any

// fake is Sentry with one organisation, acme. The time in it stands still.
type fake struct {
	mu       sync.Mutex
	projects []*fakeProject
	groups   []*fakeGroup
	rows     []fakeRow
	releases []m
	deploys  map[string][]m
	keys     []m
	events   map[string]map[string]int64 // of each hour, by project's number and outcome
	sessions []m
	lacks    map[endpoint]int // status
	instead  func(w http.ResponseWriter, r *http.Request) bool
	page     int // things on a page: 100 when 0

	limit    int // requests to an endpoint in a second; 0: none
	clock    func() time.Time
	ahead    time.Duration // its clock
	windows  map[endpoint][2]int64
	asked    []*url.URL
	answered map[int]int
}

type fakeProject struct {
	id, slug     string
	environments []string
	deleted      bool
}

type fakeGroup struct {
	id, project, status, substatus string
	first, last                    time.Duration // ago
	environments                   map[string]fakeSeen
	more                           m // fields of its own
	raw                            string
}

type fakeSeen struct {
	count       int
	first, last time.Duration // ago
}

type fakeRow struct {
	group, environment, release string
	count                       int
	ago                         time.Duration
}

func iso(ago time.Duration) string { return testNow.Add(-ago).UTC().Format("2006-01-02T15:04:05Z") }

// endpointOf is what an address is limited by.
func endpointOf(path string) endpoint {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	last := parts[len(parts)-1]
	switch {
	case parts[0] == "organizations" && len(parts) == 2:
		return toOrganization
	case parts[0] == "organizations" && len(parts) == 4 && parts[2] == "issues":
		return toGroup
	}
	return endpoint(last)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to := endpointOf(r.URL.Path)
	f.asked = append(f.asked, r.URL)
	rec := &counted{ResponseWriter: w, status: http.StatusOK}
	defer func() {
		if f.answered == nil {
			f.answered = map[int]int{}
		}
		f.answered[rec.status]++
	}()
	if !f.enter(rec, to) {
		return
	}
	if f.instead != nil && f.instead(rec, r) {
		return
	}
	if status := f.lacks[to]; status != 0 {
		refuse(rec, status, "You do not have permission to perform this action.")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	if parts[1] != "acme" && parts[0] != "issues" {
		refuse(rec, http.StatusNotFound, "The requested resource does not exist")
		return
	}
	f.answer(rec, r, to, parts)
}

type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(status int) { c.status = status; c.ResponseWriter.WriteHeader(status) }

// enter counts a request in a window of a second, as Sentry does.
func (f *fake) enter(w http.ResponseWriter, to endpoint) bool {
	h := w.Header()
	h.Set("X-Sentry-Rate-Limit-Limit", strconv.Itoa(f.limit))
	if f.limit == 0 {
		return true
	}
	if f.windows == nil {
		f.windows = map[endpoint][2]int64{}
	}
	now := f.clock().Add(f.ahead)
	window := f.windows[to]
	if window[0] != now.Unix() {
		window = [2]int64{now.Unix(), 0}
	}
	window[1]++
	f.windows[to] = window
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("X-Sentry-Rate-Limit-Remaining", strconv.FormatInt(max(0, int64(f.limit)-window[1]), 10))
	h.Set("X-Sentry-Rate-Limit-Reset", strconv.FormatInt(now.Unix()+1, 10))
	if window[1] > int64(f.limit) {
		refuse(w, http.StatusTooManyRequests, "You are attempting to use this endpoint too frequently.")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(m{"detail": detail})
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, to endpoint, parts []string) {
	q := r.URL.Query()
	switch to {
	case toOrganization:
		write(w, m{"slug": "acme", "name": "Acme Corp"})
	case toProjects:
		f.list(w, r, f.projectList())
	case toGroups:
		f.list(w, r, f.groupList(q))
	case toGroup:
		f.one(w, parts[3])
	case toEvents:
		f.list(w, r, f.rowList(q))
	case toStats:
		f.stats(w, q)
	case toKeys:
		f.list(w, r, anys(f.keys))
	case toProjectKeys:
		f.list(w, r, slices.DeleteFunc(anys(f.keys), func(k any) bool { return fmt.Sprint(k.(m)["projectId"]) != f.number(parts[2]) }))
	case toProjectStats:
		write(w, [][2]int64{{1793491200, map[string]int64{"received": 60, "rejected": 7, "blacklisted": 3}[q.Get("stat")]}, {1793577600, 1}})
	case toReleases:
		f.list(w, r, anys(f.releases))
	case toDeploys:
		version, _ := url.PathUnescape(parts[3])
		f.list(w, r, anys(f.deploys[version]))
	case toSessions:
		f.sessionList(w, q)
	case toCurrentRelease:
		write(w, m{"currentRelease": m{"release": m{"version": "current@1"}}})
	default:
		refuse(w, http.StatusNotFound, "no such endpoint")
	}
}

func (f *fake) number(slug string) string {
	for _, p := range f.projects {
		if p.slug == slug {
			return p.id
		}
	}
	return ""
}

func anys(list []m) (out []any) {
	for _, v := range list {
		out = append(out, v)
	}
	return out
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// list answers a page of a list. The address of the next one leads elsewhere.
func (f *fake) list(w http.ResponseWriter, r *http.Request, all []any) {
	q := r.URL.Query()
	size := f.page
	if size == 0 {
		size = 100
	}
	from, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(q.Get("cursor"), "0:"), ":0"))
	from = min(from, len(all))
	to := min(from+size, len(all))
	w.Header().Set("Link", fmt.Sprintf(`<http://elsewhere.test/?a=1,2&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", <http://elsewhere.test/?cursor=0:%d:0>; rel="next"; results="%t"; cursor="0:%d:0"`, to, to < len(all), to))
	page := all[from:to]
	if page == nil {
		page = []any{}
	}
	if endpointOf(r.URL.Path) == toEvents {
		write(w, m{"data": page})
		return
	}
	write(w, page)
}

func (f *fake) count(to endpoint) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, u := range f.asked {
		if endpointOf(u.Path) == to {
			n++
		}
	}
	return n
}
