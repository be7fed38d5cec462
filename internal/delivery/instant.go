package delivery

import (
	"encoding/json"
	"fmt"
	"time"
)

// Instant is a moment in Unix milliseconds, UTC. The zero Instant means "not
// known": no source reports anything from the first millisecond of 1970.
type Instant int64

const (
	isoMillis = "2006-01-02T15:04:05.000Z"

	msPerSecond = 1000
	msPerDay    = 24 * 60 * 60 * msPerSecond
)

// InstantOf converts t, truncating to the millisecond; the zero time is the
// zero Instant.
func InstantOf(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Known reports whether i holds a moment.
func (i Instant) Known() bool { return i != 0 }

// Time is i as a UTC time; the zero time when i is not known.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// String is ISO 8601 in UTC with milliseconds, "" when i is not known.
func (i Instant) String() string {
	if i == 0 {
		return ""
	}
	return i.Time().Format(isoMillis)
}

// MarshalJSON writes the ISO form, or null when i is not known.
func (i Instant) MarshalJSON() ([]byte, error) {
	if i == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(i.String())
}

// UnmarshalJSON reads any RFC 3339 time, or null.
func (i *Instant) UnmarshalJSON(b []byte) error {
	if at, ok := plainInstant(b); ok {
		*i = at
		return nil
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil || *s == "" {
		*i = 0
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, *s)
	if err != nil {
		return fmt.Errorf("not an RFC 3339 time: %q", *s)
	}
	*i = InstantOf(t)
	return nil
}

// plainInstant reads what MarshalJSON writes, which is most of what stores read: the
// long way takes ten times as long.
func plainInstant[T string | []byte](b T) (Instant, bool) {
	const form = `"0000-00-00T00:00:00.000Z"`
	if len(b) != len(form) {
		return 0, false
	}
	for k := range form {
		if form[k] == '0' && (b[k] < '0' || b[k] > '9') || form[k] != '0' && b[k] != form[k] {
			return 0, false
		}
	}
	number := func(from, to int) (n int) {
		for k := from; k < to; k++ {
			n = 10*n + int(b[k]-'0')
		}
		return n
	}
	year, month, day := number(1, 5), number(6, 8), number(9, 11)
	hour, minute, second := number(12, 14), number(15, 17), number(18, 20)
	if month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59 {
		return 0, false // the long way knows which days a month has
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	return Instant(t.UnixMilli() + int64(number(21, 24))), true
}

// Date is a day of the proleptic Gregorian calendar, without a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("not a date like 2026-01-31: %q", s)
	}
	return DateOf(t), nil
}

// DateOf is the day on t's own calendar.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero reports whether d is the zero Date, which is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String is YYYY-MM-DD, "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// AddDays is the day n days after d.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Before reports whether d comes before e.
func (d Date) Before(e Date) bool {
	if d.Year != e.Year {
		return d.Year < e.Year
	}
	if d.Month != e.Month {
		return d.Month < e.Month
	}
	return d.Day < e.Day
}

// Weekday is the day of the week of d.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// In is the instant at which d begins in loc. Where a clock change skips
// midnight, the day begins at the change.
func (d Date) In(loc *time.Location) Instant { return wallClock(d, 0, loc) }

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; an empty text is the zero Date.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	p, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = p
	return nil
}

// wallClock is the first instant at which clocks in loc show d plus second
// seconds; where the clocks skip that time, the instant of the skip.
func wallClock(d Date, second int, loc *time.Location) Instant {
	naive := time.Date(d.Year, d.Month, d.Day, 0, 0, second, 0, time.UTC)
	_, before := naive.Add(-26 * time.Hour).In(loc).Zone()
	_, after := naive.Add(26 * time.Hour).In(loc).Zone()
	first := naive.Add(-time.Duration(max(before, after)) * time.Second).In(loc)
	if sameClock(first, naive) {
		return InstantOf(first)
	}
	second2 := naive.Add(-time.Duration(min(before, after)) * time.Second).In(loc)
	if sameClock(second2, naive) {
		return InstantOf(second2)
	}
	// Neither offset shows this time: it lies in a gap that ended at the
	// bound of the zone in force after it.
	start, _ := second2.ZoneBounds()
	return InstantOf(start)
}

func sameClock(t, naive time.Time) bool {
	y, m, d := t.Date()
	h, mi, s := t.Clock()
	ny, nm, nd := naive.Date()
	nh, nmi, ns := naive.Clock()
	return y == ny && m == nm && d == nd && h == nh && mi == nmi && s == ns
}
