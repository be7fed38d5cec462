package main

import (
	"strings"
	"testing"
)

// TestNumbersOnAPhone: figures stay whole in narrow tables, and none is left out.
func TestNumbersOnAPhone(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 390, 844)
	b.open("/flow")
	b.until("rows are there", `document.querySelector("#table-cycle-time tbody a")`)
	key := eval[string](b, `document.querySelector("#table-cycle-time tbody a").innerText || document.querySelector("#table-cycle-time tbody a").textContent`)
	b.open("/issues/" + key)
	b.expect("there are totals with a share", `document.querySelectorAll(".totals tbody tr").length > 1 && [...document.querySelectorAll(".totals td:last-child")].every((e) => e.offsetWidth > 0 && e.innerText.includes("%"))`)
	b.expect("every figure is on one line", `[...document.querySelectorAll(".totals td")].every((e) => {
		const range = document.createRange();
		range.selectNodeContents(e);
		return new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size === 1;
	})`)
	b.expect("nothing leaves the screen", `document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll(".totals *")].every((e) => e.getBoundingClientRect().right <= innerWidth)`)
}

// TestFootsOnPaper applies the rules for paper to the screen: what a chart
// counts is printed beneath it, what can only be clicked is not.
func TestFootsOnPaper(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow")
	b.until("panels are there", `document.querySelectorAll(".panel-foot").length === 12`)
	eval[bool](b, `(() => {
		for (const sheet of document.styleSheets) {
			for (const rule of [...sheet.cssRules]) {
				if (rule.media?.mediaText !== "print") continue;
				for (const inner of rule.cssRules) sheet.insertRule(inner.cssText, sheet.cssRules.length);
			}
		}
		return true;
	})()`)
	foots := eval[[]string](b, `[...document.querySelectorAll(".panel-foot")].map((e) => e.innerText.replace(/\s+/g, " ").trim())`)
	for i, foot := range foots {
		if !strings.HasPrefix(foot, "n = ") || i < 4 && !strings.Contains(foot, "excluded") {
			t.Errorf("foot %d lacks what it counts: %s", i+1, foot)
		}
		for _, word := range []string{"CSV", "JSON", "able", "ow is this", "opy"} {
			if strings.Contains(foot, word) {
				t.Errorf("foot %d can be clicked for %q: %s", i+1, word, foot)
			}
		}
	}
}
