package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/go-chi/chi/v5/middleware"
)

func TestClientIP(t *testing.T) {
	private := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const proxy = "10.0.0.1:5000"
	for _, tt := range []struct {
		name      string
		trusted   []netip.Prefix
		peer      string
		forwarded []string
		want      string
	}{
		{"no proxy is trusted", nil, "203.0.113.9:5000", []string{"1.1.1.1"}, "203.0.113.9"},
		{"a peer that is not trusted", private, "203.0.113.9:5000", []string{"1.1.1.1"}, "203.0.113.9"},
		{"a zone", nil, "[fe80::1%eth0]:5000", nil, "fe80::1%eth0"},
		{"by a proxy", private, proxy, []string{"203.0.113.9"}, "203.0.113.9"},
		{"by two proxies", private, proxy, []string{"203.0.113.9, 10.1.1.1"}, "203.0.113.9"},
		{"in two headers", private, proxy, []string{"203.0.113.9", "10.1.1.1"}, "203.0.113.9"},
		{"what the client claims", private, proxy, []string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
		{"from inside", private, proxy, []string{"10.1.2.3"}, "10.1.2.3"},
		{"from inside by two proxies", private, proxy, []string{"10.1.2.3, 10.9.9.9"}, "10.1.2.3"},
		{"no header", private, proxy, nil, "10.0.0.1"},
		{"an empty header", private, proxy, []string{" , "}, "10.0.0.1"},
		{"unknown", private, proxy, []string{"unknown"}, "10.0.0.1"},
		{"left of unknown", private, proxy, []string{"1.1.1.1, unknown, 10.9.9.9"}, "10.9.9.9"},
		{"garbage at the end", private, proxy, []string{"1.1.1.1, garbage"}, "10.0.0.1"},
		{"a port", private, proxy, []string{"203.0.113.5:4711"}, "203.0.113.5"},
		{"IPv6", private, proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", private, proxy, []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", private, proxy, []string{"[2001:db8::1]:443, [fd00::1]:443"}, "2001:db8::1"},
		{"a trusted one, spelled otherwise", private, proxy, []string{"203.0.113.9, ::ffff:10.1.1.1, fd00::1%x"}, "203.0.113.9"},
		{"a peer, spelled otherwise", private, "[::ffff:10.0.0.1]:5000", []string{"203.0.113.9"}, "203.0.113.9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			handler := clientIP(tt.trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = middleware.GetClientIP(r.Context())
			}))
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			req.RemoteAddr = tt.peer
			req.Header["X-Forwarded-For"] = tt.forwarded
			handler.ServeHTTP(httptest.NewRecorder(), req)
			if got != tt.want {
				t.Errorf("address %q, want %q", got, tt.want)
			}
		})
	}
}
