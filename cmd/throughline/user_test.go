package main

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// typed runs a command that is given lines of input.
func typed(t *testing.T, environ []string, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	code = run(t.Context(), append([]string{"throughline"}, args...), environ, strings.NewReader(stdin), &out, &log)
	return code, out.String(), log.String()
}

func TestUser(t *testing.T) {
	environ := dataDir(t)
	code, _, stderr := cli(t, environ, "user", "list")
	expect(t, code, exitError, stderr, "data directory: there is no database in it yet")
	for _, c := range []struct {
		args  []string
		stdin string
		want  string
	}{
		{[]string{"user"}, "", "user: say what to do; see throughline user --help"},
		{[]string{"user", "add"}, "", "user add: EMAIL is missing"},
		{[]string{"user", "add", "a@example.com", "b@example.com"}, "", `user add: unknown argument "b@example.com"`},
		{[]string{"user", "add", "--rol", "lead", "a@example.com"}, "", "user add: flag provided but not defined: -rol"},
		{[]string{"user", "add", "--role", "boss", "a@example.com"}, "", `user add: --role: "boss" is none of viewer, lead, admin`},
		{[]string{"user", "add", "a@example.com"}, "long enough 1\n", "user add: the first user must be an admin: add --role admin"},
		{[]string{"user", "add", "--invite", "a@example.com"}, "", "user add: the first user must be an admin: add --role admin"},
		{[]string{"user", "add", "--role", "admin", "nobody"}, "long enough 1\n", "user add: email: not an e-mail address like name@example.com"},
		{[]string{"user", "add", "--role", "admin", "a@example.com"}, "short\n", "user add: password: a password has 10 to 200 characters"},
		{[]string{"user", "add", "--role", "admin", "a@example.com"}, "", "no password: type one at a terminal, or give it as a line of standard input"},
		{[]string{"user", "passwd", "x@example.com"}, "long enough 1\n", `user passwd: there is no user "x@example.com"; see throughline user list`},
	} {
		code, stdout, stderr := typed(t, environ, c.stdin, c.args...)
		expect(t, code, exitUsage, stderr, "throughline: "+c.want)
		if stdout != "" || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "long enough") {
			t.Errorf("%v: %s%s", c.args, stdout, stderr)
		}
	}
	code, stdout, _ := cli(t, environ, "user", "list")
	expect(t, code, exitDone, stdout, "there are no users yet\n")

	code, stdout, stderr = typed(t, environ, "long enough 1\r\nignored", "user", "add", "--role", "admin", "Ann@Example.com")
	expect(t, code, exitDone, stdout+stderr, "ann@example.com can sign in as admin\n")
	code, _, stderr = typed(t, environ, "long enough 1", "user", "add", "ann@example.com")
	expect(t, code, exitUsage, stderr, "email: there is a user with this address already")
	code, stdout, _ = cli(t, environ, "user", "list")
	expect(t, code, exitDone, stdout, "EMAIL            ROLE   SINCE             LAST SEEN\n", "ann@example.com  admin  2", "  never\n")
}

// TestUserBesideServe: users are made and changed while the server runs.
func TestUserBesideServe(t *testing.T) {
	environ := dataDir(t)
	s := launch(t, environ, "serve")
	code, stdout, stderr := typed(t, environ, "long enough 1\n", "user", "add", "--role", "admin", "ann@example.com")
	expect(t, code, exitDone, stdout+stderr, "can sign in as admin")
	admin := s.visitor()
	if code := admin.post("/login", url.Values{"email": {"ann@example.com"}, "password": {"long enough 1"}}); code != 303 {
		t.Fatalf("sign-in answers %d", code)
	}
	if code := admin.get("/"); code != 200 {
		t.Errorf("the overview answers %d", code)
	}
	code, stdout, stderr = typed(t, environ, "another one 2\n", "user", "passwd", "ann@example.com")
	expect(t, code, exitDone, stdout+stderr, "ann@example.com has a new password; all their sessions are ended\n")
	if code := admin.get("/"); code != 303 {
		t.Errorf("the session goes on: %d", code)
	}

	code, stdout, stderr = cli(t, append(environ, "THROUGHLINE_BASE_URL=https://example.com/flow/"), "user", "add", "--invite", "--role", "lead", "new@example.com")
	expect(t, code, exitDone, stderr, "new@example.com becomes lead by this link, which is good for one use until 2")
	link := regexp.MustCompile(`^https://example\.com/flow/invite\?token=([\w-]{43})\n$`).FindStringSubmatch(stdout)
	if link == nil {
		t.Fatalf("the link is %q", stdout)
	}
	if strings.Contains(stderr, "guess") {
		t.Errorf("the address is known: %s", stderr)
	}
	code, stdout, _ = cli(t, environ, "user", "list")
	expect(t, code, exitDone, stdout, "new@example.com  lead   -", "invited until 2")
	guest := s.visitor()
	if code := guest.post("/invite", url.Values{"token": {link[1]}, "password": {"long enough 1"}, "password2": {"long enough 1"}}); code != 303 {
		t.Errorf("the link answers %d", code)
	}
	if code := guest.get("/"); code != 200 {
		t.Errorf("who was invited is answered %d", code)
	}
	if strings.Contains(s.log.String(), link[1]) {
		t.Error("the log holds the link")
	}
}

func TestBaseURL(t *testing.T) {
	for addr, want := range map[string]string{
		":8080": "http://localhost:8080", "0.0.0.0:80": "http://localhost:80", "[::]:80": "http://localhost:80",
		"10.0.0.7:8080": "http://10.0.0.7:8080", "tools.lan:81": "http://tools.lan:81",
	} {
		code, stdout, stderr := cli(t, append(dataDir(t), "THROUGHLINE_ADDR="+addr), "user", "add", "--invite", "--role", "admin", "a@example.com")
		expect(t, code, exitDone, stdout, want+"/invite?token=")
		expect(t, code, exitDone, stderr, "Its address is a guess: set THROUGHLINE_BASE_URL")
	}
}
