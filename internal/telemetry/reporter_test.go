package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// sentryServer keeps what it is sent.
type sentryServer struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	auth   string
}

func newSentryServer(t *testing.T) *sentryServer {
	t.Helper()
	s := &sentryServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bodies = append(s.bodies, string(body))
		s.auth = r.URL.Path + " " + r.Header.Get("X-Sentry-Auth")
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sentryServer) dsn() string {
	return strings.Replace(s.URL, "://", "://canary-public-key-00@", 1) + "/7"
}

// seen is the last thing of each envelope: the event.
func (s *sentryServer) seen(t *testing.T) (all string, events []map[string]any) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, body := range s.bodies {
		lines := strings.Split(strings.TrimSpace(body), "\n")
		var event map[string]any
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &event); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		events = append(events, event)
	}
	return strings.Join(s.bodies, "\n"), events
}

func reporter(t *testing.T, o Sentry) (*slog.Logger, *Reporter, *bytes.Buffer) {
	t.Helper()
	r, err := NewReporter(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	var out bytes.Buffer
	return slog.New(r.Handler(slog.NewTextHandler(&out, nil))), r, &out
}

func TestErrorsAreReported(t *testing.T) {
	t.Setenv("CANARY_VARIABLE", "canary-environment")
	t.Setenv("SENTRY_ENVIRONMENT", "canary-environment")
	t.Setenv("SENTRY_TAGS_X", "canary-environment")
	server := newSentryServer(t)
	log, r, out := reporter(t, Sentry{DSN: server.dsn(), Version: "1.2.3", Environment: "test", Secrets: []string{"canary literal", "hunter2", ""}})
	err := fmt.Errorf("store page: %w", &fs.PathError{Op: "open", Path: "https://u:canary-user@host.example/x?token=canary-query&a=1", Err: errors.New("canary literal hunter2, Authorization: Bearer canary-bearer")})
	log.With("connection", "tracker", "ip", "203.0.113.9").Error("sync cannot be started", "error", err, "sync", 7,
		"user", "canary@example.com", "header", "canary-header", "cookie", "canary-cookie", "query", "canary-query", "body", "canary-body")
	log.Warn("canary-warning")
	log.WithGroup("request").Error("in a group", "error", "canary-group", "connection", "canary-group")
	r.Close()

	all, events := server.seen(t)
	if len(events) != 2 {
		t.Fatalf("%d events: %s", len(events), all)
	}
	e := events[0]
	if e["message"] != "sync cannot be started" || e["level"] != "error" || e["release"] != "throughline@1.2.3" || e["environment"] != "test" {
		t.Errorf("%v", e)
	}
	expect(t, all, `"connection":"tracker"`, `"sync":"7"`, `"error_type":"*fs.PathError"`,
		`"value":"store page: open https://host.example/x [hidden] [hidden], Authorization: [hidden] [hidden]"`,
		`"function":"TestErrorsAreReported"`, `"message":"in a group"`)
	for _, never := range []string{"canary", "hunter2", "203.0.113.9", "example.com", "server_name", "request\":", "\"user\":{\"", "modules", "/telemetry/reporter.go", "\"abs_path\""} {
		if text := strings.ReplaceAll(all, "canary-public-key-00", ""); strings.Contains(text, never) {
			t.Errorf("it tells %q: %s", never, text)
		}
	}
	expect(t, server.auth, "/api/7/envelope/ ", "sentry_key=canary-public-key-00")
	expect(t, out.String(), "sync cannot be started", "canary-warning", "in a group")
}

func TestPanicsAreReported(t *testing.T) {
	server := newSentryServer(t)
	log, r, _ := reporter(t, Sentry{DSN: server.dsn(), Version: "1", Environment: "test"})
	func() {
		defer func() {
			log.Error("panic", "value", recover(), "stack", string(debug.Stack()))
		}()
		breaks()
	}()
	r.Close()
	all, _ := server.seen(t)
	expect(t, all, `"message":"panic"`, `"level":"fatal"`, `"value":"password=[hidden] of [e-mail] at [address]"`, `"function":"breaks"`)
	if strings.Contains(all, "canary-") && strings.Contains(strings.ReplaceAll(all, "canary-public-key-00", ""), "canary") {
		t.Errorf("it tells a secret: %s", all)
	}
}

func breaks() { panic("password=canary-password of canary@example.com at 192.0.2.1") }

// Without a DSN nothing changes.
func TestNothingIsReported(t *testing.T) {
	r, err := NewReporter(Sentry{})
	if err != nil {
		t.Fatal(err)
	}
	next := slog.DiscardHandler
	if r.Handler(next) != next {
		t.Error("the log is wrapped for nothing")
	}
	r.Report("nobody hears", errors.New("canary"))
	r.Close()
	(*Reporter)(nil).Report("nobody hears", errors.New("canary"))
	(*Reporter)(nil).Close()
	if _, err := NewReporter(Sentry{DSN: "canary"}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v", err)
	}
}

// A fault that repeats itself is not reported for ever.
func TestReportsAreBounded(t *testing.T) {
	server := newSentryServer(t)
	log, r, out := reporter(t, Sentry{DSN: server.dsn(), Version: "1", Environment: "test"})
	for range 200 {
		log.Error("again")
	}
	r.Close()
	if _, events := server.seen(t); len(events) == 0 || len(events) > reportBurst+1 {
		t.Errorf("%d events", len(events))
	}
	if n := strings.Count(out.String(), "again"); n != 200 {
		t.Errorf("%d are logged", n)
	}
}

// A server that does not answer delays a stop for a while only, and leaves
// nothing running.
func TestSentryHangs(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	log, r, _ := reporter(t, Sentry{DSN: strings.Replace(server.URL, "://", "://k@", 1) + "/1", Version: "1", Environment: "test"})
	log.Error("lost")
	<-arrived
	r.Close() // that nothing is left is seen when all tests are over
}

func TestScrub(t *testing.T) {
	s := newScrubber("tell nobody", "tell nobody else", "abc")
	for text, want := range map[string]string{
		"open /var/lib/throughline/facts.db: disk full":     "open /var/lib/throughline/facts.db: disk full",
		"it said tell nobody else, tell nobody":             "it said [hidden], [hidden]",
		"abc is too short":                                  "abc is too short",
		"Get \"https://a.example/v3/x?token=t#f\": timeout": "Get \"https://a.example/v3/x\": timeout",
		"clickhouse://user:pw@host:9000/db?x=1 refused":     "clickhouse://host:9000/db refused",
		"GET /issues?q=secret words":                        "GET /issues words",
		"OAuth y0_AgAAAABk is wrong":                        "OAuth [hidden] is wrong",
		"token: \"a b\", next":                              "token: [hidden], next",
		"client_secret=x&a=1":                               "client_secret=[hidden]&a=1",
		"mail ivan.petrov@почта.example now":                "mail [e-mail] now",
		"dial tcp 10.1.2.3:9000: refused":                   "dial tcp [address]:9000: refused",
		"dial tcp [2001:db8:0:1::7]:443: refused":           "dial tcp [address]:443: refused",
		"wrong: 0123456789abcdef0123456789abcdef01234567":   "wrong: [hidden]",
		"a\nb\t c":                           "a b c",
		"at 2026-11-25T15:04:05Z":            "at 2026-11-25T15:04:05Z",
		"internationalization-of-everything": "internationalization-of-everything",
	} {
		if got := s.clean(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := s.clean(strings.Repeat("я ", 10_000)); len(got) > maxScrubbed+4 {
		t.Errorf("%d bytes", len(got))
	}
}
