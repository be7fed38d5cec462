package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// leavesOut are the reasons for which a panel leaves records out, in the order in
// which they are told.
var leavesOut = map[string][]string{
	"cycle-time":              {delivery.NeverActive, delivery.ExcludedResolution},
	"cycle-time-trend":        {delivery.NeverActive, delivery.ExcludedResolution},
	"cycle-time-histogram":    {delivery.NeverActive, delivery.ExcludedResolution},
	"control-chart":           {delivery.NeverActive, delivery.ExcludedResolution},
	"aging":                   {"not_started"},
	"lead-time-trend":         {delivery.ExcludedResolution},
	"flow-efficiency":         {delivery.NeverActive, delivery.ExcludedResolution, "no_time"},
	"pipeline-duration":       {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent, delivery.RunContradicts},
	"pipeline-duration-e2e":   {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunRestarted, delivery.RunSilent},
	"pipeline-duration-total": {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"pipeline-success":        {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"queue-time":              {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"build-duration":          {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"build-times":             {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"pipeline-jobs":           {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"pipeline-jobs-total":     {delivery.RunUnfinished, delivery.RunWithoutEnd, delivery.RunSilent},
	"job-failure-rate":        {delivery.RunUnfinished, string(delivery.RunSkipped), delivery.RunSilent},
	"change-lead-time":        changesLeftOut,
	"lead-time-stages":        slices.DeleteFunc(slices.Clone(changesLeftOut), func(r string) bool { return r == delivery.ChangeNotMerged }),
	"change-fail-rate":        {delivery.Unwatched},
	"recovery-time":           {delivery.IncidentOpen, delivery.ChangeSkew},
	"incidents":               {delivery.ChangeSkew},
	"errors-open":             {delivery.StatusUnknown, delivery.EnvironmentUnknown},
	"errors-events":           {delivery.HoursUnknown},
	"errors-resolve-time":     {delivery.ResolvedBefore, delivery.EnvironmentUnknown, delivery.ChangeSkew},
	"errors-by-release":       {delivery.OlderReleases, delivery.EnvironmentUnknown},
	"rate-limits":             {delivery.NoLimit, delivery.LoadUnknown},
	"series":                  {delivery.SeriesBeyond},
}

var changesLeftOut = []string{
	delivery.ChangeFirst, delivery.ChangeSilence, delivery.ChangeBot, delivery.ChangeNoStart, delivery.ChangeNotMerged, delivery.ChangeSkew,
}

// rules are the messages explain.<rule> on what is so for every chart, and for those
// of a page only.
var rules = []string{
	"counted", "percentiles", "headline", "low_n", "buckets", "partial", "empty", "thinned", "clock", "calendar", "days", "versions", "teams", "wilson",
}

var pageRules = map[string][]string{
	"/flow":      {"history", "classes", "times"},
	"/pipelines": {"runs"},
	"/dora":      {"services", "deployments", "contained", "failed", "levels"},
	"/errors":    {"groups"},
	"/series":    {"points"},
}

// TestMetricReference: docs/metrics.md, and the same in Russian, says of every panel
// what the program itself says. With -update it is made anew.
func TestMetricReference(t *testing.T) {
	s := newSite(t, nil)
	for lang, name := range map[string]string{"en": "metrics.md", "ru": "metrics.ru.md"} {
		r := reference{t: t, s: s, p: i18n.For(lang), lang: lang, file: name}
		text := r.write()
		file := filepath.Join("..", "docs", name)
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != text {
			t.Errorf("docs/%s is not what the panels say: go test ./web -run TestMetricReference -update", name)
		}
	}
}

// TestReasonsAreDocumented: each reason that the catalogue has words for is one of some
// panel.
func TestReasonsAreDocumented(t *testing.T) {
	told := map[string]bool{"title": true, "show": true, "all": true, "workflow": true}
	for _, reasons := range leavesOut {
		for _, reason := range reasons {
			told[reason] = true
		}
	}
	files, err := filepath.Glob("../internal/i18n/messages/en/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]any
		if err := json.Unmarshal(data, &messages); err != nil {
			t.Fatal(err)
		}
		for id := range messages {
			if reason, ok := strings.CutPrefix(id, "panel.excluded."); ok && !told[reason] {
				t.Errorf("%s: no panel is said to leave anything out for %q", file, reason)
			}
		}
	}
}

// TestReasonsFound: panels of data of all kinds leave nothing out for another reason
// than those that are documented.
func TestReasonsFound(t *testing.T) {
	s := withErrors(t)
	s.addRuns(knownRuns()...)
	if _, err := s.store.Write(t.Context(), company(400)); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range panels() {
		got := read[panelAnswer](s, "/api/v1/panels/"+p.slug+"?range=180d")
		found += len(got.Excluded)
		for reason := range got.Excluded {
			if !slices.Contains(leavesOut[p.slug], reason) {
				t.Errorf("%s leaves some out for %q, which is not documented", p.slug, reason)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d reasons were found", found)
	}
}

// reference writes the metric reference in one language.
type reference struct {
	t          *testing.T
	s          *site
	p          *i18n.Printer
	lang, file string
	text       strings.Builder
}

func (r *reference) line(format string, args ...any) { fmt.Fprintf(&r.text, format+"\n", args...) }

// say is a message that has to be there.
func (r *reference) say(id string, args ...any) string {
	r.t.Helper()
	if !r.p.Has(id) {
		r.t.Errorf("%s: there is no message %s", r.lang, id)
	}
	return r.p.T(id, args...)
}

func (r *reference) write() string {
	r.line("<!-- Made by: go test ./web -run TestMetricReference -update -->")
	r.line("\n# %s\n", r.say("docs.metrics.title"))
	r.line("%s\n\n%s\n", r.say("docs.metrics.intro"), r.say("docs.metrics.api"))
	pages := r.pages()
	r.line("- [%s](#rules)", r.say("docs.rules"))
	for _, page := range pages {
		var charts []string
		for _, p := range page.panels {
			charts = append(charts, fmt.Sprintf("[%s](#%s)", r.say(p.title), p.slug))
		}
		r.line("- [%s](#%s): %s", r.say("nav."+page.name()), page.name(), strings.Join(charts, ", "))
	}
	r.line("- [%s](#filters)\n", r.say("docs.filters"))
	r.line("<a id=\"rules\"></a>\n\n## %s", r.say("docs.rules"))
	r.rules(rules)
	for _, page := range pages {
		r.line("\n<a id=%q></a>\n\n## %s\n\n%s", page.name(), r.say("nav."+page.name()), r.say("docs.intro."+page.name()))
		r.rules(pageRules[page.path])
		for _, p := range page.panels {
			r.panel(p)
		}
	}
	r.filters()
	return r.text.String()
}

// referencePage is a page with its panels.
type referencePage struct {
	path   string
	panels []panel
}

func (p referencePage) name() string { return strings.TrimPrefix(p.path, "/") }

// pages are those that have panels, in the order of the panels.
func (r *reference) pages() []referencePage {
	var out []referencePage
	for _, p := range panels() {
		if len(out) == 0 || out[len(out)-1].path != p.page {
			out = append(out, referencePage{path: p.page})
		}
		last := &out[len(out)-1]
		last.panels = append(last.panels, p)
	}
	return out
}

// rules writes what holds for several charts.
func (r *reference) rules(ids []string) {
	defaults := delivery.DefaultDoraRules()
	args := []any{
		"p50", delivery.EnoughForP50, "p80", delivery.EnoughForP80, "p85", delivery.EnoughForP85, "p95", delivery.EnoughForP95,
		"rate", delivery.EnoughForRate, "dora", delivery.EnoughForDora, "sessions", delivery.EnoughSessions,
		"max", delivery.MaxPoints, "version", delivery.DefinitionVersion,
		"together", int(defaults.Together / time.Minute), "hours", int(defaults.Window / time.Hour), "silence", int(defaults.Silence / (24 * time.Hour)),
	}
	for _, id := range ids {
		r.line("\n<a id=%q></a>\n\n### %s\n\n%s", "rule-"+id, r.say("explain."+id+".title"), r.say("explain."+id+".text", args...))
	}
}

// panel writes what a chart shows.
func (r *reference) panel(p panel) {
	d := r.empty(p)
	r.line("\n<a id=%q></a>\n\n### %s\n\n%s\n", p.slug, r.say(p.title), r.say(p.definition))
	r.line("- **%s**: `GET /api/v1/panels/%s`", r.say("docs.api"), p.slug)
	r.line("- **%s**: %s, `%s`", r.say("docs.page"), r.say("nav."+strings.TrimPrefix(p.page, "/")), p.page)
	r.line("- **%s**: %s (`%s`)", r.say("docs.unit"), r.say("docs.unit."+p.unit), p.unit)
	r.line("- **%s**: %s", r.say("docs.n"), r.say("explain.n."+p.slug))
	r.excluded(p)
	if names := r.headline(d); names != "" {
		r.line("- **%s**: %s", r.say("docs.headline"), names)
	}
	if floors := r.floors(p, d); floors != "" {
		r.line("- **%s**: %s", r.say("docs.grey"), floors)
	}
	r.line("- **%s**: %s", r.say("docs.narrowed"), codes(narrowing(p)))
}

// excluded writes why records are left out, each reason as it is said of several.
func (r *reference) excluded(p panel) {
	reasons := leavesOut[p.slug]
	if len(reasons) == 0 {
		r.line("- **%s**: %s", r.say("docs.excluded"), r.say("docs.excluded.none"))
		return
	}
	r.line("- **%s**:", r.say("docs.excluded"))
	for _, reason := range reasons {
		const several = 7 // of the plural form that languages have for many
		text := r.say("panel.excluded."+reason, "n", several)
		r.line("  - `%s`: %s", reason, strings.Replace(text, strconv.Itoa(several), "*n*", 1))
	}
}

// empty is what a panel answers where there is nothing: its shape and the names of its
// figures.
func (r *reference) empty(p panel) delivery.PanelData {
	f, err := delivery.ParseFilter(url.Values{}, p.of, time.UTC, delivery.InstantOf(testNow))
	if err != nil {
		r.t.Fatal(err)
	}
	d, err := r.s.server.loadPanel(r.t.Context(), p, f)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func (r *reference) headline(d delivery.PanelData) string {
	var names []string
	for _, figure := range d.Headline {
		names = append(names, figure.Name)
	}
	return codes(names)
}

// floors are the least numbers of records that points are not grey for.
func (r *reference) floors(p panel, d delivery.PanelData) string {
	if d.Shape != delivery.Trend {
		return ""
	}
	least := map[string]int{"p50": delivery.EnoughForP50, "p80": delivery.EnoughForP80, "p85": delivery.EnoughForP85, "p95": delivery.EnoughForP95}
	switch p.of {
	case delivery.OfRuns:
		least["rate"] = delivery.EnoughForRate
	case delivery.OfDora:
		least["rate"] = delivery.EnoughForDora
	case delivery.OfErrors:
		least["rate"] = delivery.EnoughSessions
	}
	var floors []string
	for _, series := range d.Series {
		if n := least[series.Name]; n > 0 {
			floors = append(floors, r.say("docs.grey.of", "n", n, "name", "`"+series.Name+"`"))
		}
	}
	return strings.Join(floors, ", ")
}

// narrowing are the filters that narrow a panel.
func narrowing(p panel) []string {
	return slices.DeleteFunc(delivery.FilterParams(p.of), func(name string) bool { return name == "items" && p.slug != "forecast" })
}

// filters writes what every filter takes.
func (r *reference) filters() {
	r.line("\n<a id=\"filters\"></a>\n\n## %s\n\n%s\n", r.say("docs.filters"), r.say("docs.filters.intro"))
	r.line("| %s | %s |\n|---|---|", r.say("docs.filter"), r.say("docs.filter.meaning"))
	var names []string
	for _, p := range panels() {
		for _, name := range narrowing(p) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, name := range names {
		r.line("| `%s` | %s |", name, r.say("docs.filter."+name))
	}
}

func codes(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, "`"+name+"`")
	}
	return strings.Join(out, " ")
}
