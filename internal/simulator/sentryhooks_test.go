package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"throughline/internal/simulator"
)

func TestSentryHooks(t *testing.T) {
	_, s := sentryAt(simulator.Options{}, simulator.SentryOptions{URL: "https://sentry.example.com/"})
	hooks := s.Hooks(now.AddDate(0, 0, -130), now, "whisper")
	counts := map[string]int{}
	created := map[string]bool{}
	for i, h := range hooks {
		counts[h.Resource+" "+h.Action]++
		mac := hmac.New(sha256.New, []byte("whisper"))
		mac.Write(h.Body)
		if i > 0 && h.At.Before(hooks[i-1].At) || h.Header.Get("Sentry-Hook-Resource") != h.Resource || h.Header.Get("Request-ID") == "" ||
			h.Header.Get("Sentry-Hook-Timestamp") != strconv.FormatInt(h.At.Unix(), 10) || h.Header.Get("Sentry-Hook-Signature") != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("%s %s: %v", h.Resource, h.Action, h.Header)
		}
		var body struct {
			Action       string
			Installation struct{ UUID string }
			Actor        struct{ Type, Name string }
			Data         struct {
				Issue *errIssue
				Event *struct {
					Release string
					IssueID string `json:"issue_id"`
					WebURL  string `json:"web_url"`
				}
				Alert *struct {
					Projects []string
					Status   int
				} `json:"metric_alert"`
			}
		}
		if err := json.Unmarshal(h.Body, &body); err != nil || body.Action != h.Action || body.Installation.UUID == "" || body.Actor.Name == "" {
			t.Fatalf("%v in %s", err, h.Body)
		}
		switch d := body.Data; h.Resource {
		case "issue":
			want := map[string]string{"created": "unresolved", "archived": "ignored"}[h.Action]
			if want == "" {
				want = h.Action
			}
			if d.Issue.Status != want || d.Issue.LastSeen.After(h.At.Add(time.Millisecond)) {
				t.Errorf("%s: %+v", h.Action, d.Issue)
			}
			if h.Action == "created" {
				created[d.Issue.ID] = true
			}
		case "event_alert":
			if !created[d.Event.IssueID] || d.Event.WebURL != "https://sentry.example.com/organizations/example-org/issues/"+d.Event.IssueID+"/" || d.Event.Release == "" {
				t.Errorf("%+v", d.Event)
			}
		case "metric_alert":
			if len(d.Alert.Projects) != 1 || (d.Alert.Status == 20) != (h.Action == "critical") {
				t.Errorf("%s: %+v", h.Action, d.Alert)
			}
		}
	}
	for _, want := range []string{
		"issue created", "issue resolved", "issue ignored", "issue archived", "issue unresolved", "event_alert triggered", "metric_alert critical", "metric_alert resolved",
	} {
		if counts[want] < 3 {
			t.Errorf("%d of %s", counts[want], want)
		}
	}
	if ahead := s.Hooks(now, now.AddDate(1, 0, 0), ""); len(ahead) > 0 {
		t.Errorf("%d hooks of the future", len(ahead))
	}
}
