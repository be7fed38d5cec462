package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
)

// everyRoute calls f for each GET route of the site with ids filled in.
func everyRoute(t *testing.T, s *site, f func(method, path string)) {
	t.Helper()
	n := 0
	err := chi.Walk(s.server.Handler().(chi.Routes), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		n++
		route = strings.NewReplacer("{id}", "1", "{name}", "tracker", "{slug}", "cycle-time", "{key}", "DEV-1", "{connection}", "tracker", "*", "app.css").Replace(route)
		f(method, route)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 30 {
		t.Fatalf("only %d routes", n)
	}
}

func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	s := signedIn(t, nil)
	want := map[string]string{
		"Content-Security-Policy": contentPolicy,
		"X-Content-Type-Options":  "nosniff",
		"X-Frame-Options":         "DENY",
		"Referrer-Policy":         "same-origin",
	}
	everyRoute(t, s, func(method, path string) {
		if method != http.MethodGet {
			return
		}
		res := s.get(path)
		for name, value := range want {
			if other, ok := referrerOf(path, res.status)[name]; ok {
				value = other
			}
			if got := res.header.Get(name); got != value {
				t.Errorf("GET %s: %s is %q, want %q", path, name, got, value)
			}
		}
		if res.status >= 500 {
			t.Errorf("GET %s answers %d", path, res.status)
		}
		if strings.Contains(res.body, "<style") || strings.Contains(res.body, " style=") || strings.Contains(res.body, "onclick=") {
			t.Errorf("GET %s has something inline", path)
		}
		res.doc.Find("script").Each(func(_ int, script *goquery.Selection) {
			if _, external := script.Attr("src"); !external && script.AttrOr("type", "") != "application/json" {
				t.Errorf("GET %s has an inline script", path)
			}
		})
	})
}

func TestPostsOfOtherSitesAreRefused(t *testing.T) {
	s := signedIn(t, nil)
	everyRoute(t, s, func(method, path string) {
		if method != http.MethodPost || strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/static/") || takesHooks(path) {
			return
		}
		req := s.request(http.MethodPost, path, strings.NewReader("name=x"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://evil.example")
		res := s.do(req)
		if res.status != http.StatusForbidden {
			t.Errorf("POST %s of another origin answers %d", path, res.status)
		}
	})
	// The session is untouched.
	s.page("/")
}

func TestStrangersSeeNothing(t *testing.T) {
	s := signedIn(t, nil)
	s.client = s.browser()
	everyRoute(t, s, func(method, path string) {
		open := strings.HasPrefix(path, "/static/") || strings.HasPrefix(path, embedPath) || strings.HasPrefix(path, "/api/") ||
			path == "/healthz" || path == "/readyz" || strings.HasPrefix(path, "/metrics") || // here, on this machine
			path == "/save_metrics" || takesHooks(path) || // which answer programs
			path == "/login" || path == "/setup" || path == "/logout" || path == "/preferences" || path == "/invite"
		if open {
			return
		}
		res := s.do(s.request(method, path, nil))
		if res.status != http.StatusSeeOther || !strings.HasPrefix(res.header.Get("Location"), "/login") {
			t.Errorf("%s %s answers %d, Location %q", method, path, res.status, res.header.Get("Location"))
		}
	})
}

func TestOnlyAdminsChange(t *testing.T) {
	s := signedIn(t, nil)
	s.demote("viewer")
	everyRoute(t, s, func(method, path string) {
		admin := strings.HasPrefix(path, "/settings") || path == "/syncs/act"
		if !admin {
			return
		}
		if res := s.do(s.request(method, path, nil)); res.status != http.StatusForbidden {
			t.Errorf("%s %s answers a viewer %d", method, path, res.status)
		}
	})
	for _, path := range []string{"/", "/syncs", "/flow"} {
		if s.page(path).Find(`.rail a[href^="/settings"]`).Length() != 0 {
			t.Errorf("%s shows a viewer a link to the settings", path)
		}
	}
}

func TestBasePath(t *testing.T) {
	base, err := url.Parse("https://tools.example.com/throughline/")
	if err != nil {
		t.Fatal(err)
	}
	s := signedIn(t, func(c *Config) { c.BaseURL = base })
	everyRoute(t, s, func(method, path string) {
		if method != http.MethodGet {
			return
		}
		res := s.get(path)
		for _, attribute := range []string{"href", "action", "src", "hx-get", "hx-post"} {
			res.doc.Find("[" + attribute + "]").Each(func(_ int, e *goquery.Selection) {
				if link := e.AttrOr(attribute, ""); strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "/throughline/") {
					t.Errorf("GET %s: %s=%q leaves the base path", path, attribute, link)
				}
			})
		}
		if to := res.header.Get("Location"); to != "" && !strings.HasPrefix(to, "/throughline/") {
			t.Errorf("GET %s redirects to %q", path, to)
		}
	})
	if res := s.get("/healthz"); res.status != http.StatusOK {
		t.Errorf("/healthz at the root answers %d", res.status)
	}
}

func TestStatic(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	doc := s.page("/login")
	for _, selector := range []string{`link[rel="stylesheet"]`, `link[rel="icon"]`, "script[src]"} {
		doc.Find(selector).Each(func(_ int, e *goquery.Selection) {
			path := e.AttrOr("href", e.AttrOr("src", ""))
			res := s.get(path)
			if res.status != http.StatusOK || !strings.Contains(res.header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s answers %d, Cache-Control %q", path, res.status, res.header.Get("Cache-Control"))
			}
		})
	}
	if res := s.get("/static/app.css"); res.status != http.StatusNotFound {
		t.Errorf("a name without its hash answers %d", res.status)
	}
}

func TestHealth(t *testing.T) {
	failing := errors.New("not yet")
	ready := &failing
	s := newSite(t, func(c *Config) {
		c.Version = "1.2.3"
		c.Ready = func(context.Context) error { return *ready }
	})
	if res := s.get("/healthz"); res.status != http.StatusOK || !strings.Contains(res.body, `"version":"1.2.3"`) {
		t.Errorf("healthz: %d %s", res.status, res.body)
	}
	if res := s.get("/readyz"); res.status != http.StatusServiceUnavailable {
		t.Errorf("readyz before: %d", res.status)
	}
	*ready = nil
	if res := s.get("/readyz"); res.status != http.StatusOK {
		t.Errorf("readyz after: %d", res.status)
	}
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	if res := s.get("/readyz"); res.status != http.StatusServiceUnavailable {
		t.Errorf("readyz without a store: %d", res.status)
	}
	if res := s.get("/healthz"); res.status != http.StatusOK {
		t.Errorf("healthz without a store: %d", res.status)
	}
}

func TestStoreDownIsSaid(t *testing.T) {
	s := signedIn(t, nil)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	res := s.get("/")
	if res.status != http.StatusServiceUnavailable {
		t.Errorf("status %d", res.status)
	}
	want(t, res.doc, "h1", "The database does not answer")
}

func TestRequestLogHasNoQueryAndNoID(t *testing.T) {
	s := signedIn(t, nil)
	s.get("/setup?token=sesame")
	s.get("/settings/connections/secretname")
	log := s.log.String()
	for _, leak := range []string{"sesame", "secretname", adminPassword} {
		if strings.Contains(log, leak) {
			t.Errorf("the log holds %q:\n%s", leak, log)
		}
	}
	if !strings.Contains(log, "route=/settings/connections/{name} status=404") {
		t.Errorf("the log lacks the route:\n%s", log)
	}
}

func TestClientAddress(t *testing.T) {
	for name, c := range map[string]struct {
		proxies []netip.Prefix
		want    string
	}{
		"no proxy is trusted": {nil, "ip=127.0.0.1"},
		"a trusted proxy":     {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "ip=203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(cfg *Config) { cfg.TrustedProxies = c.proxies })
			req := s.request(http.MethodGet, "/healthz", nil)
			req.Header.Set("X-Forwarded-For", "203.0.113.9")
			s.do(req)
			if log := s.log.String(); !strings.Contains(log, c.want) {
				t.Errorf("log lacks %q:\n%s", c.want, log)
			}
		})
	}
}

func TestWrongMethodsNameTheRight(t *testing.T) {
	s := signedIn(t, nil)
	for path, allow := range map[string]string{
		"/flow": "GET, HEAD", "/logout": "POST", "/settings/calendars": "GET, HEAD, POST",
		"/api/v1/issues": "GET, HEAD", "/api/v1/connections/x/sync": "POST",
	} {
		res := s.do(s.request(http.MethodDelete, path, nil))
		if res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != allow {
			t.Errorf("DELETE %s: %d, Allow: %s", path, res.status, res.header.Get("Allow"))
		}
	}
}

// Who goes away while a page is written is no error of ours.
func TestReaderGoesAway(t *testing.T) {
	s := signedIn(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.server.render(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), http.StatusOK,
		templ.ComponentFunc(func(ctx context.Context, _ io.Writer) error { return ctx.Err() }))
	if strings.Contains(s.log.String(), "cannot render") {
		t.Error("it is logged")
	}
}

func TestBodyLimit(t *testing.T) {
	s := signedIn(t, nil)
	res := s.post("/login", url.Values{"email": {strings.Repeat("x", maxBody)}})
	if res.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", res.status)
	}
}

func TestErrorPagesSpeakBothLanguages(t *testing.T) {
	s := signedIn(t, nil)
	for lang, title := range map[string]string{"en": "There is no such page", "ru": "Такой страницы нет"} {
		req := s.request(http.MethodGet, "/nowhere", nil)
		req.Header.Set("Accept-Language", lang)
		res := s.do(req)
		if res.status != http.StatusNotFound {
			t.Errorf("status %d", res.status)
		}
		want(t, res.doc, "h1", title)
		if got := res.doc.Find("html").AttrOr("lang", ""); got != lang {
			t.Errorf("lang is %q, want %q", got, lang)
		}
	}
	if res := s.get("/api/v1/nowhere"); res.status != http.StatusNotFound || !strings.Contains(res.header.Get("Content-Type"), "json") {
		t.Errorf("API: %d %s", res.status, res.header.Get("Content-Type"))
	}
}

func TestPanicIsAnErrorPage(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Ready = func(context.Context) error { panic("boom") } })
	res := s.get("/readyz")
	if res.status != http.StatusInternalServerError || strings.Contains(res.body, "boom") {
		t.Errorf("%d %s", res.status, res.body)
	}
	if !strings.Contains(s.log.String(), "boom") {
		t.Error("the log does not say what happened")
	}
}
