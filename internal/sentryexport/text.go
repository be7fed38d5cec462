package sentryexport

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// textWriter collects the text format 0.0.4.
type textWriter struct{ text []byte }

func (w *textWriter) put(texts ...string) {
	for _, text := range texts {
		w.text = append(w.text, text...)
	}
}

func (w *textWriter) family(name, kind, help string) {
	w.put("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")
}

func (w *textWriter) value(series string, v float64) {
	w.text = append(float(append(w.text, series...), v), '\n')
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// series is a line up to its value; labels are name and value in turn.
func series(name string, labels ...string) string {
	var b strings.Builder
	b.WriteString(name)
	before := "{"
	for i := 0; i < len(labels); i += 2 {
		b.WriteString(before + labels[i] + `="` + escapes.Replace(strings.ToValidUTF8(labels[i+1], "\ufffd")) + `"`)
		before = ","
	}
	b.WriteString("} ")
	return b.String()
}

// eventsText is what the exporter said of events.
func eventsText(connections []Connection, all map[string]*loaded) string {
	stats := map[string][3]int64{}
	on := false
	for i := range connections {
		if !connections[i].Events {
			continue
		}
		on = true
		for _, p := range all[connections[i].Name].projects {
			if p.month.At == 0 {
				continue // nobody has said
			}
			n, m := stats[p.slug], p.month
			stats[p.slug] = [3]int64{n[0] + m.Accepted + m.Filtered + m.RateLimited, n[1] + m.RateLimited, n[2] + m.Filtered}
		}
	}
	w := &textWriter{}
	if on {
		w.family("sentry_events_total", "counter", "Events of a project since the first of the month in UTC: received ones, and of those the ones rejected by rate limits and blacklisted by filters.")
	}
	for _, slug := range slices.Sorted(maps.Keys(stats)) {
		for n, stat := range []string{"received", "rejected", "blacklisted"} {
			w.value(series("sentry_events_total", "project_slug", slug, "stat", stat), float64(stats[slug][n]))
		}
	}
	return string(w.text)
}

// limitsText is what the exporter said of rate limits.
func limitsText(connections []Connection, all map[string]*loaded) string {
	w := &textWriter{}
	told := map[string]bool{}
	on := false
	for i := range connections {
		if !connections[i].RateLimits {
			continue
		}
		if !on {
			w.family("sentry_rate_limit_events_sec", "gauge", "Events a second that the first key of a project lets in; 0 when it has no limit.")
			on = true
		}
		for _, p := range all[connections[i].Name].projects {
			if told[p.slug] || !p.keysKnown {
				continue
			}
			told[p.slug] = true
			limit := 0.0
			if len(p.keys) > 0 {
				limit = math.Round(p.keys[0].PerSecond()*1e6) / 1e6
			}
			w.value(series("sentry_rate_limit_events_sec", "project_slug", p.slug), limit)
		}
	}
	return string(w.text)
}

// ownText are the families of our own that are of projects.
func ownText(connections []Connection, all map[string]*loaded) string {
	months, limits := &textWriter{}, &textWriter{}
	const month, limit = "throughline_sentry_events_this_month", "throughline_sentry_rate_limit_events_per_second"
	months.family(month, "gauge", "Events of a project since the first of the month in UTC, by what became of them.")
	limits.family(limit, "gauge", "Events a second that a project's active keys let in together; absent when one of them has no limit.")
	told := map[string]bool{}
	for i := range connections {
		for _, p := range all[connections[i].Name].projects {
			if told[p.slug] {
				continue
			}
			told[p.slug] = true
			if p.month.At != 0 {
				for _, o := range []struct {
					name string
					n    int64
				}{{"accepted", p.month.Accepted}, {"filtered", p.month.Filtered}, {"rate_limited", p.month.RateLimited}, {"invalid", p.month.Invalid}} {
					months.value(series(month, "outcome", o.name, "project", p.slug), float64(o.n))
				}
			}
			if p.limited {
				limits.value(series(limit, "project", p.slug), p.limit)
			}
		}
	}
	if len(told) == 0 {
		return ""
	}
	return string(months.text) + string(limits.text)
}
