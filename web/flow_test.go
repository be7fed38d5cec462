package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// watchedStore counts questions about metrics, and may answer those about cycle
// time with an error.
type watchedStore struct {
	delivery.Store
	asked atomic.Int32
	err   atomic.Pointer[error]
}

func (w *watchedStore) check() error {
	w.asked.Add(1)
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (w *watchedStore) CycleTime(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTime, error) {
	if err := w.check(); err != nil {
		return delivery.CycleTime{}, err
	}
	return w.Store.CycleTime(ctx, q)
}

func (w *watchedStore) CycleTimeTrend(ctx context.Context, q delivery.FlowQuery) (delivery.CycleTimeTrend, error) {
	w.asked.Add(1)
	return w.Store.CycleTimeTrend(ctx, q)
}

func (w *watchedStore) TimeInStatus(ctx context.Context, q delivery.FlowQuery) (delivery.TimeInStatus, error) {
	w.asked.Add(1)
	return w.Store.TimeInStatus(ctx, q)
}

func TestFlowPageIsSlots(t *testing.T) {
	var store *watchedStore
	s := inCompany(t, 40, func(c *Config) {
		store = &watchedStore{Store: c.Store}
		c.Store = store
	})
	d := s.page("/flow?queue=DEV&type=bug&type=task&range=30d&bucket=day")
	want := []string{
		"flow-headline", "cycle-time", "cycle-time-trend", "cycle-time-histogram", "control-chart", "aging", "throughput", "forecast",
		"cumulative-flow", "lead-time-trend", "time-in-status", "flow-efficiency", "blocked-time",
	}
	slots := d.Find("[data-slot]")
	if slots.Length() != len(want) {
		t.Fatalf("%d slots, want %d", slots.Length(), len(want))
	}
	for i, slug := range want {
		if got := slots.Eq(i).AttrOr("hx-get", ""); got != "/panels/"+slug+"?bucket=day&clock=business&queue=DEV&range=30d&type=bug&type=task" {
			t.Errorf("slot %s asks %s", slug, got)
		}
	}
	if store.asked.Load() != 0 {
		t.Errorf("the page asked for %d metrics", store.asked.Load())
	}
	checked := map[string]string{}
	for _, e := range d.Find("form.filters input:checked").EachIter() {
		checked[e.AttrOr("value", "")] = e.AttrOr("name", "")
	}
	if diff := cmp.Diff(map[string]string{"DEV": "queue", "bug": "type", "task": "type", "business": "clock"}, checked); diff != "" {
		t.Errorf("ticked (-want +got)\n%s", diff)
	}
	if got := d.Find("select[name=range] option[selected]").AttrOr("value", ""); got != "30d" {
		t.Errorf("the period is %q", got)
	}
	if d.Find("a.reset").Length() != 1 || s.page("/flow").Find("a.reset").Length() != 0 {
		t.Error("the way back to the default is there when it is the default, or not when it is not")
	}
}

func TestFlowPageFilters(t *testing.T) {
	s := inCompany(t, 10, nil)
	own := s.page("/flow?from=2026-01-01&to=2026-01-31&clock=elapsed&queue=GONE")
	if own.Find("select[name=range] option[selected]").AttrOr("value", "x") != "" || own.Find("[data-dates][hidden]").Length() != 0 {
		t.Error("own dates do not show")
	}
	if got := own.Find("input[name=queue]:checked").AttrOr("value", ""); got != "GONE" {
		t.Errorf("a queue that is not in the data is ticked as %q", got)
	}
	if got := s.page("/flow?range=14d").Find("select[name=range] option[selected]"); got.AttrOr("value", "") != "14d" || got.Text() != "14 days" {
		t.Errorf("a period of one's own shows as %q, %q", got.AttrOr("value", ""), got.Text())
	}
	bad := s.get("/flow?colour=red&range=soon")
	if bad.status != http.StatusBadRequest || bad.doc.Find("[data-slot]").Length() != 0 {
		t.Errorf("a filter that cannot be used: %d with %d slots", bad.status, bad.doc.Find("[data-slot]").Length())
	}
	want(t, bad.doc, ".banner.bad", "colour: There is no such filter")
	want(t, bad.doc, ".banner.bad", "range: Not a number of days")
	if res := s.get("/panels/cycle-time?colour=red"); res.status != http.StatusBadRequest {
		t.Errorf("a panel with a filter that cannot be used: %d", res.status)
	}
	// What a form sends for what was left empty.
	if res := s.get("/panels/cycle-time?range=90d&from=&to=&bucket=auto&clock=business"); res.status != http.StatusOK {
		t.Errorf("a form with empty dates: %d", res.status)
	}
}

func TestChartPanels(t *testing.T) {
	s := inCompany(t, 400, nil)
	for _, lang := range []string{"en", "ru"} {
		for _, p := range panels() {
			if p.of == delivery.OfIssues {
				t.Run(p.slug+" "+lang, func(t *testing.T) { checkChartPanel(t, s, p, "clock=business&lang="+lang+"&range=90d", lang) })
			}
		}
	}
}

// checkChartPanel compares a panel as a part of a page with what programs get of it,
// by a canonical query.
func checkChartPanel(t *testing.T, s *site, p panel, query, lang string) {
	t.Helper()
	d := s.page("/panels/" + p.slug + "?" + query)
	data := read[panelAnswer](s, "/api/v1/panels/"+p.slug+"?"+query)
	if got := textOf(d, ".sentence"); got != strings.Join(strings.Fields(data.Summary), " ") || got == "" {
		t.Errorf("the sentence is %q, want %q", got, data.Summary)
	}
	if p.slug == blockedSlug && d.Find(".chart.nothing").Length() == 1 {
		return // nothing was blocked: there is the sentence, and no chart
	}
	if got := describedBy(d, d.Find(".chart")); !strings.HasPrefix(got, strings.Join(strings.Fields(data.Summary), " ")) {
		t.Errorf("a screen reader says %q", got)
	}
	title := textOf(d, "h2")
	if got := d.Find("#" + d.Find(".chart").AttrOr("aria-labelledby", "none")).Text(); strings.Join(strings.Fields(got), " ") != title {
		t.Errorf("the chart is called %q, the panel %q", got, title)
	}
	if _, hidden := d.Find("#keys-" + p.slug).Attr("hidden"); !hidden {
		t.Error("the keys of the chart are read as text of the page")
	}
	want(t, d, ".table-view caption", title)
	want(t, d, ".panel-foot", strings.Join(strings.Fields(data.Definition), " "))
	want(t, d, ".panel-foot > :first-child", "n = ")
	if strings.Contains(d.Text(), "panel.") || strings.Contains(d.Text(), "summary.") || strings.Contains(d.Text(), "table.") {
		t.Error("a message is missing")
	}
	var chart struct {
		Option map[string]any
		Meta   map[string]any
	}
	script := d.Find(`script[type="application/json"]`)
	if err := json.Unmarshal([]byte(script.Text()), &chart); err != nil {
		t.Fatal(err)
	}
	if script.AttrOr("id", "") != d.Find("[data-chart]").AttrOr("data-chart", "") || chart.Meta["lang"] != lang {
		t.Errorf("the chart's data is %q in %v", script.AttrOr("id", ""), chart.Meta["lang"])
	}
	if rows := d.Find("tbody tr").Length(); rows == 0 || rows > 200 {
		t.Errorf("a table of %d rows", rows)
	}
	links := d.Find(".panel-foot a")
	for _, ext := range []string{"", ".csv"} {
		path := "/api/v1/panels/" + p.slug + ext + "?" + query
		if links.FilterFunction(byHref(path)).Length() != 1 {
			t.Errorf("no link to %s", path)
		}
		if res := s.get(path); res.status != http.StatusOK {
			t.Errorf("%s: %d", path, res.status)
		}
	}
}

func TestPanelExclusions(t *testing.T) {
	s := inCompany(t, 400, nil)
	d := s.page("/panels/cycle-time?range=90d")
	data := read[panelAnswer](s, "/api/v1/panels/cycle-time?range=90d")
	total := 0
	for _, n := range data.Excluded {
		total += n
	}
	if total == 0 || len(data.Excluded) != 2 {
		t.Fatalf("excluded %v", data.Excluded)
	}
	want(t, d, ".panel-foot summary", number(ptr(float64(total)))+" excluded")
	want(t, d, ".panel-foot li", "without ever being in an active status")
	want(t, d, ".panel-foot li", "with a resolution that the workflow leaves out")
	if d.Find(".note a").FilterFunction(byHref("/issues?clock=business&excluded=any&panel=cycle-time&range=90d")).Length() != 1 {
		t.Error("no link to the list")
	}
}

func ptr[T any](v T) *T { return &v }

// The table is the newest first, with words for what took no working time.
func TestPanelTable(t *testing.T) {
	s := newSite(t, nil)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	s.post("/login", url.Values{"email": {adminEmail}, "password": {adminPassword}})
	s.addIssues()
	d := s.page("/panels/cycle-time?range=30d&clock=elapsed")
	wantCells(t, d, "tbody tr:first-child td", "2 Mar 2026 12:00", "OPS-1", "Issue 2", "Task", "8 d")
	if got := d.Find("tbody a").First().AttrOr("href", ""); got != "/issues/OPS-1" {
		t.Errorf("the key leads to %s", got)
	}
	d = s.page("/panels/cycle-time-trend?range=14d&bucket=week&lang=ru")
	wantCells(t, d, "thead th", "Неделя с", "p50", "p85", "p95", "Задачи", "Примечание")
	wantCells(t, d, "tbody tr:last-child td", "02.03.2026", "5,3 дн.", "5,3 дн.", "5,3 дн.", "2", "неполный")
	wantCells(t, d, "tbody tr:first-child td", "16.02.2026", "–", "–", "–", "0", "неполный")
}

func wantCells(t *testing.T, d *goquery.Document, selector string, want ...string) {
	t.Helper()
	var got []string
	for _, cell := range d.Find(selector).EachIter() {
		got = append(got, strings.Join(strings.Fields(cell.Text()), " "))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", selector, diff)
	}
}

func TestEmptyPanels(t *testing.T) {
	empty := func(t *testing.T, s *site, path string) (text, fix string) {
		t.Helper()
		d := s.page(path)
		if d.Find("[data-chart]").Length() != 0 {
			t.Error("there is a chart")
		}
		return textOf(d, ".nothing p"), d.Find(".nothing a").AttrOr("href", "")
	}
	check := func(t *testing.T, text, fix, wantText, wantFix string) {
		t.Helper()
		if !strings.Contains(text, wantText) || fix != wantFix {
			t.Errorf("%q, mended at %s; want %q at %s", text, fix, wantText, wantFix)
		}
	}
	s := signedIn(t, nil)
	text, fix := empty(t, s, "/panels/cycle-time")
	check(t, text, fix, "Nothing is connected yet", "/settings/connections")
	want(t, s.page("/flow"), ".empty", "Nothing is connected yet")

	s.makeUp("tracker")
	text, fix = empty(t, s, "/panels/cycle-time")
	check(t, text, fix, "still being fetched", "/syncs")
	if got := s.page("/panels/cycle-time").Find("section").AttrOr("hx-trigger", ""); !strings.Contains(got, "load delay:5s") {
		t.Errorf("it does not ask again: %q", got)
	}

	s.addIssues()
	text, fix = empty(t, s, "/panels/cycle-time?range=1d")
	check(t, text, fix, "Nothing was found in this period", "/flow?clock=business&range=12m")
	// The page says it once, with why there are no figures.
	strip := s.page("/panels/flow-headline?range=1d")
	want(t, strip, ".page-empty[data-reason=no_data] p", "Nothing was found in this period")
	wantCells(t, strip, ".figure .value", "n/a", "n/a", "0")
	want(t, strip, ".figure", "No issue was finished in this period.")
	if got := strip.Find(".page-empty a").AttrOr("href", ""); got != "/flow?clock=business&range=12m" || strip.Find("svg.spark").Length() != 0 {
		t.Errorf("mended at %q, with %d lines of nothing", got, strip.Find("svg.spark").Length())
	}
	if s.page("/panels/flow-headline?range=30d").Find(".page-empty").Length() != 0 {
		t.Error("a page with issues says that it is empty")
	}
	text, fix = empty(t, s, "/panels/cycle-time-trend?range=30d&queue=NONE&type=task")
	check(t, text, fix, "Nothing matches this filter", "/flow?clock=business&range=30d")
	text, fix = empty(t, s, "/panels/time-in-status?range=30d&queue=NONE&lang=ru")
	check(t, text, fix, "Под этот фильтр ничего не подходит", "/flow?clock=business&lang=ru&range=30d")

	never := delivery.Workflow{StatusLists: delivery.StatusLists{Active: []string{}}}
	if err := errors.Join(s.db.SaveWorkflow(t.Context(), never), s.store.SetWorkflow(t.Context(), delivery.OneWorkflow(never)), s.store.Rebuild(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	text, fix = empty(t, s, "/panels/cycle-time?range=30d")
	check(t, text, fix, "2 issues were closed in this period, but no status counts as active", "/settings/workflow")

	endless := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{}}}
	if err := errors.Join(s.db.SaveWorkflow(t.Context(), endless), s.store.SetWorkflow(t.Context(), delivery.OneWorkflow(endless)), s.store.Rebuild(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	for _, slug := range []string{"cycle-time", "cycle-time-trend"} {
		text, fix = empty(t, s, "/panels/"+slug+"?range=30d")
		check(t, text, fix, "No status counts as closed", "/settings/workflow")
	}
	s.demote("viewer")
	text, fix = empty(t, s, "/panels/cycle-time?range=30d&lang=ru")
	check(t, text, fix, "Ни один статус не считается закрытым", "")
}

// A panel that fails is alone in failing, says so, and can be asked again.
func TestFailingPanel(t *testing.T) {
	var store *watchedStore
	s := inCompany(t, 40, func(c *Config) {
		store = &watchedStore{Store: c.Store}
		c.Store = store
	})
	broken := errors.New("disk on fire")
	store.err.Store(&broken)
	res := s.get("/panels/cycle-time?range=30d")
	if res.status != http.StatusInternalServerError || strings.Contains(res.body, "fire") {
		t.Errorf("%d: %s", res.status, res.body)
	}
	if !strings.HasPrefix(res.body, "<section") {
		t.Error("charts.js will not take it for a panel")
	}
	want(t, res.doc, "[role=alert] p", "could not be computed")
	retry := res.doc.Find("[role=alert] button").AttrOr("hx-get", "")
	if !strings.Contains(s.log.String(), "disk on fire") {
		t.Error("the reason is not in the log")
	}
	if other := s.get("/panels/time-in-status?range=30d"); other.status != http.StatusOK {
		t.Errorf("another panel: %d", other.status)
	}
	if api := s.api(http.MethodGet, "/api/v1/panels/cycle-time?range=30d", readToken); api.status != http.StatusInternalServerError || strings.Contains(api.body, "fire") {
		t.Errorf("to a program: %d %s", api.status, api.body)
	}
	late := context.DeadlineExceeded
	store.err.Store(&late)
	if slow := s.get(retry); slow.status != http.StatusGatewayTimeout || !strings.Contains(textOf(slow.doc, "[role=alert] p"), "longer than 15 seconds") {
		t.Errorf("one that takes too long: %d %s", slow.status, slow.body)
	}
	if api := s.api(http.MethodGet, "/api/v1/panels/cycle-time?range=30d", readToken); api.status != http.StatusGatewayTimeout {
		t.Errorf("one that takes too long, to a program: %d", api.status)
	}
	store.err.Store(nil)
	if again := s.get(retry); again.status != http.StatusOK || again.doc.Find("[data-chart]").Length() != 1 {
		t.Errorf("asked again at %s: %d", retry, again.status)
	}
}

func TestSlowPanel(t *testing.T) {
	s := inCompany(t, 1, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	req := s.request(http.MethodGet, "/panels/cycle-time", nil).WithContext(ctx)
	f, _, err := s.server.pageFilter(req, delivery.OfIssues)
	if err == nil {
		p, _ := panelBySlug("cycle-time")
		_, err = s.server.loadPanel(ctx, p, f)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a panel without time left: %v", err)
	}
}

// Ten people asking at once, and again later, are one question to the store;
// new data and new settings are another.
func TestPanelsAreKept(t *testing.T) {
	var store *watchedStore
	s := inCompany(t, 40, func(c *Config) {
		store = &watchedStore{Store: c.Store}
		c.Store = store
	})
	ask := func() {
		s.page("/panels/cycle-time?range=30d")
		s.page("/panels/cycle-time?clock=business&range=30d&bucket=day")
		read[panelAnswer](s, "/api/v1/panels/cycle-time?clock=business&from=2026-02-03&to=2026-03-04")
	}
	ask()
	if got := store.asked.Load(); got != 1 {
		t.Errorf("asked %d times for the same", got)
	}
	if _, err := s.store.Write(t.Context(), company(41)); err != nil {
		t.Fatal(err)
	}
	ask()
	if got := store.asked.Load(); got != 2 {
		t.Errorf("asked %d times after new data", got)
	}
	s.provision("calendars:\n  - {name: default, timezone: Europe/Moscow, workdays: [mon], hours: [\"10:00-12:00\"], holidays: none}\n" +
		"tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	ask()
	if got := store.asked.Load(); got != 3 {
		t.Errorf("asked %d times after a new calendar", got)
	}
}

func TestHeadlinePanel(t *testing.T) {
	s := inCompany(t, 400, nil)
	// Of the 120 days before the last 120 the data holds only the last 80.
	short := s.page("/panels/flow-headline?range=120d")
	if got := short.Find(".figure .change:contains('too little data to compare')").Length(); got != 3 {
		t.Errorf("%d of 3 figures are not compared with a period hardly in the data: %s", got, textOf(short, ".change"))
	}
	if got := textOf(s.page("/panels/flow-headline?range=60d"), ".change"); strings.Contains(got, "too little") {
		t.Errorf("a period wholly in the data is not compared with: %s", got)
	}
	d := s.page("/panels/flow-headline?range=60d")
	data := read[panelAnswer](s, "/api/v1/panels/cycle-time?range=60d&clock=business")
	want(t, d, ".figure:nth-child(1) .value", number(ptr(round1(*data.Headline["p50"]/9/3600)))+" d")
	want(t, d, ".figure:nth-child(2) .value", number(ptr(round1(*data.Headline["p85"]/9/3600)))+" d")
	closed := data.N
	for _, n := range data.Excluded {
		closed += n
	}
	want(t, d, ".figure:nth-child(3) .value", number(ptr(float64(closed))))
	if d.Find(".figure .change").Length() != 3 || d.Find("svg.spark path").Length() != 3 {
		t.Error("no comparison or no line")
	}
}

func round1(v float64) float64 { return float64(int(v*10+.5)) / 10 }
