package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// trialRows are the figures of a trial by their labels: today, if so, the difference.
func trialRows(d *goquery.Document) map[string][]string {
	out := map[string][]string{}
	d.Find(".trial-rows tbody tr").Each(func(_ int, tr *goquery.Selection) {
		var cells []string
		tr.Find("td").Each(func(_ int, td *goquery.Selection) {
			cells = append(cells, strings.Join(strings.Fields(td.Text()), " "))
		})
		out[strings.TrimSpace(tr.Find("th").Text())] = cells
	})
	return out
}

// triedIn is what a page says is tried.
func triedIn(d *goquery.Document) string {
	var out []string
	d.Find(".trial-changes > div").Each(func(_ int, div *goquery.Selection) {
		out = append(out, div.Find("dt").Text()+": "+strings.Join(strings.Fields(div.Find("dd").Text()), " "))
	})
	return strings.Join(out, "; ")
}

func wantRow(t *testing.T, rows map[string][]string, label string, want ...string) {
	t.Helper()
	if got := fmt.Sprintf("%q", rows[label]); got != fmt.Sprintf("%q", want) {
		t.Errorf("%s is %s, want %q", label, got, want)
	}
}

// The issues of the site were open 10 days, and in progress for 8 of them.
func TestFlowTrial(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	link := s.page("/flow?clock=elapsed&range=30d").Find(".page-head a.button").AttrOr("href", "")
	if link != "/flow/what-if?clock=elapsed&range=30d" {
		t.Errorf("the page leads to %q", link)
	}
	doc := s.page(link)
	want(t, doc, ".trial-figures h2", "Nothing differs yet")
	wantRow(t, trialRows(doc), "Cycle time, median", "8 d")
	if doc.Find(".trial-save, .trial-flips").Length() != 0 {
		t.Error("there is something to save")
	}

	// As if "open" had always been work.
	doc = s.page(link + "&class:open=active&class:inProgress=active")
	rows := trialRows(doc)
	wantRow(t, rows, "Cycle time, median", "8 d", "18 d", "+10 d +125 %")
	wantRow(t, rows, "Issues counted", "2", "2", "same")
	wantRow(t, rows, "Lead time, median", "18 d", "18 d", "same")
	wantRow(t, rows, "In progress now", "0", "0", "same")
	if got := triedIn(doc); got != "Open: Waiting → becomes Active; Holds from: the beginning, as if it had always been so" {
		t.Errorf("tried is %q", got)
	}
	want(t, doc, ".trial-flips", "2 issues are measured differently")
	want(t, doc, ".trial-flips", "of all these, 2 are closed within the period above")
	want(t, doc, ".trial-flips tbody tr:first-child", "Issue 2 Closed")
	if got := doc.Find(".trial-flips tbody a").First().AttrOr("href", ""); got != "/issues/OPS-1" {
		t.Errorf("the first issue leads to %q", got)
	}
	if got := doc.Find(`select[name="class:open"] option[selected]`).AttrOr("value", ""); got != "active" {
		t.Errorf("the form has open as %q", got)
	}

	// A stay is of the class of its first day: from then on nothing changes.
	rows = trialRows(s.page(link + "&class:open=active&since=2026-02-20"))
	wantRow(t, rows, "Cycle time, median", "8 d", "8 d", "same")

	// The part of the page answers the same, under the address without what is as saved.
	res := s.get("/flow/what-if/preview?clock=elapsed&range=30d&class:inProgress=active&class:open=active&hours=09:00-18:00&workdays=&workdays=mon&workdays=tue&workdays=wed&workdays=thu&workdays=fri&holidays=none&days_off=&excluded_resolutions=&except=&since=")
	if got := res.header.Get("HX-Replace-Url"); got != "/flow/what-if?class%3Aopen=active&clock=elapsed&range=30d" {
		t.Errorf("the address is %q", got)
	}
	wantRow(t, trialRows(res.doc), "Cycle time, median", "8 d", "18 d", "+10 d +125 %")
	want(t, res.doc, "[hx-swap-oob='innerHTML:#trial-said']", "Cycle time, median: 8 d, would be 18 d. 2 issues would be measured or counted otherwise.")
	if n := doc.Find("[aria-live]").Length(); n != 0 || doc.Find("#trial-said[role=status]").Length() != 1 {
		t.Errorf("%d parts of the page are read as they change", n)
	}
	if discard := res.doc.Find(".trial-save a.button").AttrOr("href", ""); discard != "/flow?clock=elapsed&range=30d" {
		t.Errorf("discarding leads to %q", discard)
	}
	want(t, s.page(link+"&class:open=active&lang=ru"), ".trial-rows", "Время цикла, медиана")
}

// settings is all of the definitions, and the log of their changes.
func (s *site) settings() string {
	s.t.Helper()
	versions, err := s.db.WorkflowVersions(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	calendars, err := s.db.Calendars(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := s.db.Audit(s.t.Context(), control.AuditQuery{Limit: 1})
	if err != nil {
		s.t.Fatal(err)
	}
	settings, err := s.db.SettingsVersion(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := s.store.Version(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(versions, calendars, log, settings, data)
}

// Looking stores nothing; a viewer looks, and is told who may save.
func TestFlowTrialByViewer(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.addUser("viewer@example.com", control.Viewer)
	s.client = s.as("viewer@example.com")
	before := s.settings()
	trial := "?class:open=active&hours=10:00-12:00&since=2026-01-01&except=bug"
	for _, path := range []string{"/flow/what-if", "/flow/what-if/preview"} {
		doc := s.page(path + trial)
		want(t, doc, ".trial-save", "An admin can save this: common statuses")
		if doc.Find(".trial-save form, .trial-save button").Length() != 0 {
			t.Errorf("%s offers to save", path)
		}
	}
	if res := s.post("/flow/what-if", url.Values{"class:open": {"active"}}); res.status != http.StatusForbidden {
		t.Errorf("saving answers %d", res.status)
	}
	if after := s.settings(); after != before {
		t.Errorf("stored:\n%s\nbefore:\n%s", after, before)
	}
}

func TestFlowTrialMistakes(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	for _, tt := range []struct{ query, field, message string }{
		{"hours=9-18", "hours", "09:00-18:00"},
		{"hours=", "hours", "09:00-18:00"},
		{"workdays=", "workdays", "at least one"},
		{"holidays=XX", "holidays", "country"},
		{"days_off=soon", "days_off", "2026-11-03"},
		{"days_off=1066-10-14", "days_off", "1970"},
		{"since=soon", "since", "2026-11-03"},
		{"since=2026-01-01,2026-02-01", "since", "2026-11-03"},
		{"since=2200-01-01&class:open=active", "since", "1970"},
		{"class:open=done", "statuses", "waiting, active or closed"},
	} {
		for _, path := range []string{"/flow/what-if?", "/flow/what-if/preview?"} {
			res := s.get(path + tt.query)
			if res.status != http.StatusOK || res.header.Get("HX-Replace-Url") != "" {
				t.Errorf("%s%s answers %d, %q", path, tt.query, res.status, res.header.Get("HX-Replace-Url"))
			}
			want(t, res.doc, "#f-"+tt.field+"-error", tt.message)
			want(t, res.doc, "[data-errors]", tt.message)
			if hidden := res.doc.Find("p.error[id]:not([hidden])").Length(); hidden != 1 {
				t.Errorf("%s%s: %d fields are wrong", path, tt.query, hidden)
			}
		}
	}
	doc := s.page("/flow/what-if?hours=9-18")
	if got := doc.Find("#f-hours").AttrOr("value", ""); got != "9-18" {
		t.Errorf("the field holds %q", got)
	}
	for _, query := range []string{"range=soon", "colour=red", "team=nobody"} {
		res := s.get("/flow/what-if?" + query + "&class:open=active")
		if res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", query, res.status)
		}
		want(t, res.doc, ".banner.bad", strings.SplitN(query, "=", 2)[0])
		if res := s.get("/flow/what-if/preview?" + query); res.status != http.StatusBadRequest {
			t.Errorf("the part answers %s with %d", query, res.status)
		}
		if res := s.post("/flow/what-if", url.Values{"class:open": {"active"}, strings.SplitN(query, "=", 2)[0]: {"x"}}); res.status != http.StatusBadRequest {
			t.Errorf("saving %s answers %d", query, res.status)
		}
	}
	if res := s.post("/flow/what-if", url.Values{"class:open": {"active"}, "hours": {"9-18"}}); res.status != http.StatusSeeOther ||
		res.header.Get("Location") != "/flow/what-if?class%3Aopen=active&clock=business&hours=9-18" {
		t.Errorf("saving what is wrong answers %d to %q", res.status, res.header.Get("Location"))
	}
}

// inputsOf are what a form of a page holds.
func inputsOf(form *goquery.Selection) url.Values {
	out := url.Values{}
	form.Find("input").Each(func(_ int, i *goquery.Selection) { out.Add(i.AttrOr("name", ""), i.AttrOr("value", "")) })
	return out
}

// What was tried is what is there once it is saved and counted anew.
func TestFlowTrialSaved(t *testing.T) {
	s := signedIn(t, nil)
	if _, err := s.store.Write(t.Context(), company(400)); err != nil {
		t.Fatal(err)
	}
	trial := "/flow/what-if?range=180d&class:testing=closed&excluded_resolutions=duplicate&hours=10:00-13:00,14:00-19:00&days_off=2026-02-23&since=2025-12-01"
	doc := s.page(trial)
	tried := trialRows(doc)
	want(t, doc, ".trial-save button", "Save from 1 Dec 2025")
	if got := triedIn(doc); got != "Testing: Active → becomes Closed; Hours: 09:00-18:00 → becomes 10:00-13:00, 14:00-19:00; "+
		"Own days off: none → becomes 23 Feb 2026; Resolutions left out: none → becomes Duplicate; Holds from: 1 Dec 2025" {
		t.Errorf("tried is %q", got)
	}
	res := s.post("/flow/what-if", inputsOf(doc.Find(".trial-save form")))
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/flow?clock=business&range=180d" {
		t.Fatalf("saving answers %d to %q", res.status, res.header.Get("Location"))
	}
	s.rebuild()
	page := s.page("/flow?range=180d")
	want(t, page, ".flash", "Saved")
	saved := trialRows(s.page("/flow/what-if?range=180d"))
	for label, row := range tried {
		if got := saved[label]; len(got) != 1 || got[0] != row[1] {
			t.Errorf("%s was to be %q and is %q", label, row, got)
		}
	}
	if tried["Cycle time, median"][0] == tried["Cycle time, median"][1] {
		t.Errorf("the trial changed nothing: %q", tried)
	}
	got := s.numbers("range=180d&clock=business")
	flow := s.flowNow("range=180d&clock=business")
	if *got.Headline["p50"] != *flow.P50 || got.N != flow.Sample.N {
		t.Errorf("the panel has %v of %d, the trial's page %v of %d", *got.Headline["p50"], got.N, *flow.P50, flow.Sample.N)
	}
	versions, err := s.db.WorkflowVersions(t.Context())
	if err != nil || len(versions) != 2 || versions[1].From.String() != "2025-12-01" {
		t.Errorf("versions %v, %v", versions, err)
	}
	if got := s.saves(); got != "calendar.save workflow.save" {
		t.Errorf("the log has %q", got)
	}

	// One button takes both back.
	undo := page.Find(".flash form")
	if res := s.post(undo.AttrOr("action", ""), inputsOf(undo)); res.status != http.StatusSeeOther {
		t.Fatalf("undoing answers %d", res.status)
	}
	if w, err := s.db.WorkflowVersions(t.Context()); err != nil || len(w) != 0 {
		t.Errorf("undone there are versions %v, %v", w, err)
	}
	if c, err := s.db.Calendars(t.Context()); err != nil || len(c) != 0 {
		t.Errorf("undone there are calendars %v, %v", c, err)
	}
	if got := s.saves(); got != "calendar.save workflow.save calendar.undo workflow.undo" {
		t.Errorf("the log has %q", got)
	}
}

// saves are the changes of definitions in the log, the first first.
func (s *site) saves() string {
	s.t.Helper()
	log, err := s.db.Audit(s.t.Context(), control.AuditQuery{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, e := range log {
		if e.Object == "workflow" || strings.HasPrefix(e.Object, "calendar/") || e.Object == "dora" {
			out = append([]string{e.Action}, out...)
		}
	}
	return strings.Join(out, " ")
}

// flowNow asks the store what a trial's page asks.
func (s *site) flowNow(query string) delivery.FlowSample {
	s.t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		s.t.Fatal(err)
	}
	f, _, err := s.server.filter(s.t.Context(), delivery.OfIssues, q)
	if err != nil {
		s.t.Fatal(err)
	}
	flow, err := s.server.flowQuery(s.t.Context(), f)
	if err != nil {
		s.t.Fatal(err)
	}
	change, err := s.store.WhatIf(s.t.Context(), flow, delivery.Supposition{Workflows: *flow.Workflows})
	if err != nil {
		s.t.Fatal(err)
	}
	return change.Before
}

// Types that are left out are a filter: they go into a link.
func TestFlowTrialOfTypes(t *testing.T) {
	s := inCompany(t, 400, nil)
	doc := s.page("/flow/what-if?range=180d&except=bug&except=none")
	if got := triedIn(doc); !strings.HasPrefix(got, "Types left out: Bug, none;") {
		t.Errorf("tried is %q", got)
	}
	rows := trialRows(doc)
	link := doc.Find(".trial-save p a").AttrOr("href", "")
	if link != "/flow?clock=business&range=180d&type=story&type=task" {
		t.Errorf("the link is %q", link)
	}
	if doc.Find(".trial-save form").Length() != 0 {
		t.Error("types can be saved")
	}
	filtered := s.flowNow("range=180d&clock=business&type=story&type=task")
	if got := rows["Issues counted"][1]; got != fmt.Sprint(filtered.Sample.N) {
		t.Errorf("%s issues are counted, %d by the filter", got, filtered.Sample.N)
	}
	want(t, doc, ".trial-figures", "finished issues are of types that are left out")
	// Of a page of some types only these can be left out.
	var offered []string
	s.page("/flow/what-if?type=bug&type=task").Find("#f-except input[type=checkbox]").Each(func(_ int, i *goquery.Selection) {
		offered = append(offered, i.AttrOr("value", ""))
	})
	if fmt.Sprint(offered) != "[bug task]" {
		t.Errorf("offered are %v", offered)
	}
}

// A lead saves what is of the own team, and is told what is not.
func TestFlowTrialByLead(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	lead := s.addUser("lead@example.com", control.Lead)
	for _, name := range []string{"default", "pay"} {
		c := control.BuiltinCalendar()
		c.Name = name
		if err := s.db.SaveCalendar(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	s.saveTeam("pay", "pay", []string{"DEV"}, lead.ID)
	s.saveTeam("web", "", []string{"OPS"})
	s.client = s.as("lead@example.com")
	for _, tt := range []struct{ query, why string }{
		{"class:open=active", "An admin can save this: common statuses"},
		{"team=pay&class:open=active&lists=common", "An admin can save this: common statuses"},
		{"queue=DEV&class:open=active", "An admin can save this: common statuses"},
		{"team=web&class:open=active", "An admin can save this: common statuses"},
		{"team=pay&excluded_resolutions=fixed", "An admin can save this: the resolutions"},
		{"hours=10:00-12:00", "“default” are not only of your team"},
		{"team=web&hours=10:00-12:00", "“default” are not only of your team"},
		{"team=pay&class:open=active", ""},
		{"team=pay&class:open=active&hours=10:00-12:00", ""},
		{"queue=DEV&hours=10:00-12:00", ""},
	} {
		doc := s.page("/flow/what-if?" + tt.query)
		want(t, doc, ".trial-save", tt.why)
		if may := doc.Find(".trial-save form").Length() == 1; may != (tt.why == "") {
			t.Errorf("%s: may %v", tt.query, may)
		}
		if tt.why == "" {
			continue
		}
		q, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		if res := s.post("/flow/what-if", q); res.status != http.StatusForbidden {
			t.Errorf("saving %s answers %d", tt.query, res.status)
		}
	}
	doc := s.page("/flow/what-if?team=pay&class:open=active&hours=10:00-12:00&clock=elapsed")
	if got := triedIn(doc); !strings.HasPrefix(got, "Open, pay: Waiting → becomes Active; Hours:") {
		t.Errorf("tried is %q", got)
	}
	want(t, doc, "#trial", "pay, of pay.")
	want(t, doc, "#trial", "This page counts elapsed time")
	if res := s.post("/flow/what-if", inputsOf(doc.Find(".trial-save form"))); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	versions, err := s.db.WorkflowVersions(t.Context())
	if err != nil || len(versions) != 1 || fmt.Sprint(versions[0].Teams["pay"].Active) != "[inProgress open]" || versions[0].Active != nil {
		t.Errorf("versions %+v, %v", versions, err)
	}
	calendars, err := s.db.Calendars(t.Context())
	if err != nil || len(calendars) != 2 || fmt.Sprint(calendars[1].Hours) != "[10:00-12:00]" {
		t.Errorf("calendars %+v, %v", calendars, err)
	}
}

// What the provisioning file declares can be tried, and is not saved.
func TestFlowTrialOfProvisioned(t *testing.T) {
	s := inCompany(t, 40, nil)
	doc := s.page("/flow/what-if?class:testing=closed&hours=10:00-12:00")
	want(t, doc, ".trial-save", "The provisioning file declares this")
	want(t, doc, ".trial-flips", "measured differently")
	if res := s.post("/flow/what-if", url.Values{"class:testing": {"closed"}}); res.status != http.StatusForbidden {
		t.Errorf("saving answers %d", res.status)
	}
}

// A trial that was saved meanwhile changes nothing more.
func TestFlowTrialSavedTwice(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	form := url.Values{"class:open": {"active"}}
	s.post("/flow/what-if", form)
	s.rebuild()
	want(t, s.page("/flow/what-if?class:open=active"), ".trial-figures h2", "Nothing differs yet")
	res := s.post("/flow/what-if", form)
	if res.status != http.StatusSeeOther {
		t.Errorf("saving again answers %d", res.status)
	}
	if got := s.saves(); got != "workflow.save" {
		t.Errorf("the log has %q", got)
	}
}

// What is not tried stays as it is in each later version.
func TestFlowTrialOverVersions(t *testing.T) {
	s := overTime(t)
	s.saveLater(t)
	form := url.Values{
		"range": {"180d"}, "class:open": {"active"}, "excluded_resolutions": {"duplicate wontFix"}, "days_off": {"2026-02-23"}, "holidays": {"RU"},
	}
	doc := s.page("/flow/what-if?" + form.Encode())
	if res := s.post("/flow/what-if", inputsOf(doc.Find(".trial-save form"))); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	versions, err := s.db.WorkflowVersions(t.Context())
	if err != nil || len(versions) != 2 || versions[1].From.String() != "2026-02-01" {
		t.Fatalf("versions %+v, %v", versions, err)
	}
	for i, excluded := range []string{"wontFix", "duplicate wontFix"} {
		w := &versions[i].Workflow
		slices.Sort(w.ExcludedResolutions)
		if got := strings.Join(w.ExcludedResolutions, " "); got != excluded {
			t.Errorf("version %d leaves out %q, want %q", i, got, excluded)
		}
		if c := w.Class("", "", "open", "new"); c != delivery.Active {
			t.Errorf("open is %v in version %d", c, i)
		}
		if c := w.Class("", "", "testing", "inProgress"); c != []delivery.Class{delivery.Active, delivery.Closed}[i] {
			t.Errorf("testing is %v in version %d", c, i)
		}
	}
	calendars, err := s.db.Calendars(t.Context())
	if err != nil || len(calendars) != 2 {
		t.Fatalf("calendars %+v, %v", calendars, err)
	}
	for i, hours := range []string{"09:00-18:00", "00:00-24:00"} {
		if c := calendars[i]; !slices.Equal(c.Hours, []string{hours}) || c.Holidays != "RU" || len(c.DaysOff) != 1 {
			t.Errorf("calendar %d is %+v", i, c)
		}
	}
}

// Issues that are open and would be in progress are among those concerned.
func TestFlowTrialOfOpenIssues(t *testing.T) {
	s := overTime(t)
	doc := s.page("/flow/what-if?range=180d&class:open=active")
	rows := trialRows(doc)["In progress now"]
	if len(rows) < 2 || rows[0] == rows[1] {
		t.Fatalf("in progress: %v", rows)
	}
	was, _ := strconv.Atoi(rows[0])
	is, _ := strconv.Atoi(rows[1])
	want(t, doc, ".trial-flips", fmt.Sprintf("%d open issues would be in progress", is-was))
	want(t, doc, ".trial-flips tbody tr:first-child", "open, not started")
	want(t, doc, ".trial-save", "Save from the beginning")
	want(t, s.page("/flow/what-if?class:open=active&queue=DEV&queue=OPS"), ".trial-save", "The statuses are everybody's")
}

// What cannot be read is told, at its field.
func TestTrialOfNothing(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	for query, text := range map[string]string{
		"class:nosuch=active": "There is no such status", "workdays=mon&workdays=noday": "Name days as mon", "since=2026-13-01": "Write one day like",
		"excluded_resolutions=" + strings.Repeat("x", 300): "too much",
	} {
		want(t, s.page("/flow/what-if?"+query), ".error-summary, .trial-errors, [role=alert]", text)
	}
	for _, query := range []string{"/flow/what-if?since=2026-01-01&since=2026-01-02", "/flow/what-if?class:open=active&class:open=closed", "/dora/what-if?window=24&window=48"} {
		if res := s.get(query); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", query, res.status)
		}
	}
}
