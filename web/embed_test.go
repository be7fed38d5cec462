package web

import (
	"compress/gzip"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

const embedToken = "cycle-token-0123456789"

const embedsDeclared = `teams:
  - {name: dev, tracker_queues: [DEV]}
embeds:
  - {name: cycle, panel: cycle-time, filter: {team: dev, range: 90d, clock: business}, frame_ancestors: ["https://wiki.example.com", "https://*.example.org:8443"], lang: en, token: cycle-token-0123456789}
  - {name: anywhere, panel: cycle-time, frame_ancestors: ["*"], names: false, title: false, token: plain-token-0123456789}
  - {name: opening, panel: cycle-time, drill: [marks, lists], lang: en, token: drill-token-0123456789}
  - {name: over, panel: cycle-time, expires: 2026-03-04, lang: ru, frame_ancestors: ["https://wiki.example.com"], token: over--token-0123456789}
  - {name: tomorrow, panel: cycle-time, expires: 2026-03-05, token: later-token-0123456789}
  - {name: trend, panel: cycle-time-trend, lang: en, token: trend-token-0123456789}
  - {name: empty, panel: cycle-time, filter: {queue: NONE}, lang: en, token: empty-token-0123456789}
`

// embedSite serves embeds of two finished issues to a browser that is not signed in.
func embedSite(t *testing.T, change func(*Config)) *site {
	t.Helper()
	s := newSite(t, change)
	if err := s.db.EnsureAdmin(t.Context(), adminEmail, adminPassword); err != nil {
		t.Fatal(err)
	}
	s.addIssues()
	s.rebuild()
	s.provision(embedsDeclared)
	return s
}

func TestEmbed(t *testing.T) {
	s := embedSite(t, nil)
	res := s.get("/embed/" + embedToken)
	if res.status != http.StatusOK {
		t.Fatalf("%d: %s", res.status, res.body)
	}
	for name, value := range map[string]string{
		"Set-Cookie": "", "X-Frame-Options": "", "Referrer-Policy": "no-referrer", "Cache-Control": "private, max-age=0, must-revalidate",
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self' https://wiki.example.com https://*.example.org:8443",
	} {
		if got := res.header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	want(t, res.doc, "h1", "Cycle time of finished issues")
	want(t, res.doc, ".sentence", "1 issue finished, too few for percentiles")
	want(t, res.doc, ".panel-foot", "n = 1")
	want(t, res.doc, ".panel-foot", "5 Dec 2025 – 4 Mar 2026")
	want(t, res.doc, ".panel-foot", "Team: dev")
	want(t, res.doc, ".panel-foot", "as of 4 Mar 2026 12:00")
	inside := inNoscript(t, res)
	if table := textOf(inside, "tbody tr"); !strings.Contains(table, "DEV-1 | Issue 1") {
		t.Errorf("the table has %q", table)
	}
	if strings.Contains(res.body, "OPS-1") {
		t.Error("an issue of another team is in the page")
	}
	if src := inside.Find("img").AttrOr("src", ""); src != "/embed/"+embedToken+".svg" {
		t.Errorf("the picture is %q", src)
	}
	if res.doc.Find("a[href]").Length() > 0 || inside.Find("a[href]").Length() > 0 {
		t.Error("a chart that opens nothing has links")
	}
	// Neither who asks nor what else they say makes a difference.
	again := s.get("/embed/" + embedToken + "?team=ops&queue=OPS&range=7d&theme=dark&lang=ru&token=x")
	if again.status != http.StatusOK || again.body != res.body {
		t.Errorf("a query changes the page: %d", again.status)
	}
}

// inNoscript is what readers without scripts see.
func inNoscript(t *testing.T, res answer) *goquery.Document {
	t.Helper()
	_, rest, found := strings.Cut(res.body, "<noscript>")
	inside, _, closed := strings.Cut(rest, "</noscript>")
	if !found || !closed {
		t.Fatal("nothing for readers without scripts")
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(inside))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestEmbedWithoutNames(t *testing.T) {
	res := embedSite(t, nil).get("/embed/plain-token-0123456789")
	if res.status != http.StatusOK || !strings.HasSuffix(res.header.Get("Content-Security-Policy"), "frame-ancestors *") {
		t.Fatalf("%d, %s", res.status, res.header.Get("Content-Security-Policy"))
	}
	for _, secret := range []string{"DEV-1", "OPS-1", "Issue 1", "Issue 2"} {
		if strings.Contains(res.body, secret) {
			t.Errorf("%q is told", secret)
		}
	}
	want(t, res.doc, ".panel-foot", "n = 2")
	if !res.doc.Find("h1").HasClass("hidden") {
		t.Error("the title is shown")
	}
	if head := textOf(inNoscript(t, res), "thead tr"); strings.Contains(head, "Key") || !strings.Contains(head, "Type") {
		t.Errorf("columns are %q", head)
	}
}

func TestEmbedOpens(t *testing.T) {
	res := embedSite(t, func(c *Config) { c.BaseURL = mustURL(t, "https://tools.example.com/flow") }).get("/flow/embed/drill-token-0123456789")
	link := inNoscript(t, res).Find(`a[href="/flow/issues/DEV-1"]`)
	if link.AttrOr("target", "") != "_blank" || link.AttrOr("rel", "") != "noopener" {
		t.Errorf("the issue opens as %v", link.Nodes)
	}
	if !strings.Contains(res.body, `"open":"/flow/issues/"`) {
		t.Error("marks of the chart open nothing")
	}
	if src := inNoscript(t, res).Find("img").AttrOr("src", ""); src != "/flow/embed/drill-token-0123456789.svg" {
		t.Errorf("the picture is %q", src)
	}
}

func TestEmbedLanguage(t *testing.T) {
	s := embedSite(t, nil)
	for accept, want := range map[string]string{"": "en", "ru-RU,ru;q=0.9,en;q=0.5": "ru", "de": "en"} {
		req := s.request(http.MethodGet, "/embed/plain-token-0123456789", nil)
		req.Header.Set("Accept-Language", accept)
		res := s.do(req)
		if lang := res.doc.Find("html").AttrOr("lang", ""); lang != want {
			t.Errorf("%q reads %s, want %s", accept, lang, want)
		}
		if vary := res.header.Values("Vary"); !strings.Contains(strings.Join(vary, ", "), "Accept-Language") {
			t.Errorf("Vary is %v", vary)
		}
	}
}

func TestEmbedGone(t *testing.T) {
	s := embedSite(t, nil)
	res := s.get("/embed/over--token-0123456789")
	if res.status != http.StatusGone || !strings.HasSuffix(res.header.Get("Content-Security-Policy"), "frame-ancestors 'self' https://wiki.example.com") {
		t.Errorf("%d, %s", res.status, res.header.Get("Content-Security-Policy"))
	}
	want(t, res.doc, "h1", "Этот график больше не показывается")
	if res.header.Get("Cache-Control") != "no-store" || strings.Contains(res.body, "over") && strings.Contains(res.body, "cycle-time") {
		t.Errorf("what is over tells: %s", res.body)
	}
	if res := s.get("/embed/later-token-0123456789"); res.status != http.StatusOK {
		t.Errorf("the day before its end: %d", res.status)
	}
	if res := s.get("/embed/" + embedToken); res.status != http.StatusOK {
		t.Fatal(res.status)
	}
	s.provision("teams:\n  - {name: dev, tracker_queues: [DEV]}\n")
	if res := s.get("/embed/" + embedToken); res.status != http.StatusGone {
		t.Errorf("revoked, and it answers %d", res.status)
	}
}

func TestEmbedUnknown(t *testing.T) {
	s := embedSite(t, nil)
	for _, path := range []string{
		"/embed/", "/embed/short", "/embed/" + embedToken + "x", "/embed/" + embedToken + ".exe", "/embed/" + embedToken + ".svg.png",
		"/embed/" + embedToken + "/", "/embed/" + embedToken + "/../../flow", "/embed/%2e%2e%2fflow-token-0123456789", "/embed/" + embedToken + "%00", "/embed//" + embedToken,
	} {
		res := s.get(path)
		if res.status == http.StatusOK || res.status == http.StatusInternalServerError || res.header.Get("Set-Cookie") != "" {
			t.Errorf("%s answers %d, cookie %q", path, res.status, res.header.Get("Set-Cookie"))
		}
	}
	if res := s.post("/embed/"+embedToken, url.Values{}); res.status != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", res.status)
	}
}

// TestEmbedGuesses: guessing is slowed down, and nobody else is.
func TestEmbedGuesses(t *testing.T) {
	s := embedSite(t, nil)
	last := 0
	for range wrongPasswords + 1 {
		last = s.get("/embed/guess-token-0123456789").status
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("the last guess answers %d", last)
	}
	if res := s.get("/embed/" + embedToken); res.status != http.StatusOK {
		t.Errorf("a right one answers %d meanwhile", res.status)
	}
}

// TestEmbedTokenOpensNothingElse: its holder reaches one chart.
func TestEmbedTokenOpensNothingElse(t *testing.T) {
	s := embedSite(t, nil)
	for _, path := range []string{"/api/v1/panels/cycle-time", "/api/v1/issues", "/api/v1/panels", "/metrics"} {
		req := s.request(http.MethodGet, path, nil)
		req.Header.Set("Authorization", "Bearer "+embedToken)
		if res := s.do(req); res.status != http.StatusUnauthorized {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	for _, path := range []string{"/flow?token=" + embedToken, "/panels/cycle-time?token=" + embedToken, "/settings/embeds?token=" + embedToken} {
		if res := s.get(path); res.status != http.StatusSeeOther {
			t.Errorf("%s answers %d", path, res.status)
		}
	}
	if strings.Contains(s.log.String(), embedToken) {
		t.Error("the log holds the token")
	}
}

func TestEmbedUnchanged(t *testing.T) {
	s := embedSite(t, nil)
	req := s.request(http.MethodGet, "/embed/"+embedToken, nil)
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(res.Body)
	if err != nil || res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v, %s", err, res.Header)
	}
	packed, err := io.ReadAll(zr)
	if plain := s.get("/embed/" + embedToken); err != nil || plain.body != string(packed) || plain.header.Get("Content-Encoding") != "" {
		t.Errorf("packed and plain differ: %v, %s", err, plain.header)
	}
	tag := res.Header.Get("ETag")
	req.Header.Set("If-None-Match", `"other", `+tag)
	if again := s.do(req); again.status != http.StatusNotModified || again.body != "" || again.header.Get("ETag") != tag ||
		!strings.Contains(again.header.Get("Content-Security-Policy"), "https://wiki.example.com") {
		t.Errorf("known already: %d %q %s", again.status, again.body, again.header)
	}
	s.addFinished(map[string][]int{"DEV": {3}})
	if changed := s.do(req); changed.status != http.StatusOK || changed.header.Get("ETag") == tag {
		t.Errorf("new data changes nothing: %d", changed.status)
	}
}

// TestEmbedUses: views are counted once each, by readers only.
func TestEmbedUses(t *testing.T) {
	s := embedSite(t, nil)
	look := func(method, path, referer, site string) {
		req := s.request(method, path, nil)
		req.Header.Set("Referer", referer)
		req.Header.Set("Sec-Fetch-Site", site)
		s.do(req)
	}
	path := "/embed/" + embedToken
	look(http.MethodGet, path, "https://wiki.example.com/secret/page?x=1", "cross-site")
	look(http.MethodGet, path, "", "cross-site")
	look(http.MethodGet, path+"?again", "javascript:alert(1)", "cross-site")
	look(http.MethodHead, path, "https://other.example.com/", "cross-site")
	look(http.MethodGet, path, "https://other.example.com/", "same-origin")
	if err := s.server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := s.db.EmbedFor(t.Context(), embedToken)
	if err == nil {
		e, err = s.db.Embed(t.Context(), e.ID)
	}
	if err != nil || e.Views != 3 || e.LastReferrer != "https://wiki.example.com" || !e.LastUsedAt.Equal(testNow) {
		t.Errorf("%d views, last from %q at %s, %v", e.Views, e.LastReferrer, e.LastUsedAt, err)
	}
}

// TestEmbedOfWhatIsGone: a team that is no more is said politely.
func TestEmbedOfWhatIsGone(t *testing.T) {
	s := embedSite(t, nil)
	_, token, err := s.db.CreateEmbed(t.Context(), control.Embed{
		Name: "gone", Panel: "cycle-time", Filter: url.Values{"team": {"nobody"}}, Theme: "dark", Lang: "en", Height: 300,
	})
	if err != nil {
		t.Fatal(err)
	}
	res := s.get("/embed/" + token)
	if res.status != http.StatusNotFound || res.doc.Find("html").AttrOr("data-theme", "") != "dark" {
		t.Errorf("%d", res.status)
	}
	want(t, res.doc, "h1", "This chart can no longer be drawn")
	if res := s.get("/embed/empty-token-0123456789"); res.status != http.StatusOK || textOf(res.doc, ".nothing") != "There is nothing to show for this period." {
		t.Errorf("nothing to show: %d %q", res.status, textOf(res.doc, ".nothing"))
	}
}

// TestEmbedKept: an answer is given again for a minute, and then of the time it is.
func TestEmbedKept(t *testing.T) {
	now := testNow
	s := embedSite(t, func(c *Config) { c.Now = func() time.Time { return now } })
	first := s.get("/embed/trend-token-0123456789")
	now = now.Add(30 * time.Second)
	if kept := s.get("/embed/trend-token-0123456789"); kept.body != first.body {
		t.Error("the answer is computed anew within a minute")
	}
	now = now.Add(time.Minute)
	later := s.get("/embed/trend-token-0123456789")
	want(t, later.doc, ".panel-foot", "as of 4 Mar 2026 12:01")
}

// TestPanelNames: what control knows of panels is what there is.
func TestPanelNames(t *testing.T) {
	var slugs []string
	for _, p := range panels() {
		slugs = append(slugs, p.slug)
		if of, known := delivery.PanelSubject(p.slug); !known || of != p.of {
			t.Errorf("%s is of %s, want %s", p.slug, of, p.of)
		}
	}
	if names := delivery.PanelSlugs(); strings.Join(names, " ") != strings.Join(slugs, " ") {
		t.Errorf("names are %v,\nwant %v", names, slugs)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestEmbedPicture(t *testing.T) {
	s := embedSite(t, nil)
	svg := s.get("/embed/" + embedToken + ".svg")
	if svg.status != http.StatusOK || svg.header.Get("Content-Type") != "image/svg+xml" || svg.header.Get("Referrer-Policy") != "no-referrer" ||
		svg.header.Get("Set-Cookie") != "" || svg.header.Get("X-Frame-Options") != "" || svg.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
		t.Fatalf("%d %s", svg.status, svg.header)
	}
	for _, part := range []string{"Cycle time of finished issues", "prefers-color-scheme:dark"} {
		if !strings.Contains(svg.body, part) {
			t.Errorf("%q is not in the picture", part)
		}
	}
	drawn := s.get("/embed/" + embedToken + ".png?scale=9")
	config, err := pngConfig(drawn.body)
	if err != nil || drawn.status != http.StatusOK || config.Width != 2*pictureWidth || config.Height != 2*control.EmbedHeight {
		t.Errorf("%d, %d × %d, %v", drawn.status, config.Width, config.Height, err)
	}
	gone := s.get("/embed/over--token-0123456789.png")
	if _, err := pngConfig(gone.body); err != nil || gone.status != http.StatusGone {
		t.Errorf("over: %d, %v", gone.status, err)
	}
	if gone := s.get("/embed/over--token-0123456789.svg"); gone.status != http.StatusGone || !strings.Contains(gone.body, "больше не показывается") {
		t.Errorf("over: %d, %s", gone.status, gone.body)
	}
	if unknown := s.get("/embed/guess-token-0123456789.png"); unknown.status != http.StatusNotFound || !strings.HasPrefix(unknown.header.Get("Content-Type"), "text/html") {
		t.Errorf("unknown: %d %s", unknown.status, unknown.header.Get("Content-Type"))
	}
}

func pngConfig(body string) (image.Config, error) { return png.DecodeConfig(strings.NewReader(body)) }
