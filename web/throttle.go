package web

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// Wrong passwords that an address or an account may get at once, how soon one
// is forgiven, and how many addresses and accounts are remembered.
const (
	wrongPasswords    = 10
	wrongPasswordRate = 10 * time.Second // of an address
	wrongAccountRate  = 30 * time.Second // of an account: guesses may come from many addresses
	wrongRemembered   = 10000
	homesRemembered   = 10000 // accounts of which it is known where they sign in
	homesOfAccount    = 10    // addresses of an account
)

// throttle slows down who guesses passwords: by address, so that many accounts
// cannot be tried from one, and by account, so that one cannot be tried from
// many. Accounts are told apart by what was typed, known or not. Sessions that
// exist go on. Where an account has signed in before, what others guess does not
// count: knowing an e-mail address must not be enough to keep its owner out.
type throttle struct {
	mu        sync.Mutex
	addresses guesses
	accounts  guesses
	homes     map[string]home // by account
}

// home is where an account has signed in, the latest address last.
type home struct {
	addresses []string
	at        time.Time
}

func newThrottle() *throttle {
	return &throttle{addresses: newGuesses(wrongPasswordRate), accounts: newGuesses(wrongAccountRate), homes: map[string]home{}}
}

// take counts a try, before it is known how it ends: tries at the same time
// must not all slip through. ok is false when it is one too many; wait is then
// how long until the next.
func (t *throttle) take(r *http.Request, account string, now time.Time) (wait time.Duration, ok bool) {
	address, id := addressKey(middleware.GetClientIP(r.Context())), accountKey(account)
	t.mu.Lock()
	defer t.mu.Unlock()
	known := slices.Contains(t.homes[id].addresses, address)
	wait = t.addresses.wait(address, now)
	if !known {
		wait = max(wait, t.accounts.wait(id, now))
	}
	if wait > 0 {
		return wait, false
	}
	t.addresses.add(address, 1, now)
	if !known {
		t.accounts.add(id, 1, now)
	}
	return 0, true
}

// takeAddress is take for what has no account.
func (t *throttle) takeAddress(r *http.Request, now time.Time) (wait time.Duration, ok bool) {
	address := addressKey(middleware.GetClientIP(r.Context()))
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := t.addresses.wait(address, now); wait > 0 {
		return wait, false
	}
	t.addresses.add(address, 1, now)
	return 0, true
}

// forgive takes back a try that turned out right.
func (t *throttle) forgive(r *http.Request, account string, now time.Time) {
	address, id := addressKey(middleware.GetClientIP(r.Context())), accountKey(account)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addresses.add(address, -1, now)
	if !slices.Contains(t.homes[id].addresses, address) {
		t.accounts.add(id, -1, now)
	}
}

// welcome remembers that an account signed in from an address, and forgets the
// one that was not heard of for longest when there are too many.
func (t *throttle) welcome(ctx context.Context, account string, now time.Time) {
	address, id := addressKey(middleware.GetClientIP(ctx)), accountKey(account)
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.homes[id]
	if !ok && len(t.homes) >= homesRemembered {
		oldest := ""
		for other, h := range t.homes {
			if oldest == "" || h.at.Before(t.homes[oldest].at) {
				oldest = other
			}
		}
		delete(t.homes, oldest)
	}
	addresses := slices.DeleteFunc(known.addresses, func(a string) bool { return a == address })
	addresses = append(addresses, address)
	t.homes[id] = home{addresses[max(0, len(addresses)-homesOfAccount):], now}
}

// addressKey takes the addresses of one IPv6 network for one: whoever has one
// of them has them all.
func addressKey(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Unmap().Is4() {
		return addr
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return network.String()
}

// accountKey has the same length whatever was typed.
func accountKey(account string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(account))))
	return string(sum[:])
}

// guesses counts wrong passwords by key. A count falls by one each time forget
// has passed.
type guesses struct {
	forget time.Duration
	byKey  map[string]guess
}

type guess struct {
	count float64
	at    time.Time
}

func newGuesses(forget time.Duration) guesses {
	return guesses{forget: forget, byKey: map[string]guess{}}
}

// count is how many wrong passwords are held against a key now.
func (g *guesses) count(key string, now time.Time) float64 {
	old, ok := g.byKey[key]
	if !ok {
		return 0
	}
	return max(0, old.count-max(0, float64(now.Sub(old.at))/float64(g.forget)))
}

// wait is how long until one more try is allowed.
func (g *guesses) wait(key string, now time.Time) time.Duration {
	over := g.count(key, now) + 1 - wrongPasswords
	if over <= 0 {
		return 0
	}
	return time.Duration(over * float64(g.forget)).Round(time.Millisecond)
}

func (g *guesses) add(key string, n float64, now time.Time) {
	count := max(0, g.count(key, now)+n)
	if count == 0 {
		delete(g.byKey, key)
		return
	}
	if _, ok := g.byKey[key]; !ok && len(g.byKey) >= wrongRemembered {
		g.makeRoom(now)
	}
	g.byKey[key] = guess{count, now}
}

// makeRoom forgets those with the least held against them, many at once: a
// flood of made-up names must neither free the one that is guessed at nor cost
// much.
func (g *guesses) makeRoom(now time.Time) {
	fewest := float64(wrongPasswords)
	for key := range g.byKey {
		fewest = min(fewest, g.count(key, now))
	}
	for key := range g.byKey {
		if g.count(key, now) <= fewest+1 {
			delete(g.byKey, key)
		}
	}
}

// retryAfter tells a program how long to wait, in whole seconds.
func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(roundUp(wait).Seconds())))
}

// roundUp is wait in whole seconds, never too short.
func roundUp(wait time.Duration) time.Duration {
	return max(time.Second, (wait + time.Second - 1).Truncate(time.Second))
}
