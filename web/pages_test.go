package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// connect stores a connection called tracker with the token "good".
func (s *site) connect() control.Connection {
	s.t.Helper()
	c, err := s.db.SaveConnection(s.t.Context(), control.Connection{
		Name: "tracker", Kind: "tracker", Every: 30 * time.Minute,
		Settings: source.Settings{"org_id": []byte(`"42"`), "queues": []byte(`["DEV","!TEST"]`)},
	}, map[string]string{"token": "good"})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func TestOverviewBegins(t *testing.T) {
	s := signedIn(t, nil)
	doc := s.page("/")
	if got := doc.Find(".steps li").Map(func(_ int, li *goquery.Selection) string { return li.Find("a").AttrOr("href", "") }); !slices.Equal(got, []string{
		"/settings/connections/new", "/settings/calendars", "/settings/workflow", "/settings/teams/new",
	}) {
		t.Errorf("steps lead to %q", got)
	}
	begin := s.page(doc.Find(".steps > p a").AttrOr("href", ""))
	if begin.Find(".steps li a").Length() != 4 || begin.Find(".begin-sources dt").Length() != 6 {
		t.Error("where to begin is not explained")
	}
	if doc.Find("table.teams, #panel-attention, .tabs").Length() != 0 {
		t.Error("figures are asked for without data")
	}
	s.connect()
	s.addIssues()
	doc = s.page("/?range=90d&clock=elapsed")
	if got := doc.Find(".steps li.done").Length(); got != 1 {
		t.Errorf("%d steps are done", got)
	}
	want(t, doc, "#connected", "tracker")
	want(t, doc, "#connected", "Not synced yet")
	want(t, doc, ".lacks", "deployments · pipelines · errors")
	slots := doc.Find("table.teams tbody tr")
	path := slots.AttrOr("hx-get", "")
	if slots.Length() != 1 || !strings.Contains(path, "range=90d") || !strings.Contains(path, "clock=elapsed") {
		t.Errorf("figures are asked for by %q", path)
	}
	want(t, doc, "table.teams th[scope=row]", "Everything")
	// 8 days from the first active status to the closed one.
	if got := valueIn(s.fragment(path), "cycle_time"); got != "8\u00a0d" {
		t.Errorf("cycle time is %q", got)
	}
	if doc.Find("#panel-cycle-time-trend").Length() != 1 {
		t.Error("a single row has no trend")
	}
	s.saveTeam("payments", "", []string{"DEV"})
	if got := s.page("/").Find(".steps li.done").Length(); got != 2 {
		t.Errorf("with a team %d steps are done", got)
	}
}

func TestNewConnection(t *testing.T) {
	s := signedIn(t, nil)
	doc := s.page("/settings/connections/new")
	for _, name := range []string{"name", "org_id", "queues", "language", "initial_range", "changelog", "base_url", "token", "every"} {
		id := doc.Find("form#connection [name="+name+"]").AttrOr("id", "")
		if id == "" || doc.Find("label[for="+id+"]").Length() != 1 {
			t.Errorf("the field %s has no label", name)
		}
	}
	form := url.Values{"kind": {"tracker"}, "name": {"My Tracker"}, "org_id": {"42"}, "initial_range": {"soon"}, "changelog": {"on"}, "language": {"en"}, "every": {"1800"}}
	res := s.post("/settings/connections", form)
	if res.status != http.StatusUnprocessableEntity {
		t.Fatalf("bad input answers %d", res.status)
	}
	want(t, res.doc, "#f-initial_range-error", "365d")
	want(t, res.doc, "#f-name-error", "small Latin letters")
	want(t, res.doc, "#connection .banner.bad li", "Name: Up to 40")
	if got := res.doc.Find("#f-org_id").AttrOr("value", ""); got != "42" {
		t.Errorf("what was typed is lost: %q", got)
	}
	form.Set("initial_range", "12m")
	form.Set("token", "good")
	want(t, s.post("/settings/connections", form).doc, "#f-name-error", "small Latin letters")

	form.Set("name", "main")
	form.Set("queues", " DEV, !TEST ,")
	res = s.post("/settings/connections", form)
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/syncs" {
		t.Fatalf("saving answers %d to %q", res.status, res.header.Get("Location"))
	}
	if s.worker.pokes.Load() != 1 {
		t.Errorf("the worker was poked %d times", s.worker.pokes.Load())
	}
	c, err := s.db.Connection(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	settings, secrets, err := s.db.Config(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%s", settings); got != `map[initial_range:"12m" org_id:"42" queues:["DEV","!TEST"]]` {
		t.Errorf("settings are %s", got)
	}
	if secrets["token"] != "good" {
		t.Errorf("the token is %q", secrets["token"])
	}
	form.Set("name", "main")
	want(t, s.post("/settings/connections", form).doc, "#f-name-error", "Another connection has this name")
}

func TestSecretsStayOnTheServer(t *testing.T) {
	s := signedIn(t, nil)
	c, err := s.db.SaveConnection(t.Context(), control.Connection{Name: "tracker", Kind: "tracker", Every: time.Hour}, map[string]string{"token": "sesame-open"})
	if err != nil {
		t.Fatal(err)
	}
	pages := []string{"/", "/syncs", "/settings/connections", "/settings/connections/tracker", "/settings/connections/tracker/delete"}
	for _, path := range pages {
		if strings.Contains(s.get(path).body, "sesame") {
			t.Errorf("%s shows the token", path)
		}
	}
	form := url.Values{"every": {"3600"}, "language": {"en"}, "changelog": {"on"}, "token": {""}, "org_id": {"7"}}
	if res := s.post("/settings/connections/tracker", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	if _, secrets, err := s.db.Config(t.Context(), c); err != nil || secrets["token"] != "sesame-open" {
		t.Errorf("an empty field changed the token: %v, %v", secrets, err)
	}

	// The stored token must not go to an address that somebody typed in.
	form.Set("base_url", "https://evil.example")
	res := s.post("/settings/connections/tracker", form)
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("another address with the stored token answers %d", res.status)
	}
	want(t, res.doc, "#f-token-error", "Enter it again")
	test := s.post("/settings/connections/tracker/test", form)
	want(t, test.doc, ".banner.bad", "Enter it again")

	// What the source repeats of a secret is not shown.
	form.Del("base_url")
	form.Set("token", "sesame-two")
	res = s.post("/settings/connections/tracker/test", form)
	want(t, res.doc, ".banner.bad", "Enter a new one")
	if res.doc.Find(".said").Length() != 0 {
		t.Errorf("the test says it twice: %s", res.body)
	}
	if strings.Contains(res.body, "sesame") {
		t.Errorf("the test shows the token: %s", res.body)
	}
	if log := s.log.String(); strings.Contains(log, "sesame") {
		t.Errorf("the log holds the token: %s", log)
	}
	form.Set("token", "")
	form.Set("forget.token", "on")
	want(t, s.post("/settings/connections/tracker", form).doc, "#f-token-error", "Enter an OAuth token")
}

func TestConnectionTest(t *testing.T) {
	s := signedIn(t, nil)
	form := url.Values{"kind": {"tracker"}, "name": {"x"}, "every": {"1800"}, "language": {"en"}, "changelog": {"on"}, "token": {"good"}}
	doc := s.post("/settings/connections/test", form).doc
	for _, text := range []string{"The connection works", "Acme", "Ann", "2 queues seen", "DEV", "queue SECRET"} {
		want(t, doc, ".banner", text)
	}
	form.Set("token", "lonely")
	want(t, s.post("/settings/connections/test", form).doc, ".banner.warn", "The token sees no queue")
	if all, err := s.db.Connections(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a test saved %v, %v", all, err)
	}
	s.connect()
	doc = s.post("/settings/connections/tracker/test", url.Values{"language": {"en"}, "changelog": {"on"}, "org_id": {"1"}}).doc
	want(t, doc, ".banner", "The connection works")
}

func TestDeleteConnection(t *testing.T) {
	s := signedIn(t, nil)
	s.connect()
	doc := s.page("/settings/connections/tracker/delete")
	want(t, doc, "form button.bad", "Delete tracker")
	want(t, doc, "main", "What it brought in stays")
	if res := s.post("/settings/connections/tracker/delete", nil); res.status != http.StatusSeeOther {
		t.Errorf("deleting answers %d", res.status)
	}
	want(t, s.page("/settings/connections"), ".empty", "Nothing is connected yet")
}

func TestSyncs(t *testing.T) {
	s := signedIn(t, nil)
	want(t, s.page("/syncs"), ".empty", "Nothing is connected yet")
	c := s.connect()
	ctx := t.Context()
	start := testNow.Add(-10 * time.Second)
	sync, err := s.db.StartSync(ctx, c.ID, start)
	if err != nil {
		t.Fatal(err)
	}
	problems := []source.Problem{{Record: "DEV-7", Path: "$.status", Message: "<b>not</b> a status"}}
	progress := source.Progress{Phase: "history", Found: 1500, Read: 500, Requests: 12}
	if err := s.db.SaveProgress(ctx, sync.ID, []byte("{}"), progress, delivery.Written{Inserted: 499}, problems, testNow); err != nil {
		t.Fatal(err)
	}
	doc := s.page("/syncs")
	if got := doc.Find("#syncs").AttrOr("hx-trigger", ""); got != "every 2s" {
		t.Errorf("a running sync is asked for %q", got)
	}
	if bar := doc.Find("progress"); bar.AttrOr("value", "") != "500" || bar.AttrOr("max", "") != "1500" {
		t.Errorf("the bar stands at %s of %s", bar.AttrOr("value", ""), bar.AttrOr("max", ""))
	}
	want(t, doc, "#syncs", "500 of 1,500 records read · 50 per second · about 20 s left")
	part := s.page(doc.Find("#syncs").AttrOr("hx-get", ""))
	if part.Find("#syncs progress").Length() != 1 || part.Find("header").Length() != 0 {
		t.Error("the part is not the part alone")
	}
	detail := s.page(fmt.Sprintf("/syncs/%d", sync.ID))
	want(t, detail, "tbody td:nth-child(1)", "DEV-7")
	want(t, detail, "tbody td:nth-child(3)", "<b>not</b> a status")

	if err := s.db.FinishSync(ctx, sync.ID, control.Problems, source.Message{}, testNow.Add(20*time.Minute), 0, testNow); err != nil {
		t.Fatal(err)
	}
	doc = s.page("/syncs")
	if _, live := doc.Find("#syncs").Attr("hx-trigger"); live {
		t.Error("asks again though nothing runs")
	}
	want(t, doc, ".connection", "1 record could not be read")
	want(t, doc, ".connection", "next in 20 minutes")
	if res := s.get("/syncs/999"); res.status != http.StatusNotFound {
		t.Errorf("an unknown sync answers %d", res.status)
	}
}

func TestActs(t *testing.T) {
	s := signedIn(t, nil)
	c := s.connect()
	ctx := t.Context()
	act := func(what string) answer {
		return s.post("/syncs/act", url.Values{"connection": {"tracker"}, "act": {what}, "back": {"/syncs"}})
	}
	if res := act("pause"); res.status != http.StatusSeeOther || res.header.Get("Location") != "/syncs" {
		t.Errorf("pause answers %d", res.status)
	}
	doc := s.page("/syncs")
	want(t, doc, ".connection", "Somebody paused it here")
	if doc.Find("button[value=resume]").Length() != 1 || doc.Find("button[value=run]").Length() != 0 {
		t.Error("a paused connection offers the wrong buttons")
	}
	act("resume")
	if c, err := s.db.Connection(ctx, "tracker"); err != nil || c.Paused != nil {
		t.Errorf("resume left %v, %v", c.Paused, err)
	}
	if s.worker.pokes.Load() != 1 {
		t.Errorf("poked %d times", s.worker.pokes.Load())
	}
	if err := s.db.Pause(ctx, c.ID, "expired", "the source says no", testNow); err != nil {
		t.Fatal(err)
	}
	want(t, s.page("/"), "#connected", "The token no longer works")
	act("run")
	if due, err := s.db.Due(ctx, testNow); err != nil || len(due) != 1 {
		t.Errorf("after run %d are due, %v", len(due), err)
	}
	if res := act("explode"); res.status != http.StatusBadRequest {
		t.Errorf("an unknown act answers %d", res.status)
	}
	if res := s.get("/syncs/act"); res.status == http.StatusOK {
		t.Error("GET acts")
	}
}

func TestCalendar(t *testing.T) {
	s := signedIn(t, nil)
	doc := s.page("/settings/calendars")
	want(t, doc, ".banner", "Nobody has chosen working hours yet")
	want(t, doc, "#preview", "45 h a week")
	form := url.Values{
		"timezone": {"Europe/Moscow"}, "workdays": {"mon", "tue", "wed", "thu", "fri"}, "hours": {"09:00–13:00, 14:00 - 18:00"},
		"holidays": {"RU"}, "days_off": {"03.11.2026\n2026-12-30"}, "working_days": {""},
	}
	preview := s.post("/settings/calendars/preview", form).doc
	want(t, preview, "main, .preview", "40 h a week")
	want(t, preview, ".preview", "2026 has 245 working days, 1,960 h")
	want(t, preview, ".preview .banner.warn", "2027")
	want(t, s.page("/settings/calendars"), ".banner", "Nobody has chosen") // a preview saves nothing

	bad := url.Values{"timezone": {"Moscow"}, "hours": {"9-18"}, "holidays": {"XX"}, "days_off": {"soon"}}
	res := s.post("/settings/calendars", bad)
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("bad input answers %d", res.status)
	}
	for field, text := range map[string]string{
		"timezone": "Europe/Moscow", "workdays": "at least one", "hours": "09:00-18:00", "holidays": "country", "days_off": "03.11.2026",
	} {
		want(t, res.doc, "#f-"+field+"-error", text)
	}
	want(t, res.doc, "#f-days_off", "soon")

	night := url.Values{"workdays": {"mon", "tue", "wed", "thu", "fri"}, "timezone": {"UTC"}, "hours": {"22:00-06:00"}, "holidays": {"none"}}
	want(t, s.post("/settings/calendars/preview", night).doc, "li:first-child", "261 working days, 2,088 h")

	if res := s.post("/settings/calendars", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	calendar, err := s.db.DefaultCalendar(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if calendar.Zone().String() != "Europe/Moscow" || calendar.Day(0) != 8*time.Hour {
		t.Errorf("the calendar is %s, %s a day", calendar.Zone(), calendar.Day(0))
	}
	form.Set("from", "2026-06-01")
	form.Set("hours", "10:00-16:00")
	s.post("/settings/calendars", form)
	doc = s.page("/settings/calendars")
	want(t, doc, "aside", "1 Jun 2026")
	if got := doc.Find("#f-hours").AttrOr("value", ""); got != "10:00-16:00" {
		t.Errorf("the form shows %q", got)
	}
	doc = s.page("/settings/calendars?preset=always")
	if got := doc.Find("#f-hours").AttrOr("value", ""); got != "00:00-24:00" || doc.Find("[name=workdays][checked]").Length() != 7 {
		t.Errorf("the preset shows %q", got)
	}
}

func TestCountriesHaveNames(t *testing.T) {
	s := signedIn(t, nil)
	s.page("/settings/calendars").Find("#f-holidays option").Each(func(_ int, o *goquery.Selection) {
		if strings.HasPrefix(o.Text(), "country.") {
			t.Errorf("%s has no name", o.AttrOr("value", ""))
		}
	})
}

func TestWorkflow(t *testing.T) {
	s := signedIn(t, nil)
	want(t, s.page("/settings/workflow"), ".empty", "No statuses yet")
	s.addIssues()
	doc := s.page("/settings/workflow")
	want(t, doc, ".banner.warn", "3 statuses are not sorted yet")
	chosen := func(doc *goquery.Document, key string) string {
		return doc.Find(fmt.Sprintf(`input[name="class:%s"][checked]`, key)).AttrOr("value", "")
	}
	for key, class := range map[string]string{"open": "waiting", "inProgress": "active", "closed": "closed"} {
		if got := chosen(doc, key); got != class {
			t.Errorf("%s is shown as %q, want %q", key, got, class)
		}
	}
	form := url.Values{
		"class:open": {"active"}, "class:inProgress": {"active"}, "class:closed": {"closed"},
		"excluded_resolutions": {"duplicate, wontFix"}, "act": {"save"},
	}
	if res := s.post("/settings/workflow", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	if s.worker.changes.Load() != 1 {
		t.Errorf("the worker was told %d times", s.worker.changes.Load())
	}
	w, err := s.db.Workflow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.Active, []string{"inProgress", "open"}) || !slices.Equal(w.ExcludedResolutions, []string{"duplicate", "wontFix"}) {
		t.Errorf("saved %+v", w)
	}
	doc = s.page("/settings/workflow")
	want(t, doc, "#rebuild", "Numbers are being rebuilt")
	if doc.Find(".banner.warn").Length() != 0 {
		t.Error("sorted statuses are still flagged")
	}
	if err := s.store.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if part := s.page("/settings/workflow/rebuild"); part.Find("progress").Length() != 0 {
		t.Error("the banner stays after the rebuild")
	}

	form = url.Values{"queue": {"OPS"}, "class:open": {"waiting"}, "class:inProgress": {"closed"}, "class:closed": {"closed"}, "act": {"save"}}
	s.post("/settings/workflow", form)
	doc = s.page("/settings/workflow?queue=OPS")
	want(t, doc, "form.panel", "a sorting of its own")
	if got := chosen(doc, "inProgress"); got != "closed" {
		t.Errorf("in OPS it is %q", got)
	}
	if got := chosen(s.page("/settings/workflow"), "inProgress"); got != "active" {
		t.Errorf("elsewhere it is %q", got)
	}
	s.post("/settings/workflow", url.Values{"queue": {"OPS"}, "act": {"common"}})
	want(t, s.page("/settings/workflow?queue=OPS"), "form.panel", "follows the common sorting")
	if res := s.post("/settings/workflow", url.Values{"class:open": {"lost"}}); res.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown class answers %d", res.status)
	}
}

func TestProvisionedIsReadOnly(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	file := `
connections:
  - {name: tracker, kind: tracker, settings: {org_id: "1"}, secrets: {token: good}}
calendars:
  - {name: default, timezone: UTC, workdays: [mon], hours: ["09:00-18:00"], holidays: none}
workflow: {closed: [closed]}
`
	s.provision(file)
	for path, post := range map[string]string{
		"/settings/connections/tracker": "/settings/connections/tracker",
		"/settings/calendars":           "/settings/calendars",
		"/settings/workflow":            "/settings/workflow",
	} {
		doc := s.page(path)
		want(t, doc, ".banner", "declared in the provisioning file")
		if doc.Find("main button[type=submit]").Length() != 0 {
			t.Errorf("%s has a button to save", path)
		}
		form := url.Values{
			"timezone": {"UTC"}, "workdays": {"tue"}, "hours": {"10:00-12:00"}, "holidays": {"none"}, "every": {"3600"},
			"class:open": {"active"}, "language": {"en"}, "org_id": {"2"}, "changelog": {"on"},
		}
		if res := s.post(post, form); res.status != http.StatusForbidden {
			t.Errorf("POST %s answers %d", post, res.status)
		}
	}
	if res := s.post("/settings/connections/tracker/delete", nil); res.status != http.StatusForbidden {
		t.Errorf("deleting answers %d", res.status)
	}
	want(t, s.post("/settings/connections/tracker/test", nil).doc, ".banner", "The connection works")
}

func TestNamesAreText(t *testing.T) {
	s := signedIn(t, nil)
	evil := `<script>alert("x")</script>`
	_, err := s.store.Write(t.Context(), delivery.Batch{
		Connection: "tracker",
		Statuses:   []delivery.Status{{Connection: "tracker", Key: evil, Name: evil, Type: "new"}},
		Issues: []delivery.IssueRecord{{Issue: delivery.Issue{
			Connection: "tracker", ID: "1", Key: "DEV-1", Queue: evil, Title: evil, Type: delivery.Ref{Key: evil, Name: evil},
			Status: delivery.Ref{Key: evil, Name: evil}, CreatedAt: delivery.InstantOf(testNow.Add(-time.Hour)), UpdatedAt: delivery.InstantOf(testNow),
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/settings/workflow", "/settings/workflow?queue=" + url.QueryEscape(evil), "/flow", "/syncs?connection=" + url.QueryEscape(evil)} {
		res := s.get(path)
		if strings.Contains(res.body, "<script>alert") {
			t.Errorf("%s holds a name as markup", path)
		}
	}
	want(t, s.page("/settings/workflow"), "table .name", evil)
}
