package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// scrape is the handler that sites of tests have.
func scrape(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = w.Write([]byte("throughline_fact_store_up 1\n"))
}

const metricsToken = "metrics-token-0123456789abcdef"

// TestMetricsAccess asks from addresses that a test cannot have.
func TestMetricsAccess(t *testing.T) {
	const right, stale = "Bearer " + metricsToken, "Bearer " + readToken
	basic := func(user, password string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth(user, password)
		return r.Header.Get("Authorization")
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	tests := []struct {
		name     string
		password bool // is set
		proxies  []netip.Prefix
		peer     string
		header   map[string]string
		want     int
	}{
		{"this machine", false, nil, "127.0.0.1:1", nil, 200},
		{"this machine by IPv6", false, nil, "[::1]:1", nil, 200},
		{"this machine in another spelling", false, nil, "[::ffff:127.0.0.1]:1", nil, 200},
		{"another machine", false, nil, "203.0.113.9:1", nil, 401},
		{"a neighbour", false, nil, "10.0.0.1:1", nil, 401},
		{"an address that is none", false, nil, "@", nil, 401},
		{"another machine that claims to be this one", false, nil, "203.0.113.9:1", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 401},
		{"a proxy here for somebody", false, proxies, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "203.0.113.9"}, 401},
		{"a proxy here for a neighbour who claims", false, proxies, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "127.0.0.1, 10.0.0.5"}, 401},
		{"a proxy here for this machine", false, proxies, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 200},
		{"a proxy here for nonsense", false, proxies, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "127.0.0.1, unknown"}, 401},
		{"a proxy elsewhere for its own machine", false, proxies, "10.0.0.1:1", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 401},
		{"a proxy here that nobody told of", false, nil, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "203.0.113.9"}, 401},
		{"a proxy here that nobody told of, for this machine", false, nil, "127.0.0.1:1", map[string]string{"X-Forwarded-For": "127.0.0.1"}, 401},
		{"a proxy here with the other header", false, nil, "127.0.0.1:1", map[string]string{"Forwarded": "for=203.0.113.9"}, 401},
		{"a proxy here with yet another header", false, proxies, "127.0.0.1:1", map[string]string{"X-Real-IP": "203.0.113.9"}, 401},
		{"a token", false, nil, "203.0.113.9:1", map[string]string{"Authorization": right}, 200},
		{"a token that does not hold the scope", false, nil, "203.0.113.9:1", map[string]string{"Authorization": stale}, 403},
		{"a token that does not hold the scope, here", false, nil, "127.0.0.1:1", map[string]string{"Authorization": stale}, 403},
		{"no such token", false, nil, "203.0.113.9:1", map[string]string{"Authorization": "Bearer x"}, 401},
		{"a password where there is none", false, nil, "127.0.0.1:1", map[string]string{"Authorization": basic("", "")}, 401},

		{"this machine without the password", true, nil, "127.0.0.1:1", nil, 401},
		{"the password", true, nil, "203.0.113.9:1", map[string]string{"Authorization": basic("prom", "pass:word")}, 200},
		{"a wrong password", true, nil, "127.0.0.1:1", map[string]string{"Authorization": basic("prom", "pass:wor")}, 401},
		{"no password", true, nil, "127.0.0.1:1", map[string]string{"Authorization": basic("prom", "")}, 401},
		{"a wrong user", true, nil, "127.0.0.1:1", map[string]string{"Authorization": basic("Prom", "pass:word")}, 401},
		{"nonsense", true, nil, "127.0.0.1:1", map[string]string{"Authorization": "Basic %%%"}, 401},
		{"a token instead", true, nil, "203.0.113.9:1", map[string]string{"Authorization": right}, 200},
		{"the wrong token instead", true, nil, "203.0.113.9:1", map[string]string{"Authorization": stale}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(c *Config) {
				c.TrustedProxies = tt.proxies
				if tt.password {
					c.Metrics.User, c.Metrics.Password = "prom", "pass:word"
				}
			})
			s.provision("tokens:\n  - {name: reader, scopes: [read, ingest], token: " + readToken + "}\n  - {name: prom, scopes: [metrics], token: " + metricsToken + "}\n")
			for _, path := range []string{"/metrics", "/metrics/"} {
				req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
				req.RemoteAddr = tt.peer
				for name, value := range tt.header {
					req.Header.Set(name, value)
				}
				w := httptest.NewRecorder()
				s.server.Handler().ServeHTTP(w, req)
				h := w.Header()
				if w.Code != tt.want || (w.Code == 200) != strings.Contains(w.Body.String(), "fact_store_up") {
					t.Errorf("%s answers %d, want %d: %s", path, w.Code, tt.want, w.Body)
				}
				if challenges := strings.Join(h.Values("WWW-Authenticate"), " "); w.Code == 401 && !strings.Contains(challenges, "Bearer") {
					t.Errorf("asks for %q", challenges)
				}
				if h.Get("Set-Cookie") != "" || h.Get("Vary") == "Cookie" {
					t.Errorf("a session begins: %v", h)
				}
				checkHeaders(t, path, h, nil)
			}
		})
	}
}

func TestMetricsPasswordGuessesAreSlowedDown(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Metrics.User, c.Metrics.Password = "prom", "pass:word" })
	ask := func(password string) answer {
		req := s.request(http.MethodGet, "/metrics", nil)
		req.SetBasicAuth("prom", password)
		return s.do(req)
	}
	for range wrongPasswords {
		if res := ask("guess"); res.status != http.StatusUnauthorized {
			t.Fatalf("a guess answers %d", res.status)
		}
	}
	if res := ask("guess"); res.status != http.StatusTooManyRequests || res.header.Get("Retry-After") == "" {
		t.Errorf("one guess more answers %d", res.status)
	}
	if res := ask("pass:word"); res.status != http.StatusOK {
		t.Errorf("the password answers %d", res.status)
	}
}

func TestMetricsWhereThereAreNone(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Metrics = Metrics{} })
	if res := s.get("/metrics"); res.status != http.StatusNotFound {
		t.Errorf("it answers %d", res.status)
	}
}

// noted is what an Observer was told.
type noted struct {
	mu              sync.Mutex
	answers, panels []string
}

func (n *noted) Answered(route, method string, status int, _ time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers = append(n.answers, method+" "+route+" "+http.StatusText(status))
}

func (n *noted) PanelLoaded(slug string, _ time.Duration, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		n.panels = append(n.panels, slug)
	}
}

func TestObserver(t *testing.T) {
	told := &noted{}
	s := signedIn(t, func(c *Config) { c.Observer = told })
	s.addIssues()
	told.mu.Lock()
	told.answers = nil
	told.mu.Unlock()
	for _, path := range []string{"/issues/DEV-1", "/nowhere/x", "/panels/cycle-time", "/panels/cycle-time", "/api/v1/panels/time-in-status", "/static/nothing"} {
		s.get(path)
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	want := "GET /issues/{key} OK|GET unmatched Not Found|GET /panels/{slug} OK|GET /panels/{slug} OK|GET /api/v1/panels/{slug} OK|GET /static/* Not Found"
	if got := strings.Join(told.answers, "|"); got != want {
		t.Errorf("answers:\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(told.panels, " "); got != "cycle-time time-in-status" {
		t.Errorf("panels: %s", got) // the second time from the cache
	}
}
