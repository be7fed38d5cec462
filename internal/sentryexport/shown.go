package sentryexport

import (
	"bufio"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// shown is what a scrape is answered from.
type shown struct {
	connections []Connection
	loaded      []*loaded // of connections
}

func newShown(connections []Connection, all map[string]*loaded) *shown {
	s := &shown{connections: connections}
	for _, c := range connections {
		s.loaded = append(s.loaded, all[c.Name])
	}
	return s
}

// Any reports whether there is anything to show.
func (e *Exporter) Any() bool { return len(e.now().connections) > 0 }

// Write writes the exporter's families in the text format 0.0.4, as of an instant:
// how old a group is counts from then.
func (e *Exporter) Write(to io.Writer, now time.Time) error {
	s := e.now()
	w := &textWriter{bufio.NewWriter(to)}
	at := delivery.InstantOf(now)
	s.writeIssues(w, at)
	s.writeEvents(w)
	s.writeLimits(w)
	return w.Flush()
}

// place is a project's environment. Projects of one name, of two connections, are
// one: nobody could tell them apart.
type place struct{ project, environment string }

// buckets are events of groups by age.
type buckets struct {
	enabled [3]bool
	sums    [3]int64
}

func (s *shown) writeIssues(w *textWriter, now delivery.Instant) {
	var order []place
	by := map[place]*buckets{}
	on := false
	for i, c := range s.connections {
		if !c.Issues {
			continue
		}
		on = true
		for _, p := range s.loaded[i].projects {
			for _, environment := range p.environments {
				at := place{p.slug, environment}
				if by[at] == nil {
					by[at] = &buckets{}
					order = append(order, at)
				}
				for n, age := range ages {
					by[at].enabled[n] = by[at].enabled[n] || slices.Contains(c.Ages, age.name)
				}
			}
		}
		for k := range s.loaded[i].seen {
			g := &s.loaded[i].seen[k]
			b := by[place{g.project, g.environment}]
			for n, age := range ages {
				if g.within(now, age.span) && slices.Contains(c.Ages, age.name) {
					b.sums[n] += g.events
				}
			}
		}
	}
	if !on {
		return
	}
	writeBuckets(w, order, by)
	s.writeOpen(w, now)
}

func writeBuckets(w *textWriter, order []place, by map[place]*buckets) {
	const help = "Events of the error groups that were first seen within the time, whatever became of them."
	w.family("sentry_issues", "histogram", help)
	for _, at := range order {
		for n, age := range ages {
			if by[at].enabled[n] {
				w.sample("sentry_issues_bucket", float64(by[at].sums[n]), "environment", at.environment, "le", age.le, "project_slug", at.project)
			}
		}
	}
	w.family("sentry_issues_gcount", "gauge", help+" The largest bucket.")
	for _, at := range order {
		if last := by[at].last(); last >= 0 {
			w.sample("sentry_issues_gcount", float64(by[at].sums[last]), "environment", at.environment, "project_slug", at.project)
		}
	}
	w.family("sentry_issues_gsum", "gauge", help+" All buckets added up, as the exporter did: what is new counts three times.")
	for _, at := range order {
		sum := int64(0)
		for _, n := range by[at].sums {
			sum += n
		}
		if by[at].last() >= 0 {
			w.sample("sentry_issues_gsum", float64(sum), "environment", at.environment, "project_slug", at.project)
		}
	}
}

// last is the largest bucket that is shown, -1 when none is.
func (b *buckets) last() int {
	for n := len(ages) - 1; n >= 0; n-- {
		if b.enabled[n] {
			return n
		}
	}
	return -1
}

// within reports whether a group was first seen at most so long before.
func (g *seen) within(now delivery.Instant, span time.Duration) bool {
	return g.first > now-delivery.Instant(span.Milliseconds())
}

func (s *shown) writeOpen(w *textWriter, now delivery.Instant) {
	w.family("sentry_open_issue_events", "gauge", "Events of each error group that was first seen within the last hour, whatever became of it.")
	told := map[string]bool{}
	for i, c := range s.connections {
		if !c.Issues || !slices.Contains(c.Ages, ages[0].name) {
			continue
		}
		for k := range s.loaded[i].seen {
			g := &s.loaded[i].seen[k]
			if g.group == nil || !g.within(now, ages[0].span) {
				continue
			}
			if id := g.project + "\x00" + g.environment + "\x00" + g.group.id; told[id] {
				continue
			} else {
				told[id] = true
			}
			w.sample("sentry_open_issue_events", float64(g.events),
				"environment", g.environment, "firstSeen", day(g.first), "isUnhandled", g.group.unhandled, "issue_id", g.group.id,
				"lastSeen", day(g.last), "level", g.group.level, "logger", g.group.logger, "platform", g.group.platform,
				"project_slug", g.project, "release", g.group.release, "status", string(g.status))
		}
	}
}

func day(at delivery.Instant) string { return at.Time().UTC().Format(time.DateOnly) }

func (s *shown) writeEvents(w *textWriter) {
	stats := map[string][3]int64{}
	on := false
	for i, c := range s.connections {
		if !c.Events {
			continue
		}
		on = true
		for _, p := range s.loaded[i].projects {
			n, m := stats[p.slug], p.month
			if m.At == 0 {
				continue // nobody has said
			}
			stats[p.slug] = [3]int64{n[0] + m.Accepted + m.Filtered + m.RateLimited, n[1] + m.RateLimited, n[2] + m.Filtered}
		}
	}
	if !on {
		return
	}
	w.family("sentry_events_total", "counter", "Events of a project since the first of the month in UTC: received ones, and of those the ones rejected by rate limits and blacklisted by filters.")
	for _, slug := range slices.Sorted(maps.Keys(stats)) {
		for n, stat := range []string{"received", "rejected", "blacklisted"} {
			w.sample("sentry_events_total", float64(stats[slug][n]), "project_slug", slug, "stat", stat)
		}
	}
}

func (s *shown) writeLimits(w *textWriter) {
	on := false
	told := map[string]bool{}
	for i, c := range s.connections {
		if !c.RateLimits {
			continue
		}
		if !on {
			on = true
			w.family("sentry_rate_limit_events_sec", "gauge", "Events a second that the first key of a project lets in; 0 when it has no limit.")
		}
		for _, p := range s.loaded[i].projects {
			if told[p.slug] || !p.keysKnown {
				continue
			}
			told[p.slug] = true
			limit := 0.0
			if len(p.keys) > 0 {
				limit = math.Round(p.keys[0].PerSecond()*1e6) / 1e6
			}
			w.sample("sentry_rate_limit_events_sec", limit, "project_slug", p.slug)
		}
	}
}

// textWriter writes the text format 0.0.4. client_golang cannot write what the
// exporter did: a histogram whose bounds are no numbers. Its errors stick, for Flush.
type textWriter struct{ *bufio.Writer }

func (w *textWriter) put(texts ...string) {
	for _, text := range texts {
		_, _ = w.WriteString(text)
	}
}

func (w *textWriter) family(name, kind, help string) {
	w.put("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// sample writes a value with labels, name and value in turn.
func (w *textWriter) sample(name string, value float64, labels ...string) {
	w.put(name)
	for i := 0; i < len(labels); i += 2 {
		before := ","
		if i == 0 {
			before = "{"
		}
		text := labels[i+1]
		if strings.ContainsAny(text, "\\\n\"") {
			text = escapes.Replace(text)
		}
		w.put(before, labels[i], `="`, text, `"`)
	}
	w.put("} ", float(value), "\n")
}

// float is a number as the exporter writes it.
func float(v float64) string {
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
