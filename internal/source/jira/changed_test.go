package jira

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

func TestWhatIsOfNoIssueIsIgnored(t *testing.T) {
	r := newSource(t, nil)
	for name, ignored := range map[string]bool{
		`"comment_created"`: true, `"worklog_updated"`: true, `"sprint_started"`: true, `"jira:version_released"`: true,
		`"jira:issue_created"`: false, `"jira:issue_updated"`: false, `"jira:issue_deleted"`: false, `""`: false, `7`: false, `null`: false,
	} {
		body := fmt.Appendf(nil, `{"webhookEvent":%s,"comment":{"id":"1"}}`, name)
		h, err := r.Hook(http.Header{}, body)
		if err != nil || h.Ignored != ignored {
			t.Errorf("%s is ignored: %t, %v", name, h.Ignored, err)
		}
		if p, err := r.Receive(h); (err == nil) != ignored || len(p.Items) > 0 {
			t.Errorf("%s is received: %v, %v", name, p.Items, err)
		}
	}
}

func TestGoneIncidents(t *testing.T) {
	r := newSource(t, nil)
	happens := func(event, more string) string {
		return strings.Replace(issue, `"timestamp": 1772440000123,`, `"timestamp": 1772450000000, "webhookEvent": "`+event+`",`+more, 1)
	}
	story := strings.NewReplacer(`"incident"`, `"Story"`)
	const changed = `"changelog":{"items":[{"field":"status","fromString":"Incident"},{"field":"issuetype","fromString":"%s"}]},`
	for _, c := range []struct {
		name, event, body string
		facts             int
		gone              bool
	}{
		{"deleted", eventIssue, happens(issueDeleted, ""), 1, true},
		{"deleted, of another address", eventRCA, happens(issueDeleted, ""), 1, true},
		{"a deleted story", eventIssue, story.Replace(happens(issueDeleted, "")), 0, false},
		{"a deleted ticket", eventTicketClose, happens(issueDeleted, ""), 0, false},
		{"a story now", eventIssue, story.Replace(happens("jira:issue_updated", fmt.Sprintf(changed, "Incident"))), 1, true},
		{"a story that was a bug", eventIssue, story.Replace(happens("jira:issue_updated", fmt.Sprintf(changed, "Bug"))), 0, false},
		{"an incident that was a bug", eventIssue, happens("jira:issue_updated", fmt.Sprintf(changed, "Bug")), 1, false},
	} {
		b := facts(t, r, c.event, c.body)
		if b.Len() != c.facts || len(b.Incidents) > 0 && b.Incidents[0].Gone != c.gone {
			t.Errorf("%s: %+v", c.name, b)
		}
	}
	stored := facts(t, r, eventIssue, issue).Incidents[0]
	gone := facts(t, r, eventIssue, happens(issueDeleted, "")).Incidents[0]
	for _, merged := range []delivery.Incident{delivery.MergeIncident(stored, gone), delivery.MergeIncident(gone, stored)} {
		if !merged.Gone || merged.Title != stored.Title || merged.StartedAt != stored.StartedAt {
			t.Errorf("%+v", merged)
		}
	}
}

func TestRootCause(t *testing.T) {
	const document = `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":%q},{"type":"text","text":%q,"marks":[{"type":"code"}]}]},{"type":"paragraph","content":[{"type":"text","text":"deadbeef"}]}]}`
	for _, c := range []struct{ name, description, want string }{
		{"none", `null`, ""},
		{"a text", `"It broke.\nRoot cause: abcdef12\nEnd"`, "abcdef12"},
		{"on the next line", `"Root cause:\r\nabcdef12"`, "abcdef12"},
		{"escaped", `"Root cause:\u0020abcdef12"`, "abcdef12"},
		{"no commit", `"Root cause: a fault of people"`, ""},
		{"a document", fmt.Sprintf(document, "Root cause: abcdef12", ""), "abcdef12"},
		{"marked in a document", fmt.Sprintf(document, "Root cause: ", "abcdef12"), "abcdef12"},
		{"two paragraphs", fmt.Sprintf(document, "Root cause:", ""), "deadbeef"},
		{"another document", `{"content":7}`, ""},
	} {
		if got := rootCause([]byte(c.description)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
