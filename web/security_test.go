package web

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"throughline/static"
)

// headers are what every answer carries, whatever it answers.
var headers = map[string]string{
	"Content-Security-Policy":    contentPolicy,
	"X-Content-Type-Options":     "nosniff",
	"X-Frame-Options":            "DENY",
	"Referrer-Policy":            "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Permissions-Policy":         "camera=(), geolocation=(), microphone=()",
	"Cache-Control":              "no-store",
	"Server":                     "",
	"X-Powered-By":               "",
	"Strict-Transport-Security":  "",
}

func checkHeaders(t *testing.T, what string, h http.Header, except map[string]string) {
	t.Helper()
	for name, value := range headers {
		if other, ok := except[name]; ok {
			value = other
		}
		if got := strings.Join(h.Values(name), " | "); got != value {
			t.Errorf("%s: %s is %q, want %q", what, name, got, value)
		}
	}
}

// referrerOf is what differs in the headers of the page of a one-time link,
// whose address is a key, and of pages that frame or are framed.
func referrerOf(path string, status int) map[string]string {
	served := status == http.StatusOK || status == http.StatusNotFound || status == http.StatusTooManyRequests
	switch {
	case path == embedsPath+"/new" && status == http.StatusOK:
		return map[string]string{"Content-Security-Policy": framesPolicy}
	case path == embedsPath+"/preview" && status == http.StatusOK, strings.HasPrefix(path, embedPath) && served:
		return map[string]string{
			"Content-Security-Policy": embedPolicy + "'self'", "X-Frame-Options": "", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "",
		}
	}
	if path != "/invite" || status == http.StatusMethodNotAllowed || status == http.StatusForbidden {
		return nil
	}
	return map[string]string{"Referrer-Policy": "no-referrer"}
}

func TestHeadersOfEveryMethod(t *testing.T) {
	s := signedIn(t, nil)
	stranger := s.browser()
	seen := map[int]bool{}
	everyRoute(t, s, func(route, path string) {
		for _, client := range []*http.Client{s.client, stranger} {
			for _, method := range []string{http.MethodGet, http.MethodHead, route, http.MethodPut, http.MethodOptions, "NONSENSE"} {
				if path == "/logout" && method == http.MethodPost {
					continue // the next ones would be strangers
				}
				keep := s.client
				s.client = client
				res := s.do(s.request(method, path, nil))
				s.client = keep
				checkHeaders(t, method+" "+path, res.header, referrerOf(path, res.status))
				seen[res.status] = true
				if res.status >= http.StatusInternalServerError {
					t.Errorf("%s %s answers %d", method, path, res.status)
				}
			}
		}
	})
	for _, status := range []int{200, 303, 401, 404, 405} {
		if !seen[status] {
			t.Errorf("no answer was %d", status)
		}
	}
}

func TestHeadersOfErrors(t *testing.T) {
	s := signedIn(t, func(c *Config) {
		c.Ready = func(context.Context) error { panic("boom") }
	})
	for path, status := range map[string]int{"/nowhere": 404, "/api/v1/nowhere": 404, "/static/nowhere.js": 404, "/readyz": 500, "/flow?nonsense=1": 400} {
		res := s.get(path)
		if res.status != status {
			t.Errorf("%s answers %d, want %d", path, res.status, status)
		}
		checkHeaders(t, path, res.header, nil)
	}
	res := s.post("/settings/calendars", url.Values{"hours": {strings.Repeat("x", maxBody)}})
	if res.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large is answered %d", res.status)
	}
	checkHeaders(t, "a body that is too large", res.header, nil)
	res = s.get(static.URL("app.css"))
	checkHeaders(t, "static", res.header, map[string]string{"Cache-Control": "public, max-age=31536000, immutable"})
}

func TestHeadersOfASiteByHTTPS(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "flow.example.com", Path: "/"}
	s := newSite(t, func(c *Config) { c.BaseURL = base })
	for _, path := range []string{"/setup", "/healthz", "/nowhere", "/api/v1/issues", static.URL("app.js")} {
		if got := s.get(path).header.Get("Strict-Transport-Security"); got != strictTransport {
			t.Errorf("%s: Strict-Transport-Security is %q", path, got)
		}
	}
}

// setSession makes the browser carry a session cookie of that value.
func (s *site) setSession(value string) {
	s.t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	s.client.Jar.SetCookies(u, []*http.Cookie{{Name: "throughline", Value: value, Path: "/"}})
}

// execControl changes the control database behind the program's back.
func (s *site) execControl(statement string, args ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "control.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(s.t.Context(), statement, args...); err != nil {
		s.t.Fatal(err)
	}
}

func TestSessionsThatAreNone(t *testing.T) {
	s := signedIn(t, nil)
	right := s.sessionCookie()
	other := signedIn(t, nil).sessionCookie()
	for name, value := range map[string]string{
		"empty": "", "made up": strings.Repeat("A", len(right)), "cut": right[:len(right)-1], "longer": right + "A",
		"of another installation": other, "upper case": strings.ToUpper(right), "SQL": "' OR 1=1 --", "long": strings.Repeat("x", 4000),
	} {
		s.client = s.browser()
		s.setSession(value)
		for _, path := range []string{"/", "/settings/connections", "/panels/cycle-time"} {
			if res := s.get(path); res.status != http.StatusSeeOther || !strings.HasPrefix(res.header.Get("Location"), "/login") {
				t.Errorf("%s: %s answers %d", name, path, res.status)
			}
		}
		if res := s.get("/api/v1/issues"); res.status != http.StatusUnauthorized {
			t.Errorf("%s: the API answers %d", name, res.status)
		}
	}
	s.client = s.browser()
	s.setSession(right)
	s.page("/")
	s.execControl(`UPDATE sessions SET expires_at = ?`, time.Now().Add(-time.Second).UnixMilli())
	if res := s.get("/"); res.status != http.StatusSeeOther {
		t.Errorf("a session that is over answers %d", res.status)
	}
}

// TestFormsOfOtherSites: browsers say in either header where a form comes from.
func TestFormsOfOtherSites(t *testing.T) {
	s := signedIn(t, nil)
	everyRoute(t, s, func(method, path string) {
		if method != http.MethodPost || strings.HasPrefix(path, "/static/") || takesHooks(path) {
			return
		}
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "origin": "null"} {
			req := s.request(http.MethodPost, path, strings.NewReader("name=x"))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set(name, value)
			want := http.StatusForbidden
			if path == "/invite" && value == "null" {
				want = http.StatusNotFound // the link is what opens it
			}
			if res := s.do(req); res.status != want {
				t.Errorf("POST %s with %s: %s answers %d", path, name, value, res.status)
			}
		}
	})
	s.page("/") // the session is untouched
	if s.worker.pokes.Load()+s.worker.changes.Load() != 0 {
		t.Error("something was done")
	}
}

func TestTooMuchInARequest(t *testing.T) {
	s := signedIn(t, nil)
	many := url.Values{}
	for i := range 201 {
		many.Add("queue", "Q"+strconv.Itoa(i))
	}
	for name, path := range map[string]string{
		"201 values":           "/flow?" + many.Encode(),
		"201 values, a panel":  "/panels/cycle-time?" + many.Encode(),
		"201 values, the API":  "/api/v1/panels/cycle-time?" + many.Encode(),
		"201 values, a list":   "/api/v1/issues?" + many.Encode(),
		"a long value":         "/flow?queue=" + strings.Repeat("x", 30_000),
		"a long name":          "/flow?" + strings.Repeat("x", 30_000) + "=1",
		"not well formed":      "/flow?queue=%zz",
		"a semicolon":          "/flow?queue=A;type=b",
		"a range without end":  "/flow?range=99999999d",
		"far from now":         "/flow?from=0001-01-01&to=9999-12-31&bucket=day",
		"a zero byte":          "/flow?queue=%00",
		"what is no text":      "/flow?queue=%ff%fe",
		"a limit out of bound": "/api/v1/issues?limit=1001",
	} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s: answers %d", name, res.status)
		}
	}
	for _, path := range []string{"/issues/", "/syncs/", "/api/v1/issues/", "/api/v1/panels/", "/panels/", "/settings/connections/"} {
		if res := s.get(path + strings.Repeat("x", 30_000)); res.status != http.StatusNotFound && res.status != http.StatusBadRequest {
			t.Errorf("%s and a long name: answers %d", path, res.status)
		}
	}

	fields := url.Values{}
	for i := range 10_000 {
		fields.Set(fmt.Sprintf("name%d", i), "x")
	}
	nested := strings.Repeat("[", 100_000)
	for _, path := range []string{"/settings/calendars", "/settings/workflow", "/settings/connections/new", "/preferences", "/login"} {
		if res := s.post(path, fields); res.status >= http.StatusInternalServerError {
			t.Errorf("10,000 fields at %s: answers %d", path, res.status)
		}
	}
	everyRoute(t, s, func(method, path string) {
		if method != http.MethodPost || !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/hooks/") {
			return
		}
		req := s.request(method, path, strings.NewReader(nested))
		req.Header.Set("Content-Type", "application/json")
		if res := s.do(req); res.status < 400 || res.status >= http.StatusInternalServerError {
			t.Errorf("POST %s of deep JSON answers %d", path, res.status)
		}
	})
}

func TestGuessingTokensIsSlowedDown(t *testing.T) {
	var late atomic.Int64
	s := newSite(t, func(c *Config) {
		c.Now = func() time.Time { return testNow.Add(time.Duration(late.Load())) }
	})
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	const path = "/api/v1/panels"
	for i := range wrongPasswords {
		if res := s.api(http.MethodGet, path, "guess"); res.status != http.StatusUnauthorized {
			t.Fatalf("guess %d answers %d", i+1, res.status)
		}
	}
	if res := s.api(http.MethodGet, path, "guess"); res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") != "10" || !strings.Contains(res.body, `"too_many_requests"`) {
		t.Errorf("one guess more answers %d, Retry-After %q: %s", res.status, res.header.Get("Retry-After"), res.body)
	}
	if res := s.api(http.MethodGet, path, readToken); res.status != http.StatusOK {
		t.Errorf("the right token answers %d", res.status)
	}
	late.Store(int64(wrongPasswordRate))
	if res := s.api(http.MethodGet, path, "guess"); res.status != http.StatusUnauthorized {
		t.Errorf("a while later a guess answers %d", res.status)
	}

	// From however many addresses: what is remembered is bounded.
	handler := s.server.Handler()
	for i := range wrongRemembered + 10 {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		req.Header.Set("Authorization", "Bearer guess")
		handler.ServeHTTP(httptest.NewRecorder(), req)
	}
	s.server.guesses.mu.Lock()
	defer s.server.guesses.mu.Unlock()
	if n := len(s.server.guesses.addresses.byKey); n == 0 || n > wrongRemembered {
		t.Errorf("%d addresses are remembered", n)
	}
}

// What is no text is refused before it can be written into a page.
func TestAddressesAreText(t *testing.T) {
	s := signedIn(t, nil)
	for _, path := range []string{"/flow/what-if?days_off=%FF%FE", "/dora/what-if?production=%FF", "/issues/%FF", "/flow?team=%FF", "/api/v1/issues?team=%FF", "/nope%FF"} {
		if res := s.get(path); res.status != http.StatusBadRequest || !utf8.ValidString(res.body) {
			t.Errorf("%s answers %d: %q", path, res.status, res.body)
		}
	}
	if res := s.post("/settings/calendars", url.Values{"hours": {"\xff"}}); res.status != http.StatusBadRequest {
		t.Errorf("a form that is no text answers %d", res.status)
	}
}

// Every page speaks the language that the address asks for.
func TestLanguageOfTheAddress(t *testing.T) {
	s := signedIn(t, nil)
	for _, path := range []string{"/", "/flow", "/syncs", "/inbox", "/account", "/settings/workflow", "/settings/audit", "/nope"} {
		if got := s.get(path+"?lang=ru").doc.Find("html").AttrOr("lang", ""); got != "ru" {
			t.Errorf("%s is in %q", path, got)
		}
	}
}
