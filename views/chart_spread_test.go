package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// spreadData starts a panel of flow as delivery does.
func spreadData(t *testing.T, slug string, shape delivery.Shape, of delivery.Quantity, clock delivery.Clock, n int) delivery.PanelData {
	q := flowQuery(t, clock)
	day := 24 * time.Hour
	if clock == delivery.Business {
		day = 8 * time.Hour
	}
	return delivery.PanelData{
		Slug: slug, Of: delivery.OfIssues, Shape: shape, Quantity: of, Filter: q.Filter, Zone: q.Calendar.Zone(), Day: day,
		Sample: delivery.Sample{N: n, AsOf: q.Now},
	}
}

// bins is a histogram of these hours, a bin of so many hours each; what is beyond most
// bins is in an open one.
func bins(t *testing.T, clock delivery.Clock, width float64, most int, hours ...float64) delivery.PanelData {
	t.Helper()
	d := spreadData(t, "cycle-time-histogram", delivery.Bins, delivery.Durations, clock, len(hours))
	counts := make([]int, most+1)
	seconds := make([]int64, len(hours))
	for i, h := range hours {
		counts[min(most, int(h/width))]++
		seconds[i] = int64(h * 3600)
	}
	var points []delivery.Point
	for i, n := range counts {
		from, to := float64(i)*width*3600, float64(i+1)*width*3600
		point := delivery.Point{X: fmt.Sprintf("%.0f", from), Value: value(float64(n)), N: &n, Bin: &delivery.Bin{From: from, To: &to}}
		if i == most {
			if n == 0 {
				break
			}
			point.To = nil
		}
		points = append(points, point)
	}
	d.Series = []delivery.Series{{Name: "issues", Points: points}}
	p := delivery.PercentilesOf(seconds)
	d.Headline = []delivery.Figure{{Name: "p50", Value: p.P50}, {Name: "p85", Value: p.P85}, {Name: "p95", Value: p.P95}, {Name: "count", Value: value(float64(len(hours)))}}
	return d
}

// control is a control chart of issues that took these hours, one after the other, with
// the signals named by their place.
func control(t *testing.T, clock delivery.Clock, signals map[int]string, hours ...float64) delivery.PanelData {
	t.Helper()
	d := spreadData(t, "control-chart", delivery.Control, delivery.Durations, clock, len(hours))
	s := delivery.Series{Name: "issues"}
	sum, ranges := 0.0, 0.0
	for i, h := range hours {
		at := d.Filter.From + delivery.Instant(int64(i)*int64(d.Filter.To-d.Filter.From)*8/10/int64(len(hours)))
		s.Points = append(s.Points, delivery.Point{
			T: at, Value: value(h * 3600), Mark: &delivery.Mark{Key: fmt.Sprintf("DEV-%d", i+1), Title: "A title", TypeKey: "task", Type: "Task", Signal: signals[i]},
		})
		sum += h * 3600
		if i > 0 {
			ranges += math.Abs(h-hours[i-1]) * 3600
		}
	}
	d.Series = []delivery.Series{s}
	n := float64(len(hours))
	mean, mr := sum/n, ranges/max(1, n-1)
	beyond, run := 0, 0
	for _, signal := range signals {
		switch signal {
		case delivery.BeyondLimits:
			beyond++
		case delivery.InRun:
			run++
		}
	}
	d.Headline = []delivery.Figure{
		{Name: "mean", Value: &mean},
		{Name: "upper"},
		{Name: "lower"},
		{Name: "range", Value: &mr},
		{Name: "signals", Value: value(float64(beyond))},
		{Name: "runs", Value: value(float64((run + 7) / 8))},
		{Name: "count", Value: &n},
	}
	if len(hours) >= 10 {
		d.Headline[1].Value, d.Headline[2].Value = value(mean+2.66*mr), value(max(0, mean-2.66*mr))
	}
	return d
}

// fan is a forecast of so many issues a day, made on 25 February, about some issues that
// are done in these days.
func fan(t *testing.T, perDay float64, items int, days ...float64) delivery.PanelData {
	t.Helper()
	n := int(perDay * 90)
	d := spreadData(t, "forecast", delivery.Fan, delivery.IssueCounts, delivery.Business, n)
	today := delivery.Date{Year: 2026, Month: 2, Day: 25}
	for k, name := range []string{"p50", "p85", "p95"} {
		s := delivery.Series{Name: name}
		for week := 1; week <= 13; week++ {
			day := today.AddDays(7 * week)
			point := delivery.Point{T: day.In(d.Zone), Slot: &delivery.Slot{Label: day}}
			if n >= 10 {
				ahead := perDay * 7 * float64(week)
				point.Value = value(math.Floor(max(0, ahead-[]float64{0, 1.04, 1.64}[k]*1.6*math.Sqrt(ahead))))
			}
			s.Points = append(s.Points, point)
		}
		d.Series = append(d.Series, s)
	}
	d.Headline = []delivery.Figure{{Name: "items", Value: value(float64(items))}}
	for k, name := range []string{"p50", "p85", "p95"} {
		f := delivery.Figure{Name: name}
		if k < len(days) {
			f.Value = &days[k]
		}
		d.Headline = append(d.Headline, f)
	}
	d.Headline = append(d.Headline, delivery.Figure{Name: "mean", Value: value(float64(n) / 90)}, delivery.Figure{Name: "count", Value: value(float64(n))})
	return d
}

// skewed are so many hours as issues take them.
func skewed(n int, median float64) []float64 {
	random := rand.New(rand.NewPCG(3, 4))
	out := make([]float64, n)
	for i := range out {
		out[i] = math.Round(median*math.Exp(random.NormFloat64()*0.8)*10) / 10
	}
	return out
}

// fourteen is an issue of each of these hours, short ones first.
var fourteen = []float64{3, 4, 9, 11, 20, 25, 30, 44, 52, 60, 61, 75, 88, 300}

func panelsOfSpread(t *testing.T) map[string]delivery.PanelData {
	return map[string]delivery.PanelData{
		"bins":         bins(t, delivery.Business, 8, 12, fourteen...),
		"bins_hours":   bins(t, delivery.Elapsed, 4, 20, fourteen[:8]...),
		"control":      control(t, delivery.Business, map[int]string{3: delivery.InRun, 13: delivery.BeyondLimits}, fourteen...),
		"control_few":  control(t, delivery.Elapsed, nil, 30, 10, 24),
		"fan":          fan(t, 1.3, 57, 42, 50, 57),
		"fan_far":      fan(t, 0.3, 500, 900),
		"fan_no_items": fan(t, 0.3, 0),
	}
}

func TestSpreadGolden(t *testing.T) {
	for name, d := range panelsOfSpread(t) {
		lang := "en"
		if name == "bins_hours" || name == "control" || name == "fan_far" {
			lang = "ru"
		}
		golden(t, "chart_"+name+".json", ChartOf(d, i18n.For(lang), ChartSpec{Open: "/issues/"}))
	}
}

// golden compares what a browser gets with a file.
func golden(t *testing.T, name string, c Chart) {
	t.Helper()
	got, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
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
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

func TestSpreadSummary(t *testing.T) {
	both := map[int]string{2: delivery.BeyondLimits, 4: delivery.BeyondLimits}
	for i := 6; i < 22; i++ {
		both[i] = delivery.InRun
	}
	long := append(slices.Repeat([]float64{10, 20, 30}, 10), 100, 200)
	past := fan(t, 1.3, 57, 42, 50, 57)
	past.Filter.To = day(t, "2026-02-10")
	tests := []struct {
		name, lang string
		data       delivery.PanelData
		want       string
	}{
		{"bins", "en", bins(t, delivery.Business, 8, 12, long...), "Most often an issue took 1–2 working days: 10 of 32; half finished within 2.5 working days, 85 % within 3.8 working days."},
		{"bins", "ru", bins(t, delivery.Business, 8, 12, long...), "Чаще всего задача занимает 1–2 рабочих дня: 10 из 32; половина уложилась в 2,5 рабочего дня, 85 % — в 3,8 рабочего дня."},
		{"half a day", "ru", bins(t, delivery.Elapsed, 12, 12, long...), "Чаще всего задача занимает 0–0,5 дня: 10 из 32; половина уложилась в 20 часов, 85 % — в 1,3 дня."},
		{"hours", "en", bins(t, delivery.Elapsed, 4, 20, fourteen...), "Most often an issue took 8–12 hours: 2 of 14; half finished within 1.5 days."},
		{"minutes", "ru", bins(t, delivery.Elapsed, 1.0/6, 9, 0.5, 0.55, 0.1), "Чаще всего задача занимает 30–40 мин: 2 из 3; половина уложилась в 30 мин."},
		{"the open one", "en", bins(t, delivery.Business, 8, 2, 1, 99, 99, 99), "Most often an issue took 2 working days or more: 3 of 4; half finished within 12.4 working days."},
		{"two", "en", bins(t, delivery.Business, 8, 2, 1, 9), "2 issues finished, too few to see how cycle times spread."},
		{"two", "ru", bins(t, delivery.Business, 8, 2, 1, 9), "Завершены 2 задачи — слишком мало, чтобы увидеть разброс."},
		{"none", "en", bins(t, delivery.Business, 8, 2), "No issues to count in this period."},

		{"both signals", "en", control(t, delivery.Business, both, skewed(30, 10)...), "Natural limits are 0 and 5.4 working days; 2 issues are beyond them, 2 runs of eight or more on one side of the mean: the process changed."},
		{"both signals", "ru", control(t, delivery.Business, both, skewed(30, 10)...), "Естественные границы — 0 и 5,4 рабочего дня; за ними 2 задачи, есть 2 серии из восьми и больше по одну сторону от среднего: процесс изменился."},
		{"beyond", "en", control(t, delivery.Elapsed, map[int]string{13: delivery.BeyondLimits}, fourteen...), "Natural limits are 0 and 4.9 days; 1 issue is beyond them: worth asking what was special there. There is no run of eight on one side of the mean."},
		{"runs", "ru", control(t, delivery.Elapsed, map[int]string{3: delivery.InRun}, fourteen...), "Естественные границы — 0 и 4,9 дня; за ними ничего нет, но есть 1 серия из восьми и больше по одну сторону от среднего: процесс изменился."},
		{"stable", "en", control(t, delivery.Elapsed, nil, slices.Repeat([]float64{48, 50}, 6)...), "Natural limits are 1.8 days and 2.3 days; no issue is beyond them and there is no run of eight on one side of the mean: stable, no signal."},
		{"stable", "ru", control(t, delivery.Elapsed, nil, slices.Repeat([]float64{48, 50}, 6)...), "Естественные границы — 1,8 дня и 2,3 дня; за ними ничего нет, серий из восьми по одну сторону от среднего — тоже: процесс устойчив, сигналов нет."},
		{"no limits", "en", control(t, delivery.Elapsed, nil, 30, 10, 24), "3 issues finished, in 21.3 hours on average; natural limits need 10 or more."},
		{"no limits", "ru", control(t, delivery.Elapsed, nil, 30), "Завершена 1 задача, за 1,3 дня; для естественных границ нужно не меньше 10."},

		{"forecast", "en", fan(t, 2.38, 24, 10, 20, 40), "There is an 85 % chance that 24 issues will be finished by 17 Mar 2026 (50 %: 7 Mar 2026; 95 %: 6 Apr 2026), judging by 214 issues finished in the last 90 days."},
		{"forecast", "ru", fan(t, 2.38, 24, 10, 20, 40), "С уверенностью 85 % к 17.03.2026 будут завершены 24 задачи (50 %: 07.03.2026; 95 %: 06.04.2026), судя по 214 задачам, завершённым за последние 90 дней."},
		{"a period that is over", "en", past, "There is an 85 % chance that 57 issues will be finished by 16 Apr 2026 (50 %: 8 Apr 2026; 95 %: 23 Apr 2026), judging by 117 issues finished in 90 days."},
		{"later for some", "en", fan(t, 0.3, 100, 300, 900), "There is an 85 % chance that 100 issues will be finished by 13 Aug 2028 (50 %: 22 Dec 2026; 95 %: more than 1,000 days from now), judging by 27 issues finished in the last 90 days."},
		{"never", "en", fan(t, 0.3, 500, 900), "The chance that 500 issues will be finished within 1,000 days is less than 85 %, judging by 27 issues finished in the last 90 days."},
		{"never", "ru", fan(t, 0.3, 500, 900), "500 задач с уверенностью 85 % нельзя ждать и за 1000 дней, судя по 27 задачам, завершённым за последние 90 дней."},
		{"nothing open", "en", fan(t, 0.3, 0), "No issue is open now. There is an 85 % chance that 18 issues will be finished by 27 May 2026, judging by 27 issues finished in the last 90 days."},
		{"too little", "en", fan(t, 0.05, 24), "Only 4 issues were finished in this period; a forecast needs 10 or more."},
		{"too little", "ru", fan(t, 0.05, 24), "За период завершены всего 4 задачи; для прогноза нужно не меньше 10."},
	}
	for _, tt := range tests {
		if got := plainSpaces(Summary(tt.data, i18n.For(tt.lang))); got != plainSpaces(tt.want) {
			t.Errorf("%s %s:\n got %s\nwant %s", tt.name, tt.lang, got, tt.want)
		}
		alt := plainSpaces(AltText(tt.data, i18n.For(tt.lang)))
		if !strings.HasSuffix(alt, ". "+plainSpaces(tt.want)) {
			t.Errorf("%s %s is described as %s", tt.name, tt.lang, alt)
		}
	}
}

func TestSpreadTables(t *testing.T) {
	tests := []struct {
		name    string
		data    delivery.PanelData
		columns string
		first   string // rows as programs get them
		last    string
		shown   string // the first row as people do
	}{
		{"bins", bins(t, delivery.Business, 8, 2, 1, 9, 9, 99), "from,to,count,share,cumulative", "0,28800,1,0.25,0.25", "57600,,1,0.25,1", "0,1 d,1,25 %,25 %"},
		{
			"control", control(t, delivery.Elapsed, map[int]string{1: delivery.BeyondLimits}, 30, 48), "closed_at,key,title,type_key,type,seconds,signal",
			"2026-02-02T12:00:00.000Z,DEV-1,A title,task,Task,108000,", "2026-02-13T16:48:00.000Z,DEV-2,A title,task,Task,172800,beyond", "13 Feb 2026 19:48,DEV-2,A title,Task,2 d,beyond a limit",
		},
		{"fan", fan(t, 1.3, 57, 42), "by,p50,p85,p95", "2026-03-04,9,4,1", "2026-05-27,118,100,89", "4 Mar 2026,9,4,1"},
		{"no forecast", fan(t, 0.05, 57), "by,p50,p85,p95", "2026-03-04,,,", "2026-05-27,,,", "4 Mar 2026,–,–,–"},
	}
	for _, tt := range tests {
		columns, rows := TableOf(tt.data)
		var names []string
		for _, c := range columns {
			names = append(names, c.Name)
		}
		line := func(row []Cell) string {
			var cells []string
			for _, c := range row {
				cells = append(cells, PlainCell(c))
			}
			return strings.Join(cells, ",")
		}
		_, shown, total := shownTable(tt.data, i18n.For("en"))
		if total != len(rows) {
			t.Errorf("%s: %d rows shown of %d", tt.name, total, len(rows))
		}
		for _, got := range []struct{ got, want string }{
			{strings.Join(names, ","), tt.columns}, {line(rows[0]), tt.first}, {line(rows[len(rows)-1]), tt.last}, {plainSpaces(strings.Join(shown[0], ",")), tt.shown},
		} {
			if got.got != got.want {
				t.Errorf("%s: %s, want %s", tt.name, got.got, got.want)
			}
		}
	}
}

// An embed without names shows which rules are broken, and not by what.
func TestControlUnnamed(t *testing.T) {
	d := Unnamed(control(t, delivery.Elapsed, map[int]string{1: delivery.BeyondLimits}, 30, 48))
	if got, want := *d.Series[0].Points[1].Mark, (delivery.Mark{TypeKey: "task", Type: "Task", Signal: delivery.BeyondLimits}); got != want {
		t.Errorf("%+v", got)
	}
	e := Embed{Data: d}
	columns, rows, _ := e.table(i18n.For("en"))
	if len(columns) != 4 || plainSpaces(strings.Join(rows[0], ",")) != "13 Feb 2026 19:48,Task,2 d,beyond a limit" {
		t.Errorf("%v %q", columns, rows[0])
	}
	if e.walked() || !(Embed{Data: d, Named: true}).walked() || !(Embed{Data: bins(t, delivery.Elapsed, 8, 2, 1)}).walked() {
		t.Error("arrow keys have something to walk along where names, bins or days are")
	}
}

// A logarithmic axis is for a tail far beyond the limits.
func TestControlLongTail(t *testing.T) {
	d := control(t, delivery.Elapsed, nil, fourteen...)
	if LongTail(d) {
		t.Error("300 hours are no long tail of a limit of 117")
	}
	d.Series[0].Points[0].Value = value(4 * 117 * 3600)
	if !LongTail(d) {
		t.Error("four limits are a long tail")
	}
	if LongTail(control(t, delivery.Elapsed, nil, 1, 2, 900)) {
		t.Error("there is no long tail of no limits")
	}
}

func TestBinPlaces(t *testing.T) {
	d := bins(t, delivery.Elapsed, 24, 3, 1, 30, 30, 200)
	for hours, want := range map[float64]float64{0: 0, 12: 0.5, 24: 1, 60: 2.5, 72: 3.5, 9000: 3.5} {
		if got := binPlace(d.Series[0].Points, hours*3600); got != want {
			t.Errorf("%v h stand at %v, want %v", hours, got, want)
		}
	}
	for _, tt := range []struct {
		lang, want string
		data       delivery.PanelData
	}{
		{"en", "[0 1 2 3 3 d and more]", d},
		{"ru", "[0 0,5 1 1,5 2]", bins(t, delivery.Business, 4, 4, 1, 15)},
		{"en", "[0 4 8]", bins(t, delivery.Elapsed, 4, 2, 1, 7)},
		{"en", "[0 0.25 0.5 0.75 1 1.25 1.5 1.75 2]", bins(t, delivery.Elapsed, 0.25, 8, 1, 1.9)},
		{"ru", "[0 5 10]", bins(t, delivery.Elapsed, 1.0/12, 2, 0.1)},
	} {
		p := i18n.For(tt.lang)
		if got := plainSpaces(fmt.Sprint(binEdges(tt.data, p, newMeta(tt.data, p)))); got != tt.want {
			t.Errorf("edges %s, want %s", got, tt.want)
		}
	}
}

// What a forecast says of the issues asked about.
func TestGoal(t *testing.T) {
	p := i18n.For("en")
	for _, tt := range []struct {
		name  string
		data  delivery.PanelData
		shown bool
		axis  string
		falls string
	}{
		{"within", fan(t, 1.3, 57, 42, 50, 57), true, "issues finished", "p50 8 Apr; p85 16 Apr; p95 23 Apr"},
		{"within for some", fan(t, 1.3, 110, 85, 99), true, "issues finished", "p50 21 May"},
		{"a little above", fan(t, 1.3, 180, 120), true, "issues finished", ""},
		{"far above", fan(t, 1.3, 500, 300), false, "issues finished (500 are far above)", ""},
		{"nothing asked", fan(t, 1.3, 0), false, "issues finished", ""},
	} {
		_, shown := goalOf(tt.data)
		var falls []string
		for _, f := range fanFalls(tt.data, p) {
			falls = append(falls, f.label)
		}
		if got := plainSpaces(strings.Join(falls, "; ")); shown != tt.shown || fanAxisName(tt.data, p) != tt.axis || got != tt.falls {
			t.Errorf("%s: shown %t, axis %q, %s", tt.name, shown, fanAxisName(tt.data, p), got)
		}
	}
	if Drawable(fan(t, 0.05, 24)) || Drawable(fan(t, 0, 24)) || !Drawable(fan(t, 1, 24)) {
		t.Error("a forecast of four issues is drawn, or one of ninety is not")
	}
}

func TestSpreadPictures(t *testing.T) {
	en, ru := i18n.For("en"), i18n.For("ru")
	spread := PictureOf(bins(t, delivery.Business, 8, 12, fourteen...), en, ChartSpec{})
	limits := PictureOf(control(t, delivery.Business, map[int]string{3: delivery.InRun, 13: delivery.BeyondLimits}, fourteen...), ru, ChartSpec{})
	ahead := PictureOf(fan(t, 1.3, 57, 42, 50, 57), en, ChartSpec{})
	if name, per := spread.Axis(); name != "issues" || per != 1 || !spread.Whole() || spread.Tick(12) != "12" {
		t.Errorf("bins count %q, %v each, in wholes %t, as %s", name, per, spread.Whole(), spread.Tick(12))
	}
	if words, unit := spread.Edges(); unit != "working days" || len(words) != 14 || plainSpaces(words[13]) != "12 d and more" {
		t.Errorf("edges %q in %s", words, unit)
	}
	falls := ""
	for _, c := range []*Picture{spread, ahead} {
		c.Falls(func(series string, at float64, label string) {
			falls += fmt.Sprintf("%s at %.2f: %s; ", series, at, label)
		})
	}
	if want := "p50 at 4.62: p50 4.6 d; p85 at 9.46: p85 9.5 d; p95 at 12.50: p95 20.3 d; p50 at 1775606400000.00: p50 8 Apr; p85 at 1776297600000.00: p85 16 Apr; p95 at 1776902400000.00: p95 23 Apr; "; plainSpaces(falls) != want {
		t.Errorf("falls %s", plainSpaces(falls))
	}
	groups := ""
	limits.Signals(func(name string, shape int, ink string, plain bool, points []delivery.Point) {
		groups += fmt.Sprintf("%s %d %s %t %d; ", name, shape, ink, plain, len(points))
	})
	if groups != "обычный разброс 0 series-1 true 12; в серии из 8 и больше 6 series-1 false 1; за границей 3 series-6 false 1; " {
		t.Error(groups)
	}
	if got := plainSpaces(limits.End("upper", 5*8*3600) + ", " + limits.End("lower", 0) + ", " + ahead.End("p85", 100)); got != "верхняя 5 дн., нижняя 0, p85 100" {
		t.Error(got)
	}
	if width, dashed := limits.Stroke("mean"); width != 2.5 || dashed {
		t.Errorf("the mean is %v wide, dashed %t", width, dashed)
	}
	if goal, label, ok := ahead.Goal(); goal != 57 || label != "57 issues" || !ok {
		t.Errorf("the goal is %v, %q, %t", goal, label, ok)
	}
	if from, to := ahead.Span(); from != dayWall(delivery.Date{Year: 2026, Month: 2, Day: 25}) || to != dayWall(delivery.Date{Year: 2026, Month: 5, Day: 27}) {
		t.Errorf("it goes from %d to %d", from, to)
	}
}

// Changes of definitions are verticals of a control chart; bins and forecasts have no place
// for them.
func TestSpreadMarkers(t *testing.T) {
	change := []delivery.Marker{{At: day(t, "2026-02-10"), Kind: "workflow"}}
	for name, d := range panelsOfSpread(t) {
		d.Markers = change
		want := 0
		if d.Shape == delivery.Control {
			want = 1
		}
		c := ChartOf(d, i18n.For("en"), ChartSpec{})
		if len(c.Meta.Lines) != want {
			t.Errorf("%s has %d lines", name, len(c.Meta.Lines))
		}
		if foot := PictureFoot(d, i18n.For("en"), nil); strings.Contains(foot, "Workflow changed") != (want == 1) {
			t.Errorf("%s: %s", name, foot)
		}
	}
}
