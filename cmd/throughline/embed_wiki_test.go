package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"image/png"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// wiki is a site of pages that somebody wrote.
type wiki struct {
	url  string
	page string // what stands on its one page
}

// newWiki serves a wiki on a host by name, which makes it another site than one on the
// address 127.0.0.1.
func newWiki(t *testing.T) *wiki {
	t.Helper()
	w := &wiki{}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(out, `<!doctype html><html lang="en"><title>Wiki</title><link rel="icon" href="data:,"><h1>Our team</h1>%s</html>`, w.page)
	}))
	t.Cleanup(server.Close)
	w.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return w
}

// shared makes an embed by its form and returns the page that shows its address once.
func (s *site) shared(t *testing.T, form url.Values) (address string, snippet func(id string) string) {
	t.Helper()
	res := s.send(t, "/settings/embeds", form)
	text := string(res)
	found := regexp.MustCompile(`id="once"[^>]*value="([^"]+)"`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no address on the page: %s", text)
	}
	return found[1], func(id string) string {
		found := regexp.MustCompile(`(?s)id="snippet-` + id + `"[^>]*>\n?(.*?)</textarea>`).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no snippet %s", id)
		}
		return html.UnescapeString(found[1])
	}
}

// send posts a form as a browser on the site does, and follows where it leads.
func (s *site) send(t *testing.T, path string, form url.Values) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	jar, err := cookiejar.New(nil) // the page after it is shown to the same session only
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s, %v: %s", path, res.Status, err, body)
	}
	return body
}

// colours is how many colours a picture of the window has.
func (b *tab) colours() int {
	b.t.Helper()
	shot := ask(b, "a picture", chromedp.CaptureScreenshot())
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, bl >> 8}] = true
		}
	}
	return len(seen)
}

// call sends a command to the browser.
func call[P any](b *tab, what string, command cdp.Command[P, cdp.Empty], params P) {
	b.t.Helper()
	b.do(what, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, command, params)
		return err
	}))
}

// frameColours is more than a page with nothing in its frame has: its text in greys.
const frameColours = 300

// TestEmbedInAWiki pastes a chart into the pages of two other sites, of which one may
// show it.
func TestEmbedInAWiki(t *testing.T) {
	s := filledDemo(t)
	allowed, refused := newWiki(t), newWiki(t)
	address, snippet := s.shared(t, url.Values{
		"panel": {"cycle-time"}, "range": {"90d"}, "clock": {"business"}, "name": {`Flow "of" <us>`}, "theme": {"auto"}, "lang": {"auto"},
		"title": {"on"}, "names": {"on"}, "height": {"250"}, "sites": {allowed.url}, "drill": {"marks"},
	})
	b := openTab(t, "", 900, 700)

	allowed.page = snippet("auto")
	b.open(allowed.url)
	b.until("the frame is as high as its chart asks", `Number(document.querySelector("iframe").height) > 300`)
	b.wait("the chart is drawn", func() bool { return b.colours() > frameColours })
	if shots := os.Getenv("SCREENSHOTS"); shots != "" {
		if err := os.WriteFile(filepath.Join(shots, "embed-in-wiki.png"), ask(b, "a picture", chromedp.CaptureScreenshot()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cookies := ask(b, "cookies", func(ctx context.Context, _ *chromedp.Target) (int, error) {
		got, err := chromedp.CallBrowser(ctx, storage.GetCookies, storage.GetCookiesParams{})
		return len(got.Cookies), err
	})
	if cookies != 0 {
		t.Errorf("%d cookies are set", cookies)
	}
	allowed.page = snippet("svg") + snippet("png")
	b.open(allowed.url)
	b.until("both pictures are there", `[...document.images].length === 2 && [...document.images].every((i) => i.complete && i.naturalWidth >= 800 && i.alt.length > 20)`)

	refused.page = snippet("iframe")
	b.open(refused.url)
	b.wait("the browser says that it is refused", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return strings.Contains(strings.Join(b.faults, " "), "frame-ancestors")
	})
	if n := b.colours(); n > frameColours {
		t.Errorf("a site that may not shows the chart: %d colours", n)
	}
	b.forget("frame-ancestors")
	b.forget("ERR_BLOCKED_BY_RESPONSE")
	b.forget("chrome-error")

	axe := axeScript(t)
	for _, lang := range []string{"en", "ru"} {
		for _, scheme := range []string{"light", "dark"} {
			call(b, "choose a scheme", emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			call(b, "choose a language", emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "test", AcceptLanguage: lang})
			b.open(address)
			b.until("it is drawn", `document.querySelector("canvas") && document.documentElement.lang === "`+lang+`"`)
			b.accessible(axe, address+", "+lang+", "+scheme)
			b.click("[data-embed-table]")
			b.until("its table is there", `document.querySelectorAll("#embed-table tbody tr").length > 20`)
			b.accessible(axe, "its table")
			b.do("as narrow as may be", chromedp.EmulateViewport(240, 400))
			b.expect("nothing is wider than the frame", `document.documentElement.scrollWidth <= innerWidth`)
			b.do("wide again", chromedp.EmulateViewport(900, 700))
		}
	}

	call(b, "no scripts", emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(address)
	b.until("the picture is there", `document.querySelector("noscript img") && document.querySelector("noscript img").naturalWidth >= 800`)
	b.expect("so is the table", `document.querySelectorAll("noscript tbody tr").length > 20 && getComputedStyle(document.querySelector("[data-chart]")).display === "none"`)
	call(b, "scripts again", emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})

	_, list := s.get("/settings/embeds")
	id := regexp.MustCompile(`/settings/embeds/(\d+)/revoke`).FindStringSubmatch(list)
	if id == nil {
		t.Fatal("it cannot be revoked")
	}
	s.send(t, "/settings/embeds/"+id[1]+"/revoke", url.Values{})
	allowed.page = snippet("iframe")
	b.open(allowed.url)
	b.open(address)
	b.untilText("h1", "больше не показывается")
	b.forget("410")
}

// wait waits until something is so.
func (b *tab) wait(what string, so func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: still not so", what)
		}
	}
}
