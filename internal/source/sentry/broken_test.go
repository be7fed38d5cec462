package sentry

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/source"
)

// TestStorm: when Sentry refuses everything after a while, that is the pull's error,
// and few requests were wasted.
func TestStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		n := 0
		f.instead = func(w http.ResponseWriter, _ *http.Request) bool {
			if n++; n < 3 {
				return false
			}
			w.Header().Set("Retry-After", "600")
			refuse(w, http.StatusTooManyRequests, "Limit is 3/1s")
			return true
		}
		err := r.pull(t, -1)
		var limit *source.RateLimitError
		if !errors.As(err, &limit) || limit.RetryAfter.Sub(r.clock()) < 9*time.Minute {
			t.Errorf("%v", err)
		}
		synctest.Wait() // for those that were cancelled
		if f.answered[429] > maxFlying {
			t.Errorf("%v", f.answered)
		}
	})
}

// TestStormOfOne: an endpoint that goes on refusing is asked a few times only.
func TestStormOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if endpointOf(req.URL.Path) != toGroups {
				return false
			}
			w.Header().Set("X-Sentry-Rate-Limit-Reset", strconv.FormatInt(r.clock().Unix()+1, 10))
			refuse(w, http.StatusTooManyRequests, "Limit is 3/1s")
			return true
		}
		began := time.Now()
		err := r.pull(t, -1)
		if _, ok := errors.AsType[*source.RateLimitError](err); !ok || f.answered[429] > maxRefused || time.Since(began) > longWait {
			t.Errorf("%v, %v after %s", err, f.answered, time.Since(began))
		}
		f.instead = nil
		r.mustPull(t)
		if n := len(r.memory.Facts().ErrorGroups); n != 6 {
			t.Errorf("%d groups once it is over", n)
		}
	})
}

// TestShortLimit: a window that is used up by others is waited for.
func TestShortLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.limit = 1
		r := newRig(f)
		f.windows = map[endpoint][2]int64{toGroups: {testNow.Unix(), 1}}
		r.mustPull(t)
		if f.answered[429] > 1 || len(r.problems) > 0 {
			t.Errorf("%v %v", f.answered, r.said())
		}
		if n := len(r.memory.Facts().ErrorGroups); n != 6 {
			t.Errorf("%d groups", n)
		}
	})
}

// TestWebPage: an address that is not the API's is named for what it is.
func TestWebPage(t *testing.T) {
	for _, status := range []int{200, 404, 502} {
		synctest.Test(t, func(t *testing.T) {
			f := acme()
			f.instead = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(status)
				_, _ = w.Write([]byte("<!DOCTYPE html><title>Sentry</title>"))
				return true
			}
			r := newRig(f)
			err := r.pull(t, -1)
			if err == nil || !strings.Contains(err.Error(), "the address answered with a web page") || errors.Is(err, source.ErrAuth) {
				t.Errorf("%d: %v", status, err)
			}
		})
	}
}

// TestStalled: an endpoint that never answers is given up after a while, alone.
func TestStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.transport.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if endpointOf(req.URL.Path) == toSessions {
				<-req.Context().Done()
				return
			}
			f.ServeHTTP(w, req)
		})
		began := time.Now()
		r.mustPull(t)
		if len(r.problems) != 1 || r.problems[0].Record != "health" || time.Since(began) > 6*time.Minute {
			t.Errorf("%v after %s", r.said(), time.Since(began))
		}
		if n := len(r.memory.Facts().EventDays); n == 0 {
			t.Error("the rest did not go on")
		}
	})
}

// TestDown: a Sentry that fails on the way ends the pull, and takes nothing away.
func TestDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		r.mustPull(t)
		facts := len(r.memory.Facts().ErrorGroups[0].Environments)
		n := 0
		f.instead = func(w http.ResponseWriter, _ *http.Request) bool {
			if n++; n > 1 {
				w.WriteHeader(http.StatusBadGateway)
			}
			return n > 1
		}
		if err := r.pull(t, -1); err == nil {
			t.Error("no error")
		}
		if now := len(r.memory.Facts().ErrorGroups[0].Environments); now != facts {
			t.Error("environments are lost")
		}
		if p := r.project(t, "web"); p.Month.Accepted != 400 || len(p.Keys) != 2 {
			t.Errorf("%+v", p)
		}
	})
}

// TestDeadProject: one project that refuses leaves the others alone.
func TestDeadProject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.lacks = map[endpoint]int{toKeys: 404}
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if strings.HasPrefix(req.URL.Path, "/projects/acme/pay/") || endpointOf(req.URL.Path) == toStats && req.URL.Query().Get("project") == "12" {
				refuse(w, http.StatusNotFound, "gone")
				return true
			}
			return false
		}
		r := newRig(f)
		r.mustPull(t)
		if r.project(t, "pay").Keys != nil || len(r.project(t, "web").Keys) != 2 {
			t.Errorf("%+v", r.memory.Facts().ErrorProjects)
		}
		days := map[string]int{}
		for _, d := range r.memory.Facts().EventDays {
			days[d.Project]++
		}
		if days["pay"] != 0 || days["web"] == 0 || days["tool"] == 0 {
			t.Errorf("%v", days)
		}
		if p := r.project(t, "pay").Month; p.Filtered != 120 {
			t.Errorf("%+v", p)
		}
	})
}

// TestBrokenAnswers: a connection that is reset in mid-body is tried again, and an
// answer that is too large is not read to its end.
func TestBrokenAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		r := newRig(f)
		reset := map[endpoint]bool{}
		r.transport.Fault = func(n int, req *http.Request) (*http.Response, error) {
			to := endpointOf(req.URL.Path)
			if reset[to] || to != toProjects && to != toReleases && to != toSessions {
				return nil, nil //nolint:nilnil // the request goes through
			}
			reset[to] = true
			return r.transport.CutOff(n, req)
		}
		r.mustPull(t)
		if len(r.problems) > 0 || f.count(toSessions) != 2+2 || len(r.memory.Facts().Releases) != 3 {
			t.Errorf("%v", r.said())
		}
		large := strings.Repeat(" ", maxBody) + "[]"
		r.transport.Fault = nil
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if endpointOf(req.URL.Path) != toKeys {
				return false
			}
			_, _ = w.Write([]byte(large))
			return true
		}
		r.mustPull(t)
		if len(r.problems) != 1 || !strings.HasSuffix(r.said()[0], "is larger than 32 MiB") {
			t.Errorf("%v", r.said())
		}
	})
}

// TestEchoedToken: whatever a server says, the token is not in what is shown.
func TestEchoedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := acme()
		f.instead = func(w http.ResponseWriter, req *http.Request) bool {
			if endpointOf(req.URL.Path) == toProjects {
				return false
			}
			refuse(w, http.StatusForbidden, "not with "+req.Header.Get("Authorization"))
			return true
		}
		r := newRig(f)
		r.mustPull(t)
		if said := strings.Join(r.said(), "\n"); strings.Contains(said+string(r.cursor), testToken) || !strings.Contains(said, "not with Bearer ***") {
			t.Error(said)
		}
		if n := len(r.memory.Facts().ErrorProjects); n != 3 {
			t.Errorf("%d projects", n)
		}
	})
}
