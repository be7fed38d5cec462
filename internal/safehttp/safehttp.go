// Package safehttp makes HTTP clients for addresses that people type in: they
// reach the public internet and the networks that the operator allows, nothing
// else, whatever a name resolves to.
package safehttp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// BlockedError is returned for a connection to an address that is not allowed.
type BlockedError struct{ Addr netip.Addr }

func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s is not a public address; to reach it, add its network to THROUGHLINE_ALLOWED_NETWORKS", e.Addr)
}

// Blocked is the address that was refused.
func (e *BlockedError) Blocked() netip.Addr { return e.Addr }

// RedirectError is returned for a redirect away from the host that was asked.
type RedirectError struct {
	Host string // scheme and host that the answer points to
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("redirected to another host, %s; enter the address of the host that answers", e.Host)
}

const (
	connsPerHost    = 16
	maxRedirects    = 10
	maxHeaderBytes  = 256 << 10
	dialTimeout     = 10 * time.Second
	tlsTimeout      = 10 * time.Second
	headerTimeout   = 60 * time.Second
	idleConnTimeout = 90 * time.Second
)

// Client makes a client for one purpose. allowed opens networks that are
// blocked otherwise; timeout bounds each request with the reading of its body,
// 0 does not. Its errors wrap *BlockedError and *RedirectError.
func Client(allowed []netip.Prefix, timeout time.Duration) *http.Client {
	return client(&net.Dialer{}, allowed, timeout)
}

func client(dialer *net.Dialer, allowed []netip.Prefix, timeout time.Duration) *http.Client {
	allowed = slices.Clone(allowed)
	dialer.Timeout = dialTimeout
	// Checked on the address that is dialled: a name may resolve to another one
	// each time it is asked for.
	dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return check(address, allowed)
	}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: sameHost,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would dial in our place, unchecked
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			MaxConnsPerHost:        connsPerHost,
			MaxIdleConnsPerHost:    connsPerHost,
			MaxIdleConns:           4 * connsPerHost,
			IdleConnTimeout:        idleConnTimeout,
			TLSHandshakeTimeout:    tlsTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// check tells whether an IP address with a port may be dialled.
func check(address string, allowed []netip.Prefix) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %q: %w", address, err)
	}
	// 127.0.0.1 can be written ::ffff:127.0.0.1, fe80::1 as fe80::1%eth0.
	addr := ap.Addr().Unmap().WithZone("")
	contains := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(allowed, contains) || !slices.ContainsFunc(blocked(), contains) {
		return nil
	}
	return &BlockedError{addr}
}

// sameHost follows redirects within a scheme and host only: elsewhere, the
// credentials that go with a request are nobody's business.
func sameHost(req *http.Request, via []*http.Request) error {
	if from := via[0].URL; origin(req.URL) != origin(from) {
		return &RedirectError{origin(req.URL)}
	}
	if len(via) >= maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

// origin is scheme, host and port of u.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return u.Scheme + "://" + bracketed(u.Hostname())
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

func bracketed(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		return "[" + host + "]"
	}
	return host
}
