package web

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/control"
)

// TestSnippetsEscapeNames: what people wrote stays text in every language that it is
// pasted into.
func TestSnippetsEscapeNames(t *testing.T) {
	const address = "https://flow.example.com/base/embed/abc_DEF-123"
	for _, name := range []string{
		`plain`, `say "hi"`, `it's`, `a | b`, `[x](https://evil.example)`, `<script>alert(1)</script>`, `a]](b`, "`code` *b* _i_ ~s~", `back\slash`, `R&amp;D & co`,
		`</iframe><img src=x onerror=alert(1)>`, `{{iframe src="x"}}`, `время — «цикл»`, `]]>`, `--> <!--`, `$1 ^2 #3 !4`,
	} {
		for _, width := range []int{0, 640} {
			e := &control.Embed{Name: name, Height: 300, Width: width}
			size := map[int]string{0: "100%", 640: "640"}[width]
			texts := map[string]string{}
			for _, s := range embedSnippets(address, e, name) {
				texts[s.ID] = s.Text
			}
			for _, id := range []string{"iframe", "auto"} {
				d := parsed(t, texts[id])
				frame := d.Find("body > iframe")
				if frame.Length() != 1 || d.Find("img").Length() != 0 || frame.AttrOr("title", "") != name || frame.AttrOr("src", "") != address ||
					frame.AttrOr("width", "") != size || frame.AttrOr("height", "") != "300" || frame.AttrOr("onerror", "none") != "none" {
					t.Errorf("%s of %q is %s", id, name, texts[id])
				}
				if n := d.Find("script").Length(); n != map[string]int{"iframe": 0, "auto": 1}[id] {
					t.Errorf("%s of %q has %d scripts", id, name, n)
				}
			}
			if !strings.Contains(texts["auto"], `event.origin !== "https://flow.example.com"`) || !strings.Contains(texts["auto"], "frame.contentWindow === event.source") {
				t.Errorf("the script trusts others: %s", texts["auto"])
			}
			for _, ext := range []string{"svg", "png"} {
				d := parsed(t, texts[ext])
				img := d.Find("body > a > img")
				if img.Length() != 1 || d.Find("script, iframe").Length() != 0 || img.AttrOr("alt", "") != name || img.AttrOr("src", "") != address+"."+ext || d.Find("a").AttrOr("href", "") != address {
					t.Errorf("%s of %q is %s", ext, name, texts[ext])
				}
			}
			if alt, ok := strings.CutSuffix(strings.TrimPrefix(texts["markdown"], "[!["), "]("+address+".png)]("+address+")"); !ok || unescaped(alt) != name {
				t.Errorf("Markdown of %q is %s", name, texts["markdown"])
			}
			if title := macroTitle(t, texts["confluence"]); title != name {
				t.Errorf("the macro of %q is called %q", name, title)
			}
			if texts["notion"] != address || texts["yandex"] != `{{iframe src="`+address+`" width="`+size+`" height="300px" frameborder="0"}}` {
				t.Errorf("%q: %s, %s", name, texts["notion"], texts["yandex"])
			}
		}
	}
}

func parsed(t *testing.T, html string) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader("<!DOCTYPE html><body>" + html))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// unescaped is the text of Markdown in which everything special is escaped; "" where
// something is not.
func unescaped(markdown string) string {
	var b strings.Builder
	escaped := false
	for _, c := range markdown {
		switch {
		case !escaped && c == '\\':
			escaped = true
			continue
		case !escaped && strings.ContainsRune("`*_[]<>|&!", c):
			return ""
		}
		escaped = false
		b.WriteRune(c)
	}
	return b.String()
}

// macroTitle reads the parameter title out of a macro, which must be whole XML.
func macroTitle(t *testing.T, macro string) (title string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(macro))
	dec.Strict = true
	in := false
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return title
		}
		if err != nil {
			t.Fatalf("%v in %s", err, macro)
		}
		switch token := token.(type) {
		case xml.StartElement:
			in = token.Name.Local == "parameter" && token.Attr[0].Value == "title"
		case xml.EndElement:
			in = false
		case xml.CharData:
			if in {
				title += string(token)
			}
		}
	}
}

func TestSitesOfPages(t *testing.T) {
	for text, want := range map[string]string{
		"https://wiki.example.com/x/y?a=b#c":    "https://wiki.example.com",
		"wiki.example.com/page\nhttp://h:8080/": "https://wiki.example.com http://h:8080",
		"*":                                     "*",
		"https://*.atlassian.net/wiki/, notion.so": "https://*.atlassian.net https://notion.so",
		"javascript:alert(1)":                      "javascript:alert(1)",
		"https://user:secret@wiki.example.com/x":   "https://user:secret@wiki.example.com",
		"  \n ;, ":                                 "",
		"file:///etc/passwd data:text/html,x":      "file:///etc/passwd data:text/html x",
		"https:// localhost":                       "https:// localhost",
	} {
		if got := strings.Join(siteLines(text), " "); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
