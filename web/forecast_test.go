package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// A forecast is asked about a number of issues, with all else that the page is of.
func TestForecastForm(t *testing.T) {
	s := inCompany(t, 400, nil)
	d := s.page("/panels/forecast?range=90d&queue=DEV&queue=OPS&items=24")
	want(t, d, ".sentence", "There is an 85 % chance that 24 issues will be finished by")
	form := d.Find("form[data-ask=items]")
	if got := form.AttrOr("hx-get", "") + " " + form.AttrOr("action", "") + " " + form.AttrOr("hx-target", ""); got != "/panels/forecast /flow closest section" {
		t.Errorf("it asks %s", got)
	}
	input := form.Find("input[type=number]")
	if got := strings.Join([]string{input.AttrOr("name", ""), input.AttrOr("min", ""), input.AttrOr("max", ""), input.AttrOr("value", "")}, " "); got != "items 1 10000 24" {
		t.Errorf("the field is %s", got)
	}
	if label := form.Find("label[for=" + input.AttrOr("id", "") + "]").Text(); label != "How many issues?" {
		t.Errorf("it is called %q", label)
	}
	var kept []string
	for _, field := range form.Find("input[type=hidden]").EachIter() {
		kept = append(kept, field.AttrOr("name", "")+"="+field.AttrOr("value", ""))
	}
	if want := []string{"clock=business", "queue=DEV", "queue=OPS", "range=90d"}; !slices.Equal(kept, want) {
		t.Errorf("it keeps %v, want %v", kept, want)
	}
	if rows := d.Find("tbody tr").Length(); rows != 13 {
		t.Errorf("a table of %d weeks", rows)
	}

	open := s.page("/panels/forecast?range=90d&items=")
	if n := open.Find("#forecast-items").AttrOr("value", ""); n == "" || n == "24" {
		t.Errorf("of all that are open it is asked about %q", n)
	}
	want(t, s.page("/panels/forecast?range=90d&lang=ru&items=24"), ".sentence", "будут завершены 24 задачи (50 %:")
	for _, bad := range []string{"0", "10001", "-1", "1.5", "many"} {
		if res := s.get("/panels/forecast?items=" + bad); res.status != http.StatusBadRequest {
			t.Errorf("of %s issues: %d", bad, res.status)
		}
	}
	page := s.get("/flow?items=many&lang=ru")
	want(t, page.doc, ".banner.bad", "items: Нужно целое число от 1 до 10 000")
}

// Whatever else a page is filtered by, it stays asked about as many issues.
func TestFlowKeepsItems(t *testing.T) {
	s := inCompany(t, 10, nil)
	d := s.page("/flow?items=24&range=30d")
	if got := d.Find("form[data-filter] input[name=items][type=hidden]").AttrOr("value", ""); got != "24" {
		t.Errorf("the filter keeps %q", got)
	}
	if got := d.Find("a.reset").AttrOr("href", ""); got != "/flow?items=24" {
		t.Errorf("reset leads to %s", got)
	}
	if d.Find("#panel-forecast").AttrOr("hx-get", "") != "/panels/forecast?clock=business&items=24&range=30d" {
		t.Error("the forecast is not asked about them")
	}
	if s.page("/flow").Find("form[data-filter] input[name=items]").Length() != 0 {
		t.Error("a page that is asked nothing keeps something")
	}
}

// Too little history is said in words; there is no chart, no table and nothing to ask.
func TestForecastOfTooLittle(t *testing.T) {
	s := inCompany(t, 400, nil)
	for lang, words := range map[string][2]string{
		"en": {"a forecast needs 10 or more", "There is too little history for a forecast."},
		"ru": {"для прогноза нужно не меньше 10", "Для прогноза слишком мало истории."},
	} {
		d := s.page("/panels/forecast?range=3d&lang=" + lang)
		want(t, d, ".sentence", words[0])
		want(t, d, ".nothing p", words[1])
		if d.Find("[data-chart], form, table, [data-view]").Length() != 0 {
			t.Error("there is something to look at")
		}
	}
}

// An embed of a forecast is of as many issues as the panel was; others are not asked.
func TestEmbedOfForecast(t *testing.T) {
	s := inCompany(t, 400, nil)
	form := formOf(s.page(embedsPath + "/new?panel=forecast&range=90d&items=24"))
	if got := form["items"]; !slices.Equal(got, []string{"24"}) {
		t.Errorf("its form asks about %v", got)
	}
	if form := formOf(s.page(embedsPath + "/new?panel=cycle-time&range=90d&items=24")); form["items"] != nil {
		t.Errorf("the form of another panel asks about %v", form["items"])
	}
	form.Set("name", "Release")
	values := url.Values{}
	for name, v := range form {
		values[name] = v
	}
	if got := filterOf(values, panelOf(t, "forecast").of).Encode(); got != "clock=elapsed&items=24&range=90d" {
		t.Errorf("it is narrowed to %s", got)
	}
	values.Set("panel", "cycle-time")
	if got := filterOf(values, panelOf(t, "forecast").of).Get("items"); got != "" {
		t.Errorf("another panel is asked about %s", got)
	}
	for lang, word := range map[string]string{"en": "Issues asked about: 24", "ru": "Сколько задач: 24"} {
		res := s.page("/panels/forecast?items=24&lang=" + lang)
		if res.Find("[data-embed-link]").Length() != 1 {
			t.Error("there is no way to embed it")
		}
		if words := filterWords(i18n.With(t.Context(), i18n.For(lang)), delivery.OfIssues, url.Values{"items": {"24"}, "range": {"90d"}}); !slices.Contains(words, word) {
			t.Errorf("it is told as %q", words)
		}
	}
}

func panelOf(t *testing.T, slug string) panel {
	t.Helper()
	p, ok := panelBySlug(slug)
	if !ok {
		t.Fatalf("no panel %s", slug)
	}
	return p
}

// What readers of an embed may open.
func TestDrillsOfSpread(t *testing.T) {
	for slug, want := range map[string][]string{"control-chart": {"marks"}, "cycle-time": {"marks"}, "cycle-time-histogram": nil, "forecast": nil} {
		if got := drills(panelOf(t, slug)); !slices.Equal(got, want) {
			t.Errorf("%s opens %v, want %v", slug, got, want)
		}
	}
}

// A control chart leads to its issues, a histogram to the list of all.
func TestSpreadPanels(t *testing.T) {
	s := inCompany(t, 400, nil)
	d := s.page("/panels/control-chart?range=90d")
	want(t, d, ".sentence", "Natural limits are 0 and")
	if href := d.Find("tbody td a").First().AttrOr("href", ""); !strings.HasPrefix(href, "/issues/") {
		t.Errorf("a key leads to %q", href)
	}
	if d.Find("[data-log]").Length() != 1 || d.Find(".chart.control[tabindex='0']").Length() != 1 {
		t.Error("no switch of the scale, or no way for the keyboard")
	}
	d = s.page("/panels/cycle-time-histogram?range=90d")
	want(t, d, ".sentence", "Most often an issue took")
	wantCells(t, d, "thead th", "From", "To", "Issues", "Share", "Up to here")
	if got := textOf(d, "#keys-cycle-time-histogram"); strings.Contains(got, "Enter") {
		t.Errorf("keys are %q", got)
	}
}
