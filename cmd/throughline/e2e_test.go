package main

import (
	"fmt"
	"strings"
	"testing"

	"throughline/internal/simulator"
)

// TestLeadsFirstDay is the main job through the real program in a real browser:
// set up, connect Tracker, watch the history come in, read cycle time, change
// the business hours and see the chart follow, sign out.
func TestLeadsFirstDay(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 400, Token: "tracker-token", OrgID: "8888"})
	s := launch(t, append(dataDir(t), "THROUGHLINE_ALLOWED_NETWORKS=127.0.0.0/8,::1/128"), "serve")
	b := openTab(t, s.url, 1440, 900)

	b.open("/")
	b.untilText("main", "log")
	link := s.logged(`(/setup\?token=[\w-]+)`)[1]
	b.open(link)
	b.fill("#f-email", "lead@example.com")
	b.fill("#f-password", "correct horse battery")
	b.fill("#f-password2", "correct horse battery")
	b.click("main form button.primary")
	b.until("the way leads on to connections", `location.pathname.startsWith("/settings/connections")`)

	b.open("/settings/connections/new")
	b.fill("#f-name", "tracker")
	b.fill("#f-token", "wrong-token")
	b.fill("#f-org_id", "8888")
	b.do("open the advanced settings", clickText("summary", "More settings"))
	b.fill("#f-base_url", api.URL)
	b.fill("#f-initial_range", "36m")
	b.click("[hx-post$='/test']")
	b.untilText("#test-result", "token")
	b.fill("#f-token", "tracker-token")
	b.click("[hx-post$='/test']")
	b.untilText("#test-result", "PAY")
	b.click("#connection button.primary")

	b.until("the way leads on to the sync", `location.pathname === "/syncs"`)
	b.untilText("main", "400")
	b.until("the sync ends", `!document.querySelector("[hx-trigger^='every']")`)

	b.open("/flow?range=36m")
	median := b.headline()
	b.until("all charts are drawn", `document.querySelectorAll("[data-chart] canvas").length === 12`)
	if strings.Contains(s.log.String(), "tracker-token") || strings.Contains(s.log.String(), "correct horse") {
		t.Error("a secret is in the log")
	}

	b.open("/settings/calendars")
	b.fill("#f-hours", "12:00-14:00")
	b.click("#calendar button.primary")
	b.untilText(".banner.good", "")
	b.open("/flow?range=36m")
	if changed := b.headline(); changed == median {
		t.Errorf("with two hours a day the median is still %s", changed)
	}
	b.do("choose elapsed time", clickText("label", "Round the clock"))
	b.until("the address holds the clock", `location.search.includes("clock=elapsed")`)
	b.until("the charts are back", `document.querySelectorAll("[data-chart] canvas").length === 12`)

	b.click(".menu.account summary")
	b.click("form[action='/logout'] button")
	b.until("the way leads to the login", `location.pathname === "/login"`)
	b.open("/flow")
	b.until("nothing is shown to strangers", `location.pathname === "/login"`)
}

// headline is the first headline figure, once it is there.
func (b *tab) headline() string {
	b.t.Helper()
	b.until("headline figures", `document.querySelector(".figure .value")?.innerText.trim()`)
	return eval[string](b, `document.querySelector(".figure .value").innerText.trim()`)
}

// TestDemoInTheBrowser looks at every page of the demo in both languages and
// themes: whatever the browser complains of fails it.
func TestDemoInTheBrowser(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	for _, lang := range []string{"ru", "en"} {
		b.open("/")
		b.click(".menu.account summary")
		b.follow(fmt.Sprintf("button[name=lang][value=%s]", lang))
		b.until("the page speaks "+lang, fmt.Sprintf("document.documentElement.lang === %q", lang))
		for _, page := range pages {
			b.open(page.path)
			b.until("panels are there", `!document.querySelector("[aria-busy=true]")`)
			if text := b.text(); strings.Contains(text, "went wrong") || strings.Contains(text, "не удалось") {
				t.Errorf("%s in %s:\n%s", page.path, lang, text)
			}
		}
	}
	if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("the page is %g px wider than the window", wide)
	}
}

// filledDemo is the demo with all that its company's systems have.
func filledDemo(t *testing.T) *site {
	t.Helper()
	s := launch(t, nil, "demo")
	s.filled()
	return s
}

// filled waits until the demo is.
func (s *site) filled() {
	s.t.Helper()
	s.logged(`msg="sync ended" connection=sentry`)
	s.logged(`msg="sync ended" connection=demo`)
	s.logged(`msg="sync ended" connection=github`)
}

// page is one of the site, by the name of its picture.
type page struct{ name, path string }

// pages are all that have a picture of their own and are looked at by axe-core.
var pages = []page{
	{"overview", "/"},
	{"flow", "/flow?range=180d"},
	{"issues", "/issues?range=30d"},
	{"issue", "/issues/APP-183"},
	{"pipelines", "/pipelines?range=60d"},
	{"runs", "/runs?range=30d&branch=*"},
	{"run", "/runs/1"},
	{"dora", "/dora?range=60d&benchmark=2024"},
	{"deployments", "/deployments?range=30d"},
	{"changes", "/changes?range=30d"},
	{"service", "/services/payments?range=30d"},
	{"incidents", "/incidents?range=30d"},
	{"incident-new", "/incidents/new"},
	{"errors", "/errors?range=30d"},
	{"error-groups", "/errors/groups?range=30d"},
	{"series", "/series"},
	{"quality", "/quality?range=180d"},
	{"quality-kind", "/quality/hidden_transitions?range=180d"},
	{"inbox", "/inbox"},
	{"syncs", "/syncs"},
	{"connections", "/settings/connections"},
	{"connection", "/settings/connections/demo"},
	{"connection-ci", "/settings/connections/ci"},
	{"connection-new", "/settings/connections/new"},
	{"connection-github", "/settings/connections/new?kind=github"},
	{"connection-jira", "/settings/connections/new?kind=jira"},
	{"teams", "/settings/teams"},
	{"team-new", "/settings/teams/new"},
	{"calendars", "/settings/calendars"},
	{"calendar-new", "/settings/calendars?new=1"},
	{"workflow", "/settings/workflow"},
	{"services", "/settings/services"},
	{"service-new", "/settings/services/new"},
	{"rules", "/settings/services/rules"},
	{"users", "/settings/users"},
	{"user", "/settings/users/1"},
	{"tokens", "/settings/tokens"},
	{"embeds", "/settings/embeds"},
	{"embed-new", "/settings/embeds/new?panel=cycle-time&range=30d&clock=business"},
	{"audit", "/settings/audit"},
	{"account", "/account"},
}
