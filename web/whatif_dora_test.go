package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// derive brings derived rows up with facts and rules.
func (s *site) derive() {
	s.t.Helper()
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// withStaging is withDeployments with a deployment to staging, and an incident 30 hours
// after the third to production that names none.
func withStaging(t *testing.T) *site {
	t.Helper()
	s := withDeployments(t)
	at := func(hours int) delivery.Instant {
		return delivery.InstantOf(testNow) + delivery.Instant(hours)*3600_000
	}
	_, err := s.store.Write(t.Context(), delivery.Batch{
		Connection: "gh",
		Deployments: []delivery.Deployment{{
			ID: "9", Repository: "acme/shop", Environment: "staging-1", SHA: "ffff9", CreatedAt: at(-50), StartedAt: at(-50), FinishedAt: at(-49), UpdatedAt: at(-49),
			Status: delivery.DeploySuccess, ToldAt: 1, States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: at(-49)}},
		}},
		Incidents: []delivery.Incident{{ID: "PAY-2", Project: "PAY", Title: "Slow", StartedAt: at(-24*12 + 30), ResolvedAt: at(-24*12 + 31), ToldAt: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.derive()
	return s
}

func TestDoraTrial(t *testing.T) {
	s := withStaging(t)
	link := s.page("/dora?links=suspected&range=30d").Find(".page-head a.button").AttrOr("href", "")
	if link != "/dora/what-if?links=suspected&range=30d" {
		t.Errorf("the page leads to %q", link)
	}
	doc := s.page(link)
	want(t, doc, ".trial-figures h2", "Nothing differs yet")
	wantRow(t, trialRows(doc), "Change fail rate", "25 %")

	doc = s.page(link + "&window=48&production=production%0D%0Aprod%0D%0Alive%0D%0Astaging")
	rows := trialRows(doc)
	wantRow(t, rows, "Deployments counted", "4", "5", "+1 +25 %")
	wantRow(t, rows, "Change fail rate", "25 %", "40 %", "+15 points")
	if got := triedIn(doc); got != "Names of production: production, prod, live → becomes production, prod, live, staging; Incident window, hours: 24 h → becomes 48 h" {
		t.Errorf("tried is %q", got)
	}
	want(t, doc, ".trial-figures", "Becomes production: staging-1 (1).")
	want(t, doc, ".trial-flips", "1 deployment would be production")
	want(t, doc, ".trial-flips", "1 deployment would count as failed")
	want(t, doc, ".trial-flips tbody tr:first-child", "ffff9 shop, staging-1 2 Mar 2026 11:00 | not production | production")
	want(t, doc, ".trial-flips tbody tr:nth-child(2)", "v3 shop, production 20 Feb 2026 12:00 | production | failed")
	if res := s.get(doc.Find(".trial-flips tbody a").First().AttrOr("href", "")); res.status != http.StatusOK {
		t.Errorf("the deployment answers %d", res.status)
	}

	// The address has what differs only.
	res := s.get("/dora/what-if/preview?range=30d&window=48,0&together=10&production=" + url.QueryEscape("production\r\nprod\r\nlive"))
	if got := res.header.Get("HX-Replace-Url"); got != "/dora/what-if?range=30d&window=48" {
		t.Errorf("the address is %q", got)
	}
	want(t, s.page(link+"&production=elsewhere"), ".trial-figures", "No longer production: production (4).")
	want(t, s.page(link+"&environment=staging-1&production=staging"), ".trial-figures", "narrowed to environments")
	want(t, s.page(link+"&window=48&lang=ru"), ".trial-flips", "1 деплой станет неудачным")
}

func TestDoraTrialMistakes(t *testing.T) {
	s := withStaging(t)
	s.saveTeam("pay", "", nil)
	for _, tt := range []struct{ query, field string }{
		{"production=", "production"},
		{"production=" + strings.Repeat("x", 101), "production"},
		{"window=soon", "window"},
		{"window=0", "window"},
		{"together=121", "together"},
		{"team=pay&production=" + strings.Repeat("x", 101), "production"},
	} {
		for _, path := range []string{"/dora/what-if?", "/dora/what-if/preview?"} {
			res := s.get(path + tt.query)
			if res.status != http.StatusOK || res.header.Get("HX-Replace-Url") != "" || textOf(res.doc, "#f-"+tt.field+"-error") == "" {
				t.Errorf("%s%s answers %d: %q", path, tt.query, res.status, textOf(res.doc, "#f-"+tt.field+"-error"))
			}
			if wrong := res.doc.Find("p.error[id]:not([hidden])").Length(); wrong != 1 {
				t.Errorf("%s%s: %d fields are wrong", path, tt.query, wrong)
			}
		}
	}
	for _, query := range []string{"range=soon", "since=2026-01-01", "team=nobody"} {
		if res := s.get("/dora/what-if?" + query); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", query, res.status)
		}
	}
	if res := s.post("/dora/what-if", url.Values{"window": {"soon"}}); res.status != http.StatusSeeOther || res.header.Get("Location") != "/dora/what-if?window=soon" {
		t.Errorf("saving what is wrong answers %d to %q", res.status, res.header.Get("Location"))
	}
}

// What was tried is what is there once it is saved and derived anew; looking stores
// nothing, and only admins save.
func TestDoraTrialSaved(t *testing.T) {
	s := withStaging(t)
	s.addUser("lead@example.com", control.Lead)
	s.addUser("viewer@example.com", control.Viewer)
	trial := "/dora/what-if?links=suspected&range=30d&window=48&production=production,staging&together=20"
	admin, before := s.client, s.settings()
	for _, who := range []string{"lead@example.com", "viewer@example.com"} {
		s.client = s.as(who)
		doc := s.page(trial)
		want(t, doc, ".trial-save", "Only admins can save rules")
		if doc.Find(".trial-save form").Length() != 0 {
			t.Errorf("%s is offered to save", who)
		}
		if res := s.post("/dora/what-if", url.Values{"window": {"48"}}); res.status != http.StatusForbidden {
			t.Errorf("saving answers %s %d", who, res.status)
		}
	}
	s.client = admin
	doc := s.page(trial)
	if after := s.settings(); after != before {
		t.Errorf("stored:\n%s\nbefore:\n%s", after, before)
	}
	tried := trialRows(doc)
	res := s.post("/dora/what-if", inputsOf(doc.Find(".trial-save form")))
	if res.status != http.StatusSeeOther || res.header.Get("Location") != "/dora?links=suspected&range=30d" {
		t.Fatalf("saving answers %d to %q", res.status, res.header.Get("Location"))
	}
	s.derive()
	page := s.page("/dora?links=suspected&range=30d")
	want(t, page, ".flash", "The rules are saved")
	saved := trialRows(s.page("/dora/what-if?links=suspected&range=30d"))
	for label, row := range tried {
		if got := saved[label]; len(got) != 1 || got[0] != row[1] {
			t.Errorf("%s was to be %q and is %q", label, row, got)
		}
	}
	fail := read[panelAnswer](s, "/api/v1/panels/change-fail-rate?links=suspected&range=30d")
	if fail.N != 5 || number(fail.Headline["rate"]) != "0.4" {
		t.Errorf("fail rate: %d, %+v", fail.N, fail.Headline)
	}
	rules, _, err := s.db.DoraRules(t.Context())
	if err != nil || !slices.Equal(rules.Production, []string{"production", "staging"}) || rules.Window.Hours() != 48 || rules.Together.Minutes() != 20 || len(rules.HotfixLabels) != 1 {
		t.Errorf("rules %+v, %v", rules, err)
	}
	undo := page.Find(".flash form")
	if res := s.post(undo.AttrOr("action", ""), inputsOf(undo)); res.status != http.StatusSeeOther {
		t.Errorf("undoing answers %d", res.status)
	}
	if got := s.saves(); got != "dora.save dora.undo" {
		t.Errorf("the log has %q", got)
	}
}

// On the page of a team its own names are tried.
func TestDoraTrialOfTeam(t *testing.T) {
	s := withStaging(t)
	if _, err := s.db.SaveTeam(t.Context(), control.Team{Team: delivery.Team{Name: "pay", Repositories: delivery.Patterns{"acme/shop"}}}); err != nil {
		t.Fatal(err)
	}
	s.derive()
	doc := s.page("/dora/what-if?team=pay&range=30d&production=staging")
	if got := triedIn(doc); got != "Production of pay: production, prod, live → becomes staging" {
		t.Errorf("tried is %q", got)
	}
	wantRow(t, trialRows(doc), "Deployments counted", "4", "1", "−3 −75 %")
	if res := s.post("/dora/what-if", inputsOf(doc.Find(".trial-save form"))); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	rules, own, err := s.db.DoraRules(t.Context())
	if err != nil || len(rules.Production) != 3 || len(own) != 1 || !slices.Equal(own["pay"], []string{"staging"}) {
		t.Errorf("rules %+v, teams %v, %v", rules, own, err)
	}
	doc = s.page("/dora/what-if?team=pay&names=common&production=staging")
	want(t, doc, "#f-names option[selected]", "Common")
	if got := triedIn(doc); got != "Names of production: production, prod, live → becomes staging" {
		t.Errorf("tried is %q", got)
	}
	// Without names of its own the team goes by the common ones again.
	doc = s.page("/dora/what-if?team=pay&production=")
	if got := triedIn(doc); got != "Production of pay: staging → becomes production, prod, live" {
		t.Errorf("tried is %q", got)
	}
}
