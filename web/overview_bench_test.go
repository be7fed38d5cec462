package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkOverview answers the first page of 20 teams: the page itself, one row, all
// rows, and what needs attention; computed, and from memory.
func BenchmarkOverview(b *testing.B) {
	s := ofManyTeams(b, many{teams: 20, issues: 100_000, runs: 20_000, deployments: 5_000, errors: 5_000})
	if err := s.db.EnsureAdmin(b.Context(), adminEmail, adminPassword); err != nil {
		b.Fatal(err)
	}
	s.post("/login", map[string][]string{"email": {adminEmail}, "password": {adminPassword}})
	cookie := s.sessionCookie()
	handler := s.server.Handler()
	ask := func(b *testing.B, path string) {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		if strings.HasPrefix(path, "/api/") {
			req.Header.Set("Authorization", "Bearer "+readToken)
		} else {
			req.AddCookie(&http.Cookie{Name: "throughline", Value: cookie})
		}
		res := httptest.NewRecorder()
		handler.ServeHTTP(res, req)
		if res.Code != http.StatusOK {
			b.Fatal(path, res.Code, res.Body)
		}
	}
	for _, span := range []string{"30d", "90d"} {
		for _, asked := range []struct{ name, path string }{
			{"page", "/?range=" + span},
			{"row of a team", "/overview/rows/team?team=team+07&range=" + span},
			{"row of all", "/overview/rows/all?range=" + span},
			{"rows", "/api/v1/overview?clock=business&range=" + span},
			{"attention", "/overview/attention?range=" + span},
		} {
			b.Run(span+"/"+asked.name+"/computed", func(b *testing.B) {
				for b.Loop() {
					s.server.caches.answers.forget()
					ask(b, asked.path)
				}
			})
			b.Run(span+"/"+asked.name+"/kept", func(b *testing.B) {
				ask(b, asked.path)
				for b.Loop() {
					ask(b, asked.path)
				}
			})
		}
	}
}
