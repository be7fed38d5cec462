package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// choose sets a field of a form as a user does who is done with it.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	eval[bool](b, fmt.Sprintf(`((e) => { e.value = %q; return e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector(%q))`, value, selector))
}

// TestWhatIfInTheBrowser tries other definitions, is told what is wrong with one, saves
// them from a day on, sees the marker, pins a link to before, and takes all back.
func TestWhatIfInTheBrowser(t *testing.T) {
	s := filledDemo(t)
	undefine(t, s.url)
	b := openTab(t, s.url, 1440, 900)
	before := panelOf(t, s.url, "range=180d")
	b.open("/flow?range=180d")
	b.drawn()
	b.follow(".page-head a[href*='/flow/what-if']")
	b.untilText("#trial-result h2", "Nothing differs yet")

	b.choose(`select[name="class:readyForRelease"]`, "closed")
	b.untilText(".trial-changes", "Holds from")
	b.until("the address holds what is tried", `new URLSearchParams(location.search).get("class:readyForRelease") === "closed"`)
	b.expect("figures differ", `document.querySelectorAll(".trial-rows tr.differs").length > 1`)
	b.expect("issues are listed", `document.querySelectorAll(".trial-flips tbody a[href^='/issues/']").length > 3`)
	if now := panelOf(t, s.url, "range=180d"); now.p50() != before.p50() {
		t.Errorf("a trial changed the median from %g to %g", before.p50(), now.p50())
	}

	eval[bool](b, `(() => { for (const e of document.querySelectorAll("#trial details")) e.open = true; return true })()`)
	b.choose("#f-hours", "9 to 5")
	b.until("the mistake is named at its field", `document.querySelector("#trial-result [data-errors]") && !document.querySelector("#f-hours").closest(".field").querySelector(".error").hidden`)
	b.choose("#f-hours", "10:00-19:00")
	b.until("it is mended", `!document.querySelector("[data-errors]") && document.querySelector("#f-hours").closest(".field").querySelector(".error").hidden`)
	day := time.Now().AddDate(0, 0, -60)
	b.choose("#f-since", day.Format(time.DateOnly))
	b.until("it can be saved from that day", fmt.Sprintf(`document.querySelector(".trial-save input[name=since]")?.value === %q && document.querySelector(".trial-save button").innerText.startsWith("Save from")`, day.Format(time.DateOnly)))
	tried := eval[string](b, `[...document.querySelectorAll(".trial-rows tr")].find((r) => r.innerText.startsWith("Cycle time, median")).cells[2].innerText.trim()`)
	address := eval[string](b, `location.pathname + location.search`)

	b.follow(".trial-save button.primary")
	b.untilText(".flash", "Saved")
	b.until("numbers are rebuilt", `!document.querySelector("#rebuild progress")`)
	after := panelOf(t, s.url, "range=180d")
	if after.p50() == before.p50() || len(after.Markers) == 0 {
		t.Errorf("saved, the median was %g and is %g, markers %v", before.p50(), after.p50(), after.Markers)
	}
	b.open("/flow?range=180d")
	if got := b.headline(); got != tried {
		t.Errorf("the page says %s, the trial had promised %s", got, tried)
	}
	b.until("the chart holds the marker", `document.getElementById("chart-cycle-time-trend")?.textContent.includes("Workflow changed")`)

	pin := "/flow?definition=" + day.AddDate(0, 0, -1).Format(time.DateOnly) + "&range=180d"
	if pinned := panelOf(t, s.url, strings.TrimPrefix(pin, "/flow?")); pinned.p50() != before.p50() {
		t.Errorf("pinned to the day before, the median is %g, want %g", pinned.p50(), before.p50())
	}
	b.open(pin)
	b.drawn()
	b.expect("charts keep the pin", `[...document.querySelectorAll("section.panel[id]")].some((e) => e.outerHTML.includes("definition="))`)

	// The link that was shared still says what differs, which is nothing any more.
	b.open(address)
	b.untilText("#trial-result", "Cycle time, median")
	b.open("/flow?range=180d")
	b.follow(".page-head a[href*='/flow/what-if']")
	b.choose(`select[name="class:testing"]`, "waiting")
	b.untilText(".trial-changes", "Testing")
	b.follow(".trial-save a.button")
	b.until("discarded", `location.pathname === "/flow"`)
	if now := panelOf(t, s.url, "range=180d"); now.p50() != after.p50() {
		t.Errorf("a trial that was discarded left a median of %g, want %g", now.p50(), after.p50())
	}
}

// TestDoraWhatIfInTheBrowser tries other rules of deployments.
func TestDoraWhatIfInTheBrowser(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 390, 844)
	b.open("/dora?range=60d")
	b.drawn()
	b.follow(".page-head a[href*='/dora/what-if']")
	b.untilText("#trial-result h2", "Nothing differs yet")
	b.choose("#f-production", "staging")
	b.until("the address holds what is tried", `new URLSearchParams(location.search).get("production") === "staging"`)
	b.until("figures differ", `document.querySelectorAll(".trial-rows tr.differs").length > 0`)
	b.expect("deployments are listed", `document.querySelector(".trial-flips")`)
	b.choose("#f-window", "a while")
	b.until("the mistake is named at its field", `!document.querySelector("#f-window").closest(".field").querySelector(".error").hidden`)
	if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
		t.Errorf("the page is %g px wider than a phone", wide)
	}
}

// TestForecastInTheBrowser asks when so many issues will be done.
func TestForecastInTheBrowser(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow?range=180d")
	b.drawn()
	open := eval[string](b, `document.querySelector("#forecast-items").value`)
	b.choose("#forecast-items", "25")
	eval[bool](b, `document.querySelector("#forecast-items").form.requestSubmit() || true`)
	b.until("the answer is of 25", `document.querySelector("#panel-forecast .sentence")?.innerText.includes("25")`)
	b.drawn()
	b.expect("it is drawn", `document.querySelector("#panel-forecast canvas")`)
	if open == "25" || open == "" {
		t.Errorf("%q issues are open", open)
	}
	b.choose("#forecast-items", "0")
	eval[bool](b, `document.querySelector("#forecast-items").form.requestSubmit() || true`)
	b.expect("none is refused by the browser", `!document.querySelector("#forecast-items").checkValidity()`)
}

// TestQualityInTheBrowser goes from the badge to what is wrong, to its list, its fix and
// a chart that it concerns.
func TestQualityInTheBrowser(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow?range=180d")
	b.drawn()
	b.until("the rail counts what is wrong", `/\d/.test(document.querySelector(".rail-count")?.innerText)`)
	b.follow(".rail a[href$='/quality']")
	kinds := eval[[]string](b, `[...document.querySelectorAll(".quality-part")].map((e) => e.id)`)
	if len(kinds) < 3 {
		t.Fatalf("wrong is only %v", kinds)
	}
	count := eval[string](b, `document.querySelector(".rail-count [aria-hidden]").innerText.trim()`)
	if index := eval[int](b, `document.querySelectorAll(".quality-index li").length`); fmt.Sprint(index) != count || index != len(kinds) {
		t.Errorf("the badge says %s, the index has %d of %d kinds", count, index, len(kinds))
	}
	for _, kind := range kinds {
		for _, link := range eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll("#%s a[href]")].map((a) => a.getAttribute("href")).filter((h) => h.startsWith("/"))`, kind)) {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s leads to %q", kind, link)
				continue
			}
			if status, _ := s.get(u.Path + "?" + u.RawQuery); status != 200 {
				t.Errorf("%s: %s answers %d", kind, link, status)
			}
		}
	}
	b.follow(".quality-part .panel-foot a.count, .quality-part .panel-head a.button")
	b.until("there is a page behind it", `document.querySelector("h1")`)
}

// TestExplainInTheBrowser opens how a figure is computed, and finds the figure there: over
// the page, and as a page.
func TestExplainInTheBrowser(t *testing.T) {
	s := demoToLookAt(t)
	axe := axeScript(t)
	b := openTab(t, s.url, 1440, 900)
	const link, shown = ".figure a[href*='/explain/']", "#explained[open]"
	for _, lang := range []string{"en", "ru"} {
		b.open("/flow?range=180d&lang=" + lang)
		b.drawn()
		figure := b.headline()
		b.click(link)
		b.until("it opens over the page", `document.querySelector("#explained[open] .explain")`)
		b.untilText(shown, figure)
		b.expect("its title has the focus", `document.activeElement.id === "explained-title" && document.activeElement.textContent !== ""`)
		b.expect("the figure is marked", `document.querySelector("#explained .asked h2")`)
		b.accessible(axe, "an explanation over "+lang)
		b.press(kb.Escape)
		b.until("it is closed", `!document.querySelector("#explained[open]")`)
		b.expect("the focus is where it was", fmt.Sprintf("document.activeElement === document.querySelector(%q)", link))
		b.click(link)
		b.until("it opens again", `document.querySelector("#explained[open] .explain")`)
		b.follow("#explained [data-page]")
		b.until("it is in the language", fmt.Sprintf("document.documentElement.lang === %q", lang))
		b.untilText("main", figure)
		b.expect("issues are named", `document.querySelectorAll("main a[href*='/issues/']").length >= 2`)
		b.open("/?lang=" + lang)
		b.drawn()
		b.click("table.teams thead a[href*='/explain/']")
		b.until("every column explains itself", `document.querySelector("#explained[open] .explain")`)
		b.click("#explained [data-close]")
		b.until("it is closed", `!document.querySelector("#explained[open]")`)
	}
}
