package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// forgeAt is the GitHub of a company without issues.
func forgeAt(o simulator.Options, g simulator.GitHubOptions) (*simulator.Company, *simulator.GitHub) {
	o.Issues = -1
	c := simulator.New(7, now, o)
	return c, c.GitHub(g)
}

// fetch sends a GET; headers are name, value pairs.
func fetch(t testing.TB, g *simulator.GitHub, path string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	g.Handler().ServeHTTP(rec, r)
	return answer{t, rec.Code, rec.Header(), rec.Body.String()}
}

type ghAccount struct {
	Login, Type string
	ID          int64
}

type ghRepo struct {
	ID                                     int64
	Name, FullName, DefaultBranch, HTMLURL string
	Owner                                  ghAccount
	Archived                               bool
}

type ghRun struct {
	ID, WorkflowID                     int64
	Name, NodeID, HeadBranch, HeadSHA  string
	Path, DisplayTitle, Event, Status  string
	URL, HTMLURL, JobsURL              string
	RunNumber, RunAttempt              int
	Conclusion, PreviousAttemptURL     *string
	CreatedAt, UpdatedAt, RunStartedAt time.Time
	Actor, TriggeringActor             ghAccount
	Repository, HeadRepository         ghRepo
	PullRequests                       []struct {
		Number     int
		Head, Base struct{ Ref, SHA string }
	}
}

type ghRuns struct {
	TotalCount   int
	WorkflowRuns []ghRun
}

type ghJob struct {
	ID, RunID                                                        int64
	Name, WorkflowName, HeadBranch, HeadSHA, Status, HTMLURL, RunURL string
	Conclusion, CompletedAt                                          *string
	CreatedAt, StartedAt                                             time.Time
	RunAttempt                                                       int
	Labels                                                           []string
	RunnerName                                                       string
	Steps                                                            []struct {
		Name, Status string
		Number       int
		Conclusion   *string
	}
}

type ghJobs struct {
	TotalCount int
	Jobs       []ghJob
}

// decode reads JSON with the names of GitHub into fields without underscores.
func decode(t testing.TB, body string, v any) {
	t.Helper()
	var any any
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&any); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	plain, err := json.Marshal(unscored(any))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
}

func unscored(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[strings.ReplaceAll(k, "_", "")] = unscored(e)
		}
		return out
	case []any:
		for i := range v {
			v[i] = unscored(v[i])
		}
	}
	return v
}

func fetchInto(t testing.TB, g *simulator.GitHub, path string, v any) answer {
	t.Helper()
	a := fetch(t, g, path)
	if a.status != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, a.status, a.body)
	}
	decode(t, a.body, v)
	return a
}

func TestGitHubRepositories(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{Unseen: []string{"receipts"}})
	var repos []ghRepo
	a := fetchInto(t, g, "/orgs/example-org/repos?per_page=2", &repos)
	if len(repos) != 2 || a.link("next") != "/orgs/example-org/repos?page=2&per_page=2" || a.link("last") != "/orgs/example-org/repos?page=3&per_page=2" {
		t.Errorf("%d repositories, Link %q", len(repos), a.header.Get("Link"))
	}
	var all []ghRepo
	fetchInto(t, g, "/users/example-org/repos", &all)
	got := ""
	for _, r := range all {
		got += r.FullName + ":" + r.DefaultBranch + " "
	}
	if want := "example-org/web-shop:main example-org/payments:main example-org/mobile-app:main example-org/operations:master example-org/runbooks:main "; got != want {
		t.Errorf("repositories %s", got)
	}
	var one ghRepo
	fetchInto(t, g, "/repos/Example-Org/WEB-SHOP", &one)
	if one.Owner.Login != "example-org" || one.Owner.Type != "Organization" || one.HTMLURL != "http://example.com/example-org/web-shop" {
		t.Errorf("repository %+v", one)
	}
	var user ghAccount
	fetchInto(t, g, "/user", &user)
	if user.Login != "robot-tracker" || user.ID == 0 {
		t.Errorf("user %+v", user)
	}
	var runs ghRuns
	if fetchInto(t, g, "/repos/example-org/runbooks/actions/runs", &runs); runs.TotalCount != 0 || runs.WorkflowRuns == nil {
		t.Errorf("runs of what never ran: %+v", runs)
	}
}

func TestGitHubRefuses(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{Token: "secret", Unseen: []string{"receipts"}})
	const bearer = "Bearer secret"
	for _, tc := range []struct {
		path, token string
		status      int
		message     string
	}{
		{"/user", "", 401, "Requires authentication"},
		{"/user", "Bearer other", 401, "Bad credentials"},
		{"/user", "Basic secret", 401, "Bad credentials"},
		{"/user", "token secret", 200, ""},
		{"/user", bearer, 200, ""},
		{"/orgs/nobody/repos", bearer, 404, "Not Found"},
		{"/users/nobody/repos", bearer, 404, "Not Found"},
		{"/repos/example-org/receipts", bearer, 404, "Not Found"},
		{"/repos/example-org/receipts/actions/runs", bearer, 404, "Not Found"},
		{"/repos/other/web-shop/actions/runs", bearer, 404, "Not Found"},
		{"/repos/example-org/web-shop/actions/runs/1", bearer, 404, "Not Found"},
		{"/repos/example-org/web-shop/actions/runs/x/jobs", bearer, 404, "Not Found"},
		{"/repos/example-org/web-shop/issues", bearer, 404, "Not Found"},
		{"/repos/example-org/web-shop/actions/runs?created=yesterday", bearer, 422, "Validation Failed"},
	} {
		a := fetch(t, g, tc.path, "Authorization", tc.token)
		var e struct{ Message, DocumentationURL, Status string }
		decode(t, a.body, &e)
		if a.status != tc.status || !strings.HasPrefix(e.Message, tc.message) {
			t.Errorf("%s with %q: %d %s", tc.path, tc.token, a.status, a.body)
		}
		if tc.message != "" && (e.Status != strconv.Itoa(tc.status) || e.DocumentationURL == "") {
			t.Errorf("%s: error %s", tc.path, a.body)
		}
	}
}

func TestGitHubPageOfRun(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{Token: "secret"})
	run := g.Runs()[5]
	path := "/example-org/" + run.Repository + "/actions/runs/" + strconv.FormatInt(run.ID, 10)
	for _, tc := range []struct{ path, lang, want string }{
		{path, "en", "Nothing here is real"}, {path, "ru-RU", "Ничего настоящего"}, {path + "/job/1", "en", "#" + strconv.Itoa(run.Number)},
	} {
		a := fetch(t, g, tc.path, "Accept-Language", tc.lang)
		if a.status != 200 || !strings.Contains(a.body, tc.want) || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s in %s: %d %s", tc.path, tc.lang, a.status, a.body)
		}
	}
	if a := fetch(t, g, "/example-org/web-shop/actions/runs/1"); a.status != 401 {
		t.Errorf("a run that is not there: %d", a.status)
	}
}
