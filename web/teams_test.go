package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// addFinished writes issues of queues, each active for some days and closed
// yesterday.
func (s *site) addFinished(days map[string][]int) {
	s.t.Helper()
	s.addIssues() // for the dictionary of statuses
	at := func(day int) delivery.Instant { return delivery.InstantOf(testNow.AddDate(0, 0, day)) }
	status := func(key string) delivery.Ref { return delivery.Ref{ID: key, Key: key, Name: key} }
	var batch delivery.Batch
	batch.Connection = "tracker"
	for queue, all := range days {
		for i, n := range all {
			id := queue + strconv.Itoa(i)
			batch.Issues = append(batch.Issues, delivery.IssueRecord{
				Issue: delivery.Issue{
					Connection: "tracker", ID: id, Key: queue + "-" + strconv.Itoa(100+i), Queue: queue, Title: id, Type: status("task"),
					Status: status("closed"), CreatedAt: at(-60), UpdatedAt: at(-1), StatusStartedAt: at(-1),
				},
				Replace: true,
				Events: []delivery.Event{
					{ID: id + "a", At: at(-1 - n), Transition: &delivery.Transition{From: status("open"), To: status("inProgress"), ToStartedAt: at(-1 - n)}},
					{ID: id + "b", Ordinal: 1, At: at(-1), Transition: &delivery.Transition{From: status("inProgress"), To: status("closed"), ToStartedAt: at(-1)}},
				},
			})
		}
	}
	if _, err := s.store.Write(s.t.Context(), batch); err != nil {
		s.t.Fatal(err)
	}
}

// saveTeam stores a team of patterns and members.
func (s *site) saveTeam(name, calendar string, queues []string, members ...int64) control.Team {
	s.t.Helper()
	_, err := s.db.SaveTeam(s.t.Context(), control.Team{Team: delivery.Team{Name: name, Calendar: calendar, Queues: queues}, Members: members})
	if err != nil {
		s.t.Fatal(err)
	}
	team, err := s.db.Team(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return team
}

type panelNumbers struct {
	N        int                 `json:"n"`
	Headline map[string]*float64 `json:"headline"`
	Filter   struct {
		Team     []string `json:"team"`
		Timezone string   `json:"timezone"`
	} `json:"filter"`
	Markers []map[string]any `json:"markers"`
}

func (s *site) numbers(query string) panelNumbers {
	s.t.Helper()
	res := s.get("/api/v1/panels/cycle-time-trend?" + query)
	if res.status != http.StatusOK {
		s.t.Fatalf("%s answers %d: %s", query, res.status, res.body)
	}
	var n panelNumbers
	if err := json.Unmarshal([]byte(res.body), &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// Numbers of teams by hand: PAY took 2, 4 and 6 days, SHARE 10, FREE 20; two
// issues of DEV and OPS took 8.
func TestTeamFilterNumbers(t *testing.T) {
	s := signedIn(t, nil)
	s.addFinished(map[string][]int{"PAY": {2, 4, 6}, "SHARE": {10}, "FREE": {20}})
	s.saveTeam("one", "", []string{"p*", "share"})
	s.saveTeam("two", "", []string{"SHARE", "DEV"})
	s.saveTeam("none", "", nil)
	const day = 86400
	tests := []struct {
		query string
		n     int
		p50   float64 // days; 0 for none
	}{
		{"", 7, 8}, // 2 4 6 8 8 10 20
		{"team=one", 4, 5},
		{"team=two", 2, 9},
		{"team=one&team=two", 5, 6}, // SHARE once
		{"team=one&queue=SHARE", 1, 10},
		{"team=one&queue=FREE", 0, 0},
		{"team=none", 0, 0},
	}
	sum := 0
	for _, tt := range tests {
		got := s.numbers(tt.query)
		p50 := 0.0
		if got.Headline["p50"] != nil {
			p50 = *got.Headline["p50"] / day
		}
		if got.N != tt.n || p50 != tt.p50 {
			t.Errorf("%q: n %d, p50 %g days, want %d and %g", tt.query, got.N, p50, tt.n, tt.p50)
		}
		if tt.query == "team=one" || tt.query == "team=two" {
			sum += got.N
		}
	}
	if of := s.numbers("queue=PAY&queue=SHARE&queue=DEV"); sum <= of.N {
		t.Errorf("teams have %d together, their queues %d: the shared one counts in both", sum, of.N)
	}

	var list struct {
		Items []struct {
			Key string `json:"key"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(s.get("/api/v1/issues?state=closed&team=two").body), &list); err != nil || len(list.Items) != 2 {
		t.Errorf("the list holds %+v, %v", list.Items, err)
	}
	if rows := strings.Count(s.get("/api/v1/issues.csv?state=closed&team=two").body, "\n"); rows != 3 {
		t.Errorf("the CSV has %d lines", rows)
	}
	for _, path := range []string{"/flow?team=two", "/?team=two"} {
		doc := s.page(path)
		if on := doc.Find("[name=team][checked]"); on.Length() != 1 || on.AttrOr("value", "") != "two" {
			t.Errorf("%s has not chosen the team", path)
		}
		if q := doc.Find("[hx-get^='/panels/cycle-time-trend']").AttrOr("hx-get", ""); !strings.Contains(q, "team=two") {
			t.Errorf("%s asks for %q", path, q)
		}
	}
	if first := s.page("/flow").Find(".filters details").First().Find("[name]").AttrOr("name", ""); first != "team" {
		t.Errorf("the first filter is %q", first)
	}
}

func TestUnknownTeam(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	for _, path := range []string{"/flow?team=nobody", "/?team=nobody"} {
		res := s.get(path)
		if res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, res.status)
		}
		want(t, res.doc, ".banner.bad", "There is no such team")
		if res.doc.Find("[hx-get^='/panels/cycle']").Length() != 0 {
			t.Errorf("%s asks for panels", path)
		}
	}
	for _, path := range []string{"/api/v1/panels/cycle-time?team=nobody", "/api/v1/issues?team=nobody", "/api/v1/issues.csv?team=nobody", "/panels/cycle-time?team=nobody", "/panels/flow-headline?team=nobody"} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
}

// A team's calendar measures its issues and cuts its days.
func TestTeamCalendar(t *testing.T) {
	s := signedIn(t, nil)
	s.addFinished(map[string][]int{"PAY": {7}})
	always := control.BuiltinCalendar()
	always.Name, always.Zone, always.Hours = "always", "Asia/Tokyo", []string{"00:00-24:00"}
	for _, c := range []control.Calendar{control.BuiltinCalendar(), always} {
		if err := s.db.SaveCalendar(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	s.saveTeam("pay", "always", []string{"PAY"})
	s.saveTeam("other", "", []string{"DEV"})
	const hour = 3600
	for query, hours := range map[string]float64{
		"team=pay&clock=business":            5 * 24, // seven days, five of them worked in Tokyo
		"queue=PAY&clock=business":           5 * 24, // of the one team that maps it
		"team=pay&team=other&clock=business": 0,
	} {
		got := s.numbers(query)
		if hours > 0 && *got.Headline["p50"]/hour != hours {
			t.Errorf("%s: %g h, want %g", query, *got.Headline["p50"]/hour, hours)
		}
		zone := "UTC"
		if query == "team=pay&clock=business" {
			zone = "Asia/Tokyo"
		}
		if got.Filter.Timezone != zone {
			t.Errorf("%s is in %s", query, got.Filter.Timezone)
		}
	}
}

func TestTeamsPages(t *testing.T) {
	s := signedIn(t, nil)
	want(t, s.page("/settings/teams"), ".empty", "No teams yet")
	s.addFinished(map[string][]int{"PAY": {2}, "PAYOLD": {3}})
	form := url.Values{"name": {"Payments"}, "queues": {"PAY*\n!PAYOLD"}, "calendar": {""}, "member": {"1"}, "repositories": {"acme/pay"}}
	preview := s.post("/settings/teams/preview", form).doc
	want(t, preview, ".preview .value", "1 queue")
	want(t, preview, ".queues", "PAY")
	if all, err := s.db.Teams(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("a preview saved %v, %v", all, err)
	}
	if res := s.post("/settings/teams", form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	doc := s.page("/settings/teams")
	want(t, doc, ".flash", "Saved.")
	want(t, doc, ".teams", "Payments PAY and 1 pattern of other sources")
	want(t, doc, ".teams", "1 member")
	want(t, doc, "#unassigned", "PAYOLD")
	team, err := s.db.Team(t.Context(), "Payments")
	if err != nil {
		t.Fatal(err)
	}
	path := teamPath(team.ID)
	if got := s.page(path).Find("#f-queues").Text(); got != "PAY*\n!PAYOLD" {
		t.Errorf("the form shows %q", got)
	}
	form.Set("queues", "DEV")
	form.Set("numbers", "1")
	preview = s.post(path+"/preview", form).doc
	want(t, preview, ".preview", "Come in: DEV")
	want(t, preview, ".preview", "Go out: PAY")
	want(t, preview, ".before-after tr:last-child td:last-child", "1")

	s.post("/settings/teams/add", url.Values{"team": {strconv.FormatInt(team.ID, 10)}, "queue": {"OPS"}})
	if team, err = s.db.Team(t.Context(), "Payments"); err != nil || !slices.Contains(team.Queues, "OPS") {
		t.Errorf("queues %v, %v", team.Queues, err)
	}
	s.saveTeam("ops", "", []string{"OPS"})
	want(t, s.page("/settings/teams"), "#shared", "OPS 1 issue Payments, ops")

	form = url.Values{"name": {""}, "queues": {"!X"}, "calendar": {"nowhere"}}
	res := s.post(path, form)
	if res.status != http.StatusUnprocessableEntity {
		t.Errorf("bad input answers %d", res.status)
	}
	want(t, res.doc, "#f-queues-error", "Up to 200 patterns")
	form = url.Values{"name": {"OPS"}, "queues": {"X"}}
	want(t, s.post(path, form).doc, "#f-name-error", "Choose another")
	form = url.Values{"name": {"Billing"}, "calendar": {"nowhere"}}
	want(t, s.post(path, form).doc, "#f-calendar-error", "from the list")

	want(t, s.page(path+"/delete"), "main", "Delete the team Payments?")
	if res := s.post(path+"/delete", nil); res.status != http.StatusSeeOther {
		t.Errorf("deleting answers %d", res.status)
	}
	undo := s.page("/settings/teams").Find(".flash form").AttrOr("action", "")
	if res := s.post(undo, nil); res.status != http.StatusSeeOther {
		t.Errorf("undoing answers %d", res.status)
	}
	if _, err := s.db.Team(t.Context(), "Payments"); err != nil {
		t.Error(err)
	}
	res = s.post(undo, nil)
	if res.status != http.StatusConflict {
		t.Errorf("undoing twice answers %d", res.status)
	}
	want(t, res.doc, ".banner.warn", "changed again since")
}

func TestManyQueues(t *testing.T) {
	s := signedIn(t, nil)
	days := map[string][]int{}
	for i := range 60 {
		days[fmt.Sprintf("Q%02d", i)] = []int{1}
	}
	s.addFinished(days)
	s.saveTeam("wide", "", []string{"Q0?", "Q1?"})
	doc := s.page("/settings/teams")
	want(t, doc, ".teams summary", "and 12 more")
	if got := doc.Find("#unassigned li").Length(); got != 42 {
		t.Errorf("%d queues are unassigned", got)
	}
}

// Who may do what: an admin all, a lead what is their own team's, a viewer and
// a stranger nothing.
func TestRightsOfDefinitions(t *testing.T) {
	s := signedIn(t, nil)
	s.addFinished(map[string][]int{"PAY": {2}})
	own := control.BuiltinCalendar()
	own.Name = "own"
	for _, c := range []control.Calendar{control.BuiltinCalendar(), own} {
		if err := s.db.SaveCalendar(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	mine := s.saveTeam("mine", "own", []string{"PAY"}, 1)
	theirs := s.saveTeam("theirs", "", []string{"DEV"})
	hours := url.Values{"timezone": {"UTC"}, "workdays": {"mon"}, "hours": {"09:00-18:00"}, "holidays": {"none"}}
	with := func(form url.Values, name, value string) url.Values {
		out := url.Values{name: {value}}
		for k, v := range form {
			out[k] = v
		}
		return out
	}
	statuses := url.Values{"class:open": {"active"}, "act": {"save"}}
	team := url.Values{"queues": {"PAY"}, "calendar": {"own"}, "member": {"1"}}
	posts := []struct {
		path string
		form url.Values
		lead bool
	}{
		{teamPath(mine.ID), team, true},
		{teamPath(theirs.ID), team, false},
		{teamPath(mine.ID), with(team, "name", "renamed"), false},
		{teamPath(mine.ID) + "/preview", with(team, "name", "renamed"), false},
		{"/settings/teams", with(team, "name", "new"), false},
		{teamPath(theirs.ID) + "/delete", nil, false},
		{teamPath(mine.ID) + "/preview", team, true},
		{teamPath(theirs.ID) + "/preview", team, false},
		{"/settings/teams/add", url.Values{"team": {strconv.FormatInt(mine.ID, 10)}, "queue": {"OPS"}}, true},
		{"/settings/teams/add", url.Values{"team": {strconv.FormatInt(theirs.ID, 10)}, "queue": {"OPS"}}, false},
		{"/settings/calendars", with(hours, "name", "own"), true},
		{"/settings/calendars", with(hours, "name", "default"), false},
		{"/settings/calendars", with(with(hours, "name", "brandnew"), "new", "1"), false},
		{"/settings/calendars/preview", with(hours, "name", "own"), true},
		{"/settings/calendars/preview", with(hours, "name", "default"), false},
		{"/settings/calendars/delete", url.Values{"name": {"own"}}, false},
		{"/settings/workflow", with(statuses, "team", "mine"), true},
		{"/settings/workflow", with(statuses, "team", "theirs"), false},
		{"/settings/workflow", with(statuses, "queue", "PAY"), false},
		{"/settings/workflow", statuses, false},
		{"/settings/workflow/preview", with(statuses, "team", "mine"), true},
		{"/settings/workflow/preview", statuses, false},
		{"/settings/workflow/delete", url.Values{"version": {""}}, false},
	}
	check := func(role string, allowed func(lead bool) bool) {
		t.Helper()
		s.demote(role)
		for _, p := range posts {
			res := s.post(p.path, p.form)
			forbidden := res.status == http.StatusForbidden
			if forbidden == allowed(p.lead) || res.status >= 500 {
				t.Errorf("%s: POST %s %v answers %d", role, p.path, p.form, res.status)
			}
		}
	}
	check("viewer", func(bool) bool { return false })
	if res := s.get("/settings/teams"); res.status != http.StatusForbidden {
		t.Errorf("a viewer gets teams: %d", res.status)
	}
	check("lead", func(lead bool) bool { return lead })
	if got, err := s.db.Team(t.Context(), "mine"); err != nil {
		t.Errorf("a lead renamed the team: %v %v", got, err)
	}
	doc := s.page("/settings/teams")
	if links := doc.Find(".teams a[href^='/settings/teams/']").Length(); links != 1 {
		t.Errorf("a lead may open %d teams", links)
	}
	if doc := s.page("/settings/workflow"); doc.Find("#statuses button").Length() != 0 || doc.Find("input[type=radio]:not([disabled])").Length() != 0 {
		t.Error("a lead may save the common sorting")
	}
	if doc := s.page("/settings/workflow?team=mine"); doc.Find("#statuses button.primary").Length() != 1 {
		t.Error("a lead may not save the statuses of the own team")
	}
}

// A lead undoes what they could have done, and nothing else.
func TestRightsToUndo(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	mine := s.saveTeam("mine", "", []string{"DEV"}, 1)
	common, err := s.db.ChangeWorkflow(t.Context(), func([]control.WorkflowVersion) ([]control.WorkflowVersion, error) {
		return []control.WorkflowVersion{{Workflow: delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"closed"}}}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	undo := func(id int64) int {
		return s.post(fmt.Sprintf("/settings/audit/%d/undo", id), nil).status
	}
	s.demote("lead")
	if status := undo(common); status != http.StatusForbidden {
		t.Errorf("a lead undoes the common sorting: %d", status)
	}
	form := url.Values{"queues": {"DEV\nOPS"}, "member": {"1"}}
	if res := s.post(teamPath(mine.ID), form); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	action := s.page("/settings/teams").Find(".flash form").AttrOr("action", "")
	s.demote("viewer")
	if res := s.post(action, nil); res.status != http.StatusForbidden {
		t.Errorf("a viewer undoes: %d", res.status)
	}
	s.demote("lead")
	if res := s.post(action, nil); res.status != http.StatusSeeOther {
		t.Errorf("a lead's own change: %d", res.status)
	}
	if got, err := s.db.Team(t.Context(), "mine"); err != nil || len(got.Queues) != 1 {
		t.Errorf("queues %v, %v", got.Queues, err)
	}
	if status := undo(999); status != http.StatusNotFound {
		t.Errorf("no entry answers %d", status)
	}
}
