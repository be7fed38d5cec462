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
	for _, env := range []string{"production", "staging", "qa", "eu & us #1", "preview", ""} {
		for _, g := range askAll[errIssue](t, s, org+"issues/?query=age:-14d&project=-1&environment="+url.QueryEscape(env)) {
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
