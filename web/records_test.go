package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/delivery"
)

// listed is what the page of a link lists: how many it says there are, and the
// keys of its first rows.
func (s *site) listed(link string) (total string, keys []string) {
	s.t.Helper()
	frame := s.page(link)
	rows := s.page(frame.Find("#records").AttrOr("hx-get", "no rows"))
	for _, a := range rows.Find("tbody td:first-child a").EachIter() {
		keys = append(keys, a.Text())
	}
	total, _, _ = strings.Cut(textOf(rows, "h2"), " ")
	return strings.ReplaceAll(total, ",", ""), keys
}

// What a mark leads to is as many issues as the mark is made of.
func TestRecordsBehindMarks(t *testing.T) {
	s := inCompany(t, 400, nil)
	for _, query := range []string{
		"range=60d", "range=60d&bucket=day", "range=200d&bucket=month&queue=DEV", "range=45d&bucket=week&type=bug&clock=elapsed",
		"from=2026-01-07T10:30:00Z&to=2026-02-19T09:00:00Z&bucket=week",
	} {
		d := s.page("/panels/cycle-time-trend?" + query)
		rows, checked := d.Find(".table-view tbody tr"), 0
		for _, row := range rows.EachIter() {
			count := strings.TrimSpace(row.Find("td").Eq(4).Text())
			link := row.Find("td:first-child a").AttrOr("href", "")
			if count == "0" {
				continue
			}
			checked++
			if total, keys := s.listed(link); total != count || strconv.Itoa(len(keys)) != count {
				t.Errorf("%s: a bucket of %s leads to %s, rows %d, at %s", query, count, total, len(keys), link)
			}
		}
		if checked < 2 {
			t.Errorf("%s: only %d buckets hold anything", query, checked)
		}
		foot := d.Find(".panel-foot > a.count")
		if total, _ := s.listed(foot.AttrOr("href", "")); "n = "+total != foot.Text() {
			t.Errorf("%s: %q leads to %s", query, foot.Text(), total)
		}
		for _, reason := range d.Find(".panel-foot li").EachIter() {
			want, _, _ := strings.Cut(strings.TrimSpace(reason.Text()), " ")
			if total, _ := s.listed(reason.Find("a").AttrOr("href", "")); total != want {
				t.Errorf("%s: %q leads to %s", query, strings.TrimSpace(reason.Text()), total)
			}
		}
		bars := s.page("/panels/time-in-status?" + query)
		for _, row := range bars.Find(".table-view tbody tr").EachIter() {
			want := strings.TrimSpace(row.Find("td").Eq(2).Text())
			if total, _ := s.listed(row.Find("td:first-child a").AttrOr("href", "")); total != want {
				t.Errorf("%s: a bar of %s leads to %s", query, want, total)
			}
		}
		for _, a := range s.page("/panels/flow-headline?" + query).Find(".notes a:not([aria-label])").EachIter() {
			if total, _ := s.listed(a.AttrOr("href", "")); !strings.Contains(" "+a.Text()+" ", " "+total+" ") && !strings.HasPrefix(a.Text(), total+" ") {
				t.Errorf("%s: the figure %q leads to %s", query, a.Text(), total)
			}
		}
	}
}

func TestRecordsPage(t *testing.T) {
	s := inCompany(t, 400, nil)
	frame := s.page("/issues?range=60d&queue=DEV&type=bug&sort=closed&bucket=month")
	want(t, frame, "h1", "Finished issues")
	back := frame.Find(".page-head a").AttrOr("href", "")
	if back != "/flow?bucket=month&clock=business&queue=DEV&range=60d&type=bug#panel-cycle-time" {
		t.Errorf("it leads back to %s", back)
	}
	form := frame.Find("form.filters")
	if form.AttrOr("action", "") != "/issues" || form.Find("input[type=hidden][name=sort]").AttrOr("value", "") != "closed" {
		t.Error("the filter does not keep the list")
	}
	if got := form.Find("a.reset").AttrOr("href", ""); got != "/issues?bucket=month&panel=cycle-time&sort=closed" {
		t.Errorf("reset leads to %s", got)
	}
	d := s.page(frame.Find("#records").AttrOr("hx-get", ""))
	want(t, d, "h2", "issues finished 4 Jan – 4 Mar 2026, queue DEV, type Bug")
	wantCells(t, d, "thead th", "Key", "Title", "Type", "Queue", "Status", "Created", "Closed ↑", "Cycle time")
	heads := map[string]string{"Closed ↑": "-closed", "Cycle time": "-value", "Key": "key"}
	for _, a := range d.Find("thead a").EachIter() {
		u, err := url.Parse(a.AttrOr("href", ""))
		name := strings.Join(strings.Fields(a.Text()), " ")
		if err != nil || u.Path != "/issues" || u.Query().Get("sort") != heads[name] || u.Query().Get("queue") != "DEV" {
			t.Errorf("%s leads to %s", name, u)
		}
	}
	if got := d.Find("th[aria-sort]"); got.Length() != 1 || got.AttrOr("aria-sort", "") != "ascending" {
		t.Error("the sorted column is not said")
	}
	ru := s.page("/issues/rows?range=60d&excluded=any&lang=ru")
	want(t, ru, "h2", "неучтённ")
	want(t, ru, "thead", "Почему не учтена")
	if text := ru.Text(); strings.Contains(text, "records.") || strings.Contains(text, "{") {
		t.Error("a message is missing")
	}
}

func TestRecordsPaging(t *testing.T) {
	s := inCompany(t, 600, nil)
	all := map[string]bool{}
	next, pages, last := "/issues/rows?range=200d&clock=elapsed", 0, 1e18
	for next != "" {
		d := s.page(next)
		pages++
		for _, row := range d.Find("tbody tr").EachIter() {
			all[row.Find("td a").First().Text()] = true
			value := seconds(t, strings.TrimSpace(row.Find("td").Last().Text()))
			if value > last {
				t.Errorf("%g after %g", value, last)
			}
			last = value
		}
		next = strings.Replace(d.Find("a[rel=next]").AttrOr("href", ""), "/issues?", "/issues/rows?", 1)
		if got := d.Find("a[rel=prev]").Length(); (got == 1) != (pages > 1) {
			t.Errorf("%d ways back from page %d", got, pages)
		}
	}
	n := read[panelAnswer](s, "/api/v1/panels/cycle-time?range=200d").N
	if len(all) != n || pages != (n+99)/100 || pages < 3 {
		t.Errorf("%d issues on %d pages of %d", len(all), pages, n)
	}
	want(t, s.page("/issues/rows?range=200d&page=99"), "#records", fmt.Sprintf("There are only %d pages.", pages))
	for path, text := range map[string]string{
		"/issues?page=0":                                "page: Not the number of a page",
		"/issues?panel=nothing":                         "panel: There is no such chart",
		"/issues?panel=time-in-status":                  "status: A status belongs to charts of statuses",
		"/issues?excluded=tired":                        "excluded: Issues are not left out",
		"/issues?sort=colour":                           "sort: Cannot be sorted so",
		"/issues?colour=red":                            "colour: There is no such filter",
		"/issues?from=2026-02-02&to=2026-02-01&lang=ru": "Первый день не может быть позже последнего",
	} {
		res := s.get(path)
		if res.status != http.StatusBadRequest || !strings.Contains(textOf(res.doc, ".banner.bad"), text) {
			t.Errorf("%s: %d %s", path, res.status, textOf(res.doc, ".banner.bad"))
		}
	}
	bad := s.page400("/issues?from=2026-02-02&to=2026-02-01")
	want(t, bad, "#filter-dates-error", "The first day must not come after the last")
}

// seconds reads a duration of at most two steps.
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	total, parts := 0.0, strings.Fields(strings.ReplaceAll(text, "\u00a0", " "))
	for i := 0; i+1 < len(parts); i += 2 {
		n, err := strconv.ParseFloat(strings.ReplaceAll(parts[i], ",", ""), 64)
		if err != nil {
			t.Fatalf("%q is no duration", text)
		}
		total += n * map[string]float64{"d": 86400, "h": 3600, "min": 60, "s": 1}[parts[i+1]]
	}
	return total
}

// The list for programs, in pages and as CSV, is the page's.
func TestAPIRecords(t *testing.T) {
	s := inCompany(t, 600, nil)
	type item struct {
		Key      string
		Value    *float64
		Excluded *string
		Title    string
		Periods  *[]any
	}
	for _, query := range []string{"range=200d&sort=key", "range=100d&queue=OPS&clock=business", "range=200d&excluded=any&sort=-closed"} {
		var keys []string
		cursor := ""
		for {
			list := read[struct {
				Items      []item
				NextCursor string `json:"next_cursor"`
			}](s, "/api/v1/panels/cycle-time/records?limit=70&"+query+cursor)
			for _, i := range list.Items {
				keys = append(keys, i.Key)
				if (i.Value == nil) != strings.Contains(query, "excluded") || (i.Excluded == nil) == (i.Value == nil) || i.Periods != nil || i.Title == "" {
					t.Errorf("%s: %+v", query, i)
				}
			}
			if list.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + list.NextCursor
		}
		res := s.api(http.MethodGet, "/api/v1/panels/cycle-time/records.csv?"+query, readToken)
		rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
		if err != nil || res.status != http.StatusOK || !strings.HasPrefix(res.header.Get("Content-Type"), "text/csv") {
			t.Fatal(res.status, err)
		}
		value := slices.Index(rows[0], "value_seconds")
		if value < 0 || slices.Index(rows[0], "excluded") < 0 {
			t.Errorf("columns %v", rows[0])
		}
		var column []string
		for _, row := range rows[1:] {
			column = append(column, row[0])
			if (row[value] == "") != strings.Contains(query, "excluded") {
				t.Errorf("%s: the value is %q", query, row[value])
			}
		}
		_, page := s.listed("/issues?clock=elapsed&" + strings.ReplaceAll(query, "clock=business", "")) // the page's clock is said
		if strings.Contains(query, "business") {
			_, page = s.listed("/issues?" + query)
		}
		if len(keys) == 0 || !slices.Equal(keys, column) || !slices.Equal(keys[:min(100, len(keys))], page) {
			t.Errorf("%s: %d in pages, %d in CSV, %d on the page, or in another order", query, len(keys), len(column), len(page))
		}
	}
	for path, param := range map[string]string{
		"/api/v1/panels/cycle-time/records?cursor=x":      "cursor",
		"/api/v1/panels/cycle-time/records?limit=0":       "limit",
		"/api/v1/panels/cycle-time/records.csv?limit=5":   "limit",
		"/api/v1/panels/cycle-time/records?status=work":   "status",
		"/api/v1/panels/time-in-status/records":           "status",
		"/api/v1/panels/cycle-time/records?excluded=a":    "excluded",
		"/api/v1/panels/cycle-time/records?sort=a&sort=b": "sort",
	} {
		if res := s.api(http.MethodGet, path, readToken); res.status != http.StatusBadRequest || !strings.Contains(res.body, `"path":"`+param+`"`) {
			t.Errorf("%s: %d %s", path, res.status, res.body)
		}
	}
	if res := s.api(http.MethodGet, "/api/v1/panels/nothing/records", readToken); res.status != http.StatusNotFound {
		t.Errorf("no such panel: %d", res.status)
	}
	if res := s.api(http.MethodGet, "/api/v1/panels/cycle-time/records", "pushes-and-nothing-else"); res.status != http.StatusForbidden {
		t.Errorf("another scope: %d", res.status)
	}
}

// What a source says is no formula of a spreadsheet, and no HTML.
func TestRecordsAreText(t *testing.T) {
	s := withIssues(t)
	s.addIssue("DEV-1", func(r *delivery.IssueRecord) { r.Title = "=1+1<b>" }, move{1, "open", "work"}, move{3, "work", "closed"})
	res := s.api(http.MethodGet, "/api/v1/panels/cycle-time/records.csv?range=90d", readToken)
	if !strings.Contains(res.body, "'=1+1") {
		t.Errorf("a formula: %s", res.body)
	}
	d := s.page("/issues/rows?range=90d")
	wantCells(t, d, "tbody td", "DEV-1", "=1+1<b>", "", "DEV", "In closed", "2 Feb 2026 09:00", "2 Feb 2026 12:00", "2 h")
	want(t, d, "h2", "1 issue finished")
	status := s.page("/issues/rows?range=90d&panel=time-in-status&status=work&clock=elapsed")
	want(t, status, "h2", "1 issue open at some time")
	want(t, status, "h2", "ever in “In work”")
}

func TestEmptyRecords(t *testing.T) {
	s := signedIn(t, nil)
	want(t, s.page("/issues/rows"), "#records", "Nothing is connected yet")
	want(t, s.page("/issues/rows?excluded=any"), "#records", "Nothing is connected yet")
	s.addIssues()
	none := s.page("/issues/rows?range=1d")
	want(t, none, "#records", "Nothing was found in this period")
	if got := none.Find("a.button").AttrOr("href", ""); got != "/issues?clock=business&panel=cycle-time&range=12m" {
		t.Errorf("mended at %s", got)
	}
	want(t, s.page("/issues/rows?range=30d&queue=NONE"), "#records", "Nothing matches this filter")
	want(t, s.page("/issues/rows?range=30d&excluded=any"), "#records", "Nothing was left out")
	want(t, s.page("/issues/rows?range=30d&panel=time-in-status&status=nowhere"), "#records", "Nothing was found")
}

// page400 gets a page that says what is wrong with its address.
func (s *site) page400(path string) *goquery.Document {
	s.t.Helper()
	res := s.get(path)
	if res.status != http.StatusBadRequest {
		s.t.Fatalf("GET %s answers %d", path, res.status)
	}
	return res.doc
}

// With teams, calendars of their own and a workflow that changed, marks still
// lead to what they are made of, and say what changed.
func TestRecordsOfTeams(t *testing.T) {
	s := inCompany(t, 300, nil)
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none}
  - {name: night, timezone: Asia/Novosibirsk, workdays: [mon, tue, wed, thu, fri, sat], hours: ["22:00-06:00"], holidays: none}
teams:
  - {name: pay, calendar: night, tracker_queues: [OPS]}
  - {name: dev, tracker_queues: ["D*"]}
workflow:
  - {closed: [closed], active: [inProgress, testing]}
  - {from: 2026-02-10, closed: [closed], active: [inProgress]}
tokens:
  - {name: reader, scopes: [read], token: reads-and-nothing-else}
`)
	s.rebuild()
	for _, team := range []string{"team=pay", "team=dev", "team=dev&team=pay", "bucket=month"} {
		d := s.page("/panels/cycle-time-trend?range=90d&" + team)
		for _, row := range d.Find(".table-view tbody tr").EachIter() {
			count := strings.TrimSpace(row.Find("td").Eq(4).Text())
			link := row.Find("td:first-child a").AttrOr("href", "")
			if total, _ := s.listed(link); count != "0" && total != count {
				t.Errorf("%s: a bucket of %s leads to %s at %s", team, count, total, link)
			}
		}
		want(t, d, ".definitions", "Workflow changed on 10 Feb 2026")
		want(t, d, ".table-view", "Workflow changed on 10 Feb 2026")
		want(t, s.page("/panels/cycle-time?range=90d&"+team), ".definitions", "Workflow changed on")
	}
	want(t, s.page("/issues/rows?range=90d&team=pay"), "h2", "team pay")
	key := s.page("/issues/rows?range=90d&team=pay").Find("tbody a").First().Text()
	d := s.page("/issues/" + key)
	want(t, d, ".issue-columns", "Working time is by the calendar “night” (Asia/Novosibirsk); a working day has 8 h. Its queue belongs to the team pay.")
	want(t, d, ".issue-columns", "the present one holds since 10 Feb 2026")
}
