package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/inbox"
	"throughline/internal/source/jira"
)

// Hooks of Jira go to the connection whose secret they have, by the header, the
// address or a signature; what they are is decided by where they are sent.
func TestJiraHooks(t *testing.T) {
	s := signedIn(t, func(c *Config) { c.Kinds = append(c.Kinds, jira.Kind()) })
	s.connectKind("desk", "jira", map[string]string{"webhook_secret": "one secret"})
	s.connectKind("other", "jira", map[string]string{"webhook_secret": "another"})
	const body = `{"issue":{"key":"PAY-7","fields":{"created":"2026-03-02T10:00:00.000+0300","project":{"key":"PAY"},"issuetype":{"name":"%"},"status":{"name":"Done","statusCategory":{"key":"done"}}}}}`
	incident, story := strings.Replace(body, "%", "Incident", 1), strings.Replace(body, "%", "Story", 1)
	mac := hmac.New(sha256.New, []byte("another"))
	mac.Write([]byte(incident))
	signature := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	for _, c := range []struct {
		name, path, header, value, body string
		status                          int
		answer                          string
	}{
		{"an incident", "/api/jira", "X-Webhook-Secret", "one secret", incident, 200, `{"status":"accepted"}`},
		{"again", "/api/jira", "X-Webhook-Secret", "one secret", incident, 200, `{"status":"duplicate"}`},
		{"again, with what Jira adds", "/api/jira?user_id=ann&user_key=JIRAUSER10000", "X-Webhook-Secret", "one secret", incident, 200, `{"status":"duplicate"}`},
		{"again, by its address", "/hooks/desk?secret=one+secret", "", "", incident, 200, `{"status":"duplicate"}`},
		{"a story", "/api/jira?token=one+secret", "", "", story, 202, `{"status":"ignored"}`},
		{"a story that is said to be one", "/api/jira/incidents/rca?secret=one+secret", "", "", story, 200, `{"status":"accepted"}`},
		{"a ticket", "/api/jira/tickets/new?secret=one+secret", "", "", story, 200, `{"status":"accepted"}`},
		{"its end", "/api/jira/tickets/close?secret=one+secret", "", "", story, 200, `{"status":"accepted"}`},
		{"signed, of the other", "/api/jira", "X-Hub-Signature", signature, incident, 200, `{"status":"accepted"}`},
		{"no secret", "/api/jira", "", "", incident, 401, `"message":"the request is not signed"`},
		{"larger than others may be", "/api/jira/tickets/new?secret=guess", "", "", strings.Repeat(" ", maxBody+1), 401, `does not verify`},
		{"too large", "/api/jira/incidents/rca?secret=one+secret", "", "", strings.Repeat(" ", maxHook+1), 413, `"code":"too_large"`},
		{"a path of its own", "/api/jira", "X-Throughline-Path", "/api/jira/tickets/new", incident, 401, `not signed`},
		{"a wrong secret", "/api/jira?secret=guess", "", "", incident, 401, `"message":"the signature does not verify"`},
		{"a wrong signature", "/api/jira", "X-Hub-Signature", "sha256=00", incident, 401, `does not verify`},
		{"no JSON", "/api/jira?secret=another", "", "", `{`, 400, `"path":"$"`},
		{"nothing", "/api/jira?secret=another", "", "", `{}`, 422, `"path":"$.issue"`},
		{"no time", "/api/jira?secret=another", "", "", strings.Replace(incident, "2026-03-02T10:00:00.000+0300", "soon", 1), 422, `"path":"$.issue.fields.created"`},
		{"another parameter", "/api/jira?secret=another&x=1", "", "", incident, 400, `"path":"x"`},
		{"a dry run", "/api/jira?secret=another&dry_run=1", "", "", story, 200, `"items":[]`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set(c.header, c.value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(text), c.answer) {
			t.Errorf("%s: %d %.300s %v", c.name, res.StatusCode, text, err)
		}
	}
	want := map[string]map[inbox.State]int{
		"desk": {inbox.Waiting: 4, inbox.Ignored: 1}, "other": {inbox.Waiting: 1, inbox.Refused: 3},
	}
	if d := cmp.Diff(want, s.received()); d != "" {
		t.Errorf("inbox (-want +got):\n%s", d)
	}
	if log := s.log.String(); strings.Contains(log, "secret=") || strings.Contains(log, "one secret") {
		t.Error("a secret is in the log")
	}
}
