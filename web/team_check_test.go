package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A lead takes no queue that another team maps; an admin does, and is told.
func TestSharingQueues(t *testing.T) {
	s := signedIn(t, nil)
	s.addFinished(map[string][]int{"PAY": {2}, "WEB": {3}})
	payments := s.saveTeam("Payments", "", []string{"WEB", "later"})
	mine := s.saveTeam("mine", "", []string{"PAY"}, 1)
	path := teamPath(mine.ID)
	form := func(queues string) url.Values { return url.Values{"queues": {queues}, "member": {"1"}} }
	add := url.Values{"team": {strconv.FormatInt(mine.ID, 10)}, "queue": {"WEB"}}
	const refused = "WEB is of team Payments: an admin can share it."

	s.demote("lead")
	for _, queues := range []string{"*", "PAY\nweb", "W?B", "PAY\nLATER", "late*"} {
		res := s.post(path, form(queues))
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("a lead saves %q: %d", queues, res.status)
		}
		want(t, res.doc, "#f-queues-error", "is of team Payments: an admin can share it.")
	}
	want(t, s.post(path+"/preview", form("*")).doc, ".preview .error", refused)
	want(t, s.post("/settings/teams/add", add).doc, "#f-queues-error", refused)
	if team, err := s.db.Team(t.Context(), "mine"); err != nil || !slices.Equal(team.Queues, []string{"PAY"}) {
		t.Errorf("queues %v, %v", team.Queues, err)
	}
	if res := s.post(path, form("PAY\nOPS")); res.status != http.StatusSeeOther {
		t.Errorf("a lead takes a free queue: %d", res.status)
	}

	s.demote("admin")
	want(t, s.post(path+"/preview", form("*")).doc, ".preview", "will be shared with Payments: common statuses and hours apply")
	if res := s.post("/settings/teams/add", add); res.status != http.StatusSeeOther {
		t.Fatalf("an admin shares a queue: %d", res.status)
	}
	want(t, s.page("/settings/teams"), ".flash", "WEB is shared with Payments now: common statuses and hours apply to it.")

	// What an admin shared stays with a lead's next change, and does not come
	// back by undoing.
	s.demote("lead")
	if res := s.post(path, form("PAY\nWEB")); res.status != http.StatusSeeOther {
		t.Errorf("a lead keeps a shared queue: %d", res.status)
	}
	if res := s.post(path, form("PAY")); res.status != http.StatusSeeOther {
		t.Errorf("a lead gives a shared queue back: %d", res.status)
	}
	undo := s.page("/settings/teams").Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, nil); res.status != http.StatusForbidden {
		t.Errorf("a lead takes it again by undoing: %d", res.status)
	}
	if res := s.post(teamPath(payments.ID), form("WEB")); res.status != http.StatusForbidden {
		t.Errorf("the other team: %d", res.status)
	}
}

func TestTeamMistakes(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	ops := s.saveTeam("ops", "", []string{"DEV", "!O*"}, 1)
	for _, tt := range []struct{ field, value, at, says string }{
		{"name", strings.Repeat("x", 300), "#f-name-error", "Up to 60 letters, digits and signs"},
		{"member", "77", "#f-member-error", "There is no such user"},
		{"member", "me", "#f-member-error", "There is no such user"},
		{"queues", "[A-", "#f-queues-error", "Only *, ? and an exclamation mark in front are special"},
		{"queues", "A]", "#f-queues-error", "Only *, ? and an exclamation mark in front are special"},
	} {
		form := url.Values{"name": {"new"}, "queues": {"X"}}
		form.Set(tt.field, tt.value)
		res := s.post("/settings/teams", form)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s %.10q answers %d", tt.field, tt.value, res.status)
		}
		want(t, res.doc, tt.at, tt.says)
	}
	if all, err := s.db.Teams(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("teams %v, %v", all, err)
	}
	res := s.post("/settings/teams/add", url.Values{"team": {strconv.FormatInt(ops.ID, 10)}, "queue": {"OPS"}})
	want(t, res.doc, "#f-queues-error", "!O* takes OPS out")
	if got := res.doc.Find("#f-queues").Text(); got != "DEV\n!O*\nOPS" {
		t.Errorf("the form shows %q", got)
	}
	want(t, s.post("/settings/teams/preview", url.Values{"name": {"empty"}}).doc, ".preview", "The team maps nothing yet.")
	if res := s.post("/settings/teams", url.Values{"name": {"empty"}}); res.status != http.StatusSeeOther {
		t.Errorf("an empty team answers %d", res.status)
	}
	want(t, s.page("/settings/teams"), ".flash", "The team maps nothing yet.")
}

// A day that is asked for and not given is a mistake, in the preview too.
func TestNoDay(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	for path, form := range map[string]url.Values{
		"/settings/workflow":  {"class:open": {"active"}, "act": {"save"}},
		"/settings/calendars": {"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {"09:00-18:00"}, "holidays": {"none"}},
	} {
		form.Set("when", "day")
		for day, says := range map[string]string{"": "Give the day from which it holds", "soon": "Write one day like", "2026-01-01 2026-01-02": "Write one day like"} {
			form.Set("from", day)
			res := s.post(path, form)
			if res.status != http.StatusUnprocessableEntity {
				t.Errorf("%s from %q answers %d", path, day, res.status)
			}
			want(t, res.doc, "#f-from-error", says)
			want(t, s.post(path+"/preview", form).doc, ".error", says)
		}
	}
	if versions, err := s.db.WorkflowVersions(t.Context()); err != nil || len(versions) != 0 {
		t.Errorf("saved %v, %v", versions, err)
	}
}

// What is wrong with hours is said where they are previewed.
func TestHoursPreviewMistakes(t *testing.T) {
	s := signedIn(t, nil)
	for hours, says := range map[string]string{
		"25:00-26:00": "Write hours like 09:00-18:00", "09:00": "Write hours like 09:00-18:00",
		"09:00-13:00, 12:00-18:00": "These hours overlap", "": "Enter hours like",
	} {
		form := url.Values{"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {hours}, "holidays": {"none"}, "when": {"beginning"}}
		want(t, s.post("/settings/calendars/preview", form).doc, ".preview .error", says)
	}
}

func TestTitlesOfDefinitions(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	team := s.saveTeam("ops", "", []string{"OPS"})
	hours := url.Values{"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {"09:00-18:00"}, "holidays": {"none"}, "when": {"beginning"}}
	s.post("/settings/calendars", hours)
	hours.Set("new", "1")
	hours.Set("name", "half")
	s.post("/settings/calendars", hours)
	for _, lang := range []string{"en", "ru"} {
		seen := map[string]string{}
		for _, path := range []string{
			"/settings/teams?", "/settings/teams/new?", teamPath(team.ID) + "?", teamPath(team.ID) + "/delete?", "/settings/calendars?", "/settings/calendars?new=1",
			"/settings/calendars?name=half", "/settings/workflow?", "/settings/workflow?team=ops", "/settings/workflow?queue=DEV",
		} {
			title := s.page(path + "&lang=" + lang).Find("title").Text()
			if other, ok := seen[title]; ok {
				t.Errorf("%s and %s are called %q", path, other, title)
			}
			seen[title] = path
		}
	}
}

// Deleting a version asks first, and says why when it cannot be.
func TestDeletingVersions(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	statuses := url.Values{"class:open": {"waiting"}, "class:inProgress": {"active"}, "class:closed": {"closed"}, "when": {"beginning"}}
	hours := url.Values{"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {"09:00-18:00"}, "holidays": {"none"}, "when": {"beginning"}}
	s.post("/settings/workflow", statuses)
	s.post("/settings/calendars", hours)
	for path, form := range map[string]url.Values{
		"/settings/workflow/delete":  {"version": {""}},
		"/settings/calendars/delete": {"version": {""}, "name": {"default"}},
	} {
		res := s.post(path, form)
		if res.status != http.StatusConflict {
			t.Errorf("%s of the only version answers %d", path, res.status)
		}
		want(t, res.doc, ".banner.warn", "the only version there is")
		if got := s.get(path + "?" + form.Encode()).status; got != http.StatusNotFound {
			t.Errorf("asking about the only version answers %d", got)
		}
	}
	res := s.post("/settings/calendars/delete", url.Values{"name": {"default"}})
	if res.status != http.StatusConflict {
		t.Errorf("deleting the default hours answers %d", res.status)
	}
	want(t, res.doc, ".banner.warn", "the default ones can only be changed")

	statuses.Set("class:open", "active")
	hours.Set("hours", "10:00-18:00")
	for path, form := range map[string]url.Values{"/settings/workflow": statuses, "/settings/calendars": hours} {
		form.Set("when", "day")
		form.Set("from", "2026-01-01")
		s.post(path, form)
		doc := s.page(path)
		if doc.Find(".versions form").Length() != 0 {
			t.Errorf("%s deletes at once", path)
		}
		for _, of := range [][2]string{{"From 1 Jan 2026", "From the beginning"}, {"From the beginning", "From 1 Jan 2026"}} {
			at := 1
			if of[0] == "From the beginning" {
				at = 0
			}
			page := s.page(doc.Find(".versions .delete").Eq(at).AttrOr("href", ""))
			want(t, page, "main h2", "Delete the version “"+of[0]+"”?")
			want(t, page, "main section", "The version “"+of[1]+"” then covers its days")
			if at == 0 {
				continue
			}
			form := url.Values{}
			for _, in := range page.Find("main input[type=hidden]").EachIter() {
				form.Set(in.AttrOr("name", ""), in.AttrOr("value", ""))
			}
			defer func() {
				if res := s.post(path+"/delete", form); res.status != http.StatusSeeOther {
					t.Errorf("deleting answers %d", res.status)
				}
			}()
		}
	}
}

func TestPagesForAdmins(t *testing.T) {
	s := signedIn(t, nil)
	s.demote("lead")
	res := s.get("/settings/users")
	if text := strings.TrimSpace(res.doc.Find("main .card").Text()); res.status != http.StatusForbidden || !strings.Contains(text, "This page is for admins.") || strings.Contains(text, "may look") {
		t.Errorf("%d: %q", res.status, text)
	}
}

// Undo is offered where it works: of what still is as the change left it.
func TestAuditOffersWhatWorks(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	team := s.saveTeam("ops", "", []string{"OPS"})
	for _, queues := range []string{"DEV", "WEB"} {
		s.post(teamPath(team.ID), url.Values{"name": {"ops"}, "queues": {queues}})
	}
	if got := s.page("/settings/audit?kind=team").Find(".audit .undo").Length(); got != 1 {
		t.Errorf("%d of three changes are to be undone", got)
	}
	if got := s.get("/settings/audit?kind=zzz").status; got != http.StatusBadRequest {
		t.Errorf("an unknown kind answers %d", got)
	}
}
