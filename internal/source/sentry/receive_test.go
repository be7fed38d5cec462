package sentry

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const issueBody = `{"action":"resolved","data":{"issue":{"id":"1170820242","shortId":"PAY-1","title":"Oops","culprit":"main","permalink":null,
	"web_url":"https://acme.sentry.io/issues/1170820242/","level":"fatal","status":"resolved","substatus":null,"logger":null,"platform":"go",
	"project":{"id":"12","slug":"pay","name":"Pay"},"count":"7","userCount":2,"firstSeen":"2026-11-04T19:17:33.123000Z","lastSeen":"2026-11-20T11:00:00Z"}},"actor":{"type":"user"}}`

var receivedAt = delivery.InstantOf(testNow)

// batch is what a hook comes to.
func batch(t *testing.T, s *Source, event, body string, at delivery.Instant) delivery.Batch {
	t.Helper()
	p, err := s.Receive(source.Hook{Event: event, Body: []byte(body), ReceivedAt: at})
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	var b delivery.Batch
	for _, item := range p.Items {
		item.Add(&b)
		if item.ID == "" || item.Told(&b) == nil {
			t.Errorf("%+v", item)
		}
	}
	return b
}

func TestIssueHook(t *testing.T) {
	s := receiver(t, map[string]any{"incidents": "alert:Pay*, level:fatal"})
	b := batch(t, s, "issue.resolved", issueBody, receivedAt)
	platform := "go"
	seen := delivery.InstantOf(time.Date(2026, 11, 4, 19, 17, 33, 123e6, time.UTC))
	want := delivery.Batch{
		ErrorGroups: []delivery.ErrorGroup{{
			ID: "1170820242", Project: "pay", ShortID: "PAY-1", Title: "Oops", Culprit: "main", URL: "https://acme.sentry.io/issues/1170820242/",
			Level: "fatal", Status: delivery.GroupResolved, Platform: &platform, Events: 7, Users: 2, FirstSeen: seen,
			LastSeen: delivery.InstantOf(time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)), ToldAt: receivedAt, ChangedAt: receivedAt, Part: true,
		}},
		Incidents: []delivery.Incident{{ID: "group:1170820242", Project: "pay", ResolvedAt: receivedAt, UpdatedAt: receivedAt, ToldAt: receivedAt, Repeated: true}},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
	for action, c := range map[string]struct {
		status  string
		want    delivery.GroupStatus
		changed bool
	}{
		"created":    {"unresolved", delivery.GroupUnresolved, false},
		"unresolved": {"unresolved", delivery.GroupUnresolved, true},
		"archived":   {"ignored", delivery.GroupIgnored, true},
		"ignored":    {"ignored", delivery.GroupIgnored, true},
		"assigned":   {"unresolved", delivery.GroupUnresolved, false},
	} {
		b := batch(t, s, "issue."+action, strings.Replace(issueBody, `"status":"resolved"`, `"status":"`+c.status+`"`, 1), receivedAt)
		if g := b.ErrorGroups[0]; g.Status != c.want || g.ChangedAt.Known() != c.changed || len(b.Incidents) > 0 {
			t.Errorf("%s: %+v", action, b)
		}
	}
	if b := batch(t, receiver(t, map[string]any{"projects": "web"}), "issue.resolved", issueBody, receivedAt); len(b.ErrorGroups) > 0 {
		t.Error("of a project that is left out")
	}
	if b := batch(t, receiver(t, nil), "issue.resolved", issueBody, receivedAt); len(b.Incidents) > 0 {
		t.Error("an incident without a rule")
	}
}

const eventBody = `{"action":"triggered","data":{"event":{"issue_id":"1170820242","datetime":"2026-11-20T12:00:00.500000Z","timestamp":1795176000.5,
	"level":"fatal","release":"pay@2","title":"Oops","culprit":"main","platform":"go","project":12,"url":"https://sentry.io/api/0/projects/acme/pay/events/e4/",
	"web_url":"https://sentry.io/organizations/acme/issues/1170820242/events/e4/"},"triggered_rule":"Payments down"}}`

func TestEventAlert(t *testing.T) {
	s := receiver(t, map[string]any{"incidents": "alert:pay*down, project:pay, project:web"})
	b := batch(t, s, "event_alert.triggered", eventBody, receivedAt)
	at := delivery.InstantOf(time.Date(2026, 11, 20, 12, 0, 0, 5e8, time.UTC))
	want := []delivery.Incident{{
		ID: "group:1170820242", Project: "pay", Title: "Payments down: Oops", Severity: "fatal", StartedAt: at, DetectedAt: at, UpdatedAt: at,
		ToldAt: receivedAt, URL: "https://sentry.io/organizations/acme/issues/1170820242/events/e4/", Repeated: true,
	}}
	if diff := cmp.Diff(want, b.Incidents); diff != "" {
		t.Error(diff)
	}
	if g := b.ErrorGroups[0]; g.ID != "1170820242" || g.Project != "pay" || g.LastSeen != at || !g.Part || g.Status != "" || g.LastRelease != "pay@2" {
		t.Errorf("%+v", g)
	}
	for rule, n := range map[string]int{"": 0, "alert:*": 1, "alert:Web*": 0, "level:fatal": 1, "level:error, alert:*": 0, "project:web": 0, "level:error, level:fatal": 1} {
		if got := batch(t, receiver(t, map[string]any{"incidents": rule}), "event_alert.triggered", eventBody, receivedAt); len(got.Incidents) != n || len(got.ErrorGroups) != 1 {
			t.Errorf("%q: %+v", rule, got.Incidents)
		}
	}
}

// TestIncidentOverTime: alerts about a group are one incident, which begins with the
// first, ends when the group is resolved, and begins anew after that.
func TestIncidentOverTime(t *testing.T) {
	s := receiver(t, map[string]any{"incidents": "alert:*"})
	at := func(clock string) string { return strings.Replace(eventBody, "12:00:00.500000Z", clock+"Z", 1) }
	var stored delivery.Incident
	tell := func(event, body string, received time.Duration) {
		b := batch(t, s, event, body, receivedAt+millis(received))
		stored = delivery.MergeIncident(stored, b.Incidents[0])
	}
	tell("event_alert.triggered", at("12:00:00"), 0)
	tell("event_alert.triggered", at("12:20:00"), time.Minute)
	if stored.StartedAt.String() != "2026-11-20T12:00:00.000Z" || stored.ResolvedAt.Known() {
		t.Errorf("%+v", stored)
	}
	tell("issue.resolved", issueBody, 10*time.Minute)
	if stored.StartedAt.String() != "2026-11-20T12:00:00.000Z" || stored.ResolvedAt != receivedAt+millis(10*time.Minute) || stored.Title != "Payments down: Oops" {
		t.Errorf("%+v", stored)
	}
	tell("event_alert.triggered", at("13:00:00"), 30*time.Minute)
	if stored.StartedAt.String() != "2026-11-20T13:00:00.000Z" || stored.ResolvedAt.Known() {
		t.Errorf("%+v", stored)
	}
}

const metricBody = `{"action":"critical","data":{"metric_alert":{"id":"4","identifier":"4","title":"Too many errors","date_started":"2026-11-20T12:00:00Z",
	"date_detected":"2026-11-20T12:01:00Z","date_created":"2026-11-20T12:01:05Z","date_closed":null,"projects":["pay"],"status":20,
	"alert_rule":{"id":"7","name":"Errors","projects":["pay"]}},"description_title":"Critical: Too many errors","web_url":"https://sentry.io/x"}}`

func TestMetricAlert(t *testing.T) {
	s := receiver(t, map[string]any{"incidents": "alert:Errors, level:critical"})
	started := delivery.InstantOf(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	b := batch(t, s, "metric_alert.critical", metricBody, receivedAt)
	want := []delivery.Incident{{
		ID: "metric:4", Project: "pay", Title: "Errors: Too many errors", Severity: "critical", StartedAt: started, DetectedAt: started + 60_000,
		UpdatedAt: receivedAt, ToldAt: receivedAt, URL: "https://sentry.io/x",
	}}
	if diff := cmp.Diff(want, b.Incidents); diff != "" || len(b.ErrorGroups) > 0 {
		t.Error(diff)
	}
	over := batch(t, s, "metric_alert.resolved", strings.Replace(metricBody, `"date_closed":null`, `"date_closed":"2026-11-20T12:30:00Z"`, 1), receivedAt+1)
	stored := delivery.MergeIncident(b.Incidents[0], over.Incidents[0])
	if stored.ResolvedAt != started+30*60_000 || stored.Severity != "critical" || stored.StartedAt != started {
		t.Errorf("%+v", stored)
	}
	if b := batch(t, s, "metric_alert.warning", metricBody, receivedAt); len(b.Incidents) > 0 {
		t.Error("a warning where critical ones are wanted")
	}
}

// TestWrongBodies: what is wrong is said with its place.
func TestWrongBodies(t *testing.T) {
	s := receiver(t, map[string]any{"incidents": "alert:*"})
	for _, c := range []struct{ event, body, want string }{
		{"issue.created", `[]`, "$: is not a JSON object"},
		{"issue.created", `{}`, "$.data: data is missing"},
		{"issue.created", `{"data":5}`, "$.data: data is not an object"},
		{"issue.created", `{"data":{}}`, "$.data.issue: issue is missing"},
		{"issue.created", `{"data":{"issue":{"id":"1","status":"odd","project":{"slug":"../x"},"firstSeen":"2026-11-20T12:00:00Z","count":-1}}}`, "$.data.issue.count: count is no count\n$.data.issue.project.slug: slug is no id\n$.data.issue.status: status is no status of a group"},
		{"event_alert.triggered", `{"data":{"event":{"datetime":"noon"}}}`, "$.data.event.issue_id: issue_id is missing\n$.data.event.datetime: datetime is not a time like 2026-01-31T12:00:00Z"},
		{"metric_alert.critical", `{"data":{"metric_alert":{}}}`, "$.data.metric_alert.id: id is missing"},
	} {
		_, err := s.Receive(source.Hook{Event: c.event, Body: []byte(c.body), ReceivedAt: receivedAt})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s %s: %v, want %s", c.event, c.body, err, c.want)
		}
	}
	if p, err := s.Receive(source.Hook{Event: "comment.created", Body: []byte(`x`)}); err != nil || len(p.Items) > 0 {
		t.Errorf("%+v %v", p, err)
	}
}

func FuzzReceive(f *testing.F) {
	for event, body := range map[string]string{"issue.resolved": issueBody, "event_alert.triggered": eventBody, "metric_alert.critical": metricBody} {
		f.Add(event, []byte(body), int64(receivedAt))
	}
	f.Add("issue.created", []byte(`{"data":{"issue":{"project":[],"count":1e400,"firstSeen":1e13}}}`), int64(0))
	s := receiver(f, map[string]any{"incidents": "alert:*"})
	f.Fuzz(func(t *testing.T, event string, body []byte, at int64) {
		p, err := s.Receive(source.Hook{Event: event, Body: body, ReceivedAt: delivery.Instant(at)})
		if err != nil {
			if bad, ok := errors.AsType[*source.BodyError](err); !ok || !strings.HasPrefix(bad.Path, "$") {
				t.Errorf("%v", err)
			}
			return
		}
		b := delivery.Batch{Connection: "c"}
		for _, item := range p.Items {
			item.Add(&b)
		}
		if _, err := b.Facts(); err != nil {
			t.Errorf("facts that no store takes: %v", err)
		}
	})
}

// TestLateHooks: what was sent first counts as first, whenever it comes.
func TestLateHooks(t *testing.T) {
	s := receiver(t, nil)
	took := func(body string, sent time.Time, stamp string) delivery.ErrorGroup {
		t.Helper()
		header := http.Header{"Sentry-Hook-Resource": {"issue"}, "Request-Id": {"r1"}, "Sentry-Hook-Timestamp": {stamp}}
		h, err := s.Hook(header, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		again := header.Clone()
		again.Set("Sentry-Hook-Timestamp", "1")
		if other, err := s.Hook(again, []byte(body)); err != nil || other.Key != h.Key || h.Event == "" {
			t.Errorf("sent again it is another one: %q, %q, %v", other.Key, h.Key, err)
		}
		g := batch(t, s, h.Event, string(h.Body), receivedAt).ErrorGroups[0]
		if want := delivery.InstantOf(sent); g.ToldAt != want {
			t.Errorf("%q: told at %s, not %s", stamp, g.ToldAt, want)
		}
		return g
	}
	second := testNow.Add(-time.Minute).Truncate(time.Second)
	resolved := took(issueBody, second.Add(999*time.Millisecond), strconv.FormatInt(second.Unix(), 10))
	created := strings.NewReplacer(`"action":"resolved"`, `"action":"created"`, `"status":"resolved"`, `"status":"unresolved"`).Replace(issueBody)
	late := took(created, testNow.Add(-11*time.Minute), strconv.FormatInt(testNow.Add(-11*time.Minute).UnixMilli(), 10))
	g := delivery.MergeErrorGroup(delivery.MergeErrorGroup(delivery.ErrorGroup{}, resolved), late)
	if g.Status != delivery.GroupResolved || len(g.States) != 2 {
		t.Errorf("it stands as %+v", g)
	}
	for _, odd := range []string{"", "soon", "-5", strconv.FormatInt(testNow.Add(time.Hour).UnixMilli(), 10), strconv.FormatInt(testNow.Add(-30*aDay).UnixMilli(), 10)} {
		took(issueBody, testNow, odd)
	}
	if h, err := s.Hook(http.Header{"Sentry-Hook-Resource": {"issue"}, "Sentry-Hook-Timestamp": {"1700000000"}}, []byte("{ }")); err != nil || !json.Valid(h.Body) {
		t.Errorf("%s, %v", h.Body, err)
	}
}
