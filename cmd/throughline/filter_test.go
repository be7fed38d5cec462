package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestFilterOfOwnDates is about days as they are typed, key by key: neither a
// year half there nor one day of two asks for anything, Enter or going on does,
// and days in the wrong order are told on the page in place of the charts.
func TestFilterOfOwnDates(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow")
	settled := func() {
		t.Helper()
		b.until("panels are there", `!document.querySelector("[aria-busy=true], .htmx-request")`)
	}
	settled()
	own := func() {
		t.Helper()
		eval[bool](b, `(e => { e.value = ""; return e.dispatchEvent(new Event("change", {bubbles: true})) })(document.getElementById("filter-range"))`)
		b.expect("the first day has the focus", `document.activeElement.id === "filter-from"`)
	}
	typed := func(keys string) {
		t.Helper()
		for _, key := range keys {
			b.press(string(key))
		}
	}
	quiet := func(what string) {
		t.Helper()
		b.expect(what+" asks for nothing", `!document.querySelector(".htmx-request") && location.search === ""`)
	}
	own()
	typed("0901")
	for _, digit := range "2026" {
		typed(string(digit))
		quiet("a digit of the year")
		b.expect("the focus stays", `document.activeElement.id === "filter-from"`)
	}
	// From segment to segment where the browser has more of them, to the other day.
	for range 3 {
		if eval[string](b, `document.activeElement.id`) == "filter-to" {
			break
		}
		b.press(kb.Tab)
	}
	quiet("one day of two")
	typed("11012026")
	quiet("a period that is still written")
	b.press(kb.Enter)
	b.until("the period is asked for", `location.search.includes("from=2026-09-01") && location.search.includes("to=2026-11-01")`)
	settled()
	b.expect("both days are kept", `document.getElementById("filter-from").value === "2026-09-01" && document.getElementById("filter-to").value === "2026-11-01"`)

	b.do("stand on the last day", chromedp.Focus(chromedp.CSS("#filter-to")))
	typed("10152026")
	b.do("go on", chromedp.Focus(chromedp.CSS("#filter-bucket")))
	b.until("leaving asks too", `location.search.includes("to=2026-10-15")`)
	settled()

	b.do("stand on the last day", chromedp.Focus(chromedp.CSS("#filter-to")))
	typed("08012026")
	b.press(kb.Enter)
	b.untilText(".banner.bad", "must not come after")
	if left := eval[float64](b, `document.querySelectorAll(".panel").length`); left != 0 {
		t.Errorf("%g charts are left", left)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return strings.Contains(fault, "400 (Bad Request)") })
}

// TestFilterOfQuickHands ticks in a menu that is opened and closed before the
// browser had time to tell of either, as on a page that is busy drawing.
func TestFilterOfQuickHands(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow?range=180d")
	b.until("panels are there", `!document.querySelector("[aria-busy=true], .htmx-request")`)
	const atOnce = `(() => {
		const menu = document.querySelector("#filter-team"), tick = document.querySelector("[name=team]");
		menu.click(); tick.click(); menu.click();
		return tick.value;
	})()`
	first := eval[string](b, atOnce)
	b.until("the team is in the address", `new URLSearchParams(location.search).get("team") !== null`)
	if team := eval[string](b, `new URLSearchParams(location.search).get("team")`); team != first {
		t.Errorf("team %q is asked for, ticked was %q", team, first)
	}
	b.until("panels are there", `!document.querySelector("[aria-busy=true], .htmx-request")`)
	b.expect("it stays ticked", `document.querySelector("[name=team]").checked`)

	eval[string](b, atOnce)
	b.until("no team is in the address", `!location.search.includes("team")`)
	b.until("panels are there", `!document.querySelector("[aria-busy=true], .htmx-request")`)
	before := eval[float64](b, `performance.getEntriesByType("resource").length`)
	eval[bool](b, `(() => { const menu = document.querySelector("#filter-team"); menu.click(); menu.click(); return true })()`)
	b.until("the menu is closed", `!document.querySelector("#filter-team").parentElement.open`)
	if after := eval[float64](b, `performance.getEntriesByType("resource").length`); after != before {
		t.Errorf("looking into a menu asks for %g more", after-before)
	}
}
