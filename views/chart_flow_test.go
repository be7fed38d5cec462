package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// stage is a status of the workflow of the tests.
type stage struct{ key, name, class string }

var stages = []stage{
	{"open", "Open", "waiting"},
	{"work", "In progress", "active"},
	{"waitReview", "Waiting for review", "waiting"},
	{"review", "In review", "active"},
	{"ready", "Ready for release", "waiting"},
}

func (s stage) category() *delivery.Category { return &delivery.Category{Name: s.name, Class: s.class} }

// flowData is a panel of issues as the domain makes it, but for its series.
func flowData(t *testing.T, clock delivery.Clock, slug string, shape delivery.Shape, of delivery.Quantity, n int, headline ...delivery.Figure) delivery.PanelData {
	t.Helper()
	d := delivery.CycleTime{Sample: delivery.Sample{N: n, AsOf: day(t, "2026-02-25")}}.Panel(flowQuery(t, clock))
	d.Slug, d.Shape, d.Quantity = slug, shape, of
	d.Headline = append(headline, delivery.Figure{Name: "count", Value: value(float64(n))})
	return d
}

// aged is an open issue: the place of its status and the hours of its age.
type aged struct {
	stage int
	hours int64
}

// aging is the panel of these issues before so many finished ones in each column but the
// last, which none has left.
func aging(t *testing.T, clock delivery.Clock, finished int, issues ...aged) delivery.PanelData {
	t.Helper()
	d := flowData(t, clock, "aging", delivery.Ages, delivery.Durations, len(issues))
	limits := map[string]float64{"p50": 20, "p85": 48, "p95": 96}
	d.Series = []delivery.Series{{Name: "issues", Points: []delivery.Point{}}}
	late := 0
	for i, one := range issues {
		if float64(one.hours) > limits["p85"] {
			late++
		}
		d.Series[0].Points = append(d.Series[0].Points, delivery.Point{
			T: day(t, "2026-02-25") - delivery.Instant(one.hours*hour*1000), X: stages[one.stage].key, Value: value(float64(one.hours * hour)), Category: stages[one.stage].category(),
			Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i+1), Title: fmt.Sprintf("Issue {%d}", i+1), TypeKey: "task", Type: "Task"},
		})
	}
	d.Headline = nil
	for _, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for i, st := range stages {
			n := finished
			point := delivery.Point{X: st.key, Category: st.category(), N: &n}
			if i == len(stages)-1 {
				n = 0
			}
			if n > 0 {
				point.Value = value(limits[name] * float64(i+1) / float64(len(stages)) * float64(hour))
			}
			s.Points = append(s.Points, point)
		}
		d.Series = append(d.Series, s)
		f := delivery.Figure{Name: name}
		if finished > 0 {
			f.Value = value(limits[name] * float64(hour))
		} else {
			late = 0
		}
		d.Headline = append(d.Headline, f)
	}
	d.Headline = append(d.Headline, delivery.Figure{Name: "late", Value: value(float64(late))}, delivery.Figure{Name: "count", Value: value(float64(len(issues)))})
	return d
}

// slots are the buckets of a query, the last one not over yet.
func slots(t *testing.T, clock delivery.Clock) []delivery.Point {
	t.Helper()
	q := flowQuery(t, clock)
	var out []delivery.Point
	for _, b := range delivery.Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now) {
		out = append(out, delivery.Point{T: b.Label.In(q.Calendar.Zone()), Slot: &delivery.Slot{Label: b.Label, Partial: b.Partial}})
	}
	return out
}

// cumulative is the panel of these counts by status, what is closed first; weeks without are
// as the last.
func cumulative(t *testing.T, rows ...[]float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, delivery.Elapsed, "cumulative-flow", delivery.Areas, delivery.IssueCounts, 40,
		delivery.Figure{Name: "wip", Value: value(9)}, delivery.Figure{Name: "open", Value: value(21)}, delivery.Figure{Name: "arrived", Value: value(30)})
	d.Series = nil
	for i, counts := range rows {
		s := delivery.Series{Name: "closed", Points: slots(t, delivery.Elapsed)}
		category := &delivery.Category{Name: "closed", Class: "closed"}
		if i > 0 {
			st := stages[len(rows)-1-i]
			s.Name, category = st.key, st.category()
		}
		for k := range s.Points {
			s.Points[k].Value, s.Points[k].Category = value(counts[min(k, len(counts)-1)]), category
		}
		d.Series = append(d.Series, s)
	}
	return d
}

// finishedWeeks is the panel of so many issues that finished in each week, and left out.
func finishedWeeks(t *testing.T, mean, median *float64, counts ...[2]float64) delivery.PanelData {
	t.Helper()
	n := 0
	finished, excluded := delivery.Series{Name: "finished", Points: slots(t, delivery.Elapsed)}, delivery.Series{Name: "excluded", Points: slots(t, delivery.Elapsed)}
	for i := range finished.Points {
		var c [2]float64
		if i < len(counts) {
			c = counts[i]
		}
		finished.Points[i].Value, excluded.Points[i].Value = &c[0], &c[1]
		n += int(c[0] + c[1])
	}
	d := flowData(t, delivery.Elapsed, "throughput", delivery.Stack, delivery.IssueCounts, n, delivery.Figure{Name: "mean", Value: mean}, delivery.Figure{Name: "p50", Value: median})
	d.Series = []delivery.Series{finished, excluded}
	return d
}

// efficiency is the panel of these shares by week, each of so many issues.
func efficiency(t *testing.T, rate float64, n int, weeks ...float64) delivery.PanelData {
	t.Helper()
	d := flowData(t, delivery.Business, "flow-efficiency", delivery.Trend, delivery.Rates, n*len(weeks), delivery.Figure{Name: "rate", Value: &rate})
	share, count := delivery.Series{Name: "rate", Points: slots(t, delivery.Business)}, delivery.Series{Name: "count", Points: slots(t, delivery.Business)}
	for i := range share.Points {
		of := 0
		if i < len(weeks) {
			of, share.Points[i].Value = n, &weeks[i]
		}
		share.Points[i].N, count.Points[i].N, count.Points[i].Value = &of, &of, value(float64(of))
		share.Points[i].LowN = of < delivery.EnoughForP50
	}
	d.Series = []delivery.Series{share, count}
	return d
}

// blocked is the panel of two statuses of blocks, or of none.
func blocked(t *testing.T, clock delivery.Clock, issues float64) delivery.PanelData {
	t.Helper()
	var statuses []delivery.StatusTime
	if issues > 0 {
		statuses = []delivery.StatusTime{
			{Key: "hold", Name: "On hold", Class: delivery.Waiting, Percentiles: delivery.PercentilesOf([]int64{hour, 9 * hour, 30 * hour})},
			{Key: "needInfo", Name: "Need info", Class: delivery.Active, Percentiles: delivery.PercentilesOf([]int64{90 * hour})},
		}
	}
	d := delivery.TimeInStatus{Sample: delivery.Sample{N: 40, AsOf: day(t, "2026-02-25")}, Statuses: statuses}.Panel(flowQuery(t, clock))
	d.Slug = "blocked-time"
	d.Headline = append([]delivery.Figure{{Name: "rate", Value: value(0.124)}, {Name: "issues", Value: &issues}}, d.Headline...)
	return d
}

// many are issues in all columns, of which these many hours are the ages.
func many(hours ...int64) []aged {
	var out []aged
	for i, h := range hours {
		out = append(out, aged{i % 3, h})
	}
	return out
}

// weeksOfWork are counts by week of what is closed and of three statuses.
var weeksOfWork = [][]float64{{3, 8, 12, 14}, {0, 2, 1, 3}, {4, 6, 5, 9}, {10, 7, 9, 9}}

func TestFlowChartGolden(t *testing.T) {
	cut := cumulative(t, weeksOfWork...)
	for i := range cut.Series {
		last := &cut.Series[i].Points[len(cut.Series[i].Points)-1]
		last.Value = nil // a week to come
	}
	tests := map[string]struct {
		data delivery.PanelData
		lang string
	}{
		"aging":           {aging(t, delivery.Elapsed, 22, many(90, 47, 12, 6, 3)...), "en"},
		"aging_log":       {aging(t, delivery.Business, 0, many(900, 47)...), "ru"},
		"cumulative_flow": {cut, "ru"},
		"throughput":      {finishedWeeks(t, value(2.4), value(2), [2]float64{2, 1}, [2]float64{4, 0}, [2]float64{}, [2]float64{1, 1}), "en"},
		"efficiency":      {efficiency(t, 0.34, 12, 0.2, 0.5, 0.3), "en"},
		"blocked":         {blocked(t, delivery.Elapsed, 4), "en"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(ChartOf(tt.data, i18n.For(tt.lang), ChartSpec{Open: "/issues/"}), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "chart_"+name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFlowSummary(t *testing.T) {
	lead := func(weeks ...[]int64) delivery.PanelData {
		d := trend(t, delivery.Elapsed, weeks...)
		d.Slug = "lead-time-trend"
		return d
	}
	daily := finishedWeeks(t, value(2), value(0), [2]float64{2, 0})
	daily.Filter.Unit = delivery.Day
	tests := []struct {
		name, lang string
		data       delivery.PanelData
		want       string
	}{
		{"late", "en", aging(t, delivery.Elapsed, 22, many(90, 60, 12)...), "3 issues in progress; 2 are older than 85 % of finished ones (2 d); the oldest, DEV-1, is at 3.8 days."},
		{"late", "ru", aging(t, delivery.Elapsed, 22, many(90, 60, 12)...), "В работе 3 задачи; 2 старше, чем были 85 % завершённых (2 дн.); самой старой, DEV-1, уже 3,8 дня."},
		{"one late", "en", aging(t, delivery.Elapsed, 22, many(90)...), "1 issue in progress; 1 is older than 85 % of finished ones (2 d); the oldest, DEV-1, is at 3.8 days."},
		{"none late", "en", aging(t, delivery.Business, 22, many(3, 12)...), "2 issues in progress; none is older than 85 % of finished ones (6 d); the oldest, DEV-2, is at 1.5 working days."},
		{"unnamed", "ru", Unnamed(aging(t, delivery.Elapsed, 22, many(3)...)), "В работе 1 задача; ни одна не старше, чем были 85 % завершённых (2 дн.); самой старой уже 3 часа."},
		{"few finished", "en", aging(t, delivery.Elapsed, 19, many(90, 60)...), "2 issues in progress; the oldest, DEV-1, is at 3.8 days. Too few finished in this period to compare with."},
		{"none finished", "ru", aging(t, delivery.Elapsed, 0, many(90, 60)...), "В работе 2 задачи; самой старой, DEV-1, уже 3,8 дня. За период завершено слишком мало задач, чтобы сравнивать."},
		{"none in progress", "en", aging(t, delivery.Elapsed, 22), "No issues to count in this period."},
		{"cumulative", "en", cumulative(t, weeksOfWork...), "21 issues are open, 9 of them in active statuses; 30 were created and 14 closed in this period."},
		{"cumulative", "ru", cumulative(t, weeksOfWork...), "Открыта 21 задача, из них в активных статусах — 9; за период создано 30 и закрыто 14."},
		{"throughput", "en", finishedWeeks(t, value(2.42), value(2), [2]float64{2, 1}), "2.4 issues finished a week on average; half of the weeks saw 2 or fewer."},
		{"throughput", "ru", finishedWeeks(t, value(2.42), value(2.5), [2]float64{2, 1}), "В среднем за неделю завершается 2,4 задачи; в половину недель — не больше 2,5."},
		{"throughput of days", "ru", daily, "В среднем за неделю завершается 2 задачи; в половину дней — не больше 0."},
		{"one a week", "en", finishedWeeks(t, value(1.01), nil, [2]float64{1, 0}), "1 issue finished a week on average."},
		{"no whole week", "en", finishedWeeks(t, nil, value(2), [2]float64{2, 1}), "3 issues finished; the period holds no whole week to take a mean of."},
		{"lead time", "en", lead([]int64{8}, repeated(4, 24), []int64{9}), "In the week from 9 Feb 2026 half of the issues were finished within 1 day of being created; over the whole period, within 1 day."},
		{"lead time", "ru", lead([]int64{8}, []int64{9}), "Половина задач уложилась в 8,5 часа с момента создания; по отдельным отрезкам задач слишком мало, чтобы говорить о динамике."},
		{"efficiency", "en", efficiency(t, 0.338, 12, 0.2, 0.5, 0.3), "Work was active 34 % of the cycle time of 36 issues; in the week from 16 Feb 2026, 30 %."},
		{"efficiency", "ru", efficiency(t, 0.338, 2, 0.2, 0.5), "Работа шла 34 % времени цикла (4 задачи)."},
		{"blocked", "en", blocked(t, delivery.Elapsed, 4), "4 of 40 started issues were blocked at some time, which took 12 % of the time of all. They stood longest in “On hold”: half of them for 9 hours or more."},
		{"blocked", "ru", blocked(t, delivery.Business, 4), "Из 40 начатых задач в блокировке побывали 4; на это ушло 12 % времени всех. Дольше всего они стояли в статусе «On hold»: половина — 1,1 рабочего дня и больше."},
		{"never blocked", "en", blocked(t, delivery.Elapsed, 0), "None of the 40 started issues was ever blocked."},
		{"never blocked", "ru", blocked(t, delivery.Elapsed, 0), "Ни одна из 40 начатых задач не была в блокировке."},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.lang, func(t *testing.T) {
			if got := plainSpaces(Summary(tt.data, i18n.For(tt.lang))); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestFlowTables(t *testing.T) {
	tests := []struct {
		name, lang string
		data       delivery.PanelData
		csv        string // columns
		want       []string
	}{
		{
			"aging", "en", aging(t, delivery.Elapsed, 22, aged{1, 60}, aged{1, 12}, aged{3, 2}),
			"key,title,type_key,type,status_key,status,class,first_active_at,seconds,left,p50,p85,p95",
			[]string{
				"DEV-1 | Issue {1} | Task | In progress | active | 23 Feb 2026 03:00 | 2.5 d | 22 | 8 h | 19.2 h | 1.6 d",
				"DEV-2 | Issue {2} | Task | In progress | active | 25 Feb 2026 03:00 | 12 h | 22 | 8 h | 19.2 h | 1.6 d",
				"DEV-3 | Issue {3} | Task | In review | active | 25 Feb 2026 13:00 | 2 h | 22 | 16 h | 1.6 d | 3.2 d",
				" |  |  | Open | waiting | – | – | 22 | 4 h | 9.6 h | 19.2 h",
				" |  |  | Waiting for review | waiting | – | – | 22 | 12 h | 1.2 d | 2.4 d",
				" |  |  | Ready for release | waiting | – | – | 0 | – | – | –",
			},
		},
		{
			"cumulative", "ru", cumulative(t, weeksOfWork...), "bucket,closed,waitReview,work,open,partial",
			[]string{
				"02.02.2026 | 3 | 0 | 4 | 10 | неполный", "09.02.2026 | 8 | 2 | 6 | 7 | ", "16.02.2026 | 12 | 1 | 5 | 9 | ",
				"23.02.2026 | 14 | 3 | 9 | 9 | неполный", "02.03.2026 | 14 | 3 | 9 | 9 | неполный",
			},
		},
		{
			"throughput", "en", finishedWeeks(t, value(2.4), value(2), [2]float64{2, 1}, [2]float64{4, 0}), "bucket,finished,excluded,partial",
			[]string{"2 Feb 2026 | 2 | 1 | not whole", "9 Feb 2026 | 4 | 0 | ", "16 Feb 2026 | 0 | 0 | ", "23 Feb 2026 | 0 | 0 | not whole", "2 Mar 2026 | 0 | 0 | not whole"},
		},
		{
			"efficiency", "en", efficiency(t, 0.34, 12, 0.2, 0.501), "bucket,rate,count,partial",
			[]string{"2 Feb 2026 | 20 % | 12 | not whole", "9 Feb 2026 | 50.1 % | 12 | ", "16 Feb 2026 | – | 0 | ", "23 Feb 2026 | – | 0 | not whole", "2 Mar 2026 | – | 0 | not whole"},
		},
		{
			"blocked", "en", blocked(t, delivery.Elapsed, 4), "status_key,status,class,n,p50,p85",
			[]string{"On hold | waiting | 3 | 9 h | 23.7 h", "Need info | active | 1 | 3.8 d | 3.8 d"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns, _ := TableOf(tt.data)
			var names, got []string
			for _, c := range columns {
				names = append(names, c.Name)
			}
			if strings.Join(names, ",") != tt.csv {
				t.Errorf("columns %s", strings.Join(names, ","))
			}
			_, rows, _ := shownTable(tt.data, i18n.For(tt.lang))
			for _, row := range rows {
				got = append(got, plainSpaces(strings.Join(row, " | ")))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// shown is a panel as a part of a page.
func shown(t *testing.T, d delivery.PanelData, lang string) *goquery.Document {
	t.Helper()
	p := i18n.For(lang)
	ctx := i18n.With(t.Context(), p)
	view := Panel{Slug: d.Slug, Of: delivery.OfIssues, Title: p.T("panel." + d.Slug + ".title"), Definition: p.T("panel." + d.Slug + ".definition"), Query: "range=90d"}
	var b bytes.Buffer
	if err := ChartPanel(view, d, ChartOf(d, p, ChartSpec{Open: "/issues/", Lists: view.Lists(ctx, d)}), nil).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestAgingPanel(t *testing.T) {
	d := aging(t, delivery.Elapsed, 22, many(90, 60)...)
	d.N = 7000
	d.Excluded = map[string]int{"not_started": 3}
	doc := shown(t, d, "en")
	if doc.Find("[data-log]").AttrOr("aria-pressed", "") != "false" || doc.Find(".age-band").Length() != 3 {
		t.Error("no switch to a logarithmic axis, or no legend of the bands")
	}
	if got := doc.Find("tbody tr:first-child a").AttrOr("href", ""); got != "/issues/DEV-1" {
		t.Errorf("the oldest leads to %q", got)
	}
	if got := doc.Find("tbody tr:last-child a").Length(); got != 0 {
		t.Errorf("a column without an issue has %d links", got)
	}
	for _, want := range []string{"2 of them drawn", "Drawn are the oldest 2 of 7,000.", "3 open issues were never in an active status"} {
		if !strings.Contains(doc.Find(".panel-foot").Text(), want) {
			t.Errorf("the foot does not say %q", want)
		}
	}
	if got := doc.Find(".left-out li a").AttrOr("href", ""); got != "/issues?excluded=not_started&panel=aging&range=90d" {
		t.Errorf("what is left out is found at %q", got)
	}
	// Markers of the range have no place among statuses.
	d.Markers = []delivery.Marker{{At: day(t, "2026-02-10"), Kind: "workflow"}}
	if shown(t, d, "ru").Find(".definitions").Length() != 0 {
		t.Error("a change is told that is not drawn")
	}
}

func TestUnnamedAges(t *testing.T) {
	d := Unnamed(aging(t, delivery.Elapsed, 22, many(90, 60)...))
	e := Embed{Data: d}
	columns, rows, _ := e.table(i18n.For("en"))
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode([]any{ChartOf(d, i18n.For("en"), ChartSpec{}), columns, rows}); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"DEV-", "Issue {"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("an embed without names has %s", secret)
		}
	}
	if e.walked() || (Embed{Data: d, Named: true}).walked() != true {
		t.Error("the keyboard has a way along dots without names, or none along those with")
	}
}

// Each count of a cumulative flow leads to its own issues, but for those of nothing.
func TestAreaLists(t *testing.T) {
	doc := shown(t, cumulative(t, weeksOfWork...), "en")
	var got []string
	for _, a := range doc.Find("tbody tr:first-child a").EachIter() {
		u, err := url.Parse(a.AttrOr("href", ""))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Text()+" "+u.Query().Get("status")+" "+u.Query().Get("to"))
	}
	if diff := cmp.Diff([]string{"3 closed 2026-02-08", "4 work 2026-02-08", "10 open 2026-02-08"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if doc.Find(".panel-foot a.count, .panel-foot .rows").Length() != 0 {
		t.Error("there is a list of all, which has no status")
	}
	if got := doc.Find("thead th:nth-child(2)").Text(); got != "Closed in the period" {
		t.Errorf("what is closed is called %q", got)
	}
}

// Where nothing was blocked there is no chart, and yet an answer.
func TestNothingBlocked(t *testing.T) {
	doc := shown(t, blocked(t, delivery.Elapsed, 0), "en")
	if doc.Find("[data-chart], script, table, [data-view]").Length() != 0 {
		t.Error("there is a chart of nothing")
	}
	if got := doc.Find(".nothing").Text(); !strings.Contains(got, "No issue was blocked") {
		t.Errorf("it says %q", got)
	}
	if got := doc.Find(".sentence").Text(); got != "None of the 40 started issues was ever blocked." {
		t.Errorf("the sentence is %q", got)
	}
	picture := PictureOf(blocked(t, delivery.Elapsed, 0), i18n.For("en"), ChartSpec{})
	if rows := len(picture.Data().Series[0].Points); rows != 0 {
		t.Errorf("a picture of %d rows", rows)
	}
}

func TestFlowLists(t *testing.T) {
	ctx := t.Context()
	for _, tt := range []struct {
		data  delivery.PanelData
		lists int
		last  string
	}{
		{aging(t, delivery.Elapsed, 22, many(90, 60)...), 0, ""},
		{cumulative(t, weeksOfWork...), 5, "from=2026-02-02T12%3A00%3A00.000Z&panel=cumulative-flow&to=2026-03-02T12%3A00%3A00.000Z"},
		{finishedWeeks(t, value(2.4), value(2)), 5, "from=2026-03-02&panel=throughput&to=2026-03-02T12%3A00%3A00.000Z"},
		{blocked(t, delivery.Elapsed, 4), 2, "panel=blocked-time&range=90d&status=needInfo"},
	} {
		lists := Panel{Slug: tt.data.Slug, Of: delivery.OfIssues, Query: "range=90d"}.Lists(ctx, tt.data)
		if len(lists) != tt.lists || tt.lists > 0 && lists[len(lists)-1] != "/issues?"+tt.last {
			t.Errorf("%s leads to %v", tt.data.Slug, lists)
		}
	}
}

func TestFlowPictureTexts(t *testing.T) {
	areas, ages := PictureOf(cumulative(t, weeksOfWork...), i18n.For("ru"), ChartSpec{}), PictureOf(aging(t, delivery.Business, 22, many(900, 60)...), i18n.For("en"), ChartSpec{})
	for _, tt := range []struct{ got, want string }{
		{areas.End("closed", 14), "Закрыто за период 14"},
		{areas.End("work", 9), "In progress 9"},
		{ages.Name("late"), "older than 85 % of finished ones"},
		{ages.End("p85", 48*3600), "p85 6 d"},
	} {
		if plainSpaces(tt.got) != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	if name, ink, hatch, opacity := areas.Area(1); name != "Waiting for review" || ink != "series-3" || hatch != "hatched" || opacity < 0.8 {
		t.Errorf("an area is %s, %s, %s, %v", name, ink, hatch, opacity)
	}
	if name, per := ages.Axis(); name != "age, working days" || per != 8*3600 || !ages.Log() {
		t.Errorf("an axis of %s, %v s each, logarithmic %t", name, per, ages.Log())
	}
	if at, name := PictureOf(finishedWeeks(t, value(2.4), value(2.5), [2]float64{1, 0}), i18n.For("ru"), ChartSpec{}).Level(); at != 2.5 || name != "медиана 2,5" {
		t.Errorf("the median is %s at %v", name, at)
	}
	if _, name := PictureOf(trend(t, delivery.Elapsed, []int64{1}), i18n.For("en"), ChartSpec{}).Level(); name != "" {
		t.Errorf("a trend has the level %s", name)
	}
}
