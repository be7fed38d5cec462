package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// overTime is a site whose statuses are defined otherwise from 1 February 2026 on, and
// its working hours from 10 February on.
func overTime(t *testing.T) *site {
	t.Helper()
	s := signedIn(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	if _, err := s.store.Write(t.Context(), company(400)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) saveLater(t *testing.T) {
	t.Helper()
	_, err := s.db.ChangeWorkflow(t.Context(), func([]control.WorkflowVersion) ([]control.WorkflowVersion, error) {
		return []control.WorkflowVersion{{}, {
			From:     delivery.Date{Year: 2026, Month: 2, Day: 1},
			Workflow: delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"closed", "testing"}}, ExcludedResolutions: []string{"duplicate"}},
		}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from  delivery.Date
		hours string
	}{{delivery.Date{}, "09:00-18:00"}, {delivery.Date{Year: 2026, Month: 2, Day: 10}, "00:00-24:00"}} {
		calendar := control.BuiltinCalendar()
		calendar.From, calendar.Hours = c.from, []string{c.hours}
		if err := s.db.SaveCalendar(t.Context(), calendar); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.server.setWorkflow(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.rebuild()
}

// Later versions change nothing of what is by the definitions of a day before them.
func TestPinnedPanels(t *testing.T) {
	s := overTime(t)
	const query = "range=180d&clock=business"
	before := map[string]string{}
	for _, p := range panels() {
		if p.of != delivery.OfIssues {
			continue
		}
		answer := read[panelAnswer](s, "/api/v1/panels/"+p.slug+"?"+query)
		before[p.slug] = fmt.Sprint(answer.N, headlineText(answer.Headline))
	}
	s.saveLater(t)
	changed := 0
	for slug, was := range before {
		answer := read[panelAnswer](s, "/api/v1/panels/"+slug+"?"+query+"&definition=2026-01-31")
		if got := fmt.Sprint(answer.N, headlineText(answer.Headline)); got != was {
			t.Errorf("%s is %s, and was %s", slug, got, was)
		}
		now := read[panelAnswer](s, "/api/v1/panels/"+slug+"?"+query)
		if fmt.Sprint(now.N, headlineText(now.Headline)) != was {
			changed++
		}
		last := read[panelAnswer](s, "/api/v1/panels/"+slug+"?"+query+"&definition=2026-02-10")
		if fmt.Sprint(last.N, headlineText(last.Headline)) != fmt.Sprint(now.N, headlineText(now.Headline)) {
			t.Errorf("%s by the last version is another", slug)
		}
	}
	if changed < 5 {
		t.Errorf("only %d of %d panels changed", changed, len(before))
	}
	if got := s.numbers(query).Markers; len(got) != 2 {
		t.Errorf("markers %v", got)
	}
	if got := s.numbers(query + "&definition=2026-02-01").Markers; len(got) != 1 || got[0]["kind"] != "workflow" {
		t.Errorf("markers up to a day %v", got)
	}
	if got := s.numbers(query + "&definition=2026-01-31").Markers; len(got) != 0 {
		t.Errorf("markers before all %v", got)
	}
	res := s.api(http.MethodGet, "/api/v1/panels/cycle-time?definition=2026-01-31", readToken)
	if !strings.Contains(res.body, `"definition":"2026-01-31"`) {
		t.Errorf("the answer does not say by what it is: %s", res.body)
	}
}

func headlineText(h map[string]*float64) string {
	var out []string
	for _, name := range []string{"p50", "p85", "p95", "rate", "mean", "count", "wip", "open", "items", "signals"} {
		out = append(out, number(h[name]))
	}
	return strings.Join(out, " ")
}

func TestPinnedPages(t *testing.T) {
	s := overTime(t)
	s.saveLater(t)
	const query = "?definition=2026-01-31&range=180d"
	doc := s.page("/flow" + query)
	want(t, doc, ".banner.info", "By the definitions of 31 Jan 2026")
	if got := doc.Find(".banner.info a").AttrOr("href", ""); got != "/flow?clock=business&range=180d" {
		t.Errorf("unpinned it is at %q", got)
	}
	if got := doc.Find(`.filters input[type=hidden][name=definition]`).AttrOr("value", ""); got != "2026-01-31" {
		t.Errorf("the filter keeps %q", got)
	}
	if got := doc.Find(".page-head a.button").AttrOr("href", ""); strings.Contains(got, "definition") {
		t.Errorf("a trial begins at %q", got)
	}
	doc.Find("[hx-get^='/panels/']").Each(func(_ int, slot *goquery.Selection) {
		if got := slot.AttrOr("hx-get", ""); !strings.Contains(got, "definition=2026-01-31") {
			t.Errorf("a panel is asked for at %q", got)
		}
	})
	panel := s.page("/panels/cycle-time-trend" + query)
	panel.Find("a[href^='/issues?']").Each(func(_ int, a *goquery.Selection) {
		if got := a.AttrOr("href", ""); !strings.Contains(got, "definition=2026-01-31") {
			t.Errorf("records are at %q", got)
		}
	})
	records := s.page("/issues" + query + "&panel=cycle-time&page=1")
	want(t, records, ".banner.info", "By the definitions of 31 Jan 2026")
	rows := s.page("/issues/rows" + query + "&panel=cycle-time")
	answer := read[panelAnswer](s, "/api/v1/panels/cycle-time"+query+"&clock=business")
	want(t, rows, "h2", fmt.Sprint(answer.N))
	if doc := s.page("/flow?range=180d"); doc.Find(".banner.info").Length() != 0 {
		t.Errorf("a page by the definitions in force says %q", textOf(doc, ".banner.info"))
	}
	for _, path := range []string{"/flow?definition=soon", "/flow/what-if" + query, "/flow/what-if/preview" + query, "/pipelines?definition=2026-01-31", "/dora?definition=2026-01-31", "/api/v1/issues?definition=2026-01-31"} {
		if res := s.get(path); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
}

// How a figure is computed names the definitions that it is by.
func TestPinnedExplanation(t *testing.T) {
	s := overTime(t)
	s.saveLater(t)
	for query, texts := range map[string][2]string{
		"":                       {"1 Feb 2026", "00:00–24:00"},
		"&definition=2026-02-05": {"1 Feb 2026", "09:00–18:00"},
	} {
		doc := s.page("/explain/cycle-time?range=30d&clock=business" + query)
		for _, text := range texts {
			want(t, doc, "main", text)
		}
	}
	doc := s.page("/explain/cycle-time?range=30d&clock=business&definition=2026-01-31")
	if text := textOf(doc, "main"); strings.Contains(text, "1 Feb 2026") || strings.Contains(text, "00:00-24:00") || strings.Contains(text, "duplicate") || !strings.Contains(text, "31 Jan 2026") {
		t.Errorf("before all versions it says %q", text)
	}
}

// Settings lead from a version to flow by it.
func TestVersionsLeadToFlow(t *testing.T) {
	s := overTime(t)
	s.saveTeam("pay", "", []string{"DEV"})
	s.saveLater(t)
	for path, want := range map[string]string{
		"/settings/workflow":           "/flow?definition=2026-01-31 /flow?definition=2026-02-01",
		"/settings/workflow?team=pay":  "/flow?definition=2026-01-31&team=pay /flow?definition=2026-02-01&team=pay",
		"/settings/workflow?queue=OPS": "/flow?definition=2026-01-31&queue=OPS /flow?definition=2026-02-01&queue=OPS",
		"/settings/calendars":          "/flow?definition=2026-02-09 /flow?definition=2026-02-10",
	} {
		got := strings.Join(s.page(path).Find(".versions a.by").Map(func(_ int, a *goquery.Selection) string { return a.AttrOr("href", "") }), " ")
		if got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

// An embed keeps the day that its panel was pinned to.
func TestPinnedEmbeds(t *testing.T) {
	s := overTime(t)
	s.saveLater(t)
	form := formOf(s.page("/settings/embeds/new?panel=cycle-time-trend&range=180d&definition=2026-01-31"))
	if form.Get("definition") != "2026-01-31" {
		t.Fatalf("the form has %q", form.Get("definition"))
	}
	form.Set("name", "as it was")
	if res := s.post("/settings/embeds", form); res.status >= http.StatusBadRequest {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	all, err := s.db.Embeds(t.Context())
	if err != nil || len(all) != 1 || all[0].Filter.Get("definition") != "2026-01-31" {
		t.Fatalf("embeds %+v, %v", all, err)
	}
	want(t, s.page("/settings/embeds"), "main", "31 Jan 2026")
	form.Set("definition", "2026-99-01")
	if res := s.post("/settings/embeds", form); res.status != http.StatusUnprocessableEntity {
		t.Errorf("a day that is none answers %d", res.status)
	}
	bad := control.Embed{Name: "x", Panel: "change-fail-rate", Filter: url.Values{"definition": {"2026-01-31"}}, Theme: "auto", Lang: "auto", Height: 400}
	if _, err := bad.Checked(); err == nil {
		t.Error("an embed of deployments takes a day of definitions")
	}
}
