package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// violation is what axe-core found wrong with a page.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// axeScript is the text of axe-core. The variable AXE says where it is; without
// it, where .ci/axe puts it.
func axeScript(t *testing.T) string {
	t.Helper()
	path := os.Getenv("AXE")
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(cache, "throughline", "axe-core-4.14.1.min.js")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core is not there; fetch it once by .ci/axe, or set AXE to the path of axe.min.js of the npm package axe-core: %v", err)
	}
	return string(text)
}

// TestAccessible: axe-core finds nothing on any page, whatever the language,
// theme and width, nor when everything that opens is open. All that it knows
// counts, its advice on good practice too.
func TestAccessible(t *testing.T) {
	axe := axeScript(t)
	s := demoToLookAt(t)
	for _, look := range []look{
		{"en", "light", 1440, 900},
		{"en", "dark", 1440, 900},
		{"ru", "light", 1440, 900},
		{"ru", "dark", 1440, 900},
		{"en", "light", 390, 844},
		{"ru", "light", 390, 844},
	} {
		everyPage(t, s, look, func(b *tab, page page) {
			b.accessible(axe, page.path+", "+look.String())
			if look.lang == "en" && look.theme == "light" {
				eval[bool](b, openAll)
				b.accessible(axe, page.path+", all open, "+look.String())
			}
		})
	}

	b := openTab(t, s.url, 1440, 900)
	b.open("/")
	b.drawn()
	eval[bool](b, `(() => { document.querySelector("main").append(new Image(9, 9)); return true })()`)
	if found := b.violations(axe); len(found) != 1 || found[0].ID != "image-alt" || found[0].Impact != "critical" {
		t.Errorf("of an image without words axe-core says %v", found)
	}
}

// openAll opens menus, notes and tables.
const openAll = `(() => {
	for (const table of document.querySelectorAll("[data-view=table]")) table.click();
	for (const e of document.querySelectorAll("details")) { e.removeAttribute("name"); e.open = true; }
	return true;
})()`

// accessible reports what axe-core finds on the page that is open.
func (b *tab) accessible(axe, where string) {
	b.t.Helper()
	for _, v := range b.violations(axe) {
		for _, n := range v.Nodes {
			b.t.Errorf("%s: %s (%s): %s\n%s\n%s", where, v.ID, v.Impact, v.Help, n.HTML, n.Summary)
		}
	}
}

// violations are what axe-core finds on the page that is open.
func (b *tab) violations(axe string) []violation {
	b.t.Helper()
	if !eval[bool](b, "'axe' in window") {
		eval[bool](b, axe+"\n;true")
	}
	type result struct {
		Violations []violation `json:"violations"`
		Passes     []struct{}  `json:"passes"`
	}
	found := ask(b, "run axe-core", chromedp.Evaluate[result](`axe.run(document, {resultTypes: ["violations"]})`, chromedp.EvalAwaitPromise))
	if len(found.Passes) < 10 {
		b.t.Fatalf("axe-core looked at next to nothing: %d rules passed", len(found.Passes))
	}
	return found.Violations
}

// look is a way to look at a page.
type look struct {
	lang, theme   string
	width, height int
}

func (l look) String() string { return fmt.Sprintf("%s-%s-%d", l.lang, l.theme, l.width) }

// everyPage shows each page of the demo at s, with its charts drawn. On none of
// them may one have to scroll sideways.
func everyPage(t *testing.T, s *site, l look, see func(*tab, page)) {
	t.Helper()
	b := openTab(t, s.url, l.width, l.height)
	b.prefer("lang", l.lang)
	b.prefer("theme", l.theme)
	for _, p := range pages {
		b.do("size", chromedp.EmulateViewport(int64(l.width), int64(l.height)))
		b.open(p.path)
		b.drawn()
		if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s, %s: %g px wider than its window", p.path, l, wide)
		}
		see(b, p)
	}
}

// drawn waits for the panels and charts of the page.
func (b *tab) drawn() {
	b.t.Helper()
	b.until("all is there, drawn and faded in", `document.readyState === "complete" &&
		!document.querySelector("[aria-busy=true], .htmx-request, .skeleton") &&
		[...document.querySelectorAll("[data-chart]")].every((e) => e.hidden || e.querySelector("canvas")) &&
		document.getAnimations().every((a) => a.playState === "finished")`)
}

// prefer chooses a language or theme as a user does.
func (b *tab) prefer(name, value string) {
	b.t.Helper()
	b.open("/")
	b.click(".menu.account summary")
	b.follow(fmt.Sprintf("button[name=%s][value=%s]", name, value))
	attribute := map[string]string{"lang": "lang", "theme": "dataset.theme"}[name]
	b.until(name+" is "+value, fmt.Sprintf("document.documentElement.%s === %q", attribute, value))
}
