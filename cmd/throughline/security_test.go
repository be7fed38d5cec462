package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// Secrets that go through the program in TestSecretsStaySecret. Each is unlike
// anything else.
const (
	canaryPassword  = "canary-password-4f1b9c"
	canaryWrong     = "canary-wrong-password-77aa01"
	canaryToken     = "canary-tracker-token-91d2e3"
	canaryBadToken  = "canary-refused-token-5c5c5c"
	canaryVariable  = "canary-variable-token-0a0b0c"
	canaryFile      = "canary-file-token-d3d3d3"
	canaryAPI       = "canary-api-token-e8e8e8e8e8e8e8e8"
	canaryGuess     = "canary-guessed-token-1f1f1f"
	canaryQuery     = "canary-query-b4b4b4"
	canaryMetrics   = "canary-metrics-password-6a6a6a"
	canaryDSN       = "canary-sentry-key-2b2b2b"
	canarySetupLink = "/setup?token="
)

// TestSecretsStaySecret lives a whole life with the real program at its most
// talkative and then looks for every secret it was told, wherever they could
// have gone.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel() // mostly waits
	_, api := company(t, simulator.Options{Issues: 30, Token: canaryToken, OrgID: "8888"})
	_, variable := company(t, simulator.Options{Issues: 5, Token: canaryVariable, OrgID: "1"})
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest) // repeats what it was sent, as bad servers do
		_, _ = fmt.Fprintf(w, `{"errorMessages": ["cannot use %s of %s"]}`, r.Header.Get("Authorization"), r.URL)
	}))
	t.Cleanup(echo.Close)
	p := startProcess(t, secretProvision(t, variable.URL), "THROUGHLINE_LOG_LEVEL=debug", "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8,::1/128",
		"CANARY_VARIABLE="+canaryVariable, "CANARY_API="+canaryAPI,
		"THROUGHLINE_METRICS_USER=prom", "THROUGHLINE_METRICS_PASSWORD="+canaryMetrics, "THROUGHLINE_SENTRY_DSN=http://"+canaryDSN+"@127.0.0.1:9/1")
	v := newWitness(t, p.url)

	// Somebody sets up, mistypes a password, and connects a source.
	link := p.waitFor(`url="?http://[^/]+(/setup\?token=[^\s"]+)`)[1]
	setup := strings.TrimPrefix(link, canarySetupLink)
	v.get(link)
	v.post("/setup", url.Values{"token": {setup}, "email": {"lead@example.com"}, "password": {canaryPassword}, "password2": {canaryWrong}})
	v.post("/setup", url.Values{"token": {setup}, "email": {"lead@example.com"}, "password": {canaryPassword}, "password2": {canaryPassword}})
	v.post("/logout", nil)
	v.post("/login", url.Values{"email": {"lead@example.com"}, "password": {canaryWrong}})
	v.post("/login", url.Values{"email": {canaryWrong}, "password": {canaryPassword}})
	v.post("/login", url.Values{"email": {"lead@example.com"}, "password": {canaryPassword}})
	if status := v.get("/settings/connections"); status != http.StatusOK {
		t.Fatalf("not signed in: %d\n%s", status, p.log)
	}
	form := func(name, base, token string) url.Values {
		return url.Values{"kind": {"tracker"}, "name": {name}, "org_id": {"8888"}, "base_url": {base}, "token": {token}, "every": {"1800"}, "language": {"en"}, "initial_range": {"200w"}, "changelog": {"on"}}
	}
	for _, f := range []url.Values{form("a", api.URL, canaryBadToken), form("a", echo.URL, canaryToken), form("a", "nonsense", canaryToken), form("a", api.URL, canaryToken)} {
		v.post("/settings/connections/test", f)
	}
	v.post("/settings/connections", form("", api.URL, canaryToken)) // refused: it has no name
	for name, f := range map[string]url.Values{"good": form("good", api.URL, canaryToken), "refused": form("refused", api.URL, canaryBadToken), "echo": form("echo", echo.URL, canaryToken)} {
		v.post("/settings/connections", f)
		p.waitFor(`msg="sync ended" connection=` + name)
	}
	p.waitFor(`msg="sync ended" connection=provisioned .*state=done`)
	p.waitFor(`msg="sync ended" connection=good .*state=done`)

	// Programs ask, rightly and wrongly.
	for _, token := range []string{canaryAPI, canaryGuess} {
		for _, path := range []string{"/api/v1/issues", "/api/v1/panels/cycle-time?range=12m", "/api/v1/syncs", "/api/v1/issues?queue=" + canaryQuery, "/api/v1/nonsense", "/metrics"} {
			v.program(path, token)
		}
	}
	v.get("/flow?queue=" + canaryQuery)
	v.get("/nowhere?" + canaryQuery)
	for _, page := range v.everywhere() {
		v.get(page)
	}

	if v.seen.Len() < 100_000 || !strings.Contains(v.seen.String(), canaryQuery) {
		t.Errorf("only %d bytes were looked at", v.seen.Len())
	}
	secrets := []string{canaryPassword, canaryWrong, canaryToken, canaryBadToken, canaryVariable, canaryFile, canaryAPI, canaryGuess, canaryMetrics, canaryDSN}
	secrets = append(secrets, v.cookies()...)
	// The address that was typed and the filter are shown to who typed them.
	for _, secret := range secrets {
		if secret != canaryWrong && strings.Contains(v.seen.String(), secret) {
			t.Errorf("a page or answer holds %q: …%s…", secret, around(v.seen.String(), secret))
		}
	}
	copied := unpacked(t, p.dir)
	for _, secret := range append(secrets, setup) {
		if bytes.Contains(copied, []byte(secret)) {
			t.Errorf("the backup holds %q", secret)
		}
	}
	p.stop()
	for _, secret := range append(secrets, canaryQuery) {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log holds %q: …%s…", secret, around(p.log.String(), secret))
		}
	}
	files := 0
	err := filepath.WalkDir(p.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for _, secret := range append(secrets, setup) {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s holds %q", filepath.Base(path), secret)
			}
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("%d files: %v", files, err)
	}
}

// unpacked is all that a backup of dir holds.
func unpacked(t *testing.T, dir string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	code, stdout, stderr := cli(t, []string{"THROUGHLINE_DATA_DIR=" + dir}, "backup", file)
	expect(t, code, exitDone, stdout+stderr)
	packed, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	zip, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(zip)
	if err != nil || len(data) < 100_000 {
		t.Fatalf("%d bytes: %v", len(data), err)
	}
	return data
}

func secretProvision(t *testing.T, base string) string {
	t.Helper()
	dir := t.TempDir()
	secret := filepath.Join(dir, "token")
	if err := os.WriteFile(secret, []byte(canaryFile+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
connections:
  - {name: provisioned, kind: tracker, settings: {org_id: "1", base_url: "` + base + `", initial_range: 200w}, secrets: {token: "${CANARY_VARIABLE}"}}
  - {name: from-file, kind: tracker, settings: {org_id: "1", base_url: "` + base + `"}, secrets: {token: "${file:` + secret + `}"}}
tokens: [{name: reader, scopes: [read], token: "${CANARY_API}"}]
`
	path := filepath.Join(dir, "provision.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func around(text, part string) string {
	i := strings.Index(text, part)
	return text[max(0, i-120):min(len(text), i+len(part)+40)]
}

// TestAddressesInside: what is not public is refused in words, however it is
// written, and nothing is sent there.
func TestAddressesInside(t *testing.T) {
	reached := make(chan string, 100)
	inside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.URL.String() }))
	t.Cleanup(inside.Close)
	port := inside.URL[strings.LastIndex(inside.URL, ":")+1:]
	environ := append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD="+canaryPassword)
	s := launch(t, environ, "serve")
	v := newWitness(t, s.url)
	v.post("/login", url.Values{"email": {"lead@example.com"}, "password": {canaryPassword}})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "localhost", "0.0.0.0", "[::]",
		"169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "[fd00:ec2::254]", "[fe80::1]", "[64:ff9b::7f00:1]",
		"2130706433", "0x7f000001", "0177.0.0.1", "127.1",
	} {
		v.seen.Reset()
		form := url.Values{
			"kind": {"tracker"}, "name": {"x"}, "org_id": {"1"}, "token": {canaryToken}, "every": {"1800"}, "language": {"en"},
			"initial_range": {"365d"}, "base_url": {"http://" + host + ":" + port},
		}
		status := v.post("/settings/connections/test", form)
		text := v.seen.String()
		refused := strings.Contains(text, "is not a public address") || strings.Contains(text, "is not known") ||
			strings.Contains(text, "API address")
		if status != http.StatusOK || !refused || strings.Contains(text, "The connection works") {
			t.Errorf("%s: %d: %s", host, status, text[max(0, strings.Index(text, "\r\n\r\n")):])
		}
	}
	select {
	case path := <-reached:
		t.Errorf("something was sent inside: %s", path)
	default:
	}
}

// TestLimitsOfTheServer: heads of requests are bounded in size, and whoever does
// not get to the end of theirs is let go.
func TestLimitsOfTheServer(t *testing.T) {
	s := launch(t, dataDir(t), "serve")
	addr := strings.TrimPrefix(s.url, "http://")
	for name, head := range map[string]string{
		"a large header": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 80<<10) + "\r\n\r\n",
		"many headers":   "GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: xxxxxxxxxxxxxxxx\r\n", 4000) + "\r\n",
		"a long address": "GET /healthz?" + strings.Repeat("x", 80<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, head) // may be cut off in the middle
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 431 ") {
			t.Errorf("%s is answered %q, %v", name, line, err)
		}
		_ = conn.Close()
	}
	server := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if server.ReadHeaderTimeout <= 0 || server.ReadHeaderTimeout > 10*time.Second || server.IdleTimeout <= 0 || server.ReadTimeout <= 0 || server.WriteTimeout <= 0 {
		t.Errorf("%+v", server)
	}
	// The same server with less patience: a request that never ends is closed.
	server.ReadHeaderTimeout = 50 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the slow one is not let go: %v", err)
	}
}
