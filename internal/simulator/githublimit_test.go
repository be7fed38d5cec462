package simulator_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

func TestGitHubLimit(t *testing.T) {
	clock := now
	_, g := forgeAt(simulator.Options{Clock: func() time.Time { return clock }}, simulator.GitHubOptions{Limit: 3})
	left := func(a answer) string {
		for _, name := range []string{"Limit", "Used", "Reset", "Resource"} {
			if a.header.Get("X-RateLimit-"+name) == "" {
				t.Errorf("no header %s", name)
			}
		}
		return strconv.Itoa(a.status) + " " + a.header.Get("X-RateLimit-Remaining")
	}
	first := fetch(t, g, shopRuns)
	if got := left(first); got != "200 2" || first.header.Get("X-RateLimit-Used") != "1" || first.header.Get("X-RateLimit-Limit") != "3" {
		t.Errorf("first answer: %s", got)
	}
	if want := strconv.FormatInt(now.Add(time.Hour).Unix(), 10); first.header.Get("X-RateLimit-Reset") != want {
		t.Errorf("reset %s, want %s", first.header.Get("X-RateLimit-Reset"), want)
	}
	tag := first.header.Get("ETag")
	again := fetch(t, g, shopRuns, "If-None-Match", tag)
	if got := left(again); got != "304 2" || again.body != "" || again.header.Get("ETag") != tag || !strings.HasPrefix(tag, `W/"`) {
		t.Errorf("the same again: %s, %q", got, again.body)
	}
	if got := left(fetch(t, g, shopRuns+"?page=2", "If-None-Match", tag)); got != "200 1" {
		t.Errorf("another page: %s", got)
	}
	var limits struct {
		Resources struct {
			Core struct{ Limit, Used, Remaining int }
		}
	}
	fetchInto(t, g, "/rate_limit", &limits)
	if c := limits.Resources.Core; c.Limit != 3 || c.Used != 2 || c.Remaining != 1 {
		t.Errorf("limits %+v", limits)
	}
	if got := left(fetch(t, g, "/nothing")); got != "404 0" {
		t.Errorf("what is not there counts: %s", got)
	}
	over := fetch(t, g, shopRuns, "If-None-Match", tag)
	if got := left(over); got != "403 0" || !strings.Contains(over.body, "API rate limit exceeded") || over.header.Get("Retry-After") != "" {
		t.Errorf("used up: %s %s", got, over.body)
	}
	clock = clock.Add(time.Hour)
	if got := left(fetch(t, g, shopRuns)); got != "200 2" {
		t.Errorf("an hour later: %s", got)
	}
}

// What changes has another ETag.
func TestGitHubTagFollowsTime(t *testing.T) {
	c, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	tag := fetch(t, g, shopRuns).header.Get("ETag")
	old := fetch(t, g, shopRuns+"?created=2026-09-01").header.Get("ETag")
	c.Advance(now.Add(20 * time.Hour))
	if fetch(t, g, shopRuns, "If-None-Match", tag).status != 200 {
		t.Error("new runs are not told")
	}
	if fetch(t, g, shopRuns+"?created=2026-09-01", "If-None-Match", old).status != 304 {
		t.Error("an old day has changed")
	}
}

func TestGitHubFaults(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	server := httptest.NewServer(g.Handler())
	defer server.Close()
	get := func(path string) (*http.Response, string, error) {
		res, err := http.Get(server.URL + path)
		if err != nil {
			return nil, "", err
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		return res, string(body), err
	}
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		check func(res *http.Response, body string, err error) bool
	}{
		{"secondary limit", simulator.Fault{Secondary: true, RetryAfter: 90 * time.Second}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusForbidden && res.Header.Get("Retry-After") == "90" && strings.Contains(body, "secondary rate limit")
		}},
		{"secondary limit without a time", simulator.Fault{Secondary: true}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusForbidden && res.Header.Get("Retry-After") == "" && strings.Contains(body, "secondary rate limit")
		}},
		{"no permission", simulator.Fault{Status: 403}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusForbidden && strings.Contains(body, "not accessible")
		}},
		{"429", simulator.Fault{Status: 429, RetryAfter: time.Second}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") == "1" && strings.Contains(body, `"status":"429"`)
		}},
		{"502", simulator.Fault{Status: 502}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusBadGateway && strings.Contains(body, `"message":"Bad Gateway"`)
		}},
		{"HTML", simulator.Fault{HTML: true}, func(res *http.Response, body string, err error) bool {
			return err == nil && res.StatusCode == http.StatusOK && strings.HasPrefix(body, "<!DOCTYPE")
		}},
		{"truncated", simulator.Fault{Truncated: true}, func(_ *http.Response, _ string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF)
		}},
		{"dropped", simulator.Fault{Dropped: true}, func(_ *http.Response, _ string, err error) bool { return err != nil }},
	} {
		tc.fault.Kind = simulator.ListRuns
		g.Faults().Inject(tc.fault)
		if res, _, err := get("/user"); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: another kind: %v", tc.name, err)
		}
		if res, body, err := get(shopRuns + "?per_page=5"); !tc.check(res, body, err) {
			t.Errorf("%s: %.200s, %v", tc.name, body, err)
		}
		if res, _, err := get(shopRuns + "?per_page=5"); err != nil || res.StatusCode != http.StatusOK || g.Faults().Pending() != 0 {
			t.Errorf("%s: it goes on: %v", tc.name, err)
		}
	}
	for path, kind := range map[string]simulator.Kind{
		"/orgs/example-org/repos": simulator.ListRepos, "/repos/example-org/web-shop": simulator.OneRepo,
		shopRuns + "/1": simulator.OneRun, shopRuns + "/1/jobs": simulator.ListJobs, "/rate_limit": simulator.Account,
	} {
		before := g.Faults().Requests(kind)
		if _, _, err := get(path); err != nil || g.Faults().Requests(kind) != before+1 {
			t.Errorf("%s is not of kind %s: %v", path, kind, err)
		}
	}
}
