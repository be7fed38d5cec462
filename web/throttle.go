package web

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/time/rate"
)

// Wrong passwords that an address may give at once, how often one more, and
// how many addresses are remembered.
const (
	wrongPasswords    = 10
	wrongPasswordRate = time.Minute / 6
	wrongAddresses    = 10000
)

// throttle slows down who guesses passwords. Only failures count.
type throttle struct {
	mu     sync.Mutex
	byAddr map[string]*rate.Limiter
}

func (t *throttle) limiter(addr string) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, ok := t.byAddr[addr]; ok {
		return l
	}
	if t.byAddr == nil || len(t.byAddr) >= wrongAddresses {
		t.byAddr = map[string]*rate.Limiter{}
	}
	l := rate.NewLimiter(rate.Every(wrongPasswordRate), wrongPasswords)
	t.byAddr[addr] = l
	return l
}

// allows reports whether the client may try a password now.
func (t *throttle) allows(r *http.Request, now time.Time) bool {
	return t.limiter(middleware.GetClientIP(r.Context())).TokensAt(now) >= 1
}

// failed counts a wrong password.
func (t *throttle) failed(r *http.Request, now time.Time) {
	t.limiter(middleware.GetClientIP(r.Context())).AllowN(now, 1)
}
