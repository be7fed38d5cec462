package simulator

import (
	"sort"
	"time"

	"throughline/internal/delivery"
)

// moscow is the zone of the company and of times in its queries. The offset
// has not changed since 2014, so that no time zone database is needed.
var moscow = time.FixedZone("Europe/Moscow", 3*60*60)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour

	opens   = 10 * hour // of the local day
	workday = 9 * hour
	utcOff  = 3 * hour
)

// worktime counts working milliseconds since the first working day of an
// office: lives are planned on this clock and land in working hours.
type worktime int64

// office knows the working days of the company.
type office struct {
	days []int32 // local days since 1970 that are worked
}

// newOffice lists the working days from first to last.
func newOffice(first, last delivery.Instant) *office {
	o := &office{}
	for d := localDay(first); d <= localDay(last); d++ {
		if works(time.Unix(int64(d)*day/second, 0).UTC()) {
			o.days = append(o.days, d)
		}
	}
	return o
}

func localDay(t delivery.Instant) int32 { return int32((int64(t) + utcOff) / day) }

// works reports whether the company works on a day: not at weekends, on
// Russian public holidays, nor on the Monday after a holiday lost to a weekend.
func works(d time.Time) bool {
	if holiday(d) {
		return false
	}
	switch d.Weekday() {
	case time.Saturday, time.Sunday:
		return false
	case time.Monday:
		return !holiday(d.AddDate(0, 0, -1)) && !holiday(d.AddDate(0, 0, -2)) || d.Month() == time.January
	}
	return true
}

func holiday(d time.Time) bool {
	switch d.Month() {
	case time.January:
		return d.Day() <= 8
	case time.February:
		return d.Day() == 23
	case time.March:
		return d.Day() == 8
	case time.May:
		return d.Day() == 1 || d.Day() == 9
	case time.June:
		return d.Day() == 12
	case time.November:
		return d.Day() == 4
	case time.December:
		return d.Day() == 31
	}
	return false
}

// at is the instant of a working time; the last day's end for one beyond it.
func (o *office) at(w worktime) delivery.Instant {
	i, rest := int64(w)/workday, int64(w)%workday
	if i >= int64(len(o.days)) {
		i, rest = int64(len(o.days)-1), workday
	}
	return delivery.Instant(int64(o.days[i])*day - utcOff + opens + rest)
}

// of is the working time that has passed at t.
func (o *office) of(t delivery.Instant) worktime {
	d := localDay(t)
	i := sort.Search(len(o.days), func(i int) bool { return o.days[i] >= d })
	if i == len(o.days) || o.days[i] != d {
		return worktime(int64(i) * workday)
	}
	into := (int64(t)+utcOff)%day - opens
	return worktime(int64(i)*workday + min(max(into, 0), workday))
}

// end is the working time beyond which nothing is planned.
func (o *office) end() worktime { return worktime(int64(len(o.days)) * workday) }
