package delivery

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Shift is a span of a working day in seconds of the local clock. End ≤ Start
// means that it ends on the next day; 86400 is 24:00.
type Shift struct{ Start, End int }

// ParseShift reads HH:MM[:SS]-HH:MM[:SS]; 24:00 is allowed.
func ParseShift(s string) (Shift, error) {
	from, to, ok := strings.Cut(strings.TrimSpace(s), "-")
	if ok {
		start, err1 := parseClock(from)
		end, err2 := parseClock(to)
		if err1 == nil && err2 == nil && start < 86400 {
			return Shift{start, end}, nil
		}
	}
	return Shift{}, fmt.Errorf("not hours like 09:00-18:00: %q", s)
}

// String is the form that ParseShift reads, without zero seconds.
func (s Shift) String() string { return clock(s.Start) + "-" + clock(s.End) }

func clock(s int) string {
	if s%60 == 0 {
		return fmt.Sprintf("%02d:%02d", s/3600, s/60%60)
	}
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}

func parseClock(s string) (int, error) {
	parts := strings.Split(strings.TrimSpace(s), ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, fmt.Errorf("not a time: %q", s)
	}
	total := 0
	for i, limit := range []int{24, 59, 59}[:len(parts)] {
		n, err := strconv.ParseUint(parts[i], 10, 8)
		if err != nil || int(n) > limit || len(parts[i]) != 2 {
			return 0, fmt.Errorf("not a time: %q", s)
		}
		total = total*60 + int(n)
	}
	if len(parts) == 2 {
		total *= 60
	}
	if total > 86400 {
		return 0, fmt.Errorf("not a time: %q", s)
	}
	return total, nil
}

// CalendarVersion is a work calendar from a day on.
type CalendarVersion struct {
	From  Date // first day it is in force; the first version also covers all before
	Zone  *time.Location
	Week  [7][]Shift // by time.Weekday; none on a day off
	Hours []Shift    // of a working day that falls on a weekday without shifts
	// Dated exceptions. A date in Short has those hours, one in Working is
	// worked though the weekday is off, one in Off is not worked.
	Off     map[Date]bool
	Working map[Date]bool
	Short   map[Date][]Shift
}

// Works reports whether a shift starts on d.
func (v *CalendarVersion) Works(d Date) bool { return len(v.shifts(d)) > 0 }

func (v *CalendarVersion) shifts(d Date) []Shift {
	if s, ok := v.Short[d]; ok {
		return s
	}
	week := v.Week[d.Weekday()]
	if v.Working[d] {
		if len(week) == 0 {
			return v.Hours
		}
		return week
	}
	if v.Off[d] {
		return nil
	}
	return week
}

// A Calendar answers how much working time lies between two instants, in
// constant time: it holds every shift of its span as instants with the working
// time before it. Clock changes are thereby counted in real elapsed time.
type Calendar struct {
	zone     *time.Location
	days     []dayLength
	shifts   []span
	firstDay int64 // UTC day of byDay[0]
	byDay    []int32
}

type span struct {
	start, end int64 // Unix milliseconds
	before     int64 // working milliseconds before start
}

// dayLength is what a version's working days have on average.
type dayLength struct {
	from Instant // 0 for the first version
	ms   float64
}

// Calendars cover these years; time outside them is not working time.
const (
	calendarFirstYear = 1970
	calendarLastYear  = 2060
)

// NewCalendar builds a calendar from its versions, of which there is at least
// one, each with a Zone. A shift belongs to the version in force on the day it
// starts.
func NewCalendar(versions ...CalendarVersion) *Calendar {
	versions = slices.Clone(versions)
	slices.SortStableFunc(versions, func(a, b CalendarVersion) int { return compareDates(a.From, b.From) })
	c := &Calendar{zone: versions[len(versions)-1].Zone}
	for i := range versions {
		length := dayLength{ms: meanDay(&versions[i])}
		if i > 0 {
			length.from = versions[i].From.In(versions[i].Zone)
		}
		c.days = append(c.days, length)
	}
	v := 0
	end := Date{calendarLastYear + 1, time.January, 1}
	for d := (Date{calendarFirstYear, time.January, 1}); d.Before(end); d = d.AddDays(1) {
		for v+1 < len(versions) && !d.Before(versions[v+1].From) {
			v++
		}
		for _, s := range versions[v].shifts(d) {
			c.add(d, s, versions[v].Zone)
		}
	}
	c.merge()
	c.index()
	return c
}

func compareDates(a, b Date) int {
	return cmp.Or(cmp.Compare(a.Year, b.Year), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Day, b.Day))
}

func (c *Calendar) add(d Date, s Shift, zone *time.Location) {
	endDay, endSecond := d, s.End
	if s.End <= s.Start {
		endDay = d.AddDays(1)
	}
	if endSecond == 86400 {
		endDay, endSecond = endDay.AddDays(1), 0
	}
	start, end := int64(wallClock(d, s.Start, zone)), int64(wallClock(endDay, endSecond, zone))
	if end > start {
		c.shifts = append(c.shifts, span{start: start, end: end})
	}
}

// merge orders the shifts, joins those that overlap and sums up.
func (c *Calendar) merge() {
	slices.SortFunc(c.shifts, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	out := c.shifts[:0]
	for _, s := range c.shifts {
		if n := len(out); n > 0 && s.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	total := int64(0)
	for i := range out {
		out[i].before = total
		total += out[i].end - out[i].start
	}
	c.shifts = slices.Clip(out)
}

// index notes, for each UTC day, the first shift that ends after its start.
func (c *Calendar) index() {
	if len(c.shifts) == 0 {
		return
	}
	c.firstDay = floorDay(c.shifts[0].start)
	last := floorDay(c.shifts[len(c.shifts)-1].end)
	c.byDay = make([]int32, last-c.firstDay+1)
	i := 0
	for d := range c.byDay {
		begin := (c.firstDay + int64(d)) * msPerDay
		for i < len(c.shifts) && c.shifts[i].end <= begin {
			i++
		}
		c.byDay[d] = int32(i)
	}
}

func floorDay(ms int64) int64 {
	d := ms / msPerDay
	if ms%msPerDay < 0 {
		d--
	}
	return d
}

// Zone is the time zone of the newest version: the one in which days, weeks
// and months of charts are cut.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Day is the mean working time of the working days of the version in force at
// an instant: what "a day" of business time means. It is 0 for a calendar
// without working days.
func (c *Calendar) Day(at Instant) time.Duration {
	length := c.days[0]
	for _, d := range c.days[1:] {
		if d.from <= at {
			length = d
		}
	}
	return time.Duration(length.ms * float64(time.Millisecond))
}

// Between is the working time in [a, b), in milliseconds; 0 when b ≤ a.
func (c *Calendar) Between(a, b Instant) int64 {
	if b <= a {
		return 0
	}
	return c.until(int64(b)) - c.until(int64(a))
}

// until is the working time before t since the calendar's first shift.
func (c *Calendar) until(t int64) int64 {
	if len(c.shifts) == 0 || t <= c.shifts[0].start {
		return 0
	}
	last := c.shifts[len(c.shifts)-1]
	if t >= last.end {
		return last.before + last.end - last.start
	}
	i := c.byDay[t/msPerDay-c.firstDay]
	for c.shifts[i].end <= t {
		i++
	}
	s := c.shifts[i]
	return s.before + max(0, t-s.start)
}

func meanDay(v *CalendarVersion) float64 {
	total, days := 0, 0
	for _, shifts := range v.Week {
		if len(shifts) == 0 {
			continue
		}
		days++
		for _, s := range shifts {
			length := s.End - s.Start
			if length <= 0 {
				length += 86400
			}
			total += length
		}
	}
	if days == 0 {
		return 0
	}
	return float64(total) / float64(days) * msPerSecond
}

// WorkShift is a stretch of working time, and the working milliseconds of the
// calendar before it.
type WorkShift struct {
	Start, End Instant
	Before     int64
}

// Shifts are the stretches that measure any two instants within [from, to]: for
// a store that measures by itself. The working time before t is that before the
// last stretch that starts at or before t, plus what of it is before t; it is 0
// where there is none.
func (c *Calendar) Shifts(from, to Instant) []WorkShift {
	first := sort.Search(len(c.shifts), func(i int) bool { return c.shifts[i].start > int64(from) })
	last := sort.Search(len(c.shifts), func(i int) bool { return c.shifts[i].start > int64(to) })
	first = max(0, first-1)
	out := make([]WorkShift, 0, max(0, last-first))
	for _, s := range c.shifts[first:max(first, last)] {
		out = append(out, WorkShift{Instant(s.start), Instant(s.end), s.before})
	}
	return out
}
