package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"throughline/internal/delivery"
	"throughline/internal/store/sqlitestore"
)

// withPoints is the environment of a program that holds a week of custom series, with
// deployments and an incident.
func withPoints(t *testing.T) []string {
	t.Helper()
	environ := append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD="+loadPassword)
	launch(t, environ, "serve").stop() // makes the directory
	store, err := sqlitestore.Open(t.Context(), filepath.Join(dirOf(environ), factsFile))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Truncate(time.Minute)
	at := func(hours float64) delivery.Instant {
		return delivery.InstantOf(now.Add(time.Duration(hours * float64(time.Hour))))
	}
	points := delivery.Points{Token: "ci", ReceivedAt: at(0)}
	for of, suite := range []string{"unit", "integration", "browser"} {
		points.Series = append(points.Series, delivery.SeriesKey{Metric: "ci.time", Tags: []delivery.Tag{{Key: "host", Value: "runner-1"}, {Key: "suite", Value: suite}}})
		for i := range 7 * 24 * 6 {
			if i > 400 && i < 480 {
				continue // nobody worked
			}
			wave := math.Sin(float64(i)/40) * 20
			points.Of, points.At = append(points.Of, uint32(of)), append(points.At, at(-float64(i)/6))
			points.Values = append(points.Values, 60+float64(of)*70+wave+float64(i*7919%17))
		}
	}
	for i, metric := range []string{"ci.queue.length", "cache.hit_ratio", "deploy.size.bytes"} {
		points.Series = append(points.Series, delivery.SeriesKey{Metric: metric, Tags: []delivery.Tag{}})
		for h := range 24 {
			points.Of, points.At, points.Values = append(points.Of, uint32(3+i)), append(points.At, at(-float64(h))), append(points.Values, math.Pow(1000, float64(i))*(2+float64(h%5)))
		}
	}
	for host := range 12 {
		points.Series = append(points.Series, delivery.SeriesKey{Metric: "many.hosts", Tags: []delivery.Tag{{Key: "host", Value: fmt.Sprintf("web-%d", host)}}})
		for h := range 100 {
			points.Of, points.At, points.Values = append(points.Of, uint32(6+host)), append(points.At, at(-float64(h))), append(points.Values, 5000+float64(host*40+h*h%71))
		}
	}
	b := delivery.Batch{Connection: "gh"}
	for i, hours := range []float64{-100, -70, -20} {
		end := at(hours)
		b.Deployments = append(b.Deployments, delivery.Deployment{
			ID: fmt.Sprint(i + 1), Repository: "acme/pay", Environment: "production", SHA: fmt.Sprintf("abcdef%d", i), Version: fmt.Sprintf("1.%d", i),
			CreatedAt: end, StartedAt: end, FinishedAt: end, UpdatedAt: end, Status: delivery.DeploySuccess, ToldAt: 1,
			States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: end}},
		})
	}
	b.Incidents = []delivery.Incident{{ID: "7", Title: "Payments are slow", Service: "acme/pay", StartedAt: at(-19), ResolvedAt: at(-15), UpdatedAt: at(-15)}}
	_, err = store.Write(t.Context(), delivery.Batch{Connection: "series", Points: []delivery.Points{points}})
	if err == nil {
		_, err = store.Write(t.Context(), b)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return environ
}

// shootSeries takes pictures of a page in every look when SCREENSHOTS names a folder.
func (b *tab) shootSeries(name, path string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, lang := range []string{"en", "ru"} {
		b.prefer("lang", lang)
		for _, theme := range []string{"light", "dark"} {
			b.prefer("theme", theme)
			for _, width := range []int{1440, 390} {
				b.do("size", chromedp.EmulateViewport(int64(width), 900))
				b.open(path)
				b.do("size", chromedp.EmulateViewport(int64(width), 3000)) // all is in sight
				b.drawn()
				b.do("size", chromedp.EmulateViewport(int64(width), 900))
				if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
					b.t.Errorf("%s, %s, %d: %g px wider than its window", path, lang, width, wide)
				}
				file := filepath.Join(folder, fmt.Sprintf("series-%s-%s-%s-%d.png", name, lang, theme, width))
				if err := os.WriteFile(file, b.picture(width), 0o644); err != nil {
					b.t.Fatal(err)
				}
			}
			b.do("size", chromedp.EmulateViewport(1440, 900))
		}
	}
	b.prefer("lang", "en")
	b.prefer("theme", "light")
}

// TestSeriesInTheBrowser asks for custom series as a lead would: find a metric, narrow
// it by a tag, be told what is wrong, draw, and keep the chart for all.
func TestSeriesInTheBrowser(t *testing.T) {
	environ := withPoints(t)
	s := launch(t, environ, "serve")
	b := openTab(t, s.url, 1440, 1000)
	b.signIn("lead@example.com", loadPassword)
	b.open("/series")
	b.drawn()
	b.untilText(".nothing", "No query yet")

	box := `document.querySelector("#query-A").value`
	b.do("look for a metric", chromedp.SendKeys(chromedp.CSS("#find-metric"), "TIME"))
	b.until("one metric is found", `document.querySelectorAll("#metrics[data-found=time] a").length === 1`)
	b.press(kb.ArrowDown)
	b.expect("the arrow leads to it", `document.activeElement.innerText === "ci.time"`)
	b.click("#metrics a")
	b.until("the metric is in the box", box+` === "fetch('ci.time')"`)
	b.untilText("#tags", "integration")
	b.click(`#tags a[data-term="suite='unit'"]`)
	b.expect("the tag is in the box", box+` === "fetch('ci.time', suite='unit')"`)
	b.click(`#tags a[data-term="host='runner-1'"]`)
	b.click(`#tags a[data-term="suite='browser'"]`)
	b.expect("another value of a tag takes its place", box+` === "fetch('ci.time', suite='browser', host='runner-1')"`)
	b.click(`#tags button[data-group*="suite"]`)
	b.expect("the tag's values are apart", box+` === "fetch('ci.time', suite='browser', host='runner-1').downsample('auto', 'avg').avg_by('suite')"`)

	b.fill("#query-A", "fetch('ci.time')\n.downsmple('1h', 'avg')")
	b.press(kb.Enter) // no more than a new line
	b.do("draw by keys", chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.untilText("#query-A-error", "line 2, column 2: there is no .downsmple()")
	b.expect("the place is marked and chosen", `document.querySelector("#query-A-error mark").innerText === "d" && getSelection().toString() !== undefined && document.activeElement.id === "query-A"`)
	b.expect("the caret stands there", `document.activeElement.selectionStart === "fetch('ci.time')\n.".length`)
	defer b.forget("status of 400") // which is what a wrong query is
	b.shootSeries("wrong", "/series?q=fetch('ci.time')%0A.downsmple('1h',+'avg')")
	b.open("/series?q=fetch('ci.time')%0A.downsmple('1h',+'avg')")

	b.fill("#query-A", "fetch('ci.time').downsample('auto', 'avg').avg_by('suite')")
	b.click("[data-more]")
	b.until("there is another box", `document.activeElement.id === "query-B"`)
	b.do("write", chromedp.SendKeys(chromedp.CSS("#query-B"), "fetch('ci.queue.length')"))
	b.follow(".queries button.primary")
	b.drawn()
	if folder := os.Getenv("SCREENSHOTS"); folder != "" {
		b.do("point at the lines", chromedp.MouseEvent(chromedp.MouseMoved, 1075, 330), chromedp.Sleep(fade))
		if err := os.WriteFile(filepath.Join(folder, "series-tip.png"), ask(b, "take a picture", chromedp.CaptureScreenshot()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.expect("a chart is drawn", `document.querySelectorAll(".chart.lines canvas").length === 1`)
	b.expect("both queries are in the address", `new URLSearchParams(location.search).getAll("q").length === 2`)
	b.untilText(".definitions", "3 deployments")
	b.click("[data-view=table]")
	b.expect("the table is shown", `document.querySelectorAll(".table-view th").length === 5`)
	b.click("[data-query]:has(#query-B) [data-remove]")
	b.expect("a box is removed", `document.querySelectorAll("[data-query]").length === 1 && document.activeElement.id === "query-A"`)

	b.open("/series?range=7d&q=fetch('ci.time').downsample('auto',+'avg').avg_by('suite')")
	b.fill("#f-panel_name", "CI time by suite")
	b.follow(".series-save button")
	b.untilText(".banner.good", "CI time by suite")
	b.open("/")
	eval[bool](b, `(document.querySelector("#panel-series-1").scrollIntoView(), true)`)
	b.until("it is on the overview", `document.querySelector("#panel-series-1 .chart.lines canvas")`)
	b.expect("its title leads to its queries", `document.querySelector("#panel-series-1 h3 a").href.includes("/series?q=fetch")`)

	for i, query := range []string{"fetch('many.hosts')", "fetch('deploy.size.bytes')", "fetch('cache.hit_ratio')"} {
		b.open("/series?q=" + query)
		b.fill("#f-panel_name", fmt.Sprintf("Panel %d", i+2))
		b.follow(".series-save button")
	}
	axe := axeScript(t)
	for _, path := range []string{"/series", "/series?q=fetch('ci.time')", "/series?q=fetch('many.hosts')", "/series?q=fetch("} {
		for _, width := range []int64{1440, 390} {
			b.do("size", chromedp.EmulateViewport(width, 900))
			b.open(path)
			b.drawn()
			b.accessible(axe, path)
			eval[bool](b, openAll)
			b.accessible(axe, path+", all open")
		}
	}
	b.do("size", chromedp.EmulateViewport(1440, 900))
	b.shootSeries("overview", "/")
	b.shootSeries("two", "/series?q=fetch('ci.time').downsample('auto',+'avg').avg_by('suite')&q=fetch('ci.queue.length')")
	b.shootSeries("many", "/series?q=fetch('many.hosts')")
	b.shootSeries("one", "/series?range=1d&q=fetch('deploy.size.bytes')")
	b.shootSeries("none", "/series")

	b.open("/series#saved")
	b.click(".saved-series li:first-child summary")
	b.follow(".saved-series li:first-child button.bad")
	b.untilText(".banner.good", "was deleted")
}

// TestSeriesBeforeAny: before anything was received the page says how to send.
func TestSeriesBeforeAny(t *testing.T) {
	s := launch(t, append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD="+loadPassword), "serve")
	b := openTab(t, s.url, 1440, 900)
	b.signIn("lead@example.com", loadPassword)
	b.open("/series")
	b.untilText(".series-start", s.url+"/api/put")
	b.shootSeries("start", "/series")
}
