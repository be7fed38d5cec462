package delivery

import "time"

// Unit is the width of a Bucket.
type Unit string

const (
	Day   Unit = "day"
	Week  Unit = "week" // ISO, from Monday
	Month Unit = "month"
)

// AutoUnit is the unit that suits a range: up to 35 days by day, up to 400 by
// week, else by month.
func AutoUnit(from, to Instant) Unit {
	switch days := (to - from) / msPerDay; {
	case days <= 35:
		return Day
	case days <= 400:
		return Week
	}
	return Month
}

// Bucket is a calendar day, week or month [Start, End) in a time zone, cut to
// the range it was made for.
type Bucket struct {
	Label   Date // the day, the week's Monday, the month's first
	Start   Instant
	End     Instant
	Partial bool // cut by the range, or not over yet
}

// Buckets cuts [from, to) in zone; there are none when to ≤ from. now decides
// which bucket is not over yet.
func Buckets(from, to Instant, unit Unit, zone *time.Location, now Instant) []Bucket {
	var out []Bucket
	d := DateOf(from.Time().In(zone))
	switch unit {
	case Week:
		d = d.AddDays(-(int(d.Weekday()) + 6) % 7)
	case Month:
		d.Day = 1
	}
	for d.In(zone) < to && from < to {
		next := d.AddDays(1)
		switch unit {
		case Week:
			next = d.AddDays(7)
		case Month:
			next = DateOf(time.Date(d.Year, d.Month+1, 1, 0, 0, 0, 0, time.UTC))
		}
		start, end := d.In(zone), next.In(zone)
		out = append(out, Bucket{
			Label: d, Start: max(start, from), End: min(end, to),
			Partial: start < from || end > to || end > now,
		})
		d = next
	}
	return out
}
