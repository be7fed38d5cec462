package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"throughline/internal/control"
)

// addUser makes a user with the admin's password.
func (s *site) addUser(email string, role control.Role) control.User {
	s.t.Helper()
	u, err := s.db.AddUser(s.t.Context(), email, role, adminPassword)
	if err != nil {
		s.t.Fatal(err)
	}
	return u
}

// as is a browser that is signed in.
func (s *site) as(email string) *http.Client {
	s.t.Helper()
	keep := s.client
	defer func() { s.client = keep }()
	s.client = s.browser()
	res := s.post(s.server.base+"/login", url.Values{"email": {email}, "password": {adminPassword}})
	if res.status != http.StatusSeeOther {
		s.t.Fatalf("sign-in of %s answers %d", email, res.status)
	}
	return s.client
}

// access is who may use a route: everybody, those who may look, users, leads,
// admins.
type access int

const (
	open access = iota
	look
	user
	lead
	admin
)

// accessTo is what each route asks for. A route that is not named here is one
// to look at, or a setting of admins; forms other than these must be named.
func accessTo(method, path string) (access, bool) {
	get := method == http.MethodGet
	switch {
	case strings.HasPrefix(path, "/static/"), path == "/healthz", path == "/readyz", strings.HasPrefix(path, "/metrics"), path == "/login", path == "/logout",
		path == "/setup", path == "/invite", path == "/preferences":
		return open, true
	case strings.HasPrefix(path, embedPath): // to whoever knows its address
		return open, true
	case takesHooks(path): // signed, which is tested elsewhere
		return open, true
	case path == "/save_metrics", path == "/api/put", (path == "/api/v1/runs" || path == "/api/v1/deployments" || path == "/api/v1/incidents") && !get, strings.HasSuffix(path, "/replay"):
		return admin, true // or a program, by its token
	case strings.HasPrefix(path, "/inbox"):
		return lead, true
	case path == "/flow/what-if" && !get:
		return lead, true
	case path == "/dora/what-if" && !get:
		return admin, true
	case path == "/dora/verdicts", strings.HasPrefix(path, "/series/panels") && !get, path == "/incidents/new", strings.HasPrefix(path, "/incidents/") && !get:
		return lead, true
	case strings.HasPrefix(path, "/account"):
		return user, true
	case strings.HasPrefix(path, embedsPath): // whose it is, is tested elsewhere
		return lead, true
	case path == "/settings", path == "/settings/", get && (path == "/settings/calendars" || path == "/settings/teams" || path == "/settings/services" || strings.HasPrefix(path, "/settings/workflow")),
		path == "/settings/teams/add", path == "/settings/services/give", path == "/settings/workflow/delete", strings.HasPrefix(path, "/settings/teams/1"),
		strings.HasPrefix(path, "/settings/services/1"): // whose it is, is tested elsewhere
		return lead, true
	case strings.HasPrefix(path, "/settings/"), path == "/syncs/act", !get && strings.HasPrefix(path, "/api/v1/connections/"):
		return admin, true
	}
	return look, get
}

// TestEveryRouteByRole asks for every route as everybody there is. A refusal is
// 401, 403, or the way to the login.
func TestEveryRouteByRole(t *testing.T) {
	s := signedIn(t, nil)
	s.addUser("lead@example.com", control.Lead)
	s.addUser("viewer@example.com", control.Viewer)
	visitors := []struct {
		name      string
		client    *http.Client
		anonymous bool
		may       []access
	}{
		{"a stranger", s.browser(), false, []access{open}},
		{"a guest", s.browser(), true, []access{open, look}},
		{"a viewer", s.as("viewer@example.com"), true, []access{open, look, user}},
		{"a viewer", s.as("viewer@example.com"), false, []access{open, look, user}},
		{"a lead", s.as("lead@example.com"), false, []access{open, look, user, lead}},
		{"an admin", s.client, false, []access{open, look, user, lead, admin}},
	}
	for _, v := range visitors {
		if err := s.db.SetOption(t.Context(), control.AnonymousViewing, v.anonymous); err != nil {
			t.Fatal(err)
		}
		may := map[access]bool{}
		for _, a := range v.may {
			may[a] = true
		}
		s.client = v.client
		everyRoute(t, s, func(method, path string) {
			if path == "/logout" || path == "/account/sign-out" || strings.HasSuffix(path, "/1/sign-out") {
				return // these end the session; each has a test of its own
			}
			need, known := accessTo(method, path)
			if !known {
				t.Errorf("say in accessTo who may %s %s", method, path)
			}
			var res answer
			if method == http.MethodPost {
				res = s.post(path, nil)
			} else {
				res = s.do(s.request(method, path, nil))
			}
			login := res.status == http.StatusSeeOther && strings.HasPrefix(res.header.Get("Location"), "/login")
			refused := login || res.status == http.StatusUnauthorized || res.status == http.StatusForbidden
			if path == "/setup" {
				return // leads to the login once there are users
			}
			if refused == may[need] {
				t.Errorf("%s %s answers %s %d", method, path, v.name, res.status)
			}
			if res.status >= http.StatusInternalServerError {
				t.Errorf("%s %s answers %s %d: %s", method, path, v.name, res.status, res.body)
			}
		})
	}
}

// TestWhatIsShown: nobody is shown a way that is closed to them.
func TestWhatIsShown(t *testing.T) {
	s := signedIn(t, nil)
	s.addUser("lead@example.com", control.Lead)
	s.addUser("viewer@example.com", control.Viewer)
	tabs := func(path string) (out []string) {
		s.page(path).Find(".tabs.line a").Each(func(_ int, a *selection) { out = append(out, a.AttrOr("href", "")) })
		return out
	}
	if got := strings.Join(tabs("/settings/users"), " "); got != "/settings/connections /settings/teams /settings/calendars /settings/workflow /settings/services /settings/users /settings/tokens /settings/embeds /settings/audit" {
		t.Errorf("an admin sees %s", got)
	}
	if got := s.get("/settings").header.Get("Location"); got != "/settings/connections" {
		t.Errorf("an admin is led to %s", got)
	}
	s.client = s.as("lead@example.com")
	if got := strings.Join(tabs("/settings/calendars"), " "); got != "/settings/teams /settings/calendars /settings/workflow /settings/services /settings/embeds" {
		t.Errorf("a lead sees %s", got)
	}
	if got := s.get("/settings").header.Get("Location"); got != "/settings/teams" {
		t.Errorf("a lead is led to %s", got)
	}
	want(t, s.page("/settings/calendars"), ".banner.info", "admins change it")
	if s.page("/").Find(`.rail a[href="/settings"]`).Length() != 1 {
		t.Error("a lead is not shown the settings")
	}
	s.client = s.as("viewer@example.com")
	doc := s.page("/")
	if doc.Find(`.rail a[href^="/settings"]`).Length() != 0 || doc.Find(`.rail a[href="/account"]`).Length() != 1 {
		t.Errorf("a viewer sees %s", textOf(doc, ".rail"))
	}
}

func TestAnonymousViewing(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	want(t, s.page("/settings/users"), "main", "Looking without an account")
	if res := s.post("/settings/users/anonymous", url.Values{"anonymous": {"on"}}); res.status != http.StatusSeeOther {
		t.Fatalf("it answers %d", res.status)
	}
	want(t, s.page("/settings/users"), ".banner.good", "may look now")
	adminClient := s.client
	s.client = s.browser()
	doc := s.page("/flow")
	want(t, doc, ".rail .sign-in", "Sign in")
	if got := doc.Find(".rail .sign-in").AttrOr("href", ""); got != "/login?next=%2Fflow" {
		t.Errorf("it leads to %s", got)
	}
	if doc.Find(".rail a[href^='/settings'], .rail a[href='/account'], form[action='/logout']").Length() != 0 {
		t.Errorf("a guest is shown %s", textOf(doc, ".rail"))
	}
	s.page("/panels/cycle-time")
	if res := s.get("/api/v1/issues"); res.status != http.StatusOK || !strings.Contains(res.body, "DEV-1") {
		t.Errorf("the API answers %d", res.status)
	}
	if res := s.get("/account"); res.header.Get("Location") != "/login?next=%2Faccount" {
		t.Errorf("the account answers %d", res.status)
	}
	s.post("/preferences", url.Values{"lang": {"ru"}, "back": {"/flow"}})
	want(t, s.page("/flow"), ".rail .sign-in", "Войти")
	if doc := s.page("/login"); doc.Find(".rail").Length() != 0 {
		t.Error("the login has a rail")
	}

	stranger := s.client
	s.client = adminClient
	s.post("/settings/users/anonymous", url.Values{"anonymous": {"off"}})
	log := s.page("/settings/audit?kind=option")
	want(t, log, ".audit tbody tr:first-child", "| Switched an option")
	want(t, log, ".audit tbody tr:first-child .changes", "value before: on → after: off")
	s.client = stranger
	if res := s.get("/flow"); res.status != http.StatusSeeOther {
		t.Errorf("after it is off /flow answers %d", res.status)
	}
}
