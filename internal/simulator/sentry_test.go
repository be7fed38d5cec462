package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// sentryAt is the Sentry of a company without issues.
func sentryAt(o simulator.Options, s simulator.SentryOptions) (*simulator.Company, *simulator.Sentry) {
	o.Issues = -1
	c := simulator.New(7, now, o)
	return c, c.Sentry(s)
}

const org = "/api/0/organizations/example-org/"

// sentryGet sends a GET with a token.
func sentryGet(t testing.TB, s *simulator.Sentry, path string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer anything")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, r)
	return answer{t, rec.Code, rec.Header(), rec.Body.String()}
}

// askInto reads an answer that must be there.
func askInto[T any](t testing.TB, s *simulator.Sentry, path string) (out T, a answer) {
	t.Helper()
	a = sentryGet(t, s, path)
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %.300s", path, a.status, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatalf("%s: %v in %.300s", path, err, a.body)
	}
	return out, a
}

type errIssue struct {
	ID, ShortID, Title, Level, Status, Count string
	Substatus, Logger, Platform              *string
	UserCount                                int
	FirstSeen, LastSeen                      time.Time
	Project                                  struct{ ID, Slug string }
	Lifetime                                 struct {
		Count     string
		FirstSeen time.Time
	}
	Stats                     map[string][][2]int64
	FirstRelease, LastRelease *errRelease
}

type errRelease struct {
	Version      string
	DateCreated  time.Time
	DateReleased *time.Time
	LastCommit   struct{ ID string }
	DeployCount  int
	NewGroups    int
	LastDeploy   *errDeploy
	Projects     []struct{ Slug string }
}

type errDeploy struct {
	ID, Environment, Name     string
	DateStarted, DateFinished time.Time
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"; results="true"`)

// askAll follows the links of a list.
func askAll[T any](t testing.TB, s *simulator.Sentry, path string) (out []T) {
	t.Helper()
	for {
		page, a := askInto[[]T](t, s, path)
		out = append(out, page...)
		m := nextLink.FindStringSubmatch(a.header.Get("Link"))
		if m == nil {
			return out
		}
		path = strings.TrimPrefix(m[1], "http://example.com")
	}
}

func TestSentryPages(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{Projects: 12, Groups: 403})
	path := org + "issues/?project=-1&query=&limit=100&collapse=stats"
	page, a := askInto[[]errIssue](t, s, path)
	want := `<http://example.com` + path + `&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", <http://example.com` + path +
		`&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"`
	if len(page) != 100 || a.header.Get("Link") != want || a.header.Get("X-Hits") != "403" || a.header.Get("X-Max-Hits") != "1000" {
		t.Errorf("%d groups, %s hits, links\n%s\nwant\n%s", len(page), a.header.Get("X-Hits"), a.header.Get("Link"), want)
	}
	if page[0].Stats != nil {
		t.Error("stats were not wanted")
	}
	all := askAll[errIssue](t, s, path)
	seen := map[string]bool{}
	for i, g := range all {
		if i > 0 && g.LastSeen.After(all[i-1].LastSeen) {
			t.Errorf("%s is not in order", g.ID)
		}
		seen[g.ID] = true
	}
	if len(all) != 403 || len(seen) != 403 {
		t.Errorf("%d groups, %d different ones", len(all), len(seen))
	}
	last, a := askInto[[]errIssue](t, s, path+"&cursor=0:400:0")
	if len(last) != 3 || !strings.Contains(a.header.Get("Link"), `rel="next"; results="false"`) || !strings.Contains(a.header.Get("Link"), `cursor=0:300:1>; rel="previous"; results="true"`) {
		t.Errorf("last page: %d, %s", len(last), a.header.Get("Link"))
	}
	if got := sentryGet(t, s, path+"&cursor=nonsense"); got.status != 400 {
		t.Errorf("a wrong cursor: %d", got.status)
	}
	projects, a := askInto[[]struct {
		Slug         string
		Environments []string
	}](t, s, org+"projects/?per_page=5")
	if len(projects) != 5 || !strings.Contains(a.header.Get("Link"), `cursor="0:5:0"`) {
		t.Errorf("%d projects, %s", len(projects), a.header.Get("Link"))
	}
	projects, a = askInto[[]struct {
		Slug         string
		Environments []string
	}](t, s, org+"projects/?all_projects=1&per_page=5")
	if len(projects) != 12 || a.header.Get("Link") != "" || len(projects[2].Environments) != 5 || len(projects[11].Environments) != 0 {
		t.Errorf("%d projects, %q, %v", len(projects), a.header.Get("Link"), projects)
	}
	envs, _ := askInto[[]struct{ Name string }](t, s, org+"environments/")
	if len(envs) != 5 {
		t.Errorf("environments %v", envs)
	}
	if keys, _ := askInto[[]any](t, s, org+"project-keys/"); len(keys) != 11 {
		t.Errorf("%d keys", len(keys))
	}
}

// Counts, users and times are those of the environments that are asked for.
func TestSentryEnvironments(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{Projects: 12, Groups: 403})
	number := func(v string) int {
		n, err := strconv.Atoi(v)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	all := map[string]errIssue{}
	for _, g := range askAll[errIssue](t, s, org+"issues/?query=") {
		all[g.ID] = g
		hours := 0
		for _, p := range g.Stats["24h"] {
			hours += int(p[1])
		}
		if len(g.Stats["24h"]) != 24 || hours > number(g.Count) || g.Count != g.Lifetime.Count {
			t.Errorf("%s: %d of %s events in %d hours", g.ID, hours, g.Count, len(g.Stats["24h"]))
		}
	}
	sums, envless, several := map[string]int{}, 0, 0
	for _, env := range []string{"production", "staging", "qa", "beta", "preview", ""} {
		for _, g := range askAll[errIssue](t, s, org+"issues/?query=age:-14d&project=-1&environment="+env) {
			sums[g.ID] += number(g.Count)
			if env == "" {
				envless++
			}
			if g.Count != g.Lifetime.Count {
				several++
			}
			if g.FirstSeen.Before(all[g.ID].FirstSeen) || g.LastSeen.After(all[g.ID].LastSeen) || g.Lifetime.Count != all[g.ID].Count {
				t.Errorf("%s in %q: %+v", g.ID, env, g)
			}
		}
	}
	for id, g := range all {
		if sums[id] != number(g.Count) {
			t.Errorf("%s: %s events, %d in all environments", id, g.Count, sums[id])
		}
	}
	if envless == 0 || several < 100 {
		t.Errorf("%d without an environment, %d in several", envless, several)
	}
	two := askAll[errIssue](t, s, org+"issues/?query=&environment=production&environment=staging")
	one := askAll[errIssue](t, s, org+"issues/?query=&environment=production")
	if len(two) <= len(one) || sentryGet(t, s, org+"issues/?environment=moon").status != 404 {
		t.Errorf("%d groups in two environments, %d in one", len(two), len(one))
	}
	week := askAll[errIssue](t, s, org+"issues/?query=&statsPeriod=24h")
	less := 0
	for _, g := range week {
		if number(g.Count) < number(g.Lifetime.Count) {
			less++
		}
	}
	if less == 0 || len(week) == 0 || len(week) >= 403 {
		t.Errorf("%d groups in a day, %d of them older", len(week), less)
	}
}

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
