package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

type selection = goquery.Selection

// shownOnce is the value that the page at path shows, once.
func (s *site) shownOnce(res answer, path string) string {
	s.t.Helper()
	if res.status != http.StatusSeeOther || res.header.Get("Location") != s.server.base+path {
		s.t.Fatalf("answers %d to %q: %s", res.status, res.header.Get("Location"), textOf(res.doc, "main"))
	}
	value := s.page(s.server.base+path).Find("#once").AttrOr("value", "")
	if value == "" {
		s.t.Fatalf("%s shows nothing", path)
	}
	if again := s.page(s.server.base + path).Find("#once"); again.Length() != 0 {
		s.t.Errorf("%s shows it twice", path)
	}
	return value
}

// linkToken is the token of a one-time link of this site.
func (s *site) linkToken(link string) string {
	s.t.Helper()
	found := regexp.MustCompile(`^` + regexp.QuoteMeta(s.url) + `/invite\?token=([\w-]{43})$`).FindStringSubmatch(link)
	if found == nil {
		s.t.Fatalf("the link is %q", link)
	}
	return found[1]
}

func TestInviteSomebody(t *testing.T) {
	s := signedIn(t, nil)
	adminClient := s.client
	res := s.post("/settings/users/invite", url.Values{"email": {"x"}, "role": {"boss"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Fatalf("bad input answers %d", res.status)
	}
	want(t, res.doc, "#f-email-error", "name@example.com")
	want(t, res.doc, "#f-role-error", "viewer, lead or admin")
	res = s.post("/settings/users/invite", url.Values{"email": {adminEmail}, "role": {"viewer"}})
	want(t, res.doc, "#f-email-error", "already")

	link := s.shownOnce(s.post("/settings/users/invite", url.Values{"email": {"New@example.com"}, "role": {"lead"}}), "/settings/users")
	token := s.linkToken(link)
	want(t, s.page("/settings/users"), ".people tbody tr:last-child", "new@example.com")

	s.client = s.browser()
	got := s.get("/invite?token=" + token)
	if got.status != http.StatusOK || got.header.Get("Referrer-Policy") != "no-referrer" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the link answers %d, %v", got.status, got.header)
	}
	want(t, got.doc, "main", "invited as new@example.com")
	want(t, got.doc, "main", "Lead. May see everything, and change what belongs to own teams.")
	form := url.Values{"token": {token}, "password": {"short"}, "password2": {"other"}}
	bad := s.post("/invite", form)
	want(t, bad.doc, "#f-password-error", "at least 10")
	want(t, bad.doc, "#f-password2-error", "differ")
	if strings.Contains(bad.body, `"short"`) {
		t.Error("the page repeats the password")
	}
	form = url.Values{"token": {token}, "password": {adminPassword}, "password2": {adminPassword}}
	before := s.sessionCookie()
	if done := s.post("/invite", form); done.status != http.StatusSeeOther || done.header.Get("Location") != "/" {
		t.Fatalf("it answers %d to %q", done.status, done.header.Get("Location"))
	}
	if s.sessionCookie() == before {
		t.Error("the session keeps its token")
	}
	doc := s.page("/")
	want(t, doc, ".account .who", "new@example.com")
	want(t, doc, ".banner.good", "Your account is ready")

	s.client = s.browser()
	for _, res := range []answer{s.get("/invite?token=" + token), s.post("/invite", form)} {
		if res.status != http.StatusGone || res.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("a used link answers %d", res.status)
		}
		want(t, res.doc, "main", "It has been used")
	}
	if strings.Contains(s.log.String(), token) || !strings.Contains(s.log.String(), "route=/invite status=410") {
		t.Error("the log holds the link, or not its route")
	}

	s.client = adminClient
	log := s.page("/settings/audit?kind=user")
	want(t, log, ".audit tbody tr:nth-child(1)", "| new@example.com | Came by an invitation User new@example.com | role after: lead")
	want(t, log, ".audit tbody tr:nth-child(2)", "| admin@example.com | Invited somebody")
	want(t, log, ".audit tbody tr:nth-child(2) .changes", "role after: lead")
	if strings.Contains(textOf(log, "main"), token) {
		t.Error("the audit log holds the link")
	}
}

func TestLinksThatAreOver(t *testing.T) {
	s := signedIn(t, nil)
	adminClient := s.client
	ctx := t.Context()
	invite := func(email string, at time.Time) (string, control.Invite) {
		token, i, err := s.db.Invite(ctx, email, control.Viewer, at)
		if err != nil {
			t.Fatal(err)
		}
		return token, i
	}
	expired, old := invite("late@example.com", testNow.Add(-8*24*time.Hour))
	withdrawn, i := invite("withdrawn@example.com", testNow)
	want(t, s.page("/settings/users"), ".people", "late@example.com")
	want(t, s.page("/settings/users"), ".people", "The link is no longer good.")
	if res := s.post("/settings/users/invites/"+userParam(i.ID)+"/withdraw", nil); res.status != http.StatusSeeOther {
		t.Errorf("withdrawing answers %d", res.status)
	}
	fresh := s.linkToken(s.shownOnce(s.post("/settings/users/invites/"+userParam(old.ID)+"/renew", nil), "/settings/users"))
	if res := s.post("/settings/users/invites/99/renew", nil); res.status != http.StatusNotFound {
		t.Errorf("renewing what is not there answers %d", res.status)
	}
	s.client = s.browser()
	other, _ := invite("other@example.com", testNow.Add(-7*24*time.Hour))
	for _, c := range []struct {
		token  string
		status int
		text   string
	}{
		{fresh, http.StatusOK, "late@example.com"},
		{expired, http.StatusGone, "made another one in its place"},
		{withdrawn, http.StatusGone, "An admin withdrew it"},
		{other, http.StatusGone, "Its time is over"},
		{"made-up", http.StatusNotFound, "not known here"},
		{"", http.StatusNotFound, "not known here"},
	} {
		res := s.get("/invite?token=" + c.token)
		if res.status != c.status {
			t.Errorf("%q answers %d", c.text, res.status)
		}
		want(t, res.doc, "main", c.text)
		if c.status != http.StatusOK && res.doc.Find("input[type=password]").Length() != 0 {
			t.Errorf("%q asks for a password", c.text)
		}
	}
	s.client = adminClient
	if res := s.post("/settings/users/invites/x/withdraw", nil); res.status != http.StatusNotFound {
		t.Errorf("an id that is none answers %d", res.status)
	}
}

// On a site by plain HTTP the page of a link sends its form without an origin.
func TestInviteWithoutOrigin(t *testing.T) {
	s := signedIn(t, nil)
	token, _, err := s.db.Invite(t.Context(), "new@example.com", control.Viewer, testNow)
	if err != nil {
		t.Fatal(err)
	}
	s.client = s.browser()
	for _, c := range []struct {
		path string
		form url.Values
	}{
		{"/preferences", url.Values{"lang": {"ru"}, "back": {"/invite?token=" + token}}},
		{"/invite", url.Values{"token": {token}, "password": {adminPassword}, "password2": {adminPassword}}},
	} {
		req := s.request(http.MethodPost, c.path, strings.NewReader(c.form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "null")
		if res := s.do(req); res.status != http.StatusSeeOther {
			t.Errorf("%s answers %d", c.path, res.status)
		}
	}
}

func TestChangeUser(t *testing.T) {
	s := signedIn(t, nil)
	u := s.addUser("ann@example.com", control.Viewer)
	theirs := s.as("ann@example.com")
	path := userPath(u)
	adminClient := s.client
	see := func(want int, url string) {
		t.Helper()
		s.client = theirs
		defer func() { s.client = adminClient }()
		if res := s.get(url); res.status != want {
			t.Errorf("%s answers them %d, want %d", url, res.status, want)
		}
	}
	see(http.StatusForbidden, "/settings/users")
	if res := s.post(path+"/role", url.Values{"role": {"admin"}}); res.header.Get("Location") != path {
		t.Errorf("a change of role answers %d", res.status)
	}
	see(http.StatusOK, "/settings/users") // at once, in the session there is
	if res := s.post(path+"/role", url.Values{"role": {"boss"}}); res.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown role answers %d", res.status)
	}
	want(t, s.page("/settings/users"), ".people tbody tr:nth-child(2)", "ann@example.com | Admin")
	s.post(path+"/role", url.Values{"role": {"viewer"}})
	see(http.StatusForbidden, "/settings/users")

	if res := s.post(path+"/sign-out", nil); res.header.Get("Location") != path {
		t.Errorf("sign-out answers %d", res.status)
	}
	see(http.StatusSeeOther, "/")
	s.page("/") // but not the admin

	theirs = s.as("ann@example.com")
	token := s.linkToken(s.shownOnce(s.post(path+"/password", nil), path))
	see(http.StatusOK, "/") // until the link is used
	s.client = s.browser()
	want(t, s.page("/invite?token="+token), "h1", "Choose another password")
	s.post("/invite", url.Values{"token": {token}, "password": {"another one 2"}, "password2": {"another one 2"}})
	want(t, s.page("/"), ".banner.good", "password is changed")
	s.client = adminClient
	see(http.StatusSeeOther, "/")

	want(t, s.page(path+"/remove"), "main", "ann@example.com is signed out at once")
	if res := s.post(path+"/remove", nil); res.header.Get("Location") != "/settings/users" {
		t.Errorf("removal answers %d", res.status)
	}
	if res := s.get(path); res.status != http.StatusNotFound {
		t.Errorf("a removed user's page answers %d", res.status)
	}
	want(t, s.page("/settings/audit"), ".audit tbody tr:nth-child(2)", "| ann@example.com | Reset a password")
}

func TestLastAdminStays(t *testing.T) {
	s := signedIn(t, nil)
	res := s.post("/settings/users/1/role", url.Values{"role": {"viewer"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("demotion answers %d", res.status)
	}
	want(t, res.doc, "#f-role-error", "Make somebody else an admin first")
	res = s.post("/settings/users/1/remove", nil)
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("removal answers %d", res.status)
	}
	want(t, res.doc, "[role=alert]", "Nobody else is an admin")
	s.addUser("second@example.com", control.Admin)
	if res := s.post("/settings/users/1/role", url.Values{"role": {"viewer"}}); res.header.Get("Location") != "/account" {
		t.Errorf("who steps down is led to %q", res.header.Get("Location"))
	}
	want(t, s.page("/account"), "main", "Viewer")
}

func TestLastSeen(t *testing.T) {
	s := signedIn(t, nil)
	s.page("/")
	want(t, s.page("/settings/users"), ".people tbody tr", "just now")
	u, err := s.db.User(t.Context(), 1)
	if err != nil || !u.LastSeenAt.Equal(testNow) {
		t.Errorf("seen %v, %v", u.LastSeenAt, err)
	}
}

func TestAccount(t *testing.T) {
	s := signedIn(t, nil)
	other := s.as(adminEmail)
	want(t, s.page("/account"), "main h2", adminEmail)
	form := url.Values{"current": {"wrong"}, "password": {"another one 2"}, "password2": {"another one 2"}}
	res := s.post("/account/password", form)
	want(t, res.doc, "#f-current-error", "not your present password")
	res = s.post("/account/password", url.Values{"current": {adminPassword}, "password": {adminPassword}, "password2": {adminPassword}})
	want(t, res.doc, "#f-password-error", "the password you have")
	form = url.Values{"current": {adminPassword}, "password": {"short"}, "password2": {"shorter"}}
	res = s.post("/account/password", form)
	want(t, res.doc, "#f-password-error", "at least 10")
	want(t, res.doc, "#f-password2-error", "differ")
	if res.status != http.StatusUnprocessableEntity || strings.Contains(res.body, adminPassword) {
		t.Errorf("it answers %d, or repeats the password", res.status)
	}
	before := s.sessionCookie()
	form = url.Values{"current": {adminPassword}, "password": {"another one 2"}, "password2": {"another one 2"}}
	if res := s.post("/account/password", form); res.header.Get("Location") != "/account" {
		t.Fatalf("it answers %d", res.status)
	}
	if s.sessionCookie() == before {
		t.Error("the session keeps its token")
	}
	want(t, s.page("/account"), ".banner.good", "all other sessions are ended")
	mine := s.client
	s.client = other
	if res := s.get("/"); res.status != http.StatusSeeOther {
		t.Errorf("another session goes on: %d", res.status)
	}
	s.client = mine
	if res := s.post("/account/sign-out", nil); res.header.Get("Location") != "/login" {
		t.Errorf("sign-out everywhere answers %d", res.status)
	}
	want(t, s.page("/login"), ".banner.good", "signed out everywhere")
	if res := s.get("/account"); res.status != http.StatusSeeOther {
		t.Errorf("the account answers %d", res.status)
	}
}

// comingFrom sends requests as a proxy does for the browser at an address.
type comingFrom string

func (addr comingFrom) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", string(addr))
	return http.DefaultTransport.RoundTrip(r)
}

// Who is in may go on while the account is guessed at from elsewhere, and who
// was in before may come again.
func TestThrottledAccount(t *testing.T) {
	s := signedIn(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	mine := s.client
	s.client = s.browser()
	s.client.Transport = comingFrom("203.0.113.9")
	guess := url.Values{"email": {adminEmail}, "password": {"wrong"}}
	for range wrongPasswords {
		s.post("/login", guess)
	}
	for _, email := range []string{adminEmail, "unknown@example.com"} {
		res := s.post("/login", url.Values{"email": {email}, "password": {adminPassword}})
		if res.status != http.StatusTooManyRequests {
			t.Errorf("%s is answered %d", email, res.status)
		}
	}
	res := s.post("/login", guess)
	if res.header.Get("Retry-After") != "30" {
		t.Errorf("Retry-After is %q", res.header.Get("Retry-After"))
	}
	want(t, res.doc, "[role=alert]", "Try again in 30 s.")
	s.client = mine
	s.page("/")
	s.client = s.as(adminEmail)
	s.page("/")
}

func TestPresentPasswordIsThrottled(t *testing.T) {
	s := signedIn(t, nil)
	form := url.Values{"current": {"wrong"}, "password": {"another one 2"}, "password2": {"another one 2"}}
	for range wrongPasswords {
		if res := s.post("/account/password", form); res.status != http.StatusUnprocessableEntity {
			t.Fatalf("a guess answers %d", res.status)
		}
	}
	form.Set("current", adminPassword)
	if res := s.post("/account/password", form); res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") == "" {
		t.Errorf("one more answers %d", res.status)
	}
}

func TestAccountInTheDemo(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Demo = true })
	if err := s.db.EnsureAdmin(t.Context(), "demo@example.com", adminPassword); err != nil {
		t.Fatal(err)
	}
	doc := s.page("/account")
	if doc.Find("input[type=password]").Length() != 0 || doc.Find("form[action^='/account']").Length() != 0 {
		t.Error("the demo asks for a password")
	}
	for _, path := range []string{"/account/password", "/account/sign-out", "/settings/users/1/password"} {
		if res := s.post(path, nil); res.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	s.post("/settings/users/1/sign-out", nil)
	s.page("/") // everybody stays signed in
}

func TestTokensOfPrograms(t *testing.T) {
	s := signedIn(t, nil)
	s.provision("tokens:\n  - {name: ci, scopes: [ingest], token: 0123456789abcdef}\n")
	res := s.post("/settings/tokens", url.Values{"scopes": {"all"}, "connection": {"gone"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Fatalf("bad input answers %d", res.status)
	}
	want(t, res.doc, "#f-name-error", "Give it a name")
	want(t, res.doc, "#f-scopes-error", "Choose from the list")
	res = s.post("/settings/tokens", url.Values{"name": {"wall"}, "scopes": {"read"}, "connection": {"gone"}})
	want(t, res.doc, "#f-connection-error", "no such connection")
	if offered := res.doc.Find("input[name=scopes]").Map(func(_ int, e *selection) string { return e.AttrOr("value", "") }); strings.Join(offered, " ") != "read ingest metrics" {
		t.Errorf("offered are %s", offered)
	}
	if res.doc.Find("input[value=read][checked]").Length() != 1 {
		t.Error("what was chosen is lost")
	}
	value := s.shownOnce(s.post("/settings/tokens", url.Values{"name": {"wall"}, "scopes": {"read", "metrics"}}), "/settings/tokens")
	if res := s.api(http.MethodGet, "/api/v1/panels", value); res.status != http.StatusOK {
		t.Errorf("the token is answered %d", res.status)
	}
	doc := s.page("/settings/tokens")
	want(t, doc, ".people tbody tr:nth-child(1)", "ci ·from the file | ingest | as usual")
	want(t, doc, ".people tbody tr:nth-child(2)", "wall")
	links := doc.Find(".people a")
	if links.Length() != 1 {
		t.Fatalf("%d can be revoked", links.Length())
	}
	revoke := links.AttrOr("href", "")
	want(t, s.page(revoke), "main", "refused from now on")
	if res := s.post(revoke, nil); res.header.Get("Location") != "/settings/tokens" {
		t.Errorf("revocation answers %d", res.status)
	}
	if res := s.api(http.MethodGet, "/api/v1/panels", value); res.status != http.StatusUnauthorized {
		t.Errorf("a revoked token is answered %d", res.status)
	}
	for _, path := range []string{revoke, "/settings/tokens/99/revoke"} {
		if res := s.get(path); res.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	for _, res := range []answer{s.get("/settings/tokens/1/revoke"), s.post("/settings/tokens/1/revoke", nil)} {
		if res.status != http.StatusForbidden {
			t.Errorf("a token of the file answers %d", res.status)
		}
	}
	log := s.page("/settings/audit?kind=token&user=1")
	want(t, log, ".audit tbody tr:nth-child(1)", "| Revoked a token Token wall |")
	want(t, log, ".audit tbody tr:nth-child(2) .changes", "scopes after: read, metrics")
	if strings.Contains(s.page("/settings/audit").Text(), value) || strings.Contains(s.log.String(), value) {
		t.Error("the token is written down")
	}
}

func TestAuditPages(t *testing.T) {
	s := signedIn(t, nil)
	for range auditPerPage/2 + 5 {
		for _, on := range []bool{true, false} {
			if err := s.db.SetOption(t.Context(), control.AnonymousViewing, on); err != nil {
				t.Fatal(err)
			}
		}
	}
	doc := s.page("/settings/audit")
	if n := doc.Find(".audit tbody tr").Length(); n != auditPerPage {
		t.Errorf("%d entries on a page", n)
	}
	older := doc.Find("a[rel=next]").AttrOr("href", "")
	doc = s.page(older)
	if n := doc.Find(".audit tbody tr").Length(); n != 11 || doc.Find("a[rel=next]").Length() != 0 {
		t.Errorf("%d entries on the last page", n)
	}
	want(t, doc, ".audit tbody tr:last-child", "| The program | Set the program up User admin@example.com")
	older = s.page("/settings/audit?user=program&kind=option").Find("a[rel=next]").AttrOr("href", "")
	if !strings.Contains(older, "user=program") || !strings.Contains(older, "kind=option") {
		t.Errorf("the filter is lost: %s", older)
	}
	want(t, s.page("/settings/audit?user=1"), ".empty", "Nothing was changed")
	for _, bad := range []string{"user=x", "before=-1", "user=1&user=2", "page=2", "before=x"} {
		if res := s.get("/settings/audit?" + bad); res.status != http.StatusBadRequest {
			t.Errorf("?%s answers %d", bad, res.status)
		}
	}
}

// A link leads where the browser that asked for it found the site.
func TestLinkURL(t *testing.T) {
	base, err := url.Parse("https://tools.example.com/lines/")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		base   *url.URL
		origin string
		want   string
	}{
		{"plain", nil, "http://flow.lan:8080", "http://flow.lan:8080/invite?token=T"},
		{"behind TLS", nil, "https://flow.lan:8080", "https://flow.lan:8080/invite?token=T"},
		{"from nowhere", nil, "", "http://flow.lan:8080/invite?token=T"},
		{"another site", nil, "https://evil.example", "http://flow.lan:8080/invite?token=T"},
		{"configured", base, "http://10.0.0.1:8080", "https://tools.example.com/lines/invite?token=T"},
	} {
		s := New(Config{BaseURL: c.base, DB: &control.DB{}})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://flow.lan:8080/settings/users/invite", nil)
		r.Header.Set("Origin", c.origin)
		if got := s.linkURL(r, "T"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestTeamsOfUsers: whose teams somebody is in, for admins and for themselves.
func TestTeamsOfUsers(t *testing.T) {
	s := signedIn(t, nil)
	if got := textOf(s.page("/settings/users"), ".people thead tr"); got != "E-mail | Role | Since | Last seen | What can be done" {
		t.Errorf("without teams the columns are %s", got)
	}
	u := s.addUser("lead@example.com", control.Lead)
	for _, name := range []string{"Payments", "Platform"} {
		if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: name}, Members: []int64{u.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	doc := s.page("/settings/users")
	want(t, doc, ".people tbody tr:nth-child(1)", "admin@example.com you | Admin | – |")
	want(t, doc, ".people tbody tr:nth-child(2)", "lead@example.com | Lead | Payments, Platform |")
	want(t, s.page(userPath(u)), "dl.plain", "Payments, Platform")
	s.client = s.as("lead@example.com")
	want(t, s.page("/account"), "main", "Your teams: Payments, Platform")
}
