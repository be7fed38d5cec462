package safehttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestCheck(t *testing.T) {
	blocked := []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255",
		"198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254",
		"fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
	}
	for _, addr := range blocked {
		err := check(netip.AddrPortFrom(netip.MustParseAddr(addr), 443).String(), nil)
		var e *BlockedError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), e.Addr.String()) || !strings.Contains(err.Error(), "THROUGHLINE_ALLOWED_NETWORKS") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	open := []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1",
		"198.17.255.255", "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a02:6b8::2:242", "2001:200::1", "::ffff:1.1.1.1",
	}
	for _, addr := range open {
		if err := check(netip.AddrPortFrom(netip.MustParseAddr(addr), 443).String(), nil); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := check("nonsense", nil); err == nil {
		t.Error("an address that is none may be dialled")
	}
}

func TestCheckAllowed(t *testing.T) {
	allowed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fe80::/10")}
	for addr, want := range map[string]bool{
		"10.1.2.3:80": true, "10.2.0.1:80": false, "[::ffff:10.1.2.3]:80": true, "[fe80::1%eth0]:80": true, "127.0.0.1:80": false, "1.1.1.1:80": true,
	} {
		if err := check(addr, allowed); (err == nil) != want {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func get(t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "OAuth y0_secret")
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	return string(body), err
}

func TestClient(t *testing.T) {
	reached := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached++
		_, _ = io.WriteString(w, "hello")
	}))
	defer server.Close()

	_, err := get(t, Client(nil, time.Minute), server.URL)
	var blocked *BlockedError
	if !errors.As(err, &blocked) || blocked.Addr != netip.MustParseAddr("127.0.0.1") || reached != 0 {
		t.Errorf("error %v, reached %d times", err, reached)
	}
	if body, err := get(t, Client(loopback, time.Minute), server.URL); err != nil || body != "hello" {
		t.Errorf("%q, %v", body, err)
	}
}

// The environment's proxy would dial in our place.
func TestClientUsesNoProxy(t *testing.T) {
	if Client(nil, 0).Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy is used")
	}
}

// dnsServer answers every question for an address with 127.0.0.1, as the owner
// of a name can have it.
func dnsServer(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := answerLoopback(buf[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func answerLoopback(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) != 1 {
		return nil, errors.Join(err, errors.New("not a question"))
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	return m.Pack()
}

// A public name that resolves to a private address is blocked too.
func TestNameThatResolvesToPrivateAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "inside") }))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	address := "http://rebind.example.com.:" + u.Port()
	resolver := dnsServer(t)
	_, err = get(t, client(&net.Dialer{Resolver: resolver}, nil, time.Minute), address)
	var blocked *BlockedError
	if !errors.As(err, &blocked) || blocked.Addr != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("error %v", err)
	}
	if body, err := get(t, client(&net.Dialer{Resolver: resolver}, loopback, time.Minute), address); err != nil || body != "inside" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestRedirects(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host was asked, with %q", r.Header.Get("Authorization"))
	}))
	defer other.Close()
	mux := http.NewServeMux()
	mux.Handle("/away", http.RedirectHandler(other.URL+"/x?secret=1", http.StatusFound))
	mux.Handle("/here", http.RedirectHandler("/end", http.StatusMovedPermanently))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/scheme", http.RedirectHandler("https://127.0.0.1/", http.StatusFound))
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) })
	server := httptest.NewServer(mux)
	defer server.Close()
	c := Client(loopback, time.Minute)

	if body, err := get(t, c, server.URL+"/here"); err != nil || body != "OAuth y0_secret" {
		t.Errorf("%q, %v", body, err)
	}
	_, err := get(t, c, server.URL+"/away")
	var redirect *RedirectError
	if !errors.As(err, &redirect) || redirect.Host != other.URL || !strings.Contains(err.Error(), redirect.Host) {
		t.Errorf("error %v", err)
	}
	redirect = nil
	if _, err = get(t, c, server.URL+"/scheme"); !errors.As(err, &redirect) || redirect.Host != "https://127.0.0.1" {
		t.Errorf("error %v", err)
	}
	if _, err = get(t, c, server.URL+"/loop"); err == nil || !strings.Contains(err.Error(), "too many redirects") {
		t.Errorf("error %v", err)
	}
}

func TestOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com:443/a": "https://example.com", "http://example.com:80": "http://example.com", "https://example.com:80": "https://example.com:80",
		"http://[::1]:80/": "http://[::1]", "http://[::1]:81/": "http://[::1]:81", "https://example.com": "https://example.com",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := origin(u); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func TestLimits(t *testing.T) {
	stop := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/headers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 2*maxHeaderBytes))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(stop)
	if _, err := get(t, Client(loopback, 50*time.Millisecond), server.URL+"/slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if _, err := get(t, Client(loopback, time.Minute), server.URL+"/headers"); err == nil {
		t.Error("took a header of half a megabyte")
	}
	tr := Client(nil, 0).Transport.(*http.Transport)
	if tr.MaxConnsPerHost != 16 || tr.ResponseHeaderTimeout != time.Minute || tr.TLSHandshakeTimeout != 10*time.Second {
		t.Errorf("limits %+v", tr)
	}
}
