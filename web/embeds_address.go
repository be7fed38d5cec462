package web

import (
	"cmp"
	"context"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

func addressPath(id int64) string { return embedAt(id) + "/address" }

// embedAddressPage shows the address of an embed once, after it was made or replaced,
// as what is pasted into pages.
func (s *Server) embedAddressPage(w http.ResponseWriter, r *http.Request) {
	e, ok := s.ownEmbed(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	a := views.EmbedAddress{Name: e.Name, Replace: embedAt(e.ID) + "/replace", Edit: embedAt(e.ID), Sites: e.Ancestors}
	if shown, once := s.revealed(r, addressPath(e.ID)); once {
		site := s.siteURL(r)
		a.URL = site + embedPath + shown.value
		a.Mixed = strings.HasPrefix(site, "http://")
		a.Snippets = embedSnippets(a.URL, &e, s.embedAlt(ctx, &e))
	}
	s.render(w, r, http.StatusOK, views.EmbedAddressPage(s.page(r, e.Name, "settings"), a))
}

// embedAlt describes the picture of an embed as it is now, in the embed's language;
// where the numbers cannot be read, by its name.
func (s *Server) embedAlt(ctx context.Context, e *control.Embed) string {
	p, ok := panelBySlug(e.Panel)
	if !ok {
		return e.Name
	}
	f, _, err := s.filter(ctx, p.of, e.Filter)
	if err != nil {
		return e.Name
	}
	d, err := s.loadPanel(ctx, p, f)
	if err != nil {
		return e.Name
	}
	if !e.Named {
		d = views.Unnamed(d)
	}
	printer := i18n.From(ctx)
	if e.Lang != control.ReadersOwn {
		printer = i18n.For(e.Lang)
	}
	return printer.T("embeds.alt", "text", views.AltText(d, printer), "day", printer.Date(s.now().In(s.zone(ctx))))
}

// embedSnippets are the texts by which pages show an embed at an address. What people
// wrote stands in them as text of their own languages.
func embedSnippets(address string, e *control.Embed, alt string) []views.Snippet {
	frame := embedFrame(address, e)
	image := func(ext string) string {
		return `<a href="` + html.EscapeString(address) + `"><img src="` + html.EscapeString(address+ext) + `" alt="` + html.EscapeString(alt) +
			`" width="` + strconv.Itoa(cmp.Or(e.Width, pictureWidth)) + `" height="` + strconv.Itoa(e.Height) + `"></a>`
	}
	return []views.Snippet{
		{ID: "iframe", Text: frame},
		{ID: "auto", Text: frame + "\n" + heightScript(address)},
		{ID: "svg", Text: image(".svg")},
		{ID: "png", Text: image(".png")},
		{ID: "markdown", Text: "[![" + markdownText(alt) + "](" + address + ".png)](" + address + ")"},
		{ID: "confluence", Text: confluenceFrame(address, e)},
		{ID: "notion", Text: address},
		{ID: "yandex", Text: `{{iframe src="` + address + `" width="` + frameWidth(e) + `" height="` + strconv.Itoa(e.Height) + `px" frameborder="0"}}`},
	}
}

func embedFrame(address string, e *control.Embed) string {
	return `<iframe src="` + html.EscapeString(address) + `" width="` + frameWidth(e) + `" height="` + strconv.Itoa(e.Height) +
		`" style="border:0" loading="lazy" title="` + html.EscapeString(e.Name) + `" referrerpolicy="strict-origin-when-cross-origin"></iframe>`
}

func frameWidth(e *control.Embed) string {
	if e.Width > 0 {
		return strconv.Itoa(e.Width)
	}
	return "100%"
}

// heightScript gives frames the height that their own page asks for, and nobody else.
func heightScript(address string) string {
	origin := address
	if u, err := url.Parse(address); err == nil {
		origin = u.Scheme + "://" + u.Host
	}
	return `<script>
addEventListener("message", (event) => {
  if (event.origin !== ` + strconv.Quote(origin) + ` || !event.data || !Number.isFinite(event.data.throughlineHeight)) return;
  for (const frame of document.querySelectorAll("iframe")) if (frame.contentWindow === event.source) frame.height = event.data.throughlineHeight;
});
</script>`
}

// confluenceFrame is the macro iframe as Confluence stores it.
func confluenceFrame(address string, e *control.Embed) string {
	return `<ac:structured-macro ac:name="iframe">
  <ac:parameter ac:name="src"><ri:url ri:value="` + html.EscapeString(address) + `" /></ac:parameter>
  <ac:parameter ac:name="width">` + frameWidth(e) + `</ac:parameter>
  <ac:parameter ac:name="height">` + strconv.Itoa(e.Height) + `</ac:parameter>
  <ac:parameter ac:name="frameborder">hide</ac:parameter>
  <ac:parameter ac:name="title">` + html.EscapeString(e.Name) + `</ac:parameter>
</ac:structured-macro>`
}

// markdownText is a text that means nothing but itself in Markdown, nor in a cell of a
// table.
func markdownText(text string) string {
	var b strings.Builder
	for _, c := range text {
		if strings.ContainsRune("\\`*_{}[]<>()#!|&~^$\"", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
