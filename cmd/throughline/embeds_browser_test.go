package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// inFrame is an expression in the preview's page.
func inFrame(expression string) string {
	return fmt.Sprintf(`(d => d && d.readyState === "complete" && (%s))(document.querySelector("[data-embed-frame]")?.contentDocument)`, expression)
}

// TestEmbedInTheBrowser makes an embed as a lead would: from a chart, by a form whose
// preview follows, to an address to paste.
func TestEmbedInTheBrowser(t *testing.T) {
	s := filledDemo(t)
	axe := axeScript(t)
	b := openTab(t, s.url, 1440, 1000)
	b.open("/flow?team=Payments&range=30d&type=bug&clock=elapsed")
	b.drawn()
	b.click("#panel-cycle-time-trend [data-embed-link]")
	b.until("the form is there", `location.pathname === "/settings/embeds/new" && document.querySelector("#embed-form")`)
	b.expect("it is filled with the page's filter", `(f => f.panel.value === "cycle-time-trend" && f.range.value === "30d" && f.clock.value === "elapsed" &&
		[...document.querySelectorAll("[name=team]:checked, [name=type]:checked")].map((i) => i.value).join() === "Payments,bug")(document.querySelector("#embed-form").elements)`)
	b.expect("a name is suggested", `document.querySelector("#f-name").value.endsWith(" · Payments")`)
	b.until("the preview draws a chart", inFrame(`d.querySelector(".chart canvas") && d.documentElement.dataset.theme === "auto"`))

	b.do("choose dark", chromedp.SetValue(chromedp.CSS("#f-theme"), "dark"))
	b.until("the preview is dark", inFrame(`d.documentElement.dataset.theme === "dark" && d.querySelector(".chart canvas")`))
	b.fill("#f-height", "300")
	b.until("the frame is lower", `document.querySelector("[data-embed-frame]").height === "300"`)
	b.click("#f-team")
	b.click(`[name=team][value="Web"]`)
	b.until("both teams are named on the lid, and not in the name", `document.querySelector("#f-team [data-picked]").textContent === "Payments, Web" && !document.querySelector("#f-name").value.includes(" · ")`)
	b.click(`[name=team][value="Web"]`)
	b.do("choose own period", chromedp.SetValue(chromedp.CSS("#f-range"), "own"))
	b.until("what is missing is said in the preview's place", inFrame(`d.querySelector(".embed-mistakes")?.innerText.includes("45d, 12w or 6m")`))
	b.fill("#f-span", "12w")
	b.until("it is drawn again", inFrame(`d.querySelector(".chart canvas")`))
	b.expect("the way back leads to the page, not through previews", `history.length <= 3`)

	b.do("choose another chart", chromedp.SetValue(chromedp.CSS("#f-panel"), "change-lead-time"))
	b.until("its fields are another's", `document.querySelector("#f-links") && !document.querySelector("[name=queue]") && document.querySelector("#f-theme").value === "dark" && document.querySelector("#f-span").value === "12w"`)
	b.until("its preview is drawn", inFrame(`d.querySelector("h1").innerText === "Change lead time" && d.querySelector(".chart canvas")`))
	b.expect("the name goes with it", `document.querySelector("#f-name").value === "Change lead time · Payments"`)
	b.do("choose the first chart again", chromedp.SetValue(chromedp.CSS("#f-panel"), "cycle-time"))
	b.until("its preview is drawn", inFrame(`d.querySelector(".chart.marks canvas")`))
	b.do("write sites", chromedp.SendKeys(chromedp.CSS("#f-sites"), "https://wiki.example.com/pages/1"))
	eval[bool](b, openAll)
	b.accessible(axe, "the form, all open")
	b.shootEmbeds("form")

	b.follow("#embed-form button.primary")
	b.untilText(".once h2", "Cycle time of finished issues · Payments")
	address := eval[string](b, `document.querySelector("#once").value`)
	if !strings.HasPrefix(address, s.url+"/embed/") {
		t.Fatalf("the address is %q", address)
	}
	b.click("[data-copy=snippet-iframe]")
	b.untilText("[data-copy=snippet-iframe]", "Copied")
	b.accessible(axe, "the address")
	b.shootEmbeds("address")
	b.open(strings.TrimPrefix(address, s.url))
	b.until("the address shows the chart", `document.querySelector(".chart.marks canvas") && !document.querySelector(".rail")`)

	b.open("/settings/embeds")
	b.untilText(".embeds tbody", "wiki.example.com")
	b.accessible(axe, "the list")
	for _, path := range []string{"/settings/embeds/1", "/settings/embeds/1/revoke", "/settings/embeds/1/address", "/settings/embeds/new?panel=series"} {
		for _, width := range []int64{1440, 390} {
			b.do("size", chromedp.EmulateViewport(width, 900))
			b.open(path)
			b.until("it is loaded", `document.readyState === "complete"`)
			b.accessible(axe, path)
			b.expect("nothing is wider than the window", `document.documentElement.scrollWidth <= innerWidth`)
		}
	}
	b.open("/settings/embeds/1/revoke")
	b.follow("main form button.bad")
	b.untilText(".banner.good", "is revoked")
	eval[bool](b, openAll)
	b.accessible(axe, "the list of none, all open")
}

// shootEmbeds takes pictures of the page that is open when SCREENSHOTS names a folder.
func (b *tab) shootEmbeds(name string) {
	b.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, width := range []int{1440, 1024, 390} {
		b.do("size", chromedp.EmulateViewport(int64(width), 900))
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("embeds-%s-%d.png", name, width)), b.picture(width), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do("size", chromedp.EmulateViewport(1440, 1000))
}
