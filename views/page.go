// Package views writes HTML: pages, parts of pages that htmx asks for, and the
// components they are made of. It gets all it shows as values and does no I/O.
package views

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"throughline/internal/i18n"
	"throughline/static"
)

// Page is what the frame around every page shows.
type Page struct {
	Title   string
	Nav     string // the rail's entry: overview, flow, pipelines, …
	User    *User  // nil before sign-in
	Guest   bool   // looks without being signed in
	Lang    string // en, ru
	Theme   string // light, dark, auto
	Path    string // path and query below the base path, to come back to
	Demo    bool
	Flash   string   // said once, after an act
	Undo    int64    // the audit entry of that act, where it can be undone
	Quality int      // kinds of problems in the data, as they were last counted; -1 when not known
	Also    []int64  // the other entries, of an act with several
	Scripts []string // files of static that this page needs besides app.js
}

// User is who is signed in.
type User struct {
	Email string
	Admin bool
	Lead  bool
}

// opens reports whether an entry of the rail leads anywhere for whoever looks.
func (p Page) opens(e entry) bool {
	return e.nav != "settings" && e.nav != "inbox" || p.User != nil && (p.User.Admin || p.User.Lead)
}

// login is the way to sign in and come back.
func (p Page) login() string {
	if p.Path == "" || p.Path == "/" {
		return "/login"
	}
	return "/login?next=" + url.QueryEscape(p.Path)
}

type baseKey struct{}

// WithBase returns ctx carrying the path prefix that the site is served below,
// "" for none.
func WithBase(ctx context.Context, base string) context.Context {
	return context.WithValue(ctx, baseKey{}, base)
}

// URL is a path of the site as browsers must ask for it, below the base path.
func URL(ctx context.Context, path string) string {
	base, _ := ctx.Value(baseKey{}).(string)
	return base + path
}

// Eyes are all that a part of a page depends on besides what it is given: the language,
// the site's path, the time zone and what the reader may do.
func Eyes(ctx context.Context) string {
	return fmt.Sprintf("%s %s %s %t %t %t", i18n.From(ctx).Lang(), URL(ctx, "/"), clockOf(ctx).Zone, isLead(ctx), isAdmin(ctx), looksOnly(ctx))
}

// asset is the URL of a static file, below the base path.
func asset(ctx context.Context, name string) string { return URL(ctx, static.URL(name)) }

// t shortens i18n.T in templates.
func t(ctx context.Context, id string, args ...any) string { return i18n.T(ctx, id, args...) }

// htmxConfig keeps htmx within the content security policy, and shows the
// server's words for a filter or a form it refuses (400, 422).
const htmxConfig = `{"allowEval":false,"includeIndicatorStyles":false,"historyCacheSize":0,"historyRestoreAsHxRequest":false,"timeout":30000,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"400","swap":true},{"code":"422","swap":true},{"code":"[45]..","swap":false,"error":true}]}`

type entry struct{ nav, icon, path, label string }

var workEntries = []entry{
	{"overview", "overview", "/", "nav.overview"},
	{"flow", "flow", "/flow", "nav.flow"},
	{"pipelines", "pipelines", "/pipelines", "nav.pipelines"},
	{"dora", "dora", "/dora", "nav.dora"},
	{"errors", "errors", "/errors", "nav.errors"},
	{"series", "series", "/series", "nav.series"},
}

var footEntries = []entry{
	{"quality", "quality", "/quality", "nav.quality"},
	{"syncs", "syncs", "/syncs", "nav.syncs"},
	{"inbox", "inbox", "/inbox", "nav.inbox"},
	{"settings", "settings", "/settings", "nav.settings"},
}

func current(on bool) string {
	if on {
		return "page"
	}
	return "false"
}

// RangeWords is a period that ends today, like 45d, 12w or 6m, in words.
func RangeWords(ctx context.Context, span string) string {
	p := i18n.From(ctx)
	if id := "flow.range." + span; p.Has(id) {
		return p.T(id)
	}
	if number := strings.TrimRight(span, "dwm"); len(number) == len(span)-1 {
		if n, err := strconv.Atoi(number); err == nil {
			return p.T("flow.range."+span[len(number):], "n", n)
		}
	}
	return span
}
