package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hourly is GitHub's primary limit: so many requests within an hour from the
// first one.
type hourly struct {
	most  int
	clock func() time.Time

	mu    sync.Mutex
	used  int
	until time.Time
}

// quota is what is left of an hour.
type quota struct {
	most, used int
	until      time.Time
}

// take counts n requests and says what that leaves.
func (l *hourly) take(n int) quota {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.clock(); !now.Before(l.until) {
		l.used, l.until = 0, now.Add(time.Hour).Truncate(time.Second)
	}
	l.used += n
	return quota{l.most, l.used, l.until}
}

func (q quota) left() int { return max(q.most-q.used, 0) }

func (q quota) say(h http.Header, resource string) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(q.most))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(q.left()))
	h.Set("X-RateLimit-Used", strconv.Itoa(min(q.used, q.most)))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(q.until.Unix(), 10))
	h.Set("X-RateLimit-Resource", resource)
}

// counted limits requests; one for what is known already is answered 304 and
// not counted.
func (f *forge) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/graphql" { // it has points of its own
			next.ServeHTTP(rw, r)
			return
		}
		if r.URL.Path == "/rate_limit" {
			f.g.limit.take(0).say(rw.Header(), "core")
			next.ServeHTTP(rw, r)
			return
		}
		if q := f.g.limit.take(1); q.used > q.most {
			f.g.limit.take(-1).say(rw.Header(), "core")
			refused(rw, http.StatusForbidden, "API rate limit exceeded for user ID "+strconv.Itoa(accountID(robot))+".")
			return
		}
		kept := &keeper{header: rw.Header(), status: http.StatusOK}
		next.ServeHTTP(kept, r)
		if kept.status == http.StatusOK {
			sum := sha256.Sum256(kept.body.Bytes())
			tag := `W/"` + hex.EncodeToString(sum[:]) + `"`
			rw.Header().Set("ETag", tag)
			rw.Header().Set("Cache-Control", "private, max-age=60, s-maxage=60")
			if sameTag(r.Header.Get("If-None-Match"), tag) {
				f.g.limit.take(-1).say(rw.Header(), "core")
				rw.Header().Del("Content-Type")
				rw.WriteHeader(http.StatusNotModified)
				return
			}
		}
		f.g.limit.take(0).say(rw.Header(), "core")
		rw.WriteHeader(kept.status)
		_, _ = rw.Write(kept.body.Bytes()) // who has gone reads nothing
	})
}

// sameTag reports whether a list of tags has this one, weak or not.
func sameTag(list, tag string) bool {
	for t := range strings.SplitSeq(list, ",") {
		if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// rateLimit answers GET /rate_limit, which is not counted.
func (f *forge) rateLimit(rw http.ResponseWriter, _ *http.Request) {
	q := f.g.limit.take(0)
	var core, resources, all object
	core.number("limit", q.most).number("used", min(q.used, q.most)).number("remaining", q.left()).long("reset", q.until.Unix())
	rate := core.end()
	all.raw("resources", resources.raw("core", rate).end())
	sendForge(rw, http.StatusOK, all.raw("rate", rate).end())
}
