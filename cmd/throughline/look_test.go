package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestKeyboard goes through the program without a mouse.
func TestKeyboard(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow?range=180d")
	b.drawn()

	b.press(kb.Tab)
	b.expect("the first Tab is at the link to the content", `document.activeElement.matches(".skip") && document.activeElement.getBoundingClientRect().top >= 0`)
	b.press(kb.Enter)
	b.expect("it leads there", `document.activeElement.id === "content"`)
	b.press(kb.Tab)
	b.expect("then comes what if", `document.activeElement.matches("a[href*='/flow/what-if']")`)
	b.press(kb.Tab)
	b.expect("then comes the filter", `document.activeElement.id === "filter-team"`)
	b.expect("the focus is seen", `(s => s.outlineStyle === "solid" && parseFloat(s.outlineWidth) >= 2)(getComputedStyle(document.activeElement))`)

	b.press(kb.ArrowDown)
	b.expect("an arrow opens a menu", `document.activeElement.id === "filter-team-0" && document.getElementById("filter-team").parentElement.open`)
	b.press(kb.ArrowDown)
	b.expect("arrows walk through it", `document.activeElement.id === "filter-team-1"`)
	b.press(kb.End)
	b.expect("to its end", `document.activeElement.matches("[data-none]")`)
	b.press(kb.Home)
	b.expect("and its beginning", `document.activeElement.id === "filter-team-0"`)
	b.press(kb.Escape)
	b.expect("Escape closes it", `document.activeElement.id === "filter-team" && !document.getElementById("filter-team").parentElement.open`)

	b.press(kb.Enter)
	b.press(kb.Tab)
	b.press(" ")
	b.expect("a value is chosen", `document.getElementById("filter-team-0").checked`)
	b.press(kb.Escape)
	b.until("the page is of it", `location.search.includes("team=")`)
	b.drawn()
	b.until("the focus is where it was", `document.activeElement.id === "filter-team"`)

	b.open("/flow?range=180d")
	b.drawn()
	stops := b.tabStops()
	for _, stop := range []string{"a.skip", "summary#filter-team", "select#filter-range", "input#filter-clock-business", "button[data-view]"} {
		if !slices.Contains(stops, stop) {
			t.Errorf("no Tab leads to %s; it leads to %s", stop, stops)
		}
	}
	b.press(kb.Escape)
	if seen := eval[[]string](b, `window.unseen || []`); len(seen) > 0 {
		t.Errorf("the focus cannot be seen on %s", seen)
	}
	for _, landmark := range []string{"header", "nav[aria-label]", "main", "form[aria-label]"} {
		b.expect("there is a "+landmark, fmt.Sprintf("document.querySelector(%q)", landmark))
	}
	b.expect("the rail says where one is", `document.querySelectorAll("nav [aria-current=page]").length === 1`)
}

// press sends a key as a keyboard does.
func (b *tab) press(key string) {
	b.t.Helper()
	b.do("press "+key, chromedp.KeyEvent(key))
}

// expect checks what must be so by now.
func (b *tab) expect(what, expression string) {
	b.t.Helper()
	if !eval[bool](b, "Boolean("+expression+")") {
		at := eval[string](b, `document.activeElement.outerHTML.slice(0, 200)`)
		b.t.Errorf("%s: not so: %s; the focus is at %s", what, expression, at)
	}
}

// tabStops presses Tab until it comes round, and returns what it came by.
func (b *tab) tabStops() []string {
	b.t.Helper()
	var stops []string
	eval[bool](b, `document.activeElement.blur() || true`)
	for range 200 {
		b.press(kb.Tab)
		stop := eval[string](b, `(() => {
			const e = document.activeElement;
			if (e === document.body) return "";
			const s = getComputedStyle(e.matches(".switch input") ? e.closest("label") : e);
			if (e.id !== "content" && (s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 2)) (window.unseen ||= []).push(e.outerHTML.slice(0, 80));
			const name = e.localName;
			if (e.id) return name + "#" + e.id;
			if ("view" in e.dataset) return name + "[data-view]";
			return name + [...e.classList].map((c) => "." + c).join("");
		})()`)
		if stop == "" || len(stops) > 0 && stop == stops[0] {
			return stops
		}
		stops = append(stops, stop)
	}
	b.t.Errorf("Tab never comes round: %s", stops)
	return stops
}

// TestFilterWithoutServer: whatever a filter is answered is seen.
func TestFilterWithoutServer(t *testing.T) {
	s := filledDemo(t)
	b := openTab(t, s.url, 1440, 900)
	b.open("/flow?range=180d")
	b.drawn()
	s.stop()
	eval[bool](b, `(e => { e.value = "30d"; return e.dispatchEvent(new Event("change", {bubbles: true})) })(document.getElementById("filter-range"))`)
	b.untilText("main [role=alert]", "does not answer")
	b.expect("the page is still there", `document.querySelectorAll(".panel").length === 12`)
	b.forget("ERR_CONNECTION")
	b.forget("error: htmx:")
}

// forget drops complaints of the browser that a test asks for.
func (b *tab) forget(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = slices.DeleteFunc(b.faults, func(fault string) bool { return strings.Contains(fault, text) })
}

// TestLayoutStaysPut: what is loaded late does not move what is there.
func TestLayoutStaysPut(t *testing.T) {
	s := demoToLookAt(t)
	for _, width := range []int{1440, 390} {
		b := openTab(t, s.url, width, 900)
		for _, path := range []string{"/", "/flow", "/pipelines", "/runs?branch=*", "/dora", "/deployments", "/errors", "/errors/groups", "/quality", "/inbox"} {
			b.open(path)
			b.drawn()
			shift := ask(b, "layout shift", chromedp.Evaluate[float64](`new Promise((done) => {
				let sum = 0;
				new PerformanceObserver((list) => { for (const e of list.getEntries()) sum += e.value; }).observe({type: "layout-shift", buffered: true});
				setTimeout(() => done(sum), 100);
			})`, chromedp.EvalAwaitPromise))
			t.Logf("%s at %d px: %.4f", path, width, shift)
			if shift >= 0.05 {
				t.Errorf("%s at %d px: the layout shifts by %.3f", path, width, shift)
			}
		}
	}
}

// TestNamesWithinCharts: what is written on a chart is not cut by its edges.
func TestNamesWithinCharts(t *testing.T) {
	s := demoToLookAt(t)
	for _, width := range []int{1440, 1024, 390} {
		b := openTab(t, s.url, width, 900)
		for _, lang := range []string{"en", "ru"} {
			b.prefer("lang", lang)
			for _, path := range []string{"/flow", "/pipelines", "/errors"} {
				b.open(path)
				b.drawn()
				written := eval[[]string](b, `[...document.querySelectorAll("[data-chart]")].flatMap((el) => {
					const all = echarts.getInstanceByDom(el).getZr().storage.getDisplayList(true);
					return all.filter((d) => d.type === "tspan" && !d.invisible && d.style.text).map((d) => {
						const r = d.getBoundingRect().clone();
						if (d.transform) r.applyTransform(d.transform);
						const within = r.x > -2 && r.y > -2 && r.x + r.width < el.clientWidth + 2 && r.y + r.height < el.clientHeight + 2;
						return within ? "" : el.dataset.chart + ": " + d.style.text;
					});
				})`)
				if len(written) < 30 {
					t.Errorf("%s at %d px in %s: only %d texts are written", path, width, lang, len(written))
				}
				for _, cut := range written {
					if cut != "" {
						t.Errorf("%s at %d px in %s is cut: %s", path, width, lang, cut)
					}
				}
			}
		}
	}
}

// TestMenusBelowTheirButtons: on a phone, too, where their sheets are as wide as the window.
func TestMenusBelowTheirButtons(t *testing.T) {
	s := demoToLookAt(t)
	for _, width := range []int{1440, 390} {
		b := openTab(t, s.url, width, 900)
		b.open("/flow")
		b.drawn()
		b.expect("a sheet is below what opens it", `[...document.querySelectorAll(".menu.choice")].every((menu) => {
			menu.open = true;
			const [button, sheet] = ["summary", ".sheet"].map((s) => menu.querySelector(s).getBoundingClientRect());
			menu.open = false;
			return sheet.height > 40 && sheet.top >= button.bottom;
		})`)
	}
}

// TestPrint: on paper there are light charts as wide as the sheet, what was
// filtered by, and nothing of the program around them.
func TestPrint(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		folder = t.TempDir()
	}
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	b.prefer("theme", "dark")
	for _, p := range pages {
		b.open(p.path)
		b.drawn()
		pdf := ask(b, "print "+p.path, chromedp.PrintToPDF())
		if !bytes.HasPrefix(pdf, []byte("%PDF")) {
			t.Fatalf("%s: no PDF", p.path)
		}
		if err := os.WriteFile(filepath.Join(folder, p.name+".pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		b.expect("the screen is dark again", `document.documentElement.dataset.theme === "dark" && !document.documentElement.matches(".paper")`)
	}
	b.open("/flow?range=180d")
	b.drawn()
	eval[bool](b, `dispatchEvent(new Event("beforeprint"))`)
	b.expect("it is light", `getComputedStyle(document.documentElement).getPropertyValue("--text").trim() === "#1c2126"`)
	b.expect("charts fit the sheet", `[...document.querySelectorAll("[data-chart] canvas")].length === 12 &&
		[...document.querySelectorAll("[data-chart] canvas")].every((c) => c.getBoundingClientRect().width <= 700 && c.getBoundingClientRect().width > 600)`)
	eval[bool](b, `dispatchEvent(new Event("afterprint"))`)
	b.expect("charts fit the screen", `document.querySelector("[data-chart] canvas").getBoundingClientRect().width > 1000`)
}

// TestTitles: every page has a title of its own, in its language.
func TestTitles(t *testing.T) {
	s := demoToLookAt(t)
	b := openTab(t, s.url, 1440, 900)
	for _, lang := range []string{"en", "ru"} {
		b.prefer("lang", lang)
		seen := map[string]string{}
		for _, p := range pages {
			b.open(p.path)
			title := eval[string](b, "document.title")
			if other, ok := seen[title]; ok || !strings.HasSuffix(title, " · Throughline") {
				t.Errorf("%s in %s is called %q, as %s is", p.path, lang, title, other)
			}
			seen[title] = p.path
			b.expect("lang", fmt.Sprintf("document.documentElement.lang === %q", lang))
			b.expect("one first heading", `document.querySelectorAll("h1").length === 1`)
			b.expect("icon and colour", `document.querySelector("link[rel=icon]") && document.querySelector("meta[name=theme-color]").content`)
		}
	}
}
