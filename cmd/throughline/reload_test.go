package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"throughline/internal/simulator"
)

// childServer is a command in a process of its own.
type childServer struct {
	*site
	cmd *exec.Cmd
}

// spawn starts a command that serves, from a built program.
func spawn(t *testing.T, binary string, environ []string, command string) *childServer {
	t.Helper()
	s := &site{t: t, stdout: &screen{}, log: &screen{}}
	cmd := exec.CommandContext(t.Context(), binary, command)
	cmd.Env = append(append(os.Environ(), environ...), "THROUGHLINE_ADDR=127.0.0.1:0")
	cmd.Stdout, cmd.Stderr = s.stdout, s.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &childServer{s, cmd}
	c.stop = func() int {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return -1 // over
		}
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	t.Cleanup(func() { c.stop() })
	c.url = "http://" + c.logged(`msg=listening addr=(\S+)`)[1]
	return c
}

// status is what the API answers to a token.
func (s *site) status(token string) int {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url+"/api/v1/syncs", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode
}

// TestReload: a hang-up puts the provisioning file as it is now into force, or
// nothing of it.
func TestReload(t *testing.T) {
	binary := buildProgram(t)
	_, api := company(t, simulator.Options{Issues: 5, Token: "second-token"})
	environ := connected(t, api.URL)
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	secretFile := filepath.Join(t.TempDir(), "token")
	plant(t, filepath.Dir(secretFile), map[string]string{"token": "first-token"})
	text := strings.Replace(read(t, file), "${TRACKER_TOKEN}", "${file:"+secretFile+"}", 1)
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const one, two = "one-token-of-the-api-0123456789abcdef", "two-token-of-the-api-0123456789abcdef"
	withTokens := func(values ...string) string {
		all := text + "tokens:\n"
		for _, v := range values {
			all += "  - {name: " + v[:3] + ", scopes: [read], token: " + v + "}\n"
		}
		return all
	}
	write(file, withTokens(one))
	s := spawn(t, binary, environ, "serve")
	s.logged(`msg="sync ended" connection=tracker sync=1 state=paused`)
	hangUp := func() {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}

	// All that is wrong is told, with its line, and nothing changes.
	write(file, withTokens(two)+"rubbish: []\nnonsense: 1\n")
	hangUp()
	s.logged(`level=ERROR msg="provisioning file refused, what was in force stays" file=\S+ line=10 error=".*rubbish`)
	s.logged(`level=ERROR msg="provisioning file refused, what was in force stays" file=\S+ line=11 error=".*nonsense`)
	if got1, got2 := s.status(one), s.status(two); got1 != 200 || got2 != 401 {
		t.Errorf("after a bad file: %d, %d", got1, got2)
	}
	// What only the database can see is wrong, likewise.
	write(file, strings.Replace(withTokens(two), "scopes: [read]", "scopes: [ingest], connection: nowhere", 1))
	hangUp()
	s.logged(`line=9 error=".*there is none called \\"nowhere\\""`)
	if err := os.Rename(file, file+".gone"); err != nil {
		t.Fatal(err)
	}
	hangUp()
	s.logged(`error=".*no such file or directory"`)
	if got1, got2 := s.status(one), s.status(two); got1 != 200 || got2 != 401 {
		t.Errorf("after bad files: %d, %d", got1, got2)
	}

	// A good file counts at once, with the files that it names: the connection
	// resumes and is synced.
	write(file, withTokens(two)+"teams: [{name: blue, tracker_queues: [DEV]}]\nservices: [{name: shop, repository: acme/shop}]\ncatalog: {mode: static}\n")
	write(secretFile, "second-token")
	hangUp()
	s.logged(`level=INFO msg="provisioning file applied" file=\S+ connections=\[tracker\] calendars=\[\] teams=\[blue\] workflow=true services=\[shop\] catalog=true tokens=\[two\]`)
	s.logged(`msg="sync ended" connection=tracker sync=2 state=done`)
	if got1, got2 := s.status(one), s.status(two); got1 != 401 || got2 != 200 {
		t.Errorf("after a good file: %d, %d", got1, got2)
	}
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d", code)
	}
	for _, secret := range []string{one, two, "first-token", "second-token"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}

func TestReloadWithoutFile(t *testing.T) {
	s := spawn(t, buildProgram(t), dataDir(t), "serve")
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.logged(`level=INFO msg="asked to read the provisioning file again, and there is none"`)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d", code)
	}
}
