package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// scrolls are the running walks through what a search found.
type scrolls struct {
	c    *Company
	mu   sync.Mutex
	last int
	open map[string]*walk
}

// walk is one scroll: the issues as they were when it began.
type walk struct {
	found   []*state
	size    int
	ttl     time.Duration
	expires time.Time
	token   string
	used    map[int]bool // positions given out
}

const (
	maxScroll   = 1000
	defaultTTL  = time.Minute
	maxTTL      = time.Hour
	badScrollID = "Expired signature"
)

func newScrolls(c *Company) scrolls { return scrolls{c: c, open: map[string]*walk{}} }

// scroll answers a search by scroll, its first page and those after it.
func (t *tracker) scroll(rw http.ResponseWriter, r *http.Request, in *searchBody) {
	q := r.URL.Query()
	if in.Keys != nil || in.Queue != nil {
		fail(rw, apiErrorf(http.StatusBadRequest, "Scroll is not supported"))
		return
	}
	if id := q.Get("scrollId"); id != "" {
		t.scrollOn(rw, r, id, q.Get("scrollToken"))
		return
	}
	kind := q.Get("scrollType")
	if kind != "sorted" && kind != "unsorted" {
		fail(rw, apiErrorf(http.StatusBadRequest, "scrollType: sorted or unsorted, not %q", kind))
		return
	}
	size, err := t.pageSize(q, "perScroll", maxScroll)
	if err != nil {
		fail(rw, err)
		return
	}
	ttl, err := scrollTTL(q.Get("scrollTTLMillis"))
	if err != nil {
		fail(rw, err)
		return
	}
	parsed, err := t.c.parseBody(in)
	if err != nil {
		fail(rw, err)
		return
	}
	if kind == "unsorted" {
		parsed.order = []ordering{{"status", false}} // in no order that helps
	}
	_, found := t.found(parsed, 0, math.MaxInt)
	id, w := t.c.scrolls.begin(found, size, ttl)
	t.scrollPage(rw, r, id, w, 0)
}

func scrollTTL(s string) (time.Duration, error) {
	if s == "" {
		return defaultTTL, nil
	}
	ms, err := strconv.Atoi(s)
	if ttl := time.Duration(ms) * time.Millisecond; err == nil && ttl > 0 && ttl <= maxTTL {
		return ttl, nil
	}
	return 0, apiErrorf(http.StatusBadRequest, "scrollTTLMillis: must be a number from 1 to %d: %s", maxTTL.Milliseconds(), s)
}

func (t *tracker) scrollOn(rw http.ResponseWriter, r *http.Request, id, token string) {
	name, position, _ := strings.Cut(id, ".")
	at, err := strconv.Atoi(position)
	w := t.c.scrolls.take(name, at)
	if err != nil || w == nil || at < 0 || at > len(w.found) || token != "" && token != w.token {
		fail(rw, apiErrorf(http.StatusForbidden, badScrollID))
		return
	}
	t.scrollPage(rw, r, name, w, at)
}

// scrollPage sends a page. Where it ends short there is no next id; where it
// ends full there is one, of an empty page.
func (t *tracker) scrollPage(rw http.ResponseWriter, r *http.Request, id string, w *walk, at int) {
	end := min(at+w.size, len(w.found))
	rw.Header().Set("X-Total-Count", strconv.Itoa(min(len(w.found), window)))
	if end-at == w.size {
		rw.Header().Set("X-Scroll-Id", id+"."+strconv.Itoa(end))
		rw.Header().Set("X-Scroll-Token", w.token)
	}
	t.sendIssues(rw, r, w.found[at:end])
}

func (s *scrolls) begin(found []*state, size int, ttl time.Duration) (id string, w *walk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.c.opts.Clock()
	for old, w := range s.open {
		if !now.Before(w.expires) {
			delete(s.open, old)
		}
	}
	s.last++
	id = fmt.Sprintf("c%016x", s.c.mix(s.last, 20))
	w = &walk{found: found, size: size, ttl: ttl, expires: now.Add(ttl), token: fmt.Sprintf("%016x", s.c.mix(s.last, 21)), used: map[int]bool{}}
	s.open[id] = w
	return id, w
}

// take finds a walk that has not expired, and keeps it alive.
func (s *scrolls) take(id string, at int) *walk {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, now := s.open[id], s.c.opts.Clock()
	if w == nil || !now.Before(w.expires) || s.c.opts.ScrollOnce && w.used[at] {
		return nil
	}
	w.used[at] = true
	w.expires = now.Add(w.ttl)
	return w
}

// ExpireScrolls ends every running scroll, as time does.
func (c *Company) ExpireScrolls() {
	c.scrolls.mu.Lock()
	defer c.scrolls.mu.Unlock()
	clear(c.scrolls.open)
}

// OpenScrolls is the number of scrolls that hold memory.
func (c *Company) OpenScrolls() int {
	c.scrolls.mu.Lock()
	defer c.scrolls.mu.Unlock()
	return len(c.scrolls.open)
}

// clearScrolls answers POST /system/search/scroll/_clear, a map of ids to
// tokens.
func (t *tracker) clearScrolls(rw http.ResponseWriter, r *http.Request) {
	var in map[string]json.RawMessage
	if err := readBody(r, &in); err != nil {
		fail(rw, err)
		return
	}
	s := &t.c.scrolls
	s.mu.Lock()
	for id := range in {
		name, _, _ := strings.Cut(id, ".")
		delete(s.open, name)
	}
	s.mu.Unlock()
	out := newBody()
	defer out.free()
	out.b = append(out.b, "{}"...)
	out.send(rw)
}
