package web

import (
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

const longTeam = "Команда с названием, которое нигде не помещается целиком"

// withTeams is a site with issues, runs, deployments and errors, of which three teams
// map some, and one none.
func withTeams(t *testing.T) *site {
	t.Helper()
	s := withErrors(t)
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none}
  - {name: east, timezone: Asia/Vladivostok, workdays: [mon, tue, wed, thu, fri], hours: ["10:00-18:00"], holidays: none}
workflow: {excluded_resolutions: [duplicate]}
tokens:
  - {name: reader, scopes: [read], token: ` + readToken + `}
  - {name: pusher, scopes: [ingest], token: ` + ingestToken + `}
teams:
  - {name: zebra, tracker_queues: [NOPE]}
  - {name: Payments, calendar: east, tracker_queues: [DEV], services: [shop], ci_projects: [acme/shop], sentry_projects: [pay]}
  - {name: "` + longTeam + `", tracker_queues: [DEV], services: [payments]}
`)
	if _, err := s.store.Write(t.Context(), company(400)); err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		day := testNow.AddDate(0, 0, -i).Format(time.RFC3339)
		s.addRuns(aRun(strconv.Itoa(i+1), createdAt(day), took(int64(600+10*i), 60, 5)))
	}
	return s
}

// addSuspected makes an incident that only its time links to a deployment.
func (s *site) addSuspected() {
	s.t.Helper()
	b := delivery.Batch{Connection: "gh", Incidents: []delivery.Incident{{ID: "S-1", Service: "payments", Title: "Slow", StartedAt: errorsAt(-2), ToldAt: 1}}}
	if _, err := s.store.Write(s.t.Context(), b); err != nil {
		s.t.Fatal(err)
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// overviewAnswer is the API's.
type overviewAnswer struct {
	Items []struct {
		Scope   string
		Team    *string
		Clock   string
		Figures map[string]struct {
			Value, Before          *float64
			N                      int
			Unit, Panel, Statistic string
		}
	}
	NextCursor string `json:"next_cursor"`
}

// rowsOf are the rows that a page asks for, by name.
func (s *site) rowsOf(path string) (names []string, rows map[string]*goquery.Selection) {
	s.t.Helper()
	rows = map[string]*goquery.Selection{}
	for _, slot := range s.page(path).Find("table.teams tbody tr[hx-get]").EachIter() {
		name := strings.TrimSpace(slot.Find("th[scope=row]").Text())
		part := s.fragment(slot.AttrOr("hx-get", ""))
		if got := strings.TrimSpace(part.Find("th[scope=row]").Text()); got != name {
			s.t.Errorf("the place of %q is filled with %q", name, got)
		}
		names, rows[name] = append(names, name), part
	}
	return names, rows
}

// fragment is a row, which a parser takes for one within a table only.
func (s *site) fragment(path string) *goquery.Selection {
	s.t.Helper()
	res := s.get(path)
	if res.status != http.StatusOK {
		s.t.Fatalf("GET %s answers %d: %s", path, res.status, res.body)
	}
	return tableOf(s.t, res.body)
}

func tableOf(t testing.TB, rows string) *goquery.Selection {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader("<table>" + rows + "</table>"))
	if err != nil {
		t.Fatal(err)
	}
	return d.Find("tr")
}

func valueIn(row *goquery.Selection, column string) string {
	return strings.TrimSpace(row.Find("td[data-column=" + column + "] .value").Text())
}

func TestOverviewHasARowPerTeam(t *testing.T) {
	s := withTeams(t)
	d := s.page("/?range=90d&clock=elapsed")
	if n := d.Find("table.teams thead th[scope=colgroup]").Length(); n != 4 {
		t.Errorf("%d groups of columns", n)
	}
	if d.Find("table.teams caption").Length() != 1 || d.Find("table.teams [role=rowheader]").Length() != 5 {
		t.Error("the table does not say what it is")
	}
	if d.Find("#panel-flow-headline, #panel-cycle-time-trend").Length() != 0 {
		t.Error("charts say what the rows say")
	}
	names, rows := s.rowsOf("/?range=90d&clock=elapsed")
	if want := []string{"All", "Payments", "zebra", longTeam, "Unassigned"}; !slices.Equal(names, want) {
		t.Fatalf("rows are %q, want %q", names, want)
	}
	columns := d.Find("table.teams thead tr").Eq(1).Find("th").Length()
	for name, row := range rows {
		if got := row.Find("td").Length(); got != columns || row.Find("th").Length() != 1 {
			t.Errorf("%s has %d cells of %d", name, got, columns)
		}
	}
	for _, c := range rows["Payments"].Find("a.cell").EachIter() {
		u, err := url.Parse(c.AttrOr("href", ""))
		if err != nil || u.Query().Get("team") != "Payments" || u.Query().Get("range") != "90d" || !strings.HasPrefix(u.Fragment, "panel-") {
			t.Errorf("a figure leads to %s", u)
		}
		if page := s.page(u.Path + "?" + u.RawQuery); page.Find("#"+u.Fragment).Length() != 1 {
			t.Errorf("%s is not on its page", u)
		}
		if !strings.Contains(c.AttrOr("aria-label", ""), strings.TrimSpace(c.Find(".value").Text())) {
			t.Errorf("a figure is said to be %q", c.AttrOr("aria-label", ""))
		}
	}
	// A team of a queue that there is not, and of nothing else.
	for _, c := range rows["zebra"].Find("a.cell").EachIter() {
		if c.Text() != "n/a " || c.AttrOr("title", "") != "Nothing in the data is mapped here." {
			t.Errorf("a team of nothing has %q: %s", c.Text(), c.AttrOr("title", ""))
		}
	}
	if href := rows["Unassigned"].Find("td[data-column=cycle_time] a").AttrOr("href", ""); !strings.Contains(href, "queue=OPS") {
		t.Errorf("what no team maps is found at %s", href)
	}
}

// The API's figures are the headlines of the panels of the same filter.
func TestOverviewFiguresAreThoseOfPanels(t *testing.T) {
	s := withTeams(t)
	list := read[overviewAnswer](s, "/api/v1/overview?range=60d&clock=business")
	if len(list.Items) != 5 || list.Items[0].Scope != "all" || list.Items[0].Team != nil || *list.Items[1].Team != "Payments" || list.Items[4].Scope != "unassigned" {
		t.Fatalf("items are %+v", list.Items)
	}
	checked := 0
	for _, item := range list.Items[:4] {
		for name, figure := range item.Figures {
			if figure.Statistic == wipMedian {
				continue
			}
			q := url.Values{"range": {"60d"}}
			if item.Team != nil {
				q.Set("team", *item.Team)
			}
			if p, _ := panelBySlug(figure.Panel); p.of == delivery.OfIssues {
				q.Set("clock", "business")
			}
			panel := read[panelAnswer](s, "/api/v1/panels/"+figure.Panel+"?"+q.Encode())
			want := panel.Headline[figure.Statistic]
			if panel.N == 0 && figure.Value == nil {
				continue
			}
			if (want == nil) != (figure.Value == nil) || want != nil && math.Abs(*want-*figure.Value) > 1e-9 || want != nil && panel.N != figure.N {
				t.Errorf("%s %v: %s is %v of %d, the panel says %v of %d", item.Scope, item.Team, name, figure.Value, figure.N, want, panel.N)
			}
			checked++
		}
	}
	if checked < 20 {
		t.Errorf("only %d figures were there to check", checked)
	}
	// Before is the headline of the 60 days before.
	all := list.Items[0].Figures
	before := read[panelAnswer](s, "/api/v1/panels/cycle-time-trend?clock=business&from=2025-11-05&to=2026-01-03")
	if got := all["cycle_time_p50"].Before; got == nil || *got != *before.Headline["p50"] {
		t.Errorf("cycle time was %v before, the panel says %v", got, before.Headline["p50"])
	}
}

func TestOverviewChanges(t *testing.T) {
	s := withTeams(t)
	_, rows := s.rowsOf("/?range=30d")
	change := textOf(goquery.CloneDocument(goquery.NewDocumentFromNode(rows["All"].Get(0))), "td[data-column=cycle_time] .change")
	if !strings.HasSuffix(change, "better") && !strings.HasSuffix(change, "worse") || !strings.ContainsAny(change, "↑↓") || !strings.Contains(change, "%") {
		t.Errorf("the change is %q", change)
	}
	// Who hears the cell hears it once, and which way it went.
	cell := rows["All"].Find("td[data-column=cycle_time]")
	if said := cell.Find("a").AttrOr("aria-label", ""); !strings.Contains(said, "up: ") && !strings.Contains(said, "down: ") || cell.Find(".change[aria-hidden=true]").Length() != 1 {
		t.Errorf("it is said as %q", said)
	}
	// Four deployments are too few to be compared.
	list := read[overviewAnswer](s, "/api/v1/overview?range=30d")
	if n := list.Items[1].Figures["change_lead_time"].N; n == 0 || n >= delivery.EnoughForDora {
		t.Fatalf("%d changes", n)
	}
	cell = rows["Payments"].Find("td[data-column=change_lead_time]")
	if !cell.HasClass("few") || cell.Find(".change").Length() != 0 {
		t.Errorf("too few are compared: %s", cell.Text())
	}
	// Work in progress has a course, and is compared with the beginning of the period.
	wip := list.Items[0].Figures
	if before := wip["wip"].Before; before == nil || *before == 0 || wip["wip_age"].Before == nil || wip["wip_late"].Before != nil {
		t.Errorf("work in progress was %v, with ages %v, and %v late", before, wip["wip_age"].Before, wip["wip_late"].Before)
	}
	if cell := rows["All"].Find("td[data-column=wip]"); cell.Find("svg.spark").Length() != 1 || !strings.Contains(cell.Find(".change").Text(), "%") {
		html, _ := cell.Html()
		t.Errorf("work in progress is %s", html)
	}
	// Runs became faster: less time is better.
	if got := rows["Payments"].Find("td[data-column=pipeline] .change.better").Text(); !strings.Contains(got, "↓") {
		t.Errorf("faster runs are %q", got)
	}
	// Of 200 days, most of the 200 before are not in the data.
	_, rows = s.rowsOf("/?range=200d")
	if got := rows["All"].Find("td[data-column=cycle_time] .change").Text(); got != "" {
		t.Errorf("compared with what is not in the data: %s", got)
	}
	if got := rows["All"].Find("td[data-column=wip]").Text(); strings.Contains(got, "%") {
		t.Errorf("work in progress is compared with what is not in the data: %s", got)
	}
}

func TestOverviewNarrowed(t *testing.T) {
	s := withTeams(t)
	names, _ := s.rowsOf("/?team=Payments&team=zebra")
	if !slices.Equal(names, []string{"Payments", "zebra"}) {
		t.Errorf("rows are %q", names)
	}
	if n := s.page("/?team=Payments").Find("#panel-cycle-time-trend").Length(); n != 1 {
		t.Error("a single team has no trend")
	}
	for path, param := range map[string]string{"/?team=nobody": "no such team", "/?queue=DEV": "queue", "/?range=soon": "range", "/?clock=moon": "round the clock"} {
		res := s.get(path)
		if res.status != http.StatusBadRequest || res.doc.Find("table.teams").Length() != 0 || !strings.Contains(res.doc.Find(".banner").Text(), param) {
			t.Errorf("%s answers %d: %s", path, res.status, res.doc.Find(".banner").Text())
		}
	}
	for _, path := range []string{"/overview/rows/team", "/overview/rows/odd", "/overview/rows/team?team=nobody", "/overview/rows/all?team=zebra", "/overview/attention?team=nobody", "/api/v1/overview?team=nobody", "/api/v1/overview?cursor=x", "/api/v1/overview?queue=DEV"} {
		if got := s.api(http.MethodGet, path, readToken).status; strings.HasPrefix(path, "/api/") && got != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, got)
		}
		if got := s.get(path).status; got != http.StatusBadRequest {
			t.Errorf("%s answers %d", path, got)
		}
	}
	if got := s.api(http.MethodGet, "/api/v1/overview", ingestToken).status; got != http.StatusForbidden {
		t.Errorf("a token that may not read gets %d", got)
	}
	first := read[overviewAnswer](s, "/api/v1/overview?limit=2")
	second := read[overviewAnswer](s, "/api/v1/overview?limit=2&cursor="+url.QueryEscape(first.NextCursor))
	if len(first.Items) != 2 || len(second.Items) != 2 || *second.Items[0].Team != "zebra" {
		t.Errorf("pages are %+v and %+v", first, second)
	}
}

func TestOverviewSpeaksRussian(t *testing.T) {
	s := withTeams(t)
	d := s.page("/?lang=ru&range=90d")
	want(t, d, "h1", "Обзор")
	want(t, d, "table.teams thead", "Время цикла")
	slot := d.Find("table.teams tbody tr").First()
	if path := slot.AttrOr("hx-get", ""); !strings.Contains(path, "lang=ru") {
		t.Errorf("rows are asked for at %s", path)
	}
	row := s.fragment(slot.AttrOr("hx-get", ""))
	if text := row.Text(); !strings.Contains(text, "дн.") || !strings.Contains(text, "Время цикла") {
		t.Errorf("the row says %s", text)
	}
	want(t, s.page(d.Find("#panel-attention").AttrOr("hx-get", "")), "h2", "Требует внимания")
	want(t, s.page("/overview/begin?lang=ru"), "h1", "С чего начать")
}

func TestAttention(t *testing.T) {
	s := withTeams(t)
	kinds := func(path string) map[string]string {
		d := s.page(s.page(path).Find("#panel-attention").AttrOr("hx-get", ""))
		out := map[string]string{}
		for _, k := range d.Find(".attention-kind").EachIter() {
			out[k.AttrOr("data-kind", "")] = strings.Join(strings.Fields(k.Text()), " ")
		}
		if len(out) == 0 {
			out["none"] = textOf(d, ".calm")
		}
		return out
	}
	if got := slices.Sorted(maps.Keys(kinds("/?team=zebra"))); !slices.Equal(got, []string{"none"}) {
		t.Errorf("a team of nothing has %v", got)
	}
	s.addSuspected()
	c := s.connect()
	sync, err := s.db.StartSync(t.Context(), c.ID, testNow)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.FinishSync(t.Context(), sync.ID, control.Failed, source.Message{Text: "no such host"}, testNow.Add(time.Hour), 0, testNow); err != nil {
		t.Fatal(err)
	}
	got := kinds("/?range=90d")
	if !strings.Contains(got["connections"], "1 connection brings nothing in") || !strings.Contains(got["connections"], "no such host") {
		t.Errorf("of connections it says %q", got["connections"])
	}
	if !strings.Contains(got["suspected"], "may have failed") || !strings.Contains(got["suspected"], "payments") {
		t.Errorf("of deployments it says %q", got["suspected"])
	}
	if err := s.db.Pause(t.Context(), c.ID, "user", "", testNow); err != nil {
		t.Fatal(err)
	}
	if got := kinds("/"); !strings.Contains(got["connections"], "Paused") {
		t.Errorf("of a paused connection it says %q", got["connections"])
	}
}

// Nothing on the overview, or of what is wrong with the data, leads somebody to a page
// that is not for them.
func TestOverviewForEachRole(t *testing.T) {
	s := withTeams(t)
	s.addSuspected()
	s.connect()
	s.addUser("viewer@example.com", control.Viewer)
	s.addUser("lead@example.com", control.Lead)
	admin := s.client
	for _, who := range []string{"", "viewer@example.com", "lead@example.com"} {
		s.client = admin
		if who != "" {
			s.client = s.as(who)
		}
		seen := map[string]bool{}
		todo := []string{"/?range=90d", "/quality", "/overview/begin"}
		for parts := 0; len(todo) > 0 && parts < 60; parts++ {
			doc := s.page(todo[0])
			todo = todo[1:]
			for _, part := range doc.Find("[hx-get]").EachIter() {
				if at := part.AttrOr("hx-get", ""); !seen[at] && strings.HasPrefix(at, "/overview/") {
					seen[at] = true
					todo = append(todo, at)
				}
			}
			for _, link := range doc.Find("main a[href^='/'], a[href^='/']").EachIter() {
				href := link.AttrOr("href", "")
				if seen[href] || strings.HasPrefix(href, "/static/") || strings.HasPrefix(href, "/panels/") {
					continue
				}
				seen[href] = true
				if res := s.get(href); res.status >= 400 {
					t.Errorf("%q is led to %s, which answers %d", who, href, res.status)
				}
			}
		}
		if len(seen) < 30 {
			t.Errorf("%q finds %d links only", who, len(seen))
		}
	}
}
