package delivery

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Oddities is what is odd about the histories of issues in the range of a query, of
// those that its filter takes in. Issues are those first whose oddity is the newest.
type Oddities struct {
	Statuses []OddStatus // by queue and key
	// Hidden are issues with inferred stays that began in the range.
	Hidden []OddIssue
	// Times are issues whose instants contradict each other in the range.
	Times []OddIssue
}

// OddStatus is a status that gets its class from nothing.
type OddStatus struct {
	Connection, Queue, Key, Name string
	Type                         string // "" when the source gives it none
	Issues                       int    // that were in it in the range, up to now
}

// OddIssue is an issue with what is odd about it.
type OddIssue struct {
	ID     int64   // the store's own, for IssuesNumbered
	At     Instant // the first time in the range
	N      int     // how many times there
	Reason string  // of Times; "" of Hidden
}

// OddRun is a CI run whose instants contradict each other.
type OddRun struct {
	Seq        int64
	Connection string
	Project    string
	ID         string
	CreatedAt  Instant
	StartedAt  Instant
	FinishedAt Instant
}

// OddRuns are those of runs whose instants contradict each other, as they come.
func OddRuns(runs []OddRun, now Instant) []OddRun {
	return slices.DeleteFunc(runs, func(r OddRun) bool { return r.Reason(now) == "" })
}

// Reason is why the instants contradict each other, "" when they do not.
func (r *OddRun) Reason(now Instant) string {
	switch {
	case r.FinishedAt.Before(r.StartedAt), r.FinishedAt.Before(r.CreatedAt):
		return OddFinishedEarly
	case r.CreatedAt.InFuture(now):
		return OddFuture
	}
	return ""
}

// Odd is why the instants of a deployment contradict each other, "" when they do not.
func (d *Deployment) Odd(now Instant) string {
	switch {
	case d.FinishedAt.Before(d.StartedAt), d.FinishedAt.Before(d.CreatedAt):
		return OddFinishedEarly
	case d.ListedAt().InFuture(now):
		return OddFuture
	}
	return ""
}

// Odd is why the instants of a change contradict each other, "" when they do not.
func (c *Change) Odd(now Instant) string {
	switch {
	case c.MergedAt.Before(c.CreatedAt):
		return OddMergedEarly
	case c.CreatedAt.InFuture(now), c.MergedAt.InFuture(now):
		return OddFuture
	}
	return ""
}

// Odd is why the instants of an incident contradict each other, "" when they do not.
func (i *Incident) Odd(now Instant) string {
	switch {
	case i.ResolvedAt.Before(i.StartedAt):
		return OddResolvedEarly
	case i.StartedAt.InFuture(now):
		return OddFuture
	}
	return ""
}

// Why the instants of a record contradict each other.
const (
	OddFuture        = "created_in_future"
	OddClosedEarly   = "closed_before_created"
	OddSkew          = "clock_skew" // a status began before the one before it
	OddFinishedEarly = "finished_before_started"
	OddMergedEarly   = "merged_before_created"
	OddResolvedEarly = "resolved_before_started"
)

// Instants of one record lie a second apart by rounding alone, and clocks of two
// systems a few minutes.
const (
	oddTolerance    = statusStartTolerance
	futureTolerance = 5 * 60 * 1000
)

// Before reports whether an instant is before another one that it cannot be before;
// 0 is not known.
func (i Instant) Before(other Instant) bool {
	return i.Known() && other.Known() && i < other-oddTolerance
}

// InFuture reports whether an instant is later than now by more than clocks differ.
func (i Instant) InFuture(now Instant) bool { return i > now+futureTolerance }

// Stays decides stay by stay what is odd about issues. It is made for one query, with
// the meaning that the answers of its store are by.
type Stays struct {
	from, to Instant
	meaning  *Meaning
	unmapped map[stayKey]bool
	issues   map[stayKey]int // by status that nothing maps
	found    map[int64]OddIssue
	hidden   []OddIssue
	skewed   []int64

	place Place // of the issue being read
	odd   OddIssue
	even  bool // two of its stays begin at the same instant, without need
	last  Instant
	guess bool     // whether the last one is inferred
	seen  []string // statuses of it that nothing maps
}

type stayKey struct {
	Place
	key     string
	version int // of the workflow, 0 where it does not matter
}

// NewStays begins to look at the issues of a query.
func NewStays(q *FlowQuery, m *Meaning) *Stays {
	return &Stays{
		from: q.From, to: q.KnownTo(q.Now), meaning: m,
		unmapped: map[stayKey]bool{}, issues: map[stayKey]int{}, found: map[int64]OddIssue{},
	}
}

// Issue begins the next issue; Stay is called for each of its stays, in order, and
// End after the last.
func (s *Stays) Issue(id int64, at Place) {
	s.place, s.odd = at, OddIssue{ID: id}
	s.even, s.last, s.guess, s.seen = false, 0, false, s.seen[:0]
}

// Stay is a stay of the issue, up to end, 0 while it lasts.
func (s *Stays) Stay(key string, start, end Instant, inferred bool) {
	// A hidden change of unknown beginning takes no time: what it is left for begins with it.
	s.even = s.even || start == s.last && (inferred || !s.guess)
	s.last, s.guess = start, inferred
	if inferred {
		s.odd.add(start, s.from, s.to)
	}
	before := end.Known() && end <= s.from && start < s.from
	if !before && start < s.to && s.nothingMaps(key, start) && !slices.Contains(s.seen, key) {
		s.seen = append(s.seen, key)
		s.issues[stayKey{Place: s.place, key: key}]++
	}
}

// End ends the issue.
func (s *Stays) End() {
	if s.odd.N > 0 {
		s.hidden = append(s.hidden, s.odd)
	}
	if s.even {
		s.skewed = append(s.skewed, s.odd.ID)
	}
}

// add counts one more time, if it is in the range.
func (o *OddIssue) add(at, from, to Instant) {
	if at < from || at >= to {
		return
	}
	o.N++
	if !o.At.Known() || at < o.At {
		o.At = at
	}
}

func (s *Stays) nothingMaps(key string, at Instant) bool {
	w := &s.meaning.Workflows
	k := stayKey{s.place, key, w.version(at)}
	is, known := s.unmapped[k]
	if !known {
		is = w.At(at).Unmapped(k.Queue, w.team(k.Queue), key, s.meaning.Types[k.Connection][key])
		s.unmapped[k] = is
	}
	return is
}

// MaySkew are the issues whose events alone tell whether a clock ran backwards: two of
// their stays begin at one instant, as those do that were put right. Events takes what
// they tell.
func (s *Stays) MaySkew() []int64 { return s.skewed }

// Status adds so many issues that were in a status which nothing maps; for stores that
// count them by themselves.
func (s *Stays) Status(at Place, key string, issues int) {
	s.issues[stayKey{Place: at, key: key}] += issues
}

// Unmapped reports whether nothing maps a status in the stays that began at an instant.
func (s *Stays) Unmapped(at Place, key string, start Instant) bool {
	s.place = at
	return s.nothingMaps(key, start)
}

// History says what an issue and its whole changelog are; for stores that do not know
// of stays which of them are inferred.
func (s *Stays) History(id int64, i *Issue, events []Event) {
	h := HistoryOf(i, events, math.MaxInt64)
	odd := OddIssue{ID: id}
	for _, p := range h.Periods {
		if p.Inferred {
			odd.add(p.Start, s.from, s.to)
		}
	}
	if odd.N > 0 {
		s.hidden = append(s.hidden, odd)
	}
	s.skew(id, &h, events)
}

// Events says what the changelog of an issue is that may have been skewed.
func (s *Stays) Events(id int64, createdAt Instant, events []Event) {
	h := HistoryOf(&Issue{CreatedAt: createdAt}, events, math.MaxInt64)
	s.skew(id, &h, events)
}

func (s *Stays) skew(id int64, h *History, events []Event) {
	odd := OddIssue{ID: id, Reason: OddSkew}
	for _, a := range h.Anomalies {
		if a.Kind != ClockSkew || a.Event == nil {
			continue
		}
		i := slices.IndexFunc(events, func(e Event) bool { return e.Ordinal == *a.Event })
		odd.add(events[i].At, s.from, s.to)
	}
	if _, known := s.found[id]; odd.N > 0 && !known {
		s.found[id] = odd
	}
}

// Instants says what the instants of an issue itself are. They count for more than
// what its events say.
func (s *Stays) Instants(id int64, createdAt, resolvedAt, now Instant) {
	odd := OddIssue{ID: id, At: createdAt, N: 1}
	switch {
	case createdAt < s.from:
		return
	case createdAt.InFuture(now) && s.to >= now: // the range is cut at now
		odd.Reason = OddFuture
	case createdAt < s.to && resolvedAt.Before(createdAt):
		odd.Reason = OddClosedEarly
	default:
		return
	}
	s.found[id] = odd
}

// Result is all that was found; known and names say what statuses are called.
func (s *Stays) Result(known Dictionaries, names map[string]string) Oddities {
	out := Oddities{Hidden: s.hidden, Times: slices.Collect(maps.Values(s.found))}
	for k, n := range s.issues {
		d := known[k.Connection][k.key]
		out.Statuses = append(out.Statuses, OddStatus{
			Connection: k.Connection, Queue: k.Queue, Key: k.key, Name: cmp.Or(d.Name, names[k.key], k.key),
			Type: s.meaning.Types[k.Connection][k.key], Issues: n,
		})
	}
	slices.SortFunc(out.Statuses, func(a, b OddStatus) int {
		return cmp.Or(cmp.Compare(b.Issues, a.Issues), cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Connection, b.Connection))
	})
	for _, list := range [][]OddIssue{out.Hidden, out.Times} {
		slices.SortFunc(list, func(a, b OddIssue) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	}
	return out
}
