package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5/middleware"
)

// clientIP makes middleware.GetClientIP tell who asks. The X-Forwarded-For of a
// peer that is trusted is believed, from its right end to the first address that
// is not trusted. There is always an address: what cannot be told apart would
// share one count of wrong passwords.
func clientIP(trusted []netip.Prefix) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		next = middleware.ClientIPFromRemoteAddr(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer, ok := parseAddress(r.RemoteAddr)
			r = r.WithContext(context.WithValue(r.Context(), hereKey{}, ok && isHere(peer, r.Header, isTrusted(peer, trusted))))
			if !ok || !isTrusted(peer, trusted) {
				next.ServeHTTP(w, r)
				return
			}
			told := *r // chi reads the address from here
			told.RemoteAddr = forwardedFor(peer, r.Header.Values("X-Forwarded-For"), trusted).String()
			next.ServeHTTP(w, &told)
		})
	}
}

// forwardedFor is the address of who asks, when the peer is a trusted proxy: the
// rightmost that is not trusted, or the leftmost when all are. Left of what is no
// address nothing is believed; the last good one counts then.
func forwardedFor(peer netip.Addr, headers []string, trusted []netip.Prefix) netip.Addr {
	last := peer
	entries := strings.Split(strings.Join(headers, ","), ",")
	for _, entry := range slices.Backward(entries) {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		ip, ok := parseAddress(entry)
		if !ok {
			return last
		}
		last = ip
		if !isTrusted(ip, trusted) {
			return last
		}
	}
	return last
}

// parseAddress reads an address with or without a port: 192.0.2.1,
// 192.0.2.1:4711, 2001:db8::1, [2001:db8::1], [2001:db8::1]:443.
func parseAddress(s string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	} else if inner, ok := strings.CutPrefix(s, "["); ok {
		s = strings.TrimSuffix(inner, "]")
	}
	ip, err := netip.ParseAddr(s)
	// Another spelling of a trusted address must not pass for an untrusted one.
	return ip.Unmap().WithZone(""), err == nil
}

func isTrusted(ip netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(ip) })
}

type hereKey struct{}

// fromHere reports whether a program on this machine asks, for itself.
func fromHere(ctx context.Context) bool {
	here, _ := ctx.Value(hereKey{}).(bool)
	return here
}

// isHere reports whether a request comes from this machine and for nobody else.
// A proxy on it that is trusted says for whom it asks; one that is not, but names
// anybody, asks for somebody else.
func isHere(peer netip.Addr, h http.Header, trusted bool) bool {
	if !peer.IsLoopback() || h.Get("Forwarded") != "" || h.Get("X-Real-Ip") != "" {
		return false
	}
	forwarded := strings.Join(h.Values("X-Forwarded-For"), ",")
	if forwarded == "" {
		return true
	}
	return trusted && !slices.ContainsFunc(strings.Split(forwarded, ","), func(entry string) bool {
		ip, ok := parseAddress(strings.TrimSpace(entry))
		return !ok || !ip.IsLoopback()
	})
}
