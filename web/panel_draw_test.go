package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"throughline/internal/control"
)

// raw asks as a browser does and returns what came, and how it was encoded.
func (s *site) raw(path, accept string) (encoding, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", accept)
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var in io.Reader = res.Body
	if encoding = res.Header.Get("Content-Encoding"); encoding == "gzip" {
		if in, err = gzip.NewReader(res.Body); err != nil {
			s.t.Fatal(err)
		}
	}
	text, err := io.ReadAll(in)
	if err != nil || res.StatusCode != http.StatusOK || encoding == "gzip" && !strings.Contains(strings.Join(res.Header.Values("Vary"), ","), "Accept-Encoding") {
		s.t.Fatalf("%s answers %d, %v, %v", path, res.StatusCode, res.Header, err)
	}
	return encoding, string(text)
}

// What was drawn for one reader is given to another who sees the same, and to nobody else.
func TestDrawnCharts(t *testing.T) {
	s := withTeams(t)
	s.addUser("viewer@example.com", control.Viewer)
	admin := s.client
	for _, query := range []string{"range=60d", "range=30d", "range=60d&lang=ru", "range=60d&team=Payments"} {
		for _, slug := range []string{"cycle-time", "cycle-time-trend", "aging", "pipeline-duration", "change-lead-time", "errors-open"} {
			path := "/panels/" + slug + "?" + query
			for range 2 {
				for _, reader := range []*http.Client{admin, s.as("viewer@example.com")} {
					s.client = reader
					encoding, drawn := s.raw(path, "gzip, deflate, br")
					_, plain := s.raw(path, "identity")
					if encoding != "gzip" || drawn != plain || !strings.Contains(plain, slug) {
						t.Errorf("%s: what was drawn (%d bytes, %q) is not what is (%d bytes)", path, len(drawn), encoding, len(plain))
					}
				}
			}
		}
	}
	if len(s.server.caches.drawn.entries) < 12 {
		t.Errorf("only %d are kept", len(s.server.caches.drawn.entries))
	}
	s.client = admin
	_, before := s.raw("/panels/cycle-time?range=60d", "gzip")
	if _, err := s.store.Write(t.Context(), company(500)); err != nil {
		t.Fatal(err)
	}
	if _, after := s.raw("/panels/cycle-time?range=60d", "gzip"); after == before {
		t.Error("new issues change nothing")
	}
}
