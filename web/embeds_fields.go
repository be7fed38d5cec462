package web

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// Values of the field of the period that are no ranges: a range written by hand, and
// two days.
const (
	ownRange   = "own"
	fixedDates = "dates"
)

// embedRanges are the periods to choose from.
var embedRanges = []string{"7d", "30d", "90d", "180d", "12m"}

// forecastSlug is the panel that is asked about a number of issues.
const forecastSlug = "forecast"

// filled marks values that come from the form, where a box that is not ticked says
// something.
const filled = "form"

// embedLists are the names of a filter that may have several values, as the form shows
// them.
var embedLists = map[delivery.Subject][]string{
	delivery.OfIssues: {"team", "connection", "queue", "type"},
	delivery.OfRuns:   {"team", "connection", "project", "workflow", "branch"},
	delivery.OfDora:   {"team", "connection", "service", "environment"},
	delivery.OfErrors: {"team", "connection", "project", "service", "environment"},
	delivery.OfSeries: {"team", "connection", "service", "environment"},
}

// embedOne are those that have one value, each with the value that is not written down.
var embedOne = map[delivery.Subject]map[string]string{
	delivery.OfIssues: {"bucket": "auto", "clock": "", "definition": ""},
	delivery.OfRuns:   {"bucket": "auto", "restarts": ""},
	delivery.OfDora:   {"bucket": "auto", "clock": "", "links": "confirmed", "start": string(delivery.FromAuthored), "benchmark": "none"},
	delivery.OfErrors: {"bucket": "auto"},
	delivery.OfSeries: {},
}

// linkValues are the fields of the form for a link from a panel, which says the panel
// and the filter of its page.
func linkValues(q url.Values, p panel) url.Values {
	v := url.Values{
		filled: {"1"}, "panel": {p.slug}, "theme": {control.ReadersOwn}, "lang": {control.ReadersOwn},
		"height": {strconv.Itoa(control.UsualEmbedHeight(p.slug))}, "title": {"on"}, "names": {"on"},
	}
	if lang := q.Get("lang"); lang != "" {
		v.Set("lang", lang)
	}
	filterFields(v, q, p.of)
	return v
}

// embedValues are the fields of the form for an embed.
func embedValues(e *control.Embed, of delivery.Subject) url.Values {
	v := url.Values{
		filled: {"1"}, "panel": {e.Panel}, "name": {e.Name}, "theme": {e.Theme}, "lang": {e.Lang},
		"height": {strconv.Itoa(e.Height)}, "sites": {strings.Join(e.Ancestors, "\n")}, "drill": e.Drill,
	}
	if e.Width > 0 {
		v.Set("width", strconv.Itoa(e.Width))
	}
	if e.Titled {
		v.Set("title", "on")
	}
	if e.Named {
		v.Set("names", "on")
	}
	if !e.Expires.IsZero() {
		v.Set("expires", e.Expires.String())
	}
	filterFields(v, e.Filter, of)
	return v
}

// filterFields writes a filter into the fields of the form.
func filterFields(v, filter url.Values, of delivery.Subject) {
	for _, name := range embedLists[of] {
		v[name] = slices.Clone(filter[name])
	}
	switch of { // which other names these have
	case delivery.OfRuns:
		v["project"] = append(v["project"], filter["repository"]...)
	case delivery.OfDora:
		v["service"] = append(v["service"], filter["repository"]...)
	case delivery.OfSeries:
		v["q"] = filter["q"]
	}
	for name := range embedOne[of] {
		v[name] = filter[name]
	}
	if _, clocked := embedOne[of]["clock"]; clocked && v.Get("clock") == "" {
		v.Set("clock", string(delivery.Elapsed))
	}
	if v.Get("panel") == forecastSlug {
		v["items"] = filter["items"]
	}
	switch span := filter.Get("range"); {
	case filter.Get("from") != "" || filter.Get("to") != "":
		v.Set("range", fixedDates)
		v["from"], v["to"] = filter["from"], filter["to"]
	case slices.Contains(embedRanges, span):
		v.Set("range", span)
	case span != "":
		v.Set("range", ownRange)
		v.Set("span", span)
	case of == delivery.OfSeries:
		v.Set("range", seriesRange)
	default:
		v.Set("range", defaultRange)
	}
}

// filterOf reads the filter out of the fields of the form: only what its subject knows,
// and nothing that is so anyway.
func filterOf(v url.Values, of delivery.Subject) url.Values {
	f := url.Values{}
	for _, name := range embedLists[of] {
		if values := valueLines(v[name]); len(values) > 0 {
			f[name] = values
		}
	}
	for name, usual := range embedOne[of] {
		if values := slices.DeleteFunc(slices.Clone(v[name]), func(s string) bool { return s == "" }); len(values) > 0 && !slices.Equal(values, []string{usual}) {
			f[name] = values
		}
	}
	if of == delivery.OfSeries {
		for _, text := range v["q"] {
			if text = delivery.NormalQuery(text); text != "" {
				f.Add("q", text)
			}
		}
	}
	if items := strings.TrimSpace(v.Get("items")); items != "" && v.Get("panel") == forecastSlug {
		f.Set("items", items)
	}
	switch span := v.Get("range"); span {
	case fixedDates:
		for _, name := range []string{"from", "to"} {
			if day := strings.TrimSpace(v.Get(name)); day != "" {
				f.Set(name, day)
			}
		}
	case ownRange:
		f.Set("range", strings.TrimSpace(v.Get("span")))
	default:
		f.Set("range", span)
	}
	return f
}

// valueLines are the values of a field, which may be a text of one on each line.
func valueLines(fields []string) []string {
	var out []string
	for _, text := range fields {
		for line := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == '\n' || c == '\r' }) {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// siteLines are the sites of a text: of the address of a page only its site counts, and
// a bare host is one that is reached by https.
func siteLines(text string) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(" ,;\n\r\t", c) }) {
		out = append(out, siteOf(word))
	}
	return out
}

// bareSite is a site, or the address of a page, without its scheme.
var bareSite = regexp.MustCompile(`^[\pL\pN.*-]+(:\d+)?([/?#].*)?$`)

func siteOf(word string) string {
	if bareSite.MatchString(word) && strings.ContainsAny(word, ".:") {
		word = "https://" + word
	}
	if u, err := url.Parse(word); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return (&url.URL{Scheme: u.Scheme, User: u.User, Host: u.Host}).String()
	}
	return word
}
