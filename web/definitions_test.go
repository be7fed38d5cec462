package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func (s *site) rebuild() {
	s.t.Helper()
	if err := s.store.Rebuild(s.t.Context(), nil); err != nil {
		s.t.Fatal(err)
	}
}

// The issues of the site were open 10 days, and in progress for 8 of them.
func TestWorkflowFromADay(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	early := url.Values{
		"class:open": {"active"}, "class:inProgress": {"active"}, "class:closed": {"closed"}, "act": {"save"},
		"when": {"day"}, "from": {"2026-02-25"},
	}
	part := s.post("/settings/workflow/preview", early).doc
	want(t, part, "#numbers", "Nothing would change")

	// A stay is of the class of the day on which it began: "open" began 20 days
	// ago, and is active only when that is so from before that day on.
	early.Set("from", "2026-01-01")
	part = s.post("/settings/workflow/preview", early).doc
	want(t, part, "#numbers", "2 issues are measured differently")
	want(t, part, "#numbers .flips", "DEV-1")
	if link := part.Find("#numbers .flips a").AttrOr("href", ""); !strings.HasPrefix(link, "/issues/") {
		t.Errorf("an issue leads to %q", link)
	}
	if w, err := s.db.WorkflowVersions(t.Context()); err != nil || len(w) != 0 {
		t.Fatalf("a preview saved %v, %v", w, err)
	}
	before := s.numbers("range=90d")
	if res := s.post("/settings/workflow", early); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	s.rebuild()
	doc := s.page("/settings/workflow")
	want(t, doc, ".versions", "From the beginning")
	want(t, doc, ".versions [aria-current=page]", "From 1 Jan 2026")
	after := s.numbers("range=90d")
	const day = 86400
	if *before.Headline["p50"] != 8*day || *after.Headline["p50"] != 18*day {
		t.Errorf("the median was %g and is %g days", *before.Headline["p50"]/day, *after.Headline["p50"]/day)
	}
	if len(before.Markers) != 0 || len(after.Markers) != 1 || after.Markers[0]["kind"] != "workflow" || after.Markers[0]["t"] != "2026-01-01T00:00:00.000Z" {
		t.Errorf("markers before %v, after %v", before.Markers, after.Markers)
	}
	if got := s.numbers("range=30d").Markers; len(got) != 0 {
		t.Errorf("outside the range there are markers %v", got)
	}
	undo := doc.Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, url.Values{"back": {"/settings/workflow?queue=DEV"}}); res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/workflow?queue=DEV" {
		t.Fatalf("undoing answers %d to %q", res.status, res.header.Get("Location"))
	}
	s.rebuild()
	if got := s.numbers("range=90d"); *got.Headline["p50"] != 8*day || len(got.Markers) != 0 {
		t.Errorf("undone the median is %g, markers %v", *got.Headline["p50"], got.Markers)
	}
}

func TestWorkflowMistakes(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	form := url.Values{"class:open": {"active"}, "act": {"save"}, "when": {"day"}, "from": {"soon"}}
	for path, selector := range map[string]string{"/settings/workflow": "#f-from", "/settings/workflow/preview": ".error"} {
		res := s.post(path, form)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s answers %d", path, res.status)
		}
		want(t, res.doc, selector, "2026-11-03")
	}
	form.Set("from", "2200-01-01")
	if res := s.post("/settings/workflow", form); res.status != http.StatusUnprocessableEntity {
		t.Errorf("a far day answers %d", res.status)
	}
	form.Set("when", "never")
	if res := s.post("/settings/workflow", form); res.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown choice answers %d", res.status)
	}
	for _, path := range []string{"/settings/workflow?version=2026-01-01", "/settings/workflow?version=x", "/settings/workflow?team=nobody", "/settings/calendars?name=nowhere", "/settings/calendars?version=2026-01-01"} {
		s := s.get(path)
		if path != "/settings/calendars?version=2026-01-01" && s.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, s.status)
		}
	}
}

// Each status says which list its class comes from.
func TestStatusSources(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.saveTeam("pay", "", []string{"DEV"})
	source := func(path, key string) string {
		t.Helper()
		row := s.page(path).Find(".statuses tr").FilterFunction(func(_ int, tr *goquery.Selection) bool {
			return tr.Find(`input[name="class:`+key+`"]`).Length() > 0
		})
		return strings.TrimSpace(row.Find("td.meta").Text())
	}
	if got := source("/settings/workflow", "open"); got != "the source's own type" {
		t.Errorf("at first it is by %q", got)
	}
	s.post("/settings/workflow", url.Values{"class:open": {"waiting"}, "class:inProgress": {"active"}, "class:closed": {"closed"}})
	s.post("/settings/workflow", url.Values{"team": {"pay"}, "class:inProgress": {"waiting"}})
	s.post("/settings/workflow", url.Values{"queue": {"DEV"}, "class:open": {"active"}})
	for _, tt := range []struct{ path, key, want string }{
		{"/settings/workflow", "open", "common list"},
		{"/settings/workflow?queue=DEV", "open", "list of DEV"},
		{"/settings/workflow?queue=DEV", "inProgress", "list of pay"},
		{"/settings/workflow?queue=DEV", "closed", "common list"},
		{"/settings/workflow?team=pay", "inProgress", "list of pay"},
		{"/settings/workflow?queue=OPS", "inProgress", "common list"},
	} {
		if got := source(tt.path, tt.key); got != tt.want {
			t.Errorf("%s: %s is by %q, want %q", tt.path, tt.key, got, tt.want)
		}
	}
	tabs := s.page("/settings/workflow?team=pay").Find(".scope-tabs [aria-current=page]")
	if got := strings.Join(strings.Fields(tabs.Text()), " "); got != "pay own" {
		t.Errorf("the tab is %q", got)
	}
}

func TestCalendarsOverTime(t *testing.T) {
	s := signedIn(t, nil)
	s.addFinished(map[string][]int{"PAY": {14}})
	form := url.Values{"timezone": {"UTC"}, "workdays": {"mon", "tue", "wed", "thu", "fri"}, "hours": {"09:00-18:00"}, "holidays": {"none"}}
	add := func(name, value string) url.Values {
		out := url.Values{name: {value}}
		for k, v := range form {
			out[k] = v
		}
		return out
	}
	s.post("/settings/calendars", form)
	create := add("new", "1")
	create.Set("name", "half")
	create.Set("hours", "09:00-13:00")
	if res := s.post("/settings/calendars", create); res.status != http.StatusSeeOther || res.header.Get("Location") != "/settings/calendars?name=half" {
		t.Fatalf("creating answers %d to %q", res.status, res.header.Get("Location"))
	}
	want(t, s.post("/settings/calendars", create).doc, "#f-name-error", "Choose another")
	doc := s.page("/settings/calendars?name=half")
	want(t, doc, ".scope-tabs", "default half")
	want(t, doc, "aside", "No team has them yet")
	edit := add("name", "half")
	edit.Set("version", "")
	edit.Set("hours", "09:00-15:00")
	edit.Set("numbers", "1")
	part := s.post("/settings/calendars/preview", edit).doc
	want(t, part, ".preview", "30 h a week")
	want(t, part, ".preview", "20 h as saved")
	want(t, part, ".preview", "No team has these working hours yet")

	s.saveTeam("pay", "half", []string{"PAY"})
	part = s.post("/settings/calendars/preview", edit).doc
	want(t, part, ".before-after", "Median cycle time") // 10 days of 4 hours, and 10 of 6
	edit.Set("when", "day")
	edit.Set("from", "2026-02-24")
	edit.Del("numbers")
	if res := s.post("/settings/calendars", edit); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	const hour = 3600
	// 17 February to 3 March at noon: five days of 4 hours, and five of 6, of
	// which the first has one and the last three left.
	if got := *s.numbers("queue=PAY&clock=business").Headline["p50"] / hour; got != 1+4*4+5*6+3 {
		t.Errorf("%g hours", got)
	}
	got := s.numbers("team=pay").Markers
	if len(got) != 1 || got[0]["kind"] != "calendar" || got[0]["name"] != "half" || got[0]["t"] != "2026-02-24T00:00:00.000Z" {
		t.Errorf("markers %v", got)
	}
	s.saveTeam("dev", "", []string{"DEV"})
	if got := s.numbers("team=dev").Markers; len(got) != 0 {
		t.Errorf("a team without the calendar has the markers %v", got)
	}
	if res := s.post("/settings/calendars/delete", url.Values{"name": {"half"}}); res.status != http.StatusConflict {
		t.Errorf("deleting one in use answers %d", res.status)
	}
	if res := s.post("/settings/calendars/delete", url.Values{"name": {"half"}, "version": {"2026-02-24"}}); res.status != http.StatusSeeOther {
		t.Errorf("deleting a version answers %d", res.status)
	}
	if all, err := s.db.Calendars(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("calendars %+v, %v", all, err)
	}
}

// What the file declares may be looked at; members of its teams are chosen here.
func TestProvisionedDefinitions(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.provision(`
teams:
  - {name: pay, tracker_queues: [DEV]}
workflow:
  - closed: [closed]
  - {from: 2026-02-01, closed: [closed], teams: {pay: {active: [open]}}}
`)
	team, err := s.db.Team(t.Context(), "pay")
	if err != nil {
		t.Fatal(err)
	}
	doc := s.page(teamPath(team.ID))
	want(t, doc, ".banner", "Members are chosen here")
	if doc.Find("#f-queues[disabled]").Length() != 1 || doc.Find("#team button.primary").Length() != 1 {
		t.Error("the form of a provisioned team is wrong")
	}
	if res := s.post(teamPath(team.ID), url.Values{"member": {"1"}}); res.status != http.StatusSeeOther {
		t.Errorf("members: %d", res.status)
	}
	if team, err = s.db.Team(t.Context(), "pay"); err != nil || len(team.Members) != 1 {
		t.Errorf("members %v, %v", team.Members, err)
	}
	for path, form := range map[string]url.Values{
		teamPath(team.ID):             {"name": {"x"}, "queues": {"OPS"}},
		teamPath(team.ID) + "/delete": nil,
		"/settings/workflow":          {"team": {"pay"}, "class:open": {"active"}},
		"/settings/workflow/delete":   {"version": {"2026-02-01"}},
		"/settings/teams/add":         {"team": {"1"}, "queue": {"OPS"}},
	} {
		if res := s.post(path, form); res.status != http.StatusForbidden {
			t.Errorf("POST %s answers %d", path, res.status)
		}
	}
	doc = s.page("/settings/workflow?team=pay&version=2026-02-01")
	want(t, doc, ".versions", "From 1 Feb 2026")
	if doc.Find("#statuses button, .versions .delete").Length() != 0 {
		t.Error("provisioned versions have buttons")
	}
}

func TestAuditOffersUndo(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.connect()
	s.saveTeam("pay", "", nil)
	s.post("/settings/workflow", url.Values{"class:open": {"active"}})
	doc := s.page("/settings/audit")
	if got := doc.Find("table form.undo").Length(); got != 2 {
		t.Errorf("%d entries can be undone", got)
	}
	if res := s.post(doc.Find("table form.undo").First().AttrOr("action", ""), url.Values{"back": {"/settings/audit"}}); res.header.Get("Location") != "/settings/audit" {
		t.Errorf("undoing leads to %q", res.header.Get("Location"))
	}
	if w, err := s.db.Workflow(t.Context()); err != nil || w.Chosen {
		t.Errorf("workflow %+v, %v", w, err)
	}
	want(t, s.page("/settings/audit"), "table", "Undid a change of statuses")
}

// Of a viewer's pages none leads into settings.
func TestExclusionsLeadNowhereForViewers(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.post("/settings/workflow", url.Values{"queue": {"OPS"}, "class:open": {"waiting"}, "class:inProgress": {"waiting"}, "class:closed": {"closed"}})
	s.rebuild()
	if got := s.page("/panels/cycle-time?range=30d").Find("a[href='/settings/workflow']").Length(); got != 1 {
		t.Errorf("%d links for an admin", got)
	}
	s.demote("viewer")
	if got := s.page("/panels/cycle-time?range=30d").Find("a[href^='/settings']").Length(); got != 0 {
		t.Errorf("%d links for a viewer", got)
	}
}

func TestRebuildSaysHowFar(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.post("/settings/workflow", url.Values{"class:open": {"active"}, "class:inProgress": {"active"}, "class:closed": {"closed"}})
	for _, path := range []string{"/settings/workflow", "/settings/workflow/rebuild", "/", "/flow"} {
		if bar := s.page(path).Find("progress").First(); bar.AttrOr("value", "") != "30" || bar.AttrOr("max", "") != "120" {
			t.Errorf("%s: the bar stands at %s of %s", path, bar.AttrOr("value", ""), bar.AttrOr("max", ""))
		}
	}
	want(t, s.page("/settings/workflow"), "#rebuild", "25 %")
}

// What was saved is what is shown next, also when a later version holds now.
func TestSavedVersionIsShown(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	statuses := url.Values{"class:open": {"waiting"}, "class:inProgress": {"active"}, "class:closed": {"closed"}, "version": {""}, "when": {"beginning"}}
	hours := url.Values{"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {"09:00-18:00"}, "holidays": {"none"}, "when": {"beginning"}}
	for _, tt := range []struct {
		path           string
		form           url.Values
		name, value    string
		newest, oldest string
	}{
		{"/settings/workflow", statuses, "class:open", "active", "/settings/workflow", "/settings/workflow?version="},
		{"/settings/calendars", hours, "hours", "10:00-12:00", "/settings/calendars", "/settings/calendars?name=default&version="},
	} {
		if got := s.post(tt.path, tt.form).header.Get("Location"); got != tt.newest {
			t.Errorf("the first version is at %q", got)
		}
		tt.form.Set("when", "day")
		tt.form.Set("from", "2026-02-01")
		tt.form.Set(tt.name, tt.value)
		if got := s.post(tt.path, tt.form).header.Get("Location"); got != tt.newest {
			t.Errorf("the newest is at %q", got)
		}
		tt.form.Set("when", "version")
		tt.form.Set("version", "")
		tt.form.Set("name", "default")
		if tt.path == "/settings/workflow" {
			tt.form.Set("class:closed", "active")
		} else {
			tt.form.Set("hours", "11:00-12:00")
		}
		if got := s.post(tt.path, tt.form).header.Get("Location"); got != tt.oldest {
			t.Errorf("%s: the oldest is at %q, want %q", tt.path, got, tt.oldest)
		}
		s.page(tt.oldest)
	}
}
