package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/inbox"
	"throughline/internal/source"
	"throughline/internal/source/github"
)

const hookSecret = "It's a Secret to Everybody"

// hookSite has two connections to GitHub, acme and beta, and one to what sends no
// hooks.
func hookSite(t *testing.T) *site {
	t.Helper()
	s := signedIn(t, func(c *Config) { c.Kinds = append(c.Kinds, github.Kind()) })
	s.connectKind("acme", "github", map[string]string{"webhook_secret": hookSecret})
	s.connectKind("beta", "github", map[string]string{"webhook_secret": "another"})
	s.connectKind("work", "tracker", map[string]string{"token": "good"})
	return s
}

func (s *site) connectKind(name, kind string, secrets map[string]string) control.Connection {
	s.t.Helper()
	c, err := s.db.SaveConnection(s.t.Context(), control.Connection{Name: name, Kind: kind, Every: time.Hour, Settings: source.Settings{}}, secrets)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func recordedHook(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../internal/source/github/testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// hook is one to send; without a secret it is not signed.
type hook struct{ path, event, delivery, secret, body string }

func (s *site) send(h hook) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+h.path, strings.NewReader(h.body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", h.event)
	req.Header.Set("X-GitHub-Delivery", h.delivery)
	if h.secret != "" {
		mac := hmac.New(sha256.New, []byte(h.secret))
		mac.Write([]byte(h.body))
		req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := http.DefaultClient.Do(req) // nobody is signed in
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end below
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text))
}

func (s *site) received() map[string]map[inbox.State]int {
	s.t.Helper()
	counts, err := s.inbox.Counts(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return counts
}

func TestHooks(t *testing.T) {
	s := hookSite(t)
	acme, err := s.db.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Pause(t.Context(), acme.ID, userPause, "by hand", testNow); err != nil {
		t.Fatal(err)
	}
	run, job, ping := recordedHook(t, "workflow_run.completed.json"), recordedHook(t, "workflow_job.queued.json"), recordedHook(t, "ping.json")
	const named = "/hooks/acme"
	for _, c := range []struct {
		name   string
		hook   hook
		status int
		answer string
	}{
		{"a run", hook{named, "workflow_run", "1", hookSecret, run}, 200, `{"status":"accepted"}`},
		{"again", hook{named, "workflow_run", "1", hookSecret, run}, 200, `{"status":"duplicate"}`},
		{"again, at the other address", hook{githubHooks, "workflow_run", "1", hookSecret, run}, 200, `{"status":"duplicate"}`},
		{"a job", hook{githubHooks, "workflow_job", "2", hookSecret, job}, 200, `{"status":"accepted"}`},
		{"for the second", hook{githubHooks, "workflow_run", "1", "another", run}, 200, `{"status":"accepted"}`},
		{"another event", hook{named, "issues", "3", hookSecret, "{}"}, 202, `{"status":"ignored"}`},
		{"ping", hook{named, "ping", "4", hookSecret, ping}, 200, `{"status":"pong"}`},
		{"not signed", hook{named, "workflow_run", "5", "", run}, 401, `"message":"the request is not signed"`},
		{"wrongly signed", hook{named, "workflow_run", "5", "another", run}, 401, `"message":"the signature does not verify"`},
		{"wrongly signed for all", hook{githubHooks, "workflow_run", "5", "third", run}, 401, `"code":"unauthorized"`},
		{"an event that is not signed", hook{githubHooks, "push", "5", "", "{}"}, 401, `"code":"unauthorized"`},
		{"no connection", hook{"/hooks/other", "workflow_run", "6", hookSecret, run}, 404, `"code":"not_found"`},
		{"what sends none", hook{"/hooks/work", "workflow_run", "6", hookSecret, run}, 404, `"code":"not_found"`},
		{"no JSON", hook{named, "workflow_run", "7", hookSecret, "{"}, 400, `"path":"$"`},
		{"no run", hook{named, "workflow_run", "7", hookSecret, `{"repository":{"full_name":"a/b"},"workflow_run":{"id":"x"}}`}, 422, `"path":"$.workflow_run.id"`},
		{"dry run", hook{named + "?dry_run=1", "workflow_run", "8", hookSecret, run}, 200, `"status":"would_store","id":"289782451"`},
		{"dry run of what is there", hook{named + "?dry_run=1", "workflow_run", "1", hookSecret, run}, 200, `"status":"duplicate"`},
		{"nothing", hook{named, "deployment_status", "7", hookSecret, `{}`}, 422, `"path":"$.repository"`},
		{"a deployment", hook{githubHooks, "deployment_status", "10", hookSecret, recordedHook(t, "deployment_status.json")}, 200, `{"status":"accepted"}`},
		{"a push of nothing", hook{named, "push", "11", hookSecret, recordedHook(t, "push.json")}, 202, `{"status":"ignored"}`},
		{"a parameter", hook{named + "?x=1", "workflow_run", "8", hookSecret, run}, 400, `"path":"x"`},
		{"larger than others may be", hook{named, "fork", "9", hookSecret, `{"a":"` + strings.Repeat("a", maxBody) + `"}`}, 202, `{"status":"ignored"}`},
		{"too large", hook{named, "push", "9", hookSecret, strings.Repeat(" ", maxHook+1)}, 413, `"code":"too_large"`},
	} {
		if status, answer := s.send(c.hook); status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%s: %d %.300s", c.name, status, answer)
		}
	}
	want := map[string]map[inbox.State]int{
		"acme": {inbox.Waiting: 3, inbox.Refused: 3, inbox.Ignored: 3}, "beta": {inbox.Waiting: 1},
	}
	if d := cmp.Diff(want, s.received()); d != "" {
		t.Errorf("inbox (-want +got):\n%s", d)
	}
	if strings.Contains(s.log.String(), hookSecret) {
		t.Error("the secret is in the log")
	}
}

// What was received is listed, by what became of it.
func TestHooksInInbox(t *testing.T) {
	s := hookSite(t)
	s.send(hook{"/hooks/acme", "workflow_run", "1", hookSecret, recordedHook(t, "workflow_run.completed.json")})
	s.send(hook{"/hooks/acme", "fork", "2", hookSecret, "{}"})
	doc := s.page("/inbox?state=ignored")
	want(t, doc, "tbody tr", "github.fork webhook")
	want(t, doc, "tbody tr", "Nothing is made of this event.")
	if n := doc.Find("tbody tr").Length(); n != 1 {
		t.Errorf("%d entries are ignored", n)
	}
	want(t, s.page("/inbox/1"), "main", "github.workflow_run")
	doc = s.page("/inbox/2")
	want(t, doc, "main", "Ignored")
	if doc.Find("form[action$='/replay']").Length() != 0 {
		t.Error("what is ignored can be replayed")
	}
}

// A secret counts from when it is saved, and until another is.
func TestHooksAfterNewSecret(t *testing.T) {
	s := hookSite(t)
	c, err := s.db.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	ping := hook{"/hooks/acme", "ping", "1", hookSecret, "{}"}
	if status, _ := s.send(ping); status != 200 {
		t.Errorf("at first it answers %d", status)
	}
	if _, err := s.db.SaveConnection(t.Context(), c, map[string]string{"webhook_secret": "new"}); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.send(ping); status != 401 {
		t.Errorf("to the old secret it answers %d", status)
	}
	ping.secret = "new"
	if status, _ := s.send(ping); status != 200 {
		t.Errorf("to the new secret it answers %d", status)
	}
}

// A connection that takes what is not signed takes nothing of those that are.
func TestUnsignedHooks(t *testing.T) {
	s := hookSite(t)
	open, err := s.db.SaveConnection(t.Context(), control.Connection{
		Name: "aaa", Kind: "github", Every: time.Hour, Settings: source.Settings{"allow_unsigned": json.RawMessage("true")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	run := recordedHook(t, "workflow_run.completed.json")
	s.send(hook{githubHooks, "workflow_run", "1", hookSecret, run})
	s.send(hook{githubHooks, "workflow_run", "2", "", run})
	if status, _ := s.send(hook{githubHooks, "workflow_run", "3", "mistyped", run}); status != 401 {
		t.Errorf("what is wrongly signed is answered %d", status)
	}
	want := map[string]map[inbox.State]int{"acme": {inbox.Waiting: 1}, open.Name: {inbox.Waiting: 1}}
	if d := cmp.Diff(want, s.received()); d != "" {
		t.Errorf("inbox (-want +got):\n%s", d)
	}
}

func TestCompressedHook(t *testing.T) {
	s := hookSite(t)
	req := httptest.NewRequest(http.MethodPost, "/hooks/acme", strings.NewReader("{}"))
	req.Header.Set("X-Hub-Signature-256", "sha256=00")
	req.Header.Set("Content-Encoding", "gzip")
	w := httptest.NewRecorder()
	s.server.Handler().ServeHTTP(w, req)
	if w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("it answers %d", w.Code)
	}
}

func TestGuessingSignaturesIsSlowedDown(t *testing.T) {
	s := hookSite(t)
	for range wrongPasswords {
		if status, _ := s.send(hook{"/hooks/acme", "ping", "1", "wrong", "{}"}); status != 401 {
			t.Fatalf("a wrong signature answers %d", status)
		}
	}
	if status, _ := s.send(hook{githubHooks, "ping", "1", "", "{}"}); status != 401 {
		t.Errorf("what is not signed is no guess, and answers %d", status)
	}
	if status, answer := s.send(hook{githubHooks, "ping", "1", "third", "{}"}); status != 429 || !strings.Contains(answer, "too_many_requests") {
		t.Errorf("one too many answers %d %s", status, answer)
	}
	if status, _ := s.send(hook{githubHooks, "ping", "1", hookSecret, "{}"}); status != 200 {
		t.Errorf("a right one answers %d", status)
	}
}

// A connection that only receives hooks has nothing to see, which is no fault.
func TestConnectionOfHooksOnly(t *testing.T) {
	s := hookSite(t)
	form := url.Values{"kind": {"github"}, "name": {"gh"}, "every": {"1800"}, "webhook_secret": {hookSecret}}
	want(t, s.post("/settings/connections/test", form).doc, ".banner.good", "It receives hooks only")
	form.Del("webhook_secret")
	form.Set("token", "ghp_x")
	want(t, s.post("/settings/connections/test", form).doc, ".banner.bad", "Name repositories or organisations")
	for query, status := range map[string]int{"?foo=1": 400, "?state=bad": 400, "?before=abc": 400, "?state=done&lang=ru": 200} {
		if res := s.get("/inbox" + query); res.status != status {
			t.Errorf("/inbox%s answers %d", query, res.status)
		}
	}
}

// What a hook came to is not read again when it is stored, unless the settings that it
// was read with have changed.
func TestHooksAreRememberedByTheirReader(t *testing.T) {
	s := hookSite(t)
	recent := &source.Recent{}
	s.server.cfg.Recent = recent
	body := recordedHook(t, "deployment.json")
	if status, text := s.send(hook{"/api/github", "deployment", "one", hookSecret, body}); status != 200 {
		t.Fatal(status, text)
	}
	c, err := s.db.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	later := c
	later.Revision++
	if _, ok := recent.Take("github.deployment", later.Reader(), []byte(body)); ok {
		t.Error("it is remembered for other settings")
	}
	if p, ok := recent.Take("github.deployment", c.Reader(), []byte(body)); !ok || len(p.Items) != 1 {
		t.Errorf("%+v, %t", p, ok)
	}
}
