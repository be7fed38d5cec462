package main

import (
	"slices"
	"strings"
	"testing"
)

// TestFilterOfOwnDates: one day of two asks for nothing, and days in the wrong
// order are told on the page in place of the charts.
func TestFilterOfOwnDates(t *testing.T) {
	s := launch(t, nil, "demo")
	s.logged(`msg="sync ended"`)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow")
	b.until("panels are there", `!document.querySelector("[aria-busy=true]")`)
	set := func(id, value string) {
		eval[bool](b, `((e, v) => { e.value = v; return e.dispatchEvent(new Event("change", {bubbles: true})) })(document.getElementById("`+id+`"), "`+value+`")`)
	}
	set("filter-range", "")
	set("filter-from", "2026-03-10")
	if asked := eval[bool](b, `Boolean(document.querySelector(".htmx-request")) || location.search !== ""`); asked {
		t.Error("one day of two is asked for")
	}
	set("filter-to", "2026-03-01")
	b.untilText(".banner.bad", "must not come after")
	if left := eval[float64](b, `document.querySelectorAll(".panel").length`); left != 0 {
		t.Errorf("%g charts are left", left)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return strings.Contains(fault, "400 (Bad Request)") })
}
