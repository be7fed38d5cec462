package views

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// EmbedList are the embeds that the reader may see.
type EmbedList struct {
	Embeds  []EmbedRow
	Revoked []EmbedRow // the latest
}

// EmbedRow is an embed in the list of them.
type EmbedRow struct {
	ID          int64
	Name        string
	Shows       string   // title of its panel
	Words       []string // its filter
	Queries     []string // for series
	Sites       []string
	Expires     string // day, "" for never
	Views       int64
	UsedAt      time.Time
	Site        string // that framed it last
	By          string
	Provisioned bool
	Over        bool   // it has ended by itself
	Problem     string // why it shows nothing, in words
	RevokedAt   time.Time
}

func (e EmbedRow) path() string { return "/settings/embeds/" + strconv.FormatInt(e.ID, 10) }

// anySite reports whether every site may frame it.
func (e EmbedRow) anySite() bool { return slices.Contains(e.Sites, "*") }

// EmbedForm is the form of an embed.
type EmbedForm struct {
	Form
	Path        string // where it is sent
	Page        string // where it is shown
	Preview     string // path of the preview
	Query       string // of the preview, as the form stands
	Stored      string // name before, "" for a new one
	Provisioned bool
	Suggested   string // name
	Site        string // path of ours, which frames it anyway

	Panels   []PanelGroup
	Of       delivery.Subject
	Groups   []EmbedGroup
	Boxes    []QueryBox // for series
	Full     bool       // there may be no more boxes
	Bucketed bool
	Clocked  bool
	Selects  []FilterSelect
	Names    bool     // it shows issues
	Drills   []string // what may be opened
	Asks     bool     // it is asked about a number of issues
}

// PanelGroup are the panels of a page.
type PanelGroup struct {
	Title  string
	Panels []Option
}

// EmbedGroup is a part of the filter that may have several values: to choose from, or
// to write where there are none.
type EmbedGroup struct {
	FilterGroup
	Text string // one value on each line
}

// said are the values that are chosen, in words.
func (g EmbedGroup) said(ctx context.Context) string {
	var names []string
	for _, c := range g.Choices {
		if c.Chosen {
			names = append(names, c.Name)
		}
	}
	if len(names) == 0 {
		return g.none(ctx)
	}
	return strings.Join(names, ", ")
}

func (g EmbedGroup) none(ctx context.Context) string {
	if g.None != "" {
		return g.None
	}
	return t(ctx, "flow.all")
}

func (f EmbedForm) title(ctx context.Context) string {
	if f.Stored == "" {
		return t(ctx, "embeds.new")
	}
	return f.Stored
}

// frame is how wide and high the frame of the preview is.
func (f EmbedForm) frame() (width, height string) {
	width, height = "100%", "420"
	if n, err := strconv.Atoi(f.Value("width")); err == nil && n >= 240 && n <= 2000 {
		width = strconv.Itoa(n)
	}
	if n, err := strconv.Atoi(f.Value("height")); err == nil && n >= 200 && n <= 1500 {
		height = strconv.Itoa(n)
	}
	return width, height
}

// selectLabel names a field of which one value holds.
func selectLabel(ctx context.Context, s FilterSelect) string {
	if s.Name == "restarts" {
		return t(ctx, "pipelines.restarts")
	}
	return t(ctx, "dora."+s.Name)
}

func selectOptions(ctx context.Context, s FilterSelect) []Option {
	var out []Option
	for _, v := range s.Values {
		label := "dora." + s.Name + "." + orDefault(v)
		if s.Name == "restarts" {
			label = "pipelines.restarts." + restartsWord(v)
		}
		out = append(out, Option{Value: v, Label: t(ctx, label)})
	}
	return out
}

// embedLabels name the fields of the form, for what is wrong with them.
func embedLabels(ctx context.Context) map[string]string {
	labels := map[string]string{
		"q": t(ctx, "series.queries"), "range": t(ctx, "flow.period"), "span": t(ctx, "embeds.span"), "from": t(ctx, "flow.from"), "to": t(ctx, "flow.to"),
		"definition": t(ctx, "pinned.field"), "bucket": t(ctx, "flow.bucket"), "clock": t(ctx, "flow.clock"), "restarts": t(ctx, "pipelines.restarts"), "items": t(ctx, "fan.ask"),
		"links": t(ctx, "dora.links"), "start": t(ctx, "dora.start"), "benchmark": t(ctx, "dora.benchmark"),
	}
	for _, name := range []string{"team", "connection", "queue", "type", "project", "workflow", "branch", "service", "environment"} {
		labels[name] = t(ctx, "flow."+name)
	}
	for _, name := range []string{"panel", "name", "theme", "lang", "width", "height", "sites", "expires", "drill", "filter"} {
		labels[name] = t(ctx, "embeds."+name)
	}
	return labels
}

// embedOrder is how the fields follow in the form.
var embedOrder = []string{
	"panel", "filter", "team", "connection", "queue", "type", "project", "workflow", "branch", "service", "environment", "q", "items",
	"range", "span", "from", "to", "bucket", "clock", "definition", "restarts", "links", "start", "benchmark",
	"theme", "lang", "width", "height", "drill", "sites", "expires", "name",
}

// EmbedAddress is what an embed's address is pasted as.
type EmbedAddress struct {
	Name     string
	URL      string // "" once it was shown
	Replace  string // path
	Edit     string
	Mixed    bool // it is not reached by https
	Sites    []string
	Snippets []Snippet
}

// Snippet is a text to paste.
type Snippet struct{ ID, Text string }

// rows is how high its field is.
func (s Snippet) rows() string { return strconv.Itoa(min(strings.Count(s.Text, "\n")+1, 12)) }

// misread reports whether a query is marked where it is wrong.
func (f EmbedForm) misread() bool {
	return slices.ContainsFunc(f.Boxes, func(b QueryBox) bool { return b.Problem != nil })
}

// with is the form with another value of a field.
func (f EmbedForm) with(name, value string) Form {
	out := f.Form
	out.Values = maps.Clone(f.Values)
	out.Values[name] = value
	return out
}

func bucketOptions(ctx context.Context) []Option {
	return optionsOf(ctx, "flow.bucket.", "auto", "day", "week", "month")
}

func rangeOptions(ctx context.Context) []Option {
	out := optionsOf(ctx, "flow.range.", "7d", "30d", "90d", "180d", "12m")
	return append(out, Option{"own", t(ctx, "embeds.range.own")}, Option{"dates", t(ctx, "embeds.range.dates")})
}

func themeOptions(ctx context.Context) []Option {
	return []Option{{"auto", t(ctx, "embeds.readers")}, {"light", t(ctx, "theme.light")}, {"dark", t(ctx, "theme.dark")}}
}

func langOptions(ctx context.Context) []Option {
	out := []Option{{"auto", t(ctx, "embeds.readers")}}
	for _, lang := range i18n.Langs() {
		out = append(out, Option{lang, i18n.For(lang).T("preferences.this_language")})
	}
	return out
}

func optionsOf(ctx context.Context, prefix string, values ...string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{v, t(ctx, prefix+v)}
	}
	return out
}
