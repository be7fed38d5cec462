package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
)

// embedFilled is a form as it is sent, changed by pairs of names and values; a name with
// an empty value is taken out.
func embedFilled(pairs ...string) url.Values {
	v := url.Values{
		"form": {"1"}, "panel": {"cycle-time"}, "name": {"Wiki"}, "range": {"90d"}, "bucket": {"auto"}, "clock": {"business"},
		"theme": {"auto"}, "lang": {"auto"}, "width": {""}, "height": {"420"}, "title": {"on"}, "names": {"on"}, "sites": {"https://wiki.example.com"},
		"expires": {""}, "from": {""}, "to": {""}, "span": {""},
	}
	for i := 0; i < len(pairs); i += 2 {
		if v.Del(pairs[i]); pairs[i+1] != "" {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

// makeEmbed sends a form that must be taken, and follows to the address.
func (s *site) makeEmbed(v url.Values) (control.Embed, answer) {
	s.t.Helper()
	res := s.post(embedsPath, v)
	if res.status != http.StatusSeeOther {
		s.t.Fatalf("the form answers %d: %s", res.status, textOf(res.doc, "[data-errors], .error"))
	}
	var id int64
	if _, err := fmt.Sscanf(res.header.Get("Location"), embedsPath+"/%d/address", &id); err != nil {
		s.t.Fatal(err)
	}
	return s.storedEmbed(id), s.get(addressPath(id))
}

func (s *site) storedEmbed(id int64) control.Embed {
	s.t.Helper()
	e, err := s.db.Embed(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func TestEmbedIsRevealedOnce(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	e, shown := s.makeEmbed(embedFilled("name", `Cycle | "pay" [x] <b>`, "sites", "https://wiki.example.com/x/y?z#q\nhttps://*.atlassian.net", "queue", "DEV", "expires", "2026-09-01"))
	if !slices.Equal(e.Ancestors, []string{"https://wiki.example.com", "https://*.atlassian.net"}) || e.Query() != "clock=business&queue=DEV&range=90d" ||
		!e.Titled || !e.Named || e.Height != 420 || e.Width != 0 || e.Expires.String() != "2026-09-01" || len(e.Drill) != 0 {
		t.Errorf("stored: %+v", e)
	}
	address := shown.doc.Find("#once").AttrOr("value", "")
	token, ok := strings.CutPrefix(address, s.url+"/embed/")
	if found, err := s.db.EmbedFor(t.Context(), token); !ok || err != nil || found.ID != e.ID {
		t.Fatalf("the address is %q: %v", address, err)
	}
	want(t, shown.doc, ".banner.warn", "http://")
	want(t, shown.doc, "#snippet-yandex", `{{iframe src="`+address+`" width="100%" height="420px" frameborder="0"}}`)
	want(t, shown.doc, "#snippet-markdown", `\(as of 4 Mar 2026\)`)
	want(t, shown.doc, "aside", "https://wiki.example.com https://*.atlassian.net")
	if n := shown.doc.Find("[data-copy]").Length(); n != 9 {
		t.Errorf("%d buttons copy", n)
	}
	if strings.Contains(shown.body, "<b>") {
		t.Error("a name is markup")
	}
	again := s.get(addressPath(e.ID))
	want(t, again.doc, ".banner.info", "shown once")
	if strings.Contains(again.body, token) || strings.Contains(s.get(embedsPath).body, token) || strings.Contains(s.log.String(), token) {
		t.Error("the token is shown again")
	}
	log := s.page("/settings/audit?kind=embed")
	want(t, log, ".audit tbody tr:first-child", "Made an embed Embed Cycle")
	want(t, log, ".changes", "filter: Queue after: DEV")
	want(t, log, ".changes", "sites after: https://wiki.example.com")
}

// TestEmbedErrorsKeepInput: each mistake is said beside its field, which stays as it was
// typed, and nothing is stored.
func TestEmbedErrorsKeepInput(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.makeEmbed(embedFilled("name", "Taken"))
	for _, c := range []struct {
		name, value, field, text string
		more                     []string
	}{
		{"name", "taken", "name", "Another embed has this name", nil},
		{"name", strings.Repeat("x", 81), "name", "Up to 80", nil},
		{"name", "", "name", "Give it a name", nil},
		{"sites", "javascript:alert(1)", "sites", "javascript:alert(1) is not a site", nil},
		{"sites", "https://a.example; script-src *", "sites", "script-src is not a site", nil},
		{"sites", strings.Repeat("https://a.example ", 2) + manySites(21), "sites", "Up to 20 sites", nil},
		{"height", "99999", "height", "200 to 1500", nil},
		{"height", "tall", "height", "200 to 1500", nil},
		{"width", "10", "width", "240 to 2000", nil},
		{"theme", "pink", "theme", "Choose one", nil},
		{"lang", "fr", "lang", "Choose one", nil},
		{"expires", "2026-03-04", "expires", "choose a later one", nil},
		{"expires", "tomorrow", "expires", "Write a day", nil},
		{"panel", "nope", "panel", "no such chart", nil},
		{"team", "nobody", "team", "", nil},
		{"span", "3y", "span", "", []string{"range", "own"}},
		{"range", "own", "span", "Write a period", nil},
		{"range", "dates", "from", "Give the first day", nil},
		{"range", "7x", "range", "", nil},
		{"from", "2026-13-01", "from", "Not a day", []string{"range", "dates", "to", "2026-02-01"}},
		{"clock", "sundial", "clock", "working hours or round", nil},
		{"bucket", "year", "bucket", "day, week, month", nil},
		{"queue", strings.Repeat("x", 500), "queue", "Not a name", nil},
		{"queue", strings.Repeat("q\nw\n", 1) + manyLines(201), "queue", "Too many", nil},
		{"panel", "series", "q", "at least one query", nil},
		{"q", "fetch(", "q", "Query A", []string{"panel", "series"}},
	} {
		v := embedFilled(append([]string{c.name, c.value}, c.more...)...)
		res := s.post(embedsPath, v)
		if res.status != http.StatusUnprocessableEntity {
			t.Errorf("%s=%.30q answers %d", c.name, c.value, res.status)
			continue
		}
		link := res.doc.Find(`[data-errors] a[href="#f-` + c.field + `"]`)
		if link.Length() != 1 || res.doc.Find("#f-"+c.field).Length() != 1 {
			t.Errorf("%s=%.30q: %s", c.name, c.value, textOf(res.doc, "[data-errors]"))
		}
		if text := textOf(res.doc, "form .field .error, #f-q .error"); text == "" || !strings.Contains(text, c.text) {
			t.Errorf("%s=%.30q is told %q, want %q", c.name, c.value, text, c.text)
		}
		if kept := keptIn(res.doc, c.name); kept != "" && len(c.value) < 200 && !strings.Contains(kept, strings.TrimSpace(c.value)) {
			t.Errorf("%s=%q is %q after it was refused", c.name, c.value, kept)
		}
		preview := s.get(embedsPath + "/preview?" + v.Encode())
		if said := textOf(preview.doc, ".embed-mistakes"); c.field != "name" && c.text != "choose a later one" && c.name != "expires" && said == "" || preview.status != http.StatusOK {
			t.Errorf("the preview of %s=%.30q answers %d %q", c.name, c.value, preview.status, said)
		}
	}
	all, err := s.db.Embeds(t.Context())
	if err != nil || len(all) != 1 {
		t.Errorf("%d embeds: %v", len(all), err)
	}
}

func manySites(n int) (out string) {
	for i := range n {
		out += fmt.Sprintf("https://a%d.example ", i)
	}
	return out
}

func manyLines(n int) (out string) {
	for i := range n {
		out += fmt.Sprintf("q%d\n", i)
	}
	return out
}

// keptIn is what a text field holds.
func keptIn(d *goquery.Document, name string) string {
	if area := d.Find("form textarea[name='" + name + "']"); area.Length() > 0 {
		return area.First().Text()
	}
	return d.Find("form input[type='text'][name='"+name+"'], form input[type='date'][name='"+name+"']").AttrOr("value", "")
}

// TestEmbedOfPanels: a link from any panel fills the form in, which is stored as the
// panel's filter.
func TestEmbedOfPanels(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.addPoints()
	for _, c := range []struct{ link, stored string }{
		{"panel=cycle-time&clock=business&queue=DEV&queue=OPS&type=task&range=30d", "clock=business&queue=DEV&queue=OPS&range=30d&type=task"},
		{"panel=time-in-status&range=60d&bucket=month", "bucket=month&clock=elapsed&range=60d"},
		{"panel=cycle-time&from=2026-01-01&to=2026-02-01", "clock=elapsed&from=2026-01-01&to=2026-02-01"},
		{"panel=cycle-time&project=x&q=y&benchmark=2024&unknown=1", "clock=elapsed&range=90d"},
		{"panel=pipeline-success&branch=*&restarts=false&project=a/b&repository=c/d&workflow=ci", "branch=%2A&project=a%2Fb&project=c%2Fd&range=90d&restarts=false&workflow=ci"},
		{"panel=change-lead-time&service=pay&environment=staging&links=suspected&start=merged&benchmark=2024&clock=business", "benchmark=2024&clock=business&environment=staging&links=suspected&range=90d&service=pay&start=merged"},
		{"panel=errors-open&project=web&environment=production&range=12m", "environment=production&project=web&range=12m"},
		{"panel=series&q=" + url.QueryEscape("fetch('ci.time')") + "&q=" + url.QueryEscape("fetch('old')"), "q=fetch%28%27ci.time%27%29&q=fetch%28%27old%27%29&range=7d"},
	} {
		form := s.page(embedsPath + "/new?" + c.link)
		v := formOf(form)
		if v.Get("name") == "" {
			t.Errorf("%s suggests no name", c.link)
		}
		e, _ := s.makeEmbed(v)
		if e.Query() != c.stored {
			t.Errorf("%s is stored as %s, want %s", c.link, e.Query(), c.stored)
		}
		// Saved as it is shown, it stays as it is.
		if res := s.post(embedAt(e.ID), formOf(s.page(embedAt(e.ID)))); res.status != http.StatusSeeOther {
			t.Errorf("%s, saved again, answers %d", c.link, res.status)
		}
		if again := s.storedEmbed(e.ID); again.Query() != e.Query() || !again.ChangedAt.Equal(e.ChangedAt) {
			t.Errorf("%s is %s after it was saved again", c.link, again.Query())
		}
		src := form.Find("iframe").AttrOr("src", "")
		if res := s.get(src); res.status != http.StatusOK || res.doc.Find(".embed-mistakes").Length() > 0 {
			t.Errorf("the preview of %s answers %d %s", c.link, res.status, textOf(res.doc, "main"))
		}
	}
	// Another panel of the same form keeps what both know.
	v := embedFilled("queue", "DEV", "name", "Own name", "theme", "dark", "panel", "pipeline-success")
	d := s.page(embedsPath + "/new?" + v.Encode())
	if got := formOf(d); got.Has("queue") || got.Get("theme") != "dark" || got.Get("name") != "Own name" || got.Get("panel") != "pipeline-success" || got.Get("names") != "on" {
		t.Errorf("another panel: %v", got)
	}
	if res := s.get(embedsPath + "/new?panel=nope"); res.status != http.StatusNotFound {
		t.Errorf("a panel that there is not answers %d", res.status)
	}
	for _, path := range []string{"/panels/cycle-time?range=30d", "/panels/cycle-time?queue=NONE"} {
		if href := s.page(path).Find("[data-embed-link]").AttrOr("href", ""); !strings.HasPrefix(href, embedsPath+"/new?panel=cycle-time&clock=business&") {
			t.Errorf("%s leads to %q", path, href)
		}
	}
}

// formOf is what a browser sends of the form of an embed.
func formOf(d *goquery.Document) url.Values {
	v := url.Values{}
	d.Find("#embed-form input, #embed-form textarea").Each(func(_ int, i *goquery.Selection) {
		kind := i.AttrOr("type", "")
		if _, checked := i.Attr("checked"); (kind == "checkbox" || kind == "radio") && !checked {
			return
		}
		value := i.AttrOr("value", "")
		if goquery.NodeName(i) == "textarea" {
			value = i.Text()
		}
		v.Add(i.AttrOr("name", ""), value)
	})
	d.Find("#embed-form select").Each(func(_ int, i *goquery.Selection) {
		chosen := i.Find("option[selected]")
		if chosen.Length() == 0 {
			chosen = i.Find("option").First()
		}
		v.Add(i.AttrOr("name", ""), chosen.AttrOr("value", ""))
	})
	return v
}
