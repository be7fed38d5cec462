package jira

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const receivedAt = delivery.Instant(1_772_500_000_000) // 2026-03-03

func newSource(t testing.TB, settings source.Settings) source.Receiver {
	t.Helper()
	src, err := Kind().New(source.Config{Settings: settings, Secrets: map[string]string{"webhook_secret": "s"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return src.(source.Receiver)
}

const issue = `{
 "timestamp": 1772440000123,
 "issue": {"key": "PAY-7", "self": "https://acme.example/jira/rest/api/2/issue/10007", "fields": {
  "summary": "Payments are down", "created": "2026-03-02T10:00:00.000+0300", "updated": "2026-03-02T12:30:00.000+0300",
  "resolutiondate": "2026-03-02T12:00:00.000+0300", "project": {"key": "PAY"}, "issuetype": {"name": "incident"},
  "priority": {"name": "Highest"}, "versions": [{"name": "1.4"}], "description": "It broke.\nRoot cause: abcdef12",
  "status": {"name": "Fixed", "statusCategory": {"key": "done"}},
  "customfield_10792": [{"value": "payments"}, {"value": "platform"}]}}}`

func facts(t *testing.T, r source.Receiver, event, body string) delivery.Batch {
	t.Helper()
	p, err := r.Receive(source.Hook{Event: event, Body: []byte(body), ReceivedAt: receivedAt})
	if err != nil {
		t.Fatal(err)
	}
	var b delivery.Batch
	for _, item := range p.Items {
		item.Add(&b)
		if _, err := json.Marshal(item.Told(&b)); err != nil {
			t.Error(err)
		}
	}
	return b
}

func at(t *testing.T, text string) delivery.Instant {
	t.Helper()
	var i delivery.Instant
	if err := i.UnmarshalJSON([]byte(`"` + text + `"`)); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestIncident(t *testing.T) {
	r := newSource(t, nil)
	want := delivery.Incident{
		ID: "PAY-7", Project: "PAY", Title: "Payments are down", Severity: "Highest", URL: "https://acme.example/jira/browse/PAY-7",
		StartedAt: at(t, "2026-03-02T07:00:00Z"), DetectedAt: at(t, "2026-03-02T07:00:00Z"), ResolvedAt: at(t, "2026-03-02T09:00:00Z"),
		UpdatedAt: at(t, "2026-03-02T09:30:00Z"), ToldAt: receivedAt, Version: "1.4", SHA: "abcdef12", Teams: []string{"payments", "platform"},
	}
	for _, event := range []string{eventIssue, eventRCA} {
		if d := cmp.Diff([]delivery.Incident{want}, facts(t, r, event, issue).Incidents); d != "" {
			t.Errorf("%s (-want +got):\n%s", event, d)
		}
	}
	for _, c := range []struct {
		name, old, new string
		settings       source.Settings
		resolved       delivery.Instant
	}{
		{"in progress", `"key": "done"`, `"key": "indeterminate"`, nil, 0},
		{"done by name", `"key": "done"`, `"key": "indeterminate"`, source.Settings{"done_statuses": []byte(`"fixed"`)}, want.ResolvedAt},
		{"done, but not by name", "", "", source.Settings{"done_statuses": []byte(`["Closed"]`)}, 0},
		{"category by name only", `"key": "done"`, `"name": "Done"`, nil, want.ResolvedAt},
		{"without a date of resolution", `"resolutiondate": "2026-03-02T12:00:00.000+0300"`, `"resolutiondate": null`, nil, want.UpdatedAt},
	} {
		got := facts(t, newSource(t, c.settings), eventIssue, strings.Replace(issue, c.old, c.new, 1)).Incidents[0]
		if got.ResolvedAt != c.resolved {
			t.Errorf("%s: resolved at %s, not %s", c.name, got.ResolvedAt, c.resolved)
		}
	}
	story := strings.Replace(issue, `"incident"`, `"Story"`, 1)
	if b := facts(t, r, eventIssue, story); b.Len() != 0 {
		t.Errorf("of a story %+v", b)
	}
	if b := facts(t, newSource(t, source.Settings{"incident_types": []byte(`"Bug, story"`)}), eventIssue, story); len(b.Incidents) != 1 {
		t.Errorf("of a story that is one %+v", b)
	}
	// The latest word counts: what is opened again is open.
	again := strings.NewReplacer(`"key": "done"`, `"key": "new"`, `12:30:00`, `13:00:00`).Replace(issue)
	merged := delivery.MergeIncident(want, facts(t, r, eventIssue, again).Incidents[0])
	if merged.ResolvedAt != 0 {
		t.Errorf("opened again it is resolved at %s", merged.ResolvedAt)
	}
}

func TestTickets(t *testing.T) {
	r := newSource(t, nil)
	want := delivery.Ticket{ID: "PAY-7", Project: "PAY", Type: "incident", CreatedAt: at(t, "2026-03-02T07:00:00Z"), ToldAt: receivedAt}
	if d := cmp.Diff([]delivery.Ticket{want}, facts(t, r, eventTicketNew, issue).Tickets); d != "" {
		t.Errorf("new (-want +got):\n%s", d)
	}
	want.ClosedAt = at(t, "2026-03-02T09:00:00Z")
	if d := cmp.Diff([]delivery.Ticket{want}, facts(t, r, eventTicketClose, issue).Tickets); d != "" {
		t.Errorf("closed (-want +got):\n%s", d)
	}
	bare := `{"issue":{"key":"OPS-1","fields":{}}}`
	if got := facts(t, r, eventTicketClose, bare).Tickets[0]; got.ClosedAt != receivedAt || got.CreatedAt != 0 || got.Project != "OPS" {
		t.Errorf("of little %+v", got)
	}
}

func TestInstants(t *testing.T) {
	want := at(t, "2026-03-02T07:00:00Z")
	for _, text := range []string{
		`"2026-03-02T10:00:00.000+0300"`, `"2026-03-02T10:00:00+03:00"`, `"2026-03-02T10:00:00+0300"`, `"2026-03-02T07:00:00.000Z"`,
		`"2026-03-02T07:00Z"`, `"2026-03-02 10:00:00+0300"`, `1772434800000`, `"1772434800000"`, `1772434800`, `1772434800.0`, `1.7724348e12`,
	} {
		if got, ok := instantOf([]byte(text)); !ok || got != want {
			t.Errorf("%s is %s, %t", text, got, ok)
		}
	}
	for _, text := range []string{`null`, `""`, `"soon"`, `0`, `-5`, `"0001-01-01T00:00:00Z"`, `9.3e18`, `{}`, `"2026-03-02T10:00:00"`, `NaN`} {
		if got, ok := instantOf([]byte(text)); ok {
			t.Errorf("%s is %s", text, got)
		}
	}
}

func TestFaults(t *testing.T) {
	r := newSource(t, nil)
	for body, path := range map[string]string{
		`[]`: "$", `{}`: "$.issue", `{"issue":null}`: "$.issue", `{"issue":{"fields":{}}}`: "$.issue.key",
		`{"issue":{"key":"A-1"}}`:                                                    "$.issue.fields",
		`{"issue":{"key":"A-1","fields":{}}}`:                                        "$.issue.fields.issuetype.name",
		`{"issue":{"key":"A-1","fields":{"issuetype":{"name":"Incident"}}}}`:         "$.issue.fields.created",
		strings.Replace(issue, `"2026-03-02T10:00:00.000+0300"`, `"yesterday"`, 1):   "$.issue.fields.created",
		strings.Replace(issue, `"2026-03-02T12:00:00.000+0300"`, `["yesterday"]`, 1): "$.issue.fields.resolutiondate",
	} {
		_, err := r.Receive(source.Hook{Event: eventIssue, Body: []byte(body)})
		var wrong *source.BodyError
		if !errors.As(err, &wrong) || wrong.Path != path {
			t.Errorf("%.60s: %v, and not at %s", body, err, path)
		}
	}
}

func TestKeys(t *testing.T) {
	r := newSource(t, nil)
	hook := func(path, id, body string) source.Hook {
		t.Helper()
		h, err := r.Hook(http.Header{source.HookPath: {path}, "X-Atlassian-Webhook-Identifier": {id}}, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	one := hook("/x/api/jira/tickets/new", "7", `{}`)
	if one.Event != eventTicketNew || one.Key != "ticket_new:7" {
		t.Errorf("%+v", one)
	}
	if a, b, c := hook("/api/jira", "", `{}`), hook("/hooks/desk", "", `{}`), hook("/api/jira", "", `{ }`); a.Key != b.Key || a.Key == c.Key || a.Event != eventIssue {
		t.Errorf("%s, %s, %s", a.Key, b.Key, c.Key)
	}
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		settings source.Settings
		secret   string
		field    string
	}{
		{nil, "s", ""},
		{source.Settings{"allow_unsigned": []byte("true")}, "", ""},
		{nil, "", "webhook_secret"},
		{source.Settings{"incident_types": []byte(`[]`)}, "s", "incident_types"},
		{source.Settings{"incident_types": []byte(`7.5`)}, "s", ""},
		{source.Settings{"done_statuses": []byte(`{}`)}, "s", "done_statuses"},
		{source.Settings{"other": []byte(`1`)}, "s", "other"},
	} {
		_, err := Kind().New(source.Config{Settings: c.settings, Secrets: map[string]string{"webhook_secret": c.secret}}, nil)
		var wrong *source.SettingError
		got := ""
		if errors.As(err, &wrong) {
			got = wrong.Field
		}
		if got != c.field {
			t.Errorf("%v: %v", c.settings, err)
		}
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(eventIssue, []byte(issue))
	f.Add(eventTicketClose, []byte(`{"issue":{"key":"A-1","fields":{"created":1}}}`))
	r := newSource(f, nil)
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		p, err := r.Receive(source.Hook{Event: event, Body: body, ReceivedAt: receivedAt})
		if err != nil {
			return
		}
		var b delivery.Batch
		for _, item := range p.Items {
			item.Add(&b)
		}
		if _, err := b.Facts(); err != nil {
			t.Errorf("no store can keep what was taken: %v", err)
		}
	})
}

// TestAnalysed: a root cause without a status is of an incident that is over.
func TestAnalysed(t *testing.T) {
	const body = `{"issue": {"key": "PAY-8", "fields": {"created": 1772438400000, "issuetype": {"name": "Incident"}, "customfield_10792": [{"value": "payments"}]}}}`
	for event, want := range map[string]delivery.Instant{eventRCA: receivedAt, eventIssue: 0} {
		i := facts(t, newSource(t, nil), event, body).Incidents
		if len(i) != 1 || i[0].ResolvedAt != want || i[0].StartedAt != 1772438400000 {
			t.Errorf("%s: %+v", event, i)
		}
	}
}
