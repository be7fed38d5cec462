package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// moment is when the made-up company of the tests is.
var moment = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// cli runs a command to its end.
func cli(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	code = run(t.Context(), append([]string{"throughline"}, args...), environ, strings.NewReader(""), &out, &log)
	return code, out.String(), log.String()
}

// screen is a terminal that several goroutines may write to and read.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// site is a serve or demo at work in this process.
type site struct {
	t      *testing.T
	url    string
	stdout *screen
	log    *screen
	stop   func() int // ends it and returns its exit code
}

// launch starts a command that serves, on a free port.
func launch(t *testing.T, environ []string, command string) *site {
	t.Helper()
	s := begin(t, environ, command)
	t.Cleanup(func() { s.stop() })
	return s
}

// begin is launch for a site that outlives the test.
func begin(t *testing.T, environ []string, command string) *site {
	t.Helper()
	s := &site{t: t, stdout: &screen{}, log: &screen{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	environ = append(slices.Clone(environ), "THROUGHLINE_ADDR=127.0.0.1:0")
	go func() {
		done <- run(ctx, []string{"throughline", command}, environ, strings.NewReader(""), s.stdout, s.log)
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-done })
	s.url = "http://" + s.logged(`msg=listening addr=(\S+)`)[1]
	return s
}

// logged waits until the log has what the pattern says.
func (s *site) logged(pattern string) []string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	eventually(s.t, "log "+pattern, func() bool {
		found = re.FindStringSubmatch(s.log.String())
		return found != nil
	}, s.log)
	return found
}

func (s *site) get(path string) (status int, body string) {
	s.t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// eventually waits for something that another goroutine or process does.
func eventually(t *testing.T, what string, done func() bool, log *screen) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen: %s\n%s", what, log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// company is a made-up company's Tracker on a server of its own.
func company(t *testing.T, options simulator.Options) (*simulator.Company, *httptest.Server) {
	t.Helper()
	c := simulator.New(7, moment, options)
	server := httptest.NewServer(c.Tracker())
	t.Cleanup(server.Close)
	return c, server
}

// dataDir is the environment of a data directory of its own.
func dataDir(t *testing.T) []string {
	t.Helper()
	return []string{"THROUGHLINE_DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
}

// connected is the environment of a data directory with a connection called
// tracker to the server at api.
func connected(t *testing.T, api string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "provision.yaml")
	text := `
connections:
  - name: tracker
    kind: tracker
    settings: {org_id: "1", base_url: "` + api + `", initial_range: 200w}
    secrets: {token: "${TRACKER_TOKEN}"}
workflow: {closed: [closed, resolved, cancelled, done], active: [inProgress, inReview, testing, mitigation]}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(dataDir(t), "THROUGHLINE_PROVISION="+file, "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8,::1/128", "TRACKER_TOKEN=tell-nobody")
}

// expect checks exit code and texts of a command.
func expect(t *testing.T, code, wantCode int, text string, parts ...string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code is %d, want %d; it said:\n%s", code, wantCode, text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}
