package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// secondsIn are the numbers of a table's last column.
func secondsIn(t *testing.T, rows *goquery.Selection) []float64 {
	t.Helper()
	var out []float64
	for _, row := range rows.EachIter() {
		text := strings.NewReplacer(",", "", "\u00a0", "").Replace(strings.TrimSpace(row.Find("td").Last().Text()))
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("no seconds in %q", row.Text())
		}
		out = append(out, v)
	}
	return out
}

// The values that a percentile is said to lie between make what the API answers.
func TestExplainedPercentiles(t *testing.T) {
	s := inCompany(t, 400, nil)
	for _, c := range []struct{ slug, query string }{
		{"cycle-time", "range=200d&clock=business"}, {"cycle-time-trend", "range=100d&clock=elapsed"}, {"cycle-time", "range=200d&clock=business&queue=DEV"},
	} {
		panel := read[apiPanelData](s, "/api/v1/panels/"+c.slug+"?"+c.query)
		d := s.page("/explain/" + c.slug + "?" + c.query)
		for name, p := range map[string]float64{"p50": 0.5, "p85": 0.85, "p95": 0.95} {
			figure := d.Find("#" + name)
			places := secondsIn(t, figure.Find("table").First().Find("tbody tr"))
			steps := delivery.StepsOf(p, panel.N)
			if want := 1 + int(math.Ceil(steps.Part)); len(places) != want {
				t.Fatalf("%s?%s: %s is explained by %v, want %d values", c.slug, c.query, name, places, want)
			}
			got := steps.Value(places[0], places[len(places)-1])
			if want := panel.Headline[name]; want == nil || math.Abs(got-*want) > 0.001 {
				t.Errorf("%s?%s: %s comes to %g, the API says %v", c.slug, c.query, name, got, *want)
			}
			if movers := secondsIn(t, figure.Find("table").Last().Find("tbody tr")); len(movers) != 3 || movers[0] < movers[2] || movers[2] < places[0] {
				t.Errorf("%s?%s: %s is said to be moved by %v", c.slug, c.query, name, movers)
			}
		}
	}
}

// What is counted and left out is what the chart counts and leaves out.
func TestExplainedSample(t *testing.T) {
	s := inCompany(t, 200, nil)
	panel := read[apiPanelData](s, "/api/v1/panels/cycle-time?range=200d&clock=business")
	d := s.page("/explain/cycle-time?range=200d")
	if got := textOf(d, "#explain-n"); got != "Counted: n = "+strconv.Itoa(panel.N) {
		t.Errorf("counted is %q, the API says %d", got, panel.N)
	}
	if got := d.Find(".explain-left li").Length(); got != len(panel.Excluded) || got == 0 {
		t.Errorf("%d reasons, the API says %v", got, panel.Excluded)
	}
	facts := textOf(d, ".explain-facts")
	for _, want := range []string{"Working hours only", "09:00–18:00", "R7", "first version", "none: everything"} {
		if !strings.Contains(facts, want) {
			t.Errorf("the facts do not say %q: %s", want, facts)
		}
	}
}

// Each figure of a page leads to how it is computed.
func TestFiguresAreExplained(t *testing.T) {
	s := inCompany(t, 200, nil)
	d := s.page("/panels/" + headlineSlug + "?range=200d")
	links := d.Find(".figure .notes a[aria-label^='How it is computed']")
	if links.Length() != 3 {
		t.Fatalf("%d figures are explained", links.Length())
	}
	for _, a := range links.EachIter() {
		path, name, _ := strings.Cut(a.AttrOr("href", ""), "#")
		page := s.page(path)
		if name != "" && page.Find("#"+name+" .value").Length() != 1 {
			t.Errorf("%s does not explain %q", path, name)
		}
	}
}

func TestExplainOfNothing(t *testing.T) {
	s := signedIn(t, nil)
	for path, want := range map[string]int{
		"/explain/no-such": http.StatusNotFound, "/explain/cycle-time?range=x": http.StatusBadRequest, "/explain/cycle-time": http.StatusOK,
		"/explain/change-fail-rate": http.StatusOK, "/explain/pipeline-duration": http.StatusOK, "/explain/errors-open": http.StatusOK,
	} {
		if got := s.get(path).status; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if text := textOf(s.page("/explain/cycle-time"), ".explain"); !strings.Contains(text, "Nothing was counted") {
		t.Errorf("nothing is explained as %q", text)
	}
}

// The group of errors that stood longest is told, and leads to itself.
func TestExplainedResolveTimes(t *testing.T) {
	s := withErrors(t)
	b := knownErrors()
	slow := b.ErrorGroups[3]
	slow.ID, slow.ShortID, slow.Title, slow.FirstSeen = "6", "WEB-6", "Slow", errorsAt(-30)
	slow.States = []delivery.GroupState{{Status: delivery.GroupUnresolved, At: slow.FirstSeen}, {Status: delivery.GroupResolved, At: errorsAt(-10)}}
	if _, err := s.store.Write(t.Context(), delivery.Batch{Connection: "sentry", ErrorGroups: []delivery.ErrorGroup{slow}}); err != nil {
		t.Fatal(err)
	}
	d := s.page("/explain/errors-resolve-time?range=7d")
	p80 := d.Find("#p80")
	if got := secondsIn(t, p80.Find("table").First().Find("tbody tr")); !slices.Equal(got, []float64{36000, 72000}) {
		t.Errorf("p80 lies between %v, want 10 and 20 hours", got)
	}
	longest := p80.Find("table tbody tr").Last()
	if href := longest.Find("a").AttrOr("href", ""); !strings.Contains(longest.Text(), "WEB-6") || s.page(href).Find("h1").Text() != "Slow" {
		t.Errorf("the longest is %q at %q", longest.Text(), href)
	}
}

// Figures that are no percentiles of times are explained as what they are.
func TestExplainedOtherFigures(t *testing.T) {
	s := inCompany(t, 400, nil)
	explained := func(slug, figure string) string {
		return textOf(s.page("/explain/"+slug+"?range=200d"), "#"+figure)
	}
	panel := func(slug string) apiPanelData {
		return read[apiPanelData](s, "/api/v1/panels/"+slug+"?range=200d&clock=business")
	}
	p := i18n.For("en")
	number := func(v *float64) string { return p.Number(*v, 3) }

	control := panel("control-chart")
	mean, upper := control.Headline["mean"], control.Headline["upper"]
	if got := explained("control-chart", "mean"); !strings.Contains(got, "Mean cycle time") || !strings.Contains(got, " ÷ "+strconv.Itoa(control.N)+" = "+number(mean)+" s") {
		t.Errorf("the mean of the control chart, %s: %s", number(mean), got)
	}
	if got := explained("control-chart", "upper"); !strings.Contains(got, number(mean)+" + 2.66 × "+number(control.Headline["range"])+" = "+number(upper)+" s") {
		t.Errorf("its upper limit, %s: %s", number(upper), got)
	}

	forecast := panel("forecast")
	days := int(*forecast.Headline["p85"])
	if got := explained("forecast", "p85"); !strings.Contains(got, "85 % of the runs need at most "+strconv.Itoa(days)+" days") {
		t.Errorf("the forecast's p85 of %d days: %s", days, got)
	}
	if got := explained("forecast", "mean"); !strings.Contains(got, strconv.Itoa(forecast.N)+" ÷ ") || !strings.Contains(got, "/ day") || strings.Contains(got, "week") {
		t.Errorf("the mean of its history: %s", got)
	}

	for _, slug := range []string{"flow-efficiency", "blocked-time"} {
		rate := strings.ReplaceAll(p.Percent(*panel(slug).Headline["rate"], 2), "\u00a0", " ")
		if got := explained(slug, "rate"); !strings.Contains(got, " h ÷ ") || !strings.Contains(got, " = "+rate) || strings.Contains(got, " of "+strconv.Itoa(panel(slug).N)+":") {
			t.Errorf("%s, %s: %s", slug, rate, got)
		}
	}

	finished := read[apiPanelData](s, "/api/v1/panels/cycle-time?range=200d").N
	if got := explained("aging", "p50"); !strings.Contains(got, "this is of the "+strconv.Itoa(finished)+" that were finished") {
		t.Errorf("the bands of aging, of %d: %s", finished, got)
	}
	if got := explained("throughput", "p50"); !strings.Contains(got, "Median per week"+p.Number(*panel("throughput").Headline["p50"], 3)) {
		t.Errorf("the median of throughput: %s", got)
	}
	figure := s.page("/panels/" + headlineSlug + "?range=200d").Find(".figure").Last()
	how := figure.Find("a[href*='/explain/']").AttrOr("href", "")
	throughput := panel("throughput")
	left := 0
	for _, n := range throughput.Excluded {
		left += n
	}
	if !strings.Contains(how, "/explain/throughput?") || !strings.Contains(figure.Text(), p.Number(float64(throughput.N+left), 0)) {
		t.Errorf("finished issues lead to %s: %s; %d + %d", how, figure.Text(), throughput.N, left)
	}
}
