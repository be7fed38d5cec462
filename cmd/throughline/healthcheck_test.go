package main

import "testing"

func TestHealthURL(t *testing.T) {
	for addr, want := range map[string]string{
		":8080":            "http://127.0.0.1:8080/healthz",
		"0.0.0.0:80":       "http://127.0.0.1:80/healthz",
		"[::]:8080":        "http://[::1]:8080/healthz",
		"192.0.2.7:8080":   "http://192.0.2.7:8080/healthz",
		"example.com:8080": "http://example.com:8080/healthz",
	} {
		if got, err := healthURL(addr); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", addr, got, err, want)
		}
	}
	if got, err := healthURL("8080"); err == nil {
		t.Errorf("8080 is taken for %s", got)
	}
}
