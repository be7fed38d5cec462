package github

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

func unixText(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func TestLimits(t *testing.T) {
	reset := testNow.Add(20 * time.Minute)
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		after  time.Duration // 0: no limit, but refused
	}{
		"primary, 403":         {403, `{"message":"API rate limit exceeded for user ID 1."}`, []string{"X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unixText(reset)}, 20*time.Minute + time.Second},
		"primary, 429":         {429, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unixText(reset)}, 20*time.Minute + time.Second},
		"secondary, says when": {403, `{"message":"You have exceeded a secondary rate limit."}`, []string{"Retry-After", "90"}, 90 * time.Second},
		"secondary":            {403, `{"message":"You have exceeded a secondary rate limit. Please wait."}`, nil, time.Minute},
		"secondary, 429":       {429, `{}`, nil, time.Minute},
		"no reset":             {403, `{}`, []string{"X-RateLimit-Remaining", "0"}, time.Minute},
		"absurd":               {429, `{}`, []string{"Retry-After", "99999999"}, maxWait},
		"forbidden":            {403, `{"message":"Resource not accessible"}`, []string{"X-RateLimit-Remaining", "4000"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			f.add(1, "acme/pay", run(1, hours))
			r := newRig(f, "acme/pay")
			r.transport.Fault = sourcetest.Answer(c.status, c.body, c.header...)
			err := r.pull(t, -1)
			at, ok := limitOf(err)
			if ok != (c.after > 0) || ok && at.Sub(testNow) != c.after {
				t.Errorf("%v, in %s", err, at.Sub(testNow))
			}
			if c.after == 0 && !errors.Is(err, source.ErrAuth) {
				t.Errorf("not refused: %v", err)
			}
		})
	}
}

// TestPullLeavesAReserve stops before the hour's last requests, and keeps what came.
func TestPullLeavesAReserve(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", runs(1, 250, hours, hours)...)
	r := newRig(f, "acme/pay")
	left := 200
	r.transport.Fault = func(int, *http.Request) (*http.Response, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		left--
		f.headers = map[string]string{"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": strconv.Itoa(left), "X-RateLimit-Reset": unixText(testNow.Add(time.Hour))}
		return nil, nil //nolint:nilnil // the request goes through
	}
	err := r.pull(t, -1)
	at, ok := limitOf(err)
	if !ok || !at.Equal(testNow.Add(time.Hour+time.Second)) {
		t.Fatalf("%v", err)
	}
	if left > reserve || left < reserve-workers {
		t.Errorf("%d requests are left", left)
	}
	if n := r.count(); n < 100 {
		t.Errorf("%d runs are in", n)
	}
	left = 5000
	r.now = at
	r.mustPull(t)
	if r.count() != 250 {
		t.Errorf("%d runs", r.count())
	}
}

func TestExpiredToken(t *testing.T) {
	r := newRig(&fake{}, "acme/pay")
	r.transport.Fault = sourcetest.Answer(401, `{"message":"Bad credentials: ghp_secret"}`)
	err := r.pull(t, -1)
	var auth *source.AuthError
	if !errors.As(err, &auth) || auth.Code != "expired" || source.MessageOf(err, "").ID != "github.expired" {
		t.Errorf("%v", err)
	}
	r.transport.Fault = sourcetest.Answer(422, `{"message":"ghp_secret is odd"}`)
	err = r.pull(t, -1)
	if err == nil || strings.Contains(err.Error(), "ghp_secret") || !strings.Contains(err.Error(), "*** is odd") {
		t.Errorf("%v", err)
	}
}

// TestJobsThatGitHubFailsToGive harm one run only.
func TestJobsThatGitHubFailsToGive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.add(1, "acme/pay", runs(1, 5, hours, hours)...)
		r := newRig(f, "acme/pay")
		r.transport.Fault = func(_ int, req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/runs/3/jobs") {
				return sourcetest.Answer(502, `{"message":"Server Error"}`)(0, req)
			}
			return nil, nil //nolint:nilnil // the request goes through
		}
		r.mustPull(t)
		if r.count() != 4 || len(r.problems) != 1 || r.problems[0].Record != "acme/pay run 3" || r.problems[0].ID != "github.status" {
			t.Errorf("%d runs, problems %+v", r.count(), r.problems)
		}
		r.transport.Fault = nil
		r.mustPull(t)
		if r.count() != 5 {
			t.Errorf("%d runs", r.count())
		}
	})
}

// TestKilledAfterEachPage neither loses a run nor asks for many twice.
func TestKilledAfterEachPage(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay", append(runs(1, 250, hours, hours), runs(1000, 150, 60*24*hours, 24*hours)...)...)
	f.add(2, "acme/web", runs(3000, 120, hours, 3*hours)...)
	r := newRig(f, "acme/pay", "acme/web")
	jobs := 0
	for range 30 {
		if err := r.pull(t, 1); err != nil {
			t.Fatal(err)
		}
		for _, asked := range f.asked {
			if strings.Contains(asked, "/jobs") {
				jobs++
			}
		}
	}
	if r.count() != 520 {
		t.Errorf("%d runs", r.count())
	}
	if jobs != 520 {
		t.Errorf("jobs of 520 runs were asked for %d times", jobs)
	}
}

// TestRunsDeletedWhileTheyAreListed do not hide those that move up in their place.
func TestRunsDeletedWhileTheyAreListed(t *testing.T) {
	f := &fake{}
	repo := f.add(1, "acme/pay", runs(1, 180, hours, hours)...)
	r := newRig(f, "acme/pay")
	if err := r.pull(t, 1); err != nil {
		t.Fatal(err)
	}
	repo.runs = repo.runs[3:]
	r.mustPull(t)
	if r.count() != 180 {
		t.Errorf("%d runs", r.count())
	}
}

// TestCursorsOfOthers begin again.
func TestCursorsOfOthers(t *testing.T) {
	for _, cursor := range []string{"null", "5", `{"version":9}`, `{"version":1,"repositories":{"1":null}}`} {
		f := &fake{}
		f.add(1, "acme/pay", run(1, hours))
		r := newRig(f, "acme/pay")
		r.cursor = source.Cursor(cursor)
		r.mustPull(t)
		if r.count() != 1 {
			t.Errorf("%s: %d runs", cursor, r.count())
		}
	}
}
