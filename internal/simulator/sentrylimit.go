package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// windows is Sentry's limit: so many requests to an endpoint within a second of the
// clock.
type windows struct {
	most  int // 0: no limit
	clock func() time.Time

	mu   sync.Mutex
	used map[Kind]int
	at   int64 // the second
}

const concurrent = 25 // requests of one caller, at most; nothing here takes so long

// allow counts a request, says what is left and refuses what is too much.
func (l *windows) allow(rw http.ResponseWriter, kind Kind) bool {
	l.mu.Lock()
	now := l.clock().Unix()
	if now != l.at || l.used == nil {
		l.at, l.used = now, map[Kind]int{}
	}
	l.used[kind]++
	used := l.used[kind]
	l.mu.Unlock()
	h := rw.Header()
	for name, v := range map[string]int{
		"Limit": l.most, "Remaining": max(l.most-used, 0), "Reset": int(now + 1), "ConcurrentLimit": concurrent, "ConcurrentRemaining": concurrent - 1,
	} {
		h.Set("X-Sentry-Rate-Limit-"+name, strconv.Itoa(v))
	}
	if l.most <= 0 || used <= l.most {
		return true
	}
	tooOften(rw, l.most)
	return false
}

func tooOften(rw http.ResponseWriter, most int) {
	refuseDetail(rw, http.StatusTooManyRequests, fmt.Sprintf(
		"You are attempting to use this endpoint too frequently. Limit is %d requests in 1 seconds", most))
}

// refuse answers a fault as Sentry does, or as the proxy before it.
func (s *Sentry) refuse(rw http.ResponseWriter, fault *Fault) {
	fault.retryAfter(rw)
	switch {
	case fault.HTML:
		rw.Header().Set("Content-Type", "text/html")
		rw.WriteHeader(fault.Status)
		_, _ = fmt.Fprintf(rw, "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
			fault.Status, http.StatusText(fault.Status))
	case fault.Status == http.StatusTooManyRequests:
		rw.Header().Set("X-Sentry-Rate-Limit-Limit", "5")
		rw.Header().Set("X-Sentry-Rate-Limit-Remaining", "0")
		rw.Header().Set("X-Sentry-Rate-Limit-Reset", strconv.FormatInt(s.limit.clock().Unix()+1, 10))
		tooOften(rw, 5)
	case fault.Status == http.StatusNotFound:
		refuseDetail(rw, fault.Status, errNotThere)
	case fault.Status == http.StatusUnauthorized:
		refuseDetail(rw, fault.Status, "Invalid token")
	case fault.Status == http.StatusForbidden:
		refuseDetail(rw, fault.Status, errNoRight)
	default:
		refuseDetail(rw, fault.Status, "Internal Error")
	}
}
