package simulator_test

import (
	"net/url"
	"strconv"
	"testing"
	"time"

	"throughline/internal/simulator"
)

func TestSentryQueries(t *testing.T) {
	for name, o := range map[string]simulator.SentryOptions{"company": {}, "made up": {Projects: 12, Groups: 403}} {
		_, s := sentryAt(simulator.Options{}, o)
		count := func(query string) int {
			return len(askAll[errIssue](t, s, org+"issues/?collapse=stats&query="+url.QueryEscape(query)))
		}
		for query, age := range map[string]time.Duration{"age:-1h": time.Hour, "age:-24h": 24 * time.Hour, "age:-14d": 14 * 24 * time.Hour} {
			list := askAll[errIssue](t, s, org+"issues/?query="+url.QueryEscape(query))
			want := 0
			for _, g := range askAll[errIssue](t, s, org+"issues/?query=") {
				if !g.FirstSeen.Before(now.Add(-age)) {
					want++
				}
			}
			if len(list) != want || want < 3 {
				t.Errorf("%s, %s: %d groups, want %d", name, query, len(list), want)
			}
		}
		all, open, done, away := count(""), count("is:unresolved"), count("is:resolved"), count("is:ignored")
		if absent := len(askAll[errIssue](t, s, org+"issues/")); absent != open {
			t.Errorf("%s: without a query %d groups, %d are unresolved", name, absent, open)
		}
		if all != open+done+away || done == 0 || away == 0 || open == 0 {
			t.Errorf("%s: %d = %d + %d + %d", name, all, open, done, away)
		}
		if n := count("is:unresolved age:-24h"); n == 0 || n > count("age:-24h") {
			t.Errorf("%s: %d are open of those of a day", name, n)
		}
		for _, wrong := range []string{"is:nothing", "age:14d", "moon:full"} {
			if got := sentryGet(t, s, org+"issues/?query="+wrong).status; got != 400 {
				t.Errorf("%s: %s: %d", name, wrong, got)
			}
		}
	}
}

func TestSentryRefuses(t *testing.T) {
	clock := now
	_, s := sentryAt(simulator.Options{Clock: func() time.Time { return clock }}, simulator.SentryOptions{
		Token: "right", Limit: 2, Missing: []simulator.Kind{simulator.SentrySessions}, Gone: []string{"receipts"},
	})
	get := func(path string) answer { return sentryGet(t, s, path, "Authorization", "Bearer right") }
	for _, tc := range []struct {
		header, path string
		status       int
		detail       string
	}{
		{"", org, 401, "Authentication credentials were not provided."},
		{"Bearer wrong", org, 401, "Invalid token"},
		{"Bearer right", "/api/0/organizations/another/", 404, "The requested resource does not exist"},
		{"Bearer right", "/api/0/projects/example-org/nothing/", 404, "The requested resource does not exist"},
		{"Bearer right", "/api/0/projects/example-org/receipts/environments/", 404, "The requested resource does not exist"},
		{"Bearer right", org + "sessions/?field=sum(session)", 404, "The requested resource does not exist"},
		{"Bearer right", org + "issues/17/", 404, "The requested resource does not exist"},
	} {
		a := sentryGet(t, s, tc.path, "Authorization", tc.header)
		if a.status != tc.status || a.body != `{"detail":"`+tc.detail+`"}` {
			t.Errorf("%q %s: %d %s", tc.header, tc.path, a.status, a.body)
		}
	}
	for i, want := range []string{"200 1", "200 0", "429 0"} {
		a := get(org + "projects/")
		if got := strconv.Itoa(a.status) + " " + a.header.Get("X-Sentry-Rate-Limit-Remaining"); got != want {
			t.Errorf("request %d: %s", i, got)
		}
		if a.header.Get("X-Sentry-Rate-Limit-Limit") != "2" || a.header.Get("X-Sentry-Rate-Limit-Reset") != strconv.FormatInt(clock.Unix()+1, 10) || a.header.Get("X-Sentry-Rate-Limit-ConcurrentLimit") != "25" {
			t.Errorf("request %d: %v", i, a.header)
		}
		if a.status == 429 && a.body != `{"detail":"You are attempting to use this endpoint too frequently. Limit is 2 requests in 1 seconds"}` {
			t.Errorf("refused: %s", a.body)
		}
	}
	if a := get(org + "environments/"); a.status != 200 {
		t.Errorf("another endpoint: %d", a.status)
	}
	clock = clock.Add(time.Second)
	if a := get(org + "projects/"); a.status != 200 {
		t.Errorf("a second later: %d", a.status)
	}
}

// Rows differ in what clients have stumbled over: times with and without
// microseconds, and fields that are null.
func TestSentryRows(t *testing.T) {
	for name, o := range map[string]simulator.SentryOptions{"company": {}, "made up": {Projects: 12, Groups: 403}} {
		_, s := sentryAt(simulator.Options{}, o)
		counts := map[string]int{}
		for _, g := range askAll[map[string]any](t, s, org+"issues/?query=&collapse=stats") {
			first, _ := g["firstSeen"].(string)
			if _, ok := g["count"].(string); !ok || first == "" {
				t.Errorf("%s: count %v, first seen %v", name, g["count"], g["firstSeen"])
			}
			if len(first) == len("2026-11-20T12:27:50.123456Z") {
				counts["fine"]++
			} else if len(first) == len("2026-11-20T12:27:50Z") {
				counts["coarse"]++
			}
			for _, field := range []string{"logger", "platform", "substatus"} {
				if g[field] == nil {
					counts[field]++
				}
			}
			if (g["substatus"] == nil) != (g["status"] == "resolved") {
				t.Errorf("%s: %v is %v", name, g["status"], g["substatus"])
			}
			counts["all"]++
		}
		if counts["fine"]+counts["coarse"] != counts["all"] || counts["fine"] < 50 || counts["coarse"] < 50 || counts["logger"] < 50 || counts["platform"] < 10 {
			t.Errorf("%s: %v", name, counts)
		}
	}
}
