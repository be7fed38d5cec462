package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"throughline/internal/delivery"
)

// benchIssues is how many issues the site of the benchmarks knows; a range of
// 200 days holds nearly all that are closed.
const benchIssues = 20_000

// benchSite answers with a cookie of somebody signed in, or a token.
func benchSite(b *testing.B) *site {
	b.Helper()
	s := newSite(b, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	all := company(benchIssues)
	for len(all.Issues) > 0 {
		n := min(1000, len(all.Issues))
		page := delivery.Batch{Connection: all.Connection, Statuses: all.Statuses, Issues: all.Issues[:n]}
		if _, err := s.store.Write(b.Context(), page); err != nil {
			b.Fatal(err)
		}
		all.Issues = all.Issues[n:]
	}
	return s
}

// BenchmarkPanel answers each panel as JSON: computed, and from memory.
func BenchmarkPanel(b *testing.B) {
	s := benchSite(b)
	handler := s.server.Handler()
	for _, p := range panels() {
		ask := func(b *testing.B) {
			req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/v1/panels/"+p.slug+"?range=200d&clock=business", nil)
			req.Header.Set("Authorization", "Bearer "+readToken)
			res := httptest.NewRecorder()
			handler.ServeHTTP(res, req)
			if res.Code != http.StatusOK {
				b.Fatal(res.Code, res.Body)
			}
		}
		b.Run(p.slug+"/computed", func(b *testing.B) {
			for b.Loop() {
				s.server.caches.answers.forget()
				ask(b)
			}
		})
		b.Run(p.slug+"/kept", func(b *testing.B) {
			for b.Loop() {
				ask(b)
			}
		})
	}
}

// forget drops every answer.
func (c *cache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.bytes = nil, 0
}

func BenchmarkIssueList(b *testing.B) {
	s := benchSite(b)
	handler := s.server.Handler()
	for b.Loop() {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/v1/issues?state=closed&limit=1000&range=200d", nil)
		req.Header.Set("Authorization", "Bearer "+readToken)
		res := httptest.NewRecorder()
		handler.ServeHTTP(res, req)
		if res.Code != http.StatusOK {
			b.Fatal(res.Code, res.Body)
		}
	}
}
