package main

import (
	"net/http"
	"net/url"
	"os"
	"testing"
)

// shown is the demo that the tests share which only look at it.
var shown *site

func TestMain(m *testing.M) {
	code := m.Run()
	if shown != nil {
		shown.stop()
	}
	os.Exit(code)
}

// demoToLookAt is a filled demo for a test, not a parallel one, that changes nothing of
// it but its language and theme.
func demoToLookAt(t *testing.T) *site {
	t.Helper()
	if shown == nil {
		s := begin(t, nil, "demo")
		s.filled()
		shown = s
	}
	s := *shown
	s.t = t
	v := s.visitor()
	v.get("/")
	if status := v.post("/preferences", url.Values{"lang": {"en"}, "theme": {"auto"}}); status != http.StatusSeeOther {
		t.Fatalf("preferences answer %d", status)
	}
	return &s
}
