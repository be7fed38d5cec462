package simulator

import (
	"net/http"
	"strings"
)

// tracker serves the API of Yandex Tracker.
type tracker struct{ c *Company }

// Tracker is the company's Tracker API under /v2 and /v3, and a page for people at
// the key of each issue.
func (c *Company) Tracker() http.Handler { return c.api }

func newTracker(c *Company) http.Handler {
	t := &tracker{c}
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /{v}/issues/_search":              t.search,
		"POST /{v}/issues/_count":               t.count,
		"POST /{v}/system/search/scroll/_clear": t.clearScrolls,
		"GET /{v}/issues/{key}":                 t.issue,
		"GET /{v}/issues/{key}/changelog":       t.changelog,
		"GET /{v}/issues/{key}/comments":        t.comments,
		"GET /{v}/issues/{key}/worklog":         t.worklog,
		"GET /{v}/issues/{key}/links":           t.links,
		"GET /{v}/statuses":                     t.dictionary("statuses", statuses),
		"GET /{v}/priorities":                   t.dictionary("priorities", priorities),
		"GET /{v}/issuetypes":                   t.dictionary("issuetypes", issueTypes),
		"GET /{v}/resolutions":                  t.dictionary("resolutions", resolutions),
		"GET /{v}/fields":                       t.fields,
		"GET /{v}/queues":                       t.queues,
		"GET /{v}/queues/{queue}":               t.queue,
		"GET /{v}/queues/{queue}/localFields":   t.localFields,
		"GET /{v}/users":                        t.users,
		"GET /{v}/users/{user}":                 t.user,
		"GET /{v}/myself":                       t.myself,
		"GET /{v}/boards":                       t.boards,
		"GET /{v}/boards/{board}/sprints":       t.sprints,
		"GET /{v}/sprints/{sprint}":             t.sprint,
	} {
		mux.HandleFunc(pattern, h)
	}
	mux.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) {
		fail(rw, apiErrorf(http.StatusNotFound, "Resource not found"))
	})
	return t.browsed(c.faults.wrap(c.wait(t.versioned(t.limited(t.authorized(mux))))))
}

// wait adds the latency; who hangs up does not wait.
func (c *Company) wait(next http.Handler) http.Handler {
	if c.opts.Latency <= 0 {
		return next
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if pause(r.Context(), c.opts.Latency) {
			next.ServeHTTP(rw, r)
		}
	})
}

func (t *tracker) versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v2/") && !strings.HasPrefix(r.URL.Path, "/v3/") {
			fail(rw, apiErrorf(http.StatusNotFound, "Resource not found"))
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// limited answers 429 to what exceeds the rate.
func (t *tracker) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if !t.c.limit.allow() {
			rw.Header().Set("Retry-After", "1")
			fail(rw, apiErrorf(http.StatusTooManyRequests, "Too many requests"))
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// authorized checks token and organisation.
func (t *tracker) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o := &t.c.opts
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if o.Token != "" && (scheme != "OAuth" && scheme != "Bearer" || token != o.Token) {
			fail(rw, apiErrorf(http.StatusUnauthorized, "OAuth token is invalid or expired"))
			return
		}
		given := o.OrgID != "" && r.Header.Get("X-Org-ID") == o.OrgID || o.CloudOrgID != "" && r.Header.Get("X-Cloud-Org-ID") == o.CloudOrgID
		if !given && o.OrgID+o.CloudOrgID != "" {
			fail(rw, apiErrorf(http.StatusForbidden, "Organization is not available, not ready or not found"))
			return
		}
		next.ServeHTTP(rw, r)
	})
}

// writer writes in the language and version of the request.
func (t *tracker) writer(r *http.Request) *writer {
	lang := russian
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "en") {
		lang = english
	}
	v := 1
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		v = 0
	}
	return &writer{t.c.books[v][lang], t.c}
}

// find is the issue with a present or former key or an id.
func (t *tracker) find(key string) (*issue, error) {
	is, ok := t.c.byKey[strings.ToUpper(key)]
	if !ok {
		is, ok = t.c.byID[key]
	}
	if !ok || !is.st.listed() {
		return nil, apiErrorf(http.StatusNotFound, "Issue not found.")
	}
	if t.unseen(is.st.queueKey()) {
		return nil, forbidden(is.st.queueKey())
	}
	return is, nil
}

func (t *tracker) unseen(queue string) bool {
	for _, q := range t.c.opts.Unseen {
		if equalFold(q, queue) {
			return true
		}
	}
	return false
}

func forbidden(queue string) error {
	e := apiErrorf(http.StatusForbidden, "You have no permission to read the queue %s", queue)
	e.data = map[string]any{"queue": queue, "permissionDeniedMessage": "Ask the owner of the queue"}
	return e
}

// issue answers GET /issues/{key}.
func (t *tracker) issue(rw http.ResponseWriter, r *http.Request) {
	t.c.mu.RLock()
	defer t.c.mu.RUnlock()
	is, err := t.find(r.PathValue("key"))
	if err != nil {
		fail(rw, err)
		return
	}
	out := newBody()
	defer out.free()
	out.b = appendIssue(out.b, is.st, t.writer(r), wantedFields(r), expansion(r))
	out.send(rw)
}
