package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// ownProcess is a serve in a process of its own.
type ownProcess struct {
	t    *testing.T
	dir  string
	url  string
	log  *screen
	stop func()
}

func startProcess(t *testing.T, provision string, environ ...string) *ownProcess {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "throughline")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := &ownProcess{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &screen{}}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = append(slices.Clone(environ), "THROUGHLINE_DATA_DIR="+p.dir, "THROUGHLINE_ADDR=127.0.0.1:0", "PATH="+os.Getenv("PATH"))
	if provision != "" {
		cmd.Env = append(cmd.Env, "THROUGHLINE_PROVISION="+provision)
	}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		_ = cmd.Wait() // ended by the signal it was sent
	}
	t.Cleanup(p.stop)
	p.url = "http://" + p.waitFor(`msg=listening addr=(\S+)`)[1]
	return p
}

func (p *ownProcess) waitFor(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	var found []string
	eventually(p.t, "log "+pattern, func() bool { found = re.FindStringSubmatch(p.log.String()); return found != nil }, p.log)
	return found
}

// witness is a browser that keeps all it is shown.
type witness struct {
	t    *testing.T
	base string
	http *http.Client
	seen *bytes.Buffer
}

func newWitness(t *testing.T, base string) *witness {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &witness{t, base, &http.Client{Jar: jar, Timeout: time.Minute}, &bytes.Buffer{}}
}

func (v *witness) do(req *http.Request) int {
	v.t.Helper()
	res, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	res.Header.Del("Set-Cookie") // the browser is to know it
	if err := res.Header.Write(v.seen); err != nil {
		v.t.Fatal(err)
	}
	if _, err := io.Copy(v.seen, res.Body); err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode
}

func (v *witness) request(method, path string, body io.Reader) *http.Request {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	return req
}

func (v *witness) get(path string) int { return v.do(v.request(http.MethodGet, path, nil)) }

func (v *witness) post(path string, form url.Values) int {
	req := v.request(http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.base)
	return v.do(req)
}

// program asks with a token and without cookies.
func (v *witness) program(path, token string) {
	req := v.request(http.MethodGet, path, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	stranger := &witness{v.t, v.base, &http.Client{Timeout: time.Minute}, v.seen}
	stranger.do(req)
}

// everywhere are the pages, and what they load.
func (v *witness) everywhere() []string {
	all := []string{"/panels/cycle-time", "/panels/flow-headline", "/api/v1/syncs", "/syncs/1", "/syncs/2", "/syncs/3", "/syncs/4", "/syncs/5"}
	for _, name := range []string{"good", "refused", "echo", "provisioned", "from-file"} {
		all = append(all, "/settings/connections/"+name)
	}
	for _, p := range pages {
		all = append(all, p.path)
	}
	return all
}

// cookies are the values of the session's.
func (v *witness) cookies() []string {
	u, err := url.Parse(v.base)
	if err != nil {
		v.t.Fatal(err)
	}
	var out []string
	for _, c := range v.http.Jar.Cookies(u) {
		if c.Name == "throughline" {
			out = append(out, c.Value)
		}
	}
	if len(out) != 1 {
		v.t.Fatalf("%d session cookies", len(out))
	}
	return out
}
