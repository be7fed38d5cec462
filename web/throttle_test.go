package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// from is a request of that address, as handlers see it.
func from(t *testing.T, addr string) *http.Request {
	t.Helper()
	var seen *http.Request
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil)
	req.RemoteAddr = addr
	keep := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })
	middleware.ClientIPFromRemoteAddr(keep).ServeHTTP(httptest.NewRecorder(), req)
	return seen
}

func TestThrottleByAddress(t *testing.T) {
	throttle := newThrottle()
	r := from(t, "192.0.2.1:5000")
	for i := range wrongPasswords {
		if _, ok := throttle.take(r, fmt.Sprint("user", i), testNow); !ok {
			t.Fatalf("try %d is refused", i+1)
		}
	}
	wait, ok := throttle.take(r, "another", testNow)
	if ok || wait != wrongPasswordRate {
		t.Errorf("one more: %v, wait %v", ok, wait)
	}
	if _, ok := throttle.take(from(t, "192.0.2.2:5000"), "another", testNow); !ok {
		t.Error("another address is refused")
	}
	if wait, ok := throttle.take(r, "another", testNow.Add(4*time.Second)); ok || wait != 6*time.Second {
		t.Errorf("4 s later: %v, wait %v", ok, wait)
	}
	if _, ok := throttle.take(r, "another", testNow.Add(wrongPasswordRate)); !ok {
		t.Error("when the time is over it is refused still")
	}
	if _, ok := throttle.take(r, "another", testNow.Add(wrongPasswordRate)); ok {
		t.Error("two are let through where one is")
	}
}

func TestThrottleByAccount(t *testing.T) {
	throttle := newThrottle()
	for i := range wrongPasswords {
		if _, ok := throttle.take(from(t, fmt.Sprintf("192.0.2.%d:1", i)), "Ann@example.com ", testNow); !ok {
			t.Fatalf("try %d is refused", i+1)
		}
	}
	r := from(t, "198.51.100.1:1")
	if wait, ok := throttle.take(r, "ann@example.com", testNow); ok || wait != wrongAccountRate {
		t.Errorf("from another address: %v, wait %v", ok, wait)
	}
	if _, ok := throttle.take(r, "bob@example.com", testNow); !ok {
		t.Error("another account is refused")
	}
	// What was refused did not count against the address.
	if got := throttle.addresses.count("198.51.100.1", testNow); got != 1 {
		t.Errorf("%v are held against the address", got)
	}
}

func TestThrottleForgivesRightOnes(t *testing.T) {
	throttle := newThrottle()
	r := from(t, "192.0.2.1:5000")
	for range 5 * wrongPasswords {
		if _, ok := throttle.take(r, "ann", testNow); !ok {
			t.Fatal("a right password is held against somebody")
		}
		throttle.forgive(r, "ann", testNow)
	}
	if len(throttle.addresses.byKey)+len(throttle.accounts.byKey) != 0 {
		t.Error("nothing is held against anybody, and yet remembered")
	}
}

// Guesses at an account from elsewhere do not keep it out of where it has signed
// in before, be it another address of the same network; guesses from there count
// against the address alone.
func TestThrottleKnowsWhereAnAccountSignsIn(t *testing.T) {
	throttle := newThrottle()
	home := from(t, "[2001:db8:1:2::1]:1")
	if _, ok := throttle.take(home, "ann@example.com", testNow); !ok {
		t.Fatal("the first try is refused")
	}
	throttle.forgive(home, "ann@example.com", testNow)
	throttle.welcome(home.Context(), "ann@example.com", testNow)
	for i := range 3 * wrongPasswords {
		throttle.take(from(t, fmt.Sprintf("192.0.2.%d:1", i)), "ann@example.com", testNow)
	}
	if wait, ok := throttle.take(from(t, "198.51.100.1:1"), "ann@example.com", testNow); ok || wait != wrongAccountRate {
		t.Errorf("from elsewhere: %v, wait %v", ok, wait)
	}
	neighbour := from(t, "[2001:db8:1:2::ffff]:1")
	for i := range wrongPasswords {
		if _, ok := throttle.take(neighbour, " Ann@example.com", testNow); !ok {
			t.Fatalf("try %d from home is refused", i+1)
		}
	}
	if wait, ok := throttle.take(home, "ann@example.com", testNow); ok || wait != wrongPasswordRate {
		t.Errorf("guesses without end from home: %v, wait %v", ok, wait)
	}
	if _, ok := throttle.take(from(t, "198.51.100.1:1"), "ann@example.com", testNow.Add(wrongAccountRate)); !ok {
		t.Error("guesses from home are held against the account")
	}
	if _, ok := throttle.take(home, "bob@example.com", testNow.Add(wrongPasswordRate)); !ok {
		t.Error("another account is refused there")
	}
}

func TestThrottleForgetsWhereAccountsSignedIn(t *testing.T) {
	throttle := newThrottle()
	enter := func(n int) { throttle.welcome(from(t, fmt.Sprintf("192.0.2.%d:1", n)).Context(), "ann", testNow) }
	for i := range homesOfAccount + 1 {
		enter(i)
	}
	enter(1) // again, so it is the latest
	enter(50)
	got := throttle.homes[accountKey("ann")].addresses
	if len(got) != homesOfAccount || got[0] != "192.0.2.3" || got[8] != "192.0.2.1" || got[9] != "192.0.2.50" {
		t.Errorf("kept are %v", got)
	}
	elsewhere := from(t, "192.0.2.1:1").Context()
	for i := range homesRemembered + 5 {
		throttle.welcome(elsewhere, fmt.Sprint(i), testNow.Add(time.Duration(i+1)*time.Second))
	}
	if _, ok := throttle.homes[accountKey("ann")]; ok || len(throttle.homes) != homesRemembered {
		t.Errorf("%d accounts are kept, the oldest among them: %v", len(throttle.homes), ok)
	}
}

func TestThrottleAddressKey(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "": "",
	} {
		if got := addressKey(addr); got != want {
			t.Errorf("addressKey(%q) = %q, want %q", addr, got, want)
		}
	}
}

// A flood of made-up names keeps memory bounded, and the account that is
// guessed at throttled.
func TestThrottleIsBounded(t *testing.T) {
	g := newGuesses(time.Minute)
	g.add("victim", wrongPasswords, testNow)
	for i := range 3 * wrongRemembered {
		g.add(fmt.Sprint(i), 1, testNow)
		if len(g.byKey) > wrongRemembered {
			t.Fatalf("%d are remembered", len(g.byKey))
		}
	}
	if g.wait("victim", testNow) != time.Minute {
		t.Error("the one that is guessed at was freed")
	}
	g.add("late", 1, testNow.Add(time.Hour))
	if g.wait("victim", testNow.Add(time.Hour)) != 0 {
		t.Error("nothing is forgiven")
	}
}

// A clock that is set back frees nobody, and locks nobody out for long.
func TestThrottleClockSetBack(t *testing.T) {
	g := newGuesses(time.Minute)
	g.add("a", wrongPasswords, testNow)
	if got := g.wait("a", testNow.Add(-time.Hour)); got != time.Minute {
		t.Errorf("wait %v", got)
	}
}

func TestReveals(t *testing.T) {
	var v reveals
	ticket := v.put(reveal{user: 1, page: "/p", value: "secret"}, testNow)
	for _, c := range []struct {
		name   string
		ticket string
		user   int64
		page   string
	}{{"another ticket", "x", 1, "/p"}, {"another user", ticket, 2, "/p"}, {"another page", ticket, 1, "/q"}} {
		if _, ok := v.take(c.ticket, c.user, c.page, testNow); ok {
			t.Errorf("shown with %s", c.name)
		}
	}
	if r, ok := v.take(ticket, 1, "/p", testNow); !ok || r.value != "secret" {
		t.Errorf("not shown: %+v", r)
	}
	if _, ok := v.take(ticket, 1, "/p", testNow); ok {
		t.Error("shown twice")
	}
	late := v.put(reveal{user: 1, page: "/p"}, testNow)
	if _, ok := v.take(late, 1, "/p", testNow.Add(revealLifetime)); ok {
		t.Error("shown too late")
	}
	for range 2 * maxReveals {
		v.put(reveal{user: 1}, testNow)
	}
	if len(v.byTicket) > maxReveals {
		t.Errorf("%d are kept", len(v.byTicket))
	}
}
