package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// hostile is a tag's value that would be markup, a formula and a query.
const hostile = `=<script>alert('x')</script>\`

// addPoints writes a metric of two hosts and one without points in the last week.
func (s *site) addPoints() {
	s.t.Helper()
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	key := func(metric, host string) delivery.SeriesKey {
		return delivery.SeriesKey{Metric: metric, Tags: []delivery.Tag{{Key: "host", Value: host}, {Key: "suite-name", Value: "unit"}}}
	}
	now := delivery.InstantOf(testNow)
	p := delivery.Points{Series: []delivery.SeriesKey{key("ci.time", "a"), key("ci.time", hostile), key("old", "a")}, Token: "ci", ReceivedAt: now}
	add := func(of uint32, at delivery.Instant, v float64) {
		p.Of, p.At, p.Values = append(p.Of, of), append(p.At, at), append(p.Values, v)
	}
	minute := delivery.Instant(time.Minute / time.Millisecond)
	for i := range delivery.Instant(120) {
		add(0, now-i*minute, float64(i%10))
		add(1, now-i*minute, 1_000_000)
	}
	add(2, now-20*24*60*minute, 1)
	if _, err := s.store.Write(s.t.Context(), delivery.Batch{Connection: "series", Points: []delivery.Points{p}}); err != nil {
		s.t.Fatal(err)
	}
}

func asked(queries ...string) string { return url.Values{"q": queries}.Encode() }

func TestSeriesPage(t *testing.T) {
	s := signedIn(t, nil)
	for _, lang := range []string{"en", "ru"} {
		d := s.page("/series?lang=" + lang)
		want(t, d, ".series-start pre", s.url+"/api/put")
		if d.Find(`.series-start a[href="/settings/tokens"]`).Length() != 1 || d.Find("[data-slot]").Length() != 0 {
			t.Errorf("nothing received: %s", textOf(d, "main"))
		}
	}
	s.addPoints()
	d := s.page("/series")
	want(t, d, ".metrics", "ci.time 2 seriesold 1 series")
	want(t, d, ".examples", "fetch('ci.time').downsample('auto', 'avg').avg_by('host')")
	want(t, d, "#panel-series .nothing", "No query yet")
	if got := s.page("/series?q=fetch('a')").Find("[data-slot]").AttrOr("hx-get", ""); got != "/panels/series?q=fetch%28%27a%27%29&range=7d" {
		t.Errorf("the panel is asked by %s", got)
	}
	if d.Find("a.reset").Length() != 0 || d.Find("#filter-bucket").Length() != 0 {
		t.Error("the filter of nothing can be reset, or has buckets")
	}
	want(t, s.page("/panels/series?range=7d"), ".nothing", "No query yet")
	want(t, s.page("/panels/series?"+asked("fetch('nope')")), ".nothing", "No series matches")
	old := s.page("/panels/series?" + asked("fetch('old')"))
	want(t, old, ".nothing", "1 series matches and has no points")
	if got := old.Find(".nothing a").AttrOr("href", ""); got != "/series?q=fetch%28%27old%27%29&range=12m" {
		t.Errorf("the way out leads to %s", got)
	}

	d = s.page("/series?team=&" + asked("fetch('ci.time')\r\n", "fetch('old')"))
	if d.Find("textarea").Length() != 2 || d.Find("textarea").First().Text() != "fetch('ci.time')" {
		t.Errorf("boxes: %s", textOf(d, ".queries"))
	}
	want(t, d, "#tags", "ci.time2 series · last point just now")
	want(t, d, "#tags dl", "suite-name one line eachunit 2")
	if got := d.Find("#tags [data-term]").Last().AttrOr("data-term", ""); got != "'suite-name'='unit'" {
		t.Errorf("a tag is asked by %s", got)
	}
	d = s.page("/series?more=1&" + asked("fetch('old')"))
	if d.Find("textarea").Length() != 2 {
		t.Error("one more box is not there")
	}
}

func TestSeriesNamesAreText(t *testing.T) {
	s := signedIn(t, nil)
	s.addPoints()
	q := asked("fetch('ci.time')")
	for _, path := range []string{"/series?" + q, "/panels/series?" + q, "/series/tags?metric=ci.time", "/series/metrics?find=<script>"} {
		if res := s.get(path); res.status != http.StatusOK || strings.Contains(res.body, "<script>alert") || res.doc.Find("script:not([src]):not([type='application/json'])").Length() > 0 {
			t.Errorf("%s answers %d with markup of a name", path, res.status)
		}
	}
	// Following a value's link asks for that value.
	href := ""
	for _, a := range s.page("/series/tags?metric=ci.time").Find("a[data-term]").EachIter() {
		if strings.Contains(a.Text(), "script") {
			href = a.AttrOr("href", "")
		}
	}
	_, query, _ := strings.Cut(href, "?")
	asked, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if data := read[panelAnswer](s, "/api/v1/panels/series?"+url.Values{"q": asked["q"]}.Encode()); data.N != 2 { // 6 hours each
		t.Errorf("%s draws %d points", asked.Get("q"), data.N)
	}
	csv := s.api(http.MethodGet, "/api/v1/panels/series.csv?"+url.Values{"q": {`a = fetch('ci.time'); output(a)`}}.Encode(), readToken)
	if csv.status != http.StatusOK || !strings.HasPrefix(csv.body, "time,") {
		t.Errorf("CSV: %d %.200s", csv.status, csv.body)
	}
}

func TestSeriesPanelForPrograms(t *testing.T) {
	s := signedIn(t, nil)
	s.addPoints()
	path := "/api/v1/panels/series?range=1d&" + asked("fetch('ci.time', host='a').downsample('1h', 'max')")
	res := s.api(http.MethodGet, path, readToken)
	var data struct {
		N        int                 `json:"n"`
		Unit     string              `json:"unit"`
		Filter   map[string]any      `json:"filter"`
		Headline map[string]*float64 `json:"headline"`
		Series   []delivery.Series   `json:"series"`
	}
	if err := json.Unmarshal([]byte(res.body), &data); err != nil {
		t.Fatal(err, res.body)
	}
	if data.N != 3 || data.Unit != "value" || *data.Headline["max"] != 9 || *data.Headline["last"] != 0 || len(data.Filter["q"].([]any)) != 1 {
		t.Errorf("%+v", data)
	}
	if got := data.Series[0].Name; got != "ci.time{host=a, suite-name=unit}" {
		t.Errorf("the series is called %q", got)
	}
	// It is answered anew though points do not raise the store's version.
	if _, err := s.store.Write(t.Context(), delivery.Batch{Connection: "series", Points: []delivery.Points{{
		Series: []delivery.SeriesKey{{Metric: "ci.time", Tags: []delivery.Tag{{Key: "host", Value: "a"}, {Key: "suite-name", Value: "unit"}}}},
		Of:     []uint32{0}, At: []delivery.Instant{delivery.InstantOf(testNow)}, Values: []float64{77}, Token: "ci", ReceivedAt: delivery.InstantOf(testNow) + 1,
	}}}); err != nil {
		t.Fatal(err)
	}
	if res := s.api(http.MethodGet, path, readToken); !strings.Contains(res.body, `"last":77`) {
		t.Errorf("after another point: %s", res.body)
	}
	s.addMany()
	if data := read[panelAnswer](s, "/api/v1/panels/series"); data.N != 0 || data.Summary != "No query." {
		t.Errorf("without a query: %+v", data)
	}
	for _, query := range []string{asked("fetch('a'"), asked("fetch('a')", "x"), "q=1&q=2&q=3&q=4&q=5&q=6&q=7&q=8&q=9", asked("fetch('many')")} {
		if res := s.api(http.MethodGet, "/api/v1/panels/series?"+query, readToken); res.status != http.StatusBadRequest || !strings.Contains(res.body, `"path":"q"`) {
			t.Errorf("%s answers %d: %s", query, res.status, res.body)
		}
	}
	for _, query := range []string{"clock=business", "project=a", "branch=main", "team=nobody"} {
		if res := s.api(http.MethodGet, "/api/v1/panels/series?"+query, readToken); res.status != http.StatusBadRequest {
			t.Errorf("%s answers %d", query, res.status)
		}
	}
}

func TestSeriesMistakes(t *testing.T) {
	s := signedIn(t, nil)
	s.addPoints()
	res := s.get("/series?" + asked("fetch('ci.time')", "a = fetch('old')\na.sum()"))
	if res.status != http.StatusBadRequest || res.doc.Find("[data-slot]").Length() != 0 {
		t.Errorf("a wrong query answers %d", res.status)
	}
	box := "#query-B-error"
	want(t, res.doc, box+" .error", "line 2, column 3: there is no .sum()")
	want(t, res.doc, box+" mark", "s")
	want(t, res.doc, box+" pre", "a.sum()")
	if res.doc.Find("#query-A-error, main .banner.bad").Length() != 0 || res.doc.Find("#query-B[data-line='2'][data-column='3']").Length() != 1 {
		html, _ := res.doc.Find("main").Html()
		t.Errorf("the wrong box is not the one that is marked: %s", html)
	}
	for query, text := range map[string]string{
		"fetch('a'":                      "запрос обрывается там, где ожидается",
		"fetch(":                         "имя метрики в кавычках",
		"fetch('a') fetch('b')":          "«fetch» стоит там, где ожидается новая строка или точка с запятой",
		"fetch('a', b=~'(')":             "это не регулярное выражение: missing closing )",
		"fetch('a').downsample('1','x')": "«1» — не интервал",
		"x":                              "имени x нет",
		"fetch('a":                       "кавычка не закрыта",
		"a = fetch('a')":                 "запрос ничего не выводит",
		"fetch('a').downsample()":        "пишите .downsample",
		"fetch('a') & b":                 "знак «&» здесь ничего не значит",
	} {
		want(t, s.get("/series?lang=ru&"+asked(query)).doc, ".query-problem .error", text)
	}
	// What only its answer shows to be too much is said in its place.
	s.addMany()
	want(t, s.page("/panels/series?"+asked("fetch('many')")), ".nothing", "Query A, column 1: 20001 series are asked for, more than 20000")
	if res := s.get("/series?clock=business"); res.status != http.StatusBadRequest {
		t.Errorf("working hours answer %d", res.status)
	}
}

// addMany adds more series of a metric than can be asked for.
func (s *site) addMany() {
	s.t.Helper()
	p := delivery.Points{Token: "ci", ReceivedAt: delivery.InstantOf(testNow)}
	for i := range 20_001 {
		p.Series = append(p.Series, delivery.SeriesKey{Metric: "many", Tags: []delivery.Tag{{Key: "i", Value: strconv.Itoa(i)}}})
		p.Of, p.At, p.Values = append(p.Of, uint32(i)), append(p.At, delivery.InstantOf(testNow)-1), append(p.Values, 1)
	}
	if _, err := s.store.Write(s.t.Context(), delivery.Batch{Points: []delivery.Points{p}}); err != nil {
		s.t.Fatal(err)
	}
}

func TestSeriesSearch(t *testing.T) {
	s := signedIn(t, nil)
	s.addPoints()
	want(t, s.page("/series/metrics?find=TIM"), "#metrics", "ci.time 2 series")
	want(t, s.page("/series/metrics?find=zzz&range=7d"), "#metrics", "No metric has “zzz” in its name.")
	if res := s.get("/series/metrics?colour=red"); res.status != http.StatusBadRequest {
		t.Errorf("an unknown parameter answers %d", res.status)
	}
	if res := s.get("/series/tags?metric=zzz"); res.status != http.StatusNotFound {
		t.Errorf("tags of nothing answer %d", res.status)
	}
}

func TestSavedSeries(t *testing.T) {
	s := signedIn(t, nil)
	s.addPoints()
	form := url.Values{"panel_name": {" CI <b>time</b> "}, "q": {"fetch('ci.time')", "fetch('old')"}, "range": {"30d"}}
	if res := s.post("/series/panels", form); res.status != http.StatusSeeOther || !strings.HasPrefix(res.header.Get("Location"), "/series?q=") {
		t.Fatalf("saving answers %d: %s", res.status, res.body)
	}
	for name, text := range map[string]string{"ci <B>time</b>": "Another panel has this name", "": "Give the panel a name", strings.Repeat("ё", 81): "Up to 80 letters"} {
		again := url.Values{"panel_name": {name}, "q": form["q"], "range": {"30d"}}
		res := s.post("/series/panels", again)
		if res.status != http.StatusUnprocessableEntity || res.doc.Find(".queries textarea").Length() != 2 {
			t.Errorf("%q answers %d", name, res.status)
		}
		want(t, res.doc, ".series-save .error", text)
	}
	if res := s.post("/series/panels", url.Values{"panel_name": {"x"}, "q": {"fetch("}}); res.status != http.StatusBadRequest {
		t.Errorf("a wrong query answers %d", res.status)
	}
	if res := s.post("/series/panels", url.Values{"panel_name": {"x"}}); res.status != http.StatusUnprocessableEntity {
		t.Errorf("no query answers %d", res.status)
	}
	want(t, s.page("/series"), ".saved-series li", "CI <b>time</b>")
	slot := s.page("/").Find("#panel-series-1")
	if slot.AttrOr("hx-get", "") != "/series/panels/1" || slot.Find("h3 a").AttrOr("href", "") != "/series?q=fetch%28%27ci.time%27%29&q=fetch%28%27old%27%29&range=30d" {
		t.Errorf("on the overview it is %v", slot.Nodes)
	}
	part := s.page("/series/panels/1")
	want(t, part, "#panel-series-1 h3", "CI <b>time</b>")
	if part.Find("#chart-series-1, #table-series-1, [data-chart='chart-series-1']").Length() != 3 {
		t.Error("a saved panel has the ids of another")
	}
	entries, err := s.db.Audit(t.Context(), control.AuditQuery{Kind: "series"})
	if err != nil || len(entries) != 1 || entries[0].Action != "series.save" || entries[0].Email != adminEmail {
		t.Errorf("the log has %+v, %v", entries, err)
	}
	want(t, s.page("/settings/audit?kind=series"), ".audit", "Saved a panel of series")

	s.addUser("viewer@example.com", control.Viewer)
	admin := s.client
	s.client = s.as("viewer@example.com")
	if res := s.post("/series/panels/1/delete", nil); res.status != http.StatusForbidden {
		t.Errorf("a viewer deletes: %d", res.status)
	}
	d := s.page("/series?" + asked("fetch('ci.time')"))
	if d.Find(".series-save, .saved-series form").Length() != 0 {
		t.Error("a viewer is shown what only leads may do")
	}
	s.client = admin
	if res := s.post("/series/panels/1/delete", nil); res.status != http.StatusSeeOther {
		t.Errorf("deleting answers %d", res.status)
	}
	if res := s.get("/series/panels/1"); res.status != http.StatusNotFound {
		t.Errorf("what was deleted answers %d", res.status)
	}
}

// Deployments and incidents of the range are marked, of the services asked for.
func TestSeriesMarkers(t *testing.T) {
	s := withErrors(t)
	s.addPoints()
	d := s.page("/panels/series?range=7d&" + asked("fetch('ci.time')"))
	want(t, d, ".definitions", "Dotted lines are 2 deployments to production")
	d = s.page("/panels/series?range=7d&service=nothing&" + asked("fetch('ci.time')"))
	if d.Find(".definitions").Length() != 0 {
		t.Error("deployments of other services are marked")
	}
}
