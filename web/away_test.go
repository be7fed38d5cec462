package web

import (
	"net/http"
	"strings"
	"testing"

	"throughline/internal/store/clickhousestore"
)

// withoutStore is a site whose fact store has never answered.
func withoutStore(t *testing.T) *site {
	t.Helper()
	address, err := clickhousestore.ParseAddress("http://127.0.0.1:1/d")
	if err != nil {
		t.Fatal(err)
	}
	store, err := clickhousestore.New(address)
	if err != nil {
		t.Fatal(err)
	}
	s := signedIn(t, func(c *Config) { c.Store = store })
	s.worker.waiting.Store(true)
	return s
}

// Without the fact store, what does not come from it works, and the rest says
// what is missing.
func TestPagesWithoutStore(t *testing.T) {
	s := withoutStore(t)
	for _, tt := range []struct {
		path   string
		status int
		where  string
		text   string
	}{
		{"/", http.StatusOK, ".banner.warn", "no figures for now"},
		{"/syncs", http.StatusOK, ".banner.warn", "Syncs wait for it"},
		{"/settings/teams", http.StatusOK, ".banner.warn", "are not listed for now"},
		{"/settings/teams/new", http.StatusOK, "h1", ""},
		{"/settings/workflow", http.StatusOK, ".banner.warn", "sorted already"},
		{"/settings/calendars", http.StatusOK, "h1", ""},
		{"/settings/connections", http.StatusOK, ".banner.warn", "Syncs wait for it"},
		{"/settings/users", http.StatusOK, "h1", ""},
		{"/settings/tokens", http.StatusOK, "h1", ""},
		{"/settings/audit", http.StatusOK, "h1", ""},
		{"/account", http.StatusOK, "h1", ""},
		{"/incidents/new", http.StatusOK, "h1", "Record an incident"},
		{"/flow", http.StatusServiceUnavailable, "h1", "The fact store does not answer"},
		{"/flow?lang=ru", http.StatusServiceUnavailable, "h1", "Хранилище данных не отвечает"},
		{"/issues", http.StatusServiceUnavailable, "h1", "The fact store does not answer"},
		{"/issues/DEV-1", http.StatusServiceUnavailable, "h1", "The fact store does not answer"},
		{"/panels/cycle-time?range=30d", http.StatusServiceUnavailable, "[role=alert] p", "so this chart is missing for now"},
		{"/panels/cycle-time?range=30d&lang=ru", http.StatusServiceUnavailable, "[role=alert] p", "Хранилище данных не отвечает"},
		{"/panels/flow-headline?range=30d", http.StatusServiceUnavailable, "[role=alert] p", "does not answer"},
	} {
		res := s.get(tt.path)
		if res.status != tt.status {
			t.Errorf("%s: %d", tt.path, res.status)
			continue
		}
		want(t, res.doc, tt.where, tt.text)
		if tt.status == http.StatusOK {
			continue
		}
		if res.header.Get("Retry-After") != "30" {
			t.Errorf("%s does not say when to come back", tt.path)
		}
		page := !strings.HasPrefix(tt.path, "/panels/")
		if page && (res.doc.Find("nav a[href='/settings']").Length() == 0 || res.doc.Find(".actions a[href='"+tt.path+"']").Length() != 1) {
			t.Errorf("%s: no way on", tt.path)
		}
		if page && res.doc.Find("nav a[href='/flow'][aria-current=page]").Length() != 1 {
			t.Errorf("%s: the rail does not say where one is", tt.path)
		}
	}
}

func TestProgramsWithoutStore(t *testing.T) {
	s := withoutStore(t)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	for _, path := range []string{
		"/api/v1/panels/cycle-time", "/api/v1/panels/cycle-time.csv", "/api/v1/panels/cycle-time/records",
		"/api/v1/issues", "/api/v1/issues.csv", "/api/v1/issues/DEV-1",
	} {
		res := s.api(http.MethodGet, path, readToken)
		if res.status != http.StatusServiceUnavailable || res.header.Get("Retry-After") != "30" || !strings.Contains(res.body, `"code":"unavailable"`) {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
	for _, path := range []string{"/api/v1/syncs", "/api/v1/panels"} {
		if res := s.api(http.MethodGet, path, readToken); res.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
}
