package sentryexport

import (
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"throughline/internal/delivery"
)

// shown is what a scrape is answered from: all of it is text already, but for what
// depends on how old a group is.
type shown struct {
	places []place
	groups []counted
	// Whether any connection has the exporter's families on.
	issues, open bool
	events       string
	limits       string
	own          string // families of our own that do not depend on ages
	size         int    // about that of the whole text in bytes
}

// place is a project's environment, with the text of its series up to the value.
// Projects of one name, of two connections, are one: nobody could tell them apart.
type place struct {
	project, environment string
	enabled              [3]bool // of ages; none when the exporter's families are off
	buckets              [3]string
	count, sum           string
	own                  [3][4]string // by status and age
}

// counted is a group in one environment.
type counted struct {
	place  int
	first  delivery.Instant
	events int64
	status int
	ages   [3]bool // in which the exporter would have counted it
	open   string  // its series of open events, "" when it has none
}

// statuses are those of groups.
var statuses = []delivery.GroupStatus{delivery.GroupUnresolved, delivery.GroupResolved, delivery.GroupIgnored}

// ownAges are what bounds of ages are called in families of our own; the last is all.
var ownAges = [4]string{"3600", "86400", "1209600", "+Inf"}

const groupsName = "throughline_sentry_error_groups"

func newShown(connections []Connection, all map[string]*loaded) *shown {
	s := &shown{}
	index := map[[2]string]int{}
	add := func(project, environment string) int {
		key := [2]string{project, environment}
		at, known := index[key]
		if !known {
			at = len(s.places)
			index[key] = at
			s.places = append(s.places, newPlace(project, environment))
		}
		return at
	}
	for i := range connections {
		c := &connections[i]
		on := c.ages()
		s.issues = s.issues || c.Issues
		s.open = s.open || on[0]
		for _, p := range all[c.Name].projects {
			for _, environment := range p.environments {
				at := add(p.slug, environment)
				for n := range on {
					s.places[at].enabled[n] = s.places[at].enabled[n] || on[n]
				}
			}
		}
	}
	open := map[string]bool{}
	for i := range connections {
		on := connections[i].ages()
		for k := range all[connections[i].Name].seen {
			g := &all[connections[i].Name].seen[k]
			row := counted{first: g.first, events: g.events, status: slices.Index(statuses, g.status), ages: on}
			switch without, known := index[[2]string{g.project, none}]; {
			case g.nowhere && known: // its series has the same labels
				row.place, row.ages = without, [3]bool{}
			case g.nowhere:
				row.place, row.ages = add(g.project, ""), [3]bool{}
			default:
				row.place = index[[2]string{g.project, g.environment}]
			}
			if on[0] && g.label != nil {
				if id := series("", "environment", g.environment, "issue_id", g.id, "project_slug", g.project); !open[id] {
					open[id] = true
					row.open = g.series()
				}
			}
			s.groups = append(s.groups, row)
		}
	}
	s.events, s.limits, s.own = eventsText(connections, all), limitsText(connections, all), ownText(connections, all)
	s.size = s.about()
	return s
}

// about is the size of the text, so that no scrape makes room for it in steps.
func (s *shown) about() int {
	const value, help = 16, 2048
	size := help + len(s.events) + len(s.limits) + len(s.own)
	for i := range s.places {
		p := &s.places[i]
		size += (len(p.buckets[2])+value)*len(p.buckets) + (len(p.own[0][2])+value)*len(p.own)*len(ownAges) + 2*(len(p.count)+value)
	}
	for i := range s.groups {
		if open := s.groups[i].open; open != "" {
			size += len(open) + value
		}
	}
	return size
}

// ages are those that are on of the exporter's families.
func (c *Connection) ages() (on [3]bool) {
	for n, age := range ages {
		on[n] = c.Issues && slices.Contains(c.Ages, age.name)
	}
	return on
}

func newPlace(project, environment string) place {
	p := place{project: project, environment: environment}
	for n, age := range ages {
		p.buckets[n] = series("sentry_issues_bucket", "environment", environment, "le", age.le, "project_slug", project)
	}
	p.count = series("sentry_issues_gcount", "environment", environment, "project_slug", project)
	p.sum = series("sentry_issues_gsum", "environment", environment, "project_slug", project)
	if environment == none {
		environment = "" // it has none
	}
	for i, status := range statuses {
		for n, age := range ownAges {
			p.own[i][n] = series(groupsName, "age_le_seconds", age, "environment", environment, "project", project, "status", string(status))
		}
	}
	return p
}

// series is a group's series of open events.
func (g *seen) series() string {
	return series("sentry_open_issue_events",
		"environment", g.environment, "firstSeen", day(g.first), "isUnhandled", g.unhandled, "issue_id", g.id,
		"lastSeen", day(g.last), "level", g.level, "logger", g.logger, "platform", g.platform,
		"project_slug", g.project, "release", g.release, "status", string(g.status))
}

func day(at delivery.Instant) string { return at.Time().UTC().Format(time.DateOnly) }

// Write writes all families as of an instant: how old a group is counts from then.
func (e *Exporter) Write(to io.Writer, now time.Time) error {
	s := e.now()
	if len(s.places) == 0 && s.events+s.limits+s.own == "" {
		return nil
	}
	t := s.tally(delivery.InstantOf(now))
	w := &textWriter{make([]byte, 0, s.size)}
	if s.issues {
		s.writeBuckets(w, t)
	}
	if s.open {
		s.writeOpen(w, t)
	}
	w.put(s.events, s.limits)
	s.writeOwn(w, t)
	w.put(s.own)
	_, err := to.Write(w.text)
	return err
}

// tally is what depends on the age of groups.
type tally struct {
	now    delivery.Instant
	events [][3]int64    // by place and age
	groups [][3][4]int64 // by place, status and age
}

func (s *shown) tally(now delivery.Instant) tally {
	t := tally{now, make([][3]int64, len(s.places)), make([][3][4]int64, len(s.places))}
	for i := range s.groups {
		g := &s.groups[i]
		for n := range ages {
			if !t.within(g, n) {
				continue
			}
			if g.ages[n] {
				t.events[g.place][n] += g.events
			}
			if g.status >= 0 {
				t.groups[g.place][g.status][n]++
			}
		}
		if g.status >= 0 {
			t.groups[g.place][g.status][len(ages)]++
		}
	}
	return t
}

// within reports whether a group was first seen within an age.
func (t *tally) within(g *counted, age int) bool {
	return g.first > t.now-delivery.Instant(ages[age].span.Milliseconds())
}

// last is the largest bucket that is shown, -1 when none is.
func (p *place) last() int {
	for n := len(ages) - 1; n >= 0; n-- {
		if p.enabled[n] {
			return n
		}
	}
	return -1
}

func (s *shown) writeBuckets(w *textWriter, t tally) {
	const help = "Events of the error groups that were first seen within the time, whatever became of them."
	w.family("sentry_issues", "histogram", help)
	for i := range s.places {
		for n := range ages {
			if s.places[i].enabled[n] {
				w.value(s.places[i].buckets[n], float64(t.events[i][n]))
			}
		}
	}
	w.family("sentry_issues_gcount", "gauge", help+" The largest bucket.")
	for i := range s.places {
		if last := s.places[i].last(); last >= 0 {
			w.value(s.places[i].count, float64(t.events[i][last]))
		}
	}
	w.family("sentry_issues_gsum", "gauge", help+" All buckets added up, as the exporter did: what is new counts three times.")
	for i := range s.places {
		if s.places[i].last() >= 0 {
			w.value(s.places[i].sum, float64(t.events[i][0]+t.events[i][1]+t.events[i][2]))
		}
	}
}

func (s *shown) writeOpen(w *textWriter, t tally) {
	w.family("sentry_open_issue_events", "gauge", "Events of each error group that was first seen within the last hour, whatever became of it.")
	for i := range s.groups {
		if g := &s.groups[i]; g.open != "" && t.within(g, 0) {
			w.value(g.open, float64(g.events))
		}
	}
}

func (s *shown) writeOwn(w *textWriter, t tally) {
	if len(s.places) == 0 {
		return
	}
	w.family(groupsName, "gauge", "Error groups by how they stand and by how long ago they were first seen in the environment, at most; +Inf is all. Those without an environment, or of which it is not known, have an empty one.")
	for i := range s.places {
		for status := range statuses {
			for n := range ownAges {
				w.value(s.places[i].own[status][n], float64(t.groups[i][status][n]))
			}
		}
	}
}

// float is a number as the exporter writes it.
func float(to []byte, v float64) []byte {
	if math.Abs(v) >= 1e6 {
		return strconv.AppendFloat(to, v, 'e', -1, 64)
	}
	if v == math.Trunc(v) {
		return append(strconv.AppendInt(to, int64(v), 10), ".0"...)
	}
	return strconv.AppendFloat(to, v, 'f', -1, 64)
}
