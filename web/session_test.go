package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSetUp(t *testing.T) {
	s := newSite(t, nil)
	token, err := s.db.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/flow", "/login", "/settings/connections"} {
		if res := s.get(path); res.status != http.StatusSeeOther || res.header.Get("Location") != "/setup" {
			t.Errorf("GET %s answers %d to %q before set-up", path, res.status, res.header.Get("Location"))
		}
	}
	doc := s.page("/setup")
	want(t, doc, "main", "in the log of the program")
	if doc.Find("form[action='/setup']").Length() != 0 {
		t.Error("the form is shown without the link")
	}
	if res := s.get("/setup?token=wrong"); res.status != http.StatusForbidden {
		t.Errorf("a wrong token answers %d", res.status)
	}

	back := "/setup?token=" + token
	if res := s.post("/preferences", url.Values{"lang": {"ru"}, "back": {back}}); res.header.Get("Location") != back {
		t.Errorf("choosing a language leads to %q", res.header.Get("Location"))
	}
	want(t, s.page(back), "h1", "Создайте учётную запись администратора")
	s.client = s.browser()
	doc = s.page(back)
	if got := doc.Find("input[name=token]").AttrOr("value", ""); got != token {
		t.Errorf("the form holds the token %q", got)
	}
	form := url.Values{"token": {token}, "email": {"not an address"}, "password": {"short"}, "password2": {"short"}}
	res := s.post("/setup", form)
	if res.status != http.StatusUnprocessableEntity {
		t.Fatalf("bad input answers %d", res.status)
	}
	want(t, res.doc, "#f-email-error", "name@example.com")
	want(t, res.doc, "#f-password-error", "at least 10")
	if got := res.doc.Find("#f-email").AttrOr("value", ""); got != "not an address" {
		t.Errorf("the address typed is lost: %q", got)
	}
	if strings.Contains(res.body, "short") {
		t.Error("the page repeats the password")
	}

	form = url.Values{"token": {token}, "email": {adminEmail}, "password": {adminPassword}, "password2": {"other"}}
	res = s.post("/setup", form)
	want(t, res.doc, "#f-password2-error", "differ")
	form = url.Values{"token": {token}, "email": {"nobody"}, "password": {"short"}, "password2": {"other"}}
	res = s.post("/setup", form)
	want(t, res.doc, "#f-email-error", "name@example.com")
	want(t, res.doc, "#f-password-error", "at least 10")
	want(t, res.doc, "#f-password2-error", "differ")

	form = url.Values{"token": {token}, "email": {adminEmail}, "password": {adminPassword}}
	form.Set("password2", adminPassword)
	res = s.post("/setup", form)
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/connections/new" {
		t.Fatalf("set-up answers %d to %q", res.status, res.header.Get("Location"))
	}
	want(t, s.page("/settings/connections/new"), ".banner.good", "Your account is ready")
	if res = s.get("/setup?token=" + token); res.status != http.StatusSeeOther || res.header.Get("Location") != "/login" {
		t.Errorf("the link still answers %d", res.status)
	}
}

func TestLogIn(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	res := s.post("/login", url.Values{"email": {adminEmail}, "password": {"wrong"}, "next": {"/flow?queue=DEV"}})
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password answers %d", res.status)
	}
	want(t, res.doc, "[role=alert]", "E-mail or password is wrong")
	if got := res.doc.Find("input[name=next]").AttrOr("value", ""); got != "/flow?queue=DEV" {
		t.Errorf("next is lost: %q", got)
	}
	res = s.post("/login", url.Values{"email": {" ADMIN@example.com"}, "password": {adminPassword}, "next": {"/flow?queue=DEV"}})
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/flow?queue=DEV" {
		t.Errorf("sign-in answers %d to %q", res.status, res.header.Get("Location"))
	}
	want(t, s.page("/"), ".account .who", adminEmail)
	if res = s.get("/login"); res.status != http.StatusSeeOther {
		t.Errorf("the login page answers who is signed in %d", res.status)
	}
	if res = s.post("/logout", nil); res.status != http.StatusSeeOther {
		t.Errorf("sign-out answers %d", res.status)
	}
	if res = s.get("/"); res.status != http.StatusSeeOther {
		t.Errorf("after sign-out / answers %d", res.status)
	}
}

func TestLogInIsNotStored(t *testing.T) {
	s := signedIn(t, nil)
	res := s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	if got := res.header.Values("Cache-Control"); res.status != http.StatusSeeOther || len(got) != 1 || got[0] != "no-store" {
		t.Errorf("%d with Cache-Control %q", res.status, got)
	}
	wrong := s.post("/login", url.Values{"email": {adminEmail}, "password": {"wrong"}})
	if got := wrong.doc.Find("[autofocus]").AttrOr("name", ""); got != "password" {
		t.Errorf("after a wrong password the focus is on %q", got)
	}
}

func TestNextKeepsWhereOneWas(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	res := s.get("/flow?queue=DEV&range=30d")
	if got, want := res.header.Get("Location"), "/login?next="+url.QueryEscape("/flow?queue=DEV&range=30d"); got != want {
		t.Errorf("Location is %q, want %q", got, want)
	}
	req := s.request(http.MethodGet, "/panels/cycle-time", nil)
	req.Header.Set("HX-Request", "true")
	if res := s.do(req); res.status != http.StatusUnauthorized || res.header.Get("HX-Redirect") != "/login" {
		t.Errorf("a part answers %d, HX-Redirect %q", res.status, res.header.Get("HX-Redirect"))
	}
}

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{
		"/":                           "/",
		"/flow?range=30d#x":           "/flow?range=30d#x",
		"":                            "/",
		"flow":                        "/",
		"//evil.example":              "/",
		"///evil.example":             "/",
		"/\\evil.example":             "/",
		"\\/evil.example":             "/",
		"/\t/evil.example":            "/",
		"/\n/evil.example":            "/",
		"https://evil.example":        "/",
		"javascript:alert(1)":         "/",
		"/flow\r\nSet-Cookie: a=b":    "/",
		"http:evil.example":           "/",
		"/%2f/evil.example":           "/%2f/evil.example",
		"/redirect?to=//evil.example": "/redirect?to=//evil.example",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("safeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestNextLeadsNowhereElse(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	res := s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}, "next": {"//evil.example/"}})
	if got := res.header.Get("Location"); got != "/" {
		t.Errorf("sign-in leads to %q", got)
	}
	res = s.post("/preferences", url.Values{"theme": {"dark"}, "back": {"https://evil.example"}})
	if got := res.header.Get("Location"); got != "/" {
		t.Errorf("a switch leads to %q", got)
	}
}

// sessionCookie is the value the browser holds.
func (s *site) sessionCookie() string {
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range s.client.Jar.Cookies(u) {
		if c.Name == "throughline" {
			return c.Value
		}
	}
	return ""
}

func TestSessionTokenChangesAtSignIn(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	planted := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	s.client.Jar.SetCookies(u, []*http.Cookie{{Name: "throughline", Value: planted, Path: "/"}})
	s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	fresh := s.sessionCookie()
	if fresh == planted || fresh == "" {
		t.Errorf("the session after sign-in is %q", fresh)
	}
	s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	again := s.sessionCookie()
	if again == fresh {
		t.Error("a second sign-in keeps the token")
	}
	s.post("/logout", nil)
	s.client.Jar.SetCookies(u, []*http.Cookie{{Name: "throughline", Value: again, Path: "/"}})
	if res := s.get("/"); res.status != http.StatusSeeOther {
		t.Errorf("a session that was ended answers %d", res.status)
	}
}

func TestSessionCookie(t *testing.T) {
	for base, want := range map[string]string{
		"":                                "Path=/; ",
		"https://tools.example.com/lines": "Path=/lines/; ",
	} {
		s := newSite(t, func(c *Config) {
			if base == "" {
				return
			}
			u, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			c.BaseURL = u
		})
		if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
			t.Fatal(err)
		}
		res := s.post(s.server.base+"/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
		cookie := res.header.Get("Set-Cookie")
		for _, part := range []string{want, "HttpOnly", "SameSite=Lax", "Max-Age=2592"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("%q lacks %q", cookie, part)
			}
		}
		if got := strings.Contains(cookie, "Secure"); got != (base != "") {
			t.Errorf("%q: Secure is %v", cookie, got)
		}
	}
}

func TestLanguage(t *testing.T) {
	s := newSite(t, func(c *Config) { c.LangDefault = "ru" })
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	lang := func(accept string) string {
		req := s.request(http.MethodGet, "/login", nil)
		req.Header.Set("Accept-Language", accept)
		return s.do(req).doc.Find("html").AttrOr("lang", "")
	}
	if got := lang(""); got != "ru" {
		t.Errorf("no wish: %s", got)
	}
	if got := lang("en-GB,en;q=0.9"); got != "en" {
		t.Errorf("wishes English: %s", got)
	}
	s.post("/preferences", url.Values{"lang": {"ru"}, "back": {"/login"}})
	if got := lang("en-GB"); got != "ru" {
		t.Errorf("chose Russian before sign-in: %s", got)
	}
	s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	s.post("/preferences", url.Values{"lang": {"en"}, "theme": {"dark"}})
	s.client = s.browser()
	s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	doc := s.page("/")
	if html := doc.Find("html"); html.AttrOr("lang", "") != "en" || html.AttrOr("data-theme", "") != "dark" {
		t.Errorf("a user's choice is not kept: lang %s, theme %s", html.AttrOr("lang", ""), html.AttrOr("data-theme", ""))
	}
	if res := s.post("/preferences", url.Values{"lang": {"xx"}}); res.status != http.StatusBadRequest {
		t.Errorf("an unknown language answers %d", res.status)
	}
}

func TestDemo(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Demo = true })
	if err := s.db.EnsureAdmin(t.Context(), "demo@example.com", adminPassword); err != nil {
		t.Fatal(err)
	}
	doc := s.page("/")
	want(t, doc, ".banner.demo", "demo")
	want(t, doc, ".account .who", "demo@example.com")
	if doc.Find("form[action='/logout']").Length() != 0 {
		t.Error("the demo offers to sign out")
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	var late atomic.Int64
	s := newSite(t, func(c *Config) {
		c.Now = func() time.Time { return testNow.Add(time.Duration(late.Load())) }
	})
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	try := func(password string) int {
		return s.post("/login", url.Values{"email": {adminEmail}, "password": {password}}).status
	}
	for i := range wrongPasswords {
		if got := try("wrong"); got != http.StatusUnprocessableEntity {
			t.Fatalf("guess %d answers %d", i+1, got)
		}
	}
	if got := try(adminPassword); got != http.StatusTooManyRequests {
		t.Errorf("after %d wrong passwords one more try answers %d", wrongPasswords, got)
	}
	late.Store(int64(wrongAccountRate))
	if got := try(adminPassword); got != http.StatusSeeOther {
		t.Errorf("a while later the right one answers %d", got)
	}
}
