package web

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/inbox"
	"throughline/internal/source/ci"
)

// withIncidents is a site with incidents of several sources, and a service of them.
func withIncidents(t *testing.T) *site {
	t.Helper()
	s := signedIn(t, func(c *Config) { c.Kinds = append(c.Kinds, ci.Kind()) })
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	if _, err := s.db.SaveService(t.Context(), control.Service{Service: delivery.Service{
		Name: "shop", Repository: "acme/shop", JiraProjects: delivery.Patterns{"PAY"},
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "core", Services: delivery.Patterns{"shop"}}}); err != nil {
		t.Fatal(err)
	}
	at := func(hour int) delivery.Instant {
		return delivery.InstantOf(testNow.Add(time.Duration(hour) * time.Hour))
	}
	for _, b := range []delivery.Batch{
		{Connection: "ci", Incidents: []delivery.Incident{
			{ID: "hand", Service: "shop", Title: "Checkout is down", StartedAt: at(-5), ResolvedAt: at(-4), Severity: "critical", SHA: "abcdef0", ToldAt: 1},
			{ID: "open", Service: "acme/shop", Title: "=Slow", StartedAt: at(-2), ToldAt: 1},
			{ID: "gone", Service: "shop", StartedAt: at(-2), Gone: true, ToldAt: 1},
			{ID: "old", Service: "shop", Title: "Long ago", StartedAt: at(-24 * 200), ToldAt: 1},
		}},
		{Connection: "jira", Incidents: []delivery.Incident{
			{ID: "PAY-1", Project: "PAY", Title: "Double charge", StartedAt: at(-7), ResolvedAt: at(-6), URL: "https://jira.example/PAY-1", ToldAt: 1},
			{ID: "OPS-1", Project: "OPS", Title: "Disk is full", StartedAt: at(-8), ToldAt: 1},
		}},
	} {
		if _, err := s.store.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestAPIIncidents(t *testing.T) {
	s := withIncidents(t)
	type list struct {
		Items      []struct{ ID string }
		NextCursor string `json:"next_cursor"`
	}
	ids := func(path string) (out []string) {
		for path != "" {
			l := read[list](s, path)
			for _, i := range l.Items {
				out = append(out, i.ID)
			}
			base, _, _ := strings.Cut(path, "&cursor=")
			if path = ""; l.NextCursor != "" {
				path = base + "&cursor=" + url.QueryEscape(l.NextCursor)
			}
		}
		return out
	}
	for query, want := range map[string][]string{
		"":                                {"open", "hand", "PAY-1", "OPS-1"},
		"limit=1":                         {"open", "hand", "PAY-1", "OPS-1"},
		"range=12m":                       {"open", "hand", "PAY-1", "OPS-1", "old"},
		"service=shop":                    {"open", "hand", "PAY-1"},
		"repository=acme/shop":            {"open", "hand", "PAY-1"},
		"team=core":                       {"open", "hand", "PAY-1"},
		"service=shop&project=PAY":        {"PAY-1"},
		"project=OPS&project=PAY":         {"PAY-1", "OPS-1"},
		"service=shop&project=OPS":        nil,
		"service=nobody":                  nil,
		"connection=jira&status=open":     {"OPS-1"},
		"status=resolved&limit=1":         {"hand", "PAY-1"},
		"from=2026-03-04T04:30:00Z":       {"open", "hand", "PAY-1"},
		"connection=ci&connection=nobody": {"open", "hand"},
	} {
		if d := cmp.Diff(want, ids("/api/v1/incidents?"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	for _, query := range []string{"status=closed", "limit=0", "queue=OPS", "cursor=x", "team=none", "status=open&status=open"} {
		if res := s.get("/api/v1/incidents?" + query); res.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, res.status, res.body)
		}
	}
}

func TestAPIIncident(t *testing.T) {
	s := withIncidents(t)
	number := (&delivery.Incident{Connection: "ci", ID: "hand"}).Number()
	path := "/api/v1/incidents/" + strconv.FormatInt(number, 10)
	want := map[string]any{
		"id": "hand", "connection": "ci", "service": "shop", "project": nil, "title": "Checkout is down", "status": "resolved",
		"started_at": "2026-03-04T07:00:00.000Z", "detected_at": nil, "resolved_at": "2026-03-04T08:00:00.000Z", "updated_at": nil,
		"severity": "critical", "deployment": nil, "version": nil, "sha": "abcdef0", "url": nil, "teams": []any{}, "time_to_restore": 3600.0,
		"number": strconv.FormatInt(number, 10), "links": []any{},
	}
	got := read[map[string]any](s, path)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, path := range []string{"/api/v1/incidents/x", "/api/v1/incidents/1", "/api/v1/incidents/0" + strconv.FormatInt(number, 10)} {
		if res := s.get(path); res.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, res.status)
		}
	}
	// What is answered may be pushed.
	body, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	items, _, err := ci.ParseIncidents(body)
	if err != nil || items[0].Err != nil {
		t.Errorf("%v %v", err, items)
	}
}

func TestAPIIncidentsCSV(t *testing.T) {
	s := withIncidents(t)
	res := s.get("/api/v1/incidents.csv?service=shop")
	rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
	if err != nil || len(rows) != 4 || len(rows[0]) != len(incidentColumns()) {
		t.Fatalf("%v %q", err, rows)
	}
	if rows[1][5] != "'=Slow" || rows[1][6] != "open" || rows[2][11] != "3600" {
		t.Errorf("%q", rows)
	}
	if res := s.get("/api/v1/incidents.csv?limit=1&x=y"); res.status != http.StatusBadRequest {
		t.Errorf("%d", res.status)
	}
}

func TestIncidentsPage(t *testing.T) {
	s := withIncidents(t)
	doc := s.page("/incidents")
	want(t, doc, "#incidents h2", "4 incidents that started 5 Dec 2025 – 4 Mar 2026")
	want(t, doc, "#incidents tbody tr:nth-child(2)", "Checkout is down | 4 Mar 2026 07:00 | ✓Resolved | 1 h | shop | critical | – | ci")
	want(t, s.page("/incidents?status=open&service=shop"), "#incidents tbody tr", "=Slow | 4 Mar 2026 10:00 | ×Open | open for 2 h | acme/shop | – | – | ci")
	want(t, s.page("/incidents?lang=ru"), "h1", "Инциденты")
	for path, text := range map[string]string{
		"/incidents?service=nobody":                "Nothing matches this filter, though there are incidents in the period.Reset the filter",
		"/incidents?from=2026-03-01&to=2026-03-02": "Nothing broke in this period.Show the last 12 months",
		"/incidents?cursor=1%3A1&from=2026-03-01":  "There is nothing older.To the newest",
	} {
		want(t, s.page(path), "#incidents .nothing", text)
	}
	if res := s.get("/incidents?status=closed"); res.status != http.StatusBadRequest {
		t.Errorf("%d", res.status)
	}
	empty := signedIn(t, nil)
	want(t, empty.page("/incidents"), "#incidents .nothing", "No incident is known yet. They come from Jira and Tracker, are pushed, or are recorded here.To the connections")
}

// drain stores what the inbox holds, as the worker does.
func (s *site) drain() {
	s.t.Helper()
	entries, err := s.inbox.Waiting(s.t.Context(), 100, 1<<20)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		pushed, err := ci.Pushes()[e.Kind](e.Body)
		if err != nil {
			s.t.Fatal(err)
		}
		b := delivery.Batch{Connection: e.Connection}
		for _, item := range pushed.Items {
			item.Add(&b)
		}
		for i := range b.Incidents {
			b.Incidents[i].ToldAt = delivery.Instant(e.ID + 10)
		}
		if _, err := s.store.Write(s.t.Context(), b); err != nil {
			s.t.Fatal(err)
		}
		if err := s.inbox.Done(s.t.Context(), e.ID, "{}"); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestIncidentByHand: recorded once however often it is sent, changed, emptied and
// withdrawn, with a line in the audit log for each.
func TestIncidentByHand(t *testing.T) {
	s := withIncidents(t)
	form := func() url.Values {
		doc := s.page("/incidents/new?service=shop")
		id, _ := doc.Find("#incident [name=id]").Attr("value")
		service, _ := doc.Find("#incident [name=service]").Attr("value")
		return url.Values{"id": {id}, "service": {service}}
	}
	f := form()
	for name, value := range map[string]string{
		"title": " Payments fail ", "started_at": "2026-03-04T10:10", "detected_at": "2026-03-04T10:12:30", "severity": "high", "sha": "ABCDEF0",
	} {
		f.Set(name, value)
	}
	for range 2 {
		if res := s.post("/incidents/new", f); res.status != http.StatusSeeOther || res.header.Get("Location") != "/incidents" {
			t.Fatalf("%d %s %s", res.status, res.header.Get("Location"), res.body)
		}
	}
	s.drain()
	stored := func() delivery.Incident {
		t.Helper()
		i, err := s.store.Incident(t.Context(), (&delivery.Incident{Connection: "ci", ID: f.Get("id")}).Number())
		if err != nil {
			t.Fatal(err)
		}
		i.ToldAt = 0
		return i.Incident
	}
	started := delivery.InstantOf(time.Date(2026, time.March, 4, 10, 10, 0, 0, time.UTC))
	want1 := delivery.Incident{
		Connection: "ci", ID: f.Get("id"), Service: "shop", Title: "Payments fail", Severity: "high", SHA: "abcdef0",
		StartedAt: started, DetectedAt: started + 150_000, Whole: true,
	}
	if d := cmp.Diff(want1, stored()); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
	path := "/incidents/" + strconv.FormatInt(want1.Number(), 10)
	want(t, s.page(path), "h1", "Payments fail")
	f.Set("resolved_at", "2026-03-04T11:10:00")
	f.Del("severity")
	f.Del("detected_at")
	if res := s.post(path, f); res.status != http.StatusSeeOther {
		t.Fatalf("%d %s", res.status, res.body)
	}
	s.drain()
	want1.Severity, want1.DetectedAt, want1.ResolvedAt = "", 0, started+3_600_000
	if d := cmp.Diff(want1, stored()); d != "" {
		t.Errorf("changed (-want +got):\n%s", d)
	}
	if res := s.post(path, url.Values{"withdraw": {"1"}}); res.status != http.StatusSeeOther {
		t.Fatalf("%d %s", res.status, res.body)
	}
	s.drain()
	if res := s.get(path); res.status != http.StatusNotFound {
		t.Errorf("withdrawn, it answers %d", res.status)
	}
	entries, err := s.db.Audit(t.Context(), control.AuditQuery{Kind: "incident"})
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action+" "+e.Object+" "+e.Email)
	}
	by := " incident/" + f.Get("id") + " " + adminEmail
	if d := cmp.Diff([]string{"incident.withdraw" + by, "incident.save" + by, "incident.save" + by, "incident.save" + by}, actions); d != "" {
		t.Errorf("audit (-want +got):\n%s", d)
	}
	want(t, s.page("/settings/audit?kind=incident"), "h1", "Settings")
}

func TestIncidentFormRefuses(t *testing.T) {
	s := withIncidents(t)
	good := url.Values{"id": {"hand-0123456789abcdef"}, "title": {"x"}, "started_at": {"2026-03-04T10:10"}}
	for _, c := range []struct{ name, field, value, wrong string }{
		{"no title", "title", " ", "Say what broke"},
		{"no start", "started_at", "", "Say when it began"},
		{"no time", "started_at", "yesterday", "Enter a time like 2026-03-02T10:10"},
		{"end before the start", "resolved_at", "2026-03-04T10:09", "It cannot end before it began"},
		{"sha", "sha", "main", "Enter 7 to 64 digits and letters from a to f"},
		{"address", "url", "javascript:alert(1)", "Enter an address that begins with http:// or https://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := url.Values{}
			for name, values := range good {
				f[name] = values
			}
			f.Set(c.field, c.value)
			res := s.post("/incidents/new", f)
			if res.status != http.StatusUnprocessableEntity {
				t.Fatalf("%d", res.status)
			}
			want(t, res.doc, "#f-"+c.field+"-error", c.wrong)
			if id, _ := res.doc.Find("[name=id]").Attr("value"); id != "hand-0123456789abcdef" {
				t.Errorf("the form is of %q now", id)
			}
		})
	}
	for id, status := range map[string]int{"": 400, "hand": 400, "hand-0123456789abcdef\n": 400} {
		f := url.Values{"id": {id}, "title": {"x"}, "started_at": {"2026-03-04T10:10"}}
		if res := s.post("/incidents/new", f); res.status != status {
			t.Errorf("id %q: %d", id, res.status)
		}
	}
	jira := "/incidents/" + strconv.FormatInt((&delivery.Incident{Connection: "jira", ID: "PAY-1"}).Number(), 10)
	if res := s.post(jira, good); res.status != http.StatusForbidden {
		t.Errorf("another source's: %d", res.status)
	}
	doc := s.page(jira)
	if doc.Find("#incident").Length() != 0 {
		t.Error("another source's incident has a form")
	}
	counts, err := s.inbox.Counts(t.Context())
	if err != nil || counts["ci"][inbox.Waiting] != 0 {
		t.Errorf("%v %v", counts, err)
	}
}

// TestIncidentWithoutStore: what a person records while the fact store is away is kept.
func TestIncidentWithoutStore(t *testing.T) {
	s := withoutStore(t)
	if res := s.get("/incidents"); res.status != http.StatusServiceUnavailable {
		t.Errorf("the list answers %d", res.status)
	}
	if res := s.api(http.MethodGet, "/api/v1/incidents", ""); res.status != http.StatusUnauthorized {
		t.Errorf("programs without a token are answered %d", res.status)
	}
	res := s.post("/incidents/new", url.Values{"id": {"hand-0123456789abcdef"}, "title": {"Down"}, "started_at": {"2026-03-04T10:10"}})
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/incidents/new" {
		t.Fatalf("%d %s", res.status, res.body)
	}
	want(t, s.page("/incidents/new"), ".flash", "It is kept. The fact store does not answer just now")
	counts, err := s.inbox.Counts(t.Context())
	if err != nil || counts["ci"][inbox.Waiting] != 1 {
		t.Errorf("%v %v", counts, err)
	}
}
